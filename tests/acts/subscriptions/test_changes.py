"""A service changes its plan, pauses, comes back and ends: what is credited and charged, to the cent.

Every change is previewed first, and `change` fails when the act comes to anything else.
"""

from datetime import date

import pytest

from benfex.core.clock import MovedClock
from benfex.subscriptions.lifecycle import end_subscription, keep_subscription
from benfex.subscriptions.pausing import pause_subscription, resume_subscription
from benfex.subscriptions.plan_changes import cancel_pending_change, change_plan, set_agreed_price
from data.values.errors import Conflict, InvalidInput
from data.values.kinds import ChangeTiming, ChargeTiming, CycleAlignment, Interval
from data.values.money import Money
from data.values.states import SubscriptionStatus
from tests.conftest import Run
from tests.factories.changes import bill_on, change, go_to
from tests.factories.customers import MadeService, make_service, suspend
from tests.factories.isp import kes, make_price
from tests.factories.looks import owed
from tests.factories.services import credited, lines_of, set_price, set_terms, standing

TODAY = date(2026, 11, 23)
HALF_WAY = date(2026, 12, 8)
NEXT = date(2026, 12, 23)


def home(isp: Run, **terms: object) -> MadeService:
    """Sell Home for KES 3,000 a month: KES 100 a day in a period of 30 days."""
    price_id = make_price(isp, amount=kes(3_000))
    if terms:
        set_price(isp, price_id, **terms)
    return make_service(isp, price_id=price_id)


def test_an_upgrade_now_credits_unused_days_and_charges_the_new_plan_to_the_period_end(
    isp: Run, clock: MovedClock
) -> None:
    service = home(isp)
    better = make_price(isp, code="HOME-20", amount=kes(4_500))
    go_to(isp, clock, HALF_WAY)
    outcome = change(isp, change_plan, subscription_id=service.subscription_id, plan_price_id=better)
    assert (outcome.credited, outcome.invoiced, outcome.to_pay) == (kes(1_500), kes(2_250), kes(750))
    assert [line.description for line in outcome.charges] == ["Home-20, 15/30 days"]
    assert outcome.next_bill_on == NEXT
    assert isp.read(owed, customer_id=service.customer_id) == kes(3_750)
    assert bill_on(isp, NEXT) == 1
    assert isp.read(lines_of, subscription_id=service.subscription_id)[-1] == ("Home-20", 450_000)


def test_up_and_down_and_up_again_on_one_day_costs_what_the_last_step_costs(
    isp: Run, clock: MovedClock
) -> None:
    service = home(isp)
    better = make_price(isp, code="HOME-20", amount=kes(4_500))
    go_to(isp, clock, HALF_WAY)
    for price_id in (better, service.price_id, better):
        change(isp, change_plan, subscription_id=service.subscription_id, plan_price_id=price_id)
    assert isp.read(owed, customer_id=service.customer_id) == kes(3_750)
    assert isp.read(credited, subscription_id=service.subscription_id) == [150_000, 225_000, 150_000]


def test_a_change_on_the_last_day_of_a_period_moves_one_day(isp: Run, clock: MovedClock) -> None:
    service = home(isp)
    better = make_price(isp, code="HOME-20", amount=kes(4_500))
    go_to(isp, clock, date(2026, 12, 22))
    outcome = change(isp, change_plan, subscription_id=service.subscription_id, plan_price_id=better)
    assert (outcome.credited, outcome.invoiced) == (kes(100), kes(150))


def test_a_downgrade_at_period_end_costs_nothing_before_and_is_applied_that_day(
    isp: Run, clock: MovedClock
) -> None:
    service = home(isp)
    smaller = make_price(isp, code="LITE", amount=kes(1_000))
    go_to(isp, clock, HALF_WAY)
    outcome = change(
        isp,
        change_plan,
        subscription_id=service.subscription_id,
        plan_price_id=smaller,
        when=ChangeTiming.PERIOD_END,
    )
    assert (outcome.effective_on, outcome.credits, outcome.charges) == (NEXT, (), ())
    assert bill_on(isp, date(2026, 12, 22)) == 0
    assert isp.read(standing, subscription_id=service.subscription_id).plan_price_id == service.price_id
    assert bill_on(isp, date(2026, 12, 27)) == 1  # the server was off for four days
    assert isp.read(lines_of, subscription_id=service.subscription_id)[-1] == ("Lite", 100_000)
    assert isp.read(standing, subscription_id=service.subscription_id).period == (NEXT, date(2027, 1, 23))


def test_a_pending_change_can_be_taken_back(isp: Run) -> None:
    service = home(isp)
    smaller = make_price(isp, code="LITE", amount=kes(1_000))
    with pytest.raises(Conflict):
        isp(cancel_pending_change, subscription_id=service.subscription_id)
    change(
        isp,
        change_plan,
        subscription_id=service.subscription_id,
        plan_price_id=smaller,
        when=ChangeTiming.PERIOD_END,
    )
    isp(cancel_pending_change, subscription_id=service.subscription_id)
    assert bill_on(isp, NEXT) == 1
    assert isp.read(lines_of, subscription_id=service.subscription_id)[-1] == ("Home", 300_000)


def test_another_interval_begins_a_cycle_on_the_day(isp: Run, clock: MovedClock) -> None:
    service = home(isp)
    weekly = make_price(isp, code="WEEK", amount=kes(700), interval=Interval.WEEK)
    go_to(isp, clock, HALF_WAY)
    outcome = change(isp, change_plan, subscription_id=service.subscription_id, plan_price_id=weekly)
    assert (outcome.credited, outcome.invoiced) == (kes(1_500), kes(700))
    assert outcome.next_bill_on == date(2026, 12, 15)
    assert isp.read(standing, subscription_id=service.subscription_id).period == (
        HALF_WAY,
        date(2026, 12, 15),
    )


def test_in_arrears_the_old_part_is_billed_at_the_change(isp: Run, clock: MovedClock) -> None:
    service = home(isp, timing=ChargeTiming.ARREARS)
    better = make_price(isp, code="HOME-20", amount=kes(4_500))
    set_price(isp, better, timing=ChargeTiming.ARREARS)
    go_to(isp, clock, HALF_WAY)
    outcome = change(isp, change_plan, subscription_id=service.subscription_id, plan_price_id=better)
    assert (outcome.credits, outcome.invoiced, outcome.next_bill_on) == ((), kes(1_500), NEXT)
    assert bill_on(isp, NEXT) == 1
    assert isp.read(lines_of, subscription_id=service.subscription_id) == [
        ("Home, 15/30 days", 150_000),
        ("Home-20, 15/30 days", 225_000),
    ]


def test_a_change_in_a_trial_credits_nothing_and_the_trial_goes_on(isp: Run, clock: MovedClock) -> None:
    service = home(isp, trial_days=14)
    better = make_price(isp, code="HOME-20", amount=kes(4_500))
    go_to(isp, clock, date(2026, 11, 30))
    outcome = change(isp, change_plan, subscription_id=service.subscription_id, plan_price_id=better)
    assert (outcome.credits, outcome.charges) == ((), ())
    assert outcome.next_bill_on == date(2026, 12, 7)
    assert bill_on(isp, date(2026, 12, 7)) == 1
    assert isp.read(lines_of, subscription_id=service.subscription_id) == [("Home-20", 450_000)]


def test_a_change_while_suspended_is_billed_as_the_service_is(isp: Run, clock: MovedClock) -> None:
    service = home(isp)
    better = make_price(isp, code="HOME-20", amount=kes(4_500))
    suspend(isp, service)
    go_to(isp, clock, HALF_WAY)
    outcome = change(isp, change_plan, subscription_id=service.subscription_id, plan_price_id=better)
    assert (outcome.status, outcome.to_pay) == (SubscriptionStatus.SUSPENDED, kes(750))


def test_a_change_while_paused_credits_nothing_twice(isp: Run, clock: MovedClock) -> None:
    service = home(isp)
    better = make_price(isp, code="HOME-20", amount=kes(4_500))
    go_to(isp, clock, HALF_WAY)
    change(isp, pause_subscription, subscription_id=service.subscription_id)
    outcome = change(isp, change_plan, subscription_id=service.subscription_id, plan_price_id=better)
    assert (outcome.credits, outcome.charges, outcome.next_bill_on) == ((), (), None)
    go_to(isp, clock, date(2026, 12, 13))
    back = change(isp, resume_subscription, subscription_id=service.subscription_id)
    assert [(line.description, line.amount) for line in back.charges] == [("Home-20, 10/30 days", kes(1_500))]


def test_a_pause_credits_unused_days_and_a_return_charges_to_the_period_end(
    isp: Run, clock: MovedClock
) -> None:
    service = home(isp)
    go_to(isp, clock, HALF_WAY)
    paused = change(
        isp, pause_subscription, subscription_id=service.subscription_id, resumes_on=date(2027, 1, 2)
    )
    assert (paused.credited, paused.next_bill_on) == (kes(1_500), date(2027, 1, 2))
    assert bill_on(isp, date(2027, 1, 1)) == 0
    assert bill_on(isp, date(2027, 1, 2)) == 1
    now = isp.read(standing, subscription_id=service.subscription_id)
    assert (now.status, now.bills_on) == (SubscriptionStatus.ACTIVE, date(2027, 1, 23))
    assert isp.read(lines_of, subscription_id=service.subscription_id)[-1] == (
        "Home, 21/31 days",
        203_226,
    )


def test_a_pause_on_the_first_day_gives_it_all_back(isp: Run) -> None:
    service = home(isp)
    paused = change(isp, pause_subscription, subscription_id=service.subscription_id)
    assert paused.credited == kes(3_000)
    assert isp.read(owed, customer_id=service.customer_id) == kes(0)
    change(isp, resume_subscription, subscription_id=service.subscription_id)
    assert isp.read(owed, customer_id=service.customer_id) == kes(3_000)


def test_without_credit_for_pauses_days_that_were_billed_are_not_billed_again(
    isp: Run, clock: MovedClock
) -> None:
    set_terms(isp, credits_on_pause=False)
    service = home(isp)
    change(isp, pause_subscription, subscription_id=service.subscription_id)
    go_to(isp, clock, HALF_WAY)
    back = change(isp, resume_subscription, subscription_id=service.subscription_id)
    assert (back.charges, back.next_bill_on) == ((), NEXT)


def test_a_trial_that_is_paused_ends_when_it_would_have(isp: Run, clock: MovedClock) -> None:
    service = home(isp, trial_days=14)
    change(isp, pause_subscription, subscription_id=service.subscription_id)
    go_to(isp, clock, date(2026, 11, 30))
    back = change(isp, resume_subscription, subscription_id=service.subscription_id)
    assert (back.charges, back.next_bill_on) == ((), date(2026, 12, 7))


def test_an_end_now_credits_unused_days_and_charges_the_fee_of_the_minimum_term(
    isp: Run, clock: MovedClock
) -> None:
    service = home(isp, minimum_term_months=12, early_termination_fee_minor=100_000)
    go_to(isp, clock, HALF_WAY)
    outcome = change(isp, end_subscription, subscription_id=service.subscription_id, reason="moves to Kisumu")
    assert (outcome.credited, outcome.invoiced) == (kes(1_500), kes(1_000))
    assert [line.description for line in outcome.charges] == ["Early end of Home, agreed until 2027-11-23"]
    assert bill_on(isp, date(2027, 11, 23)) == 0


def test_an_end_at_period_end_bills_nothing_after_it(isp: Run, clock: MovedClock) -> None:
    service = home(isp)
    go_to(isp, clock, HALF_WAY)
    asked = {
        "subscription_id": service.subscription_id,
        "reason": "moves to Kisumu",
        "when": ChangeTiming.PERIOD_END,
    }
    outcome = change(isp, end_subscription, **asked)
    assert (outcome.status, outcome.effective_on) == (SubscriptionStatus.ACTIVE, NEXT)
    isp(keep_subscription, subscription_id=service.subscription_id)
    change(isp, end_subscription, **asked)
    assert bill_on(isp, NEXT) == 0
    assert isp.read(standing, subscription_id=service.subscription_id).status is SubscriptionStatus.ENDED


def test_an_end_that_is_asked_for_in_free_days_comes_where_they_end(isp: Run) -> None:
    set_terms(isp, billing_day=1, alignment=CycleAlignment.FREE_UNTIL)
    service = home(isp, timing=ChargeTiming.ARREARS)
    outcome = change(
        isp,
        end_subscription,
        subscription_id=service.subscription_id,
        reason="not for me",
        when=ChangeTiming.PERIOD_END,
    )
    assert outcome.effective_on == date(2026, 12, 1)
    assert bill_on(isp, date(2027, 1, 1)) == 0
    assert isp.read(owed, customer_id=service.customer_id) == kes(0)


def test_in_arrears_an_end_bills_the_last_part(isp: Run, clock: MovedClock) -> None:
    service = home(isp, timing=ChargeTiming.ARREARS)
    go_to(isp, clock, HALF_WAY)
    outcome = change(isp, end_subscription, subscription_id=service.subscription_id, reason="moves")
    assert (outcome.credits, outcome.invoiced) == ((), kes(1_500))


def test_an_end_in_the_trial_costs_nothing(isp: Run, clock: MovedClock) -> None:
    service = home(
        isp, trial_days=14, minimum_term_months=12, early_termination_fee_minor=100_000, setup_fee_minor=0
    )
    go_to(isp, clock, date(2026, 12, 6))
    outcome = change(isp, end_subscription, subscription_id=service.subscription_id, reason="not for me")
    assert (outcome.credits, outcome.charges) == ((), ())
    assert isp.read(owed, customer_id=service.customer_id) == kes(0)


def test_credit_never_exceeds_what_was_billed(isp: Run, clock: MovedClock) -> None:
    service = home(isp)
    for number, day in enumerate((1, 3, 3, 9, 21)):
        go_to(isp, clock, date(2026, 12, day))
        price_id = make_price(isp, code=f"P{number}", amount=Money(99_999 + 7 * number, "KES"))
        change(isp, change_plan, subscription_id=service.subscription_id, plan_price_id=price_id)
    change(isp, end_subscription, subscription_id=service.subscription_id, reason="enough")
    billed = sum(amount for _, amount in isp.read(lines_of, subscription_id=service.subscription_id))
    given = sum(isp.read(credited, subscription_id=service.subscription_id))
    assert isp.read(owed, customer_id=service.customer_id) == Money(billed - given, "KES")
    assert 0 < given < billed


def test_an_agreed_price_is_charged_from_the_next_period(isp: Run) -> None:
    service = home(isp)
    isp(set_agreed_price, subscription_id=service.subscription_id, agreed_price=kes(2_000))
    assert bill_on(isp, NEXT) == 1
    isp(set_agreed_price, subscription_id=service.subscription_id, agreed_price=None)
    assert bill_on(isp, date(2027, 1, 23)) == 1
    assert [amount for _, amount in isp.read(lines_of, subscription_id=service.subscription_id)] == [
        300_000,
        200_000,
        300_000,
    ]


def test_what_cannot_be_changed_is_refused(isp: Run) -> None:
    service = home(isp)
    with pytest.raises(InvalidInput):
        isp(change_plan, subscription_id=service.subscription_id, plan_price_id=service.price_id)
    with pytest.raises(Conflict):
        isp(resume_subscription, subscription_id=service.subscription_id)
    with pytest.raises(InvalidInput):
        isp(pause_subscription, subscription_id=service.subscription_id, resumes_on=TODAY)
    suspend(isp, service)
    with pytest.raises(Conflict):
        isp(pause_subscription, subscription_id=service.subscription_id)
