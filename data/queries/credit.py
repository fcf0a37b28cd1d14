"""SELECTs about credit: what of customers' credit notes and payments settles nothing yet."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ScalarSelect, func, select

from data.models.invoice import CreditNote
from data.models.payment import Payment, PaymentAllocation, Refund
from data.queries.bulk import among
from data.session import Session
from data.values.states import PaymentStatus, RefundStatus


class CreditSource(NamedTuple):
    """Where a customer's credit comes from, one of the two, and how much of it is left."""

    customer_id: int
    currency: str
    remainder_minor: int
    payment_id: int | None = None
    credit_note_id: int | None = None


def credit_of(session: Session, customer_ids: Sequence[int]) -> dict[int, list[CreditSource]]:
    """Return the credit of those customers who have some, in the order in which it pays.

    Credit notes before payments, oldest first; what is refunded or being refunded is no credit.
    """
    found: dict[int, list[CreditSource]] = {}
    for source in (*_notes(session, customer_ids), *_payments(session, customer_ids)):
        found.setdefault(source.customer_id, []).append(source)
    return found


def _notes(session: Session, customer_ids: Sequence[int]) -> list[CreditSource]:
    remainder = CreditNote.total_minor - _allocated(PaymentAllocation.credit_note_id == CreditNote.id)
    rows = session.execute(
        select(CreditNote.customer_id, CreditNote.currency, remainder, CreditNote.id)
        .where(among(CreditNote.customer_id, customer_ids), remainder > 0)
        .order_by(CreditNote.id)
    )
    return [CreditSource(row[0], row[1], int(row[2]), credit_note_id=row[3]) for row in rows]


def _payments(session: Session, customer_ids: Sequence[int]) -> list[CreditSource]:
    refunded = (
        select(func.coalesce(func.sum(Refund.amount_minor), 0))
        .where(Refund.payment_id == Payment.id, Refund.status != RefundStatus.FAILED)
        .scalar_subquery()
    )
    remainder = Payment.amount_minor - _allocated(PaymentAllocation.payment_id == Payment.id) - refunded
    rows = session.execute(
        select(Payment.customer_id, Payment.currency, remainder, Payment.id)
        .where(
            among(Payment.customer_id, customer_ids), Payment.status == PaymentStatus.RECEIVED, remainder > 0
        )
        .order_by(Payment.received_at, Payment.id)
    )
    return [CreditSource(row[0], row[1], int(row[2]), payment_id=row[3]) for row in rows]


def _allocated(of_source: Any) -> ScalarSelect[Any]:
    # A question a row, by index: grouping all allocations first would read the whole table.
    return (
        select(func.coalesce(func.sum(PaymentAllocation.amount_minor), 0))
        .where(of_source, PaymentAllocation.reversed_at.is_(None))
        .scalar_subquery()
    )
