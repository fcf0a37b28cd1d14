"""A service by the quarter stays in its quarters, whatever joins, changes, pauses or comes late in them."""

from datetime import date

import pytest

from benfex.core.clock import MovedClock
from benfex.subscriptions.add_ons import AddOnSale
from benfex.subscriptions.extras import add_add_on
from benfex.subscriptions.lifecycle import end_subscription
from benfex.subscriptions.pausing import pause_subscription, resume_subscription
from benfex.subscriptions.plan_changes import change_plan
from data.values.identifiers import SubscriptionId
from data.values.kinds import ChangeTiming, CycleAlignment
from tests.conftest import Run
from tests.factories.changes import bill_on, change, go_to, make_add_on
from tests.factories.customers import make_service
from tests.factories.isp import kes, make_price
from tests.factories.services import lines_of, set_terms, standing


@pytest.fixture
def opened(isp: Run, clock: MovedClock) -> SubscriptionId:
    """A service of KES 8,900 a quarter that began with a part, and the quarter from 1 February to 1 May."""
    set_terms(isp, billing_day=1, alignment=CycleAlignment.PART_PLUS_FULL)
    go_to(isp, clock, date(2027, 1, 20))
    service = make_service(isp, price_id=make_price(isp, amount=kes(8_900), interval_count=3))
    go_to(isp, clock, date(2027, 2, 10))
    return service.subscription_id


def test_a_change_in_a_quarter_billed_ahead_runs_to_its_end(isp: Run, opened: SubscriptionId) -> None:
    better = make_price(isp, code="HOME-20", amount=kes(17_800), interval_count=3)
    outcome = change(isp, change_plan, subscription_id=opened, plan_price_id=better)
    assert [line.description for line in outcome.charges] == ["Home-20, 80/89 days"]
    assert (outcome.credited, outcome.invoiced) == (kes(8_000), kes(16_000))
    assert outcome.next_bill_on == date(2027, 5, 1)


def test_a_pause_in_a_quarter_billed_ahead_ends_in_the_same_quarter(
    isp: Run, clock: MovedClock, opened: SubscriptionId
) -> None:
    change(isp, pause_subscription, subscription_id=opened)
    go_to(isp, clock, date(2027, 2, 20))
    outcome = change(isp, resume_subscription, subscription_id=opened)
    assert (outcome.invoiced, outcome.next_bill_on) == (kes(7_000), date(2027, 5, 1))


def test_an_add_on_that_joins_before_a_late_run_is_in_step_with_the_plan(isp: Run, clock: MovedClock) -> None:
    service = make_service(isp, price_id=make_price(isp, amount=kes(9_000), interval_count=3))
    go_to(isp, clock, date(2027, 2, 27))  # the second quarter began four days ago, and no run came
    sale = AddOnSale(make_add_on(isp, amount=kes(890)))
    outcome = change(isp, add_add_on, subscription_id=service.subscription_id, sale=sale)
    assert outcome.charges[-1].description == "Static-Ip, 85/89 days"
    assert outcome.next_bill_on == date(2027, 5, 23)


def test_an_end_asked_for_before_a_late_run_comes_with_the_end_of_the_quarter(
    isp: Run, clock: MovedClock
) -> None:
    service = make_service(isp, price_id=make_price(isp, amount=kes(9_000), interval_count=3))
    go_to(isp, clock, date(2027, 2, 27))
    outcome = change(
        isp,
        end_subscription,
        subscription_id=service.subscription_id,
        reason="moves away",
        when=ChangeTiming.PERIOD_END,
    )
    assert outcome.effective_on == date(2027, 5, 23)
    assert bill_on(isp, date(2027, 2, 27)) == 1
    assert isp.read(lines_of, subscription_id=service.subscription_id)[-1] == ("Home", 900_000)
    assert isp.read(standing, subscription_id=service.subscription_id).bills_on == date(2027, 5, 23)
