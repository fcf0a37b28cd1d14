"""The journal of what was written to routers: many rows a statement going in, a page coming out, gone by age."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, delete, func, insert, select

from data.models.router import Connection
from data.models.router_care import RouterWrite
from data.models.subscription import Subscription
from data.session import Session
from data.values.kinds import WriteCause


class NewWrite(NamedTuple):
    """A write to keep."""

    router_id: int
    connection_id: int | None
    cause: WriteCause
    what: str
    is_confirmed: bool
    reason: str
    made_by: str


class WriteRow(NamedTuple):
    """A write that was kept; user name and customer are None where it belongs to no line."""

    id: int
    router_id: int
    connection_id: int | None
    username: str | None
    customer_id: int | None
    written_at: datetime
    cause: WriteCause
    what: str
    is_confirmed: bool
    reason: str
    made_by: str


def add_writes(session: Session, rows: Sequence[NewWrite], *, at: datetime) -> None:
    """Keep writes."""
    session.execute(
        insert(RouterWrite), [row._asdict() | {"created_at": at, "updated_at": at} for row in rows]
    )


def writes_page(
    session: Session,
    *,
    router_id: int | None,
    subscription_id: int | None,
    is_confirmed: bool | None,
    limit: int,
    offset: int,
) -> list[WriteRow]:
    """Return one page of what was written to a router, or for a service, newest first."""
    rows = session.execute(
        select(
            RouterWrite.id,
            RouterWrite.router_id,
            RouterWrite.connection_id,
            Connection.username,
            Subscription.customer_id,
            RouterWrite.created_at,
            RouterWrite.cause,
            RouterWrite.what,
            RouterWrite.is_confirmed,
            RouterWrite.reason,
            RouterWrite.made_by,
        )
        .outerjoin(Connection, Connection.id == RouterWrite.connection_id)
        .outerjoin(Subscription, Subscription.id == Connection.subscription_id)
        .where(*_which(router_id, subscription_id, is_confirmed))
        .order_by(RouterWrite.id.desc())
        .limit(limit)
        .offset(offset)
    )
    return [WriteRow(*row) for row in rows]


def count_writes(
    session: Session, *, router_id: int | None, subscription_id: int | None, is_confirmed: bool | None
) -> int:
    """Return how many writes there are on such pages."""
    return session.execute(
        select(func.count()).select_from(RouterWrite).where(*_which(router_id, subscription_id, is_confirmed))
    ).scalar_one()


def purge_writes(session: Session, *, before: datetime) -> int:
    """Delete what was written before an instant; return how many."""
    done = session.execute(delete(RouterWrite).where(RouterWrite.created_at < before))
    return int(done.rowcount)


def _which(
    router_id: int | None, subscription_id: int | None, is_confirmed: bool | None
) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if router_id is not None:
        found.append(RouterWrite.router_id == router_id)
    if subscription_id is not None:
        lines = select(Connection.id).where(Connection.subscription_id == subscription_id)
        found.append(RouterWrite.connection_id.in_(lines))
    if is_confirmed is not None:
        found.append(RouterWrite.is_confirmed.is_(is_confirmed))
    return found
