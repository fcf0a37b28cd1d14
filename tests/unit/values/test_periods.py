"""Billing dates: half-open periods and anchors that clamp and spring back."""

from datetime import UTC, date, datetime

import pytest

from data.values.errors import InvalidInput
from data.values.kinds import Interval
from data.values.periods import Period, add_months, cycle_ending, next_boundary, period_from

MARCH = Period(date(2026, 3, 1), date(2026, 4, 1))


def test_a_period_holds_its_first_day_and_not_its_end() -> None:
    assert MARCH.days == 31
    assert MARCH.last_day == date(2026, 3, 31)
    assert date(2026, 3, 1) in MARCH
    assert date(2026, 3, 31) in MARCH
    assert date(2026, 4, 1) not in MARCH


def test_a_period_of_no_days_is_refused() -> None:
    with pytest.raises(InvalidInput) as refused:
        Period(date(2026, 3, 1), date(2026, 3, 1))
    assert refused.value.field == "ends_on"


def test_an_instant_is_no_billing_date() -> None:
    with pytest.raises(TypeError, match="starts_on"):
        Period(datetime(2026, 3, 1, tzinfo=UTC), date(2026, 4, 1))
    with pytest.raises(TypeError, match="day"):
        assert datetime(2026, 3, 1, tzinfo=UTC) in MARCH


def test_periods_that_only_touch_share_no_day() -> None:
    april = Period(date(2026, 4, 1), date(2026, 5, 1))
    assert MARCH.intersect(april) is None
    assert MARCH.intersect(Period(date(2026, 3, 20), date(2026, 4, 10))) == Period(
        date(2026, 3, 20), date(2026, 4, 1)
    )


def test_an_anchor_of_31_clamps_in_february_and_springs_back_in_march() -> None:
    assert add_months(date(2026, 1, 31), 1, 31) == date(2026, 2, 28)
    assert add_months(date(2026, 2, 28), 1, 31) == date(2026, 3, 31)
    assert add_months(date(2028, 1, 31), 1, 31) == date(2028, 2, 29)
    assert add_months(date(2026, 1, 15), -1, 31) == date(2025, 12, 31)


@pytest.mark.parametrize("anchor_day", [0, 32, -1])
def test_a_billing_day_outside_the_month_is_refused(anchor_day: int) -> None:
    with pytest.raises(InvalidInput) as refused:
        add_months(date(2026, 1, 1), 1, anchor_day)
    assert refused.value.field == "anchor_day"


@pytest.mark.parametrize(
    ("day", "interval", "count", "anchor_day", "boundary"),
    [
        (date(2026, 1, 15), Interval.MONTH, 1, 15, date(2026, 2, 15)),
        (date(2026, 1, 10), Interval.MONTH, 1, 15, date(2026, 1, 15)),
        (date(2026, 1, 20), Interval.MONTH, 1, 15, date(2026, 2, 15)),
        (date(2026, 2, 28), Interval.MONTH, 1, 30, date(2026, 3, 30)),
        (date(2026, 1, 15), Interval.MONTH, 3, 15, date(2026, 4, 15)),
        (date(2026, 1, 20), Interval.MONTH, 3, 15, date(2026, 2, 15)),
        (date(2026, 1, 31), Interval.MONTH, 12, 31, date(2027, 1, 31)),
        (date(2026, 12, 30), Interval.WEEK, 1, 1, date(2027, 1, 6)),
        (date(2026, 12, 30), Interval.DAY, 3, 1, date(2027, 1, 2)),
    ],
)
def test_the_next_boundary_is_the_next_bill_day(
    day: date, interval: Interval, count: int, anchor_day: int, boundary: date
) -> None:
    assert next_boundary(day, interval, count, anchor_day) == boundary
    assert period_from(day, interval, count, anchor_day) == Period(day, boundary)


def test_a_short_first_period_is_part_of_the_full_cycle_that_ends_with_it() -> None:
    first = period_from(date(2026, 1, 20), Interval.MONTH, 1, 1)
    full = cycle_ending(first.ends_on, Interval.MONTH, 1, 1)
    assert (first.days, full.days) == (12, 31)
    assert cycle_ending(date(2026, 3, 8), Interval.WEEK, 1, 1).days == 7


def test_hours_have_no_billing_date() -> None:
    with pytest.raises(ValueError, match="hour"):
        next_boundary(date(2026, 1, 1), Interval.HOUR, 1, 1)


@pytest.mark.parametrize("interval", [Interval.DAY, Interval.WEEK, Interval.MONTH])
def test_a_period_of_no_intervals_is_refused(interval: Interval) -> None:
    with pytest.raises(InvalidInput) as refused:
        next_boundary(date(2026, 1, 1), interval, 0, 1)
    assert refused.value.field == "interval_count"
