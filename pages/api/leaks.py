"""/network/leaks: who is on the network and not paying, by what the routers hold and who is online now."""

from fastapi import APIRouter

from data.values.kinds import LeakKind
from pages.api.auth import ActorDep
from pages.api.problems import READING
from pages.api.schemas import Amount, Outgoing
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


@router.get("/leaks", responses=READING)
async def get_leaks(benfex: BenfexDep, actor: ActorDep) -> LeakReport:
    """Ask every router now. It takes as long as the slowest answers, twenty seconds at most."""
    return LeakReport.model_validate(await benfex.leaks.report(actor))
