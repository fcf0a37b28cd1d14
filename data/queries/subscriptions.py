"""SELECTs about subscriptions for acts: one, by customer, due for billing."""

from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, not_, or_, select

from data.models.catalog import Plan, PlanPrice
from data.models.router import Connection
from data.models.subscription import Subscription, SubscriptionAddOn, SubscriptionDiscount
from data.session import Session
from data.values.kinds import BillingMode, CapAction, ChargeTiming, SuspensionReason
from data.values.states import SubscriptionStatus

BILLED_STATES = (SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE, SubscriptionStatus.SUSPENDED)


class SoldPrice(NamedTuple):
    """A price with its plan, as sold."""

    price: PlanPrice
    plan: Plan


def find_subscription(session: Session, subscription_id: int) -> Subscription | None:
    """Return the subscription, or None."""
    return session.get(Subscription, subscription_id)


def sold_price(session: Session, plan_price_id: int) -> SoldPrice | None:
    """Return a price with its plan, or None."""
    row = session.execute(
        select(PlanPrice, Plan).join(Plan, Plan.id == PlanPrice.plan_id).where(PlanPrice.id == plan_price_id)
    ).one_or_none()
    return SoldPrice(row[0], row[1]) if row else None


def subscriptions_of(session: Session, *, customer_id: int) -> list[Subscription]:
    """Return the customer's subscriptions, oldest first."""
    return list(
        session.scalars(
            select(Subscription).where(Subscription.customer_id == customer_id).order_by(Subscription.id)
        )
    )


class ServiceFacts(NamedTuple):
    """A service with all that decides its bill: recurring add-ons and discounts in the order they were added."""

    subscription: Subscription
    price: PlanPrice
    plan: Plan
    add_ons: tuple[SubscriptionAddOn, ...]
    discounts: tuple[SubscriptionDiscount, ...]

    @property
    def is_in_arrears(self) -> bool:
        """Return whether periods are billed when they are over."""
        return self.price.timing is ChargeTiming.ARREARS


def service_facts(session: Session, subscription_id: int) -> ServiceFacts | None:
    """Return one service with all that decides its bill, or None."""
    found = _facts(session, Subscription.id == subscription_id)
    return found[0] if found else None


def prepaid_services(session: Session, *, billed_customer_id: int) -> list[ServiceFacts]:
    """Return the payer's prepaid services that money can open or keep open, oldest first."""
    return _facts(
        session,
        Subscription.billed_customer_id == billed_customer_id,
        Subscription.status.in_((*BILLED_STATES, SubscriptionStatus.PENDING)),
        PlanPrice.billing_mode == BillingMode.PREPAID,
    )


def access_over(session: Session, *, before: datetime, limit: int) -> list[int]:
    """Return ids of prepaid services that are open though their time was over by then, longest ago first."""
    return list(
        session.scalars(
            select(Subscription.id)
            .where(
                Subscription.access_until_at <= before,
                Subscription.status.in_((SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE)),
            )
            .order_by(Subscription.access_until_at, Subscription.id)
            .limit(limit)
        )
    )


class EndingAccess(NamedTuple):
    """A prepaid service that is open, and until when."""

    subscription_id: int
    period_starts_on: date
    access_until_at: datetime


def ending_access(session: Session, *, after: datetime, before: datetime, limit: int) -> list[EndingAccess]:
    """Return open prepaid services whose time ends between two instants, soonest first."""
    rows = session.execute(
        select(Subscription.id, Subscription.period_starts_on, Subscription.access_until_at)
        .where(
            Subscription.access_until_at > after,
            Subscription.access_until_at <= before,
            Subscription.status.in_((SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE)),
        )
        .order_by(Subscription.access_until_at, Subscription.id)
        .limit(limit)
    )
    return [EndingAccess(*row) for row in rows]


def due_services(session: Session, *, billed_customer_id: int, on: date) -> list[ServiceFacts]:
    """Return what a payer may have to be billed for on the day, oldest first."""
    return _facts(
        session,
        Subscription.billed_customer_id == billed_customer_id,
        Subscription.status.in_(BILLED_STATES),
        Subscription.bills_on <= on,
        PlanPrice.billing_mode == BillingMode.POSTPAID,
    )


def _facts(session: Session, *which: ColumnElement[bool]) -> list[ServiceFacts]:
    rows = session.execute(
        select(Subscription, PlanPrice, Plan)
        .join(PlanPrice, PlanPrice.id == Subscription.plan_price_id)
        .join(Plan, Plan.id == PlanPrice.plan_id)
        .where(*which)
        .order_by(Subscription.id)
    ).all()
    ids = [row[0].id for row in rows]
    add_ons: dict[int, list[SubscriptionAddOn]] = {}
    discounts: dict[int, list[SubscriptionDiscount]] = {}
    if ids:
        for add_on in session.scalars(
            select(SubscriptionAddOn)
            .where(SubscriptionAddOn.subscription_id.in_(ids), SubscriptionAddOn.is_recurring)
            .order_by(SubscriptionAddOn.id)
        ):
            add_ons.setdefault(add_on.subscription_id, []).append(add_on)
        for discount in session.scalars(
            select(SubscriptionDiscount)
            .where(SubscriptionDiscount.subscription_id.in_(ids))
            .order_by(SubscriptionDiscount.id)
        ):
            discounts.setdefault(discount.subscription_id, []).append(discount)
    return [
        ServiceFacts(
            row[0], row[1], row[2], tuple(add_ons.get(row[0].id, ())), tuple(discounts.get(row[0].id, ()))
        )
        for row in rows
    ]


def cap_access_to_follow(session: Session, *, limit: int) -> list[int]:
    """Return ids of services that are open over a cap that suspends, or suspended by a cap they are not over."""
    takes = and_(Subscription.is_over_cap, Plan.cap_action == CapAction.SUSPEND)
    is_open = Subscription.status.in_((SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE))
    is_taken = and_(
        Subscription.status == SubscriptionStatus.SUSPENDED,
        Subscription.suspension_reason == SuspensionReason.DATA_CAP,
    )
    return list(
        session.scalars(
            select(Subscription.id)
            .join(PlanPrice, PlanPrice.id == Subscription.plan_price_id)
            .join(Plan, Plan.id == PlanPrice.plan_id)
            .where(or_(and_(is_open, takes), and_(is_taken, not_(takes))))
            .order_by(Subscription.id)
            .limit(limit)
        )
    )


def live_connection(session: Session, *, subscription_id: int) -> Connection | None:
    """Return the subscription's connection, or None when it has none (any more)."""
    return session.scalars(
        select(Connection).where(
            Connection.subscription_id == subscription_id, Connection.removed_at.is_(None)
        )
    ).one_or_none()
