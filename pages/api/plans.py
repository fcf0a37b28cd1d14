"""/plans: what is sold, and at which prices."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import Field, StrictInt
from starlette.responses import Response

from benfex.catalog.api_views import plan_record, plan_records
from benfex.catalog.plans import create_plan, publish_price
from benfex.core.unit_of_work import UnitOfWork
from benfex.identity.idempotency import Answer
from data.values.identifiers import PlanId
from data.values.kinds import AccessMethod, BillingMode, CapAction, Interval, TaxBehavior
from pages.api.auth import ActorDep
from pages.api.idempotency import UnsafeCallDep, told
from pages.api.problems import READING, WRITING
from pages.api.schemas import (
    LARGEST_COUNT,
    Amount,
    AskedAmount,
    Incoming,
    Listing,
    Outgoing,
    PathId,
    SliceDep,
    Text,
)
from pages.dependencies import BenfexDep

router = APIRouter(prefix="/plans", tags=["plans"])


class NewPlan(Incoming):
    """A PPPoE plan to sell. Speeds in bits per second, cap in bytes per period, null for none."""

    code: Text = Field(examples=["HOME-10"])
    name: Text
    download_bps: StrictInt
    upload_bps: StrictInt
    data_cap_bytes: StrictInt | None = Field(default=None, le=LARGEST_COUNT)
    cap_action: CapAction = CapAction.NOTIFY
    throttled_bps: StrictInt | None = None


class NewPrice(Incoming):
    """A price to sell a plan at from now on; who bought before keeps the price they bought."""

    amount: AskedAmount
    setup_fee: AskedAmount | None = None
    interval: Interval = Interval.MONTH
    interval_count: StrictInt = 1
    tax_code: Text | None = None
    tax_behavior: TaxBehavior = TaxBehavior.INCLUSIVE
    billing_mode: BillingMode = BillingMode.POSTPAID


class Price(Outgoing):
    """A price in force."""

    id: int
    amount: Amount
    setup_fee: Amount
    interval: Interval
    interval_count: int
    tax_code: str | None
    tax_basis_points: int | None
    tax_behavior: TaxBehavior
    valid_from: datetime


class Plan(Outgoing):
    """A plan with the prices in force, newest first."""

    id: int
    code: str
    name: str
    access_method: AccessMethod
    download_bps: int
    upload_bps: int
    data_cap_bytes: int | None
    cap_action: CapAction
    throttled_bps: int | None
    is_archived: bool
    prices: list[Price]
    created_at: datetime


@router.get("", responses=READING)
async def list_plans(benfex: BenfexDep, actor: ActorDep, request: SliceDep) -> Listing[Plan]:
    """Return plans with their prices in force, newest first, archived ones too."""
    return Listing[Plan].of(await benfex.read(plan_records, actor, request=request))


@router.post("", status_code=201, response_model=Plan, responses=WRITING)
async def create_new_plan(asked: NewPlan, call: UnsafeCallDep) -> Response:
    """Add a plan; it is sold as soon as it has a price."""

    def work(uow: UnitOfWork) -> Answer:
        plan_id = create_plan(
            uow,
            code=asked.code,
            name=asked.name,
            download_bps=asked.download_bps,
            upload_bps=asked.upload_bps,
            data_cap_bytes=asked.data_cap_bytes,
            cap_action=asked.cap_action,
            throttled_bps=asked.throttled_bps,
        )
        return told(201, Plan.model_validate(plan_record(uow, plan_id=plan_id)))

    return await call.once(work)


@router.get("/{plan_id}", responses=READING)
async def get_plan(plan_id: PathId, benfex: BenfexDep, actor: ActorDep) -> Plan:
    """Return one plan with its prices in force."""
    return Plan.model_validate(await benfex.read(plan_record, actor, plan_id=PlanId(plan_id)))


@router.post("/{plan_id}/prices", status_code=201, response_model=Price, responses=WRITING)
async def publish_new_price(plan_id: PathId, asked: NewPrice, call: UnsafeCallDep) -> Response:
    """Sell a plan at a new price from now on; an earlier price for the same interval ends."""

    def work(uow: UnitOfWork) -> Answer:
        price_id = publish_price(
            uow,
            plan_id=PlanId(plan_id),
            amount=asked.amount.money(),
            interval=asked.interval,
            interval_count=asked.interval_count,
            setup_fee=asked.setup_fee.money() if asked.setup_fee is not None else None,
            tax_code=asked.tax_code,
            tax_behavior=asked.tax_behavior,
            billing_mode=asked.billing_mode,
        )
        prices = plan_record(uow, plan_id=PlanId(plan_id)).prices
        return told(201, Price.model_validate(next(price for price in prices if price.id == price_id)))

    return await call.once(work)
