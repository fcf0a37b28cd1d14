"""SELECTs about pay links that other programs made as checkouts."""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, func, or_, select

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
    customer_name: str
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


_ROWS = (
    select(
        PayLink,
        Customer.name,
        Customer.account_number,
        Customer.currency,
        func.coalesce(_PAID.c.minor, 0),
        func.coalesce(_PAID.c.number, 0),
    )
    .join(Customer, Customer.id == PayLink.customer_id)
    .outerjoin(_PAID, _PAID.c.pay_link_id == PayLink.id)
)


def checkouts_page(
    session: Session, *, only_open_at: datetime | None, search: str, limit: int, offset: int
) -> list[CheckoutRow]:
    """Return one page of checkouts, newest first; those that are open at an instant where one is given."""
    query = _ROWS.where(*_fits(only_open_at, search)).order_by(PayLink.id.desc())
    return _read(session, query.limit(limit).offset(offset))


def count_checkouts(session: Session, *, only_open_at: datetime | None = None, search: str = "") -> int:
    """Return how many checkouts fit."""
    query = select(func.count()).select_from(PayLink).join(Customer, Customer.id == PayLink.customer_id)
    return session.execute(query.where(*_fits(only_open_at, search))).scalar_one()


def _fits(only_open_at: datetime | None, search: str) -> list[ColumnElement[bool]]:
    fits: list[ColumnElement[bool]] = [PayLink.is_checkout]
    if only_open_at is not None:
        fits += [
            PayLink.paid_at.is_(None),
            PayLink.closed_at.is_(None),
            PayLink.expires_at > only_open_at,
        ]
    if search:
        fits.append(
            or_(
                PayLink.client_reference.icontains(search, autoescape=True),
                PayLink.description.icontains(search, autoescape=True),
                Customer.name.icontains(search, autoescape=True),
                Customer.account_number.istartswith(search, autoescape=True),
            )
        )
    return fits


def _read(session: Session, query: Select[Any]) -> list[CheckoutRow]:
    rows = session.execute(query)
    return [CheckoutRow(row[0], row[1], row[2], row[3], int(row[4]), int(row[5])) for row in rows]


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
    query = _ROWS.where(PayLink.is_checkout)
    if customer_id is not None:
        query = query.where(PayLink.customer_id == customer_id)
    if client_reference is not None:
        query = query.where(PayLink.client_reference == client_reference)
    if pay_link_id is not None:
        query = query.where(PayLink.id == pay_link_id)
    if after_id is not None:
        query = query.where(PayLink.id < after_id)
    return _read(session, query.order_by(PayLink.id.desc()).limit(limit))


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
