"""Play a history with the real acts, under a moved clock."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta

from benfex.core.clock import MovedClock
from benfex.network.connections import ConnectionSpec
from benfex.payments.cash import record_cash_payment
from benfex.subscriptions.add_ons import AddOnSale
from benfex.subscriptions.extras import add_add_on, give_discount, remove_add_on, take_discount
from benfex.subscriptions.lifecycle import (
    end_subscription,
    keep_subscription,
    reactivate_subscription,
    start_subscription,
    suspend_subscription,
)
from benfex.subscriptions.pausing import pause_subscription, resume_subscription
from benfex.subscriptions.payers import set_payer
from benfex.subscriptions.plan_changes import cancel_pending_change, change_plan, set_agreed_price
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
    CycleAlignment,
    SuspensionReason,
)
from data.values.money import Money
from tests.conftest import Run
from tests.factories.customers import make_customer
from tests.factories.isp import VAULT, make_router, set_up_isp
from tests.factories.running import run_bills
from tests.factories.services import set_terms
from tests.oracle.histories import CUSTOMERS, FIRST_DAY, History, Step
from tests.oracle.offers import make_offers
from tests.oracle.pictures import Picture, engine_picture

# Of the ISP that is opened here, and put back.
CUSTOMER_IDS = [CustomerId(number) for number in range(1, CUSTOMERS + 1)]
ROUTER_ID = RouterId(1)
MORNING = time(7, tzinfo=UTC)  # ten o'clock in Nairobi


@dataclass(slots=True)
class EnginePlayer:
    """Plays a history step by step."""

    run: Run
    clock: MovedClock
    price_ids: list[PlanPriceId] = field(default_factory=list)
    discount_ids: list[DiscountId] = field(default_factory=list)
    add_on_ids: list[AddOnId] = field(default_factory=list)
    services: list[SubscriptionId] = field(default_factory=list)

    def open_the_isp(self) -> None:
        """Found an ISP with a router and some customers, the same for every history."""
        self.clock.move_to(datetime.combine(FIRST_DAY, MORNING))
        set_up_isp(self.run)
        for customer_id in CUSTOMER_IDS:
            made = make_customer(self.run, phone=f"071200000{customer_id}")
            assert made.customer_id == customer_id
        assert make_router(self.run) == ROUTER_ID

    def sell(self, history: History) -> None:
        """Sell what the history sells, under its policy."""
        self.clock.move_to(datetime.combine(FIRST_DAY, MORNING))
        policy = history.policy
        set_terms(
            self.run,
            billing_day=policy.billing_day,
            alignment=CycleAlignment(policy.alignment),
            credits_on_end=policy.credits_on_end,
            credits_on_pause=policy.credits_on_pause,
            bills_while_suspended=policy.bills_while_suspended,
            fixed_month_days=policy.fixed_month_days,
            breaker_invoice_percent=0,
        )
        self.price_ids, self.discount_ids, self.add_on_ids = self.run(make_offers, history=history)

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
        return self.run.read(engine_picture, customer_ids=CUSTOMER_IDS)

    def _act(self, step: Step, owed: int) -> None:
        if step.kind == "start":
            self._start(step)
            return
        if step.kind == "pay":
            self._pay(step, owed)
            return
        if step.kind == "payer":
            self._change_payer(step)
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
            case "suspend":
                run(suspend_subscription, subscription_id=subscription_id, reason=SuspensionReason.STAFF)
            case "reactivate":
                run(reactivate_subscription, subscription_id=subscription_id)
            case "agree":
                run(set_agreed_price, subscription_id=subscription_id, agreed_price=_money(step.amount))
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
            customer_id=CUSTOMER_IDS[step.customer],
            agreed_price=_money(step.amount),
            plan_price_id=self.price_ids[step.offer],
            connection=ConnectionSpec(ROUTER_ID, f"home{number}", "a-secret-word"),
            vault=VAULT,
            discounts=[self.discount_ids[place] for place in step.offers],
            add_ons=[AddOnSale(self.add_on_ids[place], 1 + place) for place in range(step.number)],
        )
        self.services.append(subscription_id)

    def _pay(self, step: Step, owed: int) -> None:
        self.run(
            record_cash_payment,
            customer_id=CUSTOMER_IDS[step.customer],
            amount=Money(owed, "KES"),
            method=CashMethod.CASH,
            reference=f"R{owed}-{step.day}-{step.customer}",
        )

    def _change_payer(self, step: Step) -> None:
        payer = step.number % CUSTOMERS
        payer_id = None if payer == step.customer else CUSTOMER_IDS[payer]
        self.run(set_payer, customer_id=CUSTOMER_IDS[step.customer], payer_id=payer_id)


def _money(minor: int | None) -> Money | None:
    return None if minor is None else Money(minor, "KES")
