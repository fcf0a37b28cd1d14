"""Routers and connections as the REST API tells them. What screens show is in `views`."""

from dataclasses import dataclass
from datetime import datetime

from benfex.core.actors import narrowed_scope, require, scope_of
from benfex.core.paging import Slice, SliceRequest, sliced
from benfex.core.unit_of_work import Snapshot
from data.models.router import Router
from data.queries import api_listing as listing
from data.values.errors import NotFound
from data.values.identifiers import ConnectionId, CustomerId, RouterId, SubscriptionId
from data.values.kinds import AccessMethod
from data.values.places import Place
from data.values.roles import Permission
from data.values.states import RouterStatus


@dataclass(frozen=True, slots=True)
class RouterRecord:
    """One router; never its password."""

    id: RouterId
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
    site: str
    place: Place | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ConnectionRecord:
    """A line on a router; never its secret. `is_applied` says that the router has what it should have."""

    id: ConnectionId
    subscription_id: SubscriptionId
    customer_id: CustomerId
    router_id: RouterId
    method: AccessMethod
    username: str
    static_ip: str | None
    mac: str | None
    is_applied: bool
    applied_at: datetime | None
    drift: str | None
    last_online_at: datetime | None
    removed_at: datetime | None
    created_at: datetime


def router_records(snapshot: Snapshot, *, request: SliceRequest) -> Slice[RouterRecord]:
    """Return routers, newest first, retired ones too."""
    require(snapshot.actor, Permission.VIEW_NETWORK)
    rows = listing.routers(snapshot.session, listing.Cut(request.limit + 1, request.after_id))
    records = [_router(row) for row in rows]
    return sliced(records, limit=request.limit, place=lambda record: record.id)


def router_record(snapshot: Snapshot, *, router_id: RouterId) -> RouterRecord:
    """Return one router. Raises NotFound."""
    require(snapshot.actor, Permission.VIEW_NETWORK)
    rows = listing.routers(snapshot.session, listing.Cut(only_id=router_id))
    if not rows:
        raise NotFound("router")
    return _router(rows[0])


def connection_records(
    snapshot: Snapshot,
    *,
    request: SliceRequest,
    router_id: RouterId | None = None,
    customer_id: CustomerId | None = None,
) -> Slice[ConnectionRecord]:
    """Return connections, newest first. Raises NotFound for a customer the actor may not see."""
    rows = listing.connections(
        snapshot.session,
        listing.Cut(request.limit + 1, request.after_id),
        customer_id=narrowed_scope(snapshot.actor, customer_id, Permission.VIEW_NETWORK),
        router_id=router_id,
    )
    records = [_connection(row) for row in rows]
    return sliced(records, limit=request.limit, place=lambda record: record.id)


def connection_record(snapshot: Snapshot, *, connection_id: ConnectionId) -> ConnectionRecord:
    """Return one connection. Raises NotFound, also for a subscriber who asks for somebody else's."""
    scope = scope_of(snapshot.actor, Permission.VIEW_NETWORK)
    rows = listing.connections(snapshot.session, listing.Cut(only_id=connection_id), customer_id=scope)
    if not rows:
        raise NotFound("connection")
    return _connection(rows[0])


def _router(row: Router) -> RouterRecord:
    assert row.id is not None
    assert row.created_at is not None
    return RouterRecord(
        id=RouterId(row.id),
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
        site=row.site,
        place=Place.kept(row.latitude_microdegrees, row.longitude_microdegrees),
        created_at=row.created_at,
    )


def _connection(row: listing.OwnedConnection) -> ConnectionRecord:
    connection = row.connection
    assert connection.id is not None
    assert connection.created_at is not None
    return ConnectionRecord(
        id=ConnectionId(connection.id),
        subscription_id=SubscriptionId(connection.subscription_id),
        customer_id=CustomerId(row.customer_id),
        router_id=RouterId(connection.router_id),
        method=connection.method,
        username=connection.username,
        static_ip=connection.static_ip,
        mac=connection.mac,
        is_applied=connection.applied_generation == connection.desired_generation,
        applied_at=connection.applied_at,
        drift=connection.drift,
        last_online_at=connection.last_online_at,
        removed_at=connection.removed_at,
        created_at=connection.created_at,
    )
