"""Gapless document numbers, taken in the transaction that issues the document: a rollback gives it back."""

from datetime import date

from benfex.core.unit_of_work import UnitOfWork
from data.locks import lock_row
from data.models.invoice import NumberSequence
from data.queries import invoices as invoice_queries
from data.values.identifiers import InvoiceNumber, invoice_number


def next_invoice_number(uow: UnitOfWork, *, prefix: str, issued_on: date) -> InvoiceNumber:
    """Return the next number of the series and year, such as INV-2026-00042."""
    return take_invoice_numbers(uow, prefix=prefix, year=issued_on.year, count=1)[0]


def take_invoice_numbers(uow: UnitOfWork, *, prefix: str, year: int, count: int) -> list[InvoiceNumber]:
    """Return the next numbers of the series and year, ascending without a gap."""
    sequence = invoice_queries.find_sequence(uow.session, series=prefix, year=year)
    if sequence is None:
        sequence = NumberSequence(series=prefix, year=year, last_number=0)
        uow.session.add(sequence)
        uow.session.flush()
    else:
        assert sequence.id is not None
        lock_row(uow.session, NumberSequence, sequence.id)
    first = sequence.last_number + 1
    sequence.last_number += count
    uow.session.flush()
    return [invoice_number(prefix, year, number) for number in range(first, first + count)]
