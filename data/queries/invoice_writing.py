"""Bulk writes of invoices with all that hangs on them. The rows, column by column, in the order named here."""

from collections.abc import Sequence

from data.models.invoice import BilledCharge, Invoice, InvoiceLine, InvoiceLineTax
from data.queries.bulk import BulkInsert, Values
from data.session import Session

_INVOICES = BulkInsert(
    Invoice,
    (
        "id",
        "number",
        "customer_id",
        "status",
        "currency",
        "subtotal_minor",
        "tax_minor",
        "total_minor",
        "issued_on",
        "due_on",
        "paid_at",
        "bill_run_id",
        "paid_minor",
        "credited_minor",
    ),
)
_LINES = BulkInsert(
    InvoiceLine,
    (
        "id",
        "invoice_id",
        "subscription_id",
        "kind",
        "description",
        "quantity",
        "unit_minor",
        "amount_minor",
        "tax_minor",
        "period_starts_on",
        "period_ends_on",
        "item",
        "credited_minor",
        "deferred_minor",
        "earned_minor",
    ),
)
_LINE_TAXES = BulkInsert(InvoiceLineTax, ("line_id", "tax_rate_id", "base_minor", "tax_minor"))
_CHARGES = BulkInsert(BilledCharge, ("billing_key", "line_id"))


def insert_invoices(session: Session, rows: Sequence[Values]) -> None:
    """Insert invoices."""
    _INVOICES.run(session, rows)


def insert_lines(session: Session, rows: Sequence[Values]) -> None:
    """Insert invoice lines."""
    _LINES.run(session, rows)


def insert_line_taxes(session: Session, rows: Sequence[Values]) -> None:
    """Insert the taxes of lines."""
    _LINE_TAXES.run(session, rows)


def insert_charges(session: Session, rows: Sequence[Values]) -> None:
    """Insert claims on charges; one that was billed before breaks the unique key."""
    _CHARGES.run(session, rows)
