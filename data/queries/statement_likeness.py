"""SELECTs about money that a row of a bank's statement may be once more: taken by hand, or brought there by us."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import select

from data.models.cashier import Sweep
from data.models.payment import Payment
from data.models.reconciliation import StatementLine
from data.session import Session
from data.values.kinds import CashMethod, EvidenceGrade
from data.values.states import PaymentStatus

_THROUGH_A_BANK = (CashMethod.BANK.value, CashMethod.CHEQUE.value)


class TakenByHand(NamedTuple):
    """A cheque or slip that staff booked and no statement has named yet."""

    id: int
    number: str
    receipt_number: str | None
    amount_minor: int
    received_at: datetime
    customer_id: int | None


def taken_by_hand(
    session: Session, *, currency: str, amounts: Sequence[int], since: datetime, until: datetime
) -> list[TakenByHand]:
    """Return cheques and slips over these amounts that no row of a statement has named yet."""
    named = select(StatementLine.payment_id).where(StatementLine.payment_id.is_not(None))
    rows = session.execute(
        select(
            Payment.id,
            Payment.gateway_transaction_id,
            Payment.receipt_number,
            Payment.amount_minor,
            Payment.received_at,
            Payment.customer_id,
        ).where(
            Payment.gateway.in_(_THROUGH_A_BANK),
            Payment.grade == EvidenceGrade.STAFF,
            Payment.status == PaymentStatus.RECEIVED,
            Payment.currency == currency,
            Payment.amount_minor.in_(amounts),
            Payment.received_at.between(since, until),
            Payment.id.not_in(named),
        )
    )
    return [TakenByHand(*row) for row in rows]


class BroughtByUs(NamedTuple):
    """Money of ours that went to the bank and no statement has named yet."""

    id: int
    number: str
    amount_minor: int
    banked_on: date


def brought_by_us(
    session: Session, *, currency: str, amounts: Sequence[int], since: date, until: date
) -> list[BroughtByUs]:
    """Return hand-ins over these amounts that no row of a statement has named yet."""
    named = select(StatementLine.sweep_id).where(StatementLine.sweep_id.is_not(None))
    rows = session.execute(
        select(Sweep.id, Sweep.reference, Sweep.amount_minor, Sweep.banked_on).where(
            Sweep.currency == currency,
            Sweep.amount_minor.in_(amounts),
            Sweep.banked_on.between(since, until),
            Sweep.id.not_in(named),
        )
    )
    return [BroughtByUs(*row) for row in rows]


def imported_like(
    session: Session, *, customer_id: int, amount_minor: int, currency: str, since: datetime
) -> str | None:
    """Return the number of money of a customer that a bank's statement booked and nobody took by hand, or None."""
    return session.scalars(
        select(Payment.gateway_transaction_id)
        .where(
            Payment.customer_id == customer_id,
            Payment.gateway == CashMethod.BANK.value,
            Payment.grade == EvidenceGrade.STATEMENT,
            Payment.status == PaymentStatus.RECEIVED,
            Payment.amount_minor == amount_minor,
            Payment.currency == currency,
            Payment.received_at >= since,
        )
        .order_by(Payment.id.desc())
        .limit(1)
    ).first()
