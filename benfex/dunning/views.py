"""What holds dunning off for a customer and what it will do next, for screens. Acts are in `promises`."""

from dataclasses import dataclass
from datetime import date

from benfex.core.actors import require
from benfex.core.policy import billing_today
from benfex.core.unit_of_work import Snapshot
from benfex.dunning.promises import PromiseOffer, PromiseView, promise_offer, promises
from benfex.dunning.runs import dunning_rules
from benfex.dunning.schedule import PlannedStep, QuietDays, planned_steps
from data.queries import customers as customer_queries
from data.values.errors import NotFound
from data.values.identifiers import CustomerId
from data.values.roles import Permission
from data.values.terms import DunningSchedule


@dataclass(frozen=True, slots=True)
class ChasingView:
    """How a customer stands with dunning."""

    deferred_until_on: date | None
    offer: PromiseOffer
    promises: tuple[PromiseView, ...]
    today: date


def chasing(snapshot: Snapshot, *, customer_id: CustomerId) -> ChasingView:
    """Return how a customer stands with dunning. Raises NotFound."""
    require(snapshot.actor, Permission.VIEW_CUSTOMERS)
    customer = customer_queries.find_customer(snapshot.session, customer_id)
    if customer is None:
        raise NotFound("customer")
    return ChasingView(
        customer.dunning_deferred_until_on,
        promise_offer(snapshot, customer_id=customer_id),
        promises(snapshot, customer_id=customer_id),
        billing_today(snapshot),
    )


def plan_of(
    snapshot: Snapshot, *, due_on: date, schedule: DunningSchedule | None = None
) -> tuple[PlannedStep, ...]:
    """Return what happens on which day to an invoice due on a day, by a schedule or the one in force."""
    require(snapshot.actor, Permission.VIEW_JOBS)
    rules = dunning_rules(snapshot)
    return planned_steps(schedule or rules.schedule, due_on=due_on, quiet=rules.quiet)


def quiet_days(snapshot: Snapshot) -> QuietDays:
    """Return the days on which nobody is cut off, from yesterday on."""
    return dunning_rules(snapshot).quiet
