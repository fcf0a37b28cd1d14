"""SELECTs about refunds for acts. Lists for screens are in `refunds_listing`."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, func, or_, select

from data.models.payment import Payment, PaymentAttempt, Refund
from data.session import Session
from data.values.kinds import RefundWay
from data.values.states import PaymentStatus, RefundStatus

# What was let go holds no money; what is posted has left the customer's account in the books.
LET_GO = (RefundStatus.FAILED, RefundStatus.DECLINED)
POSTED = (RefundStatus.PENDING, RefundStatus.SUCCEEDED)
NOT_SENT = (RefundStatus.AWAITING, RefundStatus.APPROVED)


def find_refund(session: Session, refund_id: int) -> Refund | None:
    """Return the refund, or None."""
    return session.get(Refund, refund_id)


def refunded_minor(session: Session, *, payment_id: int) -> int:
    """Return how much of a payment went back, is on its way back or is asked for."""
    return int(
        session.execute(
            select(func.coalesce(func.sum(Refund.amount_minor), 0)).where(
                Refund.payment_id == payment_id, Refund.status.not_in(LET_GO)
            )
        ).scalar_one()
    )


def set_aside_minor(session: Session, *, customer_id: int, currency: str) -> int:
    """Return how much of a customer's credit waits to go back and is in the books as theirs still."""
    return int(
        session.execute(
            select(func.coalesce(func.sum(Refund.amount_minor), 0)).where(
                Refund.customer_id == customer_id,
                Refund.currency == currency,
                Refund.status.in_(NOT_SENT),
            )
        ).scalar_one()
    )


def unseconded_minor(
    session: Session,
    *,
    customer_id: int,
    made_by: str,
    made_by_id: int | None,
    currency: str,
    since: datetime,
) -> int:
    """Return what one person gave back to a customer since an instant without a second person's word.

    Without an id the name tells one from another: that of a program, or of before ids were kept.
    """
    by_name = and_(Refund.made_by_id.is_(None), Refund.made_by == made_by)
    is_theirs = by_name if made_by_id is None else or_(Refund.made_by_id == made_by_id, by_name)
    return int(
        session.execute(
            select(func.coalesce(func.sum(Refund.amount_minor), 0)).where(
                Refund.customer_id == customer_id,
                Refund.currency == currency,
                is_theirs,
                Refund.decided_by == "",
                Refund.status.not_in((*LET_GO, RefundStatus.AWAITING)),
                Refund.created_at >= since,
            )
        ).scalar_one()
    )


def refund_by_slip(session: Session, *, gateway: str, slip: str) -> Refund | None:
    """Return the refund out of a gateway's payments that carries this number, or None."""
    return session.scalars(
        select(Refund)
        .join(Payment, Payment.id == Refund.payment_id)
        .where(
            Payment.gateway == gateway,
            Refund.gateway_reference == slip,
            Refund.way == RefundWay.BY_HAND,
            Refund.status.not_in(LET_GO),
        )
        .order_by(Refund.id)
        .limit(1)
    ).first()


def refund_by_reference(session: Session, *, gateway: str, reference: str) -> Refund | None:
    """Return the refund by a gateway that has this reference of ours, or None."""
    return session.scalars(
        select(Refund)
        .join(Payment, Payment.id == Refund.payment_id)
        .where(Payment.gateway == gateway, Refund.reference == reference)
    ).one_or_none()


def refunds_of_payment(session: Session, *, payment_id: int) -> list[Refund]:
    """Return all refunds of a payment, first to last."""
    return list(session.scalars(select(Refund).where(Refund.payment_id == payment_id).order_by(Refund.id)))


def ids_to_send(session: Session, *, now: datetime, limit: int) -> list[tuple[int, str]]:
    """Return (refund id, gateway) of what a gateway is to send and has not heard of, oldest first."""
    rows = session.execute(
        select(Refund.id, Payment.gateway)
        .join(Payment, Payment.id == Refund.payment_id)
        .where(
            Refund.next_check_at <= now,
            Refund.status == RefundStatus.APPROVED,
            Refund.way != RefundWay.BY_HAND,
            Payment.disputed_at.is_(None),
        )
        .order_by(Refund.id)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in rows]


def refunds_due(session: Session, *, now: datetime, limit: int) -> list[tuple[Refund, Payment]]:
    """Return what is on its way and whose check is due, longest due first."""
    rows = session.execute(
        select(Refund, Payment)
        .join(Payment, Payment.id == Refund.payment_id)
        .where(Refund.status == RefundStatus.PENDING, Refund.next_check_at <= now)
        .order_by(Refund.next_check_at, Refund.id)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in rows]


def payment_named(
    session: Session, *, gateway: str, transaction_id: str | None, payment_reference: str | None
) -> Payment | None:
    """Return the payment that a gateway names by its transaction, or by our reference of what was asked."""
    named = []
    if transaction_id:
        named.append(Payment.gateway_transaction_id == transaction_id)
    if payment_reference:
        asked = select(PaymentAttempt.id).where(
            PaymentAttempt.gateway == gateway, PaymentAttempt.reference == payment_reference
        )
        named.append(Payment.attempt_id.in_(asked))
    if not named:
        return None
    return session.scalars(
        select(Payment).where(Payment.gateway == gateway, or_(*named)).order_by(Payment.id).limit(1)
    ).first()


def attempt_reference(session: Session, *, payment: Payment) -> str | None:
    """Return our reference of the attempt that brought a payment, None where nothing was asked for."""
    if payment.attempt_id is None:
        return None
    return session.scalars(
        select(PaymentAttempt.reference).where(PaymentAttempt.id == payment.attempt_id)
    ).one_or_none()


def payments_with_credit(session: Session, *, customer_id: int, currency: str) -> Sequence[Payment]:
    """Return the payments of a customer that are still with us, oldest first."""
    return session.scalars(
        select(Payment)
        .where(
            Payment.customer_id == customer_id,
            Payment.currency == currency,
            Payment.status == PaymentStatus.RECEIVED,
        )
        .order_by(Payment.received_at, Payment.id)
    ).all()


def posted_minor(session: Session, *, payment_id: int) -> int:
    """Return how much of a payment left its customer's account in the books."""
    return int(
        session.execute(
            select(func.coalesce(func.sum(Refund.amount_minor), 0)).where(
                Refund.payment_id == payment_id, Refund.status.in_(POSTED)
            )
        ).scalar_one()
    )
