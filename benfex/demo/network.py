"""What happened to the demo's routers: where they and their customers are, and that one was down for an evening."""

import random
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from benfex.application import Benfex
from benfex.core.actors import SystemActor
from benfex.core.unit_of_work import Snapshot
from benfex.customers.registration import locate_customer
from benfex.network.health import note_router_status
from benfex.network.inventory import locate_router, place_router
from benfex.subscriptions.outage_credits import close_outage, credit_outage, outage_credits_due
from data.queries import routers as router_queries
from data.seeds import demo as seeds
from data.values.identifiers import CustomerId, RouterId
from data.values.places import Place
from data.values.states import RouterStatus

_DEMO = SystemActor("demo")
_DOWN = "naivasha-pop"
_FOR = timedelta(hours=3, minutes=20)
_UNPLACED = 19  # one in so many has no place yet, as at any ISP


def place_routers(benfex: Benfex, routers: Mapping[str, RouterId]) -> None:
    """Say where each router stands."""
    for seed in seeds.ROUTERS:
        if seed.name in routers:
            router_id, run = routers[seed.name], benfex.transactor.run_sync
            run(place_router, _DEMO, router_id=router_id, site=seed.place)
            run(locate_router, _DEMO, router_id=router_id, place=Place(seed.latitude, seed.longitude))


def place_customers(benfex: Benfex, routers: Mapping[str, RouterId]) -> None:
    """Say where customers are served: around their router, denser in the middle of the town."""
    dice = random.Random(_DOWN)  # noqa: S311 - the same demo each time, whatever else is diced
    for seed in seeds.ROUTERS:
        if seed.name not in routers:
            continue
        for customer_id in benfex.transactor.read_sync(_customers_on, _DEMO, router_id=routers[seed.name]):
            north, east = (round(dice.gauss(0, seed.reach / 2)) for _ in range(2))
            if customer_id % _UNPLACED:
                place = Place(seed.latitude + north, seed.longitude + east)
                benfex.transactor.run_sync(locate_customer, _DEMO, customer_id=customer_id, place=place)


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


def _customers_on(snapshot: Snapshot, *, router_id: RouterId) -> list[CustomerId]:
    lines = router_queries.connections_of(snapshot.session, router_id=router_id)
    return [CustomerId(customer_id) for customer_id in sorted({line[2] for line in lines})]
