"""When routers did not answer: kept as it happens, told to staff, and added up by router and site.

An outage begins when the router last answered, if that was just now, else when we noticed; a router that refuses our
password answers, so that is none. What is credited for outages is in `subscriptions/outage_credits`.
"""

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from benfex.core.actors import require
from benfex.core.paging import Page, PageRequest
from benfex.core.policy import current_terms
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.notifications.outbox import enqueue_staff_message
from data.models.outage import RouterOutage
from data.models.router import Router
from data.queries import outages as outage_queries
from data.queries import routers as router_queries
from data.values.identifiers import RouterId
from data.values.roles import Permission

TOLD_AFTER = timedelta(minutes=2)
_RESTARTING = timedelta(minutes=10)
_JUST_NOW = 3  # polls in a row


@dataclass(frozen=True, slots=True)
class OutageView:
    """One outage; `ended_at` None while it lasts. `credits` is how many services were credited for it."""

    outage_id: int
    router_id: RouterId
    router_name: str
    site: str
    began_at: datetime
    ended_at: datetime | None
    seconds: int
    reason: str
    lines: int
    credits: int


@dataclass(frozen=True, slots=True)
class Downtime:
    """How long a router, or a site, was down in a month; a site is down while any router of it is.

    `permille` is the part of the time it was known that it answered, rounded down.
    """

    name: str
    site: str
    router_id: RouterId | None
    outages: int
    seconds: int
    permille: int


def begin_outage(uow: UnitOfWork, router: Router, *, reason: str) -> None:
    """Note that a router is lost, unless that is known; it is part of the act that notes its state."""
    assert router.id is not None
    if outage_queries.open_outage(uow.session, router.id) is not None:
        return
    began_at, seen_at = uow.now, router.last_seen_at
    if seen_at is not None and uow.now - seen_at <= timedelta(seconds=_JUST_NOW * router.poll_seconds):
        began_at = seen_at
    uow.session.add(
        RouterOutage(
            router_id=router.id,
            began_at=began_at,
            reason=_say_reason(router, reason, now=uow.now),
            lines=router_queries.count_live_connections(uow.session, router_id=router.id),
        )
    )
    uow.session.flush()


def _say_reason(router: Router, reason: str, *, now: datetime) -> str:
    """Return why a router is away: who restarted it is told with what it does not answer."""
    by_us = router.restarted_at is not None and now - router.restarted_at <= _RESTARTING
    return f"Restarted by {router.restarted_by}. {reason}"[:250] if by_us else reason[:250]


def end_outage(uow: UnitOfWork, *, router_id: RouterId) -> None:
    """Note that a router answers again, or that nobody looks at it any more, and tell those who were told."""
    outage = outage_queries.open_outage(uow.session, router_id)
    if outage is None:
        return
    outage.ended_at = uow.now
    uow.session.flush()
    if outage.told_at is not None:
        _tell(uow, outage, "router_back")


def tell_outages(uow: UnitOfWork) -> int:
    """Tell who operates the network of routers that have been away for a while, once each; return how many."""
    require(uow.actor, Permission.OPERATE_NETWORK)
    found = outage_queries.untold(uow.session, began_before=uow.now - TOLD_AFTER)
    for outage in found:
        outage.told_at = uow.now
        _tell(uow, outage, "router_down")
    uow.session.flush()
    return len(found)


def list_outages(
    snapshot: Snapshot, *, request: PageRequest, router_id: RouterId | None = None
) -> Page[OutageView]:
    """Return one page of outages, the latest first; `filter` is open, ended or all."""
    require(snapshot.actor, Permission.VIEW_NETWORK)
    is_open = {"open": True, "ended": False}.get(request.filter)
    rows = outage_queries.outages(
        snapshot.session, is_open=is_open, router_id=router_id, limit=request.limit, offset=request.offset
    )
    total = outage_queries.count_outages(snapshot.session, is_open=is_open, router_id=router_id)
    return Page(tuple(_view(row, now=snapshot.now) for row in rows), total)


def downtime_of_month(
    snapshot: Snapshot, *, month: date
) -> tuple[tuple[Downtime, ...], tuple[Downtime, ...]]:
    """Return how long each router, and each site, was down in the month of a date, as far as it has gone."""
    require(snapshot.actor, Permission.VIEW_NETWORK)
    zone = ZoneInfo(current_terms(snapshot).timezone)
    first = month.replace(day=1)
    following = first + timedelta(days=calendar.monthrange(first.year, first.month)[1])
    since = datetime.combine(first, time.min, zone).astimezone(UTC)
    until = min(datetime.combine(following, time.min, zone).astimezone(UTC), snapshot.now)
    spans: dict[int, list[tuple[datetime, datetime]]] = {}
    for router_id, began_at, ended_at in outage_queries.outages_within(
        snapshot.session, since=since, until=until
    ):
        spans.setdefault(router_id, []).append((max(began_at, since), min(ended_at or until, until)))
    routers: list[Downtime] = []
    sites: dict[str, tuple[list[tuple[datetime, datetime]], int]] = {}
    for router_id, name, site, known_at in outage_queries.routers_with_sites(snapshot.session):
        own = spans.get(router_id, [])
        whole = int((until - max(since, known_at)).total_seconds())
        routers.append(_downtime(name, site, RouterId(router_id), own, whole))
        if site:
            place = sites.setdefault(site, ([], 0))
            sites[site] = (place[0] + own, max(place[1], whole))
    return tuple(routers), tuple(_downtime(site, site, None, *sums) for site, sums in sites.items())


def seconds_covered(spans: Iterable[tuple[datetime, datetime]]) -> int:
    """Return how many seconds at least one of these spans covers."""
    total, reached = timedelta(), datetime.min.replace(tzinfo=UTC)
    for begins, ends in sorted(spans):
        counted_from = max(begins, reached)
        if ends > counted_from:
            total += ends - counted_from
            reached = ends
    return int(total.total_seconds())


def say_duration(seconds: int) -> str:
    """Return "45 s", "12 min", "2 h 5 min", "3 d 4 h"."""
    if seconds < 60:
        return f"{seconds} s"
    minutes = seconds // 60
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{hours // 24} d {hours % 24} h"


def _downtime(
    name: str,
    site: str,
    router_id: RouterId | None,
    spans: list[tuple[datetime, datetime]],
    whole_seconds: int,
) -> Downtime:
    seconds = min(seconds_covered(spans), max(0, whole_seconds))
    permille = (whole_seconds - seconds) * 1000 // whole_seconds if whole_seconds > 0 else 1000
    return Downtime(name, site, router_id, len(spans), seconds, permille)


def _view(row: outage_queries.OutageRow, *, now: datetime) -> OutageView:
    return OutageView(
        row.id,
        RouterId(row.router_id),
        row.router_name,
        row.site,
        row.began_at,
        row.ended_at,
        int(((row.ended_at or now) - row.began_at).total_seconds()),
        row.reason,
        row.lines,
        row.credits,
    )


def _tell(uow: UnitOfWork, outage: RouterOutage, template: str) -> None:
    zone = ZoneInfo(current_terms(uow).timezone)
    name, site = outage_queries.router_and_site(uow.session, outage.router_id)
    ended_at = outage.ended_at or uow.now
    enqueue_staff_message(
        uow,
        template=template,
        facts={
            "router": name,
            "site": site,
            "since": f"{outage.began_at.astimezone(zone):%d %b %H:%M}",
            "reason": outage.reason or "no answer",
            "lines": str(outage.lines),
            "duration": say_duration(int((ended_at - outage.began_at).total_seconds())),
        },
        dedupe_key=f"outage:{outage.id}:{template}",
        permission=Permission.OPERATE_NETWORK,
    )
