"""Prove the books: every entry balances, the chain holds, cached balances and invoices agree with it."""

import hmac
from dataclasses import dataclass

from benfex.core.actors import require
from benfex.core.unit_of_work import Snapshot
from benfex.ledger.journal import chain_hash
from data.queries import invoices as invoice_queries
from data.queries import ledger as ledger_queries
from data.values.roles import Permission


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


def verify_ledger(snapshot: Snapshot) -> LedgerReport:
    """Return what is wrong with the books; an empty list is the proof that nothing is."""
    require(snapshot.actor, Permission.VIEW_LEDGER)
    found = [*_chain(snapshot), *_balance(snapshot), *_caches(snapshot), *_documents(snapshot)]
    return LedgerReport(ledger_queries.count_entries(snapshot.session), tuple(found))


def _chain(snapshot: Snapshot) -> list[LedgerDiscrepancy]:
    number, previous = 0, ""
    for batch in ledger_queries.chain_in_order(snapshot.session):
        postings: dict[int, list[ledger_queries.EntryPosting]] = {}
        for row in ledger_queries.postings_of(snapshot.session, [entry.id for entry in batch]):
            postings.setdefault(row.entry_id, []).append(row)
        for entry in batch:
            number += 1
            if entry.chain_number != number:
                return [LedgerDiscrepancy(f"entry {entry.id}", f"link {number} of the chain is missing")]
            digest = chain_hash(previous, entry, postings.get(entry.id, []))
            if entry.previous_hash != previous or not hmac.compare_digest(digest, entry.entry_hash or ""):
                return [LedgerDiscrepancy(f"entry {entry.id}", "was altered after it was posted")]
            previous = digest
    unsealed = ledger_queries.unsealed_entries(snapshot.session)
    return [LedgerDiscrepancy(f"entry {entry.id}", "is not sealed into the chain") for entry in unsealed[:20]]


def _balance(snapshot: Snapshot) -> list[LedgerDiscrepancy]:
    wrong = [
        LedgerDiscrepancy(
            f"entry {entry_id}", f"does not balance: {amount} minor units of {currency} too much"
        )
        for entry_id, currency, amount in ledger_queries.entries_off_balance(snapshot.session)
    ]
    return wrong + [
        LedgerDiscrepancy(f"entry {entry_id}", "has fewer than two sides")
        for entry_id in ledger_queries.entries_without_postings(snapshot.session)
    ]


def _caches(snapshot: Snapshot) -> list[LedgerDiscrepancy]:
    return [
        LedgerDiscrepancy(f"account {account_id}", f"of {owner} says {cached}, its postings say {summed}")
        for account_id, owner, cached, summed in ledger_queries.balances_that_differ(snapshot.session)
    ]


def _documents(snapshot: Snapshot) -> list[LedgerDiscrepancy]:
    session = snapshot.session
    checks = (
        (invoice_queries.totals_that_differ_from_lines, "invoice", "its lines do not add up to its total"),
        (
            invoice_queries.paid_that_differs_from_allocations,
            "invoice",
            "its payments do not add up to what it says is paid",
        ),
        (invoice_queries.issued_without_entry, "invoice", "was issued but is not in the journal"),
        (invoice_queries.allocated_beyond_payment, "payment", "pays more than it brought"),
        (invoice_queries.payments_without_entry, "payment", "came in but is not in the journal"),
    )
    return [
        LedgerDiscrepancy(f"{noun} {row_id}", what)
        for check, noun, what in checks
        for row_id in check(session, limit=20)
    ]
