"""Create and archive plans, and publish new immutable prices. Taxes are in `taxes`."""

import re

from benfex.core.actors import require
from benfex.core.audit import record_audit
from benfex.core.unit_of_work import UnitOfWork
from data.models.catalog import Plan, PlanPrice
from data.queries import plans as plan_queries
from data.values.errors import AlreadyExists, AmountOutOfRange, InvalidInput, NotFound
from data.values.identifiers import PlanId, PlanPriceId
from data.values.kinds import AccessMethod, BillingMode, CapAction, Interval, TaxBehavior
from data.values.money import Money
from data.values.roles import Permission

_FASTEST_BPS = 100_000_000_000


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
) -> PlanId:
    """Add a PPPoE plan. Speeds in bits per second, cap in bytes per period, None for no cap.

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
    if data_cap_bytes is not None and data_cap_bytes <= 0:
        raise InvalidInput("data_cap_bytes", "A data cap must be more than nothing; leave it out for none.")
    if cap_action is CapAction.THROTTLE and not throttled_bps:
        raise InvalidInput("throttled_bps", "Give the speed that is left when the cap is reached.")
    if throttled_bps is not None and not 1_000 <= throttled_bps <= download_bps:
        raise InvalidInput("throttled_bps", "The speed after the cap must be below the plan's own.")
    if plan_queries.plan_by_code(uow.session, code) is not None:
        raise AlreadyExists("code", f"There is a plan {code} already.")
    plan = Plan(
        code=code,
        name=name.strip(),
        access_method=AccessMethod.PPPOE,
        download_bps=download_bps,
        upload_bps=upload_bps,
        data_cap_bytes=data_cap_bytes,
        cap_action=cap_action,
        throttled_bps=throttled_bps,
    )
    uow.session.add(plan)
    uow.session.flush()
    assert plan.id is not None
    record_audit(uow, action="create", entity="plan", entity_id=plan.id, changes={"code": code})
    return PlanId(plan.id)


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
) -> PlanPriceId:
    """Sell a plan at a new price from now on; who bought before keeps the price they bought.

    Raises NotFound, InvalidInput naming the field, AmountOutOfRange.
    """
    require(uow.actor, Permission.EDIT_PLANS)
    if plan_queries.find_plan(uow.session, plan_id) is None:
        raise NotFound("plan")
    setup_fee = setup_fee or Money.zero(amount.currency)
    for field, money in (("amount", amount), ("setup_fee", setup_fee)):
        if money.is_negative:
            raise AmountOutOfRange(field, "A price cannot be negative.")
        if money.currency != amount.currency:
            raise InvalidInput(field, "Price and setup fee must have one currency.")
    if interval is Interval.HOUR and billing_mode is not BillingMode.PREPAID:
        raise InvalidInput("interval", "Invoiced plans run by the day, week or month.")
    if not 1 <= interval_count <= 36:
        raise InvalidInput("interval_count", "Give a number from 1 to 36.")
    tax = plan_queries.tax_group_by_code(uow.session, tax_code.strip().upper()) if tax_code else None
    if tax_code and tax is None:
        raise InvalidInput("tax_code", f"There is no tax {tax_code}.")
    for earlier in plan_queries.prices_in_force(uow.session, plan_id=plan_id, at=uow.now):
        if (
            earlier.currency == amount.currency
            and earlier.interval is interval
            and earlier.interval_count == interval_count
            and earlier.billing_mode is billing_mode
        ):
            earlier.valid_until = uow.now
    price = PlanPrice(
        plan_id=plan_id,
        amount_minor=amount.minor,
        currency=amount.currency,
        interval=interval,
        interval_count=interval_count,
        billing_mode=billing_mode,
        setup_fee_minor=setup_fee.minor,
        tax_group_id=tax.id if tax else None,
        tax_behavior=tax_behavior,
        valid_from=uow.now,
    )
    uow.session.add(price)
    uow.session.flush()
    assert price.id is not None
    record_audit(
        uow, action="publish_price", entity="plan", entity_id=plan_id, changes={"amount": str(amount)}
    )
    return PlanPriceId(price.id)
