"""Lines on routers with whose they are and what they cost: for what routers are seen to hold."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import func, select

from data.models.catalog import PlanPrice
from data.models.customer import Customer
from data.models.router import Connection
from data.models.subscription import Subscription
from data.queries.bulk import among
from data.session import Session
from data.values.kinds import Interval
from data.values.states import SubscriptionStatus


class LineRow(NamedTuple):
    """A line that is or was on a router, whose it is and what it costs.

    Settled means that no change of it waits, live that it was not taken off.
    """

    connection_id: int
    router_id: int
    username: str
    customer_id: int
    customer_name: str
    status: SubscriptionStatus
    price_minor: int
    currency: str
    interval: Interval
    interval_count: int
    is_settled: bool
    is_live: bool


def lines_of(session: Session, *, router_ids: Sequence[int]) -> list[LineRow]:
    """Return the lines of these routers, those that were taken off too."""
    rows = session.execute(
        select(
            Connection.id,
            Connection.router_id,
            Connection.username,
            Customer.id,
            Customer.name,
            Subscription.status,
            func.coalesce(Subscription.agreed_price_minor, PlanPrice.amount_minor),
            PlanPrice.currency,
            PlanPrice.interval,
            PlanPrice.interval_count,
            Connection.desired_generation == Connection.applied_generation,
            Connection.removed_at.is_(None),
        )
        .join(Subscription, Subscription.id == Connection.subscription_id)
        .join(Customer, Customer.id == Subscription.customer_id)
        .join(PlanPrice, PlanPrice.id == Subscription.plan_price_id)
        .where(among(Connection.router_id, router_ids))
        .order_by(Connection.id)
    )
    return [LineRow(*row) for row in rows]
