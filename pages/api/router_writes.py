"""What was written to a router, or for a service, newest first."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query

from benfex.core.paging import Page, PageRequest
from benfex.network.write_journal import WriteView, writes_of_router, writes_of_service
from data.values.identifiers import RouterId, SubscriptionId
from data.values.kinds import WriteCause
from pages.api.auth import ActorDep
from pages.api.problems import READING
from pages.api.schemas import Outgoing, PathId
from pages.dependencies import BenfexDep

router = APIRouter(tags=["routers"])
Which = Annotated[Literal["all", "kept", "refused"], Query()]
PageNumber = Annotated[int, Query(ge=1, le=100_000)]
PageSize = Annotated[int, Query(ge=1, le=100)]


class RouterWrite(Outgoing):
    """Something that was written; what belongs to no line has no `connection_id`. `reason` says why it was not kept."""

    write_id: int
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


class RouterWrites(Outgoing):
    """One page of writes, newest first, and how many there are in all."""

    data: list[RouterWrite]
    total: int


@router.get("/routers/{router_id}/writes", responses=READING)
async def get_writes_of_router(
    benfex: BenfexDep,
    actor: ActorDep,
    router_id: PathId,
    state: Which = "all",
    page: PageNumber = 1,
    size: PageSize = 50,
) -> RouterWrites:
    """Return what was written to a router."""
    request = PageRequest(page=page, size=size, filter=state)
    return _told(await benfex.read(writes_of_router, actor, router_id=RouterId(router_id), request=request))


@router.get("/subscriptions/{subscription_id}/router-writes", responses=READING)
async def get_writes_of_service(
    benfex: BenfexDep,
    actor: ActorDep,
    subscription_id: PathId,
    state: Which = "all",
    page: PageNumber = 1,
    size: PageSize = 50,
) -> RouterWrites:
    """Return what was written to routers for a service."""
    request = PageRequest(page=page, size=size, filter=state)
    key = SubscriptionId(subscription_id)
    return _told(await benfex.read(writes_of_service, actor, subscription_id=key, request=request))


def _told(found: Page[WriteView]) -> RouterWrites:
    return RouterWrites(data=[RouterWrite.model_validate(one) for one in found.rows], total=found.total)
