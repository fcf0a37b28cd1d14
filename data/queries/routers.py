"""SELECTs and set-based changes about routers, connections and their tasks, for acts and flows.

What screens list is in `routers_listing`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Integer, case, func, select, update

from data.models.catalog import Plan, PlanPrice
from data.models.payment import RestorationClock
from data.models.router import Connection, Router, RouterTask
from data.models.subscription import Subscription
from data.session import Session
from data.values.kinds import AccessMethod, CapAction, TaskKind
from data.values.states import RouterStatus, SubscriptionStatus, TaskStatus
from data.values.traffic import Burst, Rate

OPEN_TASKS = (TaskStatus.PENDING, TaskStatus.RUNNING)
CLOSED_DOORS = (RouterStatus.AUTH_FAILED, RouterStatus.RETIRED)


def find_router(session: Session, router_id: int) -> Router | None:
    """Return the router, or None."""
    return session.get(Router, router_id)


def router_by_name(session: Session, name: str) -> Router | None:
    """Return the router of this name, also a retired one, or None."""
    return session.scalars(select(Router).where(Router.name == name)).one_or_none()


def routers_to_change(session: Session) -> list[tuple[int, str]]:
    """Return the routers that are in use and managed, by name."""
    rows = session.execute(
        select(Router.id, Router.name)
        .where(
            Router.driver == "routeros",
            Router.is_enabled,
            Router.is_managed,
            Router.status.not_in(CLOSED_DOORS),
        )
        .order_by(Router.name, Router.id)
    )
    return [(row[0], row[1]) for row in rows]


def routers_with_other_gardens(session: Session, *, mark: str) -> list[tuple[int, bool]]:
    """Return (router, whether it shall have one) of managed routers whose rules were not read back as they shall be."""
    rows = session.execute(
        select(Router.id, Router.has_garden)
        .where(
            Router.is_enabled,
            Router.is_managed,
            Router.status.not_in(CLOSED_DOORS),
            case((Router.has_garden, Router.garden_written != mark), else_=Router.garden_written != ""),
        )
        .order_by(Router.id)
    )
    return [(row[0], row[1]) for row in rows]


class ServedRouter(NamedTuple):
    """A router that is in use, as flows need it."""

    id: int
    name: str
    status: RouterStatus
    is_enabled: bool
    poll_seconds: int
    last_seen_at: datetime | None


def routers_in_use(session: Session) -> list[ServedRouter]:
    """Return all routers that are not retired, by id."""
    rows = session.execute(
        select(
            Router.id,
            Router.name,
            Router.status,
            Router.is_enabled,
            Router.poll_seconds,
            Router.last_seen_at,
        )
        .where(Router.status != RouterStatus.RETIRED)
        .order_by(Router.id)
    )
    return [ServedRouter(*row) for row in rows]


def count_live_connections(session: Session, *, router_id: int) -> int:
    """Return how many connections a router carries."""
    return session.execute(
        select(func.count())
        .select_from(Connection)
        .where(Connection.router_id == router_id, Connection.removed_at.is_(None))
    ).scalar_one()


def find_connection(session: Session, connection_id: int) -> Connection | None:
    """Return the connection as it is now, or None."""
    return session.get(Connection, connection_id, populate_existing=True)


def connection_by_username(session: Session, *, router_id: int, username: str) -> Connection | None:
    """Return who holds a user name on a router, removed or not, or None."""
    return session.scalars(
        select(Connection).where(Connection.router_id == router_id, Connection.username == username)
    ).one_or_none()


def address_is_taken(session: Session, *, router_id: int, static_ip: str) -> bool:
    """Return whether a live connection of the router has this address."""
    taken = select(Connection.id).where(
        Connection.router_id == router_id, Connection.static_ip == static_ip, Connection.removed_at.is_(None)
    )
    return session.execute(taken.limit(1)).first() is not None


def subscription_status(session: Session, subscription_id: int) -> SubscriptionStatus | None:
    """Return where a subscription stands, or None when there is none."""
    return session.scalars(
        select(Subscription.status).where(Subscription.id == subscription_id)
    ).one_or_none()


def lock_connections(session: Session, connection_ids: Sequence[int]) -> list[Connection]:
    """Hold connections until the transaction ends and return them as they are now, by id."""
    wanted = (
        select(Connection)
        .where(Connection.id.in_(connection_ids))
        .order_by(Connection.id)
        .execution_options(populate_existing=True)
    )
    if session.get_bind().dialect.name != "sqlite":
        wanted = wanted.with_for_update()
    return list(session.scalars(wanted))


def connections_of(session: Session, *, router_id: int) -> list[tuple[int, str, int]]:
    """Return (connection, user name, customer) of every live connection of a router."""
    rows = session.execute(
        select(Connection.id, Connection.username, Subscription.customer_id)
        .join(Subscription, Subscription.id == Connection.subscription_id)
        .where(Connection.router_id == router_id, Connection.removed_at.is_(None))
    )
    return [(row[0], row[1], row[2]) for row in rows]


def owners_of(session: Session, connection_ids: Sequence[int]) -> dict[int, tuple[int, SubscriptionStatus]]:
    """Return (customer, state of the subscription) by connection."""
    rows = session.execute(
        select(Connection.id, Subscription.customer_id, Subscription.status)
        .join(Subscription, Subscription.id == Connection.subscription_id)
        .where(Connection.id.in_(connection_ids))
    )
    return {row[0]: (row[1], row[2]) for row in rows}


class AccessFacts(NamedTuple):
    """What decides about the access of one connection; the secret is sealed."""

    connection_id: int
    desired_generation: int
    applied_generation: int
    method: AccessMethod
    username: str
    secret_sealed: str
    static_ip: str | None
    mac: str | None
    drift: str | None
    takes_over: bool
    status: SubscriptionStatus
    is_throttled: bool
    is_over_cap: bool
    plan_code: str
    download_bps: int
    upload_bps: int
    throttled_bps: int | None
    cap_action: CapAction
    burst_download_bps: int | None
    burst_upload_bps: int | None
    burst_threshold_download_bps: int | None
    burst_threshold_upload_bps: int | None
    burst_seconds: int | None

    @property
    def burst(self) -> Burst | None:
        """Return the plan's burst, None without one."""
        if self.burst_download_bps is None or self.burst_seconds is None:
            return None
        threshold = (self.burst_threshold_download_bps or 0, self.burst_threshold_upload_bps or 0)
        rate = Rate(self.burst_download_bps, self.burst_upload_bps or self.upload_bps)
        return Burst(rate, Rate(*threshold), self.burst_seconds)


def access_facts(
    session: Session, *, router_id: int, connection_ids: Sequence[int] | None = None
) -> list[AccessFacts]:
    """Return the facts of a router's connections that are not removed, or of some of them, by id."""
    wanted = (
        select(
            Connection.id,
            Connection.desired_generation,
            Connection.applied_generation,
            Connection.method,
            Connection.username,
            Connection.secret_sealed,
            Connection.static_ip,
            Connection.mac,
            Connection.drift,
            Connection.takes_over,
            Subscription.status,
            Subscription.is_throttled,
            Subscription.is_over_cap,
            Plan.code,
            Plan.download_bps,
            Plan.upload_bps,
            Plan.throttled_bps,
            Plan.cap_action,
            Plan.burst_download_bps,
            Plan.burst_upload_bps,
            Plan.burst_threshold_download_bps,
            Plan.burst_threshold_upload_bps,
            Plan.burst_seconds,
        )
        .join(Subscription, Subscription.id == Connection.subscription_id)
        .join(PlanPrice, PlanPrice.id == Subscription.plan_price_id)
        .join(Plan, Plan.id == PlanPrice.plan_id)
        .where(Connection.router_id == router_id, Connection.removed_at.is_(None))
        .order_by(Connection.id)
    )
    if connection_ids is not None:
        wanted = wanted.where(Connection.id.in_(connection_ids))
    return [AccessFacts(*row) for row in session.execute(wanted)]


def removed_connections(session: Session, *, router_id: int) -> set[int]:
    """Return the connections that were taken off a router."""
    return set(
        session.scalars(
            select(Connection.id).where(Connection.router_id == router_id, Connection.removed_at.is_not(None))
        )
    )


def drifted_connections(session: Session, *, router_id: int) -> list[Connection]:
    """Return the connections of a router with a difference noted."""
    return list(
        session.scalars(
            select(Connection).where(Connection.router_id == router_id, Connection.drift.is_not(None))
        )
    )


def restoring(session: Session, connection_ids: Sequence[int]) -> list[int]:
    """Return those connections whose money-to-packet clock waits for the router."""
    return list(
        session.scalars(
            select(RestorationClock.connection_id)
            .where(
                RestorationClock.connection_id.in_(connection_ids),
                RestorationClock.session_at.is_(None),
                RestorationClock.read_back_at.is_(None),
            )
            .distinct()
        )
    )


def open_task(session: Session, connection_id: int) -> RouterTask | None:
    """Return the task of a connection that waits or runs, as it is now, or None."""
    return session.scalars(
        select(RouterTask)
        .where(RouterTask.connection_id == connection_id, RouterTask.status.in_(OPEN_TASKS))
        .execution_options(populate_existing=True)
    ).one_or_none()


def tasks_by_id(session: Session, task_ids: Sequence[int]) -> list[RouterTask]:
    """Return tasks as they are now, by id."""
    return list(
        session.scalars(
            select(RouterTask)
            .where(RouterTask.id.in_(task_ids))
            .order_by(RouterTask.id)
            .execution_options(populate_existing=True)
        )
    )


def routers_with_due_tasks(session: Session, *, at: datetime, limit: int) -> list[int]:
    """Return routers that may be written and have tasks due, those with urgent ones first."""
    rows = session.execute(
        select(RouterTask.router_id, func.max(RouterTask.is_urgent.cast(Integer)))
        .join(Router, Router.id == RouterTask.router_id)
        .where(
            RouterTask.status == TaskStatus.PENDING,
            RouterTask.run_after_at <= at,
            Router.is_enabled,
            Router.is_managed,
            Router.status.not_in(CLOSED_DOORS),
        )
        .group_by(RouterTask.router_id)
        .order_by(func.max(RouterTask.is_urgent.cast(Integer)).desc(), RouterTask.router_id)
        .limit(limit)
    )
    return [row[0] for row in rows]


def next_task_at(session: Session, *, router_id: int) -> datetime | None:
    """Return when the next waiting task of a router is due, or None when none waits or none may be carried out."""
    return session.execute(
        select(func.min(RouterTask.run_after_at))
        .join(Router, Router.id == RouterTask.router_id)
        .where(RouterTask.router_id == router_id, RouterTask.status == TaskStatus.PENDING, Router.is_managed)
    ).scalar_one()


def has_running(session: Session, *, claimed_before: datetime) -> bool:
    """Return whether a task runs whose claim is old."""
    stale = select(RouterTask.id).where(
        RouterTask.status == TaskStatus.RUNNING, RouterTask.claimed_at <= claimed_before
    )
    return session.execute(stale.limit(1)).first() is not None


def put_back_running(
    session: Session, *, claimed_before: datetime, at: datetime, router_id: int | None = None
) -> int:
    """Make tasks wait again whose claim is old, at one router or at all; whether they were carried out is unknown."""
    at_router = () if router_id is None else (RouterTask.router_id == router_id,)
    done = session.execute(
        update(RouterTask)
        .where(RouterTask.status == TaskStatus.RUNNING, RouterTask.claimed_at <= claimed_before, *at_router)
        .values(
            status=TaskStatus.PENDING,
            kind=TaskKind.DISCONNECT,
            claimed_at=None,
            run_after_at=at,
            updated_at=at,
        )
        .execution_options(synchronize_session=False)
    )
    return int(done.rowcount)
