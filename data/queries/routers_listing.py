"""SELECTs of the router list and of one router's page. What flows read is in `routers`."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, func, or_, select

from data.models.catalog import Plan, PlanPrice
from data.models.customer import Customer
from data.models.router import Connection, Router, RouterTask
from data.models.subscription import Subscription
from data.session import Session
from data.values.kinds import TaskKind
from data.values.states import RouterStatus, SubscriptionStatus, TaskStatus

OPEN_TASKS = (TaskStatus.PENDING, TaskStatus.RUNNING)
TASK_FILTERS = ("open", "failed", "all")


class RouterRow(NamedTuple):
    """One router as screens show it; the password never leaves its row."""

    id: int
    name: str
    driver: str
    host: str
    port: int
    use_tls: bool
    tls_fingerprint: str | None
    username: str
    status: RouterStatus
    status_reason: str
    last_seen_at: datetime | None
    poll_seconds: int
    board: str
    version: str
    serial: str
    is_enabled: bool
    is_managed: bool
    has_garden: bool
    site: str
    firmware: str
    firmware_offered: str
    restarted_at: datetime | None
    restarted_by: str
    latitude_microdegrees: int | None
    longitude_microdegrees: int | None


_COLUMNS = (
    Router.id,
    Router.name,
    Router.driver,
    Router.host,
    Router.port,
    Router.use_tls,
    Router.tls_fingerprint,
    Router.username,
    Router.status,
    Router.status_reason,
    Router.last_seen_at,
    Router.poll_seconds,
    Router.board,
    Router.version,
    Router.serial,
    Router.is_enabled,
    Router.is_managed,
    Router.has_garden,
    Router.site,
    Router.firmware,
    Router.firmware_offered,
    Router.restarted_at,
    Router.restarted_by,
    Router.latitude_microdegrees,
    Router.longitude_microdegrees,
)


def routers_in_list(session: Session) -> list[RouterRow]:
    """Return all routers that are not retired, by name."""
    rows = session.execute(
        select(*_COLUMNS).where(Router.status != RouterStatus.RETIRED).order_by(Router.name, Router.id)
    )
    return [RouterRow(*row) for row in rows]


def router_row(session: Session, router_id: int) -> RouterRow | None:
    """Return one router, or None."""
    row = session.execute(select(*_COLUMNS).where(Router.id == router_id)).one_or_none()
    return RouterRow(*row) if row else None


def connections_per_router(session: Session) -> dict[int, int]:
    """Return how many connections each router carries, by router id."""
    rows = session.execute(
        select(Connection.router_id, func.count())
        .where(Connection.removed_at.is_(None))
        .group_by(Connection.router_id)
    )
    return {row[0]: row[1] for row in rows}


def tasks_per_router(session: Session) -> dict[int, int]:
    """Return how many tasks wait at each router, by router id."""
    rows = session.execute(
        select(RouterTask.router_id, func.count())
        .where(RouterTask.status.in_(OPEN_TASKS))
        .group_by(RouterTask.router_id)
    )
    return {row[0]: row[1] for row in rows}


def oldest_waiting_task(session: Session) -> datetime | None:
    """Return since when the oldest waiting task waits, or None when none does."""
    return session.execute(
        select(func.min(RouterTask.created_at)).where(RouterTask.status.in_(OPEN_TASKS))
    ).scalar_one()


class TaskRow(NamedTuple):
    """One task of a router and whom it is about."""

    id: int
    connection_id: int
    username: str
    customer_id: int
    customer_name: str
    kind: TaskKind
    is_urgent: bool
    status: TaskStatus
    attempts: int
    created_at: datetime
    finished_at: datetime | None
    last_error: str | None


def tasks_page(session: Session, *, router_id: int, state: str, limit: int, offset: int) -> list[TaskRow]:
    """Return one page of a router's tasks, newest first."""
    rows = session.execute(
        select(
            RouterTask.id,
            RouterTask.connection_id,
            Connection.username,
            Subscription.customer_id,
            Customer.name,
            RouterTask.kind,
            RouterTask.is_urgent,
            RouterTask.status,
            RouterTask.attempts,
            RouterTask.created_at,
            RouterTask.finished_at,
            RouterTask.last_error,
        )
        .join(Connection, Connection.id == RouterTask.connection_id)
        .join(Subscription, Subscription.id == Connection.subscription_id)
        .join(Customer, Customer.id == Subscription.customer_id)
        .where(RouterTask.router_id == router_id, *_task_fits(state))
        .order_by(RouterTask.id.desc())
        .limit(limit)
        .offset(offset)
    )
    return [TaskRow(*row) for row in rows]


def count_tasks(session: Session, *, router_id: int, state: str) -> int:
    """Return how many tasks of a router fit."""
    return session.execute(
        select(func.count())
        .select_from(RouterTask)
        .where(RouterTask.router_id == router_id, *_task_fits(state))
    ).scalar_one()


class LineRow(NamedTuple):
    """One connection of a router with its subscriber."""

    connection_id: int
    subscription_id: int
    customer_id: int
    customer_name: str
    account_number: str
    username: str
    plan_name: str
    status: SubscriptionStatus
    desired_generation: int
    applied_generation: int
    drift: str | None
    last_online_at: datetime | None


def lines_page(
    session: Session,
    *,
    router_id: int,
    search: str,
    sort: str,
    descending: bool,
    only: Sequence[int] | None,
    limit: int,
    offset: int,
) -> list[LineRow]:
    """Return one page of a router's connections; `only` narrows to these ids.

    `sort` is name, user or seen.
    """
    keys = {
        "name": func.lower(Customer.name),
        "user": Connection.username,
        "seen": func.coalesce(Connection.last_online_at, Connection.created_at),
    }
    key = keys.get(sort, keys["name"])
    rows = session.execute(
        select(
            Connection.id,
            Subscription.id,
            Customer.id,
            Customer.name,
            Customer.account_number,
            Connection.username,
            Plan.name,
            Subscription.status,
            Connection.desired_generation,
            Connection.applied_generation,
            Connection.drift,
            Connection.last_online_at,
        )
        .join(Subscription, Subscription.id == Connection.subscription_id)
        .join(Customer, Customer.id == Subscription.customer_id)
        .join(PlanPrice, PlanPrice.id == Subscription.plan_price_id)
        .join(Plan, Plan.id == PlanPrice.plan_id)
        .where(*_line_fits(router_id, search, only))
        .order_by(key.desc() if descending else key.asc(), Connection.id)
        .limit(limit)
        .offset(offset)
    )
    return [LineRow(*row) for row in rows]


def count_lines(session: Session, *, router_id: int, search: str, only: Sequence[int] | None) -> int:
    """Return how many connections of a router fit."""
    return session.execute(
        select(func.count())
        .select_from(Connection)
        .join(Subscription, Subscription.id == Connection.subscription_id)
        .join(Customer, Customer.id == Subscription.customer_id)
        .where(*_line_fits(router_id, search, only))
    ).scalar_one()


def find_routers(session: Session, *, search: str, limit: int) -> list[tuple[int, str, str, RouterStatus]]:
    """Return (id, name, host, status) of routers whose name or host holds the words, by name."""
    rows = session.execute(
        select(Router.id, Router.name, Router.host, Router.status)
        .where(
            Router.status != RouterStatus.RETIRED,
            or_(
                Router.name.icontains(search, autoescape=True),
                Router.host.icontains(search, autoescape=True),
            ),
        )
        .order_by(Router.name)
        .limit(limit)
    )
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def _task_fits(state: str) -> list[ColumnElement[bool]]:
    match state:
        case "open":
            return [RouterTask.status.in_(OPEN_TASKS)]
        case "failed":
            return [RouterTask.status == TaskStatus.FAILED]
        case _:
            return []


def _line_fits(router_id: int, search: str, only: Sequence[int] | None) -> list[ColumnElement[bool]]:
    fits: list[ColumnElement[bool]] = [
        and_(Connection.router_id == router_id, Connection.removed_at.is_(None))
    ]
    if only is not None:
        fits.append(Connection.id.in_(only))
    if search:
        fits.append(
            or_(
                Customer.name.icontains(search, autoescape=True),
                Connection.username.icontains(search, autoescape=True),
                Customer.account_number.istartswith(search, autoescape=True),
            )
        )
    return fits
