"""Add-ons and discounts of a service while it runs: they join, leave, and are given and taken back.

What may be put on a service is checked in `add_ons` and `discounts`.
"""

from benfex.billing.crediting import credit_unused
from benfex.core.actors import SystemActor, require
from benfex.core.audit import record_audit
from benfex.core.policy import billing_today
from benfex.core.unit_of_work import UnitOfWork
from benfex.subscriptions.add_ons import AddOnSale, joining_day, put_add_on
from benfex.subscriptions.cap_access import follow_cap
from benfex.subscriptions.data_grants import reconsider_cap
from benfex.subscriptions.discounts import put_discount
from benfex.subscriptions.outcomes import ChangeOutcome, OutcomeWatch
from benfex.subscriptions.plan_changes import period_end
from benfex.subscriptions.renewal import bill_customer, caught_up_service, refresh_service
from benfex.subscriptions.transitions import tell_changed
from data.queries import extras as extra_queries
from data.queries.subscriptions import ServiceFacts
from data.values.errors import Conflict, NotFound
from data.values.identifiers import (
    CustomerId,
    DiscountId,
    SubscriptionAddOnId,
    SubscriptionDiscountId,
    SubscriptionId,
)
from data.values.kinds import ChangeTiming
from data.values.roles import Permission
from data.values.states import SubscriptionStatus


def add_add_on(uow: UnitOfWork, *, subscription_id: SubscriptionId, sale: AddOnSale) -> ChangeOutcome:
    """Put an add-on on a service from today; the days to the end of the period are charged, or it all once.

    Raises NotFound, InvalidInput, Conflict.
    """
    require(uow.actor, Permission.EDIT_SUBSCRIPTIONS)
    facts = caught_up_service(uow, subscription_id)
    _check_runs(facts)
    watch, today = OutcomeWatch(uow, facts), billing_today(uow)
    line = put_add_on(uow, facts, sale, from_on=joining_day(uow, facts, today=today))
    refresh_service(uow, subscription_id=subscription_id)
    payer = CustomerId(facts.subscription.billed_customer_id)
    bill_customer(uow, customer_id=payer, on=today, extra=[line] if line else [])
    refresh_service(uow, subscription_id=subscription_id)
    if reconsider_cap(uow, subscription_id=subscription_id):
        house = UnitOfWork(uow.session, SystemActor(f"data of service {subscription_id}"), uow.now)
        follow_cap(house, subscription_id=subscription_id)
        for event in house.events:
            uow.emit(event)
    _record(uow, facts, "add_add_on", {"add_on_id": str(sale.add_on_id), "quantity": str(sale.quantity)})
    return watch.outcome(effective_on=today)


def remove_add_on(
    uow: UnitOfWork,
    *,
    subscription_add_on_id: SubscriptionAddOnId,
    when: ChangeTiming = ChangeTiming.NOW,
) -> ChangeOutcome:
    """Take a recurring add-on off a service: now, with credit for its unused days, or when the period is over.

    Raises NotFound, Conflict when it has left already or was charged once.
    """
    require(uow.actor, Permission.EDIT_SUBSCRIPTIONS)
    row = extra_queries.find_sold_add_on(uow.session, subscription_add_on_id)
    if row is None:
        raise NotFound("add-on")
    subscription_id = SubscriptionId(row.subscription_id)
    facts = caught_up_service(uow, subscription_id)
    _check_runs(facts)
    watch, today = OutcomeWatch(uow, facts), billing_today(uow)
    if not row.is_recurring:
        raise Conflict(f"{row.name} was charged once. Credit it on its invoice.")
    if row.ends_on is not None and row.ends_on <= today:
        raise Conflict(f"{row.name} has left this service already.")
    if when is ChangeTiming.NOW:
        row.ends_on = today
        uow.session.flush()
        credit_unused(
            uow,
            subscription_id=subscription_id,
            from_on=today,
            reason=f"{row.name} taken off",
            items=frozenset({f"addon:{row.id}"}),
        )
        refresh_service(uow, subscription_id=subscription_id)
        bill_customer(uow, customer_id=CustomerId(facts.subscription.billed_customer_id), on=today)
    else:
        row.ends_on = max(period_end(facts, today=today), row.charged_through_on)
    refresh_service(uow, subscription_id=subscription_id)
    _record(uow, facts, "remove_add_on", {"add_on": row.name, "on": str(row.ends_on)})
    return watch.outcome(effective_on=row.ends_on)


def give_discount(
    uow: UnitOfWork, *, subscription_id: SubscriptionId, discount_id: DiscountId
) -> SubscriptionDiscountId:
    """Give a discount on every period that is not billed yet. Raises NotFound, InvalidInput, Conflict."""
    require(uow.actor, Permission.EDIT_SUBSCRIPTIONS)
    facts = caught_up_service(uow, subscription_id)
    _check_runs(facts)
    if any(
        row.discount_id == discount_id and row.ends_on is None and row.periods_left != 0
        for row in facts.discounts
    ):
        raise Conflict("The service has this discount already.")
    given = put_discount(uow, facts, discount_id)
    _record(uow, facts, "give_discount", {"discount_id": str(discount_id)})
    return given


def take_discount(uow: UnitOfWork, *, subscription_discount_id: SubscriptionDiscountId) -> None:
    """Take a discount back; periods that are billed keep it. Raises NotFound, Conflict."""
    require(uow.actor, Permission.EDIT_SUBSCRIPTIONS)
    row = extra_queries.find_given_discount(uow.session, subscription_discount_id)
    if row is None:
        raise NotFound("discount")
    facts = caught_up_service(uow, SubscriptionId(row.subscription_id))
    today = billing_today(uow)
    if row.ends_on is not None and row.ends_on <= today:
        raise Conflict(f"{row.name} was taken back already.")
    row.ends_on = min(today, facts.subscription.charged_through_on)
    uow.session.flush()
    _record(uow, facts, "take_discount", {"discount": row.name})


def _check_runs(facts: ServiceFacts) -> None:
    if facts.subscription.status is SubscriptionStatus.ENDED:
        raise Conflict("This service has ended.")


def _record(uow: UnitOfWork, facts: ServiceFacts, action: str, changes: dict[str, str]) -> None:
    assert facts.subscription.id is not None
    record_audit(uow, action=action, entity="subscription", entity_id=facts.subscription.id, changes=changes)
    tell_changed(uow, facts.subscription)
