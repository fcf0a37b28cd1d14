"""Post journal entries, and seal them into the chain. The only writer of postings.

What the postings of an event are is said in `entries`; which accounts there are, in `chart`.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from json.encoder import encode_basestring_ascii as _quoted
from typing import NamedTuple

from benfex.core.unit_of_work import UnitOfWork
from benfex.ledger.chart import KIND_OF, AccountKey
from benfex.ledger.entries import PostingLine
from data.models.ledger import JournalEntry, LedgerAccount, Posting
from data.queries import ledger as ledger_queries
from data.queries.bulk import Values, has_one_writer, reserve_ids
from data.session import Session
from data.values.errors import AlreadyExists
from data.values.identifiers import EntryId
from data.values.kinds import EntryKind

_Key = tuple[str, str, str]  # code, currency and owner of an account
_NOT_SEALED = (None, None, None)
_FIXED_FORM = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class EntrySource:
    """The row whose fact is posted, such as ("invoice", 42)."""

    type: str
    id: int


@dataclass(frozen=True, slots=True)
class EntryDraft:
    """One fact to be posted: what it is, of which row, and its balanced postings in one currency."""

    kind: EntryKind
    source: EntrySource
    postings: Sequence[PostingLine]
    occurred_at: datetime
    memo: str = ""
    reverses: EntryId | None = None


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
    return post_entries(uow, [EntryDraft(kind, source, postings, occurred_at, memo, reverses)])[0]


def post_entries(uow: UnitOfWork, drafts: Sequence[EntryDraft]) -> tuple[EntryId, ...]:
    """Write balanced entries, one or thousands, and return their ids in the same order.

    Raises AlreadyExists when one of the facts was posted before.
    """
    if not drafts:
        return ()
    session = uow.session
    session.flush()
    _check_new(session, drafts)
    sides = _sides(session, drafts)
    ids = reserve_ids(session, JournalEntry, len(drafts))
    posting_ids = iter(reserve_ids(session, Posting, sum([len(draft.postings) for draft in drafts])))
    chain = _Chain(session) if has_one_writer(session) else None
    entries: list[Values] = []
    postings: list[Values] = []
    added: dict[int, int] = {}
    for entry_id, draft in zip(ids, drafts, strict=True):
        total, currency, texts = 0, draft.postings[0].amount.currency, []
        for line in draft.postings:
            side = sides[id(line)]
            account_id, minor, posting_id = side.account_id, side.minor, next(posting_ids)
            postings.append((posting_id, entry_id, account_id, minor))
            texts.append(f"[{posting_id},{side.text}]")
            assert side.currency == currency, "an entry has one currency"
            total += minor
            if side.is_customers:
                added[account_id] = added.get(account_id, 0) + minor
        assert total == 0, "an entry must balance"
        facts = (
            entry_id,
            draft.kind,
            draft.source.type,
            draft.source.id,
            draft.occurred_at,
            uow.now,
            draft.memo[:200],
            draft.reverses,
        )
        entries.append(facts + (chain.add(facts, texts) if chain is not None else _NOT_SEALED))
    ledger_queries.insert_entries(session, entries)
    ledger_queries.insert_postings(session, postings)
    ledger_queries.add_to_balances(session, list(added.items()))
    return tuple([EntryId(entry_id) for entry_id in ids])


class _Side(NamedTuple):
    """A line of postings with its account; many entries share one. `text` is what of it is sealed."""

    account_id: int
    currency: str
    minor: int
    text: str
    is_customers: bool


class _Chain:
    """The end of the chain of hashes, to which entries are added one by one."""

    def __init__(self, session: Session) -> None:
        self._number, self._previous = ledger_queries.last_link(session)
        self._texts: dict[datetime, str] = {}

    def add(self, facts: Values, sides: Sequence[str]) -> tuple[int, str, str]:
        """Return number, previous hash and hash of the next entry: its columns from id to `reverses_id`.

        The text that is hashed is that of `chain_hash`, put together here from parts that many entries share.
        """
        entry_id, kind, source_type, source_id, occurred_at, posted_at, memo, reverses_id = facts
        previous = self._previous
        text = (
            f'["{previous}",{entry_id},"{kind}","{source_type}",{source_id},"{self._text(occurred_at)}",'
            f'"{self._text(posted_at)}",{_quoted(memo)},'
            f"{'null' if reverses_id is None else reverses_id},[{','.join(sides)}]]"
        )
        self._number += 1
        self._previous = hashlib.sha256(text.encode()).hexdigest()
        return self._number, previous, self._previous

    def _text(self, instant: datetime) -> str:
        text = self._texts.get(instant)
        if text is None:
            text = self._texts[instant] = instant.astimezone(UTC).isoformat()
        return text


def _side_text(code: str, currency: str, owner: str, minor: int) -> str:
    return f'"{code}","{currency}",{_quoted(owner)},{minor}'


def _check_new(session: Session, drafts: Sequence[EntryDraft]) -> None:
    sources: dict[tuple[EntryKind, str], list[int]] = {}
    for draft in drafts:
        sources.setdefault((draft.kind, draft.source.type), []).append(draft.source.id)
    for (kind, source_type), ids in sources.items():
        for source_id in ledger_queries.posted_sources(
            session, kind=kind, source_type=source_type, source_ids=ids
        ):
            raise AlreadyExists(
                "entry", f"The {kind} of {source_type} {source_id} is already in the journal."
            )


def _sides(session: Session, drafts: Sequence[EntryDraft]) -> dict[int, _Side]:
    """Return the lines of all drafts with their accounts, by `id`: those of alike entries are one object.

    Accounts that nothing was ever posted to are made now.
    """
    lines = {id(line): line for draft in drafts for line in draft.postings}
    wanted: dict[_Key, AccountKey] = {
        (line.account.code, line.amount.currency, line.account.owner): line.account for line in lines.values()
    }
    accounts = _accounts(session, wanted)
    return {
        place: _Side(
            accounts[line.account.code, line.amount.currency, line.account.owner],
            line.amount.currency,
            line.amount.minor,
            _side_text(line.account.code, line.amount.currency, line.account.owner, line.amount.minor),
            line.account.customer_id is not None,
        )
        for place, line in lines.items()
    }


def _accounts(session: Session, wanted: Mapping[_Key, AccountKey]) -> dict[_Key, int]:
    """Return the accounts; those that nothing was ever posted to are made now."""
    codes, currencies, owners = (sorted({key[place] for key in wanted}) for place in range(3))
    known = ledger_queries.account_ids(session, codes=codes, currencies=currencies, owners=owners)
    missing = [key for key in wanted if key not in known]
    if missing:
        ids = reserve_ids(session, LedgerAccount, len(missing))
        rows = [
            (account_id, key[0], KIND_OF[wanted[key].code], key[1], key[2], wanted[key].customer_id, 0)
            for account_id, key in zip(ids, missing, strict=True)
        ]
        ledger_queries.insert_accounts(session, rows)
        known.update(zip(missing, ids, strict=True))
    return known


def chain_hash(
    previous_hash: str, entry: ledger_queries.ChainRow, postings: Sequence[ledger_queries.EntryPosting]
) -> str:
    """Return the SHA-256 over the link before, the entry and its postings, in a fixed form."""
    return _digest_of(previous_hash, entry, (entry.occurred_at, entry.posted_at), postings)


def first_chain_hash(
    previous_hash: str, entry: ledger_queries.ChainRow, postings: Sequence[ledger_queries.EntryPosting]
) -> str:
    """Return the hash as the first Benfex made it, without the instant of posting: its books stay proved."""
    return _digest_of(previous_hash, entry, (entry.occurred_at,), postings)


def _digest_of(
    previous_hash: str,
    entry: ledger_queries.ChainRow,
    instants: Sequence[datetime],
    postings: Sequence[ledger_queries.EntryPosting],
) -> str:
    body = [
        previous_hash,
        entry.id,
        str(entry.kind),
        entry.source_type,
        entry.source_id,
        *(instant.isoformat() for instant in instants),
        entry.memo,
        entry.reverses_id,
        [(row.posting_id, row.code, row.currency, row.owner, row.amount_minor) for row in postings],
    ]
    return hashlib.sha256(_FIXED_FORM(body).encode()).hexdigest()


def seal_chain(session: Session) -> None:
    """Number and hash the entries of this commit that are not sealed yet; runs once, just before it.

    Where there is one writer they are sealed as they are posted; where there are many, only here, so that two of
    them meet at the end of the chain for as short as can be.
    """
    entries = ledger_queries.unsealed_entries(session)
    if not entries:
        return
    chain = _Chain(session)
    seals = []
    for entry, postings in entries:
        sides = [
            f"[{row.posting_id},{_side_text(row.code, row.currency, row.owner, row.amount_minor)}]"
            for row in postings
        ]
        seals.append((entry.id, *chain.add(entry[:8], sides)))
    ledger_queries.seal_entries(session, seals)
