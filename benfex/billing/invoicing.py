"""Issue and void invoices. The only writer of invoices, one at a time or in bulk.

How lines come about is said in `charges` and `taxation`; when a period is due, in `subscriptions.renewal`; how
credit pays invoices, in `credit_use`.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from benfex.billing.charges import ChargeLine
from benfex.billing.credit_use import use_credit
from benfex.billing.deferral import deferred_part
from benfex.billing.numbering import take_invoice_numbers
from benfex.billing.taxation import TaxedAmount, tax_lines
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
from data.values.errors import Conflict, CurrencyMismatch, InvalidInput, NotFound
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


@dataclass(frozen=True, slots=True)
class PricedInvoice:
    """A draft with its taxes: what would be invoiced, to the cent. `taxed` goes line by line."""

    draft: InvoiceDraft
    taxed: tuple[TaxedAmount, ...]
    currency: str
    subtotal_minor: int
    tax_minor: int

    @property
    def total(self) -> Money:
        """Return what the customer would owe for it."""
        return Money(self.subtotal_minor + self.tax_minor, self.currency)


def price_invoice(draft: InvoiceDraft) -> PricedInvoice:
    """Return the draft with its taxes; nothing is written.

    Raises InvalidInput when there are no lines or when they come to less than nothing: an invoice is no credit
    note, so discounts end at nothing, and who wants to give more back issues a credit note. Raises
    CurrencyMismatch for lines in two currencies.
    """
    if not draft.lines:
        raise InvalidInput("lines", "An invoice needs at least one line.")
    currency = draft.lines[0].unit.currency
    for line in draft.lines:
        if line.unit.currency != currency:
            raise CurrencyMismatch(currency, line.unit.currency)
    taxed = tax_lines([(line.unit.minor * line.quantity, line.tax) for line in draft.lines])
    subtotal = sum(part.net_minor for part in taxed)
    tax = sum(part.tax_minor for part in taxed)
    if subtotal + tax < 0:
        raise InvalidInput("lines", "The lines come to less than nothing. Give a credit note instead.")
    return PricedInvoice(draft, taxed, currency, subtotal, tax)


def issue_invoice(
    uow: UnitOfWork, *, customer_id: CustomerId, lines: Sequence[ChargeLine], issued_on: date
) -> InvoiceId:
    """Issue one invoice for these lines, post it, and pay it from the customer's credit as far as that goes.

    Raises as `issue_invoices`.
    """
    return issue_invoices(uow, [InvoiceDraft(customer_id, lines, issued_on)])[0]


def issue_invoices(uow: UnitOfWork, drafts: Sequence[InvoiceDraft]) -> tuple[InvoiceId, ...]:
    """Issue invoices, one or hundreds, post them, and pay them from their customers' credit; ids as the drafts.

    Numbers follow the order of the drafts without a gap. Raises as `price_invoice`; a charge that was billed
    before breaks a unique key, and then nothing is issued.
    """
    return issue_priced(uow, [price_invoice(draft) for draft in drafts])


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
    lock_customers(session, [row.draft.customer_id for row in invoices])
    terms = terms or current_terms(uow)
    numbers = _numbers(uow, invoices, prefix=terms.invoice_prefix)
    ids = [InvoiceId(row) for row in reserve_ids(session, Invoice, len(invoices))]
    due = {
        day: day + timedelta(days=terms.invoice_due_days) for day in {row.draft.issued_on for row in invoices}
    }
    writing.insert_invoices(
        session,
        [
            (
                invoice_id,
                number,
                row.draft.customer_id,
                InvoiceStatus.OPEN if row.subtotal_minor + row.tax_minor else InvoiceStatus.PAID,
                row.currency,
                row.subtotal_minor,
                row.tax_minor,
                row.subtotal_minor + row.tax_minor,
                row.draft.issued_on,
                due[row.draft.issued_on],
                None if row.subtotal_minor + row.tax_minor else uow.now,
                row.draft.bill_run_id,
                0,
                0,
            )
            for invoice_id, number, row in zip(ids, numbers, invoices, strict=True)
        ],
    )
    deferred = [_deferred(row) if terms.defers_revenue else None for row in invoices]
    _write_lines(uow, ids, invoices, deferred)
    _post(uow, ids, numbers, invoices, deferred)
    for invoice_id, row in zip(ids, invoices, strict=True):
        uow.emit(InvoiceIssued(invoice_id=invoice_id, customer_id=row.draft.customer_id))
        if not row.subtotal_minor + row.tax_minor:
            uow.emit(InvoicePaid(invoice_id=invoice_id, customer_id=row.draft.customer_id))
    for currency in dict.fromkeys(row.currency for row in invoices):
        use_credit(uow, {row.draft.customer_id: currency for row in invoices if row.currency == currency})
    enqueue_invoice_messages(uow, ids)
    return tuple(ids)


def _numbers(uow: UnitOfWork, invoices: Sequence[PricedInvoice], *, prefix: str) -> list[InvoiceNumber]:
    years = Counter(row.draft.issued_on.year for row in invoices)
    taken = {
        year: iter(take_invoice_numbers(uow, prefix=prefix, year=year, count=count))
        for year, count in years.items()
    }
    return [next(taken[row.draft.issued_on.year]) for row in invoices]


def _deferred(row: PricedInvoice) -> tuple[int, ...] | None:
    """Return what is put off of each line; None for an invoice over nothing, which is not posted."""
    if not row.subtotal_minor + row.tax_minor:
        return None
    return tuple(
        deferred_part(part.net_minor, period=line.period, issued_on=row.draft.issued_on)
        for line, part in zip(row.draft.lines, row.taxed, strict=True)
    )


def _write_lines(
    uow: UnitOfWork,
    ids: Sequence[InvoiceId],
    invoices: Sequence[PricedInvoice],
    deferred: Sequence[tuple[int, ...] | None],
) -> None:
    line_ids = iter(reserve_ids(uow.session, InvoiceLine, sum(len(row.taxed) for row in invoices)))
    lines: list[Values] = []
    taxes: list[Values] = []
    charges: list[Values] = []
    for invoice_id, row, put_off in zip(ids, invoices, deferred, strict=True):
        for place, (line, part) in enumerate(zip(row.draft.lines, row.taxed, strict=True)):
            line_id, period = next(line_ids), line.period
            lines.append(
                (
                    line_id,
                    invoice_id,
                    line.subscription_id,
                    line.kind,
                    line.description[:200],
                    line.quantity,
                    line.unit.minor,
                    part.net_minor,
                    part.tax_minor,
                    period.starts_on if period else None,
                    period.ends_on if period else None,
                    line.item,
                    0,
                    put_off[place] if put_off else 0,
                    0,
                )
            )
            taxes.extend(
                (line_id, tax.rate_id, part.net_minor, tax_minor)
                for tax, tax_minor in zip(line.tax.parts if line.tax else (), part.taxes, strict=True)
            )
            if line.billing_key is not None:
                charges.append((line.billing_key, line_id))
    writing.insert_lines(uow.session, lines)
    writing.insert_line_taxes(uow.session, taxes)
    writing.insert_charges(uow.session, charges)


def _post(
    uow: UnitOfWork,
    ids: Sequence[InvoiceId],
    numbers: Sequence[InvoiceNumber],
    invoices: Sequence[PricedInvoice],
    deferred: Sequence[tuple[int, ...] | None],
) -> None:
    post_entries(
        uow,
        [
            EntryDraft(
                kind=EntryKind.INVOICE_ISSUED,
                source=EntrySource("invoice", invoice_id),
                postings=entries.invoice_issued(
                    row.draft.customer_id,
                    subtotal=Money(row.subtotal_minor, row.currency),
                    tax=Money(row.tax_minor, row.currency),
                    deferred=Money(sum(put_off), row.currency) if put_off else None,
                ),
                occurred_at=uow.now,
                memo=f"Invoice {number}",
            )
            for invoice_id, number, row, put_off in zip(ids, numbers, invoices, deferred, strict=True)
            if row.subtotal_minor + row.tax_minor
        ],
    )


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
