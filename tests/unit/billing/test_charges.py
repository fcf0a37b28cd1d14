"""What a service is charged for, period by period."""

from datetime import date

from benfex.billing.charges import (
    ChargedItem,
    CycleTerms,
    DiscountTerms,
    ServiceTerms,
    due_charges,
    next_billing_date,
    setup_charge,
)
from data.values.identifiers import SubscriptionId
from data.values.kinds import ChargeTiming, DiscountKind, Interval, LineKind
from data.values.money import Money
from data.values.periods import Period

SUBSCRIPTION = SubscriptionId(7)
FIRST = date(2026, 11, 23)


def plan(charged_through_on: date = FIRST, *, ends_on: date | None = None) -> ChargedItem:
    return ChargedItem(
        "price", "Home 10", LineKind.RECURRING, 310_000, None, charged_through_on, ends_on=ends_on
    )


def service(
    *items: ChargedItem,
    anchor_day: int = 23,
    timing: ChargeTiming = ChargeTiming.ADVANCE,
    period_ends_on: date = FIRST,
    discounts: tuple[DiscountTerms, ...] = (),
    opens_with_full_on: date | None = None,
) -> ServiceTerms:
    return ServiceTerms(
        SUBSCRIPTION,
        "KES",
        CycleTerms(Interval.MONTH, 1, anchor_day, timing),
        items or (plan(),),
        period_ends_on,
        discounts=discounts,
        opens_with_full_on=opens_with_full_on,
    )


def test_a_whole_period_is_charged_at_the_price_on_its_first_day() -> None:
    due = due_charges(service(), on=FIRST)
    (line,) = due.lines
    assert (line.kind, line.amount) == (LineKind.RECURRING, Money(310_000, "KES"))
    assert line.period == due.period == Period(FIRST, date(2026, 12, 23))
    assert line.billing_key == "7:price.0:2026-11-23"


def test_a_part_of_a_cycle_is_charged_by_its_days_and_says_so() -> None:
    due = due_charges(service(plan(date(2026, 12, 20)), anchor_day=1), on=date(2026, 12, 20))
    (line,) = due.lines
    assert (line.kind, line.amount.minor) == (LineKind.PRORATION, 120_000)
    assert line.description == "Home 10, 12/31 days"


def test_an_opening_with_part_and_full_charges_both_at_once_and_stays_in_the_running_cycle() -> None:
    opening = service(anchor_day=1, opens_with_full_on=FIRST)
    due = due_charges(opening, on=FIRST)
    assert [(line.period, line.amount.minor) for line in due.lines] == [
        (Period(FIRST, date(2026, 12, 1)), 82_667),  # 8 of 30 days
        (Period(date(2026, 12, 1), date(2027, 1, 1)), 310_000),
    ]
    assert due.period == Period(date(2026, 11, 1), date(2026, 12, 1))
    assert due.charged_through == (date(2027, 1, 1),)
    later = service(plan(date(2026, 11, 25)), anchor_day=1, opens_with_full_on=FIRST)
    assert len(due_charges(later, on=date(2026, 11, 25)).lines) == 1


def test_missed_months_are_caught_up_one_line_each() -> None:
    due = due_charges(service(), on=date(2027, 1, 23))
    assert [line.period.starts_on for line in due.lines if line.period] == [
        FIRST,
        date(2026, 12, 23),
        date(2027, 1, 23),
    ]
    assert due.charged_through == (date(2027, 2, 23),)


def test_in_arrears_a_period_is_charged_when_it_is_over() -> None:
    late = service(timing=ChargeTiming.ARREARS, period_ends_on=date(2026, 12, 23))
    assert due_charges(late, on=date(2026, 12, 22)).lines == ()
    assert len(due_charges(late, on=date(2026, 12, 23)).lines) == 1
    assert next_billing_date(late) == date(2026, 12, 23)


def test_the_last_period_stops_at_the_day_the_service_ends() -> None:
    due = due_charges(service(plan(ends_on=date(2026, 12, 8))), on=date(2027, 3, 1))
    (line,) = due.lines
    assert line.period == Period(FIRST, date(2026, 12, 8))
    assert line.amount.minor == 155_000  # 15 of 30 days


def test_an_add_on_that_joined_late_is_charged_to_the_end_of_the_running_cycle() -> None:
    extra = ChargedItem("addon:3", "Fixed address", LineKind.ADD_ON, 30_000, None, date(2026, 12, 13))
    due = due_charges(
        service(plan(date(2026, 12, 23)), extra, period_ends_on=date(2026, 12, 23)), on=date(2026, 12, 13)
    )
    (line,) = due.lines
    assert (line.amount.minor, line.description) == (10_000, "Fixed address, 10/30 days")
    assert due.charged_through == (date(2026, 12, 23), date(2026, 12, 23))


def test_discounts_never_take_off_more_than_the_period_costs() -> None:
    half = DiscountTerms(1, "Opening", DiscountKind.PERCENT, 5_000, 0, FIRST, periods_left=1)
    much = DiscountTerms(2, "Goodwill", DiscountKind.FIXED, 0, 999_999, FIRST)
    due = due_charges(service(discounts=(half, much)), on=date(2026, 12, 23))
    assert [line.amount.minor for line in due.lines] == [310_000, -155_000, -155_000, 310_000, -310_000]
    assert due.discounts_used == (1, 2)


def test_a_setup_fee_is_charged_once() -> None:
    line = setup_charge(subscription_id=SUBSCRIPTION, plan_name="Home", fee=Money(50_000, "KES"), tax=None)
    assert line is not None
    assert (line.amount, line.billing_key) == (Money(50_000, "KES"), "7:setup:once")


def test_no_setup_fee_makes_no_line() -> None:
    assert (
        setup_charge(subscription_id=SUBSCRIPTION, plan_name="Home", fee=Money.zero("KES"), tax=None) is None
    )
