"""Routers as screens show them: the list, one of them, its subscribers and tasks. Acts are in `inventory`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from benfex.core.actors import require
from benfex.core.paging import Page, PageRequest
from benfex.core.unit_of_work import Snapshot
from data.queries import routers_listing as listing
from data.values.errors import NotFound
from data.values.identifiers import ConnectionId, CustomerId, RouterId, RouterTaskId
from data.values.kinds import TaskKind
from data.values.places import Place
from data.values.roles import Permission
from data.values.states import RouterStatus, SubscriptionStatus, TaskStatus


@dataclass(frozen=True, slots=True)
class RouterView:
    """One router; never its password. `place` is where it stands, None when nobody said."""

    router_id: RouterId
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
    connections: int
    waiting_tasks: int
    firmware: str
    firmware_offered: str
    restarted_at: datetime | None
    restarted_by: str
    place: Place | None


@dataclass(frozen=True, slots=True)
class TaskView:
    """One task of a router, and whom it is about."""

    task_id: RouterTaskId
    username: str
    customer_id: CustomerId
    customer_name: str
    kind: TaskKind
    is_urgent: bool
    status: TaskStatus
    attempts: int
    asked_at: datetime
    finished_at: datetime | None
    last_error: str


@dataclass(frozen=True, slots=True)
class SubscriberLine:
    """A connection on a router with its subscriber."""

    connection_id: ConnectionId
    customer_id: CustomerId
    customer_name: str
    account_number: str
    username: str
    plan_name: str
    status: SubscriptionStatus
    is_applied: bool
    drift: str
    last_online_at: datetime | None


def list_routers(snapshot: Snapshot) -> tuple[RouterView, ...]:
    """Return all routers that are not retired, by name."""
    require(snapshot.actor, Permission.VIEW_NETWORK)
    connections = listing.connections_per_router(snapshot.session)
    tasks = listing.tasks_per_router(snapshot.session)
    return tuple(
        _router(row, connections.get(row.id, 0), tasks.get(row.id, 0))
        for row in listing.routers_in_list(snapshot.session)
    )


def router(snapshot: Snapshot, *, router_id: RouterId) -> RouterView:
    """Return one router. Raises NotFound."""
    require(snapshot.actor, Permission.VIEW_NETWORK)
    row = listing.router_row(snapshot.session, router_id)
    if row is None:
        raise NotFound("router")
    connections = listing.connections_per_router(snapshot.session)
    tasks = listing.tasks_per_router(snapshot.session)
    return _router(row, connections.get(row.id, 0), tasks.get(row.id, 0))


def list_tasks(snapshot: Snapshot, *, router_id: RouterId, request: PageRequest) -> Page[TaskView]:
    """Return one page of a router's tasks, newest first; `filter` is open, failed or all."""
    require(snapshot.actor, Permission.VIEW_NETWORK)
    rows = listing.tasks_page(
        snapshot.session,
        router_id=router_id,
        state=request.filter,
        limit=request.limit,
        offset=request.offset,
    )
    total = listing.count_tasks(snapshot.session, router_id=router_id, state=request.filter)
    return Page(tuple(_task(row) for row in rows), total)


def task_counts(snapshot: Snapshot, *, router_id: RouterId) -> dict[str, int]:
    """Return how many tasks each tab has: open, failed, all."""
    require(snapshot.actor, Permission.VIEW_NETWORK)
    return {
        state: listing.count_tasks(snapshot.session, router_id=router_id, state=state)
        for state in listing.TASK_FILTERS
    }


def list_lines(
    snapshot: Snapshot,
    *,
    router_id: RouterId,
    request: PageRequest,
    only: Sequence[ConnectionId] | None = None,
) -> Page[SubscriberLine]:
    """Return one page of a router's subscribers, narrowed to the connections in `only` when it is given.

    `sort` is name, user or seen.
    """
    require(snapshot.actor, Permission.VIEW_NETWORK)
    search = request.search.strip()
    rows = listing.lines_page(
        snapshot.session,
        router_id=router_id,
        search=search,
        sort=request.sort,
        descending=request.descending,
        only=only,
        limit=request.limit,
        offset=request.offset,
    )
    total = listing.count_lines(snapshot.session, router_id=router_id, search=search, only=only)
    return Page(tuple(_line(row) for row in rows), total)


def search_routers(
    snapshot: Snapshot, *, search: str, limit: int = 5
) -> tuple[tuple[RouterId, str, str, RouterStatus], ...]:
    """Return (id, name, host, status) of routers whose name or host holds the words."""
    require(snapshot.actor, Permission.VIEW_NETWORK)
    found = listing.find_routers(snapshot.session, search=search.strip(), limit=limit)
    return tuple((RouterId(row[0]), row[1], row[2], row[3]) for row in found)


def _router(row: listing.RouterRow, connections: int, waiting_tasks: int) -> RouterView:
    return RouterView(
        router_id=RouterId(row.id),
        name=row.name,
        driver=row.driver,
        host=row.host,
        port=row.port,
        use_tls=row.use_tls,
        tls_fingerprint=row.tls_fingerprint,
        username=row.username,
        status=row.status,
        status_reason=row.status_reason,
        last_seen_at=row.last_seen_at,
        poll_seconds=row.poll_seconds,
        board=row.board,
        version=row.version,
        serial=row.serial,
        is_enabled=row.is_enabled,
        is_managed=row.is_managed,
        has_garden=row.has_garden,
        site=row.site,
        connections=connections,
        waiting_tasks=waiting_tasks,
        firmware=row.firmware,
        firmware_offered=row.firmware_offered,
        restarted_at=row.restarted_at,
        restarted_by=row.restarted_by,
        place=Place.kept(row.latitude_microdegrees, row.longitude_microdegrees),
    )


def _task(row: listing.TaskRow) -> TaskView:
    return TaskView(
        task_id=RouterTaskId(row.id),
        username=row.username,
        customer_id=CustomerId(row.customer_id),
        customer_name=row.customer_name,
        kind=row.kind,
        is_urgent=row.is_urgent,
        status=row.status,
        attempts=row.attempts,
        asked_at=row.created_at,
        finished_at=row.finished_at,
        last_error=row.last_error or "",
    )


def _line(row: listing.LineRow) -> SubscriberLine:
    return SubscriberLine(
        connection_id=ConnectionId(row.connection_id),
        customer_id=CustomerId(row.customer_id),
        customer_name=row.customer_name,
        account_number=row.account_number,
        username=row.username,
        plan_name=row.plan_name,
        status=row.status,
        is_applied=row.desired_generation == row.applied_generation,
        drift=row.drift or "",
        last_online_at=row.last_online_at,
    )
