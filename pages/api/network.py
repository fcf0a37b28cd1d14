"""/network: who is online now across all routers, who of them is not paying, and ending a session."""

from typing import Annotated

from fastapi import APIRouter, Query

from data.values.identifiers import RouterId
from data.values.kinds import LeakKind
from pages.api.auth import ActorDep
from pages.api.problems import READING, WRITING
from pages.api.schemas import Amount, Id, Incoming, Outgoing, Text
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
