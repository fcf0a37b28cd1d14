"""Usage as it is read, rolled up and purged, set-based; polls write it in `usage_writing`.

Hours and days are worked out anew from the level below.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import delete, func, select, text

from data.columns import unix_seconds
from data.models.catalog import Plan, PlanPrice
from data.models.payment import RestorationClock
from data.models.router import Connection
from data.models.subscription import Subscription
from data.models.usage import usage_1d, usage_1h, usage_5m, usage_counter
from data.queries.json_rows import Cells, pack_rows
from data.session import Session
from data.values.daily_hours import DailyHours, kept_hours
from data.values.kinds import CapAction, SuspensionReason
from data.values.states import SubscriptionStatus

FIVE_MINUTES_SECONDS = 300
FIVE_MINUTES_KEPT = timedelta(days=35)
_SHARED_BOUNDS_MAX = 64


class KeptCounter(NamedTuple):
    """The last reading of a session that is recorded."""

    session_key: str
    connection_id: int
    download_bytes: int
    upload_bytes: int
    uptime_seconds: int
    read_at: datetime


def counters_of(session: Session, *, router_id: int) -> list[KeptCounter]:
    """Return the recorded readings of a router's sessions."""
    columns = usage_counter.c
    rows = session.execute(
        select(
            columns.session_key,
            columns.connection_id,
            columns.download_bytes,
            columns.upload_bytes,
            columns.uptime_seconds,
            columns.read_at,
        ).where(columns.router_id == router_id)
    )
    return [KeptCounter(*row) for row in rows]


def restored_lately(session: Session, *, router_id: int, since: datetime) -> list[tuple[int, datetime]]:
    """Return (connection, when written) of restorations on a router since, that wait for a session."""
    rows = session.execute(
        select(RestorationClock.connection_id, func.max(RestorationClock.written_at))
        .join(Connection, Connection.id == RestorationClock.connection_id)
        .where(
            Connection.router_id == router_id,
            RestorationClock.session_at.is_(None),
            RestorationClock.read_back_at >= since,
        )
        .group_by(RestorationClock.connection_id)
    )
    return [(row[0], row[1]) for row in rows]


def oldest_usage_at(session: Session) -> datetime | None:
    """Return the first five minutes that are kept, or None when there are none."""
    return session.execute(select(func.min(usage_5m.c.starts_at))).scalar_one()


def newest_hour_at(session: Session) -> datetime | None:
    """Return the newest hour that was worked out, or None."""
    return session.execute(select(func.max(usage_1h.c.starts_at))).scalar_one()


def roll_up_hour(session: Session, *, starts_at: datetime, ends_at: datetime) -> int:
    """Work out one hour of every connection from its five minutes; return how many connections had any."""
    return _roll_up(
        session,
        "INSERT INTO usage_1h (connection_id, starts_at, download_bytes, upload_bytes, peak_download_bps,"
        " peak_upload_bps, seconds_covered)"
        " SELECT connection_id, :start, sum(download_bytes), sum(upload_bytes),"
        " max(download_bytes) * 8 / 300, max(upload_bytes) * 8 / 300, count(*) * 300"
        " FROM usage_5m WHERE starts_at >= :start AND starts_at < :end GROUP BY connection_id",
        starts_at,
        ends_at,
    )


def roll_up_day(session: Session, *, starts_at: datetime, ends_at: datetime) -> int:
    """Work out one day of every connection from its hours; return how many connections had any.

    The day begins and ends where the ISP's does; it takes the hours that begin in it.
    """
    return _roll_up(
        session,
        "INSERT INTO usage_1d (connection_id, starts_at, download_bytes, upload_bytes, peak_download_bps,"
        " peak_upload_bps, seconds_covered)"
        " SELECT connection_id, :start, sum(download_bytes), sum(upload_bytes), max(peak_download_bps),"
        " max(peak_upload_bps), sum(seconds_covered)"
        " FROM usage_1h WHERE starts_at >= :start AND starts_at < :end GROUP BY connection_id",
        starts_at,
        ends_at,
    )


def purge_five_minutes(session: Session, *, before: datetime) -> int:
    """Delete five-minute rows that began before; return how many."""
    done = session.execute(delete(usage_5m).where(usage_5m.c.starts_at < before))
    return int(done.rowcount)


def purge_hours(session: Session, *, before: datetime) -> int:
    """Delete hours that began before; return how many."""
    done = session.execute(delete(usage_1h).where(usage_1h.c.starts_at < before))
    return int(done.rowcount)


class CappedLine(NamedTuple):
    """A connection whose plan has a cap, or that is marked as over one."""

    subscription_id: int
    connection_id: int
    period_starts_on: date
    bought_from: tuple[datetime, ...]
    cap_bytes: int | None
    cap_action: CapAction
    is_over_cap: bool
    customer_id: int
    plan_id: int
    plan_name: str
    period_ends_on: date
    access_until_at: datetime | None
    rolls_over: bool
    bonus_from_hour: int | None
    bonus_until_hour: int | None
    fair_use_from_hour: int | None
    fair_use_until_hour: int | None

    @property
    def bonus_hours(self) -> DailyHours | None:
        """Return the hours in which what is used does not count."""
        return kept_hours(self.bonus_from_hour, self.bonus_until_hour)

    @property
    def fair_use_hours(self) -> DailyHours | None:
        """Return the hours in which a used up cap has effect, None for all day."""
        return kept_hours(self.fair_use_from_hour, self.fair_use_until_hour)


def capped_lines(session: Session, *, subscription_id: int | None = None) -> list[CappedLine]:
    """Return the lines of running subscriptions, or one, that have a cap or are marked as over one."""
    only = () if subscription_id is None else (Subscription.id == subscription_id,)
    rows = session.execute(
        select(
            Subscription.id,
            Connection.id,
            Subscription.period_starts_on,
            Subscription.bought_from,
            Plan.data_cap_bytes,
            Plan.cap_action,
            Subscription.is_over_cap,
            Subscription.customer_id,
            Plan.id,
            Plan.name,
            Subscription.period_ends_on,
            Subscription.access_until_at,
            Plan.rolls_over,
            Plan.bonus_from_hour,
            Plan.bonus_until_hour,
            Plan.fair_use_from_hour,
            Plan.fair_use_until_hour,
        )
        .join(Connection, Connection.subscription_id == Subscription.id)
        .join(PlanPrice, PlanPrice.id == Subscription.plan_price_id)
        .join(Plan, Plan.id == PlanPrice.plan_id)
        .where(
            Connection.removed_at.is_(None),
            Subscription.status.in_((SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE))
            | (Subscription.suspension_reason == SuspensionReason.DATA_CAP),
            Plan.data_cap_bytes.is_not(None) | Subscription.is_over_cap,
            *only,
        )
        .order_by(Subscription.id)
    )
    return [CappedLine(*row) for row in rows]


# (place, connection) of those that are asked about in `[since, until)`; what one place holds is added up.
UsedSpans = Mapping[tuple[datetime, datetime], Sequence[tuple[int, int]]]


def used_in_hours(session: Session, spans: UsedSpans) -> dict[int, int]:
    """Return bytes both ways of each place, from the hours that began in its spans."""
    return _used(session, "usage_1h", spans)


def used_in_days(session: Session, spans: UsedSpans) -> dict[int, int]:
    """Return bytes both ways of each place, from the days of the ISP that began in its spans."""
    return _used(session, "usage_1d", spans)


def days_begun(session: Session, *, since: datetime) -> set[datetime]:
    """Return when the days that are worked out begin, from an instant on."""
    return set(
        session.scalars(
            select(usage_1d.c.starts_at)
            # From the connections, so that each is read by its key.
            .select_from(Connection)
            .join(usage_1d, usage_1d.c.connection_id == Connection.id)
            .where(usage_1d.c.starts_at >= since)
            .distinct()
        )
    )


def forget_days(session: Session, begun: Sequence[datetime]) -> int:
    """Delete the days that begin at these instants; return how many rows."""
    done = session.execute(delete(usage_1d).where(usage_1d.c.starts_at.in_(begun)))
    return int(done.rowcount)


def _used(session: Session, table: str, spans: UsedSpans) -> dict[int, int]:
    """Add up, a statement for the spans that share their bounds: as those of lines billed on one day do."""
    if len(spans) > _SHARED_BOUNDS_MAX:
        return _used_each(session, table, spans)
    used: dict[int, int] = {}
    cells = Cells(session)
    for (since, until), places in spans.items():
        statement = text(
            # A question a line: a group would be sorted first.
            f"SELECT {cells.itself}, (SELECT sum(download_bytes + upload_bytes) FROM {table} AS usage"  # noqa: S608
            f" WHERE usage.connection_id = {cells.itself} AND usage.starts_at >= :since"
            f" AND usage.starts_at < :until) FROM {cells.source}"
        )
        found = session.execute(
            statement,
            {
                "rows": json.dumps(list({line for _, line in places})),
                "since": unix_seconds(since),
                "until": unix_seconds(until),
            },
        )
        by_line = {line: int(count) for line, count in found.all() if count is not None}
        for place, line in places:
            if line in by_line:
                used[place] = used.get(place, 0) + by_line[line]
    return used


def _used_each(session: Session, table: str, spans: UsedSpans) -> dict[int, int]:
    """Add up in one statement, each span by its own bounds."""
    cells = Cells(session)
    rows = session.execute(
        text(
            f"SELECT {cells.number(0)} AS place, sum(usage.download_bytes + usage.upload_bytes)"  # noqa: S608
            f" FROM {cells.source} JOIN {table} AS usage ON usage.connection_id = {cells.number(1)}"
            f" AND usage.starts_at >= {cells.number(2)} AND usage.starts_at < {cells.number(3)} GROUP BY 1"
        ),
        {"rows": pack_rows([(*one, *bounds) for bounds, those in spans.items() for one in those])},
    )
    return {int(row[0]): int(row[1]) for row in rows.all()}


def _roll_up(session: Session, statement: str, starts_at: datetime, ends_at: datetime) -> int:
    done = session.execute(
        text(
            f"{statement} ON CONFLICT (connection_id, starts_at) DO UPDATE SET"
            " download_bytes = excluded.download_bytes, upload_bytes = excluded.upload_bytes,"
            " peak_download_bps = excluded.peak_download_bps, peak_upload_bps = excluded.peak_upload_bps,"
            " seconds_covered = excluded.seconds_covered"
        ),
        {"start": unix_seconds(starts_at), "end": unix_seconds(ends_at)},
    )
    return int(done.rowcount)
