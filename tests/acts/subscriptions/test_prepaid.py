"""Prepaid services: money opens time, renewal extends it, and access ends when it is over."""

from datetime import datetime, timedelta

import pytest

from benfex.catalog.plans import create_plan, publish_price
from benfex.core.clock import MovedClock
from benfex.core.policy import save_policy
from benfex.core.unit_of_work import Snapshot
from benfex.ledger.verification import verify_ledger
from benfex.subscriptions.lifecycle import end_subscription
from benfex.subscriptions.plan_changes import change_plan
from benfex.subscriptions.prepaid import (
    expire_subscription,
    renew_subscription,
    renewal_quotes,
    services_over,
)
from data.models.subscription import Subscription
from data.values.errors import Conflict
from data.values.identifiers import PlanPriceId, SubscriptionId
from data.values.kinds import BillingMode, Interval, SuspensionReason
from data.values.states import InvoiceStatus, SubscriptionStatus
from tests.conftest import Run
from tests.factories.customers import MadeService, make_service, suspend
from tests.factories.isp import kes
from tests.factories.looks import invoices_of, owed, restoration_clocks, service_state
from tests.factories.money import c2b, settle


def prepaid_price(run: Run, *, interval: Interval = Interval.DAY, setup: int = 0) -> PlanPriceId:
    plan_id = run(create_plan, code="DAY", name="Day", download_bps=10_000_000, upload_bps=5_000_000)
    return run(
        publish_price,
        plan_id=plan_id,
        amount=kes(100),
        interval=interval,
        setup_fee=kes(setup),
        billing_mode=BillingMode.PREPAID,
    )


def prepaid(run: Run, *, setup: int = 0) -> MadeService:
    return make_service(run, price_id=prepaid_price(run, setup=setup))


def pay(run: Run, service: MadeService, shillings: int, receipt: str) -> None:
    settle(run, c2b(service.customer.account_number, receipt=receipt, amount=kes(shillings)))


def until(snapshot: Snapshot, *, subscription_id: SubscriptionId) -> datetime | None:
    row = snapshot.session.get(Subscription, subscription_id)
    assert row is not None
    return row.access_until_at


def test_nothing_is_open_before_money_comes(isp: Run) -> None:
    service = prepaid(isp)
    status, _ = isp.read(service_state, subscription_id=service.subscription_id)
    assert status is SubscriptionStatus.PENDING
    assert isp.read(invoices_of, customer_id=service.customer_id) == ()


def test_money_opens_a_period_and_issues_its_paid_invoice(isp: Run, clock: MovedClock) -> None:
    service = prepaid(isp)
    pay(isp, service, 100, "RA1")
    status, _ = isp.read(service_state, subscription_id=service.subscription_id)
    assert status is SubscriptionStatus.ACTIVE
    assert isp.read(until, subscription_id=service.subscription_id) == clock.now().replace(
        microsecond=0
    ) + timedelta(days=1)
    ((_, invoice, total, paid),) = isp.read(invoices_of, customer_id=service.customer_id)
    assert (invoice, total, paid) == (InvoiceStatus.PAID, 10_000, 10_000)
    assert len(isp.read(restoration_clocks)) == 1
    assert isp.read(verify_ledger).is_sound


def test_the_setup_fee_comes_with_the_first_period_only(isp: Run, clock: MovedClock) -> None:
    service = prepaid(isp, setup=50)
    (quote,) = isp.read(renewal_quotes, customer_id=service.customer_id)
    assert quote.price == kes(150)
    pay(isp, service, 150, "RA1")
    clock.advance(timedelta(hours=1))
    pay(isp, service, 100, "RA2")
    totals = [row[2] for row in isp.read(invoices_of, customer_id=service.customer_id)]
    assert totals == [15_000, 10_000]


def test_renewing_before_expiry_extends_and_after_it_starts_now(isp: Run, clock: MovedClock) -> None:
    service = prepaid(isp)
    pay(isp, service, 100, "RA1")
    first = isp.read(until, subscription_id=service.subscription_id)
    assert first is not None
    clock.advance(timedelta(hours=5))
    pay(isp, service, 100, "RA2")
    assert isp.read(until, subscription_id=service.subscription_id) == first + timedelta(days=1)
    clock.advance(timedelta(days=3))
    isp(expire_subscription, subscription_id=service.subscription_id)
    assert isp.read(service_state, subscription_id=service.subscription_id) == (
        SubscriptionStatus.SUSPENDED,
        SuspensionReason.EXPIRED,
    )
    pay(isp, service, 100, "RA3")
    assert isp.read(until, subscription_id=service.subscription_id) == clock.now().replace(
        microsecond=0
    ) + timedelta(days=1)


def test_time_is_over_to_the_second(isp: Run, clock: MovedClock) -> None:
    service = prepaid(isp)
    pay(isp, service, 100, "RA1")
    end = isp.read(until, subscription_id=service.subscription_id)
    assert end is not None
    clock.move_to(end - timedelta(seconds=1))
    assert isp.read(services_over) == ()
    clock.move_to(end)
    assert isp.read(services_over) == (service.subscription_id,)


def test_the_balance_renews_by_itself_where_the_old_period_ended(isp: Run, clock: MovedClock) -> None:
    service = prepaid(isp)
    pay(isp, service, 250, "RA1")  # one period now, KES 150 stay with us
    end = isp.read(until, subscription_id=service.subscription_id)
    assert end is not None
    clock.move_to(end + timedelta(minutes=10))
    renewal = isp(expire_subscription, subscription_id=service.subscription_id)
    assert renewal is not None
    assert renewal.access_until_at == end + timedelta(days=1)
    assert isp.read(owed, customer_id=service.customer_id) == kes(-50)
    clock.move_to(end + timedelta(days=1))
    assert isp(expire_subscription, subscription_id=service.subscription_id) is None
    assert isp.read(verify_ledger).is_sound


def test_a_balance_that_does_not_reach_is_refused_in_words(isp: Run) -> None:
    service = prepaid(isp)
    with pytest.raises(Conflict, match="KES 100"):
        isp(renew_subscription, subscription_id=service.subscription_id)


def test_money_does_not_lift_what_staff_suspended(isp: Run) -> None:
    service = prepaid(isp)
    pay(isp, service, 100, "RA1")
    suspend(isp, service, reason=SuspensionReason.ABUSE)
    pay(isp, service, 100, "RA2")
    assert isp.read(service_state, subscription_id=service.subscription_id) == (
        SubscriptionStatus.SUSPENDED,
        SuspensionReason.ABUSE,
    )


def test_a_short_payment_waits_as_credit_unless_the_isp_sells_parts(isp: Run) -> None:
    service = prepaid(isp)
    pay(isp, service, 50, "RA1")
    status, _ = isp.read(service_state, subscription_id=service.subscription_id)
    assert status is SubscriptionStatus.PENDING
    assert isp.read(owed, customer_id=service.customer_id) == kes(-50)


def test_a_short_payment_buys_hours_in_proportion_where_the_isp_sells_parts(
    isp: Run, clock: MovedClock
) -> None:
    isp(save_policy, pays_part_periods=True, part_hours_min=6)
    service = prepaid(isp)
    pay(isp, service, 20, "RA1")  # less than six hours
    status, _ = isp.read(service_state, subscription_id=service.subscription_id)
    assert status is SubscriptionStatus.PENDING
    pay(isp, service, 31, "RA2")  # KES 51 are 12.24 hours: twelve are sold for KES 50
    assert isp.read(until, subscription_id=service.subscription_id) == clock.now().replace(
        microsecond=0
    ) + timedelta(hours=12)
    assert isp.read(owed, customer_id=service.customer_id) == kes(-1)
    assert isp.read(verify_ledger).is_sound


def test_the_grace_of_the_policy_lets_time_run_a_little_over(isp: Run, clock: MovedClock) -> None:
    isp(save_policy, prepaid_grace_hours=2)
    service = prepaid(isp)
    pay(isp, service, 100, "RA1")
    end = isp.read(until, subscription_id=service.subscription_id)
    assert end is not None
    clock.move_to(end + timedelta(hours=1))
    assert isp.read(services_over) == ()
    clock.move_to(end + timedelta(hours=2))
    assert isp.read(services_over) == (service.subscription_id,)


def test_hours_are_sold_and_changed_like_days(isp: Run, clock: MovedClock) -> None:
    hour = prepaid_price(isp, interval=Interval.HOUR)
    service = make_service(isp, price_id=hour)
    pay(isp, service, 100, "TKN0000001")
    assert isp.read(until, subscription_id=service.subscription_id) == clock.now() + timedelta(hours=1)
    clock.advance(timedelta(hours=1))
    isp(expire_subscription, subscription_id=service.subscription_id)
    plan_id = isp(create_plan, code="H3", name="Three", download_bps=20_000_000, upload_bps=5_000_000)
    three_hours = isp(
        publish_price,
        plan_id=plan_id,
        amount=kes(250),
        interval=Interval.HOUR,
        interval_count=3,
        billing_mode=BillingMode.PREPAID,
    )
    isp(change_plan, subscription_id=service.subscription_id, plan_price_id=three_hours)
    pay(isp, service, 250, "TKN0000002")
    assert isp.read(until, subscription_id=service.subscription_id) == clock.now() + timedelta(hours=3)
    isp(end_subscription, subscription_id=service.subscription_id, reason="moved away")
