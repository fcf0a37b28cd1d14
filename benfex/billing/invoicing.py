"""Issue and void invoices. The only writer of invoices, one at a time or in bulk.

How lines come about is said in `charges`, what they come to in `pricing` and `taxation`; when a period is due, in
`subscriptions.renewal`; how credit pays invoices, in `credit_use`.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from benfex.billing.charges import ChargeLine
from benfex.billing.credit_use import use_credit
from benfex.billing.numbering import take_invoice_numbers
from benfex.billing.pricing import PricedInvoice, price_invoice
from benfex.core.actors import require
from benfex.core.audit import record_audit
from benfex.core.events import InvoiceIssued, InvoicePaid
from benfex.core.policy import current_terms
from benfex.core.unit_of_work import UnitOfWork
from benfex.ledger import entries
from benfex.ledger.journal import EntryDraft, EntrySource, post_entries
from benfex.notifications.outbox import enqueue_invoice_messages
from data.locks import lock_customer, lock_customers
from data.models.invoice import Invoice, InvoiceLine
from data.queries import invoice_writing as writing
from data.queries import invoices as invoice_queries
from data.queries import ledger as ledger_queries
from data.queries.bulk import Values, reserve_ids
from data.values.errors import Conflict, InvalidInput, NotFound
from data.values.identifiers import CustomerId, EntryId, InvoiceId, InvoiceNumber
from data.values.kinds import EntryKind
from data.values.money import Money
from data.values.roles import Permission
from data.values.states import InvoiceStatus, advance
from data.values.terms import BillingTerms


@dataclass(frozen=True, slots=True)
class InvoiceDraft:
    """An invoice to be: who is billed, for what, when, and by which run, None by no run."""

    customer_id: CustomerId
    lines: Sequence[ChargeLine]
    issued_on: date
    bill_run_id: int | None = None


def issue_invoice(
    uow: UnitOfWork, *, customer_id: CustomerId, lines: Sequence[ChargeLine], issued_on: date
) -> InvoiceId:
    """Issue one invoice for these lines, post it, and pay it from the customer's credit as far as that goes.

    Raises as `issue_invoices`.
    """
    return issue_invoices(uow, [InvoiceDraft(customer_id, lines, issued_on)])[0]


def issue_invoices(uow: UnitOfWork, drafts: Sequence[InvoiceDraft]) -> tuple[InvoiceId, ...]:
    """Issue invoices, one or hundreds, post them, and pay them from their customers' credit; ids as the drafts.

    Numbers follow the order of the drafts without a gap. Raises as `price_lines`; a charge that was billed
    before breaks a unique key, and then nothing is issued.
    """
    return issue_priced(
        uow,
        [
            price_invoice(
                customer_id=draft.customer_id,
                lines=draft.lines,
                issued_on=draft.issued_on,
                bill_run_id=draft.bill_run_id,
            )
            for draft in drafts
        ],
    )


def issue_priced(
    uow: UnitOfWork, invoices: Sequence[PricedInvoice], *, terms: BillingTerms | None = None
) -> tuple[InvoiceId, ...]:
    """Issue invoices that were priced in this transaction, by the terms in force or those of a run that is at work.

    Raises as `issue_invoices`.
    """
    require(uow.actor, Permission.EDIT_INVOICES)
    if not invoices:
        return ()
    session = uow.session
    session.flush()
    lock_customers(session, [row.customer_id for row in invoices])
    terms = terms or current_terms(uow)
    numbers = _numbers(uow, invoices, prefix=terms.invoice_prefix)
    ids = [InvoiceId(row) for row in reserve_ids(session, Invoice, len(invoices))]
    due = {day: day + timedelta(days=terms.invoice_due_days) for day in {row.issued_on for row in invoices}}
    rows: list[Values] = []
    for invoice_id, number, row in zip(ids, numbers, invoices, strict=True):
        priced, issued_on = row.priced, row.issued_on
        is_owed = not priced.total.is_zero
        rows.append(
            (
                invoice_id,
                number,
                row.customer_id,
                InvoiceStatus.OPEN if is_owed else InvoiceStatus.PAID,
                priced.currency,
                priced.subtotal.minor,
                priced.tax.minor,
                priced.total.minor,
                issued_on,
                due[issued_on],
                None if is_owed else uow.now,
                row.bill_run_id,
                0,
                0,
            )
        )
        uow.emit(InvoiceIssued(invoice_id=invoice_id, customer_id=row.customer_id))
        if not is_owed:
            uow.emit(InvoicePaid(invoice_id=invoice_id, customer_id=row.customer_id))
    writing.insert_invoices(session, rows)
    _write_lines(uow, ids, invoices, defers=terms.defers_revenue)
    _post(uow, ids, numbers, invoices, defers=terms.defers_revenue)
    for currency in dict.fromkeys(row.priced.currency for row in invoices):
        use_credit(uow, {row.customer_id: currency for row in invoices if row.priced.currency == currency})
    enqueue_invoice_messages(uow, ids)
    return tuple(ids)


def _numbers(uow: UnitOfWork, invoices: Sequence[PricedInvoice], *, prefix: str) -> list[InvoiceNumber]:
    years = Counter([row.issued_on.year for row in invoices])
    taken = {
        year: iter(take_invoice_numbers(uow, prefix=prefix, year=year, count=count))
        for year, count in years.items()
    }
    return [next(taken[row.issued_on.year]) for row in invoices]


def _write_lines(
    uow: UnitOfWork, ids: Sequence[InvoiceId], invoices: Sequence[PricedInvoice], *, defers: bool
) -> None:
    line_ids = iter(reserve_ids(uow.session, InvoiceLine, sum([len(row.names) for row in invoices])))
    lines: list[Values] = []
    taxes: list[Values] = []
    charges: list[Values] = []
    for invoice_id, row in zip(ids, invoices, strict=True):
        defers_this = defers and not row.priced.total.is_zero
        for line, name in zip(row.priced.lines, row.names, strict=True):
            line_id, deferred = next(line_ids), line.deferrable_minor if defers_this else 0
            subscription_id, item, billing_key = name
            lines.append((line_id, invoice_id, subscription_id, *line[:8], item, 0, deferred, 0))
            for rate_id, tax_minor in line.taxes:
                taxes.append((line_id, rate_id, line.net_minor, tax_minor))
            if billing_key is not None:
                charges.append((billing_key, line_id))
    writing.insert_lines(uow.session, lines)
    writing.insert_line_taxes(uow.session, taxes)
    writing.insert_charges(uow.session, charges)


def _post(
    uow: UnitOfWork,
    ids: Sequence[InvoiceId],
    numbers: Sequence[InvoiceNumber],
    invoices: Sequence[PricedInvoice],
    *,
    defers: bool,
) -> None:
    against: dict[
        int, tuple[entries.PostingLine, ...]
    ] = {}  # by the priced lines, which alike invoices share
    drafts = []
    for invoice_id, number, row in zip(ids, numbers, invoices, strict=True):
        priced = row.priced
        if priced.total.is_zero:
            continue
        if id(priced) not in against:
            against[id(priced)] = entries.against_invoice(
                subtotal=priced.subtotal, tax=priced.tax, deferred=priced.deferrable if defers else None
            )
        drafts.append(
            EntryDraft(
                kind=EntryKind.INVOICE_ISSUED,
                source=EntrySource("invoice", invoice_id),
                postings=(entries.owed_by(row.customer_id, priced.total), *against[id(priced)]),
                occurred_at=uow.now,
                memo=f"Invoice {number}",
            )
        )
    post_entries(uow, drafts)


def void_invoice(uow: UnitOfWork, *, invoice_id: InvoiceId, reason: str) -> None:
    """Void an open invoice nobody has paid on, and release its charges.

    The bill run does not bill the period again by itself: who voids an invoice may not want it twice.

    Raises NotFound, InvalidTransition, Conflict when money was paid on it, InvalidInput without a reason.
    """
    require(uow.actor, Permission.EDIT_INVOICES)
    if not reason.strip():
        raise InvalidInput("reason", "Say why the invoice is void.")
    invoice = invoice_queries.find_invoice(uow.session, invoice_id)
    if invoice is None:
        raise NotFound("invoice")
    customer_id = CustomerId(invoice.customer_id)
    lock_customer(uow.session, customer_id)
    if invoice.credited_minor:
        raise Conflict("A credit note was given on this invoice, so it cannot be void.")
    if invoice.paid_minor:
        raise Conflict("Money was paid on this invoice, so it cannot be void.")
    invoice.status = advance(invoice.status, InvoiceStatus.VOID)
    invoice.voided_at = uow.now
    for charge in invoice_queries.charges_of_invoice(uow.session, invoice_id):
        uow.session.delete(charge)
    _post_void(uow, invoice, reason)
    record_audit(uow, action="void", entity="invoice", entity_id=invoice_id, changes={"reason": reason})


def _post_void(uow: UnitOfWork, invoice: Invoice, reason: str) -> None:
    """Post the opposite of the issue; what was deferred and is earned by now comes out of revenue."""
    assert invoice.id is not None
    issued = ledger_queries.find_entry(
        uow.session, kind=EntryKind.INVOICE_ISSUED, source_type="invoice", source_id=invoice.id
    )
    assert issued is not None, "only what was posted can be reversed"
    assert issued.id is not None
    lines = invoice_queries.lines_of(uow.session, invoice.id)
    postings = entries.invoice_issued(
        CustomerId(invoice.customer_id),
        subtotal=Money(invoice.subtotal_minor, invoice.currency),
        tax=Money(invoice.tax_minor, invoice.currency),
        deferred=Money(sum(line.deferred_minor - line.earned_minor for line in lines), invoice.currency),
    )
    draft = EntryDraft(
        kind=EntryKind.INVOICE_VOIDED,
        source=EntrySource("invoice", invoice.id),
        postings=entries.reversed_lines(postings),
        occurred_at=uow.now,
        memo=f"Void {invoice.number}: {reason}",
        reverses=EntryId(issued.id),
    )
    post_entries(uow, [draft])
