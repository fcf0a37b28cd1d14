"""What was arranged for a day and is due now: a return from a pause, another price, the end.

The bill run applies them before it charges. It has then charged all that lies before a change of price already,
so what follows is charged anew from the day of the change.
"""

from datetime import date

from benfex.core.unit_of_work import UnitOfWork
from benfex.subscriptions.transitions import move_to, sync_line
from data.models.subscription import Subscription
from data.queries.subscriptions import ServiceFacts
from data.values.identifiers import PlanPriceId, SubscriptionId
from data.values.states import SubscriptionStatus


def apply_due_changes(uow: UnitOfWork, facts: ServiceFacts, *, on: date) -> None:
    """Apply what a service has arranged for the billing date or before; doing it twice changes nothing.

    `charged_through_on` moves to the day of a return. A service whose end has come keeps its dates, so that its
    last part can still be billed; an end comes after everything else.
    """
    subscription = facts.subscription
    if subscription.status is SubscriptionStatus.ENDED:
        return
    if _is_due(subscription.resumes_on, on) and subscription.status is SubscriptionStatus.PAUSED:
        _resume(uow, subscription)
    if _is_due(subscription.pending_change_on, on) and subscription.pending_plan_price_id is not None:
        _change_price(uow, subscription, PlanPriceId(subscription.pending_plan_price_id))
    if _is_due(subscription.ends_on, on):
        _end(uow, subscription)
    uow.session.flush()


def _is_due(day: date | None, on: date) -> bool:
    return day is not None and day <= on


def _resume(uow: UnitOfWork, subscription: Subscription) -> None:
    assert subscription.resumes_on is not None
    move_to(uow, subscription, SubscriptionStatus.ACTIVE, "the pause is over")
    subscription.charged_through_on = max(subscription.charged_through_on, subscription.resumes_on)
    subscription.segment += 1
    subscription.paused_at = subscription.resumes_on = None
    sync_line(uow, _id_of(subscription), urgent=True)


def _change_price(uow: UnitOfWork, subscription: Subscription, price_id: PlanPriceId) -> None:
    subscription.plan_price_id = price_id
    subscription.agreed_price_minor = None
    subscription.segment += 1
    subscription.version += 1
    subscription.pending_plan_price_id = subscription.pending_change_on = None
    uow.session.flush()
    sync_line(uow, _id_of(subscription), urgent=False)


def _end(uow: UnitOfWork, subscription: Subscription) -> None:
    move_to(uow, subscription, SubscriptionStatus.ENDED, "the period that was asked for is over")
    subscription.ended_at = uow.now
    sync_line(uow, _id_of(subscription), urgent=False)


def _id_of(subscription: Subscription) -> SubscriptionId:
    assert subscription.id is not None
    return SubscriptionId(subscription.id)
