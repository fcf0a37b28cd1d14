"""Pay open invoices from money that is already here: credit notes before payments, oldest first.

How an amount spreads over invoices is said in `allocation`; how money comes in, in `payments/settlement`.
"""

from collections.abc import Mapping, Sequence

from benfex.billing.allocation import OpenInvoice, allocate
from benfex.core.events import InvoicePaid
from benfex.core.unit_of_work import UnitOfWork
from data.models.invoice import Invoice
from data.models.payment import PaymentAllocation
from data.queries import credit as credit_queries
from data.queries import invoices as invoice_queries
from data.values.identifiers import CustomerId, InvoiceId
from data.values.money import Money
from data.values.states import InvoiceStatus, advance


def allocate_open_money(
    uow: UnitOfWork, *, customer_id: CustomerId, currency: str, first: InvoiceId | None = None
) -> tuple[InvoiceId, ...]:
    """Pay open invoices from the customer's credit, oldest to oldest; return those now paid.

    Credit notes pay before money does. `first` is an invoice that comes before older ones, if it is open.
    """
    return use_credit(uow, {customer_id: currency}, first=first)


def use_credit(
    uow: UnitOfWork, customers: Mapping[CustomerId, str], *, first: InvoiceId | None = None
) -> tuple[InvoiceId, ...]:
    """Pay the open invoices of many customers, each in one currency, from what credit they have.

    Two questions for all of them together; those without credit cost nothing more. Returns what is now paid.
    """
    uow.session.flush()
    sources = credit_queries.credit_of(uow.session, list(customers))
    if not sources:
        return ()
    invoices: dict[int, list[Invoice]] = {}
    for invoice in invoice_queries.open_invoices_of(uow.session, sorted(sources)):
        invoices.setdefault(invoice.customer_id, []).append(invoice)
    paid: list[InvoiceId] = []
    for customer_id, found in sources.items():
        currency = customers[CustomerId(customer_id)]
        waiting = [row for row in invoices.get(customer_id, ()) if row.currency == currency]
        waiting.sort(key=lambda row: row.id != first)
        usable = [source for source in found if source.currency == currency]
        _spread(uow, waiting, usable, paid)
    uow.session.flush()
    return tuple(paid)


def _spread(
    uow: UnitOfWork,
    invoices: Sequence[Invoice],
    sources: Sequence[credit_queries.CreditSource],
    paid: list[InvoiceId],
) -> None:
    by_id = {InvoiceId(row.id): row for row in invoices if row.id is not None}
    for source in sources:
        waiting = [
            OpenInvoice(invoice_id, Money(row.total_minor - row.paid_minor, row.currency))
            for invoice_id, row in by_id.items()
            if row.status is InvoiceStatus.OPEN
        ]
        for part in allocate(Money(source.remainder_minor, source.currency), waiting).parts:
            uow.session.add(
                PaymentAllocation(
                    payment_id=source.payment_id,
                    credit_note_id=source.credit_note_id,
                    invoice_id=part.invoice_id,
                    amount_minor=part.amount.minor,
                    at=uow.now,
                )
            )
            invoice = by_id[part.invoice_id]
            invoice.paid_minor += part.amount.minor
            if invoice.paid_minor == invoice.total_minor:
                invoice.status = advance(invoice.status, InvoiceStatus.PAID)
                invoice.paid_at = uow.now
                paid.append(part.invoice_id)
                uow.emit(InvoicePaid(invoice_id=part.invoice_id, customer_id=CustomerId(invoice.customer_id)))
