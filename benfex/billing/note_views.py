"""Credit notes as screens and the API show them. Acts are in `crediting`."""

from dataclasses import dataclass
from datetime import date, datetime

from benfex.core.actors import narrowed_scope, require_customer_access, scope_of
from benfex.core.paging import Slice, SliceRequest, sliced
from benfex.core.unit_of_work import Snapshot
from data.queries import books_listing as listing
from data.queries import credit as credit_queries
from data.queries import invoices as invoice_queries
from data.values.errors import NotFound
from data.values.identifiers import CreditNoteId, CustomerId, InvoiceId
from data.values.money import Money
from data.values.periods import Period
from data.values.roles import Permission


@dataclass(frozen=True, slots=True)
class CreditNoteLineView:
    """What is taken back of one charge; `period` holds the days it is given for, if any."""

    invoice_line_id: int
    description: str
    net: Money
    tax: Money
    period: Period | None


@dataclass(frozen=True, slots=True)
class CreditNoteView:
    """A credit note; `credit` is what of it settles nothing yet. `lines` is empty in lists."""

    id: CreditNoteId
    number: str
    invoice_id: InvoiceId
    invoice_number: str
    customer_id: CustomerId
    subtotal: Money
    tax: Money
    total: Money
    credit: Money
    reason: str
    issued_on: date
    created_at: datetime
    lines: tuple[CreditNoteLineView, ...] = ()


@dataclass(frozen=True, slots=True)
class CreditableLine:
    """A charge of an invoice and what of it can still be credited, tax included; negative for a discount."""

    line_id: int
    description: str
    left: Money
    is_once: bool


@dataclass(frozen=True, slots=True)
class SettledByNote:
    """The part of a credit note that settles an invoice."""

    credit_note_id: CreditNoteId
    number: str
    amount: Money
    at: datetime
    is_reversed: bool


@dataclass(frozen=True, slots=True)
class InvoiceCorrections:
    """What was credited of an invoice, what settles it so, and what can still be done about it.

    `customer_credit` is what the customer has with us now, in the invoice's currency.
    """

    left: Money
    lines: tuple[CreditableLine, ...]
    notes: tuple[CreditNoteView, ...]
    settled: tuple[SettledByNote, ...]
    customer_credit: Money


def invoice_corrections(snapshot: Snapshot, *, invoice_id: InvoiceId) -> InvoiceCorrections:
    """Return the corrections of one invoice. Raises NotFound, to a subscriber for others' too."""
    invoice = invoice_queries.find_invoice(snapshot.session, invoice_id)
    if invoice is None:
        scope_of(snapshot.actor, Permission.VIEW_INVOICES)
        raise NotFound("invoice")
    require_customer_access(snapshot.actor, CustomerId(invoice.customer_id), Permission.VIEW_INVOICES)
    currency = invoice.currency
    sources = credit_queries.credit_of(snapshot.session, [invoice.customer_id])
    return InvoiceCorrections(
        left=Money(invoice.total_minor - invoice.credited_minor, currency),
        lines=tuple(
            CreditableLine(
                line.id or 0,
                line.description,
                Money(line.amount_minor + line.tax_minor - line.credited_minor, currency),
                is_once=line.period_starts_on is None,
            )
            for line in invoice_queries.lines_of(snapshot.session, invoice_id)
        ),
        notes=credit_notes_of_invoice(snapshot, invoice_id=invoice_id),
        settled=tuple(
            SettledByNote(
                CreditNoteId(part.credit_note_id),
                part.number,
                Money(part.amount_minor, currency),
                part.at,
                part.reversed_at is not None,
            )
            for part in listing.notes_on(snapshot.session, invoice_id=invoice_id)
        ),
        customer_credit=Money(
            sum(
                source.remainder_minor
                for source in sources.get(invoice.customer_id, ())
                if source.currency == currency
            ),
            currency,
        ),
    )


def credit_note(snapshot: Snapshot, *, credit_note_id: CreditNoteId) -> CreditNoteView:
    """Return one credit note with its lines. Raises NotFound, to a subscriber for others' too."""
    rows = listing.credit_notes(snapshot.session, credit_note_id=credit_note_id)
    if not rows:
        scope_of(snapshot.actor, Permission.VIEW_INVOICES)
        raise NotFound("credit note")
    row = rows[0]
    require_customer_access(snapshot.actor, CustomerId(row.customer_id), Permission.VIEW_INVOICES)
    return _view(row, _lines(snapshot, row.id, row.currency))


def credit_notes_of_invoice(snapshot: Snapshot, *, invoice_id: InvoiceId) -> tuple[CreditNoteView, ...]:
    """Return an invoice's credit notes with their lines, oldest first; the actor sees only what is theirs."""
    scope = scope_of(snapshot.actor, Permission.VIEW_INVOICES)
    rows = listing.credit_notes(snapshot.session, invoice_id=invoice_id, customer_id=scope)
    return tuple(_view(row, _lines(snapshot, row.id, row.currency)) for row in reversed(rows))


def credit_note_records(
    snapshot: Snapshot, *, request: SliceRequest, customer_id: CustomerId | None = None
) -> Slice[CreditNoteView]:
    """Return credit notes, newest first; a subscriber's own only."""
    scope = narrowed_scope(snapshot.actor, customer_id, Permission.VIEW_INVOICES)
    rows = listing.credit_notes(
        snapshot.session, customer_id=scope, before_id=request.after_id, limit=request.limit + 1
    )
    return sliced([_view(row) for row in rows], limit=request.limit, place=lambda view: view.id)


def _lines(snapshot: Snapshot, credit_note_id: int, currency: str) -> tuple[CreditNoteLineView, ...]:
    return tuple(
        CreditNoteLineView(
            line.invoice_line_id,
            line.description,
            Money(line.amount_minor, currency),
            Money(line.tax_minor, currency),
            Period(line.period_starts_on, line.period_ends_on)
            if line.period_starts_on and line.period_ends_on
            else None,
        )
        for line in listing.credit_note_lines(snapshot.session, credit_note_id=credit_note_id)
    )


def _view(row: listing.CreditNoteRow, lines: tuple[CreditNoteLineView, ...] = ()) -> CreditNoteView:
    return CreditNoteView(
        id=CreditNoteId(row.id),
        number=row.number,
        invoice_id=InvoiceId(row.invoice_id),
        invoice_number=row.invoice_number or "",
        customer_id=CustomerId(row.customer_id),
        subtotal=Money(row.subtotal_minor, row.currency),
        tax=Money(row.tax_minor, row.currency),
        total=Money(row.total_minor, row.currency),
        credit=Money(row.total_minor - int(row.settled_minor), row.currency),
        reason=row.reason,
        issued_on=row.issued_on,
        created_at=row.created_at,
        lines=lines,
    )
