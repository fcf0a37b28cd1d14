"""SELECTs about plans, prices and taxes for acts."""

from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import or_, select

from data.models.catalog import Plan, PlanPrice, TaxGroup, TaxGroupPart, TaxRate
from data.models.router import Connection
from data.models.subscription import Subscription
from data.session import Session


def find_plan(session: Session, plan_id: int) -> Plan | None:
    """Return the plan, or None."""
    return session.get(Plan, plan_id)


def plan_by_code(session: Session, code: str) -> Plan | None:
    """Return the plan with this code, or None."""
    return session.scalars(select(Plan).where(Plan.code == code)).one_or_none()


def tax_group_by_code(session: Session, code: str) -> TaxGroup | None:
    """Return the group of taxes with this code, or None."""
    return session.scalars(select(TaxGroup).where(TaxGroup.code == code)).one_or_none()


def tax_groups(session: Session) -> list[TaxGroup]:
    """Return all groups of taxes, by code."""
    return list(session.scalars(select(TaxGroup).order_by(TaxGroup.code)))


def tax_group_parts(session: Session) -> list[TaxGroupPart]:
    """Return the parts of all groups, in the order they stack, earlier versions first."""
    return list(
        session.scalars(
            select(TaxGroupPart).order_by(
                TaxGroupPart.group_id, TaxGroupPart.position, TaxGroupPart.valid_from_on, TaxGroupPart.id
            )
        )
    )


def tax_rates(session: Session) -> list[TaxRate]:
    """Return every rate there ever was, by code, oldest first."""
    return list(session.scalars(select(TaxRate).order_by(TaxRate.code, TaxRate.valid_from_on)))


def prices_in_force(session: Session, *, plan_id: int, at: datetime) -> list[PlanPrice]:
    """Return the prices a plan is sold at, newest first."""
    return list(
        session.scalars(
            select(PlanPrice)
            .where(
                PlanPrice.plan_id == plan_id,
                PlanPrice.valid_from <= at,
                or_(PlanPrice.valid_until.is_(None), PlanPrice.valid_until > at),
            )
            .order_by(PlanPrice.valid_from.desc(), PlanPrice.id.desc())
        )
    )


def open_prices(session: Session, *, plan_id: int, at: datetime) -> list[PlanPrice]:
    """Return the prices of a plan that are in force or announced, newest first."""
    return list(
        session.scalars(
            select(PlanPrice)
            .where(
                PlanPrice.plan_id == plan_id,
                or_(PlanPrice.valid_until.is_(None), PlanPrice.valid_until > at),
            )
            .order_by(PlanPrice.valid_from.desc(), PlanPrice.id.desc())
        )
    )


class LineWithPlan(NamedTuple):
    """A line with the speeds and cap that it was sold with."""

    connection_id: int
    customer_id: int
    router_id: int
    starts_on: date
    download_bps: int
    throttled_bps: int | None
    cap_bytes: int | None
    is_over_cap: bool
    suspended_at: datetime | None


def lines_with_plans(session: Session) -> list[LineWithPlan]:
    """Return every line in use with its plan, in order of ids."""
    rows = session.execute(
        select(
            Connection.id,
            Subscription.customer_id,
            Connection.router_id,
            Subscription.starts_on,
            Plan.download_bps,
            Plan.throttled_bps,
            Plan.data_cap_bytes,
            Subscription.is_over_cap,
            Subscription.suspended_at,
        )
        .join(Subscription, Subscription.id == Connection.subscription_id)
        .join(PlanPrice, PlanPrice.id == Subscription.plan_price_id)
        .join(Plan, Plan.id == PlanPrice.plan_id)
        .where(Connection.removed_at.is_(None))
        .order_by(Connection.id)
    )
    return [LineWithPlan(*row) for row in rows]
