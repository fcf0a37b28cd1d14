"""SELECTs about pay links that other programs made as checkouts."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select

from data.models.customer import Customer
from data.models.payment import PayLink, Payment, PaymentAttempt
from data.session import Session
from data.values.states import PaymentStatus


def find_link(session: Session, pay_link_id: int) -> PayLink | None:
    """Return the link, or None."""
    return session.get(PayLink, pay_link_id)


def link_by_client_reference(session: Session, client_reference: str) -> PayLink | None:
    """Return the checkout that a program names so, or None."""
    return session.scalars(select(PayLink).where(PayLink.client_reference == client_reference)).one_or_none()


class CheckoutRow(NamedTuple):
    """A checkout with whose it is and what was paid by it."""

    link: PayLink
    account_number: str
    currency: str
    paid_minor: int
    payments: int


_PAID = (
    select(
        PaymentAttempt.pay_link_id.label("pay_link_id"),
        func.sum(Payment.amount_minor).label("minor"),
        func.count().label("number"),
    )
    .join(Payment, Payment.attempt_id == PaymentAttempt.id)
    .where(PaymentAttempt.pay_link_id.is_not(None), Payment.status == PaymentStatus.RECEIVED)
    .group_by(PaymentAttempt.pay_link_id)
    .subquery()
)


def checkouts_after(
    session: Session,
    *,
    customer_id: int | None = None,
    client_reference: str | None = None,
    pay_link_id: int | None = None,
    after_id: int | None = None,
    limit: int = 1,
) -> list[CheckoutRow]:
    """Return checkouts, newest first, that follow one in that order."""
    query = (
        select(
            PayLink,
            Customer.account_number,
            Customer.currency,
            func.coalesce(_PAID.c.minor, 0),
            func.coalesce(_PAID.c.number, 0),
        )
        .join(Customer, Customer.id == PayLink.customer_id)
        .outerjoin(_PAID, _PAID.c.pay_link_id == PayLink.id)
        .where(PayLink.is_checkout)
    )
    if customer_id is not None:
        query = query.where(PayLink.customer_id == customer_id)
    if client_reference is not None:
        query = query.where(PayLink.client_reference == client_reference)
    if pay_link_id is not None:
        query = query.where(PayLink.id == pay_link_id)
    if after_id is not None:
        query = query.where(PayLink.id < after_id)
    rows = session.execute(query.order_by(PayLink.id.desc()).limit(limit))
    return [CheckoutRow(row[0], row[1], row[2], int(row[3]), int(row[4])) for row in rows]


def paid_by_link(session: Session, pay_link_id: int) -> int:
    """Return what was paid by a link and was not taken back, in minor units."""
    query = (
        select(func.coalesce(func.sum(Payment.amount_minor), 0))
        .join(PaymentAttempt, PaymentAttempt.id == Payment.attempt_id)
        .where(PaymentAttempt.pay_link_id == pay_link_id, Payment.status == PaymentStatus.RECEIVED)
    )
    return int(session.execute(query).scalar_one())


def payments_of_link(session: Session, pay_link_id: int) -> list[int]:
    """Return the ids of what was paid by a link, oldest first."""
    query = (
        select(Payment.id)
        .join(PaymentAttempt, PaymentAttempt.id == Payment.attempt_id)
        .where(PaymentAttempt.pay_link_id == pay_link_id)
        .order_by(Payment.id)
    )
    return [int(found) for found in session.scalars(query)]


def run_out(session: Session, *, now: datetime, limit: int) -> list[int]:
    """Return checkouts whose time is over and that did not end before."""
    query = select(PayLink.id).where(
        PayLink.is_checkout,
        PayLink.expires_at <= now,
        PayLink.paid_at.is_(None),
        PayLink.closed_at.is_(None),
        PayLink.expired_at.is_(None),
    )
    return [int(found) for found in session.scalars(query.order_by(PayLink.id).limit(limit))]
