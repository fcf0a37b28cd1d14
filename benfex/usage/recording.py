"""Record what a poll read: new baselines and the bytes since the old ones, of lines and of the router, in one act.

So a crash of ours neither loses nor doubles a byte: the next reading covers a longer time. How two readings
become traffic is in `metering`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from benfex.core.actors import require
from benfex.core.events import SessionReturned
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.usage.metering import CounterBaseline, Metered, split_over
from data.models.router import Router
from data.queries import clocks
from data.queries import routers as router_queries
from data.queries import usage as usage_queries
from data.queries import usage_routers as router_usage
from data.queries.usage import CounterRow, UsageRow
from data.queries.usage_routers import RouterUsageRow
from data.values.errors import StaleVersion
from data.values.identifiers import ConnectionId, CustomerId, RouterId
from data.values.roles import Permission
from data.values.traffic import Traffic

BUCKET_SECONDS = usage_queries.FIVE_MINUTES_SECONDS
ROWS_PER_ACT = 600


@dataclass(frozen=True, slots=True)
class Line:
    """A connection of a router, as polling needs it."""

    connection_id: ConnectionId
    customer_id: CustomerId
    username: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """What is recorded of a router: when it was last recorded, its sessions, and its connections.

    `last_at` None means never.
    """

    last_at: datetime | None
    counters: dict[str, tuple[ConnectionId, CounterBaseline]]
    lines: dict[str, Line]


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """The newest reading of a session and the usage up to it; `previous_at` None is a new session."""

    connection_id: ConnectionId
    baseline: CounterBaseline
    previous_at: datetime | None
    usage: tuple[tuple[datetime, Traffic], ...]


def recorded(snapshot: Snapshot, *, router_id: RouterId) -> Recorded:
    """Return what is recorded of a router."""
    require(snapshot.actor, Permission.OPERATE_NETWORK)
    router = router_queries.find_router(snapshot.session, router_id)
    counters = {
        row.session_key: (
            ConnectionId(row.connection_id),
            CounterBaseline(
                row.session_key, row.download_bytes, row.upload_bytes, row.uptime_seconds, row.read_at
            ),
        )
        for row in usage_queries.counters_of(snapshot.session, router_id=router_id)
    }
    lines = {
        username: Line(ConnectionId(connection_id), CustomerId(customer_id), username)
        for connection_id, username, customer_id in router_queries.connections_of(
            snapshot.session, router_id=router_id
        )
    }
    return Recorded(router.last_seen_at if router else None, counters, lines)


def record_readings(
    uow: UnitOfWork,
    *,
    router_id: RouterId,
    read_at: datetime,
    sessions: Sequence[SessionRecord],
    ended: Sequence[str] = (),
    online: Sequence[ConnectionId] = (),
    is_last: bool = True,
) -> None:
    """Keep baselines and add usage. `is_last` says that nothing more of this poll follows.

    Raises StaleVersion when one of the sessions was recorded by someone else meanwhile: nothing counts twice.
    """
    require(uow.actor, Permission.OPERATE_NETWORK)
    if sessions:
        rows = [_row(item) for item in sessions]
        if usage_queries.count_overtaken(uow.session, router_id=router_id, rows=rows):
            raise StaleVersion("These readings were recorded already.")
        usage_queries.keep_counters(uow.session, router_id=router_id, rows=rows)
        usage = _summed(sessions)
        if usage:
            usage_queries.add_usage(uow.session, usage)
            router_usage.add_router_usage(uow.session, router_id=router_id, rows=_of_router(usage))
    if ended:
        usage_queries.forget_counters(uow.session, router_id=router_id, session_keys=ended)
    if online:
        usage_queries.note_online(uow.session, online, at=read_at)
    if is_last:
        router = uow.session.get(Router, router_id)
        if router is not None:
            router.last_seen_at = read_at
            uow.session.flush()


def note_sessions(
    uow: UnitOfWork, *, returned: Sequence[tuple[ConnectionId, CustomerId]], at: datetime
) -> int:
    """Stop the clocks of restored connections whose first new session was seen; return how many waited."""
    require(uow.actor, Permission.OPERATE_NETWORK)
    count = 0
    for connection_id, customer_id in returned:
        if clocks.note_session(uow.session, connection_id=connection_id, at=at):
            uow.emit(SessionReturned(connection_id=connection_id, customer_id=customer_id))
            count += 1
    return count


def restored_lately(
    snapshot: Snapshot, *, router_id: RouterId, within: timedelta
) -> tuple[tuple[ConnectionId, datetime], ...]:
    """Return (connection, when written) of those restored within a span that have no new session yet."""
    require(snapshot.actor, Permission.OPERATE_NETWORK)
    rows = usage_queries.restored_lately(snapshot.session, router_id=router_id, since=snapshot.now - within)
    return tuple((ConnectionId(row[0]), row[1]) for row in rows)


def share_out(metered: Metered, *, read_at: datetime) -> tuple[tuple[datetime, Traffic], ...]:
    """Return the traffic by the five minutes it passed in, linear over the time it covers; the parts add up.

    Keys are the beginnings of the five minutes, ascending. Traffic whose time is unknown belongs to the last.
    """
    if metered.traffic == Traffic(0, 0):
        return ()
    end = int(read_at.timestamp())
    start = end - metered.covered_seconds
    buckets: list[int] = []
    spans: list[int] = []
    at = start
    while at < end:
        bucket = at - at % BUCKET_SECONDS
        until = min(bucket + BUCKET_SECONDS, end)
        buckets.append(bucket)
        spans.append(until - at)
        at = until
    if not buckets:
        return ((_bucket_at(end - end % BUCKET_SECONDS), metered.traffic),)
    parts = split_over(metered.traffic, spans)
    return tuple(
        (_bucket_at(bucket), part) for bucket, part in zip(buckets, parts, strict=True) if part.total_bytes
    )


def in_chunks(sessions: Sequence[SessionRecord]) -> Iterable[tuple[SessionRecord, ...]]:
    """Yield sessions in groups small enough for one act; after a long gap each has many rows."""
    chunk: list[SessionRecord] = []
    size = 0
    for item in sessions:
        cost = 1 + len(item.usage)
        if chunk and size + cost > ROWS_PER_ACT:
            yield tuple(chunk)
            chunk, size = [], 0
        chunk.append(item)
        size += cost
    if chunk:
        yield tuple(chunk)


def _row(item: SessionRecord) -> CounterRow:
    baseline = item.baseline
    return CounterRow(
        baseline.session_key,
        item.connection_id,
        baseline.download_bytes,
        baseline.upload_bytes,
        baseline.uptime_seconds,
        baseline.read_at,
        item.previous_at,
    )


def _summed(sessions: Sequence[SessionRecord]) -> list[UsageRow]:
    """Add up the sessions of one connection: a second device of one subscriber shares its rows."""
    sums: dict[tuple[datetime, ConnectionId], Traffic] = {}
    for item in sessions:
        for starts_at, traffic in item.usage:
            key = (starts_at, item.connection_id)
            sums[key] = sums[key] + traffic if key in sums else traffic
    return [
        UsageRow(starts_at, connection_id, traffic.download_bytes, traffic.upload_bytes)
        for (starts_at, connection_id), traffic in sorted(sums.items())
    ]


def _of_router(usage: Sequence[UsageRow]) -> list[RouterUsageRow]:
    """Add up all lines; `usage` is in the order of its five minutes."""
    sums: dict[datetime, list[int]] = {}
    for row in usage:
        both = sums.setdefault(row.starts_at, [0, 0])
        both[0] += row.download_bytes
        both[1] += row.upload_bytes
    return [RouterUsageRow(starts_at, *both) for starts_at, both in sums.items()]


def _bucket_at(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)
