"""The traffic of all routers, or one, as screens show it: a day beside the same day of last week, who moves most."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from benfex.core.actors import require
from benfex.core.clock import local_date
from benfex.core.policy import current_terms
from benfex.core.unit_of_work import Snapshot
from data.queries import usage_routers as router_usage
from data.queries.usage import FIVE_MINUTES_SECONDS
from data.queries.usage_routers import BusyLine, RouterUsageRow
from data.values.identifiers import ConnectionId, CustomerId, RouterId
from data.values.roles import Permission

_STEP = timedelta(seconds=FIVE_MINUTES_SECONDS)
_WEEK = timedelta(days=7)
_COUNTED_AFTER = timedelta(seconds=90)  # polls come once a minute, so five minutes are whole a little later


@dataclass(frozen=True, slots=True)
class TrafficDay:
    """A day of the ISP in steps of five minutes, as far as it is over.

    Speeds are means of the step in bits per second; None means that nothing was counted then. Traffic of a time in
    which we could not ask is shared out evenly over it.
    """

    day: date
    starts_at: tuple[datetime, ...]
    download_bps: tuple[int | None, ...]
    upload_bps: tuple[int | None, ...]
    download_bytes: int
    upload_bytes: int

    @property
    def total_bytes(self) -> int:
        """Return both directions together."""
        return self.download_bytes + self.upload_bytes

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing was counted on the day."""
        return all(speed is None for speed in self.download_bps)


@dataclass(frozen=True, slots=True)
class TrafficCompared:
    """Today and the same day last week; `change_permille` compares the bytes until this time of the day, or is None."""

    today: TrafficDay
    week_ago: TrafficDay
    change_permille: int | None


@dataclass(frozen=True, slots=True)
class TopTalker:
    """A line that moves much: bytes of today; `share_permille` is its part of what all routers moved today."""

    connection_id: ConnectionId
    customer_id: CustomerId
    customer_name: str
    username: str
    router_id: RouterId
    router_name: str
    download_bytes: int
    upload_bytes: int
    share_permille: int


def compared_with_last_week(snapshot: Snapshot, *, router_id: RouterId | None = None) -> TrafficCompared:
    """Return today's traffic beside that of the same day last week, of all routers or one."""
    require(snapshot.actor, Permission.VIEW_NETWORK)
    zone = current_terms(snapshot).timezone
    today = local_date(snapshot.now, zone)
    over = snapshot.now - _COUNTED_AFTER
    days = []
    for day in (today, today - _WEEK):
        begins, ends = _midnight(day, zone), _midnight(day + timedelta(days=1), zone)
        rows = router_usage.network_between(snapshot.session, since=begins, until=ends, router_id=router_id)
        steps = [begins + place * _STEP for place in range((ends - begins) // _STEP)]
        days.append(_day(day, [step for step in steps if step + _STEP <= over], rows))
    now_a_week_ago = (snapshot.now.astimezone(ZoneInfo(zone)) - _WEEK).astimezone(UTC)
    before = _bytes_until(days[1], now_a_week_ago - _COUNTED_AFTER)
    change = (days[0].total_bytes - before) * 1000 // before if before else None
    return TrafficCompared(days[0], days[1], change)


def top_talkers(snapshot: Snapshot, *, limit: int = 10) -> tuple[TopTalker, ...]:
    """Return the lines that moved most today, as far as hours are worked out, at most `limit`."""
    require(snapshot.actor, Permission.VIEW_NETWORK)
    zone = current_terms(snapshot).timezone
    midnight = _midnight(local_date(snapshot.now, zone), zone)
    lines = router_usage.busiest_of_day(snapshot.session, day_starts_at=midnight, limit=limit)
    moved = router_usage.network_between(snapshot.session, since=midnight, until=snapshot.now + _STEP)
    total = sum(row.download_bytes + row.upload_bytes for row in moved)
    return tuple(_talker(line, total=total) for line in lines)


def lines_named(
    snapshot: Snapshot, *, connection_ids: Sequence[ConnectionId]
) -> dict[ConnectionId, TopTalker]:
    """Return whose lines these are, with no bytes; those that are not known are left out."""
    require(snapshot.actor, Permission.VIEW_NETWORK)
    found = router_usage.lines_named(snapshot.session, connection_ids=connection_ids)
    return {ConnectionId(key): _talker(line, total=0) for key, line in found.items()}


def _day(day: date, steps: Sequence[datetime], rows: Sequence[RouterUsageRow]) -> TrafficDay:
    counted = {row.starts_at: row for row in rows}
    shown = [counted.get(step) for step in steps]
    return TrafficDay(
        day,
        tuple(steps),
        tuple(row and _speed(row.download_bytes) for row in shown),
        tuple(row and _speed(row.upload_bytes) for row in shown),
        sum(row.download_bytes for row in shown if row),
        sum(row.upload_bytes for row in shown if row),
    )


def _bytes_until(day: TrafficDay, until: datetime) -> int:
    """Return what was moved in the steps that were over, from the speeds' own bytes."""
    share = sum(step + _STEP <= until for step in day.starts_at)
    down = sum(speed or 0 for speed in day.download_bps[:share])
    up = sum(speed or 0 for speed in day.upload_bps[:share])
    return (down + up) * FIVE_MINUTES_SECONDS // 8


def _talker(line: BusyLine, *, total: int) -> TopTalker:
    moved = line.download_bytes + line.upload_bytes
    return TopTalker(
        ConnectionId(line.connection_id),
        CustomerId(line.customer_id),
        line.customer_name,
        line.username,
        RouterId(line.router_id),
        line.router_name,
        line.download_bytes,
        line.upload_bytes,
        moved * 1000 // total if total else 0,
    )


def _speed(count: int) -> int:
    return count * 8 // FIVE_MINUTES_SECONDS


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time.min, ZoneInfo(zone)).astimezone(UTC)
