"""SELECTs of usage for the REST API: the rows of one connection, step by step."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import starmap
from typing import NamedTuple

from sqlalchemy import BigInteger, Select, Table, bindparam, select, type_coerce

from data.models.router import Connection
from data.models.subscription import Subscription
from data.models.usage import usage_1d, usage_1h, usage_5m
from data.session import Session


class UsageStep(NamedTuple):
    """What one connection moved in one step; peaks and coverage are None where only bytes are kept."""

    starts_at: datetime
    download_bytes: int
    upload_bytes: int
    peak_download_bps: int | None = None
    peak_upload_bps: int | None = None
    seconds_covered: int | None = None


def _steps_of(table: Table) -> Select[tuple[int, int, int, int, int, int]]:
    """Return the statement for steps of a table, made once: making it costs as much as a hundred rows."""
    columns = table.c
    return (
        select(
            # Instants as they are kept: for each of hundreds a type of its own costs more than all the rest.
            type_coerce(columns.starts_at, BigInteger),
            columns.download_bytes,
            columns.upload_bytes,
            columns.peak_download_bps,
            columns.peak_upload_bps,
            columns.seconds_covered,
        )
        .where(
            columns.connection_id == bindparam("line"),
            columns.starts_at >= bindparam("since"),
            columns.starts_at < bindparam("until"),
        )
        .order_by(columns.starts_at)
        .limit(bindparam("limit"))
    )


_LINE = select(Connection.id).where(Connection.id == bindparam("line"))
_OWN_LINE = _LINE.join(Subscription, Subscription.id == Connection.subscription_id).where(
    Subscription.customer_id == bindparam("customer")
)
_STEPS = {False: _steps_of(usage_1h), True: _steps_of(usage_1d)}


def five_minutes_at(session: Session, *, connection_id: int, instants: Sequence[datetime]) -> list[UsageStep]:
    """Return the five minutes that begin at these instants, in order; those without traffic are left out.

    The table is keyed by time first, so a range would read everybody's rows; instants read only ours.
    """
    columns = usage_5m.c
    rows = session.execute(
        select(columns.starts_at, columns.download_bytes, columns.upload_bytes)
        .where(columns.starts_at.in_(instants), columns.connection_id == connection_id)
        .order_by(columns.starts_at)
    )
    return list(starmap(UsageStep, rows.all()))


def is_line_of(session: Session, *, connection_id: int, customer_id: int | None) -> bool:
    """Return whether there is such a connection, of this customer where one is named."""
    if customer_id is None:
        return session.execute(_LINE, {"line": connection_id}).first() is not None
    return session.execute(_OWN_LINE, {"line": connection_id, "customer": customer_id}).first() is not None


def line_began_at(session: Session, *, connection_id: int) -> datetime:
    """Return since when a connection exists, which must."""
    return session.execute(select(Connection.created_at).where(Connection.id == connection_id)).scalar_one()


def rolled_up(
    session: Session, *, connection_id: int, since: datetime, until: datetime, by_day: bool, limit: int
) -> list[UsageStep]:
    """Return the hours, or the days of the ISP, that begin in the span, in order."""
    asked = {"line": connection_id, "since": since, "until": until, "limit": limit}
    return [
        UsageStep(datetime.fromtimestamp(at, UTC), down, up, peak_down, peak_up, covered)
        for at, down, up, peak_down, peak_up, covered in session.execute(_STEPS[by_day], asked).all()
    ]
