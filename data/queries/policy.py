"""SELECTs about what the owner decided: profile, policy, gateway accounts. The newest version counts."""

from datetime import date

from sqlalchemy import select

from data.models.policy import (
    BillingPolicy,
    DunningStepRow,
    GatewayAccount,
    Holiday,
    IspProfile,
    PaymentPolicy,
)
from data.session import Session


def newest_profile(session: Session) -> IspProfile | None:
    """Return the ISP's profile, or None before the first run is finished."""
    return session.scalars(select(IspProfile).order_by(IspProfile.version.desc()).limit(1)).first()


def newest_policy(session: Session) -> BillingPolicy | None:
    """Return the billing policy in force, or None before the first run is finished."""
    return session.scalars(select(BillingPolicy).order_by(BillingPolicy.version.desc()).limit(1)).first()


def newest_payment_policy(session: Session) -> PaymentPolicy | None:
    """Return how money is taken, or None while that was never set."""
    return session.scalars(select(PaymentPolicy).order_by(PaymentPolicy.version.desc()).limit(1)).first()


def dunning_steps(session: Session, *, policy_id: int) -> list[DunningStepRow]:
    """Return the steps of a policy, earliest first."""
    return list(
        session.scalars(
            select(DunningStepRow)
            .where(DunningStepRow.policy_id == policy_id)
            .order_by(DunningStepRow.days_overdue, DunningStepRow.id)
        )
    )


def newest_gateway_accounts(session: Session) -> list[GatewayAccount]:
    """Return the newest version of each gateway's account, by gateway name."""
    rows = session.scalars(select(GatewayAccount).order_by(GatewayAccount.gateway, GatewayAccount.version))
    return list({row.gateway: row for row in rows}.values())


def holidays(session: Session, *, from_on: date | None = None) -> list[Holiday]:
    """Return the holidays, by day, from a day on when one is given."""
    statement = select(Holiday).order_by(Holiday.day)
    return list(session.scalars(statement if from_on is None else statement.where(Holiday.day >= from_on)))


def find_holiday(session: Session, day: date) -> Holiday | None:
    """Return the holiday on a day, or None."""
    return session.scalars(select(Holiday).where(Holiday.day == day)).one_or_none()
