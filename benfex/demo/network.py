"""What happened to the demo's routers: where they stand, and that one was down for an evening and credited."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from benfex.application import Benfex
from benfex.core.actors import SystemActor
from benfex.network.health import note_router_status
from benfex.network.inventory import place_router
from benfex.subscriptions.outage_credits import close_outage, credit_outage, outage_credits_due
from data.seeds import demo as seeds
from data.values.identifiers import RouterId
from data.values.states import RouterStatus

_DEMO = SystemActor("demo")
_DOWN = "naivasha-pop"
_FOR = timedelta(hours=3, minutes=20)


def place_routers(benfex: Benfex, routers: Mapping[str, RouterId]) -> None:
    """Say where each router stands."""
    for seed in seeds.ROUTERS:
        if seed.name in routers:
            benfex.transactor.run_sync(place_router, _DEMO, router_id=routers[seed.name], site=seed.place)


def live_outage(
    benfex: Benfex, move_to: Callable[[datetime], None], routers: Mapping[str, RouterId], *, at: datetime
) -> None:
    """Let one router be down for a while, and what its subscribers paid for that time be credited."""
    run, router_id = benfex.transactor.run_sync, routers[_DOWN]
    for when, status, reason in (
        (at, RouterStatus.UNREACHABLE, "No answer within 10 seconds."),
        (at + _FOR, RouterStatus.REACHABLE, ""),
    ):
        move_to(when)
        run(note_router_status, _DEMO, router_id=router_id, status=status, reason=reason)
    due, _ = benfex.transactor.read_sync(outage_credits_due, _DEMO)
    for one in due:
        run(credit_outage, _DEMO, due=one)
    for outage_id in {one.outage_id for one in due}:
        run(close_outage, _DEMO, outage_id=outage_id)
