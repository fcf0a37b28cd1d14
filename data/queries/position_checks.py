"""What customers' documents say together, and the numbers documents carry; for `ledger verify` and reports."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Select, func, select

from data.models.invoice import CreditNote, Invoice, NumberSequence
from data.models.payment import Payment, PaymentAllocation, Refund
from data.queries.refunds import POSTED
from data.session import Session
from data.values.states import InvoiceStatus, PaymentStatus, RefundStatus

Position = tuple[int, str]


def positions_by_documents(session: Session) -> dict[Position, int]:
    """Return what each customer owes in each currency: open invoices less credit of notes and money."""
    found: dict[Position, int] = {}
    is_live = PaymentAllocation.reversed_at.is_(None)
    signed: tuple[tuple[int, Select[Any]], ...] = (
        (
            1,
            select(Invoice.customer_id, Invoice.currency, func.sum(Invoice.total_minor - Invoice.paid_minor))
            .where(Invoice.status == InvoiceStatus.OPEN)
            .group_by(Invoice.customer_id, Invoice.currency),
        ),
        (
            -1,
            select(CreditNote.customer_id, CreditNote.currency, func.sum(CreditNote.total_minor)).group_by(
                CreditNote.customer_id, CreditNote.currency
            ),
        ),
        (
            -1,
            select(Payment.customer_id, Payment.currency, func.sum(Payment.amount_minor))
            .where(Payment.customer_id.is_not(None), Payment.status == PaymentStatus.RECEIVED)
            .group_by(Payment.customer_id, Payment.currency),
        ),
        (
            1,
            select(Invoice.customer_id, Invoice.currency, func.sum(PaymentAllocation.amount_minor))
            .join(Invoice, Invoice.id == PaymentAllocation.invoice_id)
            .where(is_live)
            .group_by(Invoice.customer_id, Invoice.currency),
        ),
        (
            1,
            select(Refund.customer_id, Refund.currency, func.sum(Refund.amount_minor))
            .where(Refund.status.in_(POSTED))
            .group_by(Refund.customer_id, Refund.currency),
        ),
    )
    for sign, statement in signed:
        for customer_id, currency, minor in session.execute(statement):
            key = (customer_id, currency)
            found[key] = found.get(key, 0) + sign * int(minor)
    return found


def under_way_by_currency(session: Session) -> dict[str, int]:
    """Return what is on its way back to customers, by currency."""
    rows = session.execute(
        select(Refund.currency, func.sum(Refund.amount_minor))
        .where(Refund.status == RefundStatus.PENDING)
        .group_by(Refund.currency)
    )
    return {currency: int(minor) for currency, minor in rows}


def document_numbers(session: Session) -> Iterator[tuple[str, str]]:
    """Yield (noun, number) of every invoice, credit note and receipt that has one."""
    columns = (
        ("invoice", Invoice.number),
        ("credit note", CreditNote.number),
        ("payment", Payment.receipt_number),
    )
    for noun, column in columns:
        for number in session.scalars(select(column).where(column.is_not(None))):
            yield noun, number or ""


def last_numbers(session: Session) -> dict[tuple[str, int], int]:
    """Return the last number given in each series and year."""
    rows = session.execute(
        select(NumberSequence.series, NumberSequence.year, NumberSequence.last_number).order_by(
            NumberSequence.series, NumberSequence.year
        )
    )
    return {(series, year): last for series, year, last in rows}
