"""SELECTs of the plan list and of what can be sold. What acts read is in `plans`."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, or_, select

from data.models.catalog import Plan, PlanPrice
from data.models.subscription import Subscription
from data.session import Session
from data.values.kinds import AccessMethod, BillingMode, CapAction, ChargeTiming, Interval, TaxBehavior
from data.values.states import SubscriptionStatus


class PlanRow(NamedTuple):
    """One plan; speeds in bits per second, cap in bytes per period."""

    id: int
    code: str
    name: str
    download_bps: int
    upload_bps: int
    data_cap_bytes: int | None
    cap_action: CapAction
    throttled_bps: int | None
    archived_at: datetime | None
    access_method: AccessMethod
    bonus_from_hour: int | None
    bonus_until_hour: int | None
    fair_use_from_hour: int | None
    fair_use_until_hour: int | None
    rolls_over: bool


def plans_in_list(session: Session) -> list[PlanRow]:
    """Return all plans, those on sale first, by speed and name."""
    rows = session.execute(
        select(
            Plan.id,
            Plan.code,
            Plan.name,
            Plan.download_bps,
            Plan.upload_bps,
            Plan.data_cap_bytes,
            Plan.cap_action,
            Plan.throttled_bps,
            Plan.archived_at,
            Plan.access_method,
            Plan.bonus_from_hour,
            Plan.bonus_until_hour,
            Plan.fair_use_from_hour,
            Plan.fair_use_until_hour,
            Plan.rolls_over,
        ).order_by(Plan.archived_at.is_not(None), Plan.download_bps, Plan.name)
    )
    return [PlanRow(*row) for row in rows]


class PriceRow(NamedTuple):
    """One price of a plan; `valid_until` None means it is still sold."""

    id: int
    plan_id: int
    amount_minor: int
    setup_fee_minor: int
    currency: str
    interval: Interval
    interval_count: int
    billing_mode: BillingMode
    tax_group_id: int | None
    tax_behavior: TaxBehavior
    valid_from: datetime
    valid_until: datetime | None
    timing: ChargeTiming
    trial_days: int
    minimum_term_months: int
    early_termination_fee_minor: int
    overage_minor: int | None


def prices_in_list(session: Session, *, at: datetime, past: bool) -> list[PriceRow]:
    """Return the prices in force, newest first; with `past`, those that ended too."""
    query = select(
        PlanPrice.id,
        PlanPrice.plan_id,
        PlanPrice.amount_minor,
        PlanPrice.setup_fee_minor,
        PlanPrice.currency,
        PlanPrice.interval,
        PlanPrice.interval_count,
        PlanPrice.billing_mode,
        PlanPrice.tax_group_id,
        PlanPrice.tax_behavior,
        PlanPrice.valid_from,
        PlanPrice.valid_until,
        PlanPrice.timing,
        PlanPrice.trial_days,
        PlanPrice.minimum_term_months,
        PlanPrice.early_termination_fee_minor,
        PlanPrice.overage_minor,
    ).order_by(PlanPrice.plan_id, PlanPrice.valid_from.desc(), PlanPrice.id.desc())
    if not past:
        query = query.where(
            PlanPrice.valid_from <= at, or_(PlanPrice.valid_until.is_(None), PlanPrice.valid_until > at)
        )
    return [PriceRow(*row) for row in session.execute(query)]


def services_per_plan(session: Session) -> dict[int, int]:
    """Return how many services that have not ended each plan has, by plan id."""
    rows = session.execute(
        select(PlanPrice.plan_id, func.count())
        .join(Subscription, Subscription.plan_price_id == PlanPrice.id)
        .where(Subscription.status != SubscriptionStatus.ENDED)
        .group_by(PlanPrice.plan_id)
    )
    return {row[0]: row[1] for row in rows}
