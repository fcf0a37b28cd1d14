"""Money taken by hand: who took it in which shift, and when it was banked; what the matcher learned from people."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Column, Index, Text, UniqueConstraint, text
from sqlmodel import Field

from data.base import Row
from data.columns import MinorUnits, UtcDateTime, enum_column
from data.values.kinds import HintKind


class CashierShift(Row, table=True):
    """A cashier's drawer from its opening float to its count. Minor units; a person has one open at a time."""

    __tablename__ = "cashier_shift"
    __table_args__ = (
        Index(
            "uq_cashier_shift_open",
            "cashier_id",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )

    cashier_id: int = Field(foreign_key="user_account.id", index=True)
    cashier_name: str = Field(max_length=120)
    currency: str = Field(max_length=3)
    opened_at: datetime = Field(sa_type=UtcDateTime)
    opening_minor: int = Field(sa_type=MinorUnits)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    expected_minor: int | None = Field(default=None, sa_type=MinorUnits)
    counted_minor: int | None = Field(default=None, sa_type=MinorUnits)
    note: str = Field(default="", max_length=250)


class Sweep(Row, table=True):
    """Money that went from a drawer or a gateway to our bank; below nothing it came back from there.

    `reference` is the number on the bank's slip or of the payout, once per gateway.
    """

    __table_args__ = (
        UniqueConstraint("gateway", "reference"),
        CheckConstraint("amount_minor <> 0", name="amount_given"),
    )

    gateway: str = Field(max_length=24)
    amount_minor: int = Field(sa_type=MinorUnits)
    currency: str = Field(max_length=3)
    banked_on: date
    reference: str = Field(max_length=40)
    made_by: str = Field(max_length=120)


class MatchHint(Row, table=True):
    """A fact that a person confirmed to mean one customer: a way of writing an account, a payer's phone.

    `value` is normalised; a phone is kept as its SHA-256. `confirmations` falls when a match is undone.
    """

    __tablename__ = "match_hint"
    __table_args__ = (UniqueConstraint("kind", "value", "customer_id"),)

    kind: HintKind = Field(sa_column=enum_column(HintKind))
    value: str = Field(max_length=64)
    customer_id: int = Field(foreign_key="customer.id", index=True)
    confirmations: int = 1
    confirmed_by: str = Field(max_length=120)
    confirmed_at: datetime = Field(sa_type=UtcDateTime)


class ReceiptClaim(Row, table=True):
    """A customer's word that a gateway's receipt is theirs: one fact among others, whenever its money comes."""

    __tablename__ = "receipt_claim"
    __table_args__ = (UniqueConstraint("receipt", "customer_id"),)

    receipt: str = Field(max_length=80)
    customer_id: int = Field(foreign_key="customer.id", index=True)
    claimed_by: str = Field(max_length=120)
    claimed_at: datetime = Field(sa_type=UtcDateTime)


class MatchDecision(Row, table=True):
    """A person's word whose unmatched money is; undone it stays, so that the journal names each once.

    `reasons` is JSON: what spoke for the customer when it was accepted.
    """

    __tablename__ = "match_decision"

    payment_id: int = Field(foreign_key="payment.id", index=True)
    customer_id: int = Field(foreign_key="customer.id")
    score: int | None = None
    reasons: str = Field(sa_column=Column(Text, nullable=False))
    made_by: str = Field(max_length=120)
    made_at: datetime = Field(sa_type=UtcDateTime)
    undone_by: str = Field(default="", max_length=120)
    undone_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
