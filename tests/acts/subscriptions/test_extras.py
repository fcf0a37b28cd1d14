"""Add-ons and discounts of a running service, and who pays for it."""

from datetime import date

import pytest

from benfex.core.clock import MovedClock
from benfex.subscriptions.add_ons import AddOnSale
from benfex.subscriptions.extras import add_add_on, give_discount, remove_add_on, take_discount
from benfex.subscriptions.payers import set_payer
from benfex.subscriptions.plan_changes import change_plan
from benfex.subscriptions.story import service_story
from data.values.errors import Conflict, InvalidInput
from data.values.identifiers import SubscriptionAddOnId
from data.values.kinds import ChangeTiming, ChargeTiming, Interval
from tests.conftest import Run
from tests.factories.changes import bill_on, change, go_to, make_add_on, make_discount
from tests.factories.customers import MadeService, make_customer, make_service
from tests.factories.isp import kes, make_price
from tests.factories.looks import owed
from tests.factories.services import lines_of, payers_of, set_price

HALF_WAY = date(2026, 12, 8)
NEXT = date(2026, 12, 23)


def newest_add_on(isp: Run, service: MadeService) -> SubscriptionAddOnId:
    """Return the add-on that joined last; numbers of rows that were only previewed are gone on PostgreSQL."""
    return isp.read(service_story, subscription_id=service.subscription_id).add_ons[-1].id


def home(isp: Run, **terms: object) -> MadeService:
    price_id = make_price(isp, amount=kes(3_000))
    if terms:
        set_price(isp, price_id, **terms)
    return make_service(isp, price_id=price_id)


def test_an_add_on_joins_for_the_rest_of_the_period_and_stays(isp: Run, clock: MovedClock) -> None:
    service = home(isp)
    sale = AddOnSale(make_add_on(isp), quantity=2)
    go_to(isp, clock, HALF_WAY)
    outcome = change(isp, add_add_on, subscription_id=service.subscription_id, sale=sale)
    assert (outcome.invoiced, outcome.next_bill_on) == (kes(300), NEXT)
    assert bill_on(isp, NEXT) == 1
    assert isp.read(lines_of, subscription_id=service.subscription_id)[1:] == [
        ("2 × Static-Ip, 15/30 days", 30_000),
        ("Home", 300_000),
        ("Static-Ip", 60_000),
    ]


def test_an_add_on_keeps_to_the_weeks_of_its_service_when_runs_were_missed(
    isp: Run, clock: MovedClock
) -> None:
    service = make_service(isp, price_id=make_price(isp, amount=kes(700), interval=Interval.WEEK))
    sale = AddOnSale(make_add_on(isp))
    go_to(isp, clock, date(2026, 12, 4))  # in the second week, which no run has billed yet
    outcome = change(isp, add_add_on, subscription_id=service.subscription_id, sale=sale)
    assert [line.ends_on for line in outcome.charges] == [date(2026, 12, 7)] * 2
    assert outcome.next_bill_on == date(2026, 12, 7)


def test_an_add_on_that_joins_and_leaves_on_one_day_costs_nothing(isp: Run, clock: MovedClock) -> None:
    service = home(isp)
    add_on_id = make_add_on(isp)
    go_to(isp, clock, HALF_WAY)
    change(isp, add_add_on, subscription_id=service.subscription_id, sale=AddOnSale(add_on_id))
    outcome = change(isp, remove_add_on, subscription_add_on_id=newest_add_on(isp, service))
    assert (outcome.credited, outcome.charges) == (kes(150), ())
    assert isp.read(owed, customer_id=service.customer_id) == kes(3_000)
    bill_on(isp, NEXT)
    assert isp.read(lines_of, subscription_id=service.subscription_id)[-1] == ("Home", 300_000)
    with pytest.raises(Conflict):
        isp(remove_add_on, subscription_add_on_id=newest_add_on(isp, service))


def test_an_add_on_that_leaves_at_period_end_is_not_credited(isp: Run, clock: MovedClock) -> None:
    service = home(isp)
    change(isp, add_add_on, subscription_id=service.subscription_id, sale=AddOnSale(make_add_on(isp)))
    go_to(isp, clock, HALF_WAY)
    outcome = change(
        isp, remove_add_on, subscription_add_on_id=newest_add_on(isp, service), when=ChangeTiming.PERIOD_END
    )
    assert (outcome.effective_on, outcome.credits) == (NEXT, ())
    bill_on(isp, NEXT)
    assert isp.read(lines_of, subscription_id=service.subscription_id)[-1] == ("Home", 300_000)


def test_in_arrears_an_add_on_is_billed_for_the_days_it_was_there(isp: Run, clock: MovedClock) -> None:
    service = home(isp, timing=ChargeTiming.ARREARS)
    outcome = change(
        isp, add_add_on, subscription_id=service.subscription_id, sale=AddOnSale(make_add_on(isp))
    )
    assert outcome.charges == ()
    go_to(isp, clock, HALF_WAY)
    assert change(isp, remove_add_on, subscription_add_on_id=newest_add_on(isp, service)).invoiced == kes(150)


def test_what_is_sold_once_is_charged_once(isp: Run) -> None:
    service = home(isp)
    sale = AddOnSale(make_add_on(isp, code="CABLE", amount=kes(500), is_recurring=False), unit=kes(450))
    assert change(isp, add_add_on, subscription_id=service.subscription_id, sale=sale).invoiced == kes(450)
    bill_on(isp, NEXT)
    assert isp.read(owed, customer_id=service.customer_id) == kes(6_450)
    with pytest.raises(Conflict):
        isp(remove_add_on, subscription_add_on_id=newest_add_on(isp, service))


def test_in_a_trial_an_add_on_is_free_like_the_plan(isp: Run) -> None:
    service = home(isp, trial_days=14)
    outcome = change(
        isp, add_add_on, subscription_id=service.subscription_id, sale=AddOnSale(make_add_on(isp))
    )
    assert (outcome.charges, outcome.next_bill_on) == ((), date(2026, 12, 7))
    assert bill_on(isp, date(2026, 12, 7)) == 1
    assert isp.read(owed, customer_id=service.customer_id) == kes(3_300)


def test_add_ons_stop_a_change_to_another_interval(isp: Run) -> None:
    service = home(isp)
    weekly = make_price(isp, code="WEEK", amount=kes(700), interval=Interval.WEEK)
    change(isp, add_add_on, subscription_id=service.subscription_id, sale=AddOnSale(make_add_on(isp)))
    with pytest.raises(Conflict):
        isp(change_plan, subscription_id=service.subscription_id, plan_price_id=weekly)


def test_a_discount_takes_off_the_next_periods_as_often_as_it_says(isp: Run) -> None:
    service = home(isp)
    discount_id = make_discount(isp, periods=2)
    isp(give_discount, subscription_id=service.subscription_id, discount_id=discount_id)
    with pytest.raises(Conflict):
        isp(give_discount, subscription_id=service.subscription_id, discount_id=discount_id)
    owed_after = []
    for day in (NEXT, date(2027, 1, 23), date(2027, 2, 23)):
        bill_on(isp, day)
        owed_after.append(isp.read(owed, customer_id=service.customer_id))
    assert owed_after == [kes(4_500), kes(6_000), kes(9_000)]


def test_an_upgrade_does_not_use_a_discount_up_twice(isp: Run, clock: MovedClock) -> None:
    service = home(isp)
    isp(give_discount, subscription_id=service.subscription_id, discount_id=make_discount(isp, periods=1))
    bill_on(isp, NEXT)
    go_to(isp, clock, date(2027, 1, 1))
    better = make_price(isp, code="HOME-20", amount=kes(6_200))
    outcome = change(isp, change_plan, subscription_id=service.subscription_id, plan_price_id=better)
    # 22 of 31 days: 3,000 comes back less its discount, each rounded; half of 6,200 is charged.
    assert (outcome.credited.minor, outcome.invoiced) == (106_451, kes(2_200))
    bill_on(isp, date(2027, 1, 23))
    assert isp.read(lines_of, subscription_id=service.subscription_id)[-1] == ("Home-20", 620_000)


def test_a_discount_that_is_taken_back_leaves_billed_periods_alone(isp: Run) -> None:
    service = home(isp)
    given = isp(give_discount, subscription_id=service.subscription_id, discount_id=make_discount(isp))
    bill_on(isp, NEXT)
    isp(take_discount, subscription_discount_id=given)
    bill_on(isp, date(2027, 1, 23))
    assert isp.read(owed, customer_id=service.customer_id) == kes(7_500)


def test_a_payer_is_billed_from_then_on_and_open_invoices_stay(isp: Run) -> None:
    service = home(isp)
    landlord = make_customer(isp, name="Nakuru Flats", phone="0711000001").customer_id
    isp(set_payer, customer_id=service.customer_id, payer_id=landlord)
    bill_on(isp, NEXT)
    assert isp.read(payers_of, subscription_id=service.subscription_id) == [service.customer_id, landlord]
    assert isp.read(owed, customer_id=service.customer_id) == kes(3_000)
    isp(set_payer, customer_id=service.customer_id, payer_id=None)
    bill_on(isp, date(2027, 1, 23))
    assert isp.read(payers_of, subscription_id=service.subscription_id)[-1] == service.customer_id


def test_a_payer_has_no_payer(isp: Run) -> None:
    tenant = make_customer(isp).customer_id
    landlord = make_customer(isp, name="Nakuru Flats", phone="0711000001").customer_id
    owner = make_customer(isp, name="Rift Estates", phone="0711000002").customer_id
    isp(set_payer, customer_id=tenant, payer_id=landlord)
    with pytest.raises(Conflict):
        isp(set_payer, customer_id=landlord, payer_id=owner)
    with pytest.raises(InvalidInput):
        isp(set_payer, customer_id=owner, payer_id=tenant)
    with pytest.raises(InvalidInput):
        isp(set_payer, customer_id=owner, payer_id=owner)
