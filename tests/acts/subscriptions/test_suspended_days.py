"""Where the policy does not bill a service while it is suspended, those days stay free when it is back."""

from datetime import date

import pytest

from benfex.core.clock import MovedClock
from benfex.subscriptions.lifecycle import end_subscription, reactivate_subscription
from benfex.subscriptions.plan_changes import change_plan
from data.values.kinds import ChargeTiming, SuspensionReason
from tests.conftest import Run
from tests.factories.changes import bill_on, go_to
from tests.factories.customers import MadeService, make_service, suspend
from tests.factories.isp import SUPPORT, kes, make_price
from tests.factories.services import lines_of, set_price, set_terms, standing


def test_a_service_that_is_back_pays_from_that_day_on(isp: Run, clock: MovedClock) -> None:
    set_terms(isp, bills_while_suspended=False)
    service = make_service(isp, price_id=make_price(isp, amount=kes(3_100)))
    go_to(isp, clock, date(2026, 12, 10))
    suspend(isp, service)
    go_to(isp, clock, date(2027, 2, 13))
    assert bill_on(isp, date(2027, 2, 13)) == 0
    isp.by(SUPPORT)(reactivate_subscription, subscription_id=service.subscription_id)
    assert bill_on(isp, date(2027, 2, 13)) == 1
    assert isp.read(lines_of, subscription_id=service.subscription_id)[1:] == [("Home, 10/31 days", 100_000)]
    assert isp.read(standing, subscription_id=service.subscription_id).bills_on == date(2027, 2, 23)


def test_a_service_that_is_back_in_the_same_period_pays_nothing_more(isp: Run, clock: MovedClock) -> None:
    set_terms(isp, bills_while_suspended=False)
    service = make_service(isp)
    suspend(isp, service)
    go_to(isp, clock, date(2026, 12, 1))
    isp(reactivate_subscription, subscription_id=service.subscription_id)
    assert bill_on(isp, date(2026, 12, 22)) == 0
    assert isp.read(standing, subscription_id=service.subscription_id).bills_on == date(2026, 12, 23)


def test_in_arrears_the_days_before_and_after_a_suspension_are_billed(isp: Run, clock: MovedClock) -> None:
    set_terms(isp, bills_while_suspended=False)
    price_id = make_price(isp, amount=kes(3_000))
    set_price(isp, price_id, timing=ChargeTiming.ARREARS)
    service = make_service(isp, price_id=price_id)
    go_to(isp, clock, date(2026, 12, 3))
    suspend(isp, service)
    go_to(isp, clock, date(2026, 12, 18))
    isp.by(SUPPORT)(reactivate_subscription, subscription_id=service.subscription_id)
    assert bill_on(isp, date(2026, 12, 23)) == 1
    assert isp.read(lines_of, subscription_id=service.subscription_id) == [
        ("Home, 10/30 days", 100_000),
        ("Home, 5/30 days", 50_000),
    ]


@pytest.mark.parametrize(("reason", "bills"), [(SuspensionReason.DATA_CAP, 1), (SuspensionReason.STAFF, 0)])
def test_who_waits_for_new_data_is_billed_the_period_that_brings_it(
    isp: Run, reason: SuspensionReason, bills: int
) -> None:
    set_terms(isp, bills_while_suspended=False)
    suspend(isp, make_service(isp), reason=reason)
    assert bill_on(isp, date(2026, 12, 23)) == bills


def _suspended_in_arrears(isp: Run, clock: MovedClock) -> MadeService:
    set_terms(isp, bills_while_suspended=False)
    price_id = make_price(isp, amount=kes(3_000))
    set_price(isp, price_id, timing=ChargeTiming.ARREARS)
    service = make_service(isp, price_id=price_id)
    go_to(isp, clock, date(2026, 12, 3))
    suspend(isp, service)
    go_to(isp, clock, date(2026, 12, 18))
    return service


def test_who_ends_while_suspended_owes_the_days_before_the_suspension(isp: Run, clock: MovedClock) -> None:
    service = _suspended_in_arrears(isp, clock)
    isp(end_subscription, subscription_id=service.subscription_id, reason="moved away")
    assert isp.read(lines_of, subscription_id=service.subscription_id) == [("Home, 10/30 days", 100_000)]


def test_a_change_while_suspended_bills_the_days_before_at_the_old_price(isp: Run, clock: MovedClock) -> None:
    service = _suspended_in_arrears(isp, clock)
    faster = make_price(isp, code="FAST", amount=kes(6_000))
    set_price(isp, faster, timing=ChargeTiming.ARREARS)
    isp(change_plan, subscription_id=service.subscription_id, plan_price_id=faster)
    isp(reactivate_subscription, subscription_id=service.subscription_id)
    assert bill_on(isp, date(2026, 12, 23)) == 1
    assert isp.read(lines_of, subscription_id=service.subscription_id) == [
        ("Home, 10/30 days", 100_000),
        ("Fast, 5/30 days", 100_000),
    ]
