"""SELECTs about who is chased: everything that decides about a page of customers, in a fixed number of statements."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import and_, func, or_, select

from data.models.catalog import PlanPrice
from data.models.customer import Customer, PaymentPromise
from data.models.invoice import Invoice, InvoiceLine, InvoiceReminder
from data.models.operations import AuditEvent
from data.models.payment import Payment
from data.models.subscription import Subscription
from data.queries.bulk import unindexed
from data.session import Session
from data.values.kinds import BillingMode, LineKind, SuspensionReason
from data.values.states import InvoiceStatus, PaymentStatus, PromiseStatus, SubscriptionStatus

_CUT = and_(
    Subscription.status == SubscriptionStatus.SUSPENDED,
    Subscription.suspension_reason == SuspensionReason.NON_PAYMENT,
)


class ChasedInvoice(NamedTuple):
    """An open invoice; `has_only_fees` is one that charges late fees and nothing else."""

    invoice_id: int
    customer_id: int
    number: str
    due_on: date
    open_minor: int
    currency: str
    has_only_fees: bool


class ChasedService(NamedTuple):
    """A service that is paid for by invoice and has not ended."""

    subscription_id: int
    payer_id: int
    customer_id: int
    status: SubscriptionStatus
    suspension_reason: SuspensionReason | None
    is_throttled: bool


class ChasedCustomer(NamedTuple):
    """What holds dunning off for one payer."""

    customer_id: int
    name: str
    deferred_until_on: date | None
    promised_until_on: date | None


def customers_in_dunning(
    session: Session, *, due_until_on: date, after_id: int = 0, limit: int = 200
) -> list[int]:
    """Return ids above `after_id`, ascending, of payers about whom dunning may have something to do.

    These are they who owe something due by the day, gave their word, or have a service that is marked late.
    """
    owing = (
        select(Invoice.customer_id)
        .where(
            Invoice.status == InvoiceStatus.OPEN,
            Invoice.due_on <= due_until_on,
            Invoice.customer_id > after_id,
        )
        .distinct()
        .order_by(Invoice.customer_id)
        .limit(limit)
    )
    promising = (
        select(Customer.id)
        .where(Customer.promised_until_on.is_not(None), Customer.id > after_id)
        .order_by(Customer.id)
        .limit(limit)
    )
    held = (
        select(Subscription.billed_customer_id)
        .where(
            Subscription.billed_customer_id > after_id,
            or_(Subscription.status == SubscriptionStatus.PAST_DUE, Subscription.is_throttled, _CUT),
        )
        .distinct()
        .order_by(Subscription.billed_customer_id)
        .limit(limit)
    )
    found: set[int] = set()
    for statement in (owing, promising, held):
        found.update(session.scalars(statement))
    return sorted(found)[:limit]


def chased_customers(session: Session, customer_ids: Sequence[int]) -> list[ChasedCustomer]:
    """Return what holds dunning off for these payers, by id."""
    rows = session.execute(
        select(Customer.id, Customer.name, Customer.dunning_deferred_until_on, Customer.promised_until_on)
        .where(Customer.id.in_(customer_ids))
        .order_by(Customer.id)
    )
    return [ChasedCustomer(*row) for row in rows]


def chased_invoices(
    session: Session, customer_ids: Sequence[int], *, due_until_on: date
) -> list[ChasedInvoice]:
    """Return the open invoices of these payers that are due by the day, oldest first."""
    others = (
        select(InvoiceLine.id)
        .where(InvoiceLine.invoice_id == Invoice.id, InvoiceLine.kind != LineKind.LATE_FEE)
        .exists()
    )
    rows = session.execute(
        select(
            Invoice.id,
            Invoice.customer_id,
            Invoice.number,
            Invoice.due_on,
            Invoice.total_minor - Invoice.paid_minor,
            Invoice.currency,
            ~others,
        )
        .where(
            Invoice.customer_id.in_(customer_ids),
            unindexed(Invoice.status) == InvoiceStatus.OPEN.value,
            Invoice.due_on <= due_until_on,
        )
        .order_by(Invoice.due_on, Invoice.id)
    )
    return [
        ChasedInvoice(row[0], row[1], row[2] or "", row[3], int(row[4]), row[5], bool(row[6])) for row in rows
    ]


def steps_taken(session: Session, invoice_ids: Sequence[int]) -> dict[int, frozenset[str]]:
    """Return the dunning steps that were taken, by invoice."""
    found: dict[int, set[str]] = {}
    for invoice_id, step in session.execute(
        select(InvoiceReminder.invoice_id, InvoiceReminder.step).where(
            InvoiceReminder.invoice_id.in_(invoice_ids)
        )
    ):
        found.setdefault(invoice_id, set()).add(step)
    return {invoice_id: frozenset(steps) for invoice_id, steps in found.items()}


def chased_services(session: Session, payer_ids: Sequence[int]) -> list[ChasedService]:
    """Return the services that these payers pay by invoice and that have not ended, by id."""
    rows = session.execute(
        select(
            Subscription.id,
            Subscription.billed_customer_id,
            Subscription.customer_id,
            Subscription.status,
            Subscription.suspension_reason,
            Subscription.is_throttled,
        )
        .join(PlanPrice, PlanPrice.id == Subscription.plan_price_id)
        .where(
            Subscription.billed_customer_id.in_(payer_ids),
            unindexed(Subscription.status) != SubscriptionStatus.ENDED.value,
            PlanPrice.billing_mode == BillingMode.POSTPAID,
        )
        .order_by(Subscription.id)
    )
    return [ChasedService(*row) for row in rows]


def count_active_services(session: Session) -> int:
    """Return how many services are on."""
    return session.execute(
        select(func.count())
        .select_from(Subscription)
        .where(Subscription.status.in_([SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE]))
    ).scalar_one()


def open_promise(session: Session, *, customer_id: int) -> PaymentPromise | None:
    """Return the customer's promise that runs, or None."""
    return session.scalars(
        select(PaymentPromise).where(
            PaymentPromise.customer_id == customer_id, PaymentPromise.status == PromiseStatus.OPEN
        )
    ).first()


def promises_of(session: Session, *, customer_id: int, limit: int = 20) -> list[PaymentPromise]:
    """Return the customer's promises, newest first."""
    return list(
        session.scalars(
            select(PaymentPromise)
            .where(PaymentPromise.customer_id == customer_id)
            .order_by(PaymentPromise.id.desc())
            .limit(limit)
        )
    )


def has_broken_promise(session: Session, *, customer_id: int, since: datetime) -> bool:
    """Return whether the customer broke a promise since."""
    return (
        session.execute(
            select(PaymentPromise.id).where(
                PaymentPromise.customer_id == customer_id,
                PaymentPromise.status == PromiseStatus.BROKEN,
                PaymentPromise.settled_at >= since,
            )
        ).first()
        is not None
    )


def paid_since(session: Session, *, customer_id: int, currency: str, since: datetime) -> int:
    """Return how much the customer paid since, in minor units."""
    return int(
        session.execute(
            select(func.coalesce(func.sum(Payment.amount_minor), 0)).where(
                Payment.customer_id == customer_id,
                Payment.currency == currency,
                Payment.status == PaymentStatus.RECEIVED,
                Payment.received_at >= since,
            )
        ).scalar_one()
    )


def last_word(session: Session, *, entity: str, entity_id: int, since: datetime) -> AuditEvent | None:
    """Return the newest audit line about one thing since, or None."""
    return session.scalars(
        select(AuditEvent)
        .where(AuditEvent.entity == entity, AuditEvent.entity_id == entity_id, AuditEvent.at >= since)
        .order_by(AuditEvent.id.desc())
        .limit(1)
    ).first()
