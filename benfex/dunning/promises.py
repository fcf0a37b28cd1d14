"""A customer's word to pay, and the staff's to wait: both hold dunning off until a date.

A promise is earned: without one broken in the last 90 days, and for no more than was paid in those days. Staff may
take one that is not earned. It is kept when no more than the tolerated debt is overdue, at once when money comes;
it is broken on the first day after it that is not quiet, and then what it had lifted is taken again.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from benfex.core.actors import (
    StaffActor,
    SubscriberActor,
    SystemActor,
    name_of,
    require,
    require_customer_access,
)
from benfex.core.audit import record_audit
from benfex.core.events import CustomerChanged
from benfex.core.policy import billing_today, current_terms
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.dunning.cases import Case, read_cases
from benfex.dunning.runs import dunning_rules
from benfex.notifications.outbox import enqueue_message, say_date
from benfex.subscriptions.lifecycle import reactivate_subscription
from benfex.subscriptions.throttling import unthrottle_subscription
from data.locks import lock_customer
from data.models.customer import PaymentPromise
from data.queries import customers as customer_queries
from data.queries import dunning as dunning_queries
from data.values.errors import Conflict, InvalidInput, NotFound
from data.values.identifiers import CustomerId, SubscriptionId
from data.values.kinds import SuspensionReason
from data.values.money import Money
from data.values.roles import Permission
from data.values.states import PromiseStatus, SubscriptionStatus

_EARNED_WITHIN = timedelta(days=90)
_DEFERRED_DAYS_MAX = 90


@dataclass(frozen=True, slots=True)
class PromiseOffer:
    """Whether a promise can be given now: until when at the latest and over how much, or why not."""

    is_allowed: bool
    why_not: str
    owed: Money
    latest_on: date
    promised_until_on: date | None


@dataclass(frozen=True, slots=True)
class PromiseView:
    """A promise that was given."""

    promise_id: int
    made_on: date
    until_on: date
    amount: Money
    status: PromiseStatus
    made_by: str


def promise_offer(snapshot: Snapshot, *, customer_id: CustomerId) -> PromiseOffer:
    """Return what a customer may promise now. Raises NotFound for a customer the actor may not see."""
    require_customer_access(snapshot.actor, customer_id, Permission.VIEW_CUSTOMERS)
    customer = customer_queries.find_customer(snapshot.session, customer_id)
    if customer is None:
        raise NotFound("customer")
    terms, today = current_terms(snapshot), billing_today(snapshot)
    case = _case(snapshot, customer_id, today)
    owed = Money(case.overdue_minor(today), customer.currency)
    why_not = ""
    if terms.promise_days_max == 0:
        why_not = "Promises to pay are switched off."
    elif customer.promised_until_on is not None:
        why_not = f"A promise runs until {say_date(customer.promised_until_on)}."
    elif owed.minor <= terms.debt_tolerated_minor:
        why_not = "Nothing is overdue."
    elif not isinstance(snapshot.actor, StaffActor | SystemActor):
        why_not = _unearned(snapshot, customer_id, owed)
    return PromiseOffer(
        is_allowed=not why_not,
        why_not=why_not,
        owed=owed,
        latest_on=today + timedelta(days=terms.promise_days_max),
        promised_until_on=customer.promised_until_on,
    )


def make_promise(uow: UnitOfWork, *, customer_id: CustomerId, until_on: date) -> int:
    """Take a customer's word: what non-payment took is given back at once. Return the promise's id.

    Raises NotFound, Conflict when none can be given now, InvalidInput naming the field.
    """
    if not isinstance(uow.actor, SubscriberActor):
        require(uow.actor, Permission.EDIT_CUSTOMERS)
    lock_customer(uow.session, customer_id)
    offer = promise_offer(uow, customer_id=customer_id)
    if not offer.is_allowed:
        raise Conflict(offer.why_not)
    today = billing_today(uow)
    if not today <= until_on <= offer.latest_on:
        raise InvalidInput("until_on", f"Choose a day from today to {say_date(offer.latest_on)}.")
    customer = customer_queries.find_customer(uow.session, customer_id)
    assert customer is not None
    promise = PaymentPromise(
        customer_id=customer_id,
        promised_until_on=until_on,
        amount_minor=offer.owed.minor,
        currency=offer.owed.currency,
        status=PromiseStatus.OPEN,
        made_by=name_of(uow.actor),
    )
    customer.promised_until_on = until_on
    uow.session.add(promise)
    uow.session.flush()
    assert promise.id is not None
    _give_back(uow, _case(uow, customer_id, today))
    enqueue_message(
        uow,
        customer_id=customer_id,
        template="promise_made",
        facts={"amount": offer.owed.format(), "until_on": say_date(until_on)},
        dedupe_key=f"promise:{promise.id}:made",
    )
    record_audit(
        uow,
        action="promise",
        entity="customer",
        entity_id=customer_id,
        changes={"until_on": until_on, "amount_minor": offer.owed.minor},
    )
    uow.emit(CustomerChanged(customer_id=customer_id))
    return promise.id


def defer_dunning(uow: UnitOfWork, *, customer_id: CustomerId, until_on: date | None) -> None:
    """Leave a customer alone until a day, on which dunning goes on; None ends that.

    What was taken already stays taken. Raises NotFound, InvalidInput naming the field.
    """
    require(uow.actor, Permission.EDIT_CUSTOMERS)
    customer = customer_queries.find_customer(uow.session, customer_id)
    if customer is None:
        raise NotFound("customer")
    lock_customer(uow.session, customer_id)
    today = billing_today(uow)
    latest = today + timedelta(days=_DEFERRED_DAYS_MAX)
    if until_on is not None and not today < until_on <= latest:
        raise InvalidInput("until_on", f"Choose a day after today, {say_date(latest)} at the latest.")
    customer.dunning_deferred_until_on = until_on
    uow.session.flush()
    record_audit(
        uow, action="defer", entity="customer", entity_id=customer_id, changes={"until_on": until_on}
    )
    uow.emit(CustomerChanged(customer_id=customer_id))


def promises(snapshot: Snapshot, *, customer_id: CustomerId) -> tuple[PromiseView, ...]:
    """Return a customer's promises, newest first. Raises NotFound for a customer the actor may not see."""
    require_customer_access(snapshot.actor, customer_id, Permission.VIEW_CUSTOMERS)
    return tuple(
        PromiseView(
            row.id,
            row.created_at.date(),
            row.promised_until_on,
            Money(row.amount_minor, row.currency),
            row.status,
            row.made_by,
        )
        for row in dunning_queries.promises_of(snapshot.session, customer_id=customer_id)
        if row.id is not None and row.created_at is not None
    )


def _unearned(snapshot: Snapshot, customer_id: CustomerId, owed: Money) -> str:
    since = snapshot.now - _EARNED_WITHIN
    if dunning_queries.has_broken_promise(snapshot.session, customer_id=customer_id, since=since):
        return "Your last promise was not kept. Please call us."
    paid = dunning_queries.paid_since(
        snapshot.session, customer_id=customer_id, currency=owed.currency, since=since
    )
    if owed.minor > paid:
        return "More is open than you paid in the last 90 days. Please call us."
    return ""


def _case(snapshot: Snapshot, customer_id: CustomerId, today: date) -> Case:
    found = read_cases(snapshot, [customer_id], on=today, rules=dunning_rules(snapshot))
    if not found:
        raise NotFound("customer")
    return found[0]


def _give_back(uow: UnitOfWork, case: Case) -> None:
    """Lift what non-payment took. The promise carries it, whoever gave it, so it is done as the system."""
    system = UnitOfWork(uow.session, SystemActor(f"promise of {name_of(uow.actor)}"[:120]), uow.now)
    for service in case.services:
        subscription_id = SubscriptionId(service.subscription_id)
        if service.is_throttled:
            unthrottle_subscription(system, subscription_id=subscription_id)
        is_cut = service.suspension_reason is SuspensionReason.NON_PAYMENT
        if service.status is SubscriptionStatus.SUSPENDED and is_cut:
            reactivate_subscription(system, subscription_id=subscription_id, note="promised to pay")
    uow.events += system.events
