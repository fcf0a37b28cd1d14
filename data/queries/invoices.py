"""SELECTs about invoices, lines and sequences. What lists on screens show is in `invoices_listing`."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert

from data.models.invoice import BilledCharge, Invoice, InvoiceLine, InvoiceReminder, NumberSequence
from data.models.payment import PaymentAllocation
from data.session import Session
from data.values.states import InvoiceStatus

_INSERTS = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def _taken(dialect: str) -> ReturningInsert[tuple[int]]:
    inserted = _INSERTS[dialect](NumberSequence.__table__)
    return inserted.on_conflict_do_update(
        index_elements=["series", "year"],
        set_={
            "last_number": NumberSequence.last_number + inserted.excluded.last_number,
            "updated_at": inserted.excluded.updated_at,
        },
    ).returning(NumberSequence.last_number)


_TAKEN = {dialect: _taken(dialect) for dialect in _INSERTS}


def find_invoice(session: Session, invoice_id: int) -> Invoice | None:
    """Return the invoice, or None."""
    return session.get(Invoice, invoice_id)


def lines_of(session: Session, invoice_id: int) -> list[InvoiceLine]:
    """Return the invoice's lines in the order they were written."""
    return list(
        session.scalars(
            select(InvoiceLine).where(InvoiceLine.invoice_id == invoice_id).order_by(InvoiceLine.id)
        )
    )


def take_numbers(session: Session, *, series: str, year: int, count: int) -> int:
    """Take so many numbers of a series and year, and return the last of them; the row is held from then on."""
    connection = session.connection()
    now = session.info["now"]
    row = {"series": series, "year": year, "last_number": count, "created_at": now, "updated_at": now}
    return int(connection.execute(_TAKEN[connection.dialect.name], row).scalar_one())


def billed_keys(session: Session, keys: Sequence[str]) -> set[str]:
    """Return which of these charges are billed already."""
    return set(session.scalars(select(BilledCharge.billing_key).where(BilledCharge.billing_key.in_(keys))))


def charges_of_invoice(session: Session, invoice_id: int) -> list[BilledCharge]:
    """Return the claims that an invoice's lines hold."""
    return list(
        session.scalars(
            select(BilledCharge)
            .join(InvoiceLine, InvoiceLine.id == BilledCharge.line_id)
            .where(InvoiceLine.invoice_id == invoice_id)
        )
    )


def open_invoices(session: Session, *, customer_id: int, currency: str) -> list[Invoice]:
    """Return the customer's invoices in a currency that can take money, oldest due first."""
    return list(
        session.scalars(
            select(Invoice)
            .where(
                Invoice.customer_id == customer_id,
                Invoice.currency == currency,
                Invoice.status == InvoiceStatus.OPEN,
            )
            .order_by(Invoice.due_on, Invoice.id)
        )
    )


def customers_overdue(session: Session, *, on: date) -> list[int]:
    """Return ids of customers who have an open invoice due before `on`, ascending."""
    return list(
        session.scalars(
            select(Invoice.customer_id)
            .where(Invoice.status == InvoiceStatus.OPEN, Invoice.due_on < on)
            .distinct()
            .order_by(Invoice.customer_id)
        )
    )


def reminders_of(session: Session, invoice_ids: Sequence[int]) -> set[tuple[int, str]]:
    """Return (invoice id, step) of the steps that were taken."""
    rows = session.execute(
        select(InvoiceReminder.invoice_id, InvoiceReminder.step).where(
            InvoiceReminder.invoice_id.in_(invoice_ids)
        )
    )
    return {(row[0], row[1]) for row in rows}


def forget_reminders(session: Session, *, invoice_id: int) -> None:
    """Let every dunning step of an invoice be due again."""
    session.execute(
        delete(InvoiceReminder)
        .where(InvoiceReminder.invoice_id == invoice_id)
        .execution_options(synchronize_session=False)
    )


def allocations_of(session: Session, *, payment_id: int) -> list[PaymentAllocation]:
    """Return what a payment pays now, oldest allocation first."""
    return list(
        session.scalars(
            select(PaymentAllocation)
            .where(PaymentAllocation.payment_id == payment_id, PaymentAllocation.reversed_at.is_(None))
            .order_by(PaymentAllocation.id)
        )
    )
