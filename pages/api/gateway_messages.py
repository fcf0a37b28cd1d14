"""/gateway-messages: what gateways told us, what could not be placed, tried again or set aside, what was refused."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from benfex.core.unit_of_work import UnitOfWork
from benfex.identity.idempotency import Answer
from benfex.payments.delivery_desk import (
    WholeDelivery,
    delivery_records,
    refused_records,
    set_aside,
    try_again,
    whole_delivery,
)
from data.values.identifiers import WebhookId
from data.values.states import WebhookStatus
from pages.api.auth import ActorDep
from pages.api.idempotency import UnsafeCallDep, told
from pages.api.problems import READING, WRITING
from pages.api.schemas import Incoming, Listing, Outgoing, PathId, SliceDep, Text
from pages.dependencies import BenfexDep

router = APIRouter(prefix="/gateway-messages", tags=["gateways"])


class SettingAside(Incoming):
    """Why a message asks nothing of us."""

    reason: Text


class GatewayMessage(Outgoing):
    """A message that proved itself. A failed one is tried by itself until `next_try_at` is null."""

    id: int
    gateway: str
    kind: str
    status: WebhookStatus
    tries: int
    reason: str
    received_at: datetime
    next_try_at: datetime | None


class WholeGatewayMessage(GatewayMessage):
    """A message and what it says, as text."""

    body: str


class RefusedMessage(Outgoing):
    """The beginning of something that proved nothing, and why it was refused."""

    id: int
    gateway: str
    reason: str
    path: str
    received_at: datetime
    body: str


@router.get("", responses=READING)
async def list_gateway_messages(
    benfex: BenfexDep,
    actor: ActorDep,
    request: SliceDep,
    status: Annotated[WebhookStatus | None, Query()] = None,
) -> Listing[GatewayMessage]:
    """Return messages of gateways, newest first."""
    found = await benfex.read(delivery_records, actor, request=request, status=status)
    return Listing[GatewayMessage].of(found)


@router.get("/refused", responses=READING)
async def list_refused_messages(
    benfex: BenfexDep, actor: ActorDep, request: SliceDep
) -> Listing[RefusedMessage]:
    """Return what came to our addresses and proved nothing, newest first."""
    return Listing[RefusedMessage].of(await benfex.read(refused_records, actor, request=request))


@router.get("/{message_id}", responses=READING)
async def get_gateway_message(message_id: PathId, benfex: BenfexDep, actor: ActorDep) -> WholeGatewayMessage:
    """Return one message with what it says."""
    return _whole(await benfex.read(whole_delivery, actor, webhook_id=WebhookId(message_id)))


@router.post("/{message_id}/retry", response_model=WholeGatewayMessage, responses=WRITING)
async def retry_gateway_message(message_id: PathId, call: UnsafeCallDep) -> Response:
    """Have a failed message worked off once more."""

    def work(uow: UnitOfWork) -> Answer:
        known = whole_delivery(uow, webhook_id=WebhookId(message_id)).delivery.id
        try_again(uow, webhook_id=known)
        return told(200, _whole(whole_delivery(uow, webhook_id=known)))

    return await call.once(work)


@router.post("/{message_id}/set-aside", response_model=WholeGatewayMessage, responses=WRITING)
async def set_gateway_message_aside(message_id: PathId, asked: SettingAside, call: UnsafeCallDep) -> Response:
    """Leave a failed message be."""

    def work(uow: UnitOfWork) -> Answer:
        known = whole_delivery(uow, webhook_id=WebhookId(message_id)).delivery.id
        set_aside(uow, webhook_id=known, reason=asked.reason)
        return told(200, _whole(whole_delivery(uow, webhook_id=known)))

    return await call.once(work)


def _whole(found: WholeDelivery) -> WholeGatewayMessage:
    record = GatewayMessage.model_validate(found.delivery)
    return WholeGatewayMessage(**record.model_dump(), body=found.body)
