"""The checks of `ledger verify` on accounts, entries and postings: each returns rows that break one rule."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, or_, select

from data.models.ledger import JournalEntry, LedgerAccount, Posting
from data.session import Session


def entries_off_balance(session: Session, *, limit: int = 20) -> list[tuple[int, str, int]]:
    """Return (entry id, currency, sum) of entries whose postings do not sum to zero."""
    rows = session.execute(
        select(Posting.entry_id, LedgerAccount.currency, func.sum(Posting.amount_minor))
        .join(LedgerAccount, LedgerAccount.id == Posting.account_id)
        .group_by(Posting.entry_id, LedgerAccount.currency)
        .having(func.sum(Posting.amount_minor) != 0)
        .order_by(Posting.entry_id)
        .limit(limit)
    )
    return [(row[0], row[1], int(row[2])) for row in rows]


def entries_without_postings(session: Session, *, limit: int = 20) -> list[int]:
    """Return ids of entries that have fewer than two postings."""
    rows = session.execute(
        select(JournalEntry.id)
        .outerjoin(Posting, Posting.entry_id == JournalEntry.id)
        .group_by(JournalEntry.id)
        .having(func.count(Posting.id) < 2)
        .order_by(JournalEntry.id)
        .limit(limit)
    )
    return list(rows.scalars())


def entries_with_other_stamps(session: Session, *, limit: int = 20) -> list[int]:
    """Return ids of entries whose row was not written when the entry was posted."""
    rows = session.scalars(
        select(JournalEntry.id)
        .where(
            or_(
                JournalEntry.created_at != JournalEntry.posted_at,
                JournalEntry.updated_at != JournalEntry.posted_at,
            )
        )
        .order_by(JournalEntry.id)
        .limit(limit)
    )
    return [row for row in rows if row is not None]


def postings_astray(session: Session, *, limit: int = 20) -> list[int]:
    """Return ids of postings without an entry or an account, or not written together with their entry."""
    rows = session.scalars(
        select(Posting.id)
        .outerjoin(JournalEntry, JournalEntry.id == Posting.entry_id)
        .outerjoin(LedgerAccount, LedgerAccount.id == Posting.account_id)
        .where(
            or_(
                JournalEntry.id.is_(None),
                LedgerAccount.id.is_(None),
                Posting.created_at != JournalEntry.posted_at,
                Posting.updated_at != JournalEntry.posted_at,
            )
        )
        .order_by(Posting.id)
        .limit(limit)
    )
    return [row for row in rows if row is not None]


class AccountState(NamedTuple):
    """An account with what its postings say: their sum, and when the first was written (None for none)."""

    id: int
    code: str
    kind: str
    currency: str
    owner: str
    customer_id: int | None
    balance_minor: int
    created_at: datetime
    updated_at: datetime
    summed_minor: int
    first_posted_at: datetime | None


def account_states(session: Session) -> list[AccountState]:
    """Return every account, by id."""
    summed = (
        select(
            Posting.account_id,
            func.sum(Posting.amount_minor).label("summed_minor"),
            func.min(Posting.id).label("first_id"),
        )
        .group_by(Posting.account_id)
        .subquery()
    )
    first = select(Posting.id, Posting.created_at).subquery()
    rows = session.execute(
        select(
            LedgerAccount.id,
            LedgerAccount.code,
            LedgerAccount.kind,
            LedgerAccount.currency,
            LedgerAccount.owner,
            LedgerAccount.customer_id,
            LedgerAccount.balance_minor,
            LedgerAccount.created_at,
            LedgerAccount.updated_at,
            func.coalesce(summed.c.summed_minor, 0),
            first.c.created_at,
        )
        .outerjoin(summed, summed.c.account_id == LedgerAccount.id)
        .outerjoin(first, first.c.id == summed.c.first_id)
        .order_by(LedgerAccount.id)
    )
    return [AccountState._make(row) for row in rows]


def code_sums(session: Session, *, code: str) -> dict[str, int]:
    """Return the sum of the postings on all accounts of a code, by currency."""
    rows = session.execute(
        select(LedgerAccount.currency, func.sum(Posting.amount_minor))
        .join(LedgerAccount, LedgerAccount.id == Posting.account_id)
        .where(LedgerAccount.code == code)
        .group_by(LedgerAccount.currency)
    )
    return {currency: int(minor) for currency, minor in rows}
