"""Fees that a gateway kept and we booked otherwise: put right in the books, many at once, each payment once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from benfex.core.unit_of_work import UnitOfWork
from benfex.ledger.entries import gateway_fee
from benfex.ledger.journal import EntryDraft, EntrySource, post_entries
from benfex.payments.differences import Difference
from benfex.payments.gateway import name_of_gateway
from data.queries import reconciling as queries
from data.queries.reconciling import BookedFacts
from data.values.kinds import DifferenceKind, EntryKind
from data.values.money import Money


@dataclass(frozen=True, slots=True)
class WrongFee:
    """A payment whose gateway kept another fee than is booked."""

    transaction_id: str
    day: date
    payment: BookedFacts
    kept: Money

    @property
    def booked(self) -> Money:
        """Return the fee that is booked."""
        return Money(self.payment.fee_minor, self.payment.currency)


def correct_fees(uow: UnitOfWork, *, gateway: str, wrong: Sequence[WrongFee]) -> list[Difference]:
    """Post what lies between fees booked and kept, and return the differences; a second time a person looks."""
    names = sorted(one.transaction_id for one in wrong)
    known = queries.differences_named(uow.session, gateway=gateway, transaction_ids=names) if names else {}
    first = [one for one in wrong if (one.transaction_id, DifferenceKind.FEE) not in known]
    post_entries(
        uow,
        [
            EntryDraft(
                EntryKind.FEE_CORRECTED,
                EntrySource("payment", one.payment.id),
                gateway_fee(gateway, one.kept - one.booked),
                uow.now,
                f"{name_of_gateway(gateway)} {one.transaction_id}",
            )
            for one in first
        ],
    )
    queries.set_fees(uow.session, {one.payment.id: one.kept.minor for one in first}, now=uow.now)
    return [_difference(one, is_right=one in first) for one in wrong]


def _difference(one: WrongFee, *, is_right: bool) -> Difference:
    return Difference(
        DifferenceKind.FEE,
        one.transaction_id,
        one.day,
        one.payment.currency,
        f"We booked a fee of {one.booked}, the gateway kept {one.kept}.",
        ours_minor=one.booked.minor,
        theirs_minor=one.kept.minor,
        payment_id=one.payment.id,
        resolution="Put right in the books." if is_right else "",
    )
