"""/connections: the lines of subscriptions on routers, and whether the routers agree. Secrets never come out."""

from datetime import datetime

from fastapi import APIRouter

from benfex.network.api_views import connection_record, connection_records
from data.values.identifiers import ConnectionId, CustomerId, RouterId
from data.values.kinds import AccessMethod
from pages.api.auth import ActorDep
from pages.api.problems import READING
from pages.api.schemas import Listing, Outgoing, PathId, QueryId, SliceDep
from pages.dependencies import BenfexDep

router = APIRouter(prefix="/connections", tags=["connections"])


class Connection(Outgoing):
    """A line on a router; `is_applied` says that the router was told all that it should be."""

    id: int
    subscription_id: int
    customer_id: int
    router_id: int
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


@router.get("", responses=READING)
async def list_connections(
    benfex: BenfexDep,
    actor: ActorDep,
    request: SliceDep,
    router_id: QueryId | None = None,
    customer_id: QueryId | None = None,
) -> Listing[Connection]:
    """Return connections, newest first, removed ones too."""
    found = await benfex.read(
        connection_records,
        actor,
        request=request,
        router_id=RouterId(router_id) if router_id is not None else None,
        customer_id=CustomerId(customer_id) if customer_id is not None else None,
    )
    return Listing[Connection].of(found)


@router.get("/{connection_id}", responses=READING)
async def get_connection(connection_id: PathId, benfex: BenfexDep, actor: ActorDep) -> Connection:
    """Return one connection."""
    record = await benfex.read(connection_record, actor, connection_id=ConnectionId(connection_id))
    return Connection.model_validate(record)
