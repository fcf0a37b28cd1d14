"""The second opinion on money: gateways' and banks' statements, what agreed by day, and what did not."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Column, Index, Text, UniqueConstraint
from sqlmodel import Field

from data.base import Row
from data.columns import MinorUnits, UtcDateTime, enum_column
from data.values.kinds import DifferenceKind
from data.values.states import DisputeStatus, LineStatus


class StatementMapping(Row, table=True):
    """Which column of a bank's file means what, remembered by the bank's name. `columns` is JSON."""

    __tablename__ = "statement_mapping"

    name: str = Field(max_length=40, unique=True)
    gateway: str = Field(max_length=24)
    columns: str = Field(sa_column=Column(Text, nullable=False))
    saved_by: str = Field(max_length=120)


class StatementImport(Row, table=True):
    """One file that was read in; the same file twice is one import."""

    __tablename__ = "statement_import"
    __table_args__ = (UniqueConstraint("gateway", "file_sha256"),)

    gateway: str = Field(max_length=24)
    mapping: str = Field(max_length=40)
    file_name: str = Field(max_length=200)
    file_sha256: str = Field(max_length=64)
    imported_by: str = Field(max_length=120)
    lines: int
    booked: int
    known: int


class StatementCursor(Row, table=True):
    """From when to when a gateway's record was read whole, by its API or from files.

    `problem` says why the last try read nothing, empty when it did.
    """

    __tablename__ = "statement_cursor"

    gateway: str = Field(max_length=24, unique=True)
    read_from: datetime = Field(sa_type=UtcDateTime)
    read_until: datetime = Field(sa_type=UtcDateTime)
    read_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    problem: str = Field(default="", max_length=250)


class StatementLine(Row, table=True):
    """What a gateway or bank says it received or gave back: signed minor units, one row a transaction.

    `payment_id` is the payment that it is, `sweep_id` the money of ours that it is when we brought it there.
    """

    __tablename__ = "statement_line"
    __table_args__ = (
        UniqueConstraint("gateway", "transaction_id"),
        Index("ix_statement_line_day", "gateway", "day"),
    )

    gateway: str = Field(max_length=24)
    transaction_id: str = Field(max_length=80)
    at: datetime = Field(sa_type=UtcDateTime)
    day: date
    amount_minor: int = Field(sa_type=MinorUnits)
    fee_minor: int | None = Field(default=None, sa_type=MinorUnits)
    currency: str = Field(max_length=3)
    account_reference: str = Field(default="", max_length=64)
    payer_name: str = Field(default="", max_length=120)
    payer_phone: str = Field(default="", max_length=64)
    details: str = Field(default="", max_length=250)
    status: LineStatus = Field(sa_column=enum_column(LineStatus))
    payment_id: int | None = Field(default=None, foreign_key="payment.id", index=True)
    import_id: int | None = Field(default=None, foreign_key="statement_import.id", index=True)
    sweep_id: int | None = Field(default=None, foreign_key="sweep.id", index=True)


class ReconciliationDay(Row, table=True):
    """How a gateway's record of one day compares with our books; replaced each time the day is looked at.

    Figures are minor units; `balance_minor` is what the gateway says it holds, None where it cannot say.
    """

    __tablename__ = "reconciliation_day"
    __table_args__ = (
        UniqueConstraint("gateway", "currency", "day"),
        Index("ix_reconciliation_day_day", "day", "gateway"),
    )

    gateway: str = Field(max_length=24)
    currency: str = Field(max_length=3)
    day: date
    ours_count: int
    ours_minor: int = Field(sa_type=MinorUnits)
    theirs_count: int
    theirs_minor: int = Field(sa_type=MinorUnits)
    fees_ours_minor: int = Field(sa_type=MinorUnits)
    fees_theirs_minor: int | None = Field(default=None, sa_type=MinorUnits)
    clearing_minor: int = Field(sa_type=MinorUnits)
    balance_minor: int | None = Field(default=None, sa_type=MinorUnits)
    agrees: bool
    reason: str = Field(default="", max_length=250)
    checked_at: datetime = Field(sa_type=UtcDateTime)


class ReconciliationDifference(Row, table=True):
    """One thing on which a gateway and we do not agree, until a person or a later statement settles it."""

    __tablename__ = "reconciliation_difference"
    __table_args__ = (
        UniqueConstraint("gateway", "transaction_id", "kind"),
        Index("ix_reconciliation_difference_day", "gateway", "day"),
    )

    gateway: str = Field(max_length=24)
    day: date
    kind: DifferenceKind = Field(sa_column=enum_column(DifferenceKind))
    transaction_id: str = Field(max_length=80)
    currency: str = Field(max_length=3)
    ours_minor: int | None = Field(default=None, sa_type=MinorUnits)
    theirs_minor: int | None = Field(default=None, sa_type=MinorUnits)
    reason: str = Field(max_length=250)
    payment_id: int | None = Field(default=None, foreign_key="payment.id")
    resolved_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    resolved_by: str = Field(default="", max_length=120)
    resolution: str = Field(default="", max_length=250)


class GatewayBalance(Row, table=True):
    """What a gateway said it holds for us at an instant, and what its clearing account held when we heard it."""

    __tablename__ = "gateway_balance"
    __table_args__ = (Index("ix_gateway_balance_at", "gateway", "at"),)

    gateway: str = Field(max_length=24)
    currency: str = Field(max_length=3)
    balance_minor: int = Field(sa_type=MinorUnits)
    clearing_minor: int = Field(sa_type=MinorUnits)
    at: datetime = Field(sa_type=UtcDateTime)


class Dispute(Row, table=True):
    """A payer asked their bank for the money back; silence until `due_at` loses it."""

    __table_args__ = (
        UniqueConstraint("gateway", "gateway_dispute_id"),
        CheckConstraint("amount_minor > 0", name="amount_positive"),
    )

    gateway: str = Field(max_length=24)
    gateway_dispute_id: str = Field(max_length=80)
    payment_id: int | None = Field(default=None, foreign_key="payment.id", index=True)
    amount_minor: int = Field(sa_type=MinorUnits)
    currency: str = Field(max_length=3)
    status: DisputeStatus = Field(sa_column=enum_column(DisputeStatus))
    reason: str = Field(default="", max_length=200)
    due_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    resolved_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
