"""/webhook-endpoints: where other programs hear from us; /webhook-deliveries: what they were told."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from benfex.core.unit_of_work import UnitOfWork
from benfex.identity.idempotency import Answer
from benfex.outgoing.endpoints import (
    edit_endpoint,
    endpoint_record,
    list_endpoints,
    outbound_record,
    outbound_records,
    remove_endpoint,
    resend,
    rotate_secret,
    send_test,
)
from data.values.identifiers import EndpointId, OutboundId
from data.values.kinds import PublicEvent
from data.values.states import MessageStatus
from pages.api.auth import ActorDep
from pages.api.idempotency import UnsafeCallDep, told
from pages.api.problems import READING, WRITING
from pages.api.schemas import Incoming, Listing, Outgoing, PathId, QueryId, SliceDep, Text
from pages.dependencies import BenfexDep

router = APIRouter(tags=["webhooks"])


class NewEndpoint(Incoming):
    """A public https address, and what it wants to hear."""

    url: Text
    events: list[PublicEvent]


class EndpointChange(Incoming):
    """What is to be different; what is left out stays."""

    url: Text | None = None
    events: list[PublicEvent] | None = None
    is_enabled: bool | None = None


class Endpoint(Outgoing):
    """Where a program hears from us; `problem` says why we switched it off."""

    id: int
    url: str
    events: list[PublicEvent]
    is_enabled: bool
    problem: str
    made_by: str
    created_at: datetime
    last_delivered_at: datetime | None


class EndpointWithSecret(Endpoint):
    """An endpoint with its secret, which is told only now; null where the call is repeated."""

    secret: str | None


class Delivery(Outgoing):
    """What an endpoint was told; a pending one is tried again by itself at `next_try_at`."""

    id: int
    endpoint_id: int
    event: str
    status: MessageStatus
    tries: int
    answered: int | None
    problem: str
    created_at: datetime
    delivered_at: datetime | None
    next_try_at: datetime | None
    body: str


@router.get("/webhook-endpoints", responses=READING)
async def list_webhook_endpoints(benfex: BenfexDep, actor: ActorDep) -> list[Endpoint]:
    """Return all endpoints; there are at most twenty."""
    return [Endpoint.model_validate(one) for one in await benfex.read(list_endpoints, actor)]


@router.post("/webhook-endpoints", status_code=201, response_model=EndpointWithSecret, responses=WRITING)
async def add_webhook_endpoint(asked: NewEndpoint, call: UnsafeCallDep) -> Response:
    """Keep an address and return its secret; the name must lead to public addresses only."""
    await call.benfex.telling.check(call.actor, asked.url)

    def work(uow: UnitOfWork) -> Answer:
        key, secret = call.benfex.telling.keep(uow, url=asked.url, events=asked.events)
        made = Endpoint.model_validate(endpoint_record(uow, endpoint_id=key)).model_dump()
        return told(
            201, EndpointWithSecret(**made, secret=secret), kept=EndpointWithSecret(**made, secret=None)
        )

    return await call.once(work)


@router.get("/webhook-endpoints/{endpoint_id}", responses=READING)
async def get_webhook_endpoint(endpoint_id: PathId, benfex: BenfexDep, actor: ActorDep) -> Endpoint:
    """Return one endpoint."""
    found = await benfex.read(endpoint_record, actor, endpoint_id=EndpointId(endpoint_id))
    return Endpoint.model_validate(found)


@router.patch("/webhook-endpoints/{endpoint_id}", response_model=Endpoint, responses=WRITING)
async def change_webhook_endpoint(
    endpoint_id: PathId, asked: EndpointChange, call: UnsafeCallDep
) -> Response:
    """Change an endpoint, or switch it off and on."""
    if asked.url is not None:
        await call.benfex.telling.check(call.actor, asked.url)

    def work(uow: UnitOfWork) -> Answer:
        key = EndpointId(endpoint_id)
        edit_endpoint(uow, endpoint_id=key, url=asked.url, events=asked.events, is_enabled=asked.is_enabled)
        return told(200, Endpoint.model_validate(endpoint_record(uow, endpoint_id=key)))

    return await call.once(work)


@router.post("/webhook-endpoints/{endpoint_id}/secret", response_model=EndpointWithSecret, responses=WRITING)
async def rotate_webhook_secret(endpoint_id: PathId, call: UnsafeCallDep) -> Response:
    """Make a new secret; the former one signs beside it for a day."""

    def work(uow: UnitOfWork) -> Answer:
        key = EndpointId(endpoint_id)
        secret = rotate_secret(uow, endpoint_id=key, vault=call.benfex.vault)
        made = Endpoint.model_validate(endpoint_record(uow, endpoint_id=key)).model_dump()
        return told(
            200, EndpointWithSecret(**made, secret=secret), kept=EndpointWithSecret(**made, secret=None)
        )

    return await call.once(work)


@router.post("/webhook-endpoints/{endpoint_id}/test", response_model=Delivery, responses=WRITING)
async def test_webhook_endpoint(endpoint_id: PathId, call: UnsafeCallDep) -> Response:
    """Tell an endpoint something that means nothing, to see whether it arrives."""

    def work(uow: UnitOfWork) -> Answer:
        made = send_test(uow, endpoint_id=EndpointId(endpoint_id))
        return told(200, Delivery.model_validate(outbound_record(uow, outbound_id=made)))

    return await call.once(work)


@router.post("/webhook-endpoints/{endpoint_id}/remove", response_model=Endpoint, responses=WRITING)
async def remove_webhook_endpoint(endpoint_id: PathId, call: UnsafeCallDep) -> Response:
    """Tell an endpoint nothing any more, and forget its secret."""

    def work(uow: UnitOfWork) -> Answer:
        key = EndpointId(endpoint_id)
        was = Endpoint.model_validate(endpoint_record(uow, endpoint_id=key))
        remove_endpoint(uow, endpoint_id=key)
        return told(200, was.model_copy(update={"is_enabled": False}))

    return await call.once(work)


@router.get("/webhook-deliveries", responses=READING)
async def list_webhook_deliveries(
    benfex: BenfexDep,
    actor: ActorDep,
    request: SliceDep,
    endpoint_id: QueryId | None = None,
    status: Annotated[MessageStatus | None, Query()] = None,
) -> Listing[Delivery]:
    """Return what endpoints were told, newest first."""
    found = await benfex.read(
        outbound_records,
        actor,
        request=request,
        endpoint_id=EndpointId(endpoint_id) if endpoint_id is not None else None,
        status=status,
    )
    return Listing[Delivery].of(found)


@router.get("/webhook-deliveries/{delivery_id}", responses=READING)
async def get_webhook_delivery(delivery_id: PathId, benfex: BenfexDep, actor: ActorDep) -> Delivery:
    """Return one thing that was told."""
    found = await benfex.read(outbound_record, actor, outbound_id=OutboundId(delivery_id))
    return Delivery.model_validate(found)


@router.post("/webhook-deliveries/{delivery_id}/resend", response_model=Delivery, responses=WRITING)
async def resend_webhook_delivery(delivery_id: PathId, call: UnsafeCallDep) -> Response:
    """Tell once more what failed, under the same id."""

    def work(uow: UnitOfWork) -> Answer:
        key = OutboundId(delivery_id)
        resend(uow, outbound_id=key)
        return told(200, Delivery.model_validate(outbound_record(uow, outbound_id=key)))

    return await call.once(work)
