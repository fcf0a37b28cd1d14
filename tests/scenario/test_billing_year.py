"""Billing through months under a moved clock, against lists that were written by hand."""

from datetime import UTC, date, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import pytest

from benfex.core.clock import MovedClock, local_date
from benfex.core.policy import save_profile
from benfex.payments.cash import record_cash_payment
from benfex.subscriptions.lifecycle import end_subscription
from benfex.subscriptions.pausing import pause_subscription, resume_subscription
from benfex.subscriptions.plan_changes import change_plan
from data.values.identifiers import CustomerId, PlanPriceId
from data.values.kinds import CashMethod, ChangeTiming, Interval
from data.values.money import Money
from tests.conftest import Run
from tests.factories.customers import MadeService, make_customer, make_service
from tests.factories.isp import kes, make_price, make_router, set_up_isp
from tests.factories.looks import assert_books_sound, owed
from tests.factories.running import events_of, live_until, run_bills, wake_at
from tests.factories.services import lines_of, standing

pytestmark = pytest.mark.sqlite_only

_receipts = count(1)


@pytest.fixture
def isp(run: Run, clock: MovedClock) -> Run:
    clock.move_to(datetime(2027, 1, 1, 9, tzinfo=UTC))
    set_up_isp(run)
    return run


def sell(isp: Run, clock: MovedClock, day: date, *, price_id: PlanPriceId | None = None) -> MadeService:
    wake_at(clock, day)
    return make_service(isp, price_id=price_id)


def pay(isp: Run, service: MadeService, amount: Money) -> None:
    isp(
        record_cash_payment,
        customer_id=service.customer_id,
        amount=amount,
        method=CashMethod.CASH,
        reference=f"R-{next(_receipts)}",
    )


def bills(isp: Run, customer_id: CustomerId, zone: str = "Africa/Nairobi") -> list[tuple[str, int]]:
    events = isp.read(events_of, customer_id=customer_id, zone=zone)
    return [(day, amount) for day, what, amount in events if what == "billed"]


def test_the_year_of_a_subscriber_born_on_the_31st_of_january(isp: Run, clock: MovedClock) -> None:
    service = sell(isp, clock, date(2027, 1, 31))
    pay(isp, service, kes(2_500))
    live_until(isp, clock, date(2027, 5, 10))
    isp(pause_subscription, subscription_id=service.subscription_id, reason="travels")
    live_until(isp, clock, date(2027, 5, 20))
    isp(resume_subscription, subscription_id=service.subscription_id)
    live_until(isp, clock, date(2027, 6, 3))
    pay(isp, service, kes(20_000))
    live_until(isp, clock, date(2028, 3, 5))
    isp(
        end_subscription,
        subscription_id=service.subscription_id,
        reason="moves away",
        when=ChangeTiming.PERIOD_END,
    )
    live_until(isp, clock, date(2028, 6, 1))
    assert isp.read(events_of, customer_id=service.customer_id) == [
        ("2027-01-31", "billed", 2_500_00),
        ("2027-01-31", "active", 0),
        ("2027-01-31", "paid", 2_500_00),
        ("2027-02-28", "billed", 2_500_00),
        ("2027-03-31", "billed", 2_500_00),
        ("2027-04-30", "billed", 2_500_00),
        ("2027-05-10", "credited", 1_693_55),  # 21 of 31 days, from 30 April to 31 May
        ("2027-05-10", "paused", 0),
        ("2027-05-20", "billed", 887_10),  # 11 of 31 days
        ("2027-05-20", "active", 0),
        ("2027-05-31", "billed", 2_500_00),
        ("2027-06-03", "paid", 20_000_00),
        ("2027-06-30", "billed", 2_500_00),
        ("2027-07-31", "billed", 2_500_00),
        ("2027-08-31", "billed", 2_500_00),
        ("2027-09-30", "billed", 2_500_00),
        ("2027-10-31", "billed", 2_500_00),
        ("2027-11-30", "billed", 2_500_00),
        ("2027-12-31", "billed", 2_500_00),
        ("2028-01-31", "billed", 2_500_00),
        ("2028-02-29", "billed", 2_500_00),
        ("2028-03-31", "ended", 0),
    ]
    # 14 months and 887.10 billed, 1,693.55 credited, 22,500 paid.
    assert isp.read(owed, customer_id=service.customer_id) == Money(11_693_55, "KES")
    assert_books_sound(isp)


def test_an_upgrade_on_the_last_day_of_a_period_credits_and_charges_one_day(
    isp: Run, clock: MovedClock
) -> None:
    faster = make_price(isp, code="FAST", amount=kes(4_000))
    service = sell(isp, clock, date(2027, 3, 1))
    live_until(isp, clock, date(2027, 3, 31))
    isp(change_plan, subscription_id=service.subscription_id, plan_price_id=faster)
    live_until(isp, clock, date(2027, 5, 1))
    assert isp.read(events_of, customer_id=service.customer_id) == [
        ("2027-03-01", "billed", 2_500_00),
        ("2027-03-01", "active", 0),
        ("2027-03-31", "credited", 80_65),  # 2,500 / 31
        ("2027-03-31", "billed", 129_03),  # 4,000 / 31
        ("2027-04-01", "billed", 4_000_00),
        ("2027-05-01", "billed", 4_000_00),
    ]
    assert_books_sound(isp)


def test_a_downgrade_asked_for_on_the_last_day_begins_the_day_after(isp: Run, clock: MovedClock) -> None:
    slower = make_price(isp, code="SLOW", amount=kes(1_500))
    service = sell(isp, clock, date(2027, 3, 1))
    live_until(isp, clock, date(2027, 3, 31))
    isp(
        change_plan,
        subscription_id=service.subscription_id,
        plan_price_id=slower,
        when=ChangeTiming.PERIOD_END,
    )
    live_until(isp, clock, date(2027, 5, 2))
    assert bills(isp, service.customer_id) == [
        ("2027-03-01", 2_500_00),
        ("2027-04-01", 1_500_00),
        ("2027-05-01", 1_500_00),
    ]
    assert_books_sound(isp)


def test_a_service_that_starts_on_a_leap_day(isp: Run, clock: MovedClock) -> None:
    service = sell(isp, clock, date(2028, 2, 29))
    boundaries = [
        "2028-02-29",
        "2028-03-29",
        "2028-04-29",
        "2028-05-29",
        "2028-06-29",
        "2028-07-29",
        "2028-08-29",
        "2028-09-29",
        "2028-10-29",
        "2028-11-29",
        "2028-12-29",
        "2029-01-29",
        "2029-02-28",
        "2029-03-29",
    ]
    for boundary in boundaries[1:]:  # the day before bills nothing, the day itself once
        day = date.fromisoformat(boundary)
        wake_at(clock, day - timedelta(days=1))
        assert run_bills(isp, day - timedelta(days=1)) == 0
        wake_at(clock, day)
        assert [run_bills(isp, day), run_bills(isp, day)] == [1, 0]
    assert bills(isp, service.customer_id) == [(boundary, 2_500_00) for boundary in boundaries]


def test_a_yearly_plan_from_a_leap_day_comes_back_to_it(isp: Run, clock: MovedClock) -> None:
    yearly = make_price(isp, amount=kes(24_000), interval_count=12)
    service = sell(isp, clock, date(2028, 2, 29), price_id=yearly)
    for day in (date(2028, 2, 29) + timedelta(days=offset) for offset in range(360, 1_500)):
        if day.day in (1, 27, 28, 29):
            wake_at(clock, day)
            run_bills(isp, day)
    assert bills(isp, service.customer_id) == [
        ("2028-02-29", 24_000_00),
        ("2029-02-28", 24_000_00),
        ("2030-02-28", 24_000_00),
        ("2031-02-28", 24_000_00),
        ("2032-02-29", 24_000_00),
    ]


@pytest.mark.parametrize(
    ("zone", "from_at", "days"),
    [
        # The clocks of London go forward on 28 March 2027 and back on 31 October.
        (
            "Europe/London",
            datetime(2027, 3, 26, 23, 30, tzinfo=UTC),
            ["2027-03-26", "2027-03-27", "2027-03-28", "2027-03-29"],
        ),
        (
            "Europe/London",
            datetime(2027, 10, 29, 23, 30, tzinfo=UTC),  # half past midnight of the 30th
            ["2027-10-30", "2027-10-31", "2027-11-01"],
        ),
        # On Kiritimati it is the next day from ten in the morning of UTC on.
        (
            "Pacific/Kiritimati",
            datetime(2027, 2, 26, 10, 30, tzinfo=UTC),
            ["2027-02-27", "2027-02-28", "2027-03-01"],
        ),
    ],
)
def test_a_daily_plan_is_billed_once_a_local_day_however_often_the_run_wakes(
    isp: Run, clock: MovedClock, zone: str, from_at: datetime, days: list[str]
) -> None:
    isp(save_profile, name="Far Away Net", currency="KES", timezone=zone)
    clock.move_to(from_at)
    service = make_service(isp, price_id=make_price(isp, amount=kes(100), interval=Interval.DAY))
    last = date.fromisoformat(days[-1])
    issued = [(str(local_date(clock.now(), zone)), 1)]
    clock.advance(timedelta(hours=1))
    while local_date(clock.now(), zone) <= last:
        today = local_date(clock.now(), zone)
        if run_bills(isp, today):
            issued.append((str(today), clock.now().astimezone(ZoneInfo(zone)).hour))
        clock.advance(timedelta(hours=1))
    assert bills(isp, service.customer_id, zone) == [(day, 100_00) for day in days]
    assert [day for day, _ in issued] == days
    assert {hour for _, hour in issued[1:]} == {0}  # in the first hour of each local day


def test_a_month_begins_on_the_local_day_on_kiritimati(isp: Run, clock: MovedClock) -> None:
    zone = "Pacific/Kiritimati"
    isp(save_profile, name="Far Away Net", currency="KES", timezone=zone)
    clock.move_to(datetime(2027, 1, 30, 10, 30, tzinfo=UTC))  # half past midnight of the 31st
    service = make_service(isp)
    for instant, invoices in [
        (datetime(2027, 2, 27, 9, 59, tzinfo=UTC), 0),  # a minute to midnight of the 27th
        (datetime(2027, 2, 27, 10, 0, tzinfo=UTC), 1),
        (datetime(2027, 2, 28, 9, 59, tzinfo=UTC), 0),
        (datetime(2027, 3, 30, 9, 59, tzinfo=UTC), 0),
        (datetime(2027, 3, 30, 10, 0, tzinfo=UTC), 1),
    ]:
        clock.move_to(instant)
        assert run_bills(isp, local_date(instant, zone)) == invoices, instant
    assert bills(isp, service.customer_id, zone) == [
        ("2027-01-31", 2_500_00),
        ("2027-02-28", 2_500_00),
        ("2027-03-31", 2_500_00),
    ]


def test_a_server_that_was_off_for_forty_days_catches_up_exactly(isp: Run, clock: MovedClock) -> None:
    wake_at(clock, date(2027, 3, 1))
    router_id = make_router(isp)
    plans = {"month": kes(2_500), "week": kes(700), "day": kes(100)}
    made = {}
    for number, (interval, amount) in enumerate(plans.items()):
        made[interval] = make_service(
            isp,
            customer=make_customer(isp, phone=f"071200000{number}"),
            price_id=make_price(isp, code=f"P-{interval}", amount=amount, interval=Interval(interval)),
            router_id=router_id,
            username=interval,
        )
    live_until(isp, clock, date(2027, 3, 10))
    wake_at(clock, date(2027, 4, 19))  # forty days without a run
    assert [run_bills(isp, date(2027, 4, 19)) for _ in range(2)] == [3, 0]
    monthly, weekly, daily = (made[interval] for interval in plans)
    assert bills(isp, monthly.customer_id) == [("2027-03-01", 2_500_00), ("2027-04-19", 2_500_00)]
    assert bills(isp, weekly.customer_id) == [
        ("2027-03-01", 700_00),
        ("2027-03-08", 700_00),
        ("2027-04-19", 4_200_00),  # the weeks of 15, 22, 29 March and 5, 12, 19 April
    ]
    assert bills(isp, daily.customer_id) == [
        *((f"2027-03-{day:02d}", 100_00) for day in range(1, 11)),
        ("2027-04-19", 4_000_00),  # 21 days of March and 19 of April
    ]
    lines = isp.read(lines_of, subscription_id=daily.subscription_id)
    assert [amount for _, amount in lines] == [100_00] * 50
    bills_on = [
        isp.read(standing, subscription_id=service.subscription_id).bills_on for service in made.values()
    ]
    assert bills_on == [date(2027, 5, 1), date(2027, 4, 26), date(2027, 4, 20)]
    live_until(isp, clock, date(2027, 4, 20))
    assert bills(isp, daily.customer_id)[-1] == ("2027-04-20", 100_00)
    assert_books_sound(isp)
