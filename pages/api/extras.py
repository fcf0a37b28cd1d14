"""/add-ons and /discounts: what is sold beside plans, and what is taken off their prices."""

from datetime import date, datetime

from fastapi import APIRouter
from pydantic import Field, StrictBool, StrictInt
from starlette.responses import Response

from benfex.catalog.extras import (
    add_ons,
    archive_add_on,
    archive_discount,
    create_add_on,
    create_discount,
    discounts,
)
from benfex.core.unit_of_work import UnitOfWork
from benfex.identity.idempotency import Answer
from data.values.errors import NotFound
from data.values.identifiers import AddOnId, DiscountId
from data.values.kinds import DiscountKind, TaxBehavior
from pages.api.auth import ActorDep
from pages.api.idempotency import UnsafeCallDep, told
from pages.api.problems import READING, WRITING
from pages.api.schemas import LARGEST_COUNT, Amount, AskedAmount, Day, Incoming, Outgoing, PathId, Text
from pages.dependencies import BenfexDep

router = APIRouter(tags=["plans"])


class NewAddOn(Incoming):
    """An add-on to sell: each period of a service, or once; with `data_bytes` a pack of data."""

    code: Text
    name: Text
    amount: AskedAmount
    is_recurring: StrictBool
    tax_code: Text | None = None
    tax_behavior: TaxBehavior = TaxBehavior.INCLUSIVE
    data_bytes: StrictInt | None = Field(default=None, gt=0, le=LARGEST_COUNT)


class AddOn(Outgoing):
    """An add-on; `archived_at` is null while it is sold."""

    id: int
    code: str
    name: str
    amount: Amount
    is_recurring: bool
    tax_behavior: TaxBehavior
    data_bytes: int | None
    archived_at: datetime | None


class NewDiscount(Incoming):
    """A discount to offer: a share in basis points or an amount a period, for some periods or for good (null)."""

    code: Text
    name: Text
    kind: DiscountKind
    basis_points: StrictInt = 0
    amount: AskedAmount | None = None
    periods: StrictInt | None = None
    valid_from_on: Day | None = None
    valid_until_on: Day | None = None


class Discount(Outgoing):
    """A discount; it may be given from `valid_from_on` until before `valid_until_on`."""

    id: int
    code: str
    name: str
    kind: DiscountKind
    basis_points: int
    amount: Amount
    periods: int | None
    valid_from_on: date
    valid_until_on: date | None
    archived_at: datetime | None
    is_given: bool


class AddOns(Outgoing):
    """All add-ons, those on sale first; there are few."""

    items: list[AddOn]


class Discounts(Outgoing):
    """All discounts, those that are not archived first; there are few."""

    items: list[Discount]


@router.get("/add-ons", responses=READING)
async def list_add_ons(benfex: BenfexDep, actor: ActorDep) -> AddOns:
    """Return all add-ons."""
    rows = await benfex.read(add_ons, actor)
    return AddOns(items=[AddOn.model_validate(row) for row in rows])


@router.post("/add-ons", status_code=201, response_model=AddOn, responses=WRITING)
async def create_new_add_on(asked: NewAddOn, call: UnsafeCallDep) -> Response:
    """Sell an add-on; another price is another add-on."""

    def work(uow: UnitOfWork) -> Answer:
        add_on_id = create_add_on(
            uow,
            code=asked.code,
            name=asked.name,
            amount=asked.amount.money(),
            is_recurring=asked.is_recurring,
            tax_code=asked.tax_code,
            tax_behavior=asked.tax_behavior,
            data_bytes=asked.data_bytes,
        )
        return told(201, _add_on(uow, add_on_id))

    return await call.once(work)


@router.post("/add-ons/{add_on_id}/archive", response_model=AddOn, responses=WRITING)
async def archive_one_add_on(add_on_id: PathId, call: UnsafeCallDep) -> Response:
    """Sell an add-on no more; services that have it keep it."""

    def work(uow: UnitOfWork) -> Answer:
        archive_add_on(uow, add_on_id=AddOnId(add_on_id))
        return told(200, _add_on(uow, AddOnId(add_on_id)))

    return await call.once(work)


@router.get("/discounts", responses=READING)
async def list_discounts(benfex: BenfexDep, actor: ActorDep) -> Discounts:
    """Return all discounts."""
    rows = await benfex.read(discounts, actor)
    return Discounts(items=[Discount.model_validate(row) for row in rows])


@router.post("/discounts", status_code=201, response_model=Discount, responses=WRITING)
async def create_new_discount(asked: NewDiscount, call: UnsafeCallDep) -> Response:
    """Offer a discount."""

    def work(uow: UnitOfWork) -> Answer:
        discount_id = create_discount(
            uow,
            code=asked.code,
            name=asked.name,
            kind=asked.kind,
            basis_points=asked.basis_points,
            amount=asked.amount.money() if asked.amount is not None else None,
            periods=asked.periods,
            valid_from_on=asked.valid_from_on,
            valid_until_on=asked.valid_until_on,
        )
        return told(201, _discount(uow, discount_id))

    return await call.once(work)


@router.post("/discounts/{discount_id}/archive", response_model=Discount, responses=WRITING)
async def archive_one_discount(discount_id: PathId, call: UnsafeCallDep) -> Response:
    """Give a discount no more; services that have it keep it."""

    def work(uow: UnitOfWork) -> Answer:
        archive_discount(uow, discount_id=DiscountId(discount_id))
        return told(200, _discount(uow, DiscountId(discount_id)))

    return await call.once(work)


def _add_on(uow: UnitOfWork, add_on_id: AddOnId) -> AddOn:
    for row in add_ons(uow):
        if row.id == add_on_id:
            return AddOn.model_validate(row)
    raise NotFound("add-on")


def _discount(uow: UnitOfWork, discount_id: DiscountId) -> Discount:
    for row in discounts(uow):
        if row.id == discount_id:
            return Discount.model_validate(row)
    raise NotFound("discount")
