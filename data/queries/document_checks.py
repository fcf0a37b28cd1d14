"""The checks of `ledger verify` on documents: each returns the ids of rows that break one rule, ascending.

What they say together per customer is in `position_checks`; the journal's own checks are in `journal_checks`.
"""

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true
from sqlalchemy.sql.selectable import Subquery

from data.models.cashier import MatchDecision
from data.models.invoice import (
    CreditNote,
    CreditNoteLine,
    CreditNoteLineTax,
    Invoice,
    InvoiceLine,
    InvoiceLineTax,
)
from data.models.ledger import JournalEntry
from data.models.payment import Payment, PaymentAllocation, Refund
from data.queries.refunds import LET_GO
from data.session import Session
from data.values.kinds import EntryKind
from data.values.states import InvoiceStatus, PaymentStatus, RefundStatus


def totals_that_differ_from_lines(session: Session, *, limit: int) -> list[int]:
    """Return invoices whose lines and taxes do not add up to subtotal and tax."""
    lines = _sums(InvoiceLine.invoice_id, InvoiceLine.amount_minor, InvoiceLine.tax_minor)
    return _ids(
        session,
        select(Invoice.id)
        .outerjoin(lines, lines.c.key == Invoice.id)
        .where(
            or_(
                Invoice.subtotal_minor != func.coalesce(lines.c.first, 0),
                Invoice.tax_minor != func.coalesce(lines.c.second, 0),
            )
        )
        .order_by(Invoice.id)
        .limit(limit),
    )


def line_taxes_that_differ(session: Session, *, limit: int) -> list[int]:
    """Return invoice lines whose tax is not the sum of its taxes by rate."""
    taxes = _sums(InvoiceLineTax.line_id, InvoiceLineTax.tax_minor)
    return _ids(
        session,
        select(InvoiceLine.id)
        .outerjoin(taxes, taxes.c.key == InvoiceLine.id)
        .where(InvoiceLine.tax_minor != func.coalesce(taxes.c.first, 0))
        .order_by(InvoiceLine.id)
        .limit(limit),
    )


def paid_that_differs_from_allocations(session: Session, *, limit: int) -> list[int]:
    """Return invoices whose paid amount is not the sum of their allocations."""
    allocated = _sums(
        PaymentAllocation.invoice_id,
        PaymentAllocation.amount_minor,
        where=PaymentAllocation.reversed_at.is_(None),
    )
    return _ids(
        session,
        select(Invoice.id)
        .outerjoin(allocated, allocated.c.key == Invoice.id)
        .where(Invoice.paid_minor != func.coalesce(allocated.c.first, 0))
        .order_by(Invoice.id)
        .limit(limit),
    )


def statuses_that_differ_from_payment(session: Session, *, limit: int) -> list[int]:
    """Return invoices whose status does not fit what is paid on them."""
    is_covered = Invoice.paid_minor == Invoice.total_minor
    return _ids(
        session,
        select(Invoice.id)
        .where(
            or_(
                and_(Invoice.status == InvoiceStatus.PAID, ~is_covered),
                and_(Invoice.status == InvoiceStatus.OPEN, is_covered),
                and_(Invoice.status == InvoiceStatus.UNCOLLECTIBLE, is_covered),
                and_(Invoice.status == InvoiceStatus.VOID, Invoice.paid_minor != 0),
            )
        )
        .order_by(Invoice.id)
        .limit(limit),
    )


def credited_that_differs_from_notes(session: Session, *, limit: int) -> list[int]:
    """Return invoices whose credited amount is not the sum of their credit notes, or more than their total."""
    notes = _sums(CreditNote.invoice_id, CreditNote.total_minor)
    return _ids(
        session,
        select(Invoice.id)
        .outerjoin(notes, notes.c.key == Invoice.id)
        .where(
            or_(
                Invoice.credited_minor != func.coalesce(notes.c.first, 0),
                Invoice.credited_minor > Invoice.total_minor,
            )
        )
        .order_by(Invoice.id)
        .limit(limit),
    )


def lines_credited_wrong(session: Session, *, limit: int) -> list[int]:
    """Return invoice lines credited beyond what was billed, or not as their credit notes say."""
    notes = _sums(CreditNoteLine.invoice_line_id, CreditNoteLine.amount_minor + CreditNoteLine.tax_minor)
    gross = InvoiceLine.amount_minor + InvoiceLine.tax_minor
    return _ids(
        session,
        select(InvoiceLine.id)
        .outerjoin(notes, notes.c.key == InvoiceLine.id)
        .where(
            or_(
                InvoiceLine.credited_minor != func.coalesce(notes.c.first, 0),
                func.abs(InvoiceLine.credited_minor) > func.abs(gross),
                and_(gross >= 0, InvoiceLine.credited_minor < 0),
                and_(gross <= 0, InvoiceLine.credited_minor > 0),
            )
        )
        .order_by(InvoiceLine.id)
        .limit(limit),
    )


def notes_that_differ_from_lines(session: Session, *, limit: int) -> list[int]:
    """Return credit notes whose lines do not add up to subtotal and tax."""
    lines = _sums(CreditNoteLine.credit_note_id, CreditNoteLine.amount_minor, CreditNoteLine.tax_minor)
    return _ids(
        session,
        select(CreditNote.id)
        .outerjoin(lines, lines.c.key == CreditNote.id)
        .where(
            or_(
                CreditNote.subtotal_minor != func.coalesce(lines.c.first, 0),
                CreditNote.tax_minor != func.coalesce(lines.c.second, 0),
            )
        )
        .order_by(CreditNote.id)
        .limit(limit),
    )


def note_line_taxes_that_differ(session: Session, *, limit: int) -> list[int]:
    """Return credit note lines whose tax is not the sum of its taxes by rate."""
    taxes = _sums(CreditNoteLineTax.line_id, CreditNoteLineTax.tax_minor)
    return _ids(
        session,
        select(CreditNoteLine.id)
        .outerjoin(taxes, taxes.c.key == CreditNoteLine.id)
        .where(CreditNoteLine.tax_minor != func.coalesce(taxes.c.first, 0))
        .order_by(CreditNoteLine.id)
        .limit(limit),
    )


def allocated_beyond_note(session: Session, *, limit: int) -> list[int]:
    """Return credit notes that settle more than they give."""
    allocated = _sums(
        PaymentAllocation.credit_note_id,
        PaymentAllocation.amount_minor,
        where=PaymentAllocation.reversed_at.is_(None),
    )
    return _ids(
        session,
        select(CreditNote.id)
        .join(allocated, allocated.c.key == CreditNote.id)
        .where(allocated.c.first > CreditNote.total_minor)
        .order_by(CreditNote.id)
        .limit(limit),
    )


def used_beyond_payment(session: Session, *, limit: int) -> list[int]:
    """Return payments that pay and give back more than they brought; a reversed one brought nothing."""
    allocated = _sums(
        PaymentAllocation.payment_id,
        PaymentAllocation.amount_minor,
        where=PaymentAllocation.reversed_at.is_(None),
    )
    refunded = _sums(Refund.payment_id, Refund.amount_minor, where=Refund.status.not_in(LET_GO))
    used = func.coalesce(allocated.c.first, 0) + func.coalesce(refunded.c.first, 0)
    return _ids(
        session,
        select(Payment.id)
        .outerjoin(allocated, allocated.c.key == Payment.id)
        .outerjoin(refunded, refunded.c.key == Payment.id)
        .where(
            or_(used > Payment.amount_minor, and_(Payment.status == PaymentStatus.REVERSED, used > 0)),
        )
        .order_by(Payment.id)
        .limit(limit),
    )


def allocations_across(session: Session, *, limit: int) -> list[int]:
    """Return allocations from one customer's credit to another's invoice, or across currencies.

    Not those that were taken back: their money may have found its true customer since.
    """
    return _ids(
        session,
        select(PaymentAllocation.id)
        .join(Invoice, Invoice.id == PaymentAllocation.invoice_id)
        .outerjoin(Payment, Payment.id == PaymentAllocation.payment_id)
        .outerjoin(CreditNote, CreditNote.id == PaymentAllocation.credit_note_id)
        .where(
            PaymentAllocation.reversed_at.is_(None),
            or_(
                func.coalesce(Payment.customer_id, CreditNote.customer_id, 0) != Invoice.customer_id,
                func.coalesce(Payment.currency, CreditNote.currency) != Invoice.currency,
            ),
        )
        .order_by(PaymentAllocation.id)
        .limit(limit),
    )


# Every fact about money has its entry.


def invoices_without_entry(session: Session, *, limit: int) -> list[int]:
    """Return invoices that have a number but no entry."""
    return _unposted(
        session,
        Invoice.id,
        (EntryKind.INVOICE_ISSUED,),
        "invoice",
        and_(Invoice.number.is_not(None), Invoice.total_minor > 0),
        limit,
    )


def voids_without_entry(session: Session, *, limit: int) -> list[int]:
    """Return void invoices whose voiding is not posted."""
    is_void = and_(Invoice.status == InvoiceStatus.VOID, Invoice.number.is_not(None))
    return _unposted(session, Invoice.id, (EntryKind.INVOICE_VOIDED,), "invoice", is_void, limit)


def write_offs_without_entry(session: Session, *, limit: int) -> list[int]:
    """Return written-off invoices whose write-off is not posted."""
    is_lost = Invoice.written_off_at.is_not(None)
    return _unposted(session, Invoice.id, (EntryKind.WRITE_OFF,), "invoice", is_lost, limit)


def notes_without_entry(session: Session, *, limit: int) -> list[int]:
    """Return credit notes that are not posted."""
    return _unposted(session, CreditNote.id, (EntryKind.CREDIT_NOTE,), "credit_note", true(), limit)


def payments_without_entry(session: Session, *, limit: int) -> list[int]:
    """Return payments that no entry posted."""
    kinds = (EntryKind.PAYMENT_RECEIVED, EntryKind.PAYMENT_UNMATCHED)
    return _unposted(session, Payment.id, kinds, "payment", true(), limit)


def matches_without_entry(session: Session, *, limit: int) -> list[int]:
    """Return payments that have a customer in no entry: neither as they came nor by the decision that stands."""
    at_once = select(JournalEntry.source_id).where(
        JournalEntry.kind.in_((EntryKind.PAYMENT_RECEIVED, EntryKind.PAYMENT_MATCHED)),
        JournalEntry.source_type == "payment",
    )
    is_posted = and_(
        JournalEntry.kind == EntryKind.PAYMENT_MATCHED,
        JournalEntry.source_type == "match",
        JournalEntry.source_id == MatchDecision.id,
    )
    by_decision = (
        select(MatchDecision.payment_id)
        .join(JournalEntry, is_posted)
        .where(MatchDecision.undone_at.is_(None))
    )
    decided = select(MatchDecision.payment_id)
    return _ids(
        session,
        select(Payment.id)
        .where(
            Payment.customer_id.is_not(None),
            or_(
                and_(Payment.id.not_in(decided), Payment.id.not_in(at_once)),
                and_(Payment.id.in_(decided), Payment.id.not_in(by_decision)),
            ),
        )
        .order_by(Payment.id)
        .limit(limit),
    )


def fees_without_entry(session: Session, *, limit: int) -> list[int]:
    """Return payments whose gateway's fee is not posted."""
    return _unposted(session, Payment.id, (EntryKind.GATEWAY_FEE,), "payment", Payment.fee_minor > 0, limit)


def reversals_without_entry(session: Session, *, limit: int) -> list[int]:
    """Return reversed payments whose reversal is not posted."""
    is_reversed = Payment.status == PaymentStatus.REVERSED
    return _unposted(session, Payment.id, (EntryKind.PAYMENT_REVERSED,), "payment", is_reversed, limit)


def refunds_without_entry(session: Session, *, limit: int) -> list[int]:
    """Return refunds of which a step is not posted: that it was sent, that it failed, that it went through."""
    steps = (
        (Refund.sent_at.is_not(None), EntryKind.REFUND_SENT),
        (and_(Refund.sent_at.is_not(None), Refund.status == RefundStatus.FAILED), EntryKind.REFUND_FAILED),
        (Refund.status == RefundStatus.SUCCEEDED, EntryKind.REFUND),
    )
    found = {
        row for step, kind in steps for row in _unposted(session, Refund.id, (kind,), "refund", step, limit)
    }
    return sorted(found)[:limit]


_SOURCES: dict[str, Any] = {
    "invoice": Invoice.id,
    "credit_note": CreditNote.id,
    "payment": Payment.id,
    "refund": Refund.id,
    "match": MatchDecision.id,
    "allocation": PaymentAllocation.id,
}


def entries_without_source(session: Session, *, limit: int) -> list[int]:
    """Return entries whose row is gone."""
    found: list[int] = []
    for source_type, column in _SOURCES.items():
        found += _ids(
            session,
            select(JournalEntry.id)
            .outerjoin(column.class_, column == JournalEntry.source_id)
            .where(JournalEntry.source_type == source_type, column.is_(None))
            .order_by(JournalEntry.id)
            .limit(limit),
        )
    return sorted(found)[:limit]


def _unposted(
    session: Session,
    row_id: Any,
    kinds: tuple[EntryKind, ...],
    source_type: str,
    where: ColumnElement[bool],
    limit: int,
) -> list[int]:
    posted = select(JournalEntry.source_id).where(
        JournalEntry.kind.in_(kinds), JournalEntry.source_type == source_type
    )
    return _ids(session, select(row_id).where(where, row_id.not_in(posted)).order_by(row_id).limit(limit))


def _sums(key: Any, *amounts: Any, where: ColumnElement[bool] | None = None) -> Subquery:
    names = ("first", "second")
    columns = [func.sum(amount).label(name) for name, amount in zip(names, amounts, strict=False)]
    statement = select(key.label("key"), *columns).group_by(key)
    return (statement if where is None else statement.where(where)).subquery()


def _ids(session: Session, statement: Select[Any]) -> list[int]:
    return [row for row in session.scalars(statement) if row is not None]
