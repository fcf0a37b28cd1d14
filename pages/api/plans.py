"""/plans: what is sold, and at which prices."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import Field, StrictInt
from starlette.responses import Response

from benfex.catalog.api_views import plan_record, plan_records, price_record
from benfex.catalog.plans import DataTerms, PriceTerms, archive_plan, create_plan, publish_price
from benfex.core.unit_of_work import UnitOfWork
from benfex.identity.idempotency import Answer
from data.values import daily_hours, traffic
from data.values.daily_hours import parse_daily_hours
from data.values.identifiers import PlanId
from data.values.kinds import AccessMethod, BillingMode, CapAction, ChargeTiming, Interval, TaxBehavior
from pages.api.auth import ActorDep
from pages.api.idempotency import UnsafeCallDep, told
from pages.api.problems import READING, WRITING
from pages.api.schemas import (
    LARGEST_COUNT,
    Amount,
    AskedAmount,
    Day,
    Incoming,
    Listing,
    Outgoing,
    PathId,
    SliceDep,
    Text,
)
from pages.dependencies import BenfexDep

router = APIRouter(prefix="/plans", tags=["plans"])


class Burst(Incoming):
    """A speed above the plan's while the average of some seconds stays below the threshold; bits per second."""

    download_bps: StrictInt = Field(ge=0, le=LARGEST_COUNT)
    upload_bps: StrictInt = Field(ge=0, le=LARGEST_COUNT)
    threshold_download_bps: StrictInt = Field(ge=0, le=LARGEST_COUNT)
    threshold_upload_bps: StrictInt = Field(ge=0, le=LARGEST_COUNT)
    seconds: StrictInt

    def value(self) -> traffic.Burst:
        """Return the burst as a value."""
        return traffic.Burst(
            traffic.Rate(self.download_bps, self.upload_bps),
            traffic.Rate(self.threshold_download_bps, self.threshold_upload_bps),
            self.seconds,
        )


class DailyHours(Incoming):
    """Whole hours of each day of the ISP, from one to before another; they may pass midnight, 24 is midnight."""

    from_hour: StrictInt = Field(ge=0, le=23)
    until_hour: StrictInt = Field(ge=0, le=24)


class HoursOfDay(Outgoing):
    """Whole hours of each day of the ISP, from one to before another; 0 at the end is midnight."""

    from_hour: int
    until_hour: int


class NewPlan(Incoming):
    """A plan to sell, for lines of one kind. Speeds in bits per second, cap in bytes per period, null for none."""

    code: Text = Field(examples=["HOME-10"])
    name: Text
    download_bps: StrictInt
    upload_bps: StrictInt
    data_cap_bytes: StrictInt | None = Field(default=None, le=LARGEST_COUNT)
    cap_action: CapAction = CapAction.NOTIFY
    throttled_bps: StrictInt | None = None
    burst: Burst | None = None
    access_method: AccessMethod = AccessMethod.PPPOE
    bonus_hours: DailyHours | None = Field(default=None, description="What is used then does not count.")
    fair_use_hours: DailyHours | None = Field(
        default=None, description="When used up data has effect; null for the whole day."
    )
    rolls_over: bool = Field(default=False, description="What is left is there in the next period too.")

    def data_terms(self) -> DataTerms:
        """Return how the data counts. Raises InvalidInput naming the hours that are none."""
        return DataTerms(
            _hours("bonus_hours", self.bonus_hours),
            _hours("fair_use_hours", self.fair_use_hours),
            self.rolls_over,
        )


def _hours(field: str, asked: DailyHours | None) -> daily_hours.DailyHours | None:
    return None if asked is None else parse_daily_hours(field, asked.from_hour, asked.until_hour)


class NewPrice(Incoming):
    """A price to sell a plan at, from now or from a date on; who bought before keeps the price they bought."""

    amount: AskedAmount
    setup_fee: AskedAmount | None = None
    interval: Interval = Interval.MONTH
    interval_count: StrictInt = 1
    tax_code: Text | None = None
    tax_behavior: TaxBehavior = TaxBehavior.INCLUSIVE
    billing_mode: BillingMode = BillingMode.POSTPAID
    timing: ChargeTiming = ChargeTiming.ADVANCE
    trial_days: StrictInt = 0
    minimum_term_months: StrictInt = 0
    early_termination_fee: AskedAmount | None = None
    overage: AskedAmount | None = Field(default=None, description="Of each gigabyte begun beyond the cap.")
    valid_from_on: Day | None = Field(default=None, description="Now when left out.")


class Price(Outgoing):
    """A price in force, or announced for a date."""

    id: int
    amount: Amount
    setup_fee: Amount
    interval: Interval
    interval_count: int
    tax_code: str | None
    tax_basis_points: int | None
    tax_behavior: TaxBehavior
    billing_mode: BillingMode
    timing: ChargeTiming
    trial_days: int
    minimum_term_months: int
    early_termination_fee: Amount
    overage: Amount | None
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
    burst_download_bps: int | None
    burst_upload_bps: int | None
    burst_threshold_download_bps: int | None
    burst_threshold_upload_bps: int | None
    burst_seconds: int | None
    bonus_hours: HoursOfDay | None
    fair_use_hours: HoursOfDay | None
    rolls_over: bool
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
            data_terms=asked.data_terms(),
            burst=asked.burst.value() if asked.burst is not None else None,
            access_method=asked.access_method,
        )
        return told(201, Plan.model_validate(plan_record(uow, plan_id=plan_id)))

    return await call.once(work)


@router.get("/{plan_id}", responses=READING)
async def get_plan(plan_id: PathId, benfex: BenfexDep, actor: ActorDep) -> Plan:
    """Return one plan with its prices in force."""
    return Plan.model_validate(await benfex.read(plan_record, actor, plan_id=PlanId(plan_id)))


@router.post("/{plan_id}/prices", status_code=201, response_model=Price, responses=WRITING)
async def publish_new_price(plan_id: PathId, asked: NewPrice, call: UnsafeCallDep) -> Response:
    """Sell a plan at a new price; an earlier price for the same interval ends when it begins."""

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
            terms=_terms(asked),
            valid_from_on=asked.valid_from_on,
        )
        return told(201, Price.model_validate(price_record(uow, plan_price_id=price_id)))

    return await call.once(work)


@router.post("/{plan_id}/archive", response_model=Plan, responses=WRITING)
async def archive_one_plan(plan_id: PathId, call: UnsafeCallDep) -> Response:
    """Sell a plan no more; services on it go on."""

    def work(uow: UnitOfWork) -> Answer:
        archive_plan(uow, plan_id=PlanId(plan_id))
        return told(200, Plan.model_validate(plan_record(uow, plan_id=PlanId(plan_id))))

    return await call.once(work)


def _terms(asked: NewPrice) -> PriceTerms:
    return PriceTerms(
        timing=asked.timing,
        trial_days=asked.trial_days,
        minimum_term_months=asked.minimum_term_months,
        early_termination_fee=asked.early_termination_fee.money() if asked.early_termination_fee else None,
        overage=asked.overage.money() if asked.overage else None,
    )
