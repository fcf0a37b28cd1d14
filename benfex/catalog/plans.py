"""Create and archive plans, and publish new immutable prices. Taxes are in `taxes`."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from benfex.core.actors import require
from benfex.core.audit import record_audit
from benfex.core.policy import billing_today, current_terms
from benfex.core.unit_of_work import UnitOfWork
from data.models.catalog import Plan, PlanPrice
from data.queries import plans as plan_queries
from data.queries.plans_listing import PlanRow
from data.values.daily_hours import DailyHours, kept_hours
from data.values.errors import AlreadyExists, AmountOutOfRange, Conflict, InvalidInput, NotFound
from data.values.identifiers import PlanId, PlanPriceId
from data.values.kinds import AccessMethod, BillingMode, CapAction, ChargeTiming, Interval, TaxBehavior
from data.values.money import Money
from data.values.roles import Permission
from data.values.traffic import Burst

_FASTEST_BPS = 100_000_000_000


_BURST_SECONDS_MAX = 300
_TRIAL_DAYS_MAX = 366
_TERM_MONTHS_MAX = 60


@dataclass(frozen=True, slots=True)
class PriceTerms:
    """What a price says beside its amount. `overage` is the price of each gigabyte begun beyond the cap, if any.

    The early-termination fee is due when a service ends before its minimum term is over.
    """

    timing: ChargeTiming = ChargeTiming.ADVANCE
    trial_days: int = 0
    minimum_term_months: int = 0
    early_termination_fee: Money | None = None
    overage: Money | None = None


_PLAIN = PriceTerms()


@dataclass(frozen=True, slots=True)
class DataTerms:
    """How the data of a period counts.

    What is used in bonus hours does not. Where it is used up that has effect in the fair use hours, all day without
    them. With `rolls_over` what is left of it is there in the next period too.
    """

    bonus_hours: DailyHours | None = None
    fair_use_hours: DailyHours | None = None
    rolls_over: bool = False


ALL_COUNTS = DataTerms()


def data_terms_of(plan: Plan | PlanRow) -> DataTerms:
    """Return how the data of a plan counts."""
    return DataTerms(
        kept_hours(plan.bonus_from_hour, plan.bonus_until_hour),
        kept_hours(plan.fair_use_from_hour, plan.fair_use_until_hour),
        plan.rolls_over,
    )


def create_plan(
    uow: UnitOfWork,
    *,
    code: str,
    name: str,
    download_bps: int,
    upload_bps: int,
    data_cap_bytes: int | None = None,
    cap_action: CapAction = CapAction.NOTIFY,
    throttled_bps: int | None = None,
    data_terms: DataTerms = ALL_COUNTS,
    burst: Burst | None = None,
    access_method: AccessMethod = AccessMethod.PPPOE,
) -> PlanId:
    """Add a plan for lines of one kind. Speeds in bits per second, cap in bytes per period, None for no cap.

    Raises InvalidInput naming the field, AlreadyExists for a code that is taken.
    """
    require(uow.actor, Permission.EDIT_PLANS)
    code = code.strip().upper()
    if not re.fullmatch(r"[A-Z0-9][A-Z0-9-]{0,23}", code):
        raise InvalidInput("code", "Use 1 to 24 letters, digits and hyphens.")
    if not 2 <= len(name.strip()) <= 80:
        raise InvalidInput("name", "Give the plan a name of 2 to 80 letters.")
    for field, speed in (("download_bps", download_bps), ("upload_bps", upload_bps)):
        if not 1_000 <= speed <= _FASTEST_BPS:
            raise InvalidInput(field, "Give a speed from 1 kbps to 100 Gbps.")
    _check_cap(data_cap_bytes, cap_action, throttled_bps, download_bps)
    _check_data_terms(data_terms, data_cap_bytes, cap_action)
    if burst is not None:
        _check_burst(burst, download_bps, upload_bps)
    if plan_queries.plan_by_code(uow.session, code) is not None:
        raise AlreadyExists("code", f"There is a plan {code} already.")
    bonus, fair_use = data_terms.bonus_hours, data_terms.fair_use_hours
    plan = Plan(
        code=code,
        name=name.strip(),
        access_method=access_method,
        download_bps=download_bps,
        upload_bps=upload_bps,
        data_cap_bytes=data_cap_bytes,
        cap_action=cap_action,
        throttled_bps=throttled_bps,
        rolls_over=data_terms.rolls_over,
        bonus_from_hour=bonus.from_hour if bonus else None,
        bonus_until_hour=bonus.until_hour if bonus else None,
        fair_use_from_hour=fair_use.from_hour if fair_use else None,
        fair_use_until_hour=fair_use.until_hour if fair_use else None,
        burst_download_bps=burst.rate.download_bps if burst else None,
        burst_upload_bps=burst.rate.upload_bps if burst else None,
        burst_threshold_download_bps=burst.threshold.download_bps if burst else None,
        burst_threshold_upload_bps=burst.threshold.upload_bps if burst else None,
        burst_seconds=burst.seconds if burst else None,
    )
    uow.session.add(plan)
    uow.session.flush()
    assert plan.id is not None
    record_audit(uow, action="create", entity="plan", entity_id=plan.id, changes={"code": code})
    return PlanId(plan.id)


def archive_plan(uow: UnitOfWork, *, plan_id: PlanId) -> None:
    """Sell a plan no more; services on it go on as they are. Raises NotFound, Conflict when it is archived."""
    require(uow.actor, Permission.EDIT_PLANS)
    plan = plan_queries.find_plan(uow.session, plan_id)
    if plan is None:
        raise NotFound("plan")
    if plan.archived_at is not None:
        raise Conflict(f"{plan.name} is archived already.")
    plan.archived_at = uow.now
    record_audit(uow, action="archive", entity="plan", entity_id=plan_id, changes={"code": plan.code})


def publish_price(
    uow: UnitOfWork,
    *,
    plan_id: PlanId,
    amount: Money,
    interval: Interval = Interval.MONTH,
    interval_count: int = 1,
    setup_fee: Money | None = None,
    tax_code: str | None = None,
    tax_behavior: TaxBehavior = TaxBehavior.INCLUSIVE,
    billing_mode: BillingMode = BillingMode.POSTPAID,
    terms: PriceTerms = _PLAIN,
    valid_from_on: date | None = None,
) -> PlanPriceId:
    """Sell a plan at a new price; who bought before keeps the price they bought.

    It is in force now, or from the first instant of `valid_from_on`, when the price for the same interval that it
    follows ends. Raises NotFound, InvalidInput naming the field, AmountOutOfRange.
    """
    require(uow.actor, Permission.EDIT_PLANS)
    plan = plan_queries.find_plan(uow.session, plan_id)
    if plan is None:
        raise NotFound("plan")
    setup_fee = setup_fee or Money.zero(amount.currency)
    termination_fee = terms.early_termination_fee or Money.zero(amount.currency)
    _check_sums(amount, (("setup_fee", setup_fee), ("early_termination_fee", termination_fee)))
    if interval is Interval.HOUR and billing_mode is not BillingMode.PREPAID:
        raise InvalidInput("interval", "Invoiced plans run by the day, week or month.")
    if not 1 <= interval_count <= 36:
        raise InvalidInput("interval_count", "Give a number from 1 to 36.")
    _check_terms(plan, amount, billing_mode, terms)
    tax = plan_queries.tax_group_by_code(uow.session, tax_code.strip().upper()) if tax_code else None
    if tax_code and tax is None:
        raise InvalidInput("tax_code", f"There is no tax {tax_code}.")
    valid_from = _checked_beginning(uow, valid_from_on)
    price = PlanPrice(
        plan_id=plan_id,
        amount_minor=amount.minor,
        currency=amount.currency,
        interval=interval,
        interval_count=interval_count,
        billing_mode=billing_mode,
        setup_fee_minor=setup_fee.minor,
        timing=terms.timing,
        trial_days=terms.trial_days,
        minimum_term_months=terms.minimum_term_months,
        early_termination_fee_minor=termination_fee.minor,
        overage_minor=terms.overage.minor if terms.overage is not None else None,
        tax_group_id=tax.id if tax else None,
        tax_behavior=tax_behavior,
        valid_from=valid_from,
    )
    _end_earlier(uow, price)
    uow.session.add(price)
    uow.session.flush()
    assert price.id is not None
    record_audit(
        uow, action="publish_price", entity="plan", entity_id=plan_id, changes={"amount": str(amount)}
    )
    return PlanPriceId(price.id)


def _end_earlier(uow: UnitOfWork, price: PlanPrice) -> None:
    """End the prices that this one follows, so that one is in force at a time for an interval and currency."""
    for earlier in plan_queries.open_prices(uow.session, plan_id=price.plan_id, at=uow.now):
        is_same = (
            earlier.currency == price.currency
            and earlier.interval is price.interval
            and earlier.interval_count == price.interval_count
            and earlier.billing_mode is price.billing_mode
        )
        if is_same and earlier.valid_from >= price.valid_from and earlier.valid_from > uow.now:
            raise Conflict("A later price for this interval is announced already.")
        if is_same:
            earlier.valid_until = price.valid_from


def _checked_beginning(uow: UnitOfWork, valid_from_on: date | None) -> datetime:
    if valid_from_on is None or valid_from_on == billing_today(uow):
        return uow.now
    if not 0 < (valid_from_on - billing_today(uow)).days <= 366:
        raise InvalidInput("valid_from_on", "A price begins today, or on a day within a year.")
    zone = ZoneInfo(current_terms(uow).timezone)
    return datetime.combine(valid_from_on, time(), tzinfo=zone).astimezone(UTC)


def _check_sums(amount: Money, fees: tuple[tuple[str, Money], ...]) -> None:
    for field, money in (("amount", amount), *fees):
        if money.is_negative:
            raise AmountOutOfRange(field, "A price cannot be negative.")
        if money.currency != amount.currency:
            raise InvalidInput(field, "All sums of a price must have one currency.")


def _check_terms(plan: Plan, amount: Money, billing_mode: BillingMode, terms: PriceTerms) -> None:
    if billing_mode is BillingMode.PREPAID and terms != _PLAIN:
        raise InvalidInput("billing_mode", "Prepaid plans have no trial, term or billing in arrears.")
    if not 0 <= terms.trial_days <= _TRIAL_DAYS_MAX:
        raise InvalidInput("trial_days", f"Give a number of days from 0 to {_TRIAL_DAYS_MAX}.")
    if not 0 <= terms.minimum_term_months <= _TERM_MONTHS_MAX:
        raise InvalidInput("minimum_term_months", f"Give a number of months from 0 to {_TERM_MONTHS_MAX}.")
    has_fee = terms.early_termination_fee is not None and terms.early_termination_fee.is_positive
    if has_fee and not terms.minimum_term_months:
        raise InvalidInput("early_termination_fee", "A fee for leaving early needs a minimum term.")
    if plan.cap_action is CapAction.CHARGE and terms.overage is None:
        raise InvalidInput("overage", "This plan charges beyond its cap: give the price of a gigabyte.")
    if terms.overage is not None:
        if plan.cap_action is not CapAction.CHARGE:
            raise InvalidInput("overage", "This plan does not charge beyond its cap.")
        _check_sums(amount, (("overage", terms.overage),))


def _check_cap(
    data_cap_bytes: int | None, cap_action: CapAction, throttled_bps: int | None, download_bps: int
) -> None:
    if data_cap_bytes is not None and data_cap_bytes <= 0:
        raise InvalidInput("data_cap_bytes", "A data cap must be more than nothing; leave it out for none.")
    if data_cap_bytes is None and cap_action in (CapAction.SUSPEND, CapAction.CHARGE):
        raise InvalidInput("data_cap_bytes", "Give the cap that this happens at.")
    if cap_action is CapAction.THROTTLE and not throttled_bps:
        raise InvalidInput("throttled_bps", "Give the speed that is left when the cap is reached.")
    if throttled_bps is not None and not 1_000 <= throttled_bps <= download_bps:
        raise InvalidInput("throttled_bps", "The speed after the cap must be below the plan's own.")


def _check_data_terms(terms: DataTerms, data_cap_bytes: int | None, cap_action: CapAction) -> None:
    if terms != ALL_COUNTS and data_cap_bytes is None:
        raise InvalidInput("data_cap_bytes", "Give the data of a period that these terms are about.")
    if terms.fair_use_hours is not None and cap_action not in (CapAction.THROTTLE, CapAction.SUSPEND):
        raise InvalidInput(
            "fair_use_hours", "Nothing is slowed down or taken on this plan: leave these hours out."
        )
    if terms.fair_use_hours is not None and terms.bonus_hours is not None:
        both = [hour for hour in range(24) if hour in terms.fair_use_hours and hour not in terms.bonus_hours]
        if not both:
            raise InvalidInput(
                "fair_use_hours", "Bonus hours cover all of these: the cap would have no effect."
            )


def _check_burst(burst: Burst, download_bps: int, upload_bps: int) -> None:
    """Refuse what RouterOS would not do: a burst that is no faster, or a threshold beyond the plan's speed."""
    directions = (
        ("download", burst.rate.download_bps, burst.threshold.download_bps, download_bps),
        ("upload", burst.rate.upload_bps, burst.threshold.upload_bps, upload_bps),
    )
    for name, fast, threshold, speed in directions:
        if not speed <= fast <= _FASTEST_BPS:
            raise InvalidInput(f"burst_{name}_bps", "A burst is at least as fast as the plan.")
        if not 1_000 <= threshold <= speed:
            raise InvalidInput(
                f"burst_threshold_{name}_bps", "The threshold is no more than the plan's speed."
            )
    if not 1 <= burst.seconds <= _BURST_SECONDS_MAX:
        raise InvalidInput("burst_seconds", f"Give a number of seconds from 1 to {_BURST_SECONDS_MAX}.")
