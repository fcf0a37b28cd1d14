"""Issue and void invoices, and pay them from money that is already here.

How lines come about is said in `charges` and `taxation`; when a period is due, in `subscriptions.renewal`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from benfex.billing.allocation import OpenInvoice, allocate
from benfex.billing.charges import ChargeLine
from benfex.billing.numbering import next_invoice_number
from benfex.billing.taxation import TaxedAmount, tax_lines
from benfex.core.actors import require
from benfex.core.audit import record_audit
from benfex.core.events import InvoiceIssued, InvoicePaid
from benfex.core.policy import current_terms
from benfex.core.unit_of_work import UnitOfWork
from benfex.ledger import entries
from benfex.ledger.journal import EntrySource, post_entry, reverse_entry
from data.locks import lock_customer
from data.models.invoice import BilledCharge, Invoice, InvoiceLine, InvoiceLineTax
from data.models.payment import PaymentAllocation
from data.queries import credit_notes as note_queries
from data.queries import invoices as invoice_queries
from data.values.errors import Conflict, InvalidInput, NotFound
from data.values.identifiers import CustomerId, InvoiceId
from data.values.kinds import EntryKind
from data.values.money import Money
from data.values.roles import Permission
from data.values.states import InvoiceStatus, advance


def issue_invoice(
    uow: UnitOfWork, *, customer_id: CustomerId, lines: Sequence[ChargeLine], issued_on: date
) -> InvoiceId:
    """Issue one invoice for these lines, post it, and pay it from the customer's credit as far as that goes.

    Raises InvalidInput when there are no lines; a charge that was billed before breaks a unique key.
    """
    require(uow.actor, Permission.EDIT_INVOICES)
    if not lines:
        raise InvalidInput("lines", "An invoice needs at least one line.")
    lock_customer(uow.session, customer_id)
    terms = current_terms(uow)
    taxed = tax_lines([(line.amount.minor, line.tax) for line in lines])
    currency = lines[0].unit.currency
    subtotal = Money(sum(part.net_minor for part in taxed), currency)
    tax = Money(sum(part.tax_minor for part in taxed), currency)
    invoice = Invoice(
        number=next_invoice_number(uow, prefix=terms.invoice_prefix, issued_on=issued_on),
        customer_id=customer_id,
        status=InvoiceStatus.OPEN,
        currency=currency,
        subtotal_minor=subtotal.minor,
        tax_minor=tax.minor,
        total_minor=(subtotal + tax).minor,
        issued_on=issued_on,
        due_on=issued_on + timedelta(days=terms.invoice_due_days),
    )
    uow.session.add(invoice)
    uow.session.flush()
    assert invoice.id is not None
    _write_lines(uow, invoice.id, lines, taxed)
    if (subtotal + tax).is_positive:
        post_entry(
            uow,
            kind=EntryKind.INVOICE_ISSUED,
            source=EntrySource("invoice", invoice.id),
            postings=entries.invoice_issued(customer_id, subtotal=subtotal, tax=tax),
            occurred_at=uow.now,
            memo=f"Invoice {invoice.number}",
        )
    uow.emit(InvoiceIssued(invoice_id=InvoiceId(invoice.id), customer_id=customer_id))
    allocate_open_money(uow, customer_id=customer_id, currency=currency)
    return InvoiceId(invoice.id)


def _write_lines(
    uow: UnitOfWork, invoice_id: int, lines: Sequence[ChargeLine], taxed: Sequence[TaxedAmount]
) -> None:
    rows = [
        InvoiceLine(
            invoice_id=invoice_id,
            subscription_id=line.subscription_id,
            kind=line.kind,
            description=line.description,
            quantity=line.quantity,
            unit_minor=line.unit.minor,
            amount_minor=part.net_minor,
            tax_minor=part.tax_minor,
            period_starts_on=line.period.starts_on if line.period else None,
            period_ends_on=line.period.ends_on if line.period else None,
            item=line.item,
        )
        for line, part in zip(lines, taxed, strict=True)
    ]
    uow.session.add_all(rows)
    uow.session.flush()
    for row, line, part in zip(rows, lines, taxed, strict=True):
        assert row.id is not None
        for tax, tax_minor in zip(line.tax.parts if line.tax else (), part.taxes, strict=True):
            uow.session.add(
                InvoiceLineTax(
                    line_id=row.id, tax_rate_id=tax.rate_id, base_minor=part.net_minor, tax_minor=tax_minor
                )
            )
        if line.billing_key is not None:
            uow.session.add(BilledCharge(billing_key=line.billing_key, line_id=row.id))
    uow.session.flush()


def allocate_open_money(
    uow: UnitOfWork, *, customer_id: CustomerId, currency: str, first: InvoiceId | None = None
) -> tuple[InvoiceId, ...]:
    """Pay open invoices from the customer's credit, oldest to oldest; return those now paid.

    Credit notes pay before money does. `first` is an invoice that comes before older ones, if it is open.
    """
    session = uow.session
    paid: list[InvoiceId] = []
    invoices = {
        InvoiceId(row.id): row
        for row in invoice_queries.open_invoices(session, customer_id=customer_id, currency=currency)
        if row.id is not None
    }
    for invoice in [row for row in invoices.values() if row.total_minor == 0]:
        _mark_paid(uow, invoice, paid)
    order = sorted(invoices, key=lambda invoice_id: invoice_id != first)
    for source, remainder in _credit_of(uow, customer_id, currency) if invoices else ():
        waiting = [
            OpenInvoice(key, Money(invoices[key].total_minor - invoices[key].paid_minor, currency))
            for key in order
            if invoices[key].status is InvoiceStatus.OPEN
        ]
        for part in allocate(Money(remainder, currency), waiting).parts:
            session.add(
                PaymentAllocation(
                    payment_id=source.payment_id,
                    credit_note_id=source.credit_note_id,
                    invoice_id=part.invoice_id,
                    amount_minor=part.amount.minor,
                    at=uow.now,
                )
            )
            invoice = invoices[part.invoice_id]
            invoice.paid_minor += part.amount.minor
            if invoice.paid_minor == invoice.total_minor:
                _mark_paid(uow, invoice, paid)
    session.flush()
    return tuple(paid)


@dataclass(frozen=True, slots=True)
class _CreditSource:
    """Where a customer's credit comes from: one of the two."""

    payment_id: int | None = None
    credit_note_id: int | None = None


def _credit_of(uow: UnitOfWork, customer_id: CustomerId, currency: str) -> list[tuple[_CreditSource, int]]:
    """Return sources of credit with what is left of each, in the order in which they pay."""
    notes = note_queries.notes_with_remainder(uow.session, customer_id=customer_id, currency=currency)
    money = invoice_queries.payments_with_remainder(uow.session, customer_id=customer_id, currency=currency)
    return [(_CreditSource(credit_note_id=key), remainder) for key, remainder in notes] + [
        (_CreditSource(payment_id=key), remainder) for key, remainder, _ in money
    ]


def _mark_paid(uow: UnitOfWork, invoice: Invoice, paid: list[InvoiceId]) -> None:
    assert invoice.id is not None
    invoice.status = advance(invoice.status, InvoiceStatus.PAID)
    invoice.paid_at = uow.now
    paid.append(InvoiceId(invoice.id))
    uow.emit(InvoicePaid(invoice_id=InvoiceId(invoice.id), customer_id=CustomerId(invoice.customer_id)))


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
    if invoice.paid_minor:
        raise Conflict("Money was paid on this invoice, so it cannot be void.")
    invoice.status = advance(invoice.status, InvoiceStatus.VOID)
    invoice.voided_at = uow.now
    for charge in invoice_queries.charges_of_invoice(uow.session, invoice_id):
        uow.session.delete(charge)
    source = EntrySource("invoice", invoice_id)
    reverse_entry(
        uow,
        kind=EntryKind.INVOICE_VOIDED,
        source=source,
        original=source,
        original_kind=EntryKind.INVOICE_ISSUED,
        memo=f"Void {invoice.number}: {reason}",
    )
    record_audit(uow, action="void", entity="invoice", entity_id=invoice_id, changes={"reason": reason})
