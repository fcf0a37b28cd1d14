"""/bill-runs: bill all that is due on a day, first as a dry run, and read what runs did."""

from datetime import date, datetime

from fastapi import APIRouter
from starlette.responses import Response

from benfex.core.policy import billing_today
from benfex.core.unit_of_work import UnitOfWork
from benfex.dunning.rehearsing import rehearse_tomorrow
from benfex.identity.idempotency import Answer, answered_before
from benfex.subscriptions.bill_run_views import bill_run_record, bill_run_records, last_rehearsal
from benfex.subscriptions.bill_runs import answer_bill_run
from data.values.errors import InvalidInput, NotFound
from data.values.identifiers import BillRunId
from data.values.states import BillRunStatus
from pages.api.auth import ActorDep
from pages.api.idempotency import UnsafeCallDep, reply, told
from pages.api.problems import READING, WRITING
from pages.api.schemas import Amount, Day, Incoming, Listing, Outgoing, PathId, SliceDep
from pages.dependencies import BenfexDep

router = APIRouter(prefix="/bill-runs", tags=["bill-runs"])


class AskedRun(Incoming):
    """The day to bill, today when left out; a dry run changes nothing."""

    on: Day | None = None
    dry_run: bool = False


class Word(Incoming):
    """Whether a run that asks goes on."""

    go_on: bool


class Parked(Outgoing):
    """A customer whom the run left aside, and why."""

    customer_id: int
    reason: str


class Done(Outgoing):
    """What a run did, or a dry one would do. With a question nothing was issued: answer it at /bill-runs/{id}."""

    run_id: int | None
    billed_on: date
    dry_run: bool
    invoices: int
    totals: list[Amount]
    parked: list[Parked]
    question: str


class BillRun(Outgoing):
    """A run: customers seen, of how many, and what it issued by currency."""

    id: int
    billed_on: date
    status: BillRunStatus
    started_by: str
    started_at: datetime
    finished_at: datetime | None
    customers_seen: int
    customers: int
    invoices: int
    totals: list[Amount]
    question: str
    answered_by: str
    parked: list[Parked]


class Change(Outgoing):
    """A customer who would be billed another sum than in the last cycle."""

    customer_id: int
    name: str
    before: Amount
    now: Amount


class Rehearsal(Outgoing):
    """What a day will bring, beside the last cycle; `suspended` null when dunning was not asked."""

    billed_on: date
    made_at: datetime
    invoices: int
    totals: list[Amount]
    last_since: date | None
    last_invoices: int
    last_totals: list[Amount]
    suspended: int | None
    expiring: int
    question: str
    changes: list[Change]


@router.get("", responses=READING)
async def list_bill_runs(benfex: BenfexDep, actor: ActorDep, request: SliceDep) -> Listing[BillRun]:
    """Return runs, newest first."""
    return Listing[BillRun].of(await benfex.read(bill_run_records, actor, request=request))


@router.get("/rehearsal", responses=READING)
async def get_rehearsal(benfex: BenfexDep, actor: ActorDep) -> Rehearsal:
    """Return what was foreseen last; 404 before the first rehearsal."""
    found = await benfex.read(last_rehearsal, actor)
    if found is None:
        raise NotFound("rehearsal")
    return Rehearsal.model_validate(found)


@router.post("/rehearsal", response_model=Rehearsal, responses=WRITING)
async def rehearse(call: UnsafeCallDep) -> Response:
    """Foresee tomorrow as things stand now. Nothing is billed; the evening's rehearsal comes all the same."""
    before = await call.benfex.read(answered_before, call.actor, keyed=call.keyed)
    if isinstance(before, Answer):
        return reply(before)
    await rehearse_tomorrow(call.benfex.bill_runner, call.benfex.transactor, call.actor)
    found = await call.benfex.read(last_rehearsal, call.actor)
    return await call.once(lambda _: told(200, Rehearsal.model_validate(found)))


@router.get("/{run_id}", responses=READING)
async def get_bill_run(run_id: PathId, benfex: BenfexDep, actor: ActorDep) -> BillRun:
    """Return one run."""
    return BillRun.model_validate(await benfex.read(bill_run_record, actor, run_id=BillRunId(run_id)))


@router.post("", response_model=Done, responses=WRITING)
async def start_bill_run(asked: AskedRun, call: UnsafeCallDep) -> Response:
    """Bill all that is due. Nothing is billed twice; a key has a repeat answered as the first time."""
    before = await call.benfex.read(answered_before, call.actor, keyed=call.keyed)
    if isinstance(before, Answer):
        return reply(before)
    today = await call.benfex.read(billing_today, call.actor)
    on = asked.on or today
    if on > today:
        raise InvalidInput("on", "Days to come are billed when they come.")
    result = await call.benfex.bill_runner.run(call.actor, on=on, dry_run=asked.dry_run)
    done = Done(
        run_id=result.run_id,
        billed_on=result.billed_on,
        dry_run=asked.dry_run,
        invoices=result.invoices,
        totals=[Amount.model_validate(total) for total in result.totals],
        parked=[Parked(customer_id=row.customer_id, reason=row.reason) for row in result.parked],
        question=result.question,
    )
    return await call.once(lambda _: told(200, done))


@router.post("/{run_id}/answer", responses=WRITING)
async def answer(run_id: PathId, word: Word, call: UnsafeCallDep) -> Response:
    """Let a run that asks go on, or stop it; start it again afterwards."""

    def work(uow: UnitOfWork) -> Answer:
        answer_bill_run(uow, run_id=BillRunId(run_id), go_on=word.go_on)
        return told(200, BillRun.model_validate(bill_run_record(uow, run_id=BillRunId(run_id))))

    return await call.once(work)
