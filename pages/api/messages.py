"""/messages and what was said with a customer; promises to pay and deferrals of dunning."""

from datetime import date, datetime

from fastapi import APIRouter
from starlette.responses import Response

from benfex.core.unit_of_work import UnitOfWork
from benfex.dunning.promises import defer_dunning, make_promise, promise_offer, promises
from benfex.identity.idempotency import Answer
from benfex.notifications.outbox import retry_message
from benfex.notifications.views import communications, message_records
from data.values.identifiers import CustomerId
from data.values.kinds import MessageChannel, MessageDirection
from data.values.states import MessageStatus, PromiseStatus
from pages.api.auth import ActorDep
from pages.api.idempotency import UnsafeCallDep, told
from pages.api.problems import READING, WRITING
from pages.api.schemas import Amount, Day, Incoming, Listing, Outgoing, PathId, QueryId, SliceDep
from pages.dependencies import BenfexDep

router = APIRouter(tags=["messages"])


class Message(Outgoing):
    """A message of the outbox. `template` names what it tells; `customer_id` is null for one to an owner."""

    id: int
    customer_id: int | None
    channel: MessageChannel
    recipient: str
    template: str
    status: MessageStatus
    attempts: int
    send_after_at: datetime
    sent_at: datetime | None
    error: str | None
    created_at: datetime


class Queued(Outgoing):
    """A message that waits to leave again."""

    id: int
    status: MessageStatus


class Communication(Outgoing):
    """What was said to a customer or by them, word for word."""

    id: int
    customer_id: int
    direction: MessageDirection
    channel: MessageChannel
    subject: str
    body: str
    at: datetime


class Promise(Outgoing):
    """A customer's word to pay by a day."""

    promise_id: int
    made_on: date
    until_on: date
    amount: Amount
    status: PromiseStatus


class PromiseOffer(Outgoing):
    """Whether a promise can be given now: over how much and until when at the latest, or why not."""

    is_allowed: bool
    why_not: str
    owed: Amount
    latest_on: date
    promised_until_on: date | None


class Promises(Outgoing):
    """What may be promised now, and what was."""

    offer: PromiseOffer
    items: list[Promise]


class Promising(Incoming):
    """The day by which the customer will have paid."""

    until_on: Day


class Deferral(Incoming):
    """The day on which dunning goes on; null lets it go on at once."""

    until_on: Day | None


class Deferred(Outgoing):
    """Until when dunning waits."""

    customer_id: int
    until_on: date | None


@router.get("/messages", responses=READING)
async def list_messages(
    benfex: BenfexDep, actor: ActorDep, request: SliceDep, customer_id: QueryId | None = None
) -> Listing[Message]:
    """Return messages, newest first."""
    found = await benfex.read(
        message_records,
        actor,
        request=request,
        customer_id=CustomerId(customer_id) if customer_id is not None else None,
    )
    return Listing[Message].of(found)


@router.post("/messages/{message_id}/retry", response_model=Queued, responses=WRITING)
async def retry(message_id: PathId, call: UnsafeCallDep) -> Response:
    """Send a message that failed once more."""

    def work(uow: UnitOfWork) -> Answer:
        retry_message(uow, message_id=message_id)
        return told(200, Queued(id=message_id, status=MessageStatus.PENDING))

    return await call.once(work)


@router.get("/customers/{customer_id}/communications", responses=READING)
async def list_communications(
    customer_id: PathId, benfex: BenfexDep, actor: ActorDep, request: SliceDep
) -> Listing[Communication]:
    """Return what was said with a customer, newest first."""
    found = await benfex.read(communications, actor, customer_id=CustomerId(customer_id), request=request)
    return Listing[Communication].of(found)


@router.get("/customers/{customer_id}/promises", responses=READING)
async def list_promises(customer_id: PathId, benfex: BenfexDep, actor: ActorDep) -> Promises:
    """Return a customer's promises, newest first, and what may be promised now."""
    key = CustomerId(customer_id)
    offer = await benfex.read(promise_offer, actor, customer_id=key)
    made = await benfex.read(promises, actor, customer_id=key)
    return Promises(
        offer=PromiseOffer.model_validate(offer), items=[Promise.model_validate(one) for one in made]
    )


@router.post("/customers/{customer_id}/promises", status_code=201, response_model=Promise, responses=WRITING)
async def promise(customer_id: PathId, asked: Promising, call: UnsafeCallDep) -> Response:
    """Take a customer's word to pay: what non-payment took comes back at once, and goes again if it is broken."""
    key = CustomerId(customer_id)

    def work(uow: UnitOfWork) -> Answer:
        promise_id = make_promise(uow, customer_id=key, until_on=asked.until_on)
        made = next(one for one in promises(uow, customer_id=key) if one.promise_id == promise_id)
        return told(201, Promise.model_validate(made))

    return await call.once(work)


@router.put("/customers/{customer_id}/dunning-deferral", response_model=Deferred, responses=WRITING)
async def defer(customer_id: PathId, asked: Deferral, call: UnsafeCallDep) -> Response:
    """Leave a customer alone until a day, for staff."""

    def work(uow: UnitOfWork) -> Answer:
        defer_dunning(uow, customer_id=CustomerId(customer_id), until_on=asked.until_on)
        return told(200, Deferred(customer_id=customer_id, until_on=asked.until_on))

    return await call.once(work)
