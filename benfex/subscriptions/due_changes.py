"""What was arranged for a day and is due now: a return from a pause, another price, the end.

The bill run applies it before it charges, and puts the lines that come of it on the same invoice: what is due of
the days before each change at the terms that held then, and what an end costs.
"""

from datetime import date

from benfex.billing.charges import ChargeLine
from benfex.core.unit_of_work import UnitOfWork
from benfex.subscriptions.cutting import finish, restart, switch_price
from data.models.subscription import Subscription
from data.queries import subscriptions as subscription_queries
from data.queries.subscriptions import ServiceFacts
from data.values.states import SubscriptionStatus


def apply_due_changes(uow: UnitOfWork, facts: ServiceFacts, *, on: date) -> list[ChargeLine]:
    """Apply what a service has arranged for the billing date or before, as of its day; twice changes nothing.

    Return the lines it makes due. `bills_on` is not moved: who charges the service next does that. An end comes
    after everything else of its day.
    """
    lines: list[ChargeLine] = []
    subscription = facts.subscription
    if subscription.status is SubscriptionStatus.PAUSED and _is_due(
        subscription.resumes_on, subscription, on
    ):
        assert subscription.resumes_on is not None
        lines += restart(uow, facts, day=subscription.resumes_on, reason="the pause is over", on=on)
    if _is_due(subscription.pending_change_on, subscription, on):
        assert subscription.pending_change_on is not None
        new = subscription_queries.sold_price(uow.session, subscription.pending_plan_price_id or 0)
        assert new is not None
        lines += switch_price(uow, facts, new, day=subscription.pending_change_on, on=on)
        facts = facts._replace(price=new.price, plan=new.plan)
    if _is_due(subscription.ends_on, None, on) and subscription.status is not SubscriptionStatus.ENDED:
        assert subscription.ends_on is not None
        reason = "the last period that was asked for is over"
        lines += finish(uow, facts, day=subscription.ends_on, reason=reason, on=on)
    return lines


def _is_due(day: date | None, ending: Subscription | None, on: date) -> bool:
    """Return whether the day has come, and before the end of the service where it has one."""
    if day is None or day > on:
        return False
    return ending is None or ending.ends_on is None or day < ending.ends_on
