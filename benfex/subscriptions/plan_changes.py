"""Change the plan of a service now or when its period is over, step back from that, and agree on a price.

How charging is cut is in `cutting`; what was arranged for a day is applied by `due_changes`.
"""

from datetime import date

from benfex.billing.charges import cycle_boundary
from benfex.core.actors import require
from benfex.core.audit import record_audit
from benfex.core.policy import billing_today
from benfex.core.unit_of_work import UnitOfWork
from benfex.subscriptions.agreed_prices import check_agreed_price, sold_today
from benfex.subscriptions.cutting import switch_price
from benfex.subscriptions.outcomes import ChangeOutcome, OutcomeWatch
from benfex.subscriptions.renewal import bill_customer, caught_up_service, refresh_service
from benfex.subscriptions.terms import cycle_terms
from benfex.subscriptions.transitions import locked_service, tell_changed
from data.queries.subscriptions import ServiceFacts, SoldPrice
from data.values.errors import Conflict, InvalidInput
from data.values.identifiers import CustomerId, PlanPriceId, SubscriptionId
from data.values.kinds import BillingMode, ChangeTiming, Interval
from data.values.money import Money
from data.values.roles import Permission
from data.values.states import SubscriptionStatus

# Days of an average month and of the other intervals, in 1/10,000 of a day, to compare prices by.
_SPANS = {
    Interval.HOUR: 417,
    Interval.DAY: 10_000,
    Interval.WEEK: 70_000,
    Interval.MONTH: 304_369,
}


def change_plan(
    uow: UnitOfWork,
    *,
    subscription_id: SubscriptionId,
    plan_price_id: PlanPriceId,
    when: ChangeTiming = ChangeTiming.NOW,
) -> ChangeOutcome:
    """Move a service to another plan or price.

    Now: unused days from today on are credited, and the new price is charged from today to the end of the running
    period, or a new cycle begins if its interval is another. At period end: nothing is billed before. What runs
    no period changes now: a service that is paused. No set-up fee is charged, and an agreed price ends.
    Raises NotFound, InvalidInput, Conflict.
    """
    require(uow.actor, Permission.EDIT_SUBSCRIPTIONS)
    facts = caught_up_service(uow, subscription_id)
    new = sold_today(uow, plan_price_id, currency=facts.price.currency)
    _check_change(facts, new)
    watch = OutcomeWatch(uow, facts)
    subscription, today = facts.subscription, billing_today(uow)
    if when is ChangeTiming.NOW or subscription.status is SubscriptionStatus.PAUSED:
        effective_on = today
        lines = switch_price(uow, facts, new, day=today, on=today)
        refresh_service(uow, subscription_id=subscription_id)
        bill_customer(uow, customer_id=CustomerId(subscription.billed_customer_id), on=today, extra=lines)
    else:
        effective_on = period_end(facts, today=today)
        subscription.pending_plan_price_id = new.price.id
        subscription.pending_change_on = effective_on
        subscription.version += 1
    refresh_service(uow, subscription_id=subscription_id)
    _record(
        uow, facts, "change_plan", {"from": facts.plan.code, "to": new.plan.code, "on": str(effective_on)}
    )
    return watch.outcome(effective_on=effective_on)


def cancel_pending_change(uow: UnitOfWork, *, subscription_id: SubscriptionId) -> None:
    """Keep the plan that a service has. Raises NotFound, Conflict when no change is arranged."""
    require(uow.actor, Permission.EDIT_SUBSCRIPTIONS)
    facts = locked_service(uow, subscription_id)
    if facts.subscription.pending_change_on is None:
        raise Conflict("No change of plan is arranged for this service.")
    facts.subscription.pending_plan_price_id = facts.subscription.pending_change_on = None
    facts.subscription.version += 1
    refresh_service(uow, subscription_id=subscription_id)
    _record(uow, facts, "cancel_change", {"kept": facts.plan.code})


def set_agreed_price(uow: UnitOfWork, *, subscription_id: SubscriptionId, agreed_price: Money | None) -> None:
    """Have a customer pay a price of their own for every period that is not billed yet, None for the list's.

    In advance that is from the next period on; in arrears the running one has it already. Raises NotFound,
    InvalidInput, AmountOutOfRange, Conflict.
    """
    require(uow.actor, Permission.EDIT_SUBSCRIPTIONS)
    facts = caught_up_service(uow, subscription_id)
    if facts.subscription.status is SubscriptionStatus.ENDED:
        raise Conflict("This service has ended.")
    agreed = check_agreed_price(agreed_price, facts.price)
    facts.subscription.agreed_price_minor = agreed.minor if agreed is not None else None
    facts.subscription.version += 1
    uow.session.flush()
    _record(uow, facts, "agree_price", {"price": str(agreed) if agreed is not None else "list"})


def period_end(facts: ServiceFacts, *, today: date) -> date:
    """Return the first day that is not billed yet and on which a period begins; in free days, where they end."""
    subscription = facts.subscription
    if today < subscription.period_starts_on:
        return subscription.period_starts_on
    if subscription.trial_ends_on is not None and today < subscription.trial_ends_on:
        return subscription.trial_ends_on
    boundary = cycle_boundary(cycle_terms(facts), after=today, period_ends_on=subscription.period_ends_on)
    return max(boundary, subscription.charged_through_on)


def is_upgrade(new: tuple[Money, Interval, int], old: tuple[Money, Interval, int]) -> bool:
    """Return whether a price is above another, both taken by the month; who goes up goes at once by default.

    Each is the amount of a period, its interval and how many of them.
    """
    (new_amount, new_interval, new_count), (old_amount, old_interval, old_count) = new, old
    new_span, old_span = _SPANS[new_interval] * new_count, _SPANS[old_interval] * old_count
    return new_amount.minor * old_span > old_amount.minor * new_span


def _check_change(facts: ServiceFacts, new: SoldPrice) -> None:
    subscription = facts.subscription
    if subscription.status is SubscriptionStatus.ENDED:
        raise Conflict("This service has ended. Sell a new one.")
    if new.price.id == facts.price.id:
        raise InvalidInput("plan_price_id", "The service has this plan and price already.")
    if new.plan.access_method is not facts.plan.access_method:
        raise InvalidInput("plan_price_id", "This plan is for another kind of line.")
    if BillingMode.PREPAID in (facts.price.billing_mode, new.price.billing_mode):
        is_over = subscription.status is not SubscriptionStatus.ACTIVE
        if new.price.billing_mode is not facts.price.billing_mode or not is_over:
            raise Conflict("A prepaid service changes to another prepaid plan when its time is over.")
    has_new_rhythm = (new.price.interval, new.price.interval_count) != (
        facts.price.interval,
        facts.price.interval_count,
    )
    if has_new_rhythm and any(row.ends_on is None for row in facts.add_ons):
        raise Conflict("The add-ons of this service are priced for its period. Take them off first.")


def _record(uow: UnitOfWork, facts: ServiceFacts, action: str, changes: dict[str, str]) -> None:
    assert facts.subscription.id is not None
    record_audit(uow, action=action, entity="subscription", entity_id=facts.subscription.id, changes=changes)
    tell_changed(uow, facts.subscription)
