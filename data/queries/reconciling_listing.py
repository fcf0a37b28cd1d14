"""SELECTs of the lists of reconciliation: days, differences, balances. What acts read is in `reconciling`."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, or_, select

from data.models.reconciliation import GatewayBalance, ReconciliationDay, ReconciliationDifference
from data.session import Session


def days_page(
    session: Session, *, gateway: str | None, only_red: bool, limit: int, offset: int
) -> list[ReconciliationDay]:
    """Return one page of days, newest first."""
    query = select(ReconciliationDay).where(*_days(gateway, only_red))
    query = query.order_by(
        ReconciliationDay.day.desc(), ReconciliationDay.gateway, ReconciliationDay.currency
    )
    return list(session.scalars(query.limit(limit).offset(offset)))


def count_days(session: Session, *, gateway: str | None, only_red: bool) -> int:
    """Return how many days fit."""
    query = select(func.count()).select_from(ReconciliationDay).where(*_days(gateway, only_red))
    return int(session.execute(query).scalar_one())


def days_after(
    session: Session, *, gateway: str | None, only_red: bool, after_id: int | None, limit: int
) -> list[ReconciliationDay]:
    """Return days in the order they were first compared, newest first, that follow one in that order."""
    query = select(ReconciliationDay).where(*_days(gateway, only_red))
    if after_id is not None:
        query = query.where(ReconciliationDay.id < after_id)
    return list(session.scalars(query.order_by(ReconciliationDay.id.desc()).limit(limit)))


def find_day(session: Session, day_id: int) -> ReconciliationDay | None:
    """Return the day, or None."""
    return session.get(ReconciliationDay, day_id)


class DayColour(NamedTuple):
    """Whether a gateway's day agrees, whatever its currency."""

    gateway: str
    day: date
    agrees: bool


def colours(session: Session, *, first: date) -> list[DayColour]:
    """Return of each day since `first` whether it agrees, by gateway and day."""
    query = (
        select(ReconciliationDay.gateway, ReconciliationDay.day, func.min(ReconciliationDay.agrees))
        if session.get_bind().dialect.name == "sqlite"
        else select(ReconciliationDay.gateway, ReconciliationDay.day, func.bool_and(ReconciliationDay.agrees))
    )
    rows = session.execute(
        query.where(ReconciliationDay.day >= first)
        .group_by(ReconciliationDay.gateway, ReconciliationDay.day)
        .order_by(ReconciliationDay.gateway, ReconciliationDay.day)
    )
    return [DayColour(gateway, day, bool(agrees)) for gateway, day, agrees in rows]


def differences_page(
    session: Session,
    *,
    gateway: str | None = None,
    day: date | None = None,
    is_open: bool | None = None,
    search: str = "",
    limit: int,
    offset: int = 0,
) -> list[ReconciliationDifference]:
    """Return one page of differences, newest day first."""
    query = select(ReconciliationDifference).where(*_differences(gateway, day, is_open, search))
    query = query.order_by(ReconciliationDifference.day.desc(), ReconciliationDifference.id.desc())
    return list(session.scalars(query.limit(limit).offset(offset)))


def count_differences(
    session: Session,
    *,
    gateway: str | None = None,
    day: date | None = None,
    is_open: bool | None = None,
    search: str = "",
) -> int:
    """Return how many differences fit."""
    query = select(func.count()).select_from(ReconciliationDifference)
    return int(session.execute(query.where(*_differences(gateway, day, is_open, search))).scalar_one())


def differences_after(
    session: Session, *, gateway: str | None, is_open: bool | None, after_id: int | None, limit: int
) -> list[ReconciliationDifference]:
    """Return differences, the newest first, that follow one in that order."""
    query = select(ReconciliationDifference).where(*_differences(gateway, None, is_open, ""))
    if after_id is not None:
        query = query.where(ReconciliationDifference.id < after_id)
    return list(session.scalars(query.order_by(ReconciliationDifference.id.desc()).limit(limit)))


def open_counts(session: Session) -> dict[str, int]:
    """Return how many differences are open, by gateway."""
    rows = session.execute(
        select(ReconciliationDifference.gateway, func.count())
        .where(ReconciliationDifference.resolved_at.is_(None))
        .group_by(ReconciliationDifference.gateway)
    )
    return {gateway: int(number) for gateway, number in rows}


def last_balances(session: Session) -> list[GatewayBalance]:
    """Return what each gateway told last of what it holds, a row a currency."""
    newest = select(func.max(GatewayBalance.id)).group_by(GatewayBalance.gateway, GatewayBalance.currency)
    return list(
        session.scalars(
            select(GatewayBalance)
            .where(GatewayBalance.id.in_(newest))
            .order_by(GatewayBalance.gateway, GatewayBalance.currency)
        )
    )


def _days(gateway: str | None, only_red: bool) -> Sequence[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if gateway is not None:
        found.append(ReconciliationDay.gateway == gateway)
    if only_red:
        found.append(ReconciliationDay.agrees.is_(False))
    return found


def _differences(
    gateway: str | None, day: date | None, is_open: bool | None, search: str
) -> Sequence[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if gateway is not None:
        found.append(ReconciliationDifference.gateway == gateway)
    if day is not None:
        found.append(ReconciliationDifference.day == day)
    if is_open is not None:
        resolved = ReconciliationDifference.resolved_at
        found.append(resolved.is_(None) if is_open else resolved.is_not(None))
    if search:
        told = (ReconciliationDifference.transaction_id, ReconciliationDifference.reason)
        found.append(or_(*(text.icontains(search, autoescape=True) for text in told)))
    return found
