"""Post and reverse journal entries, and seal them into the chain. The only writer of postings.

What the postings of an event are is said in `entries`; which accounts there are, in `chart`.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from benfex.core.unit_of_work import UnitOfWork
from benfex.ledger.chart import KIND_OF, AccountCode, AccountKey
from benfex.ledger.entries import PostingLine, reversed_lines
from data.models.ledger import JournalEntry, LedgerAccount, Posting
from data.queries import ledger as ledger_queries
from data.session import Session
from data.values.errors import AlreadyExists
from data.values.identifiers import CustomerId, EntryId
from data.values.kinds import EntryKind
from data.values.money import Money


@dataclass(frozen=True, slots=True)
class EntrySource:
    """The row whose fact is posted, such as ("invoice", 42)."""

    type: str
    id: int


def post_entry(
    uow: UnitOfWork,
    *,
    kind: EntryKind,
    source: EntrySource,
    postings: Sequence[PostingLine],
    occurred_at: datetime,
    memo: str = "",
    reverses: EntryId | None = None,
) -> EntryId:
    """Write one balanced entry and return its id.

    Raises AlreadyExists when the same fact was posted before.
    """
    currencies = {line.amount.currency for line in postings}
    assert len(currencies) == 1, "an entry has one currency"
    assert sum(line.amount.minor for line in postings) == 0, "an entry must balance"
    if ledger_queries.find_entry(uow.session, kind=kind, source_type=source.type, source_id=source.id):
        raise AlreadyExists("entry", f"The {kind} of {source.type} {source.id} is already in the journal.")
    entry = JournalEntry(
        kind=kind,
        source_type=source.type,
        source_id=source.id,
        occurred_at=occurred_at,
        posted_at=uow.now,
        memo=memo[:200],
        reverses_id=reverses,
    )
    uow.session.add(entry)
    uow.session.flush()
    assert entry.id is not None
    for line in postings:
        _write_posting(uow.session, entry.id, line)
    uow.session.flush()
    return EntryId(entry.id)


def reverse_entry(
    uow: UnitOfWork,
    *,
    kind: EntryKind,
    source: EntrySource,
    original: EntrySource,
    original_kind: EntryKind,
    memo: str,
) -> EntryId:
    """Post the opposite of an earlier entry as a fact of its own and return its id."""
    entry = ledger_queries.find_entry(
        uow.session, kind=original_kind, source_type=original.type, source_id=original.id
    )
    assert entry is not None, "only what was posted can be reversed"
    assert entry.id is not None
    lines = tuple(
        PostingLine(
            AccountKey(
                AccountCode(row.code),
                row.owner,
                CustomerId(row.customer_id) if row.customer_id is not None else None,
            ),
            Money(row.amount_minor, row.currency),
        )
        for row in ledger_queries.postings_of(uow.session, [entry.id])
    )
    return post_entry(
        uow,
        kind=kind,
        source=source,
        postings=reversed_lines(lines),
        occurred_at=uow.now,
        memo=memo,
        reverses=EntryId(entry.id),
    )


def _write_posting(session: Session, entry_id: int, line: PostingLine) -> None:
    account_id = _account_id(session, line.account, line.amount.currency)
    session.add(Posting(entry_id=entry_id, account_id=account_id, amount_minor=line.amount.minor))
    if line.account.customer_id is not None:
        ledger_queries.add_to_balance(session, account_id=account_id, amount_minor=line.amount.minor)


def _account_id(session: Session, key: AccountKey, currency: str) -> int:
    found = ledger_queries.find_account(session, code=key.code, currency=currency, owner=key.owner)
    if found is None:
        found = LedgerAccount(
            code=key.code,
            kind=KIND_OF[key.code],
            currency=currency,
            owner=key.owner,
            customer_id=key.customer_id,
        )
        session.add(found)
        session.flush()
    assert found.id is not None
    return found.id


def chain_hash(
    previous_hash: str, entry: ledger_queries.ChainRow, postings: Sequence[ledger_queries.EntryPosting]
) -> str:
    """Return the SHA-256 over the link before, the entry and its postings, in a fixed form."""
    body = [
        previous_hash,
        entry.id,
        str(entry.kind),
        entry.source_type,
        entry.source_id,
        entry.occurred_at.isoformat(),
        entry.memo,
        entry.reverses_id,
        [[row.posting_id, row.code, row.currency, row.owner, row.amount_minor] for row in postings],
    ]
    return hashlib.sha256(json.dumps(body, separators=(",", ":")).encode()).hexdigest()


def seal_chain(session: Session) -> None:
    """Number and hash the entries of this commit; runs once, just before it."""
    entries = ledger_queries.unsealed_entries(session)
    if not entries:
        return
    number, previous = ledger_queries.last_link(session)
    postings: dict[int, list[ledger_queries.EntryPosting]] = {}
    for row in ledger_queries.postings_of(session, [entry.id for entry in entries]):
        postings.setdefault(row.entry_id, []).append(row)
    for entry in entries:
        number += 1
        digest = chain_hash(previous, entry, postings.get(entry.id, []))
        ledger_queries.seal_entry(
            session, entry_id=entry.id, number=number, previous_hash=previous, entry_hash=digest
        )
        previous = digest
