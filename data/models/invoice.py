"""Invoices, their lines and taxes, and what proves that nothing is billed twice."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field

from data.base import Row
from data.columns import MinorUnits, UtcDateTime, enum_column
from data.values.kinds import LineKind
from data.values.states import InvoiceStatus


class Invoice(Row, table=True):
    """What a customer owes for stated lines. Number, dates and amounts are fixed at issue."""

    __table_args__ = (
        CheckConstraint("total_minor = subtotal_minor + tax_minor", name="total_adds_up"),
        CheckConstraint("paid_minor >= 0 AND paid_minor <= total_minor", name="paid_in_range"),
    )

    number: str | None = Field(default=None, max_length=32, unique=True)
    customer_id: int = Field(foreign_key="customer.id", index=True)
    status: InvoiceStatus = Field(sa_column=enum_column(InvoiceStatus, index=True))
    currency: str = Field(max_length=3)
    subtotal_minor: int = Field(sa_type=MinorUnits)
    tax_minor: int = Field(sa_type=MinorUnits)
    total_minor: int = Field(sa_type=MinorUnits)
    paid_minor: int = Field(default=0, sa_type=MinorUnits)
    issued_on: date | None = Field(default=None, index=True)
    due_on: date | None = Field(default=None, index=True)
    paid_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    voided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class InvoiceLine(Row, table=True):
    """One charge. `amount_minor` is without tax; `tax_minor` is this line's share of the tax."""

    __tablename__ = "invoice_line"

    invoice_id: int = Field(foreign_key="invoice.id", index=True)
    subscription_id: int | None = Field(default=None, foreign_key="subscription.id", index=True)
    kind: LineKind = Field(sa_column=enum_column(LineKind))
    description: str = Field(max_length=200)
    quantity: int = 1
    unit_minor: int = Field(sa_type=MinorUnits)
    amount_minor: int = Field(sa_type=MinorUnits)
    tax_minor: int = Field(default=0, sa_type=MinorUnits)
    period_starts_on: date | None = None
    period_ends_on: date | None = None


class InvoiceLineTax(Row, table=True):
    """The tax of one rate on one line, on the base it was worked out from."""

    __tablename__ = "invoice_line_tax"

    line_id: int = Field(foreign_key="invoice_line.id", index=True)
    tax_rate_id: int = Field(foreign_key="tax_rate.id")
    base_minor: int = Field(sa_type=MinorUnits)
    tax_minor: int = Field(sa_type=MinorUnits)


class BilledCharge(Row, table=True):
    """The claim `subscription:item:start` on one charge; unique, so no period is billed twice."""

    __tablename__ = "billed_charge"

    billing_key: str = Field(max_length=80, unique=True)
    line_id: int = Field(foreign_key="invoice_line.id", index=True)


class NumberSequence(Row, table=True):
    """The last number given in a series and year; the next one leaves no gap."""

    __tablename__ = "number_sequence"
    __table_args__ = (UniqueConstraint("series", "year"),)

    series: str = Field(max_length=16)
    year: int
    last_number: int = 0


class InvoiceReminder(Row, table=True):
    """A dunning step that was taken for an invoice; each step is taken once."""

    __tablename__ = "invoice_reminder"
    __table_args__ = (UniqueConstraint("invoice_id", "step"),)

    invoice_id: int = Field(foreign_key="invoice.id")
    step: str = Field(max_length=40)
    at: datetime = Field(sa_type=UtcDateTime)
