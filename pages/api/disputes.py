"""/disputes: payers who asked their bank for the money back."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from benfex.core.unit_of_work import UnitOfWork
from benfex.identity.idempotency import Answer as KeptAnswer
from benfex.identity.idempotency import answered_before
from benfex.payments.dispute_following import Answer
from benfex.payments.dispute_views import dispute_record, dispute_records
from data.values.identifiers import DisputeId
from data.values.states import DisputeStatus
from pages.api.auth import ActorDep
from pages.api.idempotency import UnsafeCallDep, reply, told
from pages.api.problems import READING, WRITING
from pages.api.schemas import Amount, Incoming, Listing, Outgoing, PathId, SliceDep, Text
from pages.dependencies import BenfexDep

router = APIRouter(prefix="/disputes", tags=["refunds"])


class DisputeAnswer(Incoming):
    """Give the money back, or keep it; `file` names the proof that was handed in at the gateway."""

    gives_back: bool
    message: Text
    file: Text = ""


class Dispute(Outgoing):
    """A dispute; without an answer by `due_at` the money is lost. No payment means that we do not know it."""

    id: int
    gateway: str
    dispute_id: str
    payment_id: int | None
    customer_id: int | None
    amount: Amount
    status: DisputeStatus
    reason: str
    created_at: datetime
    due_at: datetime | None
    days_left: int | None
    resolved_at: datetime | None


@router.get("", responses=READING)
async def list_disputes(
    benfex: BenfexDep,
    actor: ActorDep,
    request: SliceDep,
    status: Annotated[DisputeStatus | None, Query()] = None,
) -> Listing[Dispute]:
    """Return disputes, newest first."""
    return Listing[Dispute].of(await benfex.read(dispute_records, actor, request=request, status=status))


@router.get("/{dispute_id}", responses=READING)
async def get_dispute(dispute_id: PathId, benfex: BenfexDep, actor: ActorDep) -> Dispute:
    """Return one dispute."""
    return Dispute.model_validate(await benfex.read(dispute_record, actor, dispute_id=DisputeId(dispute_id)))


@router.post("/{dispute_id}/answer", response_model=Dispute, responses=WRITING)
async def answer_dispute(dispute_id: PathId, asked: DisputeAnswer, call: UnsafeCallDep) -> Response:
    """Answer a dispute at the gateway, where it takes answers; what it says then is told."""
    before = await call.benfex.read(answered_before, call.actor, keyed=call.keyed)
    if isinstance(before, KeptAnswer):
        return reply(before)
    answer = Answer(asked.gives_back, asked.message, asked.file)
    await call.benfex.disputes.answer(call.actor, DisputeId(dispute_id), answer)

    def tell(uow: UnitOfWork) -> KeptAnswer:
        record = dispute_record(uow, dispute_id=DisputeId(dispute_id))
        return told(200, Dispute.model_validate(record))

    return await call.once(tell)
