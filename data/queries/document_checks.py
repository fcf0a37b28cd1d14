"""The checks of `ledger verify` on documents: each selects the ids of rows that break one rule.

What they say together per customer is in `position_checks`; the journal's own checks are in `journal_checks`.
"""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    and_,
    func,
    literal_column,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.sql.selectable import Subquery

from data.models.cashier import CashierShift, MatchDecision, Sweep
from data.models.invoice import (
    CreditNote,
    CreditNoteLine,
    CreditNoteLineTax,
    Invoice,
    InvoiceLine,
    InvoiceLineTax,
)
from data.models.ledger import JournalEntry, LedgerAccount, Posting
from data.models.payment import Payment, PaymentAllocation, Refund
from data.models.reconciliation import GatewayBalance
from data.queries.refunds import LET_GO
from data.session import Session
from data.values.kinds import AccountKind, EntryKind
from data.values.states import InvoiceStatus, PaymentStatus, RefundStatus

Check = Callable[[], Select[Any]]


def broken_rows(session: Session, *, checks: tuple[Check, ...], limit: int) -> Iterator[tuple[int, int]]:
    """Yield (place of the check, id of a row that breaks it), both ascending, at most `limit` ids each.

    They are asked in one statement, which is built once: alone, building them took most of the time.
    """
    found = session.execute(_in_one_statement(checks, limit))
    yield from sorted((place, row_id) for place, row_id in found)


@cache
def _in_one_statement(checks: tuple[Check, ...], limit: int) -> CompoundSelect[Any]:
    parts = []
    for place, check in enumerate(checks):
        broken = check()
        (row_id,) = broken.selected_columns
        rows = broken.order_by(row_id).limit(limit).subquery()
        parts.append(select(literal_column(str(place)), *rows.c))
    return union_all(*parts)


def totals_that_differ_from_lines() -> Select[Any]:
    """Select invoices whose lines and taxes do not add up to subtotal and tax."""
    lines = _sums(InvoiceLine.invoice_id, InvoiceLine.amount_minor, InvoiceLine.tax_minor)
    return (
        select(Invoice.id)
        .outerjoin(lines, lines.c.key == Invoice.id)
        .where(
            or_(
                Invoice.subtotal_minor != func.coalesce(lines.c.first, 0),
                Invoice.tax_minor != func.coalesce(lines.c.second, 0),
            )
        )
    )


def line_taxes_that_differ() -> Select[Any]:
    """Select invoice lines whose tax is not the sum of its taxes by rate."""
    taxes = _sums(InvoiceLineTax.line_id, InvoiceLineTax.tax_minor)
    return (
        select(InvoiceLine.id)
        .outerjoin(taxes, taxes.c.key == InvoiceLine.id)
        .where(InvoiceLine.tax_minor != func.coalesce(taxes.c.first, 0))
    )


def paid_that_differs_from_allocations() -> Select[Any]:
    """Select invoices whose paid amount is not the sum of their allocations."""
    allocated = _sums(
        PaymentAllocation.invoice_id,
        PaymentAllocation.amount_minor,
        where=PaymentAllocation.reversed_at.is_(None),
    )
    return (
        select(Invoice.id)
        .outerjoin(allocated, allocated.c.key == Invoice.id)
        .where(Invoice.paid_minor != func.coalesce(allocated.c.first, 0))
    )


def statuses_that_differ_from_payment() -> Select[Any]:
    """Select invoices whose status does not fit what is paid on them."""
    is_covered = Invoice.paid_minor == Invoice.total_minor
    return select(Invoice.id).where(
        or_(
            and_(Invoice.status == InvoiceStatus.PAID, ~is_covered),
            and_(Invoice.status == InvoiceStatus.OPEN, is_covered),
            and_(Invoice.status == InvoiceStatus.UNCOLLECTIBLE, is_covered),
            and_(Invoice.status == InvoiceStatus.VOID, Invoice.paid_minor != 0),
        )
    )


def credited_that_differs_from_notes() -> Select[Any]:
    """Select invoices whose credited amount is not the sum of their credit notes, or more than their total."""
    notes = _sums(CreditNote.invoice_id, CreditNote.total_minor)
    return (
        select(Invoice.id)
        .outerjoin(notes, notes.c.key == Invoice.id)
        .where(
            or_(
                Invoice.credited_minor != func.coalesce(notes.c.first, 0),
                Invoice.credited_minor > Invoice.total_minor,
            )
        )
    )


def lines_credited_wrong() -> Select[Any]:
    """Select invoice lines credited beyond what was billed, or not as their credit notes say."""
    notes = _sums(CreditNoteLine.invoice_line_id, CreditNoteLine.amount_minor + CreditNoteLine.tax_minor)
    gross = InvoiceLine.amount_minor + InvoiceLine.tax_minor
    return (
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
    )


def notes_that_differ_from_lines() -> Select[Any]:
    """Select credit notes whose lines do not add up to subtotal and tax."""
    lines = _sums(CreditNoteLine.credit_note_id, CreditNoteLine.amount_minor, CreditNoteLine.tax_minor)
    return (
        select(CreditNote.id)
        .outerjoin(lines, lines.c.key == CreditNote.id)
        .where(
            or_(
                CreditNote.subtotal_minor != func.coalesce(lines.c.first, 0),
                CreditNote.tax_minor != func.coalesce(lines.c.second, 0),
            )
        )
    )


def note_line_taxes_that_differ() -> Select[Any]:
    """Select credit note lines whose tax is not the sum of its taxes by rate."""
    taxes = _sums(CreditNoteLineTax.line_id, CreditNoteLineTax.tax_minor)
    return (
        select(CreditNoteLine.id)
        .outerjoin(taxes, taxes.c.key == CreditNoteLine.id)
        .where(CreditNoteLine.tax_minor != func.coalesce(taxes.c.first, 0))
    )


def allocated_beyond_note() -> Select[Any]:
    """Select credit notes that settle more than they give."""
    allocated = _sums(
        PaymentAllocation.credit_note_id,
        PaymentAllocation.amount_minor,
        where=PaymentAllocation.reversed_at.is_(None),
    )
    return (
        select(CreditNote.id)
        .join(allocated, allocated.c.key == CreditNote.id)
        .where(allocated.c.first > CreditNote.total_minor)
    )


def used_beyond_payment() -> Select[Any]:
    """Select payments that pay and give back more than they brought; a reversed one brought nothing."""
    allocated = _sums(
        PaymentAllocation.payment_id,
        PaymentAllocation.amount_minor,
        where=PaymentAllocation.reversed_at.is_(None),
    )
    refunded = _sums(Refund.payment_id, Refund.amount_minor, where=Refund.status.not_in(LET_GO))
    used = func.coalesce(allocated.c.first, 0) + func.coalesce(refunded.c.first, 0)
    return (
        select(Payment.id)
        .outerjoin(allocated, allocated.c.key == Payment.id)
        .outerjoin(refunded, refunded.c.key == Payment.id)
        .where(
            or_(used > Payment.amount_minor, and_(Payment.status == PaymentStatus.REVERSED, used > 0)),
        )
    )


def allocations_across() -> Select[Any]:
    """Select allocations from one customer's credit to another's invoice, or across currencies.

    Not those that were taken back: their money may have found its true customer since.
    """
    return (
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
    )


# Every fact about money has its entry.


def invoices_without_entry() -> Select[Any]:
    """Select invoices that have a number but no entry."""
    return _unposted(
        Invoice.id,
        (EntryKind.INVOICE_ISSUED,),
        "invoice",
        and_(Invoice.number.is_not(None), Invoice.total_minor > 0),
    )


def voids_without_entry() -> Select[Any]:
    """Select void invoices whose voiding is not posted."""
    is_void = and_(Invoice.status == InvoiceStatus.VOID, Invoice.number.is_not(None))
    return _unposted(Invoice.id, (EntryKind.INVOICE_VOIDED,), "invoice", is_void)


def write_offs_without_entry() -> Select[Any]:
    """Select written-off invoices whose write-off is not posted."""
    is_lost = Invoice.written_off_at.is_not(None)
    return _unposted(Invoice.id, (EntryKind.WRITE_OFF,), "invoice", is_lost)


def notes_without_entry() -> Select[Any]:
    """Select credit notes that are not posted."""
    return _unposted(CreditNote.id, (EntryKind.CREDIT_NOTE,), "credit_note", true())


def payments_without_entry() -> Select[Any]:
    """Select payments that no entry posted."""
    kinds = (EntryKind.PAYMENT_RECEIVED, EntryKind.PAYMENT_UNMATCHED)
    return _unposted(Payment.id, kinds, "payment", true())


def matches_without_entry() -> Select[Any]:
    """Select payments that have a customer in no entry: neither as they came nor by the decision that stands."""
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
    return select(Payment.id).where(
        Payment.customer_id.is_not(None),
        or_(
            and_(Payment.id.not_in(decided), Payment.id.not_in(at_once)),
            and_(Payment.id.in_(decided), Payment.id.not_in(by_decision)),
        ),
    )


def fees_that_differ_from_entries() -> Select[Any]:
    """Select payments whose gateway's fee is not what is posted for it."""
    posted = (
        select(JournalEntry.source_id.label("key"), func.sum(Posting.amount_minor).label("minor"))
        .join(Posting, Posting.entry_id == JournalEntry.id)
        .join(LedgerAccount, LedgerAccount.id == Posting.account_id)
        .where(
            JournalEntry.kind.in_((EntryKind.GATEWAY_FEE, EntryKind.FEE_CORRECTED)),
            JournalEntry.source_type == "payment",
            LedgerAccount.kind == AccountKind.EXPENSE,
        )
        .group_by(JournalEntry.source_id)
        .subquery()
    )
    differs = Payment.fee_minor != func.coalesce(posted.c.minor, 0)
    return select(Payment.id).outerjoin(posted, posted.c.key == Payment.id).where(differs)


def reversals_without_entry() -> Select[Any]:
    """Select reversed payments whose reversal is not posted."""
    is_reversed = Payment.status == PaymentStatus.REVERSED
    return _unposted(Payment.id, (EntryKind.PAYMENT_REVERSED,), "payment", is_reversed)


def refunds_without_entry() -> Select[Any]:
    """Select refunds of which a step is not posted: that it was sent, that it failed, that it went through."""
    steps = (
        (Refund.sent_at.is_not(None), EntryKind.REFUND_SENT),
        (and_(Refund.sent_at.is_not(None), Refund.status == RefundStatus.FAILED), EntryKind.REFUND_FAILED),
        (Refund.status == RefundStatus.SUCCEEDED, EntryKind.REFUND),
    )
    return select(Refund.id).where(
        or_(*(and_(step, _is_unposted(Refund.id, (kind,), "refund")) for step, kind in steps))
    )


def shifts_without_entry() -> Select[Any]:
    """Select closed shifts whose drawer held more or less than it should, and that is not posted."""
    differs = and_(
        CashierShift.closed_at.is_not(None), CashierShift.counted_minor != CashierShift.expected_minor
    )
    return _unposted(CashierShift.id, (EntryKind.SHIFT_DIFFERENCE,), "shift", differs)


def sweeps_without_entry() -> Select[Any]:
    """Select sweeps to the bank that are not posted."""
    return _unposted(Sweep.id, (EntryKind.SWEEP,), "sweep", true())


_SOURCES: dict[str, Any] = {
    "invoice": Invoice.id,
    "credit_note": CreditNote.id,
    "payment": Payment.id,
    "refund": Refund.id,
    "match": MatchDecision.id,
    "allocation": PaymentAllocation.id,
    "shift": CashierShift.id,
    "sweep": Sweep.id,
    "gateway_balance": GatewayBalance.id,
}


def entries_without_source() -> Select[Any]:
    """Select entries whose row is gone."""
    is_gone = (
        and_(JournalEntry.source_type == source_type, JournalEntry.source_id.not_in(select(row_id)))
        for source_type, row_id in _SOURCES.items()
    )
    return select(JournalEntry.id).where(or_(*is_gone))


def _unposted(
    row_id: Any, kinds: tuple[EntryKind, ...], source_type: str, where: ColumnElement[bool]
) -> Select[Any]:
    return select(row_id).where(where, _is_unposted(row_id, kinds, source_type))


def _is_unposted(row_id: Any, kinds: tuple[EntryKind, ...], source_type: str) -> ColumnElement[bool]:
    posted = select(JournalEntry.source_id).where(
        JournalEntry.kind.in_(kinds), JournalEntry.source_type == source_type
    )
    is_unposted: ColumnElement[bool] = row_id.not_in(posted)
    return is_unposted


def _sums(key: Any, *amounts: Any, where: ColumnElement[bool] | None = None) -> Subquery:
    names = ("first", "second")
    columns = [func.sum(amount).label(name) for name, amount in zip(names, amounts, strict=False)]
    statement = select(key.label("key"), *columns).group_by(key)
    return (statement if where is None else statement.where(where)).subquery()
