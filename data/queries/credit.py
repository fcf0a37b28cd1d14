"""What of customers' credit notes and payments settles nothing yet, and how it comes to settle invoices."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ScalarSelect, bindparam, func, select, update

from data.columns import MinorUnits, UtcDateTime
from data.models.invoice import CreditNote, Invoice
from data.models.payment import Payment, PaymentAllocation, Refund
from data.queries.bulk import Bulk, BulkInsert, BulkSelect, Values, among_named, unindexed
from data.queries.refunds import LET_GO
from data.session import Session
from data.values.states import InvoiceStatus, PaymentStatus


class CreditSource(NamedTuple):
    """Where a customer's credit comes from, one of the two, and how much of it is left."""

    customer_id: int
    currency: str
    remainder_minor: int
    payment_id: int | None = None
    credit_note_id: int | None = None


def credit_of(session: Session, customer_ids: Sequence[int]) -> dict[int, list[CreditSource]]:
    """Return the credit of those customers who have some, in the order in which it pays.

    Credit notes before payments, oldest first; what is refunded, or asked to be, is no credit.
    """
    found: dict[int, list[CreditSource]] = {}
    for customer_id, currency, minor, note_id in _NOTES.rows(session, customer_ids=customer_ids):
        source = CreditSource(customer_id, currency, int(minor), credit_note_id=note_id)
        found.setdefault(customer_id, []).append(source)
    for customer_id, currency, minor, payment_id in _PAYMENTS.rows(session, customer_ids=customer_ids):
        source = CreditSource(customer_id, currency, int(minor), payment_id=payment_id)
        found.setdefault(customer_id, []).append(source)
    return found


class OpenRow(NamedTuple):
    """An invoice that can take money, and how much it lacks."""

    id: int
    customer_id: int
    currency: str
    outstanding_minor: int


_OPEN = BulkSelect(
    select(Invoice.id, Invoice.customer_id, Invoice.currency, Invoice.total_minor - Invoice.paid_minor)
    .where(
        among_named(Invoice.customer_id, "customer_ids"),
        unindexed(Invoice.status) == InvoiceStatus.OPEN.value,
    )
    .order_by(Invoice.due_on, Invoice.id)
)


def open_invoices_of(session: Session, customer_ids: Sequence[int]) -> list[OpenRow]:
    """Return the customers' invoices that can take money, oldest due first."""
    return [OpenRow._make(row) for row in _OPEN.rows(session, customer_ids=customer_ids)]


_ALLOCATIONS = BulkInsert(
    PaymentAllocation, ("payment_id", "credit_note_id", "invoice_id", "amount_minor", "at", "reversed_at")
)
_PAID_PARTS = Bulk(
    update(Invoice)
    .where(Invoice.id == bindparam("invoice_id"))
    .values(
        paid_minor=Invoice.paid_minor + bindparam("part", type_=MinorUnits),
        status=bindparam("new_status"),
        paid_at=bindparam("paid"),
        updated_at=bindparam("now", type_=UtcDateTime),
    ),
    ("invoice_id", "part", "new_status", "paid", "now"),
)


def pay_invoices(session: Session, allocations: Sequence[Values], parts: Sequence[Values]) -> None:
    """Settle open invoices, and forget what the session knows of them.

    Allocations: payment id, credit note id, invoice id, minor units, at, reversed at. Parts: invoice id, minor
    units, status then, when it was paid in full.
    """
    now: datetime = session.info["now"]
    _ALLOCATIONS.run(session, allocations)
    _PAID_PARTS.run(session, [(*row, now) for row in parts])
    if parts:
        session.expire_all()


def _allocated(of_source: Any) -> ScalarSelect[Any]:
    # A question a row, by index: grouping all allocations first would read the whole table.
    return (
        select(func.coalesce(func.sum(PaymentAllocation.amount_minor), 0))
        .where(of_source, PaymentAllocation.reversed_at.is_(None))
        .scalar_subquery()
    )


_NOTE_REMAINDER = CreditNote.total_minor - _allocated(PaymentAllocation.credit_note_id == CreditNote.id)
_NOTES = BulkSelect(
    select(CreditNote.customer_id, CreditNote.currency, _NOTE_REMAINDER, CreditNote.id)
    .where(among_named(CreditNote.customer_id, "customer_ids"), _NOTE_REMAINDER > 0)
    .order_by(CreditNote.id)
)
_REFUNDED = (
    select(func.coalesce(func.sum(Refund.amount_minor), 0))
    .where(Refund.payment_id == Payment.id, *(Refund.status != gone for gone in LET_GO))
    .scalar_subquery()
)
_PAYMENT_REMAINDER = Payment.amount_minor - _allocated(PaymentAllocation.payment_id == Payment.id) - _REFUNDED
_PAYMENTS = BulkSelect(
    select(Payment.customer_id, Payment.currency, _PAYMENT_REMAINDER, Payment.id)
    .where(
        among_named(Payment.customer_id, "customer_ids"),
        unindexed(Payment.status) == PaymentStatus.RECEIVED.value,
        _PAYMENT_REMAINDER > 0,
    )
    .order_by(Payment.received_at, Payment.id)
)
