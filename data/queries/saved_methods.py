"""SELECTs about saved cards, and about the invoices that are due to be charged to them."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, literal, or_, select
from sqlalchemy.orm import aliased

from data.models.catalog import Plan, PlanPrice
from data.models.invoice import Invoice
from data.models.payment import PaymentAttempt
from data.models.payment_methods import SavedMethod
from data.models.subscription import Subscription
from data.session import Session
from data.values.kinds import BillingMode
from data.values.states import AttemptStatus, InvoiceStatus, SubscriptionStatus

FAILURES_MAX = 3  # a card that did not pay so often in a row is let be until its owner says so again


class DueCharge(NamedTuple):
    """What a saved card is to pay: an invoice, or the next period of a prepaid service."""

    invoice_id: int | None
    subscription_id: int | None
    customer_id: int
    method_id: int
    gateway: str


def find_method(session: Session, method_id: int) -> SavedMethod | None:
    """Return the saved card, or None."""
    return session.get(SavedMethod, method_id)


def method_by_signature(
    session: Session, *, customer_id: int, gateway: str, signature: str
) -> SavedMethod | None:
    """Return the customer's saved card with this signature, or None."""
    return session.scalars(
        select(SavedMethod).where(
            SavedMethod.customer_id == customer_id,
            SavedMethod.gateway == gateway,
            SavedMethod.signature == signature,
        )
    ).one_or_none()


def methods_of(session: Session, *, customer_id: int) -> list[SavedMethod]:
    """Return a customer's saved cards, newest first."""
    return list(
        session.scalars(
            select(SavedMethod).where(SavedMethod.customer_id == customer_id).order_by(SavedMethod.id.desc())
        )
    )


def due_charges(
    session: Session, *, on: date, since: datetime, gateways: Sequence[str], limit: int
) -> list[DueCharge]:
    """Return open invoices that are due and whose payer lets a card be charged, oldest due first.

    Left out are those of which a charge was begun since the instant, or is not decided yet, and expired cards.
    """
    charge = aliased(PaymentAttempt)
    begun = select(charge.id).where(
        charge.invoice_id == Invoice.id,
        charge.saved_method_id.is_not(None),
        or_(charge.started_at >= since, _is_undecided(charge)),
    )
    rows = session.execute(
        select(Invoice.id, literal(None), Invoice.customer_id, SavedMethod.id, SavedMethod.gateway)
        .join(SavedMethod, SavedMethod.customer_id == Invoice.customer_id)
        .where(
            Invoice.status == InvoiceStatus.OPEN,
            Invoice.due_on <= on,
            Invoice.total_minor > Invoice.paid_minor,
            *_may_be_charged(gateways, on),
            ~begun.exists(),
        )
        .order_by(Invoice.due_on, Invoice.id)
        .limit(limit)
    )
    return [DueCharge(*row) for row in rows]


def due_renewals(
    session: Session,
    *,
    now: datetime,
    before: datetime,
    on: date,
    gateways: Sequence[str],
    limit: int,
) -> list[DueCharge]:
    """Return open prepaid services that end between two instants and whose payer lets a card be charged, soonest first.

    Left out are plans that are not sold any more.
    """
    rows = session.execute(
        select(
            literal(None),
            Subscription.id,
            Subscription.billed_customer_id,
            SavedMethod.id,
            SavedMethod.gateway,
        )
        .join(SavedMethod, SavedMethod.customer_id == Subscription.billed_customer_id)
        .join(PlanPrice, PlanPrice.id == Subscription.plan_price_id)
        .join(Plan, Plan.id == PlanPrice.plan_id)
        .where(
            Subscription.access_until_at > now,
            Subscription.access_until_at <= before,
            Subscription.status.in_((SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE)),
            PlanPrice.billing_mode == BillingMode.PREPAID,
            Plan.archived_at.is_(None),
            *_may_be_charged(gateways, on),
        )
        .order_by(Subscription.access_until_at, Subscription.id)
        .limit(limit)
    )
    return [DueCharge(*row) for row in rows]


def _may_be_charged(gateways: Sequence[str], on: date) -> tuple[Any, ...]:
    return (
        SavedMethod.consented_at.is_not(None),
        SavedMethod.withdrawn_at.is_(None),
        SavedMethod.failures < FAILURES_MAX,
        SavedMethod.gateway.in_(gateways),
        or_(SavedMethod.expires_on.is_(None), SavedMethod.expires_on >= on),
    )


def _is_undecided(charge: Any) -> ColumnElement[bool]:
    return or_(
        charge.status.in_((AttemptStatus.CREATED, AttemptStatus.PENDING)),
        and_(charge.status == AttemptStatus.EXPIRED, charge.next_check_at.is_not(None)),
    )


def has_undecided_attempt(session: Session, *, customer_id: int, since: datetime) -> bool:
    """Tell whether a customer began a payment by hand since the instant that is not decided yet."""
    return (
        session.scalars(
            select(PaymentAttempt.id)
            .where(
                PaymentAttempt.customer_id == customer_id,
                PaymentAttempt.saved_method_id.is_(None),
                PaymentAttempt.status.in_((AttemptStatus.CREATED, AttemptStatus.PENDING)),
                PaymentAttempt.started_at >= since,
            )
            .limit(1)
        ).first()
        is not None
    )


def has_undecided_charge(session: Session, *, customer_id: int, invoice_id: int | None) -> bool:
    """Tell whether a saved card was charged for the invoice, with None ahead, and nobody knows yet how that ended."""
    return (
        session.scalars(
            select(PaymentAttempt.id)
            .where(
                PaymentAttempt.customer_id == customer_id,
                PaymentAttempt.invoice_id.is_(None)
                if invoice_id is None
                else PaymentAttempt.invoice_id == invoice_id,
                PaymentAttempt.saved_method_id.is_not(None),
                _is_undecided(PaymentAttempt),
            )
            .limit(1)
        ).first()
        is not None
    )
