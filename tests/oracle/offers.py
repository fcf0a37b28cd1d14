"""What a history sells, as rows: the oracle checks what is billed, not how it is put on sale."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from benfex.core.unit_of_work import UnitOfWork
from data.models.catalog import AddOn, Discount, Plan, PlanPrice, TaxGroup, TaxGroupPart, TaxRate
from data.values.identifiers import AddOnId, DiscountId, PlanPriceId
from data.values.kinds import (
    AccessMethod,
    BillingMode,
    CapAction,
    ChargeTiming,
    DiscountKind,
    Interval,
    TaxBehavior,
)
from tests.oracle.histories import FIRST_DAY, History
from tests.oracle.terms import GIGABYTE, Price, Tax


def put_taxes(uow: UnitOfWork, combinations: Sequence[tuple[Tax, ...]]) -> dict[tuple[Tax, ...], int | None]:
    """Put taxes in force, and return the group of each combination."""
    groups: dict[tuple[Tax, ...], int | None] = {(): None}
    for code, tax in {tax.code: tax for taxes in combinations for tax in taxes}.items():
        for since, percent in tax.rates:
            points = int(percent * 100)
            uow.session.add(TaxRate(code=code, name=code, basis_points=points, valid_from_on=since))
    for number, taxes in enumerate(filter(None, combinations), 1):
        uow.session.add(TaxGroup(id=number, code=f"GROUP-{number}", name="Taxes"))
        groups[taxes] = number
    uow.session.flush()
    for taxes, group_id in groups.items():
        for position, tax in enumerate(taxes):
            part = TaxGroupPart(
                group_id=group_id or 0,
                position=position,
                tax_code=tax.code,
                compound_on=",".join(tax.compound_on),
                valid_from_on=tax.rates[0][0],
            )
            uow.session.add(part)
    return groups


def _plan(number: int, price: Price) -> Plan:
    return Plan(
        id=number,
        code=f"PLAN-{number}",
        name=f"Plan {number}",
        access_method=AccessMethod.PPPOE,
        download_bps=10_000_000,
        upload_bps=5_000_000,
        data_cap_bytes=price.cap_gigabytes * GIGABYTE if price.cap_gigabytes else None,
        cap_action=CapAction.CHARGE if price.gigabyte else CapAction.NOTIFY,
    )


def _plan_price(number: int, price: Price, group_id: int | None, sold_at: datetime) -> PlanPrice:
    return PlanPrice(
        plan_id=number,
        amount_minor=price.amount,
        currency="KES",
        interval=Interval(price.unit),
        interval_count=price.count,
        billing_mode=BillingMode.PREPAID if price.is_prepaid else BillingMode.POSTPAID,
        overage_minor=price.gigabyte,
        setup_fee_minor=price.setup_fee,
        timing=ChargeTiming.ARREARS if price.in_arrears else ChargeTiming.ADVANCE,
        trial_days=price.trial_days,
        minimum_term_months=price.minimum_months,
        early_termination_fee_minor=price.early_end_fee,
        tax_group_id=group_id,
        tax_behavior=_behavior(has_tax_inside=price.has_tax_inside),
        valid_from=sold_at,
    )


def sell_prices(
    uow: UnitOfWork, *, prices: Sequence[Price], groups: Mapping[tuple[Tax, ...], int | None]
) -> list[PlanPriceId]:
    """Sell a plan at each price."""
    uow.session.add_all([_plan(number, price) for number, price in enumerate(prices, 1)])
    uow.session.flush()
    rows = [
        _plan_price(number, price, groups[price.taxes], uow.now) for number, price in enumerate(prices, 1)
    ]
    uow.session.add_all(rows)
    uow.session.flush()
    return [PlanPriceId(row.id or 0) for row in rows]


def make_offers(
    uow: UnitOfWork, *, history: History
) -> tuple[list[PlanPriceId], list[DiscountId], list[AddOnId]]:
    """Sell all that a history sells."""
    groups = put_taxes(uow, history.taxes)
    price_ids = sell_prices(uow, prices=history.prices, groups=groups)
    discounts = [
        Discount(
            code=f"LESS-{number}",
            name=f"Less {number}",
            kind=DiscountKind.PERCENT if offer.percent else DiscountKind.FIXED,
            basis_points=int(offer.percent * 100),
            amount_minor=offer.amount,
            currency="KES",
            periods=offer.periods,
            valid_from_on=FIRST_DAY,
        )
        for number, offer in enumerate(history.discounts)
    ]
    add_ons = [
        AddOn(
            code=f"MORE-{number}",
            name=f"More {number}",
            amount_minor=offer.unit,
            currency="KES",
            is_recurring=offer.is_recurring,
            tax_group_id=groups[offer.taxes],
            tax_behavior=_behavior(has_tax_inside=offer.has_tax_inside),
        )
        for number, offer in enumerate(history.add_ons)
    ]
    uow.session.add_all([*discounts, *add_ons])
    uow.session.flush()
    return (
        price_ids,
        [DiscountId(row.id or 0) for row in discounts],
        [AddOnId(row.id or 0) for row in add_ons],
    )


def _behavior(*, has_tax_inside: bool) -> TaxBehavior:
    return TaxBehavior.INCLUSIVE if has_tax_inside else TaxBehavior.EXCLUSIVE
