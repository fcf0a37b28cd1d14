"""What debts took from services and what stands against those: a few statements, however many payers.

Columns and no rows, since most of whoever pays has nothing to be given back.
"""

from collections.abc import Collection
from datetime import date
from typing import NamedTuple

from sqlalchemy import and_, bindparam, func, or_, select

from data.models.catalog import PlanPrice
from data.models.customer import PaymentPromise
from data.models.invoice import Invoice, InvoiceLine
from data.models.subscription import Subscription
from data.queries.bulk import BulkSelect, among_named, unindexed
from data.session import Session
from data.values.kinds import BillingMode, SuspensionReason
from data.values.states import InvoiceStatus, PromiseStatus, SubscriptionStatus


class TakenService(NamedTuple):
    """A service that a debt suspended, slowed or made past due; `payer_id` is who was asked about."""

    payer_id: int
    subscription_id: int
    billed_customer_id: int
    status: SubscriptionStatus
    suspension_reason: SuspensionReason | None
    is_throttled: bool


_STATUS = unindexed(Subscription.status)
_IS_TAKEN = or_(
    Subscription.is_throttled,
    SubscriptionStatus.PAST_DUE.value == _STATUS,
    and_(
        SubscriptionStatus.SUSPENDED.value == _STATUS,
        Subscription.suspension_reason == SuspensionReason.NON_PAYMENT,
    ),
)
_TAKEN_COLUMNS = (
    Subscription.id,
    Subscription.billed_customer_id,
    Subscription.status,
    Subscription.suspension_reason,
    Subscription.is_throttled,
)
_BILLED = BulkSelect(
    select(Subscription.billed_customer_id, *_TAKEN_COLUMNS).where(
        among_named(Subscription.billed_customer_id, "payer_ids"), _IS_TAKEN
    )
)
_CHARGED_BEFORE = BulkSelect(
    select(Invoice.customer_id, *_TAKEN_COLUMNS)
    .join(InvoiceLine, InvoiceLine.invoice_id == Invoice.id)
    .join(Subscription, Subscription.id == InvoiceLine.subscription_id)
    .where(
        among_named(Invoice.customer_id, "payer_ids"),
        Subscription.billed_customer_id != Invoice.customer_id,
        _IS_TAKEN,
    )
    .distinct()
)


def services_taken(session: Session, *, payer_ids: Collection[int]) -> list[TakenService]:
    """Return the services taken from those billed to these payers, or ever charged to them, oldest first."""
    rows = _BILLED.rows(session, payer_ids=list(payer_ids))
    rows += _CHARGED_BEFORE.rows(session, payer_ids=list(payer_ids))
    return sorted((TakenService._make(row) for row in rows), key=lambda found: found.subscription_id)


_OWED = Invoice.total_minor - Invoice.paid_minor
_IS_LATE = (unindexed(Invoice.status) == InvoiceStatus.OPEN.value, Invoice.due_on < bindparam("on"))
_OVERDUE = BulkSelect(
    select(Invoice.customer_id, func.sum(_OWED))
    .where(among_named(Invoice.customer_id, "payer_ids"), *_IS_LATE)
    .group_by(Invoice.customer_id)
)


def overdue_minor(session: Session, *, payer_ids: Collection[int], on: date) -> dict[int, int]:
    """Return what each of these payers owes on invoices due before the day; who owes nothing is left out."""
    return {row[0]: int(row[1]) for row in _OVERDUE.rows(session, payer_ids=list(payer_ids), on=on)}


_OF_PAYER = BulkSelect(
    select(Subscription.id, Invoice.id, _OWED)
    .join(Invoice, Invoice.customer_id == Subscription.billed_customer_id)
    .where(among_named(Subscription.id, "subscription_ids"), *_IS_LATE)
)
_OF_OTHERS = BulkSelect(
    select(InvoiceLine.subscription_id, Invoice.id, _OWED)
    .join(Invoice, Invoice.id == InvoiceLine.invoice_id)
    .where(among_named(InvoiceLine.subscription_id, "subscription_ids"), *_IS_LATE)
)


def against_minor(session: Session, *, subscription_ids: Collection[int], on: date) -> dict[int, int]:
    """Return what is overdue against each service: of who pays for it, and of others that charged it."""
    ids = list(subscription_ids)
    owed = {
        (row[0], row[1]): int(row[2])
        for question in (_OF_PAYER, _OF_OTHERS)
        for row in question.rows(session, subscription_ids=ids, on=on)
    }
    against = dict.fromkeys(ids, 0)
    for (subscription_id, _), minor in owed.items():
        against[subscription_id] += minor
    return against


_PROMISED = BulkSelect(
    select(PaymentPromise.customer_id).where(
        among_named(PaymentPromise.customer_id, "customer_ids"),
        PaymentPromise.status == PromiseStatus.OPEN,
    )
)


def customers_with_promise(session: Session, *, customer_ids: Collection[int]) -> list[int]:
    """Return which of these customers have a promise to pay that runs."""
    return [row[0] for row in _PROMISED.rows(session, customer_ids=list(customer_ids))]


_PREPAID_PAYERS = BulkSelect(
    select(Subscription.billed_customer_id)
    .join(PlanPrice, PlanPrice.id == Subscription.plan_price_id)
    .where(
        among_named(Subscription.billed_customer_id, "payer_ids"),
        PlanPrice.billing_mode == BillingMode.PREPAID,
    )
    .distinct()
)


def prepaid_payers(session: Session, *, payer_ids: Collection[int]) -> list[int]:
    """Return who of these payers has, or had, a prepaid service."""
    return [row[0] for row in _PREPAID_PAYERS.rows(session, payer_ids=list(payer_ids))]
