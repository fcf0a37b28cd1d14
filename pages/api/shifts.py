"""/shifts: cashiers' drawers, opened, counted and closed; /sweeps: money that is handed in to the bank."""

from datetime import date, datetime

from fastapi import APIRouter
from starlette.responses import Response

from benfex.core.unit_of_work import UnitOfWork
from benfex.identity.idempotency import Answer
from benfex.payments.shift_views import ShiftRecord, WholeShift, own_shift, shift_records, whole_shift
from benfex.payments.shifts import close_shift, open_shift
from benfex.payments.sweeps import find_sweep, held_in_clearing, sweep, sweep_records
from data.values.errors import NotFound
from data.values.identifiers import ShiftId
from pages.api.auth import ActorDep
from pages.api.idempotency import UnsafeCallDep, told
from pages.api.problems import READING, WRITING
from pages.api.schemas import Amount, AskedAmount, Day, Incoming, Listing, Outgoing, PathId, SliceDep, Text
from pages.dependencies import BenfexDep

router = APIRouter(tags=["shifts"])


class Opening(Incoming):
    """The float that lies in the drawer."""

    opening: AskedAmount


class Counting(Incoming):
    """What was counted in the drawer, and what may explain that it is not what it should hold."""

    counted: AskedAmount
    note: Text = ""


class Sweeping(Incoming):
    """Money that went to the bank, today unless said otherwise; an amount below nothing takes it back.

    `reference` is the number on the bank's slip or of the payout, used once per gateway.
    """

    gateway: Text
    amount: AskedAmount
    reference: Text
    banked_on: Day | None = None


class Shift(Outgoing):
    """A drawer from its float to its count; `counted` and `difference` are null while it is open."""

    id: int
    cashier_id: int
    cashier_name: str
    opened_at: datetime
    opening: Amount
    takings: int
    taken: Amount
    given_back: Amount
    expected: Amount
    closed_at: datetime | None
    counted: Amount | None
    difference: Amount | None
    note: str


class Taking(Outgoing):
    """Money that went through a drawer: taken, or given back (`is_out`)."""

    payment_id: int
    at: datetime
    receipt_number: str | None
    reference: str
    customer_id: int | None
    amount: Amount
    is_reversed: bool
    is_out: bool


class DetailedShift(Shift):
    """A shift with what went through its drawer, newest first, 200 at most."""

    payments: list[Taking]


class Sweep(Outgoing):
    """Money that went to our bank; below nothing it came back from there."""

    id: int
    gateway: str
    amount: Amount
    banked_on: date
    reference: str
    made_by: str
    created_at: datetime


class Held(Outgoing):
    """What a drawer or a gateway holds by the books and our bank does not have yet."""

    gateway: str
    amount: Amount


@router.get("/shifts", responses=READING)
async def list_shifts(benfex: BenfexDep, actor: ActorDep, request: SliceDep) -> Listing[Shift]:
    """Return everybody's shifts, newest first."""
    return Listing[Shift].of(await benfex.read(shift_records, actor, request=request))


@router.post("/shifts", status_code=201, response_model=Shift, responses=WRITING)
async def open_drawer(asked: Opening, call: UnsafeCallDep) -> Response:
    """Open the caller's drawer; a person has one open at a time."""

    def work(uow: UnitOfWork) -> Answer:
        shift_id = open_shift(uow, opening=asked.opening.money())
        return told(201, _shift(whole_shift(uow, shift_id=shift_id).shift))

    return await call.once(work)


@router.get("/shifts/current", responses=READING)
async def get_open_shift(benfex: BenfexDep, actor: ActorDep) -> DetailedShift:
    """Return the caller's open shift."""
    found = await benfex.read(own_shift, actor)
    if found is None:
        raise NotFound("shift")
    return _detailed(found)


@router.get("/shifts/{shift_id}", responses=READING)
async def get_shift(shift_id: PathId, benfex: BenfexDep, actor: ActorDep) -> DetailedShift:
    """Return one shift with what went through its drawer."""
    return _detailed(await benfex.read(whole_shift, actor, shift_id=ShiftId(shift_id)))


@router.post("/shifts/{shift_id}/close", response_model=Shift, responses=WRITING)
async def close_drawer(shift_id: PathId, asked: Counting, call: UnsafeCallDep) -> Response:
    """Close a drawer with what was counted in it; the difference is posted."""

    def work(uow: UnitOfWork) -> Answer:
        key = ShiftId(shift_id)
        close_shift(uow, shift_id=key, counted=asked.counted.money(), note=asked.note)
        return told(200, _shift(whole_shift(uow, shift_id=key).shift))

    return await call.once(work)


@router.get("/sweeps", responses=READING)
async def list_sweeps(benfex: BenfexDep, actor: ActorDep, request: SliceDep) -> Listing[Sweep]:
    """Return what went to the bank, newest first."""
    return Listing[Sweep].of(await benfex.read(sweep_records, actor, request=request))


@router.get("/sweeps/held", responses=READING)
async def list_held(benfex: BenfexDep, actor: ActorDep) -> list[Held]:
    """Return what each drawer and gateway holds by the books."""
    return [Held.model_validate(held) for held in await benfex.read(held_in_clearing, actor)]


@router.post("/sweeps", status_code=201, response_model=Sweep, responses=WRITING)
async def hand_in(asked: Sweeping, call: UnsafeCallDep) -> Response:
    """Post that money went to the bank."""

    def work(uow: UnitOfWork) -> Answer:
        sweep_id = sweep(
            uow,
            gateway=asked.gateway,
            amount=asked.amount.money(),
            reference=asked.reference,
            banked_on=asked.banked_on,
        )
        return told(201, Sweep.model_validate(find_sweep(uow, sweep_id=sweep_id)))

    return await call.once(work)


def _shift(record: ShiftRecord) -> Shift:
    return Shift.model_validate(record)


def _detailed(whole: WholeShift) -> DetailedShift:
    head = _shift(whole.shift).model_dump()
    return DetailedShift.model_validate(
        {**head, "payments": [Taking.model_validate(taking) for taking in whole.takings]}
    )
