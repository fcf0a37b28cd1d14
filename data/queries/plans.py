"""SELECTs about plans, prices and taxes for acts."""

from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import or_, select

from data.models.catalog import Plan, PlanPrice, TaxRate
from data.models.router import Connection
from data.models.subscription import Subscription
from data.session import Session


def find_plan(session: Session, plan_id: int) -> Plan | None:
    """Return the plan, or None."""
    return session.get(Plan, plan_id)


def plan_by_code(session: Session, code: str) -> Plan | None:
    """Return the plan with this code, or None."""
    return session.scalars(select(Plan).where(Plan.code == code)).one_or_none()


def tax_in_force(session: Session, *, code: str, at: datetime) -> TaxRate | None:
    """Return the newest rate of a tax that is in force, or None."""
    return session.scalars(
        select(TaxRate)
        .where(TaxRate.code == code, TaxRate.valid_from <= at)
        .order_by(TaxRate.valid_from.desc(), TaxRate.id.desc())
        .limit(1)
    ).first()


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


class LineWithPlan(NamedTuple):
    """A line with the speeds and cap that it was sold with."""

    connection_id: int
    router_id: int
    starts_on: date
    download_bps: int
    cap_bytes: int | None
    suspended_at: datetime | None


def lines_with_plans(session: Session) -> list[LineWithPlan]:
    """Return every line in use with its plan, in order of ids."""
    rows = session.execute(
        select(
            Connection.id,
            Connection.router_id,
            Subscription.starts_on,
            Plan.download_bps,
            Plan.data_cap_bytes,
            Subscription.suspended_at,
        )
        .join(Subscription, Subscription.id == Connection.subscription_id)
        .join(PlanPrice, PlanPrice.id == Subscription.plan_price_id)
        .join(Plan, Plan.id == PlanPrice.plan_id)
        .where(Connection.removed_at.is_(None))
        .order_by(Connection.id)
    )
    return [LineWithPlan(*row) for row in rows]
