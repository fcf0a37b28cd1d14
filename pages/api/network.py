"""/network: its traffic, who is online now across all routers, who of them is not paying, and ending a session."""

from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query

from benfex.core.paging import PageRequest
from benfex.core.policy import billing_today
from benfex.network.outages import downtime_of_month, list_outages
from benfex.usage.network_views import compared_with_last_week, top_talkers
from benfex.usage.percentile import busy_months_of_line, busy_months_of_network
from data.values.errors import InvalidInput
from data.values.identifiers import ConnectionId, RouterId
from data.values.kinds import LeakKind
from pages.api.auth import ActorDep
from pages.api.problems import READING, WRITING
from pages.api.schemas import Amount, Day, Id, Incoming, Outgoing, QueryId, Text
from pages.dependencies import BenfexDep

router = APIRouter(prefix="/network", tags=["network"])


class Leak(Outgoing):
    """Somebody who gets what nobody pays for; `monthly` is what their plan costs, or a usual one."""

    kind: LeakKind
    router_id: int
    router_name: str
    username: str
    customer_id: int | None
    customer_name: str
    is_online: bool
    what: str
    monthly: Amount


class LeakReport(Outgoing):
    """All leaks, the dearest first; `asked` is how many routers answered, `not_asked` those that did not, with why."""

    leaks: list[Leak]
    asked: int
    not_asked: list[tuple[str, str]]
    monthly: Amount


class Session(Outgoing):
    """Somebody who is online; `customer_id` is null for a name that is not ours."""

    router_id: int
    router_name: str
    username: str
    address: str | None
    caller_id: str | None
    uptime_seconds: int
    customer_id: int | None
    customer_name: str
    connection_id: int | None


class Sessions(Outgoing):
    """Who is online, by router and name, the first 200 of `total`; `not_asked` are routers that did not answer."""

    sessions: list[Session]
    total: int
    not_asked: list[tuple[str, str]]


class Disconnecting(Incoming):
    """Whose sessions end, and where."""

    router_id: Id
    username: Text


class Disconnected(Outgoing):
    """How many sessions ended."""

    ended: int


class TrafficDay(Outgoing):
    """A day in steps of five minutes as far as it is over; null in a speed means that nothing was counted then."""

    day: date
    starts_at: list[datetime]
    download_bps: list[int | None]
    upload_bps: list[int | None]
    download_bytes: int
    upload_bytes: int


class Traffic(Outgoing):
    """Today and the same day last week; `change_permille` compares the bytes until this time of the day."""

    today: TrafficDay
    week_ago: TrafficDay
    change_permille: int | None


class TopTalker(Outgoing):
    """A line that moved much today; `share_permille` is its part of what all routers moved."""

    connection_id: int
    customer_id: int
    customer_name: str
    username: str
    router_id: int
    router_name: str
    download_bytes: int
    upload_bytes: int
    share_permille: int


class TopTalkers(Outgoing):
    """Who moved most today, the most first."""

    data: list[TopTalker]


@router.get("/traffic", responses=READING)
async def get_traffic(benfex: BenfexDep, actor: ActorDep, router_id: QueryId | None = None) -> Traffic:
    """Return today's traffic beside that of the same day last week, of all routers or one."""
    key = RouterId(router_id) if router_id is not None else None
    return Traffic.model_validate(await benfex.read(compared_with_last_week, actor, router_id=key))


class BusyMonth(Outgoing):
    """The 95th percentile of a month, over `steps` means of five minutes; the month that runs has fewer."""

    month: date
    download_bps: int
    upload_bps: int
    steps: int


class BusyMonths(Outgoing):
    """The month that runs and, where its five minutes are kept whole, the one before."""

    data: list[BusyMonth]


@router.get("/percentile", responses=READING)
async def get_percentile(
    benfex: BenfexDep,
    actor: ActorDep,
    router_id: QueryId | None = None,
    connection_id: QueryId | None = None,
) -> BusyMonths:
    """Return the 95th percentile of traffic, of all routers, of one, or of one line."""
    if connection_id is not None:
        if router_id is not None:
            raise InvalidInput("router_id", "Give a router or a line, not both.")
        line = ConnectionId(connection_id)
        found = await benfex.read(busy_months_of_line, actor, connection_id=line)
    else:
        key = RouterId(router_id) if router_id is not None else None
        found = await benfex.read(busy_months_of_network, actor, router_id=key)
    return BusyMonths(data=[BusyMonth.model_validate(month) for month in found])


@router.get("/top-talkers", responses=READING)
async def get_top_talkers(
    benfex: BenfexDep, actor: ActorDep, limit: Annotated[int, Query(ge=1, le=100)] = 10
) -> TopTalkers:
    """Return the lines that moved most today; they are worked out every five minutes."""
    found = await benfex.read(top_talkers, actor, limit=limit)
    return TopTalkers(data=[TopTalker.model_validate(one) for one in found])


class Outage(Outgoing):
    """A time in which a router did not answer; `ended_at` is null while it lasts."""

    outage_id: int
    router_id: int
    router_name: str
    site: str
    began_at: datetime
    ended_at: datetime | None
    seconds: int
    reason: str
    lines: int
    credits: int


class Outages(Outgoing):
    """One page of outages, the latest first."""

    data: list[Outage]
    total: int


class Downtime(Outgoing):
    """How long a router or a site was down in a month; `permille` is the part of the time that it answered."""

    name: str
    site: str
    router_id: int | None
    outages: int
    seconds: int
    permille: int


class DowntimeOfMonth(Outgoing):
    """Downtime by router and by site; a site is down while any of its routers is."""

    routers: list[Downtime]
    sites: list[Downtime]


@router.get("/outages", responses=READING)
async def get_outages(
    benfex: BenfexDep,
    actor: ActorDep,
    state: Annotated[Literal["all", "open", "ended"], Query()] = "all",
    router_id: QueryId | None = None,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    size: Annotated[int, Query(ge=1, le=100)] = 50,
) -> Outages:
    """Return outages, the latest first."""
    found = await benfex.read(
        list_outages,
        actor,
        request=PageRequest(page=page, size=size, sort="", descending=True, filter=state),
        router_id=RouterId(router_id) if router_id is not None else None,
    )
    return Outages(data=[Outage.model_validate(one) for one in found.rows], total=found.total)


@router.get("/downtime", responses=READING)
async def get_downtime(benfex: BenfexDep, actor: ActorDep, month: Day | None = None) -> DowntimeOfMonth:
    """Return the downtime of the month that a day lies in, the present one when left out."""
    if month is None:
        month = await benfex.read(billing_today, actor)
    routers, sites = await benfex.read(downtime_of_month, actor, month=month)
    return DowntimeOfMonth(
        routers=[Downtime.model_validate(one) for one in routers],
        sites=[Downtime.model_validate(one) for one in sites],
    )


@router.get("/sessions", responses=READING)
async def get_sessions(
    benfex: BenfexDep, actor: ActorDep, search: Annotated[str, Query(max_length=100)] = ""
) -> Sessions:
    """Ask every router who is online; `search` is part of a name, an address or a MAC."""
    return Sessions.model_validate(await benfex.finder.find(actor, search=search))


@router.post("/sessions/disconnect", responses=WRITING)
async def disconnect(asked: Disconnecting, benfex: BenfexDep, actor: ActorDep) -> Disconnected:
    """End the sessions of a name at a router; its line may dial in again."""
    ended = await benfex.finder.disconnect(
        actor, router_id=RouterId(asked.router_id), username=asked.username
    )
    return Disconnected(ended=ended)


@router.get("/leaks", responses=READING)
async def get_leaks(benfex: BenfexDep, actor: ActorDep) -> LeakReport:
    """Ask every router now. It takes as long as the slowest answers, twenty seconds at most."""
    return LeakReport.model_validate(await benfex.leaks.report(actor))
