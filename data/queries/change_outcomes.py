"""SELECTs of what a change of a service wrote: the lines of invoices and credit notes that came since a mark."""

from datetime import date
from typing import NamedTuple

from sqlalchemy import func, select

from data.models.invoice import CreditNote, CreditNoteLine, Invoice, InvoiceLine
from data.session import Session


class Mark(NamedTuple):
    """The newest invoice and credit note there were; 0 for none."""

    invoice_id: int
    credit_note_id: int


class DocumentLine(NamedTuple):
    """A line with its tax; dates None for what has no days."""

    description: str
    gross_minor: int
    starts_on: date | None
    ends_on: date | None


def newest_documents(session: Session) -> Mark:
    """Return the newest invoice and credit note."""
    invoice_id = session.execute(select(func.coalesce(func.max(Invoice.id), 0))).scalar_one()
    return Mark(invoice_id, session.execute(select(func.coalesce(func.max(CreditNote.id), 0))).scalar_one())


def invoiced_since(session: Session, mark: Mark) -> list[DocumentLine]:
    """Return the lines of newer invoices, in their order."""
    rows = session.execute(
        select(
            InvoiceLine.description,
            InvoiceLine.amount_minor + InvoiceLine.tax_minor,
            InvoiceLine.period_starts_on,
            InvoiceLine.period_ends_on,
        )
        .where(InvoiceLine.invoice_id > mark.invoice_id)
        .order_by(InvoiceLine.id)
    )
    return [DocumentLine(*row) for row in rows]


def credited_since(session: Session, mark: Mark) -> list[DocumentLine]:
    """Return the lines of newer credit notes, in their order."""
    rows = session.execute(
        select(
            CreditNoteLine.description,
            CreditNoteLine.amount_minor + CreditNoteLine.tax_minor,
            CreditNoteLine.period_starts_on,
            CreditNoteLine.period_ends_on,
        )
        .where(CreditNoteLine.credit_note_id > mark.credit_note_id)
        .order_by(CreditNoteLine.id)
    )
    return [DocumentLine(*row) for row in rows]
