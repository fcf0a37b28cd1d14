"""SELECTs about credit notes: what was billed and credited of lines, and what of a note is still credit."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import func, select

from data.models.invoice import (
    CreditNote,
    CreditNoteLine,
    CreditNoteLineTax,
    Invoice,
    InvoiceLine,
    InvoiceLineTax,
)
from data.session import Session
from data.values.states import InvoiceStatus

CREDITABLE = (InvoiceStatus.OPEN, InvoiceStatus.PAID)


class CreditedLine(NamedTuple):
    """An invoice line with its taxes as (tax rate id, billed, credited), and what was credited for days."""

    line: InvoiceLine
    taxes: tuple[tuple[int, int, int], ...]
    unused_minor: int
    unused_tax_minor: int


def find_credit_note(session: Session, credit_note_id: int) -> CreditNote | None:
    """Return the credit note, or None."""
    return session.get(CreditNote, credit_note_id)


def credited_lines(session: Session, invoice_ids: Sequence[int]) -> dict[int, list[CreditedLine]]:
    """Return the lines of invoices with what was credited of each, in the order they were written."""
    if not invoice_ids:
        return {}
    lines = session.scalars(
        select(InvoiceLine).where(InvoiceLine.invoice_id.in_(invoice_ids)).order_by(InvoiceLine.id)
    ).all()
    billed: dict[int, list[tuple[int, int]]] = {}
    for line_id, rate_id, tax_minor in session.execute(
        select(InvoiceLineTax.line_id, InvoiceLineTax.tax_rate_id, InvoiceLineTax.tax_minor)
        .join(InvoiceLine, InvoiceLine.id == InvoiceLineTax.line_id)
        .where(InvoiceLine.invoice_id.in_(invoice_ids))
        .order_by(InvoiceLineTax.id)
    ):
        billed.setdefault(line_id, []).append((rate_id, tax_minor))
    credited = _credited_taxes(session, invoice_ids)
    unused = _credited_for_days(session, invoice_ids)
    found: dict[int, list[CreditedLine]] = {}
    for line in lines:
        assert line.id is not None
        taxes = tuple(
            (rate_id, tax_minor, credited.get((line.id, rate_id), 0))
            for rate_id, tax_minor in billed.get(line.id, ())
        )
        found.setdefault(line.invoice_id, []).append(CreditedLine(line, taxes, *unused.get(line.id, (0, 0))))
    return found


def _credited_taxes(session: Session, invoice_ids: Sequence[int]) -> dict[tuple[int, int], int]:
    rows = session.execute(
        select(
            CreditNoteLine.invoice_line_id,
            CreditNoteLineTax.tax_rate_id,
            func.sum(CreditNoteLineTax.tax_minor),
        )
        .join(CreditNoteLine, CreditNoteLine.id == CreditNoteLineTax.line_id)
        .join(InvoiceLine, InvoiceLine.id == CreditNoteLine.invoice_line_id)
        .where(InvoiceLine.invoice_id.in_(invoice_ids))
        .group_by(CreditNoteLine.invoice_line_id, CreditNoteLineTax.tax_rate_id)
    )
    return {(line_id, rate_id): int(tax_minor) for line_id, rate_id, tax_minor in rows}


def _credited_for_days(session: Session, invoice_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    rows = session.execute(
        select(
            CreditNoteLine.invoice_line_id,
            func.sum(CreditNoteLine.amount_minor + CreditNoteLine.tax_minor),
            func.sum(CreditNoteLine.tax_minor),
        )
        .join(InvoiceLine, InvoiceLine.id == CreditNoteLine.invoice_line_id)
        .where(InvoiceLine.invoice_id.in_(invoice_ids), CreditNoteLine.period_starts_on.is_not(None))
        .group_by(CreditNoteLine.invoice_line_id)
    )
    return {line_id: (int(gross), int(tax)) for line_id, gross, tax in rows}


def invoices_with_unused(session: Session, *, subscription_id: int, from_on: date) -> list[Invoice]:
    """Return invoices that bill days of a service from a date on and may be credited, oldest first."""
    return list(
        session.scalars(
            select(Invoice)
            .where(
                Invoice.status.in_(CREDITABLE),
                Invoice.id.in_(
                    select(InvoiceLine.invoice_id).where(
                        InvoiceLine.subscription_id == subscription_id,
                        InvoiceLine.period_ends_on > from_on,
                    )
                ),
            )
            .order_by(Invoice.id)
        )
    )
