"""What a gateway and we do not agree on: noted once per transaction and kind, settled by later word.

What a person says of it is in `difference_answers`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from benfex.core.actors import name_of
from benfex.core.clock import local_date
from benfex.core.events import ReconciliationMoved
from benfex.core.policy import current_terms
from benfex.core.unit_of_work import UnitOfWork
from data.models.reconciliation import ReconciliationDifference
from data.queries import reconciling as queries
from data.values.identifiers import PaymentId
from data.values.kinds import DifferenceKind
from data.values.money import Money

_WORDS_MAX = 250


@dataclass(frozen=True, slots=True)
class Difference:
    """What does not agree, of one transaction. `resolution` says how it was settled; empty while it is open."""

    kind: DifferenceKind
    transaction_id: str
    day: date
    currency: str
    reason: str
    ours_minor: int | None = None
    theirs_minor: int | None = None
    payment_id: int | None = None
    resolution: str = ""


def note_differences(uow: UnitOfWork, *, gateway: str, found: Sequence[Difference]) -> None:
    """Keep what does not agree. The same word again changes nothing; another one opens what was settled."""
    if not found:
        return
    names = sorted({one.transaction_id for one in found})
    known = queries.differences_named(uow.session, gateway=gateway, transaction_ids=names)
    for one in found:
        row = known.get((one.transaction_id, one.kind))
        if row is None:
            row = ReconciliationDifference(
                gateway=gateway,
                day=one.day,
                kind=one.kind,
                transaction_id=one.transaction_id[:80],
                currency=one.currency,
                reason="",
            )
            uow.session.add(row)
            known[one.transaction_id, one.kind] = row
        elif _says_the_same(row, one):
            continue
        elif row.resolved_at is not None:
            row.day = one.day
        row.ours_minor, row.theirs_minor = one.ours_minor, one.theirs_minor
        row.reason, row.payment_id = one.reason[:_WORDS_MAX], one.payment_id
        row.resolved_at = uow.now if one.resolution else None
        row.resolved_by = name_of(uow.actor) if one.resolution else ""
        row.resolution = one.resolution[:_WORDS_MAX]
    uow.session.flush()
    uow.emit(ReconciliationMoved(gateway=gateway))


def _says_the_same(row: ReconciliationDifference, one: Difference) -> bool:
    """Return whether this was said before. Money comes and goes, so of balances only what lies between counts."""
    if row.kind is DifferenceKind.BALANCE and row.ours_minor is not None and row.theirs_minor is not None:
        assert one.ours_minor is not None
        assert one.theirs_minor is not None
        return row.ours_minor - row.theirs_minor == one.ours_minor - one.theirs_minor
    return (row.ours_minor, row.theirs_minor) == (one.ours_minor, one.theirs_minor)


def note_other_amount(
    uow: UnitOfWork,
    *,
    gateway: str,
    transaction_id: str,
    payment_id: PaymentId,
    booked: Money,
    told: Money,
    at: datetime,
) -> None:
    """Keep that a later message names another amount than the one that is booked."""
    day = local_date(at, current_terms(uow).timezone)
    found = amount_difference(transaction_id, day, payment_id=payment_id, booked=booked, told=told)
    note_differences(uow, gateway=gateway, found=[found])


def amount_difference(
    transaction_id: str, day: date, *, payment_id: int, booked: Money, told: Money
) -> Difference:
    """Return the difference of a payment whose gateway names another amount."""
    return Difference(
        DifferenceKind.AMOUNT,
        transaction_id,
        day,
        booked.currency,
        f"We booked {booked}, the gateway says {told}.",
        ours_minor=booked.minor,
        theirs_minor=told.minor if told.currency == booked.currency else None,
        payment_id=payment_id,
    )


def settle_difference(uow: UnitOfWork, row: ReconciliationDifference, resolution: str) -> None:
    """Close a difference that is open; it says how."""
    row.resolved_at, row.resolved_by = uow.now, name_of(uow.actor)
    row.resolution = resolution[:_WORDS_MAX]
    uow.emit(ReconciliationMoved(gateway=row.gateway))
