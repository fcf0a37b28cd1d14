"""Who does not pay is suspended by the policy of the ISP, each step once an invoice."""

from datetime import timedelta

import pytest

from benfex.core.clock import MovedClock
from benfex.core.events import EventBus
from benfex.dunning.runs import DunningOutcome, customers_to_chase, run_dunning
from benfex.subscriptions.bill_run import BillRunner
from benfex.subscriptions.lifecycle import reactivate_subscription
from data.values.kinds import DunningAction, SuspensionReason
from data.values.states import SubscriptionStatus
from data.values.terms import DunningStep
from tests.conftest import Run
from tests.factories.customers import MadeService, make_service
from tests.factories.isp import SYSTEM, kes, set_policy
from tests.factories.looks import service_state
from tests.factories.money import c2b, settle

pytestmark = pytest.mark.sqlite_only  # days and steps, nothing of a database


def chase(isp: Run, service: MadeService) -> DunningOutcome:
    return isp(run_dunning, customer_id=service.customer_id)


def status(isp: Run, service: MadeService) -> SubscriptionStatus:
    return isp.read(service_state, subscription_id=service.subscription_id)[0]


def test_late_is_marked_the_day_after_it_was_due_and_suspended_three_days_late(
    isp: Run, clock: MovedClock
) -> None:
    service = make_service(isp)
    clock.advance(timedelta(days=7))
    assert isp.read(customers_to_chase) == ()
    clock.advance(timedelta(days=1))
    assert isp.read(customers_to_chase) == (service.customer_id,)
    chase(isp, service)
    assert status(isp, service) is SubscriptionStatus.PAST_DUE
    clock.advance(timedelta(days=1))
    assert chase(isp, service).suspended == ()
    clock.advance(timedelta(days=1))
    assert chase(isp, service).suspended == (service.subscription_id,)
    assert isp.read(service_state, subscription_id=service.subscription_id) == (
        SubscriptionStatus.SUSPENDED,
        SuspensionReason.NON_PAYMENT,
    )


@pytest.mark.parametrize("grace_days", [0, 5])
def test_grace_pushes_the_suspension_back(isp: Run, clock: MovedClock, grace_days: int) -> None:
    set_policy(isp, grace_days=grace_days)
    service = make_service(isp)
    clock.advance(timedelta(days=7 + 3 + grace_days - 1))
    assert chase(isp, service).suspended == ()
    clock.advance(timedelta(days=1))
    assert chase(isp, service).suspended == (service.subscription_id,)


def test_a_debt_the_policy_tolerates_does_not_suspend(isp: Run, clock: MovedClock) -> None:
    set_policy(isp, debt_tolerated=kes(100))
    service = make_service(isp)
    settle(isp, c2b(service.customer.account_number, receipt="TKN4QX71SV", amount=kes(2_400)))
    clock.advance(timedelta(days=30))
    assert chase(isp, service).suspended == ()
    assert status(isp, service) is SubscriptionStatus.PAST_DUE


def test_running_twice_takes_no_step_twice(isp: Run, clock: MovedClock) -> None:
    set_policy(isp, steps=[DunningStep(1, DunningAction.REMIND), DunningStep(3, DunningAction.SUSPEND)])
    service = make_service(isp)
    clock.advance(timedelta(days=20))
    assert [chase(isp, service).steps for _ in range(2)] == [2, 0]


def test_a_service_staff_resumed_stays_on_until_the_next_invoice_is_late(isp: Run, clock: MovedClock) -> None:
    service = make_service(isp)
    clock.advance(timedelta(days=11))
    chase(isp, service)
    isp(reactivate_subscription, subscription_id=service.subscription_id, note="promised to pay")
    clock.advance(timedelta(days=5))
    assert chase(isp, service).suspended == ()
    assert status(isp, service) is SubscriptionStatus.PAST_DUE
    clock.advance(timedelta(days=14))
    BillRunner(isp.transactor, EventBus()).run_sync(SYSTEM, on=clock.now().date())
    clock.advance(timedelta(days=10))
    assert chase(isp, service).suspended == (service.subscription_id,)


def test_paying_before_the_step_keeps_the_service_on(isp: Run, clock: MovedClock) -> None:
    service = make_service(isp)
    clock.advance(timedelta(days=9))
    chase(isp, service)
    settle(isp, c2b(service.customer.account_number, receipt="TKN4QX71SV", amount=kes(2_500)))
    clock.advance(timedelta(days=10))
    assert chase(isp, service) == DunningOutcome(0, ())
    assert status(isp, service) is SubscriptionStatus.ACTIVE
