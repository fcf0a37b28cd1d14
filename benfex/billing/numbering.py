"""Gapless document numbers, taken in the transaction that issues the document: a rollback gives it back."""

from datetime import date

from benfex.core.unit_of_work import UnitOfWork
from data.queries import invoices as invoice_queries
from data.values.identifiers import InvoiceNumber, invoice_number


def next_invoice_number(uow: UnitOfWork, *, prefix: str, issued_on: date) -> InvoiceNumber:
    """Return the next number of the series and year, such as INV-2026-00042."""
    return take_invoice_numbers(uow, prefix=prefix, year=issued_on.year, count=1)[0]


def take_invoice_numbers(uow: UnitOfWork, *, prefix: str, year: int, count: int) -> list[InvoiceNumber]:
    """Return the next numbers of the series and year, ascending without a gap."""
    last = invoice_queries.take_numbers(uow.session, series=prefix, year=year, count=count)
    return [invoice_number(prefix, year, number) for number in range(last - count + 1, last + 1)]
