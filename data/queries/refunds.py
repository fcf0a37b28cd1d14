"""SELECTs about refunds."""

from sqlalchemy import func, select

from data.models.payment import Payment, Refund
from data.session import Session
from data.values.states import RefundStatus

HELD = (RefundStatus.PENDING, RefundStatus.SUCCEEDED)


def find_refund(session: Session, refund_id: int) -> Refund | None:
    """Return the refund, or None."""
    return session.get(Refund, refund_id)


def refunded_minor(session: Session, *, payment_id: int) -> int:
    """Return how much of a payment went back or is on its way back."""
    return int(
        session.execute(
            select(func.coalesce(func.sum(Refund.amount_minor), 0)).where(
                Refund.payment_id == payment_id, Refund.status.in_(HELD)
            )
        ).scalar_one()
    )


def refund_by_reference(session: Session, *, gateway: str, reference: str) -> Refund | None:
    """Return the refund out of a gateway's payments that carries this reference, or None."""
    return session.scalars(
        select(Refund)
        .join(Payment, Payment.id == Refund.payment_id)
        .where(Payment.gateway == gateway, Refund.gateway_reference == reference)
        .limit(1)
    ).one_or_none()
