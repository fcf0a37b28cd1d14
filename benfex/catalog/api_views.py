"""Plans and prices as the REST API tells them. What screens show is in `views`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from benfex.catalog.plans import data_terms_of
from benfex.catalog.taxes import TaxChoice, TaxTable
from benfex.core.actors import require
from benfex.core.paging import Slice, SliceRequest, sliced
from benfex.core.policy import billing_today
from benfex.core.unit_of_work import Snapshot
from data.models.catalog import Plan, PlanPrice
from data.queries import api_listing as listing
from data.queries import subscriptions as subscription_queries
from data.values.daily_hours import DailyHours
from data.values.errors import NotFound
from data.values.identifiers import PlanId, PlanPriceId
from data.values.kinds import AccessMethod, BillingMode, CapAction, ChargeTiming, Interval, TaxBehavior
from data.values.money import Money
from data.values.roles import Permission


@dataclass(frozen=True, slots=True)
class PriceRecord:
    """One price; the tax is None where none is charged."""

    id: PlanPriceId
    amount: Money
    setup_fee: Money
    interval: Interval
    interval_count: int
    tax_code: str | None
    tax_basis_points: int | None
    tax_behavior: TaxBehavior
    billing_mode: BillingMode
    timing: ChargeTiming
    trial_days: int
    minimum_term_months: int
    early_termination_fee: Money
    overage: Money | None
    valid_from: datetime


@dataclass(frozen=True, slots=True)
class PlanRecord:
    """One plan with the prices in force, newest first. Speeds in bits per second, cap in bytes per period."""

    id: PlanId
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
    bonus_hours: DailyHours | None
    fair_use_hours: DailyHours | None
    rolls_over: bool
    is_archived: bool
    prices: tuple[PriceRecord, ...]
    created_at: datetime


def plan_records(snapshot: Snapshot, *, request: SliceRequest) -> Slice[PlanRecord]:
    """Return plans with their prices in force, newest first."""
    require(snapshot.actor, Permission.VIEW_PLANS)
    rows = listing.plans(snapshot.session, listing.Cut(request.limit + 1, request.after_id))
    return sliced(_records(snapshot, rows), limit=request.limit, place=lambda record: record.id)


def plan_record(snapshot: Snapshot, *, plan_id: PlanId) -> PlanRecord:
    """Return one plan. Raises NotFound."""
    require(snapshot.actor, Permission.VIEW_PLANS)
    rows = listing.plans(snapshot.session, listing.Cut(only_id=plan_id))
    if not rows:
        raise NotFound("plan")
    return _records(snapshot, rows)[0]


def price_record(snapshot: Snapshot, *, plan_price_id: PlanPriceId) -> PriceRecord:
    """Return one price, whether it is in force or not. Raises NotFound."""
    require(snapshot.actor, Permission.VIEW_PLANS)
    sold = subscription_queries.sold_price(snapshot.session, plan_price_id)
    if sold is None:
        raise NotFound("price")
    choice = TaxTable(snapshot.session).choice(sold.price.tax_group_id, on=billing_today(snapshot))
    return _price(sold.price, choice)


def _records(snapshot: Snapshot, rows: Sequence[Plan]) -> list[PlanRecord]:
    plan_ids = [row.id for row in rows if row.id is not None]
    prices: dict[int, list[PriceRecord]] = {}
    taxes, today = TaxTable(snapshot.session), billing_today(snapshot)
    for row in listing.prices_in_force(snapshot.session, plan_ids=plan_ids, at=snapshot.now):
        prices.setdefault(row.plan_id, []).append(_price(row, taxes.choice(row.tax_group_id, on=today)))
    return [_plan(row, tuple(prices.get(row.id or 0, ()))) for row in rows]


def _plan(plan: Plan, prices: tuple[PriceRecord, ...]) -> PlanRecord:
    assert plan.id is not None
    assert plan.created_at is not None
    terms = data_terms_of(plan)
    return PlanRecord(
        id=PlanId(plan.id),
        code=plan.code,
        name=plan.name,
        access_method=plan.access_method,
        download_bps=plan.download_bps,
        upload_bps=plan.upload_bps,
        data_cap_bytes=plan.data_cap_bytes,
        cap_action=plan.cap_action,
        throttled_bps=plan.throttled_bps,
        burst_download_bps=plan.burst_download_bps,
        burst_upload_bps=plan.burst_upload_bps,
        burst_threshold_download_bps=plan.burst_threshold_download_bps,
        burst_threshold_upload_bps=plan.burst_threshold_upload_bps,
        burst_seconds=plan.burst_seconds,
        bonus_hours=terms.bonus_hours,
        fair_use_hours=terms.fair_use_hours,
        rolls_over=terms.rolls_over,
        is_archived=plan.archived_at is not None,
        prices=prices,
        created_at=plan.created_at,
    )


def _price(price: PlanPrice, tax: TaxChoice | None) -> PriceRecord:
    assert price.id is not None
    return PriceRecord(
        id=PlanPriceId(price.id),
        amount=Money(price.amount_minor, price.currency),
        setup_fee=Money(price.setup_fee_minor, price.currency),
        interval=price.interval,
        interval_count=price.interval_count,
        tax_code=tax.code if tax else None,
        tax_basis_points=tax.basis_points if tax else None,
        tax_behavior=price.tax_behavior,
        billing_mode=price.billing_mode,
        timing=price.timing,
        trial_days=price.trial_days,
        minimum_term_months=price.minimum_term_months,
        early_termination_fee=Money(price.early_termination_fee_minor, price.currency),
        overage=Money(price.overage_minor, price.currency) if price.overage_minor is not None else None,
        valid_from=price.valid_from,
    )
