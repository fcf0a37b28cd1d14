"""The double-entry journal: append-only, hash-chained, the truth about money."""

from datetime import datetime

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field

from data.base import Row
from data.columns import MinorUnits, UtcDateTime, enum_column
from data.values.kinds import AccountKind, EntryKind


class LedgerAccount(Row, table=True):
    """An account of the chart; `owner` tells customers and gateways apart ("customer:12", "gateway:mpesa")."""

    __tablename__ = "ledger_account"
    __table_args__ = (UniqueConstraint("code", "currency", "owner"),)

    code: str = Field(max_length=8)
    kind: AccountKind = Field(sa_column=enum_column(AccountKind))
    currency: str = Field(max_length=3)
    owner: str = Field(default="", max_length=40)
    customer_id: int | None = Field(default=None, foreign_key="customer.id", index=True)
    balance_minor: int = Field(default=0, sa_type=MinorUnits)


class JournalEntry(Row, table=True):
    """One business fact; `chain_number` and the hashes are set once, just before its commit."""

    __tablename__ = "journal_entry"
    __table_args__ = (UniqueConstraint("kind", "source_type", "source_id"),)

    kind: EntryKind = Field(sa_column=enum_column(EntryKind))
    source_type: str = Field(max_length=24)
    source_id: int
    occurred_at: datetime = Field(sa_type=UtcDateTime, index=True)
    posted_at: datetime = Field(sa_type=UtcDateTime)
    memo: str = Field(default="", max_length=200)
    reverses_id: int | None = Field(default=None, foreign_key="journal_entry.id")
    chain_number: int | None = Field(default=None, unique=True)
    previous_hash: str | None = Field(default=None, max_length=64)
    entry_hash: str | None = Field(default=None, max_length=64)


class Posting(Row, table=True):
    """One side of an entry: debit positive, credit negative, in minor units. Never changed."""

    __table_args__ = (CheckConstraint("amount_minor <> 0", name="amount_not_zero"),)

    entry_id: int = Field(foreign_key="journal_entry.id", index=True)
    account_id: int = Field(foreign_key="ledger_account.id", index=True)
    amount_minor: int = Field(sa_type=MinorUnits)
