"""SELECTs about deferred revenue, and the write of what was earned of it."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import bindparam, func, select, update

from data.columns import MinorUnits
from data.models.invoice import CreditNoteLine, Invoice, InvoiceLine
from data.queries.bulk import Bulk
from data.session import Session
from data.values.states import InvoiceStatus


class DeferredLine(NamedTuple):
    """A line with something left to earn; `credited_from_on` is the first day that was credited, if any."""

    line_id: int
    currency: str
    deferred_minor: int
    earned_minor: int
    starts_on: date
    ends_on: date
    issued_on: date
    credited_from_on: date | None


_EARNED = Bulk(
    update(InvoiceLine)
    .where(InvoiceLine.id == bindparam("line_id"))
    .values(earned_minor=bindparam("earned", type_=MinorUnits)),
    ("line_id", "earned"),
)


def lines_to_earn(session: Session) -> list[DeferredLine]:
    """Return the lines with something left to earn, by id."""
    credited_from = (
        select(func.min(CreditNoteLine.period_starts_on))
        .where(CreditNoteLine.invoice_line_id == InvoiceLine.id)
        .scalar_subquery()
    )
    rows = session.execute(
        select(
            InvoiceLine.id,
            Invoice.currency,
            InvoiceLine.deferred_minor,
            InvoiceLine.earned_minor,
            InvoiceLine.period_starts_on,
            InvoiceLine.period_ends_on,
            Invoice.issued_on,
            credited_from,
        )
        .join(Invoice, Invoice.id == InvoiceLine.invoice_id)
        .where(InvoiceLine.deferred_minor != InvoiceLine.earned_minor, Invoice.status != InvoiceStatus.VOID)
        .order_by(InvoiceLine.id)
    )
    return [DeferredLine(*row) for row in rows]


def set_earned(session: Session, rows: Sequence[tuple[int, int]]) -> None:
    """Note what is earned of lines in all: (line id, minor units)."""
    _EARNED.run(session, rows)


def deferred_by_currency(session: Session) -> dict[str, int]:
    """Return what is not earned yet, by currency."""
    rows = session.execute(
        select(Invoice.currency, func.sum(InvoiceLine.deferred_minor - InvoiceLine.earned_minor))
        .join(Invoice, Invoice.id == InvoiceLine.invoice_id)
        .where(InvoiceLine.deferred_minor != InvoiceLine.earned_minor, Invoice.status != InvoiceStatus.VOID)
        .group_by(Invoice.currency)
    )
    return {currency: int(minor) for currency, minor in rows}
