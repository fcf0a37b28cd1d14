"""What the lines of routers move together: added to at each poll, and read for charts of the network."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, Table, bindparam, delete, func, insert, literal, select, text

from data.columns import UtcSeconds
from data.models.customer import Customer
from data.models.router import Connection, Router
from data.models.subscription import Subscription
from data.models.usage import usage_1d, usage_router_1h, usage_router_5m
from data.session import Session


class RouterUsageRow(NamedTuple):
    """Bytes of all lines of one router in the five minutes from `starts_at`."""

    starts_at: datetime
    download_bytes: int
    upload_bytes: int


class BusyLine(NamedTuple):
    """A line and who has it; bytes are those of a day, or 0 where only the name was asked for."""

    connection_id: int
    customer_id: int
    customer_name: str
    username: str
    router_id: int
    router_name: str
    download_bytes: int
    upload_bytes: int


_ROLL_UP = text(
    "INSERT INTO usage_router_1h (router_id, starts_at, download_bytes, upload_bytes, peak_download_bps,"
    " peak_upload_bps)"
    " SELECT router.id, :hour, sum(download_bytes), sum(upload_bytes),"
    " max(download_bytes) * 8 / 300, max(upload_bytes) * 8 / 300"
    # From the routers, so that each is read by its key.
    " FROM router JOIN usage_router_5m AS five ON five.router_id = router.id"
    " AND five.starts_at >= :since AND five.starts_at < :until GROUP BY router.id"
    " ON CONFLICT (router_id, starts_at) DO UPDATE SET"
    " download_bytes = excluded.download_bytes, upload_bytes = excluded.upload_bytes,"
    " peak_download_bps = excluded.peak_download_bps, peak_upload_bps = excluded.peak_upload_bps"
).bindparams(
    bindparam("hour", type_=UtcSeconds),
    bindparam("since", type_=UtcSeconds),
    bindparam("until", type_=UtcSeconds),
)


def roll_up_router_hour(session: Session, *, starts_at: datetime, ends_at: datetime) -> int:
    """Work out one hour of every router from its five minutes; return how many routers had any."""
    done = session.execute(_ROLL_UP, {"hour": starts_at, "since": starts_at, "until": ends_at})
    return int(done.rowcount)


def purge_router_five_minutes(session: Session, *, before: datetime) -> int:
    """Delete five-minute rows of routers that began before; return how many."""
    done = session.execute(
        delete(usage_router_5m).where(
            usage_router_5m.c.router_id.in_(select(Router.id)), usage_router_5m.c.starts_at < before
        )
    )
    return int(done.rowcount)


def began_at(session: Session, *, router_id: int | None = None) -> datetime | None:
    """Return since when there is a router, or this one; None when there is not."""
    query = select(func.min(Router.created_at))
    if router_id is not None:
        query = query.where(Router.id == router_id)
    return session.execute(query).scalar_one()


def network_between(
    session: Session, *, since: datetime, until: datetime, router_id: int | None = None
) -> list[RouterUsageRow]:
    """Return what all routers, or one, moved in each five minutes that began in `[since, until)`, oldest first.

    Five minutes in which nothing was counted are left out.
    """
    return _summed(session, usage_router_5m, since=since, until=until, router_id=router_id)


def replace_router_five_minutes(
    session: Session, *, router_id: int, since: datetime, until: datetime, rows: Sequence[RouterUsageRow]
) -> None:
    """Put these five minutes of a router in the place of those that began in `[since, until)`."""
    columns = usage_router_5m.c
    session.execute(
        delete(usage_router_5m).where(
            columns.router_id == router_id, columns.starts_at >= since, columns.starts_at < until
        )
    )
    if rows:
        session.execute(insert(usage_router_5m), [{"router_id": router_id, **row._asdict()} for row in rows])


def hours_between(
    session: Session, *, since: datetime, until: datetime, router_id: int | None = None
) -> list[RouterUsageRow]:
    """Return what all routers, or one, moved in each hour that began in `[since, until)`, oldest first."""
    return _summed(session, usage_router_1h, since=since, until=until, router_id=router_id)


def busiest_of_day(session: Session, *, day_starts_at: datetime, limit: int) -> list[BusyLine]:
    """Return the live lines that moved most in one day of the ISP, by both directions together."""
    total = usage_1d.c.download_bytes + usage_1d.c.upload_bytes
    rows = session.execute(
        _named(usage_1d.c.download_bytes, usage_1d.c.upload_bytes)
        # By key, once a line: a day is not the beginning of the table's key.
        .join(
            usage_1d,
            (usage_1d.c.connection_id == Connection.id) & (usage_1d.c.starts_at == day_starts_at),
        )
        .where(Connection.removed_at.is_(None))
        .order_by(total.desc(), Connection.id)
        .limit(limit)
    )
    return [BusyLine(*row) for row in rows]


def lines_named(session: Session, *, connection_ids: Sequence[int]) -> dict[int, BusyLine]:
    """Return whose these lines are."""
    if not connection_ids:
        return {}
    rows = session.execute(_named(literal(0), literal(0)).where(Connection.id.in_(connection_ids)))
    return {int(row[0]): BusyLine(*row) for row in rows}


def _summed(
    session: Session, table: Table, *, since: datetime, until: datetime, router_id: int | None
) -> list[RouterUsageRow]:
    columns = table.c
    query = (
        select(columns.starts_at, func.sum(columns.download_bytes), func.sum(columns.upload_bytes))
        # From the routers, so that each is read by its key.
        .select_from(Router)
        .join(table, columns.router_id == Router.id)
        .where(columns.starts_at >= since, columns.starts_at < until)
        .group_by(columns.starts_at)
        .order_by(columns.starts_at)
    )
    if router_id is not None:
        query = query.where(Router.id == router_id)
    return [RouterUsageRow(row[0], int(row[1]), int(row[2])) for row in session.execute(query)]


def _named(
    download: ColumnElement[int], upload: ColumnElement[int]
) -> Select[tuple[int, int, str, str, int, str, int, int]]:
    return (
        select(
            Connection.id,
            Customer.id,
            Customer.name,
            Connection.username,
            Router.id,
            Router.name,
            download,
            upload,
        )
        .select_from(Connection)
        .join(Subscription, Subscription.id == Connection.subscription_id)
        .join(Customer, Customer.id == Subscription.customer_id)
        .join(Router, Router.id == Connection.router_id)
    )
