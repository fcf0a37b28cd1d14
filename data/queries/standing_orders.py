"""SELECTs about standing orders of payers."""

from sqlalchemy import select

from data.models.payment_methods import StandingOrder
from data.session import Session


def find_order(session: Session, order_id: int) -> StandingOrder | None:
    """Return the standing order, or None."""
    return session.get(StandingOrder, order_id)


def order_by_callback(session: Session, *, token_hash: str) -> StandingOrder | None:
    """Return the standing order whose answer comes to this address, or None."""
    return session.scalars(
        select(StandingOrder).where(StandingOrder.callback_token_hash == token_hash)
    ).one_or_none()


def order_by_reference(session: Session, *, gateway: str, reference: str) -> StandingOrder | None:
    """Return the standing order with our reference, or None."""
    return session.scalars(
        select(StandingOrder).where(StandingOrder.gateway == gateway, StandingOrder.reference == reference)
    ).one_or_none()


def orders_of(session: Session, *, customer_id: int) -> list[StandingOrder]:
    """Return a customer's standing orders, newest first."""
    return list(
        session.scalars(
            select(StandingOrder)
            .where(StandingOrder.customer_id == customer_id)
            .order_by(StandingOrder.id.desc())
        )
    )
