"""SELECTs about saved cards, and about the invoices and renewals that are due to be charged to them."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, String, and_, cast, literal, or_, select

from data.models.catalog import Plan, PlanPrice
from data.models.invoice import Invoice
from data.models.payment import PaymentAttempt
from data.models.payment_methods import SavedMethod
from data.models.subscription import Subscription
from data.session import Session
from data.values.kinds import BillingMode
from data.values.states import AttemptStatus, InvoiceStatus, SubscriptionStatus

RENEWAL_PREFIX = "BFXR"  # begins the reference of a charge ahead; the subscription, "D" and the day follow
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
    begun = select(PaymentAttempt.id).where(
        PaymentAttempt.invoice_id == Invoice.id,
        PaymentAttempt.saved_method_id.is_not(None),
        or_(PaymentAttempt.started_at >= since, _is_undecided()),
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
        .order_by(Invoice.due_on, Invoice.id, SavedMethod.id.desc())
        .limit(limit)
    )
    return [DueCharge(*row) for row in rows]


def due_renewals(
    session: Session,
    *,
    now: datetime,
    before: datetime,
    on: date,
    since: datetime,
    gateways: Sequence[str],
    limit: int,
) -> list[DueCharge]:
    """Return open prepaid services that end between two instants and whose payer lets a card be charged, soonest first.

    Left out are plans that are not sold any more, those of which a charge was begun since the instant `since`, and
    those of a payer whose last charge ahead is not decided yet.
    """
    begun = select(PaymentAttempt.id).where(
        PaymentAttempt.customer_id == Subscription.billed_customer_id,
        PaymentAttempt.invoice_id.is_(None),
        PaymentAttempt.saved_method_id.is_not(None),
        or_(
            and_(
                PaymentAttempt.started_at >= since,
                PaymentAttempt.reference.like(
                    literal(RENEWAL_PREFIX).concat(cast(Subscription.id, String)).concat("D%")
                ),
            ),
            _is_undecided(),
        ),
    )
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
            ~begun.exists(),
        )
        .order_by(Subscription.access_until_at, Subscription.id, SavedMethod.id.desc())
        .limit(limit)
    )
    return [DueCharge(*row) for row in rows]


def _may_be_charged(gateways: Sequence[str], on: date) -> tuple[ColumnElement[bool] | bool, ...]:
    return (
        SavedMethod.consented_at.is_not(None),
        SavedMethod.withdrawn_at.is_(None),
        SavedMethod.failures < FAILURES_MAX,
        SavedMethod.gateway.in_(gateways),
        or_(SavedMethod.expires_on.is_(None), SavedMethod.expires_on >= on),
    )


def _is_undecided() -> ColumnElement[bool]:
    """Return whether an attempt may still take money: it runs, or its time is over and it is asked about."""
    return or_(
        PaymentAttempt.status.in_((AttemptStatus.CREATED, AttemptStatus.PENDING)),
        and_(PaymentAttempt.status == AttemptStatus.EXPIRED, PaymentAttempt.next_check_at.is_not(None)),
    )


def has_undecided_attempt(session: Session, *, customer_id: int, since: datetime) -> bool:
    """Tell whether a customer began a payment by hand since the instant that is not decided yet."""
    return (
        session.scalars(
            select(PaymentAttempt.id)
            .where(
                PaymentAttempt.customer_id == customer_id,
                PaymentAttempt.saved_method_id.is_(None),
                PaymentAttempt.started_at >= since,
                _is_undecided(),
            )
            .limit(1)
        ).first()
        is not None
    )


def has_undecided_charge(session: Session, *, customer_id: int, invoice_id: int | None) -> bool:
    """Tell whether nobody knows yet how a charge of a saved card for this invoice ended.

    None asks about charges for what is paid ahead.
    """
    return (
        session.scalars(
            select(PaymentAttempt.id)
            .where(
                PaymentAttempt.customer_id == customer_id,
                PaymentAttempt.invoice_id.is_(None)
                if invoice_id is None
                else PaymentAttempt.invoice_id == invoice_id,
                PaymentAttempt.saved_method_id.is_not(None),
                _is_undecided(),
            )
            .limit(1)
        ).first()
        is not None
    )
