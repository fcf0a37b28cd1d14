"""Record what a poll read: new baselines and the bytes since the old ones, of lines and of the router, in one act.

So a crash of ours neither loses nor doubles a byte: the next reading covers a longer time. How two readings
become traffic is in `metering`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from benfex.core.actors import require
from benfex.core.events import SessionReturned
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.usage.metering import CounterBaseline, Metered, split_over
from data.queries import clocks, usage_writing
from data.queries import routers as router_queries
from data.queries import usage as usage_queries
from data.queries.usage_routers import RouterUsageRow
from data.queries.usage_writing import CounterRow, UsageRow
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


class SessionRecord(NamedTuple):
    """The newest reading of a session and the usage up to it; `previous_at` None is a new session."""

    connection_id: ConnectionId
    baseline: CounterBaseline
    previous_at: datetime | None
    usage: tuple[tuple[datetime, Traffic], ...]


@dataclass(frozen=True, slots=True)
class Spread:
    """The five minutes that a span of time passes through, and how many of its seconds fall into each."""

    starts: tuple[datetime, ...]
    seconds: tuple[int, ...]

    def share(self, traffic: Traffic) -> tuple[tuple[datetime, Traffic], ...]:
        """Return the traffic by the beginnings of its five minutes, linear over the span; the parts add up."""
        if not (traffic.download_bytes or traffic.upload_bytes):
            return ()
        if len(self.starts) == 1:
            return ((self.starts[0], traffic),)
        parts = split_over(traffic, self.seconds)
        return tuple((at, part) for at, part in zip(self.starts, parts, strict=True) if part.total_bytes)


@dataclass(slots=True)
class Recorded:
    """What is recorded of a router: when it was last recorded, its sessions, and its connections.

    `last_at` None means never.
    """

    last_at: datetime | None
    counters: dict[str, tuple[ConnectionId, CounterBaseline]]
    lines: dict[str, Line]

    def advance(self, sessions: Iterable[SessionRecord], ended: Iterable[str], *, at: datetime) -> None:
        """Take note of what was recorded on top of this."""
        for item in sessions:
            self.counters[item.baseline.session_key] = (item.connection_id, item.baseline)
        for session_key in ended:
            self.counters.pop(session_key, None)
        self.last_at = at


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
    online: Sequence[tuple[ConnectionId, datetime]] = (),
    is_last: bool = True,
) -> None:
    """Keep baselines and add usage; `online` says of connections when they were last seen.

    `is_last` says that nothing more of this poll follows.

    Raises StaleVersion when one of the sessions was recorded by someone else meanwhile: nothing counts twice.
    """
    require(uow.actor, Permission.OPERATE_NETWORK)
    if sessions:
        rows = [_row(item) for item in sessions]
        if usage_writing.keep_counters(uow.session, router_id=router_id, rows=rows) < len(rows):
            raise StaleVersion("These readings were recorded already.")
        usage = _summed(sessions)
        if usage:
            usage_writing.add_usage(uow.session, usage)
            usage_writing.add_router_usage(uow.session, router_id=router_id, rows=_of_router(usage))
    if ended:
        usage_writing.forget_counters(uow.session, router_id=router_id, session_keys=ended)
    if online:
        usage_writing.note_online(uow.session, online)
    if is_last:
        usage_writing.note_seen(uow.session, router_id=router_id, at=read_at)


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


def spread_over(covered_seconds: int, *, read_at: datetime) -> Spread:
    """Return the five minutes of the seconds before a reading, ascending; no time at all belongs to the last."""
    end = int(read_at.timestamp())
    at = end - covered_seconds
    if at >= end:
        return Spread((_bucket_at(end - end % BUCKET_SECONDS),), (1,))
    starts: list[datetime] = []
    spans: list[int] = []
    while at < end:
        bucket = at - at % BUCKET_SECONDS
        until = min(bucket + BUCKET_SECONDS, end)
        starts.append(_bucket_at(bucket))
        spans.append(until - at)
        at = until
    return Spread(tuple(starts), tuple(spans))


def share_out(metered: Metered, *, read_at: datetime) -> tuple[tuple[datetime, Traffic], ...]:
    """Return the traffic by the five minutes it passed in, linear over the time it covers; the parts add up.

    Keys are the beginnings of the five minutes, ascending. Traffic whose time is unknown belongs to the last.
    """
    return spread_over(metered.covered_seconds, read_at=read_at).share(metered.traffic)


def in_chunks(sessions: Sequence[SessionRecord]) -> tuple[tuple[SessionRecord, ...], ...]:
    """Return sessions in groups small enough for one act; after a long gap each has many rows."""
    chunks: list[tuple[SessionRecord, ...]] = []
    chunk: list[SessionRecord] = []
    size = 0
    for item in sessions:
        cost = 1 + len(item.usage)
        if chunk and size + cost > ROWS_PER_ACT:
            chunks.append(tuple(chunk))
            chunk, size = [], 0
        chunk.append(item)
        size += cost
    if chunk:
        chunks.append(tuple(chunk))
    return tuple(chunks)


def _row(item: SessionRecord) -> CounterRow:
    key, download_bytes, upload_bytes, uptime_seconds, read_at, _ = item.baseline
    return CounterRow(
        key, item.connection_id, download_bytes, upload_bytes, uptime_seconds, read_at, item.previous_at
    )


def _summed(sessions: Sequence[SessionRecord]) -> list[UsageRow]:
    """Add up the sessions of one connection: a second device of one subscriber shares its rows."""
    by_start: dict[datetime, dict[ConnectionId, Traffic]] = {}
    for connection_id, _, _, usage in sessions:
        for starts_at, traffic in usage:
            sums = by_start.setdefault(starts_at, {})
            sums[connection_id] = sums[connection_id] + traffic if connection_id in sums else traffic
    return [
        UsageRow(starts_at, connection_id, traffic.download_bytes, traffic.upload_bytes)
        for starts_at in sorted(by_start)
        for connection_id, traffic in sorted(by_start[starts_at].items(), key=_first)
    ]


def _of_router(usage: Sequence[UsageRow]) -> list[RouterUsageRow]:
    """Add up all lines; `usage` is in the order of its five minutes."""
    sums: dict[datetime, list[int]] = {}
    for row in usage:
        both = sums.setdefault(row.starts_at, [0, 0])
        both[0] += row.download_bytes
        both[1] += row.upload_bytes
    return [RouterUsageRow(starts_at, *both) for starts_at, both in sums.items()]


def _first(entry: tuple[ConnectionId, Traffic]) -> ConnectionId:
    return entry[0]


def _bucket_at(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)
