"""/taxes: the groups of taxes that prices carry, and the rates by date they are made of."""

from datetime import date

from fastapi import APIRouter
from pydantic import Field, StrictInt
from starlette.responses import Response

from benfex.catalog.taxes import create_tax_group, set_tax_rate, tax_histories, tax_records
from benfex.core.unit_of_work import UnitOfWork
from benfex.identity.idempotency import Answer
from data.values.errors import NotFound
from pages.api.auth import ActorDep
from pages.api.idempotency import UnsafeCallDep, told
from pages.api.problems import READING, WRITING
from pages.api.schemas import Day, Incoming, Listing, Outgoing, Text
from pages.dependencies import BenfexDep

router = APIRouter(prefix="/taxes", tags=["taxes"])


class NewRate(Incoming):
    """A rate from a billing date on, today when left out; 1600 basis points are 16 %."""

    code: Text
    name: Text
    basis_points: StrictInt
    valid_from_on: Day | None = None


class NewPart(Incoming):
    """One tax of a group, and those before it that its base includes."""

    code: Text
    compound_on: list[Text] = Field(default_factory=list)


class NewGroup(Incoming):
    """Taxes that fall on a price together, in the order they stack."""

    code: Text
    name: Text
    parts: list[NewPart]


class Part(Outgoing):
    """One tax at today's rate."""

    code: str
    basis_points: int
    compound_on: list[str]


class Tax(Outgoing):
    """A group of taxes as it is today; all of them together in basis points of the net amount."""

    code: str
    name: str
    basis_points: int
    parts: list[Part]


class Rate(Outgoing):
    """A rate from a billing date until before another, null for as long as nothing follows it."""

    basis_points: int
    valid_from_on: date
    valid_until_on: date | None


class History(Outgoing):
    """A tax with all its rates, past and coming ones too, oldest first."""

    code: str
    name: str
    rates: list[Rate]


@router.get("/rates", responses=READING)
async def list_rates(benfex: BenfexDep, actor: ActorDep) -> Listing[History]:
    """Return every tax with its rates by date, by code; there are few, so all at once."""
    found = await benfex.read(tax_histories, actor)
    return Listing[History](items=[History.model_validate(row) for row in found], next_cursor=None)


@router.get("", responses=READING)
async def list_taxes(benfex: BenfexDep, actor: ActorDep) -> Listing[Tax]:
    """Return every group of taxes, by code; there are few, so all at once."""
    found = await benfex.read(tax_records, actor)
    return Listing[Tax](items=[Tax.model_validate(row) for row in found], next_cursor=None)


@router.post("/rates", status_code=201, response_model=Tax, responses=WRITING)
async def put_rate(asked: NewRate, call: UnsafeCallDep) -> Response:
    """Put a tax rate in force; a tax that is new can be put on prices by its own code at once."""

    def work(uow: UnitOfWork) -> Answer:
        set_tax_rate(
            uow,
            code=asked.code,
            name=asked.name,
            basis_points=asked.basis_points,
            valid_from_on=asked.valid_from_on,
        )
        return told(201, _found(uow, asked.code))

    return await call.once(work)


@router.post("", status_code=201, response_model=Tax, responses=WRITING)
async def create_group(asked: NewGroup, call: UnsafeCallDep) -> Response:
    """Join taxes that fall on a price together."""

    def work(uow: UnitOfWork) -> Answer:
        parts = [(part.code, part.compound_on) for part in asked.parts]
        create_tax_group(uow, code=asked.code, name=asked.name, parts=parts)
        return told(201, _found(uow, asked.code))

    return await call.once(work)


def _found(uow: UnitOfWork, code: str) -> Tax:
    wanted = code.strip().upper()
    for row in tax_records(uow):
        if row.code == wanted:
            return Tax.model_validate(row)
    raise NotFound("tax")
