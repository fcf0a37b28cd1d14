"""The 95th percentile of traffic, by which uplinks are bought: what is left as the highest without the top 5%.

Of a month of the ISP, in means of five minutes, each direction by itself. Steps in which nothing was counted are
nothing, since a line that is idle uses none of the uplink.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from benfex.core.actors import require, scope_of
from benfex.core.clock import local_date
from benfex.core.policy import current_terms
from benfex.core.unit_of_work import Snapshot
from data.queries import api_listing as listing
from data.queries import api_usage
from data.queries import usage_routers as router_usage
from data.queries.usage import FIVE_MINUTES_KEPT, FIVE_MINUTES_SECONDS
from data.values.errors import NotFound
from data.values.identifiers import ConnectionId, RouterId
from data.values.roles import Permission

_STEP = timedelta(seconds=FIVE_MINUTES_SECONDS)
_COUNTED_AFTER = timedelta(seconds=90)
_SET_ASIDE_PERCENT = 5


@dataclass(frozen=True, slots=True)
class BusyMonth:
    """The 95th percentile of a month in bits per second, over `steps` means of five minutes.

    The month runs, or began with the line or router, where it has fewer steps than fit in it.
    """

    month: date
    download_bps: int
    upload_bps: int
    steps: int


def percentile_95(values: Sequence[int], *, steps: int) -> int:
    """Return the highest of `steps` values once the highest 5%, rounded down, are set aside.

    Steps beyond the values that are given are nothing.
    """
    aside = steps * _SET_ASIDE_PERCENT // 100
    ordered = sorted(values, reverse=True)
    return ordered[aside] if aside < min(steps, len(ordered)) else 0


def busy_months_of_network(snapshot: Snapshot, *, router_id: RouterId | None = None) -> tuple[BusyMonth, ...]:
    """Return this month and the last, as far as five minutes are kept of them whole, of all routers or one.

    Raises NotFound.
    """
    require(snapshot.actor, Permission.VIEW_NETWORK)
    began_at = router_usage.began_at(snapshot.session, router_id=router_id)
    if began_at is None:
        if router_id is not None:
            raise NotFound("router")
        return ()
    found = []
    for month, since, until in _months(snapshot, began_at):
        rows = router_usage.network_between(snapshot.session, since=since, until=until, router_id=router_id)
        found.append(_month(month, [row[1:3] for row in rows], (until - since) // _STEP))
    return tuple(found)


def busy_months_of_line(snapshot: Snapshot, *, connection_id: ConnectionId) -> tuple[BusyMonth, ...]:
    """Return this month and the last, as far as five minutes are kept of them whole, of a line. Raises NotFound."""
    scope = scope_of(snapshot.actor, Permission.VIEW_NETWORK)
    if not listing.connections(snapshot.session, listing.Cut(only_id=connection_id), customer_id=scope):
        raise NotFound("connection")
    began_at = api_usage.line_began_at(snapshot.session, connection_id=connection_id)
    found = []
    for month, since, until in _months(snapshot, began_at):
        steps = (until - since) // _STEP
        instants = [since + place * _STEP for place in range(steps)]
        rows = api_usage.five_minutes_at(snapshot.session, connection_id=connection_id, instants=instants)
        found.append(_month(month, [row[1:3] for row in rows], steps))
    return tuple(found)


def _month(month: date, moved: Sequence[tuple[int, ...]], steps: int) -> BusyMonth:
    down, up = ([row[direction] for row in moved] for direction in (0, 1))
    return BusyMonth(
        month,
        percentile_95(down, steps=steps) * 8 // FIVE_MINUTES_SECONDS,
        percentile_95(up, steps=steps) * 8 // FIVE_MINUTES_SECONDS,
        steps,
    )


def _months(snapshot: Snapshot, began_at: datetime) -> list[tuple[date, datetime, datetime]]:
    """Return (first day, from, until) of this month and the last, in whole steps that are over."""
    zone = ZoneInfo(current_terms(snapshot).timezone)
    this = local_date(snapshot.now, zone.key).replace(day=1)
    last = (this - timedelta(days=1)).replace(day=1)
    begins = {month: datetime.combine(month, time.min, zone).astimezone(UTC) for month in (this, last)}
    over = _whole_step(snapshot.now - _COUNTED_AFTER)
    spans = [(this, begins[this], over)]
    if begins[last] >= snapshot.now - FIVE_MINUTES_KEPT:
        spans.append((last, begins[last], begins[this]))
    first = _whole_step(began_at)
    cut = [(month, max(since, first), until) for month, since, until in spans]
    return [(month, since, until) for month, since, until in cut if since < until]


def _whole_step(at: datetime) -> datetime:
    seconds = int(at.timestamp()) // FIVE_MINUTES_SECONDS * FIVE_MINUTES_SECONDS
    return datetime.fromtimestamp(seconds, UTC)
