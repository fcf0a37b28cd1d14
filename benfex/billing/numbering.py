"""Gapless document numbers, taken in the transaction that issues the document: a rollback gives it back."""

from datetime import date

from benfex.core.unit_of_work import UnitOfWork
from data.locks import lock_row
from data.models.invoice import NumberSequence
from data.queries import invoices as invoice_queries
from data.values.identifiers import InvoiceNumber, invoice_number


def next_invoice_number(uow: UnitOfWork, *, prefix: str, issued_on: date) -> InvoiceNumber:
    """Return the next number of the series and year, such as INV-2026-00042."""
    sequence = invoice_queries.find_sequence(uow.session, series=prefix, year=issued_on.year)
    if sequence is None:
        sequence = NumberSequence(series=prefix, year=issued_on.year, last_number=0)
        uow.session.add(sequence)
        uow.session.flush()
    else:
        assert sequence.id is not None
        lock_row(uow.session, NumberSequence, sequence.id)
    sequence.last_number += 1
    uow.session.flush()
    return invoice_number(prefix, issued_on.year, sequence.last_number)
