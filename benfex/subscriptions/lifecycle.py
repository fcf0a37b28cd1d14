"""Start, suspend, reactivate and end subscriptions. Each step keeps its transition and asks the router to follow.

Which state may follow which is in `data/values/states`; what a router is told, in `network/desired_state`.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from benfex.billing.charges import ChargeLine, setup_charge
from benfex.catalog.taxes import TaxTable
from benfex.core.actors import SystemActor, require
from benfex.core.audit import record_audit
from benfex.core.clock import local_date
from benfex.core.events import SubscriptionReactivated, SubscriptionSuspended
from benfex.core.policy import billing_today, current_terms
from benfex.core.unit_of_work import UnitOfWork
from benfex.core.vault import Vault
from benfex.network.connections import ConnectionSpec, create_connection
from benfex.subscriptions.add_ons import AddOnSale, put_add_on
from benfex.subscriptions.agreed_prices import check_agreed_price, sold_today
from benfex.subscriptions.cutting import finish, leave_out
from benfex.subscriptions.discounts import put_discount
from benfex.subscriptions.opening import open_prepaid, open_service
from benfex.subscriptions.outcomes import ChangeOutcome, OutcomeWatch
from benfex.subscriptions.payers import set_payer
from benfex.subscriptions.plan_changes import period_end
from benfex.subscriptions.renewal import bill_customer, caught_up_service, refresh_service
from benfex.subscriptions.transitions import (
    locked_subscription,
    move_to,
    record_transition,
    sync_line,
    tell_changed,
    tell_restored,
)
from data.locks import lock_customer
from data.models.customer import Customer
from data.models.subscription import Subscription
from data.queries import customers as customer_queries
from data.queries import subscriptions as subscription_queries
from data.values.errors import Conflict, InvalidInput, NotFound
from data.values.identifiers import ConnectionId, CustomerId, DiscountId, PlanPriceId, SubscriptionId
from data.values.kinds import BillingMode, ChangeTiming, SuspensionReason
from data.values.money import Money
from data.values.periods import add_months
from data.values.roles import Permission
from data.values.states import CustomerStatus, SubscriptionStatus, advance

_BACKDATED_DAYS_MAX = 366
_LIFTED_BY_MONEY = (SuspensionReason.NON_PAYMENT, SuspensionReason.EXPIRED)


def start_subscription(
    uow: UnitOfWork,
    *,
    customer_id: CustomerId,
    plan_price_id: PlanPriceId,
    connection: ConnectionSpec,
    vault: Vault,
    starts_on: date | None = None,
    agreed_price: Money | None = None,
    add_ons: Sequence[AddOnSale] = (),
    discounts: Sequence[DiscountId] = (),
    payer_id: CustomerId | None = None,
) -> SubscriptionId:
    """Sell a plan: the service starts, what is due of it is invoiced, and the router is told.

    `starts_on` is a date of the ISP, today when left out, never later. `agreed_price` is what this customer pays
    a period in place of the list's. `payer_id` makes another customer pay for all services of this one. A trial
    is active and charged from its end; a set-up fee is billed at the start. Raises NotFound, InvalidInput,
    Conflict.
    """
    require(uow.actor, Permission.EDIT_SUBSCRIPTIONS)
    if payer_id is not None:
        set_payer(uow, customer_id=customer_id, payer_id=payer_id)
    customer, sold = _buyable(uow, customer_id, plan_price_id)
    starts_on = _checked_start(starts_on, today=billing_today(uow))
    subscription = _opened(uow, customer, sold, starts_on, check_agreed_price(agreed_price, sold.price))
    assert subscription.id is not None
    subscription_id = SubscriptionId(subscription.id)
    record_transition(uow, subscription, None, "started")
    line = replace(connection, method=sold.plan.access_method)
    create_connection(uow, subscription_id=subscription_id, spec=line, vault=vault)
    record_audit(uow, action="start", entity="subscription", entity_id=subscription_id)
    facts = subscription_queries.service_facts(uow.session, subscription_id)
    assert facts is not None
    once = [put_add_on(uow, facts, sale, from_on=subscription.charged_through_on) for sale in add_ons]
    for discount_id in discounts:
        put_discount(uow, facts, discount_id)
    if sold.price.billing_mode is BillingMode.PREPAID:  # it opens, and its setup is billed, when money comes
        return subscription_id
    extra = [line for line in (_setup(uow, subscription_id, sold), *once) if line is not None]
    payer = CustomerId(subscription.billed_customer_id)
    bill_customer(uow, customer_id=payer, on=billing_today(uow), extra=extra)
    return subscription_id


def _opened(
    uow: UnitOfWork,
    customer: Customer,
    sold: subscription_queries.SoldPrice,
    starts_on: date,
    agreed_price: Money | None,
) -> Subscription:
    terms, price = current_terms(uow), sold.price
    is_prepaid = price.billing_mode is BillingMode.PREPAID
    opening = (
        open_prepaid(starts_on)
        if is_prepaid
        else open_service(
            starts_on=starts_on,
            interval=price.interval,
            interval_count=price.interval_count,
            billing_day=terms.billing_day,
            alignment=terms.alignment,
            trial_days=price.trial_days,
        )
    )
    months = price.minimum_term_months
    assert customer.id is not None
    assert price.id is not None
    subscription = Subscription(
        customer_id=customer.id,
        billed_customer_id=customer.payer_id or customer.id,
        plan_price_id=price.id,
        status=SubscriptionStatus.PENDING if is_prepaid else SubscriptionStatus.ACTIVE,
        anchor_day=opening.anchor_day,
        starts_on=starts_on,
        period_starts_on=starts_on,
        period_ends_on=opening.first_period_ends_on,
        charged_through_on=opening.charged_from_on,
        agreed_price_minor=agreed_price.minor if agreed_price is not None else None,
        alignment=opening.alignment,
        trial_ends_on=opening.trial_ends_on,
        minimum_term_ends_on=add_months(starts_on, months, starts_on.day) if months else None,
        bills_on=None if is_prepaid else starts_on,
    )
    uow.session.add(subscription)
    uow.session.flush()
    return subscription


def _setup(
    uow: UnitOfWork, subscription_id: SubscriptionId, sold: subscription_queries.SoldPrice
) -> ChargeLine | None:
    price = sold.price
    taxes, today = TaxTable(uow.session), billing_today(uow)
    return setup_charge(
        subscription_id=subscription_id,
        plan_name=sold.plan.name,
        fee=Money(price.setup_fee_minor, price.currency),
        tax=taxes.terms(price.tax_group_id, price.tax_behavior, on=today),
    )


def _buyable(
    uow: UnitOfWork, customer_id: CustomerId, plan_price_id: PlanPriceId
) -> tuple[Customer, subscription_queries.SoldPrice]:
    customer = customer_queries.find_customer(uow.session, customer_id)
    if customer is None:
        raise NotFound("customer")
    for locked in (customer.payer_id or customer_id, customer_id):
        lock_customer(uow.session, locked)
    if customer.status is not CustomerStatus.ACTIVE:
        raise Conflict("This customer is archived. Restore the customer first.")
    return customer, sold_today(uow, plan_price_id, currency=customer.currency)


def _checked_start(starts_on: date | None, *, today: date) -> date:
    if starts_on is None:
        return today
    if starts_on > today:
        raise InvalidInput("starts_on", "A service starts today or earlier.")
    if (today - starts_on).days > _BACKDATED_DAYS_MAX:
        raise InvalidInput("starts_on", "A service starts no more than a year back.")
    return starts_on


def suspend_subscription(
    uow: UnitOfWork, *, subscription_id: SubscriptionId, reason: SuspensionReason, note: str = ""
) -> None:
    """Reduce the service to the walled garden; the reason decides what may lift it.

    Raises NotFound, InvalidTransition.
    """
    require(uow.actor, Permission.SUSPEND_SUBSCRIPTIONS)
    subscription = locked_subscription(uow, subscription_id)
    move_to(uow, subscription, SubscriptionStatus.SUSPENDED, note or reason.value)
    subscription.suspended_at = uow.now
    subscription.suspension_reason = reason
    uow.emit(
        SubscriptionSuspended(
            subscription_id=subscription_id, customer_id=CustomerId(subscription.customer_id)
        )
    )
    record_audit(
        uow,
        action="suspend",
        entity="subscription",
        entity_id=subscription_id,
        changes={"reason": reason, "note": note},
    )
    sync_line(uow, subscription_id, urgent=False)


def reactivate_subscription(
    uow: UnitOfWork, *, subscription_id: SubscriptionId, by_payment: bool = False, note: str = ""
) -> ConnectionId | None:
    """Give full service back, at once and before other router work; return its connection.

    Money lifts a suspension for non-payment or the end of paid time only; a pause is ended by
    `resume_subscription`. Raises NotFound, InvalidTransition, Conflict.
    """
    # Who may take money in also gives back what it pays for: the accountant at the counter, the webhook.
    require(uow.actor, Permission.RECORD_PAYMENTS if by_payment else Permission.SUSPEND_SUBSCRIPTIONS)
    subscription = locked_subscription(uow, subscription_id)
    if subscription.status is SubscriptionStatus.PAUSED:
        raise Conflict("This service is paused at the customer's wish. Bring it back from the pause.")
    was_suspended = subscription.status is SubscriptionStatus.SUSPENDED
    if by_payment and was_suspended and subscription.suspension_reason not in _LIFTED_BY_MONEY:
        raise Conflict("This service was suspended by staff, and only staff can resume it.")
    move_to(
        uow, subscription, SubscriptionStatus.ACTIVE, note or ("paid" if by_payment else "resumed by staff")
    )
    taken_at, reason = subscription.suspended_at, subscription.suspension_reason
    subscription.suspended_at = None
    subscription.suspension_reason = None
    if not was_suspended:
        return None
    if taken_at is not None and reason is not SuspensionReason.DATA_CAP:
        _leave_out(uow, subscription_id, taken_at)
    uow.emit(
        SubscriptionReactivated(
            subscription_id=subscription_id, customer_id=CustomerId(subscription.customer_id)
        )
    )
    tell_restored(uow, subscription)
    record_audit(
        uow, action="resume", entity="subscription", entity_id=subscription_id, changes={"note": note}
    )
    return sync_line(uow, subscription_id, urgent=True)


def _leave_out(uow: UnitOfWork, subscription_id: SubscriptionId, taken_at: datetime) -> None:
    """Charge nothing for the days of a suspension where the policy says so; what comes next is billed by the run."""
    terms, today = current_terms(uow), billing_today(uow)
    facts = subscription_queries.service_facts(uow.session, subscription_id)
    assert facts is not None
    if terms.bills_while_suspended or facts.price.billing_mode is BillingMode.PREPAID:
        return
    lines = leave_out(uow, facts, since=local_date(taken_at, terms.timezone), day=today)
    refresh_service(uow, subscription_id=subscription_id)
    if lines:  # who lifts a suspension need not be one who bills: the bill is the house's own act
        house = UnitOfWork(uow.session, SystemActor(f"service {subscription_id} is back"), uow.now)
        payer_id = CustomerId(facts.subscription.billed_customer_id)
        bill_customer(house, customer_id=payer_id, on=today, extra=lines)
        for event in house.events:
            uow.emit(event)


def open_access(uow: UnitOfWork, *, subscription_id: SubscriptionId, note: str) -> ConnectionId | None:
    """Open a prepaid service that was bought; return its connection when it was off until now.

    Who may buy is checked by the caller. Raises NotFound, InvalidTransition.
    """
    subscription = locked_subscription(uow, subscription_id)
    before = subscription.status
    if before is SubscriptionStatus.ACTIVE:
        return None
    move_to(uow, subscription, SubscriptionStatus.ACTIVE, note)
    subscription.suspended_at = None
    subscription.suspension_reason = None
    if before is SubscriptionStatus.PAST_DUE:
        return None
    customer_id = CustomerId(subscription.customer_id)
    uow.emit(SubscriptionReactivated(subscription_id=subscription_id, customer_id=customer_id))
    if before is SubscriptionStatus.SUSPENDED:
        tell_restored(uow, subscription)
    return sync_line(uow, subscription_id, urgent=True)


def mark_past_due(uow: UnitOfWork, *, subscription_id: SubscriptionId) -> None:
    """Note that an invoice is overdue; access stays as it is. Does nothing unless the service is active."""
    subscription = locked_subscription(uow, subscription_id)
    if subscription.status is SubscriptionStatus.ACTIVE:
        move_to(uow, subscription, SubscriptionStatus.PAST_DUE, "an invoice is overdue")


def end_subscription(
    uow: UnitOfWork,
    *,
    subscription_id: SubscriptionId,
    reason: str,
    when: ChangeTiming = ChangeTiming.NOW,
) -> ChangeOutcome:
    """End a service for good and take its access off the router, now or when its period is over.

    Now: unused days from today on are credited if the policy says so, and what is due is billed, with the fee for
    leaving before the minimum term is over. A service that is paused ends now. Raises NotFound, InvalidTransition,
    InvalidInput without a reason, Conflict for a prepaid service at period end: it ends if nobody renews it.
    """
    require(uow.actor, Permission.EDIT_SUBSCRIPTIONS)
    if not reason.strip():
        raise InvalidInput("reason", "Say why the service ends.")
    facts = caught_up_service(uow, subscription_id)
    subscription, today = facts.subscription, billing_today(uow)
    watch = OutcomeWatch(uow, facts)
    if when is ChangeTiming.NOW or subscription.status is SubscriptionStatus.PAUSED:
        effective_on = today
        lines = finish(uow, facts, day=today, reason=reason, on=today)
        if lines:
            payer = CustomerId(subscription.billed_customer_id)
            bill_customer(uow, customer_id=payer, on=today, extra=lines)
    else:
        advance(subscription.status, SubscriptionStatus.ENDED)
        if facts.price.billing_mode is BillingMode.PREPAID:
            raise Conflict(
                "A prepaid service is over by itself when it is not renewed. End it now, or let it."
            )
        effective_on = subscription.ends_on = period_end(facts, today=today)
        subscription.version += 1
        tell_changed(uow, subscription)
    refresh_service(uow, subscription_id=subscription_id)
    record_audit(
        uow,
        action="end",
        entity="subscription",
        entity_id=subscription_id,
        changes={"reason": reason, "on": str(effective_on)},
    )
    return watch.outcome(effective_on=effective_on)


def keep_subscription(uow: UnitOfWork, *, subscription_id: SubscriptionId) -> None:
    """Take back that a service ends when its period is over. Raises NotFound, Conflict when it does not."""
    require(uow.actor, Permission.EDIT_SUBSCRIPTIONS)
    subscription = locked_subscription(uow, subscription_id)
    if subscription.ends_on is None or subscription.status is SubscriptionStatus.ENDED:
        raise Conflict("No end is arranged for this service.")
    subscription.ends_on = None
    subscription.version += 1
    refresh_service(uow, subscription_id=subscription_id)
    record_audit(uow, action="keep", entity="subscription", entity_id=subscription_id)
    tell_changed(uow, subscription)
