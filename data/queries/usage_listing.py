"""SELECTs of usage for screens: sums of a period and of days. What polls write is in `usage`."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import Table, and_, func, literal, select, union_all

from data.models.catalog import Plan, PlanPrice
from data.models.router import Connection
from data.models.subscription import Subscription
from data.models.usage import usage_1h, usage_5m
from data.session import Session
from data.values.daily_hours import DailyHours, kept_hours


class Volume(NamedTuple):
    """Bytes of a span, from the subscriber's side."""

    download_bytes: int
    upload_bytes: int


class LineOfCustomer(NamedTuple):
    """A live connection and the period its service is in, or the bought times that are not over."""

    subscription_id: int
    connection_id: int
    period_starts_on: date
    bought_from: tuple[datetime, ...]
    bonus_from_hour: int | None
    bonus_until_hour: int | None

    @property
    def bonus_hours(self) -> DailyHours | None:
        """Return the hours in which what is used does not count."""
        return kept_hours(self.bonus_from_hour, self.bonus_until_hour)


def lines_of_customer(session: Session, *, customer_id: int) -> list[LineOfCustomer]:
    """Return the live connections of a customer with the first day of their period."""
    rows = session.execute(
        select(
            Subscription.id,
            Connection.id,
            Subscription.period_starts_on,
            Subscription.bought_from,
            Plan.bonus_from_hour,
            Plan.bonus_until_hour,
        )
        .join(PlanPrice, PlanPrice.id == Subscription.plan_price_id)
        .join(Plan, Plan.id == PlanPrice.plan_id)
        .join(
            Connection, and_(Connection.subscription_id == Subscription.id, Connection.removed_at.is_(None))
        )
        .where(Subscription.customer_id == customer_id)
        .order_by(Subscription.id)
    )
    return [LineOfCustomer(*row) for row in rows]


def volume_since(session: Session, *, connection_id: int, since: datetime, rolled_until: datetime) -> Volume:
    """Return what a connection moved since: hours up to `rolled_until`, from there the five-minute rows."""
    hours = _sum(session, usage_1h, connection_id, since, rolled_until)
    recent = _sum(session, usage_5m, connection_id, max(since, rolled_until), None)
    return Volume(hours.download_bytes + recent.download_bytes, hours.upload_bytes + recent.upload_bytes)


def volume_per_span(
    session: Session, *, connection_id: int, bounds: Sequence[tuple[datetime, datetime]]
) -> list[Volume]:
    """Return what a connection moved in each span, from the hours, in the same order."""
    if not bounds:
        return []
    parts = [
        select(
            literal(index).label("place"),
            func.coalesce(func.sum(usage_1h.c.download_bytes), 0).label("down"),
            func.coalesce(func.sum(usage_1h.c.upload_bytes), 0).label("up"),
        ).where(
            usage_1h.c.connection_id == connection_id,
            usage_1h.c.starts_at >= since,
            usage_1h.c.starts_at < until,
        )
        for index, (since, until) in enumerate(bounds)
    ]
    rows = session.execute(union_all(*parts)).all()
    return [Volume(int(row[1]), int(row[2])) for row in sorted(rows, key=lambda row: int(row[0]))]


def _sum(
    session: Session, table: Table, connection_id: int, since: datetime, until: datetime | None
) -> Volume:
    fits = [table.c.connection_id == connection_id, table.c.starts_at >= since]
    if until is not None:
        fits.append(table.c.starts_at < until)
    row = session.execute(
        select(
            func.coalesce(func.sum(table.c.download_bytes), 0),
            func.coalesce(func.sum(table.c.upload_bytes), 0),
        ).where(*fits)
    ).one()
    return Volume(int(row[0]), int(row[1]))
