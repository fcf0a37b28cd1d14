"""/refunds: money that went back to customers."""

from datetime import datetime

from fastapi import APIRouter
from starlette.responses import Response

from benfex.core.unit_of_work import UnitOfWork
from benfex.identity.idempotency import Answer
from benfex.payments.refund_requests import refund_payment
from benfex.payments.refund_views import refund_record, refund_records
from data.values.identifiers import CustomerId, PaymentId, RefundId
from data.values.states import RefundStatus
from pages.api.auth import ActorDep
from pages.api.idempotency import UnsafeCallDep, told
from pages.api.problems import READING, WRITING
from pages.api.schemas import (
    Amount,
    AskedAmount,
    Id,
    Incoming,
    Listing,
    Outgoing,
    PathId,
    QueryId,
    SliceDep,
    Text,
)
from pages.dependencies import BenfexDep

router = APIRouter(prefix="/refunds", tags=["payments"])


class NewRefund(Incoming):
    """Money given back by hand out of a payment; `reference` is the number on its slip, used once."""

    payment_id: Id
    amount: AskedAmount
    reason: Text
    reference: Text


class Refund(Outgoing):
    """Money that went back."""

    id: int
    payment_id: int
    customer_id: int
    gateway: str
    amount: Amount
    status: RefundStatus
    reason: str
    reference: str | None
    made_by: str
    created_at: datetime


@router.get("", responses=READING)
async def list_refunds(
    benfex: BenfexDep,
    actor: ActorDep,
    request: SliceDep,
    customer_id: QueryId | None = None,
    payment_id: QueryId | None = None,
) -> Listing[Refund]:
    """Return refunds, newest first."""
    found = await benfex.read(
        refund_records,
        actor,
        request=request,
        customer_id=CustomerId(customer_id) if customer_id is not None else None,
        payment_id=PaymentId(payment_id) if payment_id is not None else None,
    )
    return Listing[Refund].of(found)


@router.get("/{refund_id}", responses=READING)
async def get_refund(refund_id: PathId, benfex: BenfexDep, actor: ActorDep) -> Refund:
    """Return one refund."""
    return Refund.model_validate(await benfex.read(refund_record, actor, refund_id=RefundId(refund_id)))


@router.post("", status_code=201, response_model=Refund, responses=WRITING)
async def refund(asked: NewRefund, call: UnsafeCallDep) -> Response:
    """Note money that was given back: no more than pays nothing, or that a credit note can stand in for."""

    def work(uow: UnitOfWork) -> Answer:
        refund_id = refund_payment(
            uow,
            payment_id=PaymentId(asked.payment_id),
            amount=asked.amount.money(),
            reason=asked.reason,
            reference=asked.reference,
        )
        return told(201, Refund.model_validate(refund_record(uow, refund_id=refund_id)))

    return await call.once(work)
