"""The people and businesses we serve, and what staff noted about them."""

from sqlalchemy import Column, Text
from sqlmodel import Field

from data.base import Row
from data.columns import enum_column
from data.values.kinds import CustomerKind
from data.values.states import CustomerStatus


class Customer(Row, table=True):
    """The party that is billed. `phone_sha256` matches Paybill money that carries only a hash."""

    account_number: str = Field(max_length=12, unique=True)
    kind: CustomerKind = Field(sa_column=enum_column(CustomerKind))
    name: str = Field(max_length=120, index=True)
    phone: str = Field(max_length=16, index=True)
    phone_sha256: str = Field(max_length=64, index=True)
    email: str | None = Field(default=None, max_length=254, index=True)
    tax_number: str | None = Field(default=None, max_length=32)
    address: str = Field(default="", max_length=250)
    currency: str = Field(max_length=3)
    status: CustomerStatus = Field(sa_column=enum_column(CustomerStatus, index=True))


class CustomerNote(Row, table=True):
    """What a member of staff wrote down about a customer."""

    __tablename__ = "customer_note"

    customer_id: int = Field(foreign_key="customer.id", index=True)
    author: str = Field(max_length=120)
    body: str = Field(sa_column=Column(Text, nullable=False))
