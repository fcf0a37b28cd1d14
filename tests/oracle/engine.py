"""Play a history with the real acts, under a moved clock."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import select

from benfex.catalog.plans import create_plan, publish_price
from benfex.catalog.taxes import create_tax_group, set_tax_rate
from benfex.core.clock import MovedClock
from benfex.core.unit_of_work import UnitOfWork
from benfex.network.connections import ConnectionSpec
from benfex.payments.cash import record_cash_payment
from benfex.subscriptions.add_ons import AddOnSale
from benfex.subscriptions.extras import add_add_on, give_discount, remove_add_on, take_discount
from benfex.subscriptions.lifecycle import end_subscription, keep_subscription, start_subscription
from benfex.subscriptions.pausing import pause_subscription, resume_subscription
from benfex.subscriptions.plan_changes import cancel_pending_change, change_plan
from data.models.catalog import AddOn, Discount, PlanPrice, TaxRate
from data.values.errors import Conflict, InvalidInput, InvalidTransition
from data.values.identifiers import (
    AddOnId,
    CustomerId,
    DiscountId,
    PlanPriceId,
    RouterId,
    SubscriptionAddOnId,
    SubscriptionDiscountId,
    SubscriptionId,
)
from data.values.kinds import (
    CashMethod,
    ChangeTiming,
    ChargeTiming,
    CycleAlignment,
    DiscountKind,
    Interval,
    TaxBehavior,
)
from data.values.money import Money
from tests.conftest import Run
from tests.factories.customers import make_customer
from tests.factories.isp import VAULT, make_router, set_up_isp
from tests.factories.running import run_bills
from tests.factories.services import set_terms
from tests.oracle.histories import FIRST_DAY, History, Step
from tests.oracle.pictures import Picture, engine_picture
from tests.oracle.terms import Price, Tax

MORNING = time(7, tzinfo=UTC)  # ten o'clock in Nairobi


@dataclass(slots=True)
class EnginePlayer:
    """Plays a history step by step."""

    run: Run
    clock: MovedClock
    history: History
    customer_id: CustomerId = field(init=False)
    router_id: RouterId = field(init=False)
    price_ids: list[PlanPriceId] = field(default_factory=list)
    discount_ids: list[DiscountId] = field(default_factory=list)
    add_on_ids: list[AddOnId] = field(default_factory=list)
    services: list[SubscriptionId] = field(default_factory=list)

    def set_up(self) -> None:
        """Sell what the history sells, under its policy."""
        self.clock.move_to(datetime.combine(FIRST_DAY, MORNING))
        set_up_isp(self.run)
        policy = self.history.policy
        set_terms(
            self.run,
            billing_day=policy.billing_day,
            alignment=CycleAlignment(policy.alignment),
            credits_on_end=policy.credits_on_end,
            credits_on_pause=policy.credits_on_pause,
            breaker_invoice_percent=0,
        )
        self.customer_id = make_customer(self.run).customer_id
        self.router_id = make_router(self.run)
        self.price_ids, self.discount_ids, self.add_on_ids = self.run(_make_offers, history=self.history)

    def play(self, step: Step, owed: int) -> bool:
        """Let the step happen; `owed` is what a payment pays. Return whether the engine agreed to it."""
        self.clock.move_to(max(self.clock.now(), datetime.combine(step.day, MORNING)))
        if step.kind == "bill":
            run_bills(self.run, step.day)
            return True
        try:
            self._act(step, owed)
        except (Conflict, InvalidInput, InvalidTransition):
            return False
        return True

    def picture(self) -> Picture:
        """Return what the engine's rows say."""
        return self.run.read(engine_picture, customer_id=self.customer_id)

    def _act(self, step: Step, owed: int) -> None:
        if step.kind == "start":
            self._start(step)
            return
        if step.kind == "pay":
            self._pay(step, owed)
            return
        run, subscription_id = self.run, self.services[step.service]
        price_id = self.price_ids[step.offer]
        match step.kind:
            case "upgrade":
                run(change_plan, subscription_id=subscription_id, plan_price_id=price_id)
            case "downgrade":
                run(
                    change_plan,
                    subscription_id=subscription_id,
                    plan_price_id=price_id,
                    when=ChangeTiming.PERIOD_END,
                )
            case "cancel_change":
                run(cancel_pending_change, subscription_id=subscription_id)
            case "pause":
                resumes_on = step.day + timedelta(days=step.number * 13) if step.offer < 3 else None
                run(pause_subscription, subscription_id=subscription_id, resumes_on=resumes_on)
            case "resume":
                run(resume_subscription, subscription_id=subscription_id)
            case "end":
                run(end_subscription, subscription_id=subscription_id, reason="moved away")
            case "end_later":
                run(
                    end_subscription,
                    subscription_id=subscription_id,
                    reason="moves away",
                    when=ChangeTiming.PERIOD_END,
                )
            case "keep":
                run(keep_subscription, subscription_id=subscription_id)
            case _:
                self._change_extras(step)

    def _change_extras(self, step: Step) -> None:
        run, subscription_id, number = self.run, self.services[step.service], step.offers[0]
        match step.kind:
            case "add":
                sale = AddOnSale(self.add_on_ids[number], step.number)
                run(add_add_on, subscription_id=subscription_id, sale=sale)
            case "remove":
                run(remove_add_on, subscription_add_on_id=SubscriptionAddOnId(step.offer + 1))
            case "give":
                run(give_discount, subscription_id=subscription_id, discount_id=self.discount_ids[number])
            case "take":
                run(take_discount, subscription_discount_id=SubscriptionDiscountId(step.offer + 1))
            case other:
                raise ValueError(other)

    def _start(self, step: Step) -> None:
        number = len(self.services)
        subscription_id = self.run(
            start_subscription,
            customer_id=self.customer_id,
            plan_price_id=self.price_ids[step.offer],
            connection=ConnectionSpec(self.router_id, f"home{number}", "a-secret-word"),
            vault=VAULT,
            discounts=[self.discount_ids[place] for place in step.offers],
            add_ons=[AddOnSale(self.add_on_ids[place], 1 + place) for place in range(step.number)],
        )
        self.services.append(subscription_id)

    def _pay(self, step: Step, owed: int) -> None:
        self.run(
            record_cash_payment,
            customer_id=self.customer_id,
            amount=Money(owed, "KES"),
            method=CashMethod.CASH,
            reference=f"R{owed}-{step.day}",
        )


def _group_ids(uow: UnitOfWork, history: History) -> dict[tuple[Tax, ...], int | None]:
    """Put the history's taxes in force, and return the group of each combination."""
    groups: dict[tuple[Tax, ...], int | None] = {(): None}
    for number, taxes in enumerate(filter(None, history.taxes)):
        for tax in taxes:
            _set_rates(uow, tax=tax)
        parts = [(tax.code, tax.compound_on) for tax in taxes]
        groups[taxes] = create_tax_group(uow, code=f"GROUP-{number}", name="Taxes", parts=parts)
    return groups


def _set_rates(uow: UnitOfWork, *, tax: Tax) -> None:
    known = {(rate.code, rate.valid_from_on) for rate in uow.session.scalars(select(TaxRate))}
    for since, percent in tax.rates:
        if (tax.code, since) not in known:
            set_tax_rate(
                uow, code=tax.code, name=tax.code, basis_points=int(percent * 100), valid_from_on=since
            )


def _sell_plan(uow: UnitOfWork, *, number: int, price: Price, group_id: int | None) -> PlanPriceId:
    code = f"PLAN-{number}"
    plan_id = create_plan(uow, code=code, name=code, download_bps=10_000_000, upload_bps=5_000_000)
    price_id = publish_price(uow, plan_id=plan_id, amount=Money(price.amount, "KES"))
    row = uow.session.get(PlanPrice, price_id)
    assert row is not None
    row.interval, row.interval_count = Interval(price.unit), price.count
    row.timing = ChargeTiming.ARREARS if price.in_arrears else ChargeTiming.ADVANCE
    row.setup_fee_minor, row.trial_days = price.setup_fee, price.trial_days
    row.minimum_term_months, row.early_termination_fee_minor = price.minimum_months, price.early_end_fee
    row.tax_group_id, row.tax_behavior = group_id, _behavior(has_tax_inside=price.has_tax_inside)
    return price_id


def _make_offers(
    uow: UnitOfWork, *, history: History
) -> tuple[list[PlanPriceId], list[DiscountId], list[AddOnId]]:
    groups = _group_ids(uow, history)
    prices = [
        _sell_plan(uow, number=number, price=price, group_id=groups[price.taxes])
        for number, price in enumerate(history.prices)
    ]
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
            is_recurring=True,
            tax_group_id=groups[offer.taxes],
            tax_behavior=_behavior(has_tax_inside=offer.has_tax_inside),
        )
        for number, offer in enumerate(history.add_ons)
    ]
    uow.session.add_all([*discounts, *add_ons])
    uow.session.flush()
    discount_ids = [DiscountId(row.id or 0) for row in discounts]
    return prices, discount_ids, [AddOnId(row.id or 0) for row in add_ons]


def _behavior(*, has_tax_inside: bool) -> TaxBehavior:
    return TaxBehavior.INCLUSIVE if has_tax_inside else TaxBehavior.EXCLUSIVE
