"""SELECTs about saved cards, and about the invoices that are due to be charged to them."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import aliased

from data.models.invoice import Invoice
from data.models.payment import PaymentAttempt
from data.models.payment_methods import SavedMethod
from data.session import Session
from data.values.states import AttemptStatus, InvoiceStatus

FAILURES_MAX = 3  # a card that did not pay so often in a row is let be until its owner says so again


class DueCharge(NamedTuple):
    """An invoice and the saved card that pays it."""

    invoice_id: int
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
        or_(
            charge.started_at >= since,
            charge.status.in_((AttemptStatus.CREATED, AttemptStatus.PENDING)),
            and_(charge.status == AttemptStatus.EXPIRED, charge.next_check_at.is_not(None)),
        ),
    )
    rows = session.execute(
        select(Invoice.id, Invoice.customer_id, SavedMethod.id, SavedMethod.gateway)
        .join(SavedMethod, SavedMethod.customer_id == Invoice.customer_id)
        .where(
            Invoice.status == InvoiceStatus.OPEN,
            Invoice.due_on <= on,
            Invoice.total_minor > Invoice.paid_minor,
            SavedMethod.consented_at.is_not(None),
            SavedMethod.withdrawn_at.is_(None),
            SavedMethod.failures < FAILURES_MAX,
            SavedMethod.gateway.in_(gateways),
            or_(SavedMethod.expires_on.is_(None), SavedMethod.expires_on >= on),
            ~begun.exists(),
        )
        .order_by(Invoice.due_on, Invoice.id)
        .limit(limit)
    )
    return [DueCharge(*row) for row in rows]


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


def has_undecided_charge(session: Session, *, invoice_id: int) -> bool:
    """Tell whether a saved card was charged for the invoice and nobody knows yet how that ended."""
    return (
        session.scalars(
            select(PaymentAttempt.id)
            .where(
                PaymentAttempt.invoice_id == invoice_id,
                PaymentAttempt.saved_method_id.is_not(None),
                or_(
                    PaymentAttempt.status.in_((AttemptStatus.CREATED, AttemptStatus.PENDING)),
                    and_(
                        PaymentAttempt.status == AttemptStatus.EXPIRED,
                        PaymentAttempt.next_check_at.is_not(None),
                    ),
                ),
            )
            .limit(1)
        ).first()
        is not None
    )
