"""Months of random acts on services and money, with a moving clock: after each of them all books still hold."""

from contextlib import ExitStack
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select
from sqlmodel import col

from benfex.billing.write_offs import recover_invoice, write_off_invoice
from benfex.catalog.extras import create_add_on, create_discount
from benfex.core.clock import MovedClock
from benfex.core.events import EventBus
from benfex.core.policy import billing_today
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import Snapshot
from benfex.dunning.runs import customers_to_chase, run_dunning
from benfex.ledger.journal import seal_chain
from benfex.network.connections import ConnectionSpec
from benfex.payments.cash import record_cash_payment
from benfex.payments.refund_requests import refund_payment
from benfex.payments.refunds import refundable
from benfex.payments.reversal import reverse_payment
from benfex.subscriptions.add_ons import AddOnSale
from benfex.subscriptions.corrections import cancel_invoice, credit_invoice
from benfex.subscriptions.extras import add_add_on, give_discount, remove_add_on, take_discount
from benfex.subscriptions.lifecycle import end_subscription, keep_subscription, start_subscription
from benfex.subscriptions.pausing import pause_subscription, resume_subscription
from benfex.subscriptions.payers import set_payer
from benfex.subscriptions.plan_changes import cancel_pending_change, change_plan
from data.engine import open_database
from data.models.invoice import Invoice
from data.models.payment import Payment
from data.values.errors import DomainError
from data.values.identifiers import (
    InvoiceId,
    PaymentId,
    SubscriptionAddOnId,
    SubscriptionDiscountId,
    SubscriptionId,
)
from data.values.kinds import CashMethod, ChangeTiming, ChargeTiming, DiscountKind, Interval, TaxBehavior
from data.values.money import Money
from tests.conftest import START, Run
from tests.databases import Databases
from tests.factories.customers import make_customer
from tests.factories.isp import SYSTEM, VAULT, kes, make_price, make_router, make_vat, set_up_isp
from tests.factories.looks import assert_books_sound, owed
from tests.factories.proofs import proofs
from tests.factories.running import run_bills
from tests.factories.services import set_price, set_terms

CUSTOMERS, SERVICES_MAX = 3, 4
whose = st.integers(0, CUSTOMERS - 1)
which = st.integers(0, SERVICES_MAX - 1)
timings = st.sampled_from(list(ChangeTiming))


class BillingMachine(RuleBasedStateMachine):
    """Three customers, the third paid for by the first; what cannot be done is refused and changes nothing."""

    databases: Databases

    def __init__(self) -> None:
        super().__init__()
        self.closing = ExitStack()
        url = self.closing.enter_context(self.databases.ready("sqlite"))
        database = open_database(url, pool_size=2)
        self.closing.callback(database.dispose)
        self.clock = MovedClock(START)
        gate = Transactor(database, self.clock, EventBus(), before_commit=seal_chain)
        self.closing.callback(gate.close)
        self.run = Run(gate, SYSTEM)
        self.numbers = count(1)
        self.services: list[SubscriptionId] = []

    def teardown(self) -> None:
        self.closing.close()

    @initialize(billing_day=st.sampled_from([None, None, 1, 15, 31]), in_arrears=st.booleans())
    def open_the_isp(self, billing_day: int | None, in_arrears: bool) -> None:
        run = self.run
        set_up_isp(run)
        terms = {} if billing_day is None else {"billing_day": billing_day, "alignment": "prorate"}
        set_terms(run, **terms)
        make_vat(run)
        self.router_id = make_router(run)
        self.prices = [
            make_price(run, code="HOME", amount=Money(2_499_99, "KES"), setup_fee=kes(500)),
            make_price(run, code="FAST", amount=Money(4_333_33, "KES")),
            make_price(run, code="WEEK", amount=Money(777_77, "KES"), interval=Interval.WEEK),
        ]
        timing = ChargeTiming.ARREARS if in_arrears else ChargeTiming.ADVANCE
        for price_id in self.prices:
            set_price(run, price_id, timing=timing, tax_group_id=1, tax_behavior=TaxBehavior.EXCLUSIVE)
        self.add_on_id = run(
            create_add_on,
            code="IP",
            name="Fixed address",
            amount=Money(333_33, "KES"),
            is_recurring=True,
            tax_code="VAT",
        )
        self.discount_id = run(
            create_discount, code="THIRD", name="A third", kind=DiscountKind.PERCENT, basis_points=3_333
        )
        self.customers = [
            make_customer(run, phone=f"071200000{number}").customer_id for number in range(CUSTOMERS)
        ]
        run(set_payer, customer_id=self.customers[2], payer_id=self.customers[0])
        self.start(0, 0, 1)

    # Time

    @rule(days=st.sampled_from([1, 1, 3, 7, 13, 31, 45]))
    def days_pass(self, days: int) -> None:
        self.clock.advance(timedelta(days=days))

    @rule(days=st.sampled_from([0, 1, 7, 31]))
    def the_night_comes(self, days: int) -> None:
        self.clock.advance(timedelta(days=days))
        today = self.run.read(billing_today)
        run_bills(self.run, today)
        assert run_bills(self.run, today) == 0
        for customer_id in self.run.read(customers_to_chase):
            self.run(run_dunning, customer_id=customer_id)

    # Services

    @rule(customer=whose, price=st.integers(0, 2), add_ons=st.integers(0, 1))
    def start(self, customer: int, price: int, add_ons: int) -> None:
        if len(self.services) == SERVICES_MAX:
            return
        number = len(self.services)
        started = self.attempt(
            start_subscription,
            customer_id=self.customers[customer],
            plan_price_id=self.prices[price],
            connection=ConnectionSpec(self.router_id, f"home{number}", "a-secret-word"),
            vault=VAULT,
            add_ons=[AddOnSale(self.add_on_id, 3)] * add_ons,
        )
        if started is not None:
            self.services.append(started)

    @rule(service=which, price=st.integers(0, 2), when=timings)
    def change_the_plan(self, service: int, price: int, when: ChangeTiming) -> None:
        self.change(change_plan, service, plan_price_id=self.prices[price], when=when)

    @rule(service=which)
    def keep_the_plan(self, service: int) -> None:
        self.change(cancel_pending_change, service)

    @rule(service=which)
    def pause(self, service: int) -> None:
        self.change(pause_subscription, service)

    @rule(service=which)
    def resume(self, service: int) -> None:
        self.change(resume_subscription, service)

    @rule(service=which, quantity=st.integers(1, 3))
    def add(self, service: int, quantity: int) -> None:
        self.change(add_add_on, service, sale=AddOnSale(self.add_on_id, quantity))

    @rule(add_on=st.integers(1, 4), when=timings)
    def remove(self, add_on: int, when: ChangeTiming) -> None:
        self.attempt(remove_add_on, subscription_add_on_id=SubscriptionAddOnId(add_on), when=when)

    @rule(service=which)
    def give(self, service: int) -> None:
        self.change(give_discount, service, discount_id=self.discount_id)

    @rule(discount=st.integers(1, 3))
    def take(self, discount: int) -> None:
        self.attempt(take_discount, subscription_discount_id=SubscriptionDiscountId(discount))

    @rule(service=which, when=timings)
    def end(self, service: int, when: ChangeTiming) -> None:
        self.change(end_subscription, service, reason="moves away", when=when)

    @rule(service=which)
    def stay(self, service: int) -> None:
        self.change(keep_subscription, service)

    # Money

    @rule(customer=whose, percent=st.sampled_from([30, 100, 100, 250]))
    def pay(self, customer: int, percent: int) -> None:
        debt = self.run.read(owed, customer_id=self.customers[customer]).minor
        self.attempt(
            record_cash_payment,
            customer_id=self.customers[customer],
            amount=Money(max(debt, 100) * percent // 100, "KES"),
            method=CashMethod.CASH,
            reference=f"R-{next(self.numbers)}",
        )

    @rule(place=st.integers(0, 9), percent=st.sampled_from([1, 40, 100]))
    def credit(self, place: int, percent: int) -> None:
        if found := self.invoice(place):
            invoice_id, left = found
            amount = Money(max(1, left * percent // 100), "KES")
            self.attempt(credit_invoice, invoice_id=invoice_id, amount=amount, reason="a bad line")

    @rule(place=st.integers(0, 9), bill_again=st.booleans())
    def void(self, place: int, bill_again: bool) -> None:
        if found := self.invoice(place):
            self.attempt(cancel_invoice, invoice_id=found[0], reason="in error", bill_again=bill_again)

    @rule(place=st.integers(0, 9))
    def write_off(self, place: int) -> None:
        if found := self.invoice(place):
            self.attempt(write_off_invoice, invoice_id=found[0], reason="left")

    @rule(place=st.integers(0, 9))
    def recover(self, place: int) -> None:
        if found := self.invoice(place):
            self.attempt(recover_invoice, invoice_id=found[0])

    @rule(place=st.integers(0, 5))
    def refund(self, place: int) -> None:
        if payment_id := self.payment(place):
            self.attempt(
                refund_payment,
                payment_id=payment_id,
                amount=self.run.read(refundable, payment_id=payment_id),
                reason="asked for it",
                reference=f"S-{next(self.numbers)}",
            )

    @rule(place=st.integers(0, 5))
    def reverse(self, place: int) -> None:
        if payment_id := self.payment(place):
            self.attempt(reverse_payment, payment_id=payment_id, reason="bounced")

    # What always holds

    @invariant()
    def all_books_hold(self) -> None:
        assert self.run.read(proofs) == []
        assert_books_sound(self.run)

    def change(self, act: Any, service: int, **words: Any) -> None:
        if service < len(self.services):
            self.attempt(act, subscription_id=self.services[service], **words)

    def attempt(self, act: Any, **words: Any) -> Any:
        """Run an act; return None when it is refused."""
        try:
            done = self.run(act, **words)
        except DomainError as refused:
            event(f"{act.__name__}: {type(refused).__name__}")
            return None
        event(f"{act.__name__}: done")
        return done

    def invoice(self, place: int) -> tuple[InvoiceId, int] | None:
        """Return an invoice, newest first, and what is not credited of it."""
        return self.run.read(_invoice_at, place=place)

    def payment(self, place: int) -> PaymentId | None:
        return self.run.read(_payment_at, place=place)


def test_months_of_random_acts_leave_every_book_in_order(databases: Databases) -> None:
    _play(databases, examples=8, steps=16)


@pytest.mark.deep
def test_years_of_random_acts_leave_every_book_in_order(databases: Databases) -> None:
    _play(databases, examples=100, steps=50)


def _play(databases: Databases, *, examples: int, steps: int) -> None:
    machine = type("Machine", (BillingMachine,), {"databases": databases})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def _invoice_at(snapshot: Snapshot, *, place: int) -> tuple[InvoiceId, int] | None:
    row = snapshot.session.scalar(select(Invoice).order_by(col(Invoice.id).desc()).offset(place).limit(1))
    return (InvoiceId(row.id or 0), row.total_minor - row.credited_minor) if row else None


def _payment_at(snapshot: Snapshot, *, place: int) -> PaymentId | None:
    row = snapshot.session.scalar(select(Payment).order_by(col(Payment.id).desc()).offset(place).limit(1))
    return PaymentId(row.id or 0) if row else None
