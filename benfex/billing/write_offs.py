"""Give up an open invoice as bad debt, and recover it from money that came after all."""

from benfex.billing.allocation import OpenInvoice, allocate
from benfex.core.actors import require
from benfex.core.audit import record_audit
from benfex.core.events import InvoicePaid
from benfex.core.unit_of_work import UnitOfWork
from benfex.ledger import entries
from benfex.ledger.journal import EntrySource, post_entry
from data.locks import lock_customer
from data.models.invoice import Invoice
from data.models.payment import PaymentAllocation
from data.queries import credit as credit_queries
from data.queries import invoices as invoice_queries
from data.queries import ledger as ledger_queries
from data.values.errors import Conflict, InvalidInput, NotFound
from data.values.identifiers import CustomerId, InvoiceId
from data.values.kinds import EntryKind
from data.values.money import Money
from data.values.roles import Permission
from data.values.states import InvoiceStatus, advance

_TIMES_MAX = 1000


def write_off_invoice(uow: UnitOfWork, *, invoice_id: InvoiceId, reason: str) -> Money:
    """Give up what is open of an invoice, and return it.

    Raises NotFound, InvalidTransition when it is not open, InvalidInput without a reason.
    """
    require(uow.actor, Permission.EDIT_INVOICES)
    if not reason.strip():
        raise InvalidInput("reason", "Say why this is written off.")
    invoice = _locked(uow, invoice_id)
    lost = Money(invoice.total_minor - invoice.paid_minor, invoice.currency)
    invoice.status = advance(invoice.status, InvoiceStatus.UNCOLLECTIBLE)
    invoice.written_off_at = uow.now
    post_entry(
        uow,
        kind=EntryKind.WRITE_OFF,
        source=_next_source(uow, invoice_id),
        postings=entries.written_off(CustomerId(invoice.customer_id), lost),
        occurred_at=uow.now,
        memo=f"Written off {invoice.number}: {reason.strip()}",
    )
    record_audit(
        uow,
        action="write_off",
        entity="invoice",
        entity_id=invoice_id,
        changes={"amount_minor": lost.minor, "reason": reason.strip()},
    )
    return lost


def recover_invoice(uow: UnitOfWork, *, invoice_id: InvoiceId) -> Money:
    """Pay a written-off invoice from the customer's credit as far as that goes; return what was recovered.

    It is paid once it is covered. Raises NotFound, Conflict when it is not written off or there is no credit.
    """
    require(uow.actor, Permission.EDIT_INVOICES)
    invoice = _locked(uow, invoice_id)
    if invoice.status is not InvoiceStatus.UNCOLLECTIBLE:
        raise Conflict("Only an invoice that was written off can be recovered.")
    customer_id = CustomerId(invoice.customer_id)
    recovered = Money.zero(invoice.currency)
    for source in credit_queries.credit_of(uow.session, [customer_id]).get(customer_id, ()):
        if source.currency != invoice.currency:
            continue
        waiting = OpenInvoice(invoice_id, Money(invoice.total_minor - invoice.paid_minor, invoice.currency))
        for part in allocate(Money(source.remainder_minor, source.currency), [waiting]).parts:
            row = PaymentAllocation(
                payment_id=source.payment_id,
                credit_note_id=source.credit_note_id,
                invoice_id=invoice_id,
                amount_minor=part.amount.minor,
                at=uow.now,
            )
            uow.session.add(row)
            uow.session.flush()
            assert row.id is not None
            post_entry(
                uow,
                kind=EntryKind.WRITE_OFF_RECOVERED,
                source=EntrySource("allocation", row.id),
                postings=entries.write_off_recovered(customer_id, part.amount),
                occurred_at=uow.now,
                memo=f"Recovered {invoice.number}",
            )
            invoice.paid_minor += part.amount.minor
            recovered = recovered + part.amount
    if recovered.is_zero:
        raise Conflict("The customer has no credit that could pay this invoice.")
    if invoice.paid_minor == invoice.total_minor:
        invoice.status = advance(invoice.status, InvoiceStatus.PAID)
        invoice.paid_at = uow.now
        uow.emit(InvoicePaid(invoice_id=invoice_id, customer_id=customer_id))
    record_audit(
        uow,
        action="recover",
        entity="invoice",
        entity_id=invoice_id,
        changes={"amount_minor": recovered.minor},
    )
    return recovered


def lose_again(uow: UnitOfWork, invoice: Invoice, allocation: PaymentAllocation) -> None:
    """Undo one recovery whose money is gone: that part of a written-off invoice is bad debt again."""
    assert allocation.id is not None
    post_entry(
        uow,
        kind=EntryKind.WRITE_OFF,
        source=EntrySource("allocation", allocation.id),
        postings=entries.written_off(
            CustomerId(invoice.customer_id), Money(allocation.amount_minor, invoice.currency)
        ),
        occurred_at=uow.now,
        memo=f"No longer recovered {invoice.number}",
    )


def _locked(uow: UnitOfWork, invoice_id: InvoiceId) -> Invoice:
    invoice = invoice_queries.find_invoice(uow.session, invoice_id)
    if invoice is None:
        raise NotFound("invoice")
    lock_customer(uow.session, invoice.customer_id)
    return invoice


def _next_source(uow: UnitOfWork, invoice_id: InvoiceId) -> EntrySource:
    """Return a source for this write-off: an invoice can be written off again after its money was reversed."""
    for time in range(1, _TIMES_MAX):
        source = EntrySource("invoice" if time == 1 else f"invoice.{time}", invoice_id)
        if not ledger_queries.find_entry(
            uow.session, kind=EntryKind.WRITE_OFF, source_type=source.type, source_id=source.id
        ):
            return source
    raise Conflict("This invoice was written off too often.")
