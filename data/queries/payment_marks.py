"""What sets payments apart in lists: no customer, a dispute, money that went back."""

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, or_, select

from data.models.payment import Payment, Refund
from data.models.reconciliation import Dispute
from data.queries.bulk import BulkSelect, among_named, unindexed
from data.session import Session
from data.values.kinds import PaymentMark
from data.values.states import DisputeStatus, PaymentStatus, RefundStatus

_UNDECIDED = (DisputeStatus.OPEN, DisputeStatus.ANSWERED)
_SENT = (RefundStatus.PENDING, RefundStatus.SUCCEEDED)
_GIVEN_BACK = BulkSelect(
    select(Refund.payment_id, func.sum(Refund.amount_minor))
    .where(
        among_named(Refund.payment_id, "payment_ids"),
        or_(*(unindexed(Refund.status) == status.value for status in _SENT)),
    )
    .group_by(Refund.payment_id)
)
_DISPUTED = BulkSelect(
    select(Dispute.payment_id)
    .where(
        among_named(Dispute.payment_id, "payment_ids"),
        or_(*(unindexed(Dispute.status) == status.value for status in _UNDECIDED)),
    )
    .distinct()
)


class Marks(NamedTuple):
    """How much of a payment went back or is on its way, in minor units, and whether a dispute is not decided."""

    given_back_minor: int = 0
    is_disputed: bool = False


def marks_of(session: Session, payment_ids: Collection[int]) -> dict[int, Marks]:
    """Return the marks of those payments that have any."""
    if not payment_ids:
        return {}
    asked = list(payment_ids)
    given_back = {row[0]: int(row[1]) for row in _GIVEN_BACK.rows(session, payment_ids=asked)}
    disputed = {row[0] for row in _DISPUTED.rows(session, payment_ids=asked)}
    return {key: Marks(given_back.get(key, 0), key in disputed) for key in given_back.keys() | disputed}


def has_mark(mark: PaymentMark | None) -> list[ColumnElement[bool]]:
    """Return what payments with a mark fulfil; nothing for all."""
    match mark:
        case None:
            return []
        case PaymentMark.UNMATCHED:
            return [Payment.customer_id.is_(None), Payment.status == PaymentStatus.RECEIVED]
        case PaymentMark.DISPUTED:
            return [Payment.id.in_(select(Dispute.payment_id).where(Dispute.status.in_(_UNDECIDED)))]
        case PaymentMark.GIVEN_BACK:
            return [Payment.id.in_(select(Refund.payment_id).where(Refund.status.in_(_SENT)))]
        case PaymentMark.TAKEN_BACK:
            return [Payment.status == PaymentStatus.REVERSED]
