"""Pay open invoices from money that is already here: credit notes before payments, oldest first.

How an amount spreads over invoices is said in `allocation`; how money comes in, in `payments/settlement`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from benfex.billing.allocation import OpenInvoice, allocate
from benfex.core.events import InvoicePaid
from benfex.core.unit_of_work import UnitOfWork
from data.queries import credit as credit_queries
from data.queries.bulk import Values
from data.queries.credit import CreditSource, OpenRow
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
    session = uow.session
    session.flush()
    sources = credit_queries.credit_of(session, list(customers))
    if not sources:
        return ()
    invoices: dict[int, list[OpenRow]] = {}
    for row in credit_queries.open_invoices_of(session, sorted(sources)):
        invoices.setdefault(row.customer_id, []).append(row)
    parts: list[Values] = []
    left: dict[int, int] = {}
    paid: list[InvoiceId] = []
    for customer_id, found in sources.items():
        currency = customers[CustomerId(customer_id)]
        waiting = [row for row in invoices.get(customer_id, ()) if row.currency == currency]
        waiting.sort(key=lambda row: row.id != first)
        usable = [source for source in found if source.currency == currency]
        for invoice_id in _spread(waiting, usable, uow.now, parts, left):
            paid.append(invoice_id)
            uow.emit(InvoicePaid(invoice_id=invoice_id, customer_id=CustomerId(customer_id)))
    moved = [
        (row.id, row.outstanding_minor - left[row.id], *_state(left[row.id], uow.now))
        for rows in invoices.values()
        for row in rows
        if row.id in left
    ]
    credit_queries.pay_invoices(session, parts, moved)
    return tuple(paid)


def _state(lacks_minor: int, now: datetime) -> tuple[InvoiceStatus, datetime | None]:
    """Return the status of an invoice that was open, and when it was paid in full."""
    if lacks_minor:
        return InvoiceStatus.OPEN, None
    return advance(InvoiceStatus.OPEN, InvoiceStatus.PAID), now


def _spread(
    invoices: Sequence[OpenRow],
    sources: Sequence[CreditSource],
    at: datetime,
    parts: list[Values],
    left: dict[int, int],
) -> list[InvoiceId]:
    """Add to `parts` what each source pays of each invoice, and to `left` what invoices lack then; return the paid."""
    paid: list[InvoiceId] = []
    lacking = {row.id: row.outstanding_minor for row in invoices}
    for source in sources:
        waiting = [
            OpenInvoice(InvoiceId(invoice_id), Money(minor, source.currency))
            for invoice_id, minor in lacking.items()
            if minor
        ]
        for part in allocate(Money(source.remainder_minor, source.currency), waiting).parts:
            parts.append(
                (source.payment_id, source.credit_note_id, part.invoice_id, part.amount.minor, at, None)
            )
            left[part.invoice_id] = lacking[part.invoice_id] = lacking[part.invoice_id] - part.amount.minor
            if not lacking[part.invoice_id]:
                paid.append(part.invoice_id)
    return paid
