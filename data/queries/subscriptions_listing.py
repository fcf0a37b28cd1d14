"""SELECTs of services on screens, with their plan and line. What acts read is in `subscriptions`."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import and_, func, select

from data.models.catalog import Plan, PlanPrice
from data.models.router import Connection, Router
from data.models.subscription import Subscription, SubscriptionTransition
from data.session import Session
from data.values.kinds import CapAction, Interval, SuspensionReason
from data.values.states import RouterStatus, SubscriptionStatus


class ServiceRow(NamedTuple):
    """One service; the connection's columns are None when it has no line (any more)."""

    id: int
    customer_id: int
    status: SubscriptionStatus
    starts_on: date
    period_starts_on: date
    period_ends_on: date
    charged_through_on: date
    suspended_at: datetime | None
    suspension_reason: SuspensionReason | None
    is_over_cap: bool
    ended_at: datetime | None
    plan_name: str
    plan_code: str
    download_bps: int
    upload_bps: int
    data_cap_bytes: int | None
    cap_action: CapAction
    throttled_bps: int | None
    amount_minor: int
    currency: str
    interval: Interval
    interval_count: int
    connection_id: int | None
    username: str | None
    desired_generation: int | None
    applied_generation: int | None
    drift: str | None
    mac: str | None
    last_online_at: datetime | None
    router_id: int | None
    router_name: str | None
    router_status: RouterStatus | None
    pending_change_on: date | None
    ends_on: date | None
    resumes_on: date | None
    agreed_price_minor: int | None
    bonus_from_hour: int | None
    bonus_until_hour: int | None
    fair_use_from_hour: int | None
    fair_use_until_hour: int | None
    rolls_over: bool


def services_in_list(session: Session, *, customer_id: int) -> list[ServiceRow]:
    """Return the customer's services, those that ended last, else oldest first."""
    rows = session.execute(
        select(
            Subscription.id,
            Subscription.customer_id,
            Subscription.status,
            Subscription.starts_on,
            Subscription.period_starts_on,
            Subscription.period_ends_on,
            Subscription.charged_through_on,
            Subscription.suspended_at,
            Subscription.suspension_reason,
            Subscription.is_over_cap,
            Subscription.ended_at,
            Plan.name,
            Plan.code,
            Plan.download_bps,
            Plan.upload_bps,
            Plan.data_cap_bytes,
            Plan.cap_action,
            Plan.throttled_bps,
            PlanPrice.amount_minor,
            PlanPrice.currency,
            PlanPrice.interval,
            PlanPrice.interval_count,
            Connection.id,
            Connection.username,
            Connection.desired_generation,
            Connection.applied_generation,
            Connection.drift,
            Connection.mac,
            Connection.last_online_at,
            Router.id,
            Router.name,
            Router.status,
            Subscription.pending_change_on,
            Subscription.ends_on,
            Subscription.resumes_on,
            Subscription.agreed_price_minor,
            Plan.bonus_from_hour,
            Plan.bonus_until_hour,
            Plan.fair_use_from_hour,
            Plan.fair_use_until_hour,
            Plan.rolls_over,
        )
        .join(PlanPrice, PlanPrice.id == Subscription.plan_price_id)
        .join(Plan, Plan.id == PlanPrice.plan_id)
        .outerjoin(
            Connection, and_(Connection.subscription_id == Subscription.id, Connection.removed_at.is_(None))
        )
        .outerjoin(Router, Router.id == Connection.router_id)
        .where(Subscription.customer_id == customer_id)
        .order_by(Subscription.ended_at.is_not(None), Subscription.id)
    )
    return [ServiceRow(*row) for row in rows]


class TransitionRow(NamedTuple):
    """One change of state of one service."""

    subscription_id: int
    plan_name: str
    from_status: SubscriptionStatus | None
    to_status: SubscriptionStatus
    reason: str
    actor: str
    at: datetime


def transitions_of(session: Session, *, customer_id: int, limit: int) -> list[TransitionRow]:
    """Return the newest changes of state of a customer's services, newest first."""
    rows = session.execute(
        select(
            SubscriptionTransition.subscription_id,
            Plan.name,
            SubscriptionTransition.from_status,
            SubscriptionTransition.to_status,
            SubscriptionTransition.reason,
            SubscriptionTransition.actor,
            SubscriptionTransition.at,
        )
        .join(Subscription, Subscription.id == SubscriptionTransition.subscription_id)
        .join(PlanPrice, PlanPrice.id == Subscription.plan_price_id)
        .join(Plan, Plan.id == PlanPrice.plan_id)
        .where(Subscription.customer_id == customer_id)
        .order_by(SubscriptionTransition.at.desc(), SubscriptionTransition.id.desc())
        .limit(limit)
    )
    return [TransitionRow(*row) for row in rows]


def count_by_status(session: Session) -> dict[SubscriptionStatus, int]:
    """Return how many services are in each state; states without any are left out."""
    rows = session.execute(select(Subscription.status, func.count()).group_by(Subscription.status))
    return {row[0]: row[1] for row in rows}


def customers_of_services(session: Session, subscription_ids: Sequence[int]) -> dict[int, int]:
    """Return the customer id of each service, by service id."""
    rows = session.execute(
        select(Subscription.id, Subscription.customer_id).where(Subscription.id.in_(subscription_ids))
    )
    return {row[0]: row[1] for row in rows}
