"""SELECTs of the REST API's lists: newest first, cut by id, narrowed to one customer for subscribers.

The API tells nearly all columns, so most of these read whole rows; the views take them apart.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from data.models.catalog import Plan, PlanPrice
from data.models.customer import Customer
from data.models.invoice import Invoice
from data.models.ledger import LedgerAccount
from data.models.payment import Payment, PaymentAllocation, PaymentAttempt, RestorationClock
from data.models.router import Connection, Router
from data.models.subscription import Subscription
from data.queries.payment_marks import has_mark
from data.session import Session
from data.values.kinds import PaymentMark
from data.values.states import InvoiceStatus, PaymentStatus, SubscriptionStatus

_RECEIVABLE = "1200"


class Cut(NamedTuple):
    """Which rows: those with a smaller id than `after_id`, at most `limit`; or only the one with `only_id`."""

    limit: int = 1
    after_id: int | None = None
    only_id: int | None = None


class CustomerBalance(NamedTuple):
    """A customer and what they owe in minor units; negative is credit."""

    customer: Customer
    balance_minor: int


def customers(
    session: Session, cut: Cut, *, customer_id: int | None, search: str = ""
) -> list[CustomerBalance]:
    """Return customers whose name, account number, phone or e-mail holds the words."""
    query = select(Customer, func.coalesce(LedgerAccount.balance_minor, 0)).outerjoin(
        LedgerAccount,
        and_(
            LedgerAccount.customer_id == Customer.id,
            LedgerAccount.code == _RECEIVABLE,
            LedgerAccount.currency == Customer.currency,
        ),
    )
    if search:
        fields = (Customer.name, Customer.account_number, Customer.phone, Customer.email)
        query = query.where(or_(*(field.icontains(search, autoescape=True) for field in fields)))
    query = query.where(*_equal(Customer.id, customer_id))
    return [CustomerBalance(*row) for row in session.execute(_cut(query, Customer.id, cut))]


def plans(session: Session, cut: Cut) -> list[Plan]:
    """Return plans, archived ones too."""
    return list(session.scalars(_cut(select(Plan), Plan.id, cut)))


def prices_in_force(session: Session, *, plan_ids: Sequence[int], at: datetime) -> list[PlanPrice]:
    """Return the prices at which these plans are sold, newest first."""
    return list(
        session.scalars(
            select(PlanPrice)
            .where(
                PlanPrice.plan_id.in_(plan_ids),
                PlanPrice.valid_from <= at,
                or_(PlanPrice.valid_until.is_(None), PlanPrice.valid_until > at),
            )
            .order_by(PlanPrice.id.desc())
        )
    )


class SoldSubscription(NamedTuple):
    """A subscription with what was sold; the connection is None when it has none (any more)."""

    subscription: Subscription
    price: PlanPrice
    plan: Plan
    connection_id: int | None


def subscriptions(
    session: Session, cut: Cut, *, customer_id: int | None, status: SubscriptionStatus | None = None
) -> list[SoldSubscription]:
    """Return subscriptions with plan, price and live connection."""
    query = (
        select(Subscription, PlanPrice, Plan, Connection.id)
        .join(PlanPrice, PlanPrice.id == Subscription.plan_price_id)
        .join(Plan, Plan.id == PlanPrice.plan_id)
        .outerjoin(
            Connection, and_(Connection.subscription_id == Subscription.id, Connection.removed_at.is_(None))
        )
        .where(*_equal(Subscription.customer_id, customer_id), *_equal(Subscription.status, status))
    )
    return [SoldSubscription(*row) for row in session.execute(_cut(query, Subscription.id, cut))]


def invoices(
    session: Session, cut: Cut, *, customer_id: int | None, status: InvoiceStatus | None = None
) -> list[Invoice]:
    """Return invoices."""
    query = select(Invoice).where(*_equal(Invoice.customer_id, customer_id), *_equal(Invoice.status, status))
    return list(session.scalars(_cut(query, Invoice.id, cut)))


def payments(
    session: Session,
    cut: Cut,
    *,
    customer_id: int | None,
    status: PaymentStatus | None = None,
    mark: PaymentMark | None = None,
) -> list[Payment]:
    """Return payments, those with a mark only where one is named.

    Those of a customer are what is on their account, and what they sent to the account of who pays for them.
    """
    query = select(Payment).where(*_equal(Payment.status, status), *has_mark(mark))
    if customer_id is not None:
        query = query.where(
            or_(Payment.customer_id == customer_id, Payment.sent_by_customer_id == customer_id)
        )
    return list(session.scalars(_cut(query, Payment.id, cut)))


class AllocatedPart(NamedTuple):
    """The part of a payment that pays an invoice."""

    invoice_id: int
    number: str | None
    amount_minor: int
    at: datetime
    reversed_at: datetime | None


def allocations_of(session: Session, *, payment_id: int) -> list[AllocatedPart]:
    """Return what a payment pays, in the order it was given, reversed parts too."""
    rows = session.execute(
        select(
            Invoice.id,
            Invoice.number,
            PaymentAllocation.amount_minor,
            PaymentAllocation.at,
            PaymentAllocation.reversed_at,
        )
        .join(Invoice, Invoice.id == PaymentAllocation.invoice_id)
        .where(PaymentAllocation.payment_id == payment_id)
        .order_by(PaymentAllocation.id)
    )
    return [AllocatedPart(*row) for row in rows]


def restorations_of(session: Session, *, payment_id: int) -> list[RestorationClock]:
    """Return the money-to-packet clocks of a payment, in the order they were started."""
    return list(
        session.scalars(
            select(RestorationClock)
            .where(RestorationClock.payment_id == payment_id)
            .order_by(RestorationClock.id)
        )
    )


class AttemptWithPayment(NamedTuple):
    """An attempt and the payment that settled it, None while none did."""

    attempt: PaymentAttempt
    payment_id: int | None


def attempts(session: Session, cut: Cut, *, customer_id: int | None) -> list[AttemptWithPayment]:
    """Return payment attempts."""
    payment_id = select(func.min(Payment.id)).where(Payment.attempt_id == PaymentAttempt.id).scalar_subquery()
    query = select(PaymentAttempt, payment_id).where(*_equal(PaymentAttempt.customer_id, customer_id))
    return [AttemptWithPayment(*row) for row in session.execute(_cut(query, PaymentAttempt.id, cut))]


def routers(session: Session, cut: Cut) -> list[Router]:
    """Return routers, retired ones too."""
    return list(session.scalars(_cut(select(Router), Router.id, cut)))


class OwnedConnection(NamedTuple):
    """A connection and whose it is."""

    connection: Connection
    customer_id: int


def connections(
    session: Session, cut: Cut, *, customer_id: int | None, router_id: int | None = None
) -> list[OwnedConnection]:
    """Return connections, removed ones too."""
    query = (
        select(Connection, Subscription.customer_id)
        .join(Subscription, Subscription.id == Connection.subscription_id)
        .where(*_equal(Subscription.customer_id, customer_id), *_equal(Connection.router_id, router_id))
    )
    return [OwnedConnection(*row) for row in session.execute(_cut(query, Connection.id, cut))]


def _cut(query: Select, key: InstrumentedAttribute[int], cut: Cut) -> Select:  # type: ignore[type-arg]
    if cut.after_id is not None:
        query = query.where(key < cut.after_id)
    if cut.only_id is not None:
        query = query.where(key == cut.only_id)
    return query.order_by(key.desc()).limit(cut.limit)


def _equal(column: InstrumentedAttribute[int], value: object) -> list[ColumnElement[bool]]:
    return [] if value is None else [column == value]
