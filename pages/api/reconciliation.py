"""/reconciliation: what gateways say they received against what is booked, by day, and what differs."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from benfex.core.unit_of_work import UnitOfWork
from benfex.identity.idempotency import Answer
from benfex.payments.difference_answers import answer_difference
from benfex.payments.reconciliation_views import (
    day_record,
    day_records,
    difference_record,
    difference_records,
    standings,
)
from data.values.identifiers import DifferenceId, ReconciliationDayId
from data.values.kinds import DifferenceAnswer, DifferenceKind
from pages.api.auth import ActorDep
from pages.api.idempotency import UnsafeCallDep, told
from pages.api.problems import READING, WRITING
from pages.api.schemas import Amount, Incoming, Listing, Outgoing, PathId, SliceDep, Text
from pages.dependencies import BenfexDep

router = APIRouter(prefix="/reconciliation", tags=["reconciliation"])


class DifferenceSettling(Incoming):
    """What was found out; `opening` and `charge` post what lies between a balance and the books."""

    answer: DifferenceAnswer = DifferenceAnswer.NOTED
    words: Text


class Balance(Outgoing):
    """What a gateway said it holds, and what the books said then; `between` is how much more it holds."""

    balance: Amount
    clearing: Amount
    between: Amount
    at: datetime


class DayColour(Outgoing):
    """A day: whether it agrees, null where it was not compared."""

    day: date
    agrees: bool | None


class Standing(Outgoing):
    """How far a gateway's record was read, why not further, what it holds, and how many differences are open."""

    gateway: str
    read_from: datetime | None
    read_until: datetime | None
    problem: str
    open: int
    balances: list[Balance]
    days: list[DayColour]


class ReconciledDay(Outgoing):
    """A gateway's day; what the gateway does not tell is null."""

    id: int
    gateway: str
    day: date
    ours_count: int
    ours: Amount
    theirs_count: int
    theirs: Amount
    fees_ours: Amount
    fees_theirs: Amount | None
    clearing: Amount
    balance: Amount | None
    agrees: bool
    reason: str
    checked_at: datetime


class Difference(Outgoing):
    """What does not agree; `resolved_at` is null while it waits for a person."""

    id: int
    gateway: str
    day: date
    kind: DifferenceKind
    transaction_id: str
    ours: Amount | None
    theirs: Amount | None
    reason: str
    payment_id: int | None
    resolved_at: datetime | None
    resolved_by: str
    resolution: str


class CheckOutcome(Outgoing):
    """What one look at a gateway found."""

    gateway: str
    read: int
    booked: int
    payouts: int
    red_days: int
    problem: str


Gateway = Annotated[str | None, Query(max_length=24)]


@router.get("/gateways", responses=READING)
async def list_standings(benfex: BenfexDep, actor: ActorDep) -> list[Standing]:
    """Return how each gateway stands, with its last thirty days."""
    running = tuple(benfex.gateways.running)
    return [
        Standing.model_validate(
            {
                **{name: getattr(one, name) for name in Standing.model_fields if name != "days"},
                "days": [{"day": day, "agrees": agrees} for day, agrees in one.days],
            }
        )
        for one in await benfex.read(standings, actor, gateways=running)
    ]


@router.post("/gateways/{gateway}/check", responses=WRITING)
async def compare_gateway(
    gateway: Annotated[str, Path(max_length=24)], benfex: BenfexDep, actor: ActorDep
) -> CheckOutcome:
    """Read a gateway's record now and compare it; doing so again does no harm."""
    return CheckOutcome.model_validate(await benfex.reconciliation.run(actor, gateway))


@router.get("/days", responses=READING)
async def list_reconciled_days(
    benfex: BenfexDep,
    actor: ActorDep,
    request: SliceDep,
    gateway: Gateway = None,
    only_red: Annotated[bool, Query()] = False,
) -> Listing[ReconciledDay]:
    """Return days, those compared last for the first time first."""
    found = await benfex.read(day_records, actor, request=request, gateway=gateway, only_red=only_red)
    return Listing[ReconciledDay].of(found)


@router.get("/days/{day_id}", responses=READING)
async def get_reconciled_day(day_id: PathId, benfex: BenfexDep, actor: ActorDep) -> ReconciledDay:
    """Return one day."""
    found = await benfex.read(day_record, actor, day_id=ReconciliationDayId(day_id))
    return ReconciledDay.model_validate(found)


@router.get("/differences", responses=READING)
async def list_reconciliation_differences(
    benfex: BenfexDep,
    actor: ActorDep,
    request: SliceDep,
    gateway: Gateway = None,
    is_open: Annotated[bool | None, Query()] = None,
) -> Listing[Difference]:
    """Return differences, newest first."""
    found = await benfex.read(difference_records, actor, request=request, gateway=gateway, is_open=is_open)
    return Listing[Difference].of(found)


@router.get("/differences/{difference_id}", responses=READING)
async def get_reconciliation_difference(
    difference_id: PathId, benfex: BenfexDep, actor: ActorDep
) -> Difference:
    """Return one difference."""
    found = await benfex.read(difference_record, actor, difference_id=DifferenceId(difference_id))
    return Difference.model_validate(found)


@router.post("/differences/{difference_id}/settle", response_model=Difference, responses=WRITING)
async def settle_reconciliation_difference(
    difference_id: PathId, asked: DifferenceSettling, call: UnsafeCallDep
) -> Response:
    """Settle a difference as a person says."""

    def work(uow: UnitOfWork) -> Answer:
        key = DifferenceId(difference_id)
        answer_difference(uow, difference_id=key, answer=asked.answer, words=asked.words)
        return told(200, Difference.model_validate(difference_record(uow, difference_id=key)))

    return await call.once(work)
