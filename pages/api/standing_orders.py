"""/standing-orders: payers who told their gateway to pay us again and again."""

from datetime import date

from fastapi import APIRouter
from starlette.responses import Response

from benfex.core.unit_of_work import UnitOfWork
from benfex.identity.idempotency import Answer, answered_before, claim, conclude
from benfex.payments.standing_orders import (
    NewStandingOrder,
    end_standing_order,
    standing_order,
    standing_orders_of,
)
from data.values.identifiers import CustomerId, StandingOrderId, parse_phone
from data.values.states import StandingOrderStatus
from pages.api.auth import ActorDep
from pages.api.idempotency import UnsafeCall, UnsafeCallDep, reply, told
from pages.api.problems import READING, WRITING
from pages.api.schemas import Amount, AskedAmount, Id, Incoming, Outgoing, PathId, QueryId, Text
from pages.dependencies import BenfexDep

router = APIRouter(prefix="/standing-orders", tags=["standing-orders"])


class AskedOrder(Incoming):
    """Who is asked for how much and how often, between the two days."""

    customer_id: Id
    gateway: Text
    amount: AskedAmount
    phone: Text
    frequency: Text
    starts_on: date
    ends_on: date


class StandingOrderRecord(Outgoing):
    """A standing order as it stands."""

    id: int
    customer_id: int
    gateway: str
    reference: str
    gateway_reference: str | None
    payer: str
    amount: Amount
    frequency: str
    starts_on: date
    ends_on: date
    status: StandingOrderStatus
    failure_message: str | None


@router.get("", responses=READING)
async def list_standing_orders(
    benfex: BenfexDep, actor: ActorDep, customer_id: QueryId
) -> list[StandingOrderRecord]:
    """Return a customer's standing orders, newest first."""
    found = await benfex.read(standing_orders_of, actor, customer_id=CustomerId(customer_id))
    return [StandingOrderRecord.model_validate(order) for order in found]


@router.post("", status_code=201, response_model=StandingOrderRecord, responses=WRITING)
async def start_standing_order(asked: AskedOrder, call: UnsafeCallDep) -> Response:
    """Ask a payer for a standing order. A gateway that refuses shows in it, which is then failed."""
    before = await call.benfex.read(answered_before, call.actor, keyed=call.keyed)
    if isinstance(before, Answer):
        return reply(before)
    # A call that was cut off left its order behind: it is told, and the payer is not asked twice.
    order_id = await _start(call, asked) if before is None else StandingOrderId(before.subject_id)

    def tell(uow: UnitOfWork) -> Answer:
        return told(201, StandingOrderRecord.model_validate(standing_order(uow, order_id=order_id)))

    return reply(await call.benfex.transact(conclude, call.actor, keyed=call.keyed, tell=tell))


@router.get("/{order_id}", responses=READING)
async def get_standing_order(order_id: PathId, benfex: BenfexDep, actor: ActorDep) -> StandingOrderRecord:
    """Return one standing order as it stands."""
    found = await benfex.read(standing_order, actor, order_id=StandingOrderId(order_id))
    return StandingOrderRecord.model_validate(found)


@router.post("/{order_id}/end", response_model=StandingOrderRecord, responses=WRITING)
async def end_order(order_id: PathId, call: UnsafeCallDep) -> Response:
    """Note that the payer ended it at the gateway; we cannot."""
    key = StandingOrderId(order_id)

    def work(uow: UnitOfWork) -> Answer:
        end_standing_order(uow, order_id=key)
        return told(200, StandingOrderRecord.model_validate(standing_order(uow, order_id=key)))

    return await call.once(work)


async def _start(call: UnsafeCall, asked: AskedOrder) -> StandingOrderId:
    wanted = NewStandingOrder(
        customer_id=CustomerId(asked.customer_id),
        gateway=asked.gateway,
        amount=asked.amount.money(),
        phone=parse_phone(asked.phone),
        frequency=asked.frequency,
        starts_on=asked.starts_on,
        ends_on=asked.ends_on,
    )

    def keep_key(uow: UnitOfWork, order_id: StandingOrderId) -> None:
        claim(uow, keyed=call.keyed, subject_id=order_id)

    return await call.benfex.standing_orders.start(call.actor, wanted, alongside=keep_key)
