"""What customers agreed to for later payments: saved cards that renew by themselves, and standing orders."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Column, Text, UniqueConstraint
from sqlmodel import Field

from data.base import Row
from data.columns import MinorUnits, UtcDateTime, enum_column
from data.values.states import StandingOrderStatus


class SavedMethod(Row, table=True):
    """A card or account that a gateway lets us charge again, with its owner's consent.

    `code_sealed` is what the gateway wants named; `signature` tells one card from another. It is charged for
    what is due only while `consented_at` is set and `withdrawn_at` is not.
    """

    __tablename__ = "saved_method"
    __table_args__ = (UniqueConstraint("customer_id", "gateway", "signature"),)

    customer_id: int = Field(foreign_key="customer.id", index=True)
    gateway: str = Field(max_length=24)
    signature: str = Field(max_length=80)
    code_sealed: str = Field(sa_column=Column(Text, nullable=False))
    email: str = Field(max_length=254)
    label: str = Field(max_length=60)
    expires_on: date | None = None
    consented_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    consented_by: str = Field(default="", max_length=120)
    withdrawn_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    failures: int = 0
    last_failure: str | None = Field(default=None, max_length=250)


class StandingOrder(Row, table=True):
    """A payer's order to their gateway to pay us again and again; its payments come as any other money."""

    __tablename__ = "standing_order"
    __table_args__ = (CheckConstraint("amount_minor > 0", name="amount_positive"),)

    reference: str = Field(max_length=40, unique=True)
    callback_token_hash: str = Field(max_length=64, unique=True)
    customer_id: int = Field(foreign_key="customer.id", index=True)
    gateway: str = Field(max_length=24)
    gateway_reference: str | None = Field(default=None, max_length=120)
    payer: str = Field(max_length=64)
    amount_minor: int = Field(sa_type=MinorUnits)
    currency: str = Field(max_length=3)
    frequency: str = Field(max_length=16)
    starts_on: date
    ends_on: date
    status: StandingOrderStatus = Field(sa_column=enum_column(StandingOrderStatus))
    failure_message: str | None = Field(default=None, max_length=250)
