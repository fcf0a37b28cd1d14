"""The people and businesses we serve, and what staff noted about them."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Column, Index, Text
from sqlmodel import Field

from data.base import Row
from data.columns import ON_EARTH, MinorUnits, UtcDateTime, enum_column
from data.values.kinds import CustomerKind
from data.values.states import CustomerStatus, PromiseStatus


class Customer(Row, table=True):
    """The party that is served. `phone_sha256` matches Paybill money that carries only a hash of the payer, and
    `phone_end`, its last three digits, what a masked phone shows.

    `payer_id` names who is billed for this customer's services, None themselves; a payer has no payer.
    Where they are served is in WGS 84, both None for not known.
    """

    __table_args__ = (
        CheckConstraint("payer_id IS NULL OR payer_id <> id", name="payer_is_another"),
        CheckConstraint(ON_EARTH, name="on_earth"),
        Index("ix_customer_on_map", "latitude_microdegrees", "longitude_microdegrees"),
    )

    account_number: str = Field(max_length=12, unique=True)
    kind: CustomerKind = Field(sa_column=enum_column(CustomerKind))
    name: str = Field(max_length=120, index=True)
    phone: str = Field(max_length=16, index=True)
    phone_sha256: str = Field(max_length=64, index=True)
    phone_end: str = Field(default="", max_length=3, index=True)
    email: str | None = Field(default=None, max_length=254, index=True)
    tax_number: str | None = Field(default=None, max_length=32)
    address: str = Field(default="", max_length=250)
    currency: str = Field(max_length=3)
    status: CustomerStatus = Field(sa_column=enum_column(CustomerStatus, index=True))
    payer_id: int | None = Field(default=None, foreign_key="customer.id", index=True)
    language: str = Field(default="en", max_length=8)
    dunning_deferred_until_on: date | None = None
    promised_until_on: date | None = None
    latitude_microdegrees: int | None = None
    longitude_microdegrees: int | None = None


class CustomerNote(Row, table=True):
    """What a member of staff wrote down about a customer."""

    __tablename__ = "customer_note"

    customer_id: int = Field(foreign_key="customer.id", index=True)
    author: str = Field(max_length=120)
    body: str = Field(sa_column=Column(Text, nullable=False))


class PaymentPromise(Row, table=True):
    """A customer's word to pay by a date: until then nothing is cut off. One is open at a time."""

    __tablename__ = "payment_promise"

    customer_id: int = Field(foreign_key="customer.id", index=True)
    promised_until_on: date
    amount_minor: int = Field(sa_type=MinorUnits)
    currency: str = Field(max_length=3)
    status: PromiseStatus = Field(sa_column=enum_column(PromiseStatus))
    made_by: str = Field(max_length=120)
    settled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
