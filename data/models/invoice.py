"""Invoices, their lines and taxes, and what proves that nothing is billed twice."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Column, Text, UniqueConstraint
from sqlmodel import Field

from data.base import Row
from data.columns import MinorUnits, UtcDateTime, enum_column
from data.values.kinds import BillRunKind, LineKind
from data.values.states import BillRunStatus, InvoiceStatus


class Invoice(Row, table=True):
    """What a customer owes for stated lines. Number, dates and amounts are fixed at issue.

    `paid_minor` is all that settles it, money and credit notes; `credited_minor` all credit notes given on it.
    """

    __table_args__ = (
        CheckConstraint("total_minor = subtotal_minor + tax_minor", name="total_adds_up"),
        CheckConstraint("paid_minor >= 0 AND paid_minor <= total_minor", name="paid_in_range"),
        CheckConstraint("credited_minor >= 0 AND credited_minor <= total_minor", name="credited_in_range"),
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
    written_off_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    credited_minor: int = Field(default=0, sa_type=MinorUnits)
    bill_run_id: int | None = Field(default=None, foreign_key="bill_run.id", index=True)


class InvoiceLine(Row, table=True):
    """One charge. `amount_minor` is without tax; `tax_minor` is this line's share of the tax.

    `item` names what was charged within the subscription: "price", "addon:7", "discount:3", "usage".
    `credited_minor` is what credit notes took back of it, tax included, with the sign of the line. Of the net
    amount `deferred_minor` was put off at issue (if the policy defers revenue), less what was credited of it
    unearned; `earned_minor` of that is earned.
    """

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
    item: str = Field(default="", max_length=40)
    credited_minor: int = Field(default=0, sa_type=MinorUnits)
    deferred_minor: int = Field(default=0, sa_type=MinorUnits)
    earned_minor: int = Field(default=0, sa_type=MinorUnits)


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


class CreditNote(Row, table=True):
    """What lowers an issued invoice; amounts are positive. It never changes."""

    __tablename__ = "credit_note"
    __table_args__ = (
        CheckConstraint("total_minor = subtotal_minor + tax_minor", name="total_adds_up"),
        CheckConstraint("total_minor > 0", name="total_positive"),
    )

    number: str = Field(max_length=32, unique=True)
    invoice_id: int = Field(foreign_key="invoice.id", index=True)
    customer_id: int = Field(foreign_key="customer.id", index=True)
    currency: str = Field(max_length=3)
    subtotal_minor: int = Field(sa_type=MinorUnits)
    tax_minor: int = Field(sa_type=MinorUnits)
    total_minor: int = Field(sa_type=MinorUnits)
    reason: str = Field(max_length=200)
    issued_on: date = Field(index=True)


class CreditNoteLine(Row, table=True):
    """What of an invoice line is taken back: the sign of the line, as a positive credit for a charge."""

    __tablename__ = "credit_note_line"

    credit_note_id: int = Field(foreign_key="credit_note.id", index=True)
    invoice_line_id: int = Field(foreign_key="invoice_line.id", index=True)
    description: str = Field(max_length=200)
    amount_minor: int = Field(sa_type=MinorUnits)
    tax_minor: int = Field(sa_type=MinorUnits)
    period_starts_on: date | None = None
    period_ends_on: date | None = None


class CreditNoteLineTax(Row, table=True):
    """The tax of one rate that a credit note line takes back."""

    __tablename__ = "credit_note_line_tax"

    line_id: int = Field(foreign_key="credit_note_line.id", index=True)
    tax_rate_id: int = Field(foreign_key="tax_rate.id")
    tax_minor: int = Field(sa_type=MinorUnits)


class BillRun(Row, table=True):
    """One run over all customers, or its rehearsal: how far it is, what it did, what it asks.

    `summary` is JSON for screens: totals by currency, the last cycle's, and for a rehearsal what it foresees.
    """

    __tablename__ = "bill_run"

    kind: BillRunKind = Field(sa_column=enum_column(BillRunKind))
    billed_on: date = Field(index=True)
    status: BillRunStatus = Field(sa_column=enum_column(BillRunStatus))
    started_by: str = Field(max_length=120)
    started_at: datetime = Field(sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    customers_seen: int = 0
    invoices: int = 0
    last_customer_id: int = 0
    question: str = Field(default="", max_length=250)
    answered_by: str = Field(default="", max_length=120)
    summary: str = Field(default="{}", sa_column=Column(Text, nullable=False))


class ParkedCustomer(Row, table=True):
    """A customer whom a run could not bill, and why; nobody else was held up."""

    __tablename__ = "parked_customer"
    __table_args__ = (UniqueConstraint("bill_run_id", "customer_id"),)

    bill_run_id: int = Field(foreign_key="bill_run.id")
    customer_id: int = Field(foreign_key="customer.id")
    reason: str = Field(max_length=250)
