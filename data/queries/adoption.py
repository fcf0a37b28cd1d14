"""SELECTs for taking over what a router holds already: whom it may belong to, and what it may be sold as."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import or_, select

from data.models.catalog import Plan, PlanPrice
from data.models.customer import Customer
from data.models.router import Connection
from data.models.subscription import Subscription
from data.session import Session
from data.values.kinds import AccessMethod
from data.values.states import CustomerStatus


class KnownCustomer(NamedTuple):
    """A customer as an entry on a router may name them."""

    customer_id: int
    account_number: str
    name: str
    phone: str


class SoldPlan(NamedTuple):
    """A price in force and the speed it is sold with."""

    plan_price_id: int
    code: str
    name: str
    method: AccessMethod
    download_bps: int
    upload_bps: int


class OwnLine(NamedTuple):
    """A line of ours, by the name that a router knows it by."""

    connection_id: int
    method: AccessMethod
    username: str
    is_live: bool
    customer_id: int
    customer_name: str
    account_number: str


def customers_to_match(session: Session) -> list[KnownCustomer]:
    """Return all customers who are served, by id."""
    rows = session.execute(
        select(Customer.id, Customer.account_number, Customer.name, Customer.phone)
        .where(Customer.status == CustomerStatus.ACTIVE)
        .order_by(Customer.id)
    )
    return [KnownCustomer(*row) for row in rows]


def plans_to_match(session: Session, *, at: datetime) -> list[SoldPlan]:
    """Return the prices that are sold now, by plan and price."""
    rows = session.execute(
        select(
            PlanPrice.id,
            Plan.code,
            Plan.name,
            Plan.access_method,
            Plan.download_bps,
            Plan.upload_bps,
        )
        .join(Plan, Plan.id == PlanPrice.plan_id)
        .where(
            Plan.archived_at.is_(None),
            PlanPrice.valid_from <= at,
            or_(PlanPrice.valid_until.is_(None), PlanPrice.valid_until > at),
        )
        .order_by(Plan.id, PlanPrice.id)
    )
    return [SoldPlan(*row) for row in rows]


def own_lines(session: Session, *, router_id: int) -> list[OwnLine]:
    """Return the lines that a router ever had, by id."""
    rows = session.execute(
        select(
            Connection.id,
            Connection.method,
            Connection.username,
            Connection.removed_at.is_(None),
            Customer.id,
            Customer.name,
            Customer.account_number,
        )
        .join(Subscription, Subscription.id == Connection.subscription_id)
        .join(Customer, Customer.id == Subscription.customer_id)
        .where(Connection.router_id == router_id)
        .order_by(Connection.id)
    )
    return [OwnLine(*row) for row in rows]
