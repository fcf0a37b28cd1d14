"""SELECTs about accounts, entries and postings, and the writes that bypass the unit of work."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, func, select, update

from data.columns import MinorUnits
from data.models.customer import Customer
from data.models.ledger import JournalEntry, LedgerAccount, Posting
from data.queries.bulk import Bulk, BulkInsert, BulkSelect, Values, alike_together, among, among_named
from data.session import Session

_ACCOUNT_IDS = BulkSelect(
    select(LedgerAccount.code, LedgerAccount.currency, LedgerAccount.owner, LedgerAccount.id).where(
        among_named(LedgerAccount.code, "codes"),
        among_named(LedgerAccount.currency, "currencies"),
        among_named(LedgerAccount.owner, "owners"),
    )
)


def account_ids(
    session: Session, *, codes: Sequence[str], currencies: Sequence[str], owners: Sequence[str]
) -> dict[tuple[str, str, str], int]:
    """Return the id of each account with one of each, by code, currency and owner; no other exists yet."""
    rows = _ACCOUNT_IDS.rows(session, codes=codes, currencies=currencies, owners=owners)
    return {(code, currency, owner): account_id for code, currency, owner, account_id in rows}


def find_entry(session: Session, *, kind: str, source_type: str, source_id: int) -> JournalEntry | None:
    """Return the entry of one fact, or None when it is not posted."""
    return session.scalars(
        select(JournalEntry).where(
            JournalEntry.kind == kind,
            JournalEntry.source_type == source_type,
            JournalEntry.source_id == source_id,
        )
    ).one_or_none()


_POSTED_SOURCES = BulkSelect(
    select(JournalEntry.source_id)
    .where(
        JournalEntry.kind == bindparam("entry_kind"),
        JournalEntry.source_type == bindparam("source"),
        among_named(JournalEntry.source_id, "source_ids"),
    )
    .order_by(JournalEntry.source_id)
)


def posted_sources(session: Session, *, kind: str, source_type: str, source_ids: Sequence[int]) -> list[int]:
    """Return which of these rows have an entry of the kind, ascending."""
    rows = _POSTED_SOURCES.rows(session, entry_kind=kind, source=source_type, source_ids=source_ids)
    return [row[0] for row in rows]


_ACCOUNTS = BulkInsert(
    LedgerAccount, ("id", "code", "kind", "currency", "owner", "customer_id", "balance_minor")
)
_ENTRIES = BulkInsert(
    JournalEntry,
    (
        "id",
        "kind",
        "source_type",
        "source_id",
        "occurred_at",
        "posted_at",
        "memo",
        "reverses_id",
        "chain_number",
        "previous_hash",
        "entry_hash",
    ),
)
_POSTINGS = BulkInsert(Posting, ("id", "entry_id", "account_id", "amount_minor"))
_BALANCES = Bulk(
    update(LedgerAccount)
    .where(among_named(LedgerAccount.id, "account_ids"))
    # In the database, so that two writers cannot lose an update.
    .values(balance_minor=LedgerAccount.balance_minor + bindparam("added_minor", type_=MinorUnits)),
    ("account_ids", "added_minor"),
)
_SEALS = Bulk(
    update(JournalEntry)
    .where(JournalEntry.id == bindparam("entry_id"))
    .values(
        chain_number=bindparam("number"),
        previous_hash=bindparam("previous"),
        entry_hash=bindparam("hash"),
        updated_at=JournalEntry.updated_at,
    ),
    ("entry_id", "number", "previous", "hash"),
)


def insert_accounts(session: Session, rows: Sequence[Values]) -> None:
    """Insert accounts: id, code, kind, currency, owner, customer id, balance."""
    _ACCOUNTS.run(session, rows)


def insert_entries(session: Session, rows: Sequence[Values]) -> None:
    """Insert entries: id, kind, source type, source id, occurred at, posted at, memo, reverses id, and their seal."""
    _ENTRIES.run(session, rows)


def insert_postings(session: Session, rows: Sequence[Values]) -> None:
    """Insert postings: id, entry id, account id, minor units."""
    _POSTINGS.run(session, rows)


def add_to_balances(session: Session, rows: Sequence[Values]) -> None:
    """Add to cached balances: account id, minor units. Each account stands in one row only."""
    _BALANCES.run(session, alike_together(rows))


def seal_entries(session: Session, rows: Sequence[Values]) -> None:
    """Put entries into the chain: entry id, number, previous hash, hash; the triggers allow this once."""
    _SEALS.run(session, rows)


def receivable_balance(session: Session, *, customer_id: int, currency: str) -> int:
    """Return what the customer owes in minor units; negative is their credit."""
    found = session.execute(
        select(LedgerAccount.balance_minor).where(
            LedgerAccount.code == "1200",
            LedgerAccount.currency == currency,
            LedgerAccount.customer_id == customer_id,
        )
    ).scalar_one_or_none()
    return found or 0


class EntryPosting(NamedTuple):
    """One posting with what names its account."""

    entry_id: int
    posting_id: int
    account_id: int
    code: str
    currency: str
    owner: str
    customer_id: int | None
    amount_minor: int


_POSTING_COLUMNS = (
    Posting.entry_id,
    Posting.id,
    LedgerAccount.id,
    LedgerAccount.code,
    LedgerAccount.currency,
    LedgerAccount.owner,
    LedgerAccount.customer_id,
    Posting.amount_minor,
)


def postings_of(session: Session, entry_ids: Sequence[int]) -> list[EntryPosting]:
    """Return the postings of these entries, by entry and in the order they were written."""
    rows = session.execute(
        select(
            *_POSTING_COLUMNS,
        )
        .join(LedgerAccount, LedgerAccount.id == Posting.account_id)
        .where(among(Posting.entry_id, entry_ids))
        .order_by(Posting.entry_id, Posting.id)
    )
    return [EntryPosting(*row) for row in rows]


class ChainRow(NamedTuple):
    """An entry as the chain sees it."""

    id: int
    kind: str
    source_type: str
    source_id: int
    occurred_at: datetime
    posted_at: datetime
    memo: str
    reverses_id: int | None
    chain_number: int | None
    previous_hash: str | None
    entry_hash: str | None


_CHAIN_COLUMNS = (
    JournalEntry.id,
    JournalEntry.kind,
    JournalEntry.source_type,
    JournalEntry.source_id,
    JournalEntry.occurred_at,
    JournalEntry.posted_at,
    JournalEntry.memo,
    JournalEntry.reverses_id,
    JournalEntry.chain_number,
    JournalEntry.previous_hash,
    JournalEntry.entry_hash,
)


_UNLINKED = (None, None, None)
_UNSEALED = BulkSelect(
    select(*_CHAIN_COLUMNS[:8], *_POSTING_COLUMNS)
    .outerjoin(Posting, Posting.entry_id == JournalEntry.id)
    .outerjoin(LedgerAccount, LedgerAccount.id == Posting.account_id)
    .where(JournalEntry.chain_number.is_(None))
    .order_by(JournalEntry.id, Posting.id)
)


def unsealed_entries(session: Session) -> list[tuple[ChainRow, list[EntryPosting]]]:
    """Return the entries that are not in the chain yet, oldest first, each with its postings as they were written."""
    found: list[tuple[ChainRow, list[EntryPosting]]] = []
    for row in _UNSEALED.rows(session):
        if not found or found[-1][0].id != row[0]:
            found.append((ChainRow._make((*row[:8], *_UNLINKED)), []))
        if row[8] is not None:
            found[-1][1].append(EntryPosting._make(row[8:]))
    return found


_LAST_LINK = BulkSelect(
    select(JournalEntry.chain_number, JournalEntry.entry_hash)
    .where(JournalEntry.chain_number.is_not(None))
    .order_by(JournalEntry.chain_number.desc())
    .limit(1)
)


def last_link(session: Session) -> tuple[int, str]:
    """Return number and hash of the newest sealed entry; (0, "") before the first."""
    for number, entry_hash in _LAST_LINK.rows(session):
        return number, entry_hash
    return 0, ""


def chain_in_order(session: Session, *, batch: int = 2000) -> Iterator[list[ChainRow]]:
    """Yield the sealed entries in chain order, a batch at a time."""
    after = 0
    while True:
        rows = session.execute(
            select(*_CHAIN_COLUMNS)
            .where(JournalEntry.chain_number > after)
            .order_by(JournalEntry.chain_number)
            .limit(batch)
        ).all()
        if not rows:
            return
        yield [ChainRow(*row) for row in rows]
        after = rows[-1].chain_number


def customer_sums(session: Session) -> dict[tuple[int, str], int]:
    """Return the sum of the postings on each customer's account, by customer and currency."""
    rows = session.execute(
        select(LedgerAccount.customer_id, LedgerAccount.currency, func.sum(Posting.amount_minor))
        .join(Posting, Posting.account_id == LedgerAccount.id)
        .where(LedgerAccount.customer_id.is_not(None))
        .group_by(LedgerAccount.customer_id, LedgerAccount.currency)
    )
    return {(customer_id, currency): int(minor) for customer_id, currency, minor in rows}


class TrialLine(NamedTuple):
    """The sum of all postings to one code in one currency."""

    code: str
    currency: str
    debit_minor: int
    credit_minor: int


def trial_balance(session: Session) -> list[TrialLine]:
    """Return the sums per code and currency, by code."""
    rows = session.execute(
        select(
            LedgerAccount.code,
            LedgerAccount.currency,
            func.sum(func.abs(Posting.amount_minor) + Posting.amount_minor) / 2,
            func.sum(func.abs(Posting.amount_minor) - Posting.amount_minor) / 2,
        )
        .join(LedgerAccount, LedgerAccount.id == Posting.account_id)
        .group_by(LedgerAccount.code, LedgerAccount.currency)
        .order_by(LedgerAccount.code)
    )
    return [TrialLine(row[0], row[1], int(row[2]), int(row[3])) for row in rows]


def count_entries(session: Session) -> int:
    """Return how many entries the journal holds."""
    return session.execute(select(func.count()).select_from(JournalEntry)).scalar_one()


class StatementRow(NamedTuple):
    """One posting to a customer's account with what it was for."""

    posting_id: int
    kind: str
    source_type: str
    source_id: int
    occurred_at: datetime
    memo: str
    amount_minor: int


def customer_postings(session: Session, *, customer_id: int, currency: str) -> list[StatementRow]:
    """Return the postings to the customer's receivable account, oldest first."""
    rows = session.execute(
        select(
            Posting.id,
            JournalEntry.kind,
            JournalEntry.source_type,
            JournalEntry.source_id,
            JournalEntry.occurred_at,
            JournalEntry.memo,
            Posting.amount_minor,
        )
        .join(JournalEntry, JournalEntry.id == Posting.entry_id)
        .join(LedgerAccount, LedgerAccount.id == Posting.account_id)
        .join(Customer, Customer.id == LedgerAccount.customer_id)
        .where(
            LedgerAccount.code == "1200",
            LedgerAccount.customer_id == customer_id,
            LedgerAccount.currency == currency,
        )
        .order_by(JournalEntry.occurred_at, Posting.id)
    )
    return [StatementRow(*row) for row in rows]
