"""Prove the books: the chain, every entry, every account, every document, and that they agree.

What is wrong is told in this order, the first row first: what comes later may only follow from it.
"""

import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from benfex.core.actors import require
from benfex.core.unit_of_work import Snapshot
from benfex.ledger.chart import KIND_OF, AccountCode
from benfex.ledger.journal import chain_hash, first_chain_hash
from data.queries import deferrals as deferral_queries
from data.queries import document_checks, journal_checks, position_checks
from data.queries import ledger as ledger_queries
from data.values.money import CURRENCIES, Money
from data.values.roles import Permission

_EACH_MAX = 20
_TOLD_MAX = 200
_DOCUMENT_CHECKS = (
    (document_checks.totals_that_differ_from_lines, "invoice", "its lines do not add up to its total"),
    (document_checks.line_taxes_that_differ, "invoice line", "its taxes do not add up"),
    (document_checks.notes_that_differ_from_lines, "credit note", "its lines do not add up to its total"),
    (document_checks.note_line_taxes_that_differ, "credit note line", "its taxes do not add up"),
    (
        document_checks.credited_that_differs_from_notes,
        "invoice",
        "its credit notes are not what it says is credited",
    ),
    (
        document_checks.lines_credited_wrong,
        "invoice line",
        "is credited beyond what was billed, or not by its notes",
    ),
    (
        document_checks.paid_that_differs_from_allocations,
        "invoice",
        "its payments are not what it says is paid",
    ),
    (document_checks.statuses_that_differ_from_payment, "invoice", "its status does not fit what is paid"),
    (document_checks.allocated_beyond_note, "credit note", "settles more than it gives"),
    (document_checks.used_beyond_payment, "payment", "pays and gives back more than it brought"),
    (document_checks.allocations_across, "allocation", "pays for another customer or in another currency"),
    (document_checks.invoices_without_entry, "invoice", "was issued but is not in the journal"),
    (document_checks.voids_without_entry, "invoice", "is void but that is not in the journal"),
    (document_checks.write_offs_without_entry, "invoice", "is written off but that is not in the journal"),
    (document_checks.notes_without_entry, "credit note", "is not in the journal"),
    (document_checks.payments_without_entry, "payment", "came in but is not in the journal"),
    (document_checks.matches_without_entry, "payment", "has a customer, but not in the journal"),
    (document_checks.fees_that_differ_from_entries, "payment", "cost another fee than is in the journal"),
    (document_checks.reversals_without_entry, "payment", "is reversed but that is not in the journal"),
    (document_checks.refunds_without_entry, "refund", "took a step that is not in the journal"),
    (
        document_checks.shifts_without_entry,
        "shift",
        "was closed with a difference that is not in the journal",
    ),
    (document_checks.sweeps_without_entry, "sweep", "to the bank is not in the journal"),
    (document_checks.entries_without_source, "entry", "is of a row that is gone"),
)
_KINDS = {code.value: kind for code, kind in KIND_OF.items()}


@dataclass(frozen=True, slots=True)
class LedgerDiscrepancy:
    """One thing that is wrong: which row, and what about it."""

    where: str
    what: str


@dataclass(frozen=True, slots=True)
class LedgerReport:
    """What was checked and what is wrong, first row first."""

    entries: int
    discrepancies: tuple[LedgerDiscrepancy, ...]

    @property
    def is_sound(self) -> bool:
        """Return whether nothing is wrong."""
        return not self.discrepancies

    @property
    def first(self) -> LedgerDiscrepancy | None:
        """Return the first wrong row, None when nothing is wrong."""
        return self.discrepancies[0] if self.discrepancies else None


def verify_ledger(snapshot: Snapshot) -> LedgerReport:
    """Return what is wrong with the books; an empty list is the proof that nothing is."""
    require(snapshot.actor, Permission.VIEW_LEDGER)
    found = tuple(islice(_everything(snapshot), _TOLD_MAX))
    return LedgerReport(ledger_queries.count_entries(snapshot.session), found)


def _everything(snapshot: Snapshot) -> Iterator[LedgerDiscrepancy]:
    for check in (_chain, _rows, _accounts, _numbers, _documents, _deferred, _under_way, _positions):
        yield from islice(check(snapshot), _EACH_MAX)


def _chain(snapshot: Snapshot) -> Iterator[LedgerDiscrepancy]:
    number, previous = 0, ""
    for batch in ledger_queries.chain_in_order(snapshot.session):
        postings: dict[int, list[ledger_queries.EntryPosting]] = {}
        for row in ledger_queries.postings_of(snapshot.session, [entry.id for entry in batch]):
            postings.setdefault(row.entry_id, []).append(row)
        for entry in batch:
            number += 1
            if entry.chain_number != number:
                yield LedgerDiscrepancy(f"entry {entry.id}", f"link {number} of the chain is missing")
                return
            if entry.previous_hash != previous or not _is_sealed(entry, postings.get(entry.id, [])):
                yield LedgerDiscrepancy(f"entry {entry.id}", "was altered after it was posted")
                return
            previous = entry.entry_hash or ""
    for entry, _ in islice(ledger_queries.unsealed_entries(snapshot.session), _EACH_MAX):
        yield LedgerDiscrepancy(f"entry {entry.id}", "is not sealed into the chain")


def _is_sealed(entry: ledger_queries.ChainRow, postings: Sequence[ledger_queries.EntryPosting]) -> bool:
    stored = entry.entry_hash or ""
    return any(
        hmac.compare_digest(make(entry.previous_hash or "", entry, postings), stored)
        for make in (chain_hash, first_chain_hash)
    )


def _rows(snapshot: Snapshot) -> Iterator[LedgerDiscrepancy]:
    session = snapshot.session
    for entry_id, currency, minor in journal_checks.entries_off_balance(session):
        yield LedgerDiscrepancy(
            f"entry {entry_id}", f"does not balance: {minor} minor units of {currency} too much"
        )
    for row_id in journal_checks.entries_without_postings(session):
        yield LedgerDiscrepancy(f"entry {row_id}", "has fewer than two sides")
    for row_id in journal_checks.entries_with_other_stamps(session):
        yield LedgerDiscrepancy(f"entry {row_id}", "carries another time than that of its posting")
    for row_id in journal_checks.postings_astray(session):
        yield LedgerDiscrepancy(f"posting {row_id}", "does not belong to an entry and account of its time")


def _accounts(snapshot: Snapshot) -> Iterator[LedgerDiscrepancy]:
    for row in journal_checks.account_states(snapshot.session):
        where = f"account {row.id}"
        if row.code not in _KINDS or row.kind != _KINDS[row.code]:
            yield LedgerDiscrepancy(where, f"is no {row.kind} of the chart: {row.code}")
        elif row.currency not in CURRENCIES or row.owner != _owner(row):
            yield LedgerDiscrepancy(where, f"does not belong to {row.owner or 'the ISP'} in {row.currency}")
        elif row.first_posted_at is None:
            yield LedgerDiscrepancy(where, "has no postings")
        elif not row.created_at == row.updated_at == row.first_posted_at:
            yield LedgerDiscrepancy(where, "carries another time than that of its first posting")
        elif row.balance_minor != (row.summed_minor if row.customer_id is not None else 0):
            yield LedgerDiscrepancy(
                where,
                f"of {row.owner or row.code} says {row.balance_minor}, its postings say {row.summed_minor}",
            )


def _owner(row: journal_checks.AccountState) -> str | None:
    """Return the owner that an account of its code and customer has, None when there can be no such account."""
    if row.code == AccountCode.RECEIVABLE:
        return f"customer:{row.customer_id}" if row.customer_id is not None else None
    if row.customer_id is not None:
        return None
    if row.code == AccountCode.CLEARING:
        return row.owner if row.owner.startswith("gateway:") else None
    return ""


def _numbers(snapshot: Snapshot) -> Iterator[LedgerDiscrepancy]:
    given: dict[tuple[str, int], list[tuple[int, str]]] = {}
    for noun, number in position_checks.document_numbers(snapshot.session):
        series, _, rest = number.partition("-")
        year, _, sequence = rest.partition("-")
        if not (year.isdecimal() and sequence.isdecimal()):
            yield LedgerDiscrepancy(f"{noun} {number}", "has a number of no series")
            continue
        given.setdefault((series, int(year)), []).append((int(sequence), noun))
    last = position_checks.last_numbers(snapshot.session)
    for key in sorted(given.keys() | last.keys()):
        numbers = sorted(sequence for sequence, _ in given.get(key, ()))
        name = f"{key[0]}-{key[1]}"
        for place, found in enumerate(numbers, start=1):
            if found != place:
                yield LedgerDiscrepancy(f"number {name}-{place:05d}", "is missing or was given twice")
                break
        if len(numbers) != last.get(key, 0):
            yield LedgerDiscrepancy(
                f"series {name}", f"gave {last.get(key, 0)} numbers, and {len(numbers)} documents carry one"
            )


def _documents(snapshot: Snapshot) -> Iterator[LedgerDiscrepancy]:
    checks = tuple(check for check, _, _ in _DOCUMENT_CHECKS)
    for place, row_id in document_checks.broken_rows(snapshot.session, checks=checks, limit=_EACH_MAX):
        _, noun, what = _DOCUMENT_CHECKS[place]
        yield LedgerDiscrepancy(f"{noun} {row_id}", what)


def _deferred(snapshot: Snapshot) -> Iterator[LedgerDiscrepancy]:
    by_lines = deferral_queries.deferred_by_currency(snapshot.session)
    by_books = journal_checks.code_sums(snapshot.session, code=AccountCode.DEFERRED_REVENUE)
    for currency in sorted(by_lines.keys() | by_books.keys()):
        lines, books = by_lines.get(currency, 0), -by_books.get(currency, 0)
        if lines != books:
            yield LedgerDiscrepancy(
                f"account {AccountCode.DEFERRED_REVENUE} in {currency}",
                f"holds {books}, the lines have {lines} still to be earned",
            )


def _under_way(snapshot: Snapshot) -> Iterator[LedgerDiscrepancy]:
    by_refunds = position_checks.under_way_by_currency(snapshot.session)
    by_books = journal_checks.code_sums(snapshot.session, code=AccountCode.REFUNDS_UNDER_WAY)
    for currency in sorted(by_refunds.keys() | by_books.keys()):
        refunds, books = by_refunds.get(currency, 0), -by_books.get(currency, 0)
        if refunds != books:
            yield LedgerDiscrepancy(
                f"account {AccountCode.REFUNDS_UNDER_WAY} in {currency}",
                f"holds {books}, the refunds under way are {refunds}",
            )


def _positions(snapshot: Snapshot) -> Iterator[LedgerDiscrepancy]:
    by_documents = position_checks.positions_by_documents(snapshot.session)
    by_books = ledger_queries.customer_sums(snapshot.session)
    for key in sorted(by_documents.keys() | by_books.keys()):
        documents, books = by_documents.get(key, 0), by_books.get(key, 0)
        if documents != books:
            customer_id, currency = key
            yield LedgerDiscrepancy(
                f"customer {customer_id}",
                f"owes {Money(documents, currency)} by documents, {Money(books, currency)} by the books",
            )
