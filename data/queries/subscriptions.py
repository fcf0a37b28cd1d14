"""SELECTs about subscriptions for acts: one, by customer, due for billing."""

from datetime import date
from typing import NamedTuple

from sqlalchemy import select

from data.models.catalog import Plan, PlanPrice, TaxRate
from data.models.router import Connection
from data.models.subscription import Subscription
from data.session import Session
from data.values.kinds import BillingMode
from data.values.states import SubscriptionStatus

BILLED_STATES = (SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE, SubscriptionStatus.SUSPENDED)


class SoldPrice(NamedTuple):
    """A price with its plan and tax, as sold."""

    price: PlanPrice
    plan: Plan
    tax: TaxRate | None


def find_subscription(session: Session, subscription_id: int) -> Subscription | None:
    """Return the subscription, or None."""
    return session.get(Subscription, subscription_id)


def sold_price(session: Session, plan_price_id: int) -> SoldPrice | None:
    """Return a price with its plan and tax, or None."""
    row = session.execute(
        select(PlanPrice, Plan, TaxRate)
        .join(Plan, Plan.id == PlanPrice.plan_id)
        .outerjoin(TaxRate, TaxRate.id == PlanPrice.tax_rate_id)
        .where(PlanPrice.id == plan_price_id)
    ).one_or_none()
    return SoldPrice(row[0], row[1], row[2]) if row else None


def subscriptions_of(session: Session, *, customer_id: int) -> list[Subscription]:
    """Return the customer's subscriptions, oldest first."""
    return list(
        session.scalars(
            select(Subscription).where(Subscription.customer_id == customer_id).order_by(Subscription.id)
        )
    )


def customers_to_bill(session: Session, *, on: date, after_id: int = 0, limit: int = 100) -> list[int]:
    """Return ids, ascending and above `after_id`, of customers with a period that is due on the day."""
    return list(
        session.scalars(
            select(Subscription.customer_id)
            .join(PlanPrice, PlanPrice.id == Subscription.plan_price_id)
            .where(
                Subscription.status.in_(BILLED_STATES),
                Subscription.charged_through_on <= on,
                PlanPrice.billing_mode == BillingMode.POSTPAID,
                Subscription.customer_id > after_id,
            )
            .distinct()
            .order_by(Subscription.customer_id)
            .limit(limit)
        )
    )


def due_subscriptions(session: Session, *, customer_id: int, on: date) -> list[Subscription]:
    """Return the customer's subscriptions with a period that is due on the day, oldest first."""
    return list(
        session.scalars(
            select(Subscription)
            .join(PlanPrice, PlanPrice.id == Subscription.plan_price_id)
            .where(
                Subscription.customer_id == customer_id,
                Subscription.status.in_(BILLED_STATES),
                Subscription.charged_through_on <= on,
                PlanPrice.billing_mode == BillingMode.POSTPAID,
            )
            .order_by(Subscription.id)
        )
    )


def live_connection(session: Session, *, subscription_id: int) -> Connection | None:
    """Return the subscription's connection, or None when it has none (any more)."""
    return session.scalars(
        select(Connection).where(
            Connection.subscription_id == subscription_id, Connection.removed_at.is_(None)
        )
    ).one_or_none()
