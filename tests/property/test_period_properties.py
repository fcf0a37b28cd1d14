"""Equations of billing dates that hold for every anchor."""

import calendar
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.values.kinds import Interval
from data.values.periods import Period, add_months, cycle_ending, next_boundary, period_from

days = st.dates(date(2000, 1, 1), date(2090, 12, 31))
anchors = st.integers(1, 31)
dated_intervals = st.sampled_from([Interval.DAY, Interval.WEEK, Interval.MONTH])


@pytest.mark.parametrize("anchor_day", range(1, 32))
def test_months_tile_without_gap_and_every_boundary_is_the_anchor(anchor_day: int) -> None:
    start = add_months(date(2023, 12, 1), 0, anchor_day)
    periods = [period_from(start, Interval.MONTH, 1, anchor_day)]
    for _ in range(60):
        periods.append(period_from(periods[-1].ends_on, Interval.MONTH, 1, anchor_day))
    for before, after in pairwise(periods):
        assert before.ends_on == after.starts_on
        assert (after.starts_on.month - before.starts_on.month) % 12 == 1
    for period in periods:
        last = calendar.monthrange(period.starts_on.year, period.starts_on.month)[1]
        assert period.starts_on.day == min(anchor_day, last)


@given(days, dated_intervals, st.integers(1, 12), anchors)
def test_periods_from_any_day_tile_without_gap(
    start: date, interval: Interval, count: int, anchor_day: int
) -> None:
    first = period_from(start, interval, count, anchor_day)
    second = period_from(first.ends_on, interval, count, anchor_day)
    assert first.starts_on == start
    assert first.ends_on == second.starts_on
    assert first.intersect(second) is None
    # After the first, every period is a full cycle.
    assert cycle_ending(second.ends_on, interval, count, anchor_day) == second


@given(days, dated_intervals, st.integers(1, 12), anchors)
def test_a_first_period_lies_inside_its_full_cycle(
    start: date, interval: Interval, count: int, anchor_day: int
) -> None:
    first = period_from(start, interval, count, anchor_day)
    assert first.intersect(cycle_ending(first.ends_on, interval, count, anchor_day)) == first


@given(days, anchors, st.integers(-600, 600), st.integers(-200, 200))
def test_months_added_in_two_steps_are_the_same_as_in_one(
    day: date, anchor_day: int, first: int, second: int
) -> None:
    assert add_months(add_months(day, first, anchor_day), second, anchor_day) == add_months(
        day, first + second, anchor_day
    )


@given(days, anchors)
def test_the_next_boundary_is_ahead_and_within_a_month(day: date, anchor_day: int) -> None:
    assert timedelta(days=1) <= next_boundary(day, Interval.MONTH, 1, anchor_day) - day <= timedelta(days=31)


@given(days, st.integers(1, 400), days, st.integers(1, 400))
def test_the_common_days_are_those_that_lie_in_both(a: date, a_days: int, b: date, b_days: int) -> None:
    one, other = Period(a, a + timedelta(days=a_days)), Period(b, b + timedelta(days=b_days))
    common = one.intersect(other)
    assert common == other.intersect(one)
    shared = [day for day in (one.starts_on + timedelta(days=n) for n in range(one.days)) if day in other]
    assert (common.days if common else 0) == len(shared)
