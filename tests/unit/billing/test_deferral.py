"""What is for days ahead is earned with those days, and all of it by their end."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from benfex.billing.deferral import deferred_part, earned_part, unearned_part
from data.values.periods import Period

DECEMBER = Period(date(2026, 12, 1), date(2027, 1, 1))


def test_a_period_ahead_is_deferred_whole_and_one_that_is_over_not_at_all() -> None:
    assert deferred_part(31_000, period=DECEMBER, issued_on=date(2026, 12, 1)) == 31_000
    assert deferred_part(31_000, period=DECEMBER, issued_on=date(2027, 1, 1)) == 0
    assert deferred_part(31_000, period=None, issued_on=date(2026, 12, 1)) == 0


def test_of_a_period_billed_late_only_the_days_ahead_are_deferred() -> None:
    assert deferred_part(31_000, period=DECEMBER, issued_on=date(2026, 12, 11)) == 21_000


def test_a_day_earns_its_share() -> None:
    days = {"starts_on": DECEMBER.starts_on, "ends_on": DECEMBER.ends_on}
    assert earned_part(31_000, on=date(2026, 11, 1), **days) == 0
    assert earned_part(31_000, on=date(2026, 12, 2), **days) == 1_000
    assert earned_part(31_000, on=date(2026, 12, 31), **days) == 30_000


def test_a_credit_takes_from_what_is_not_earned_first() -> None:
    assert unearned_part(31_000, earned_minor=10_000, credited_minor=5_000) == 5_000
    assert unearned_part(31_000, earned_minor=10_000, credited_minor=30_000) == 21_000
    assert unearned_part(-3_100, earned_minor=-1_000, credited_minor=-3_000) == -2_100
    assert unearned_part(0, earned_minor=0, credited_minor=9) == 0


@given(st.integers(-10_000_000, 10_000_000), st.integers(1, 400))
def test_days_earn_all_of_it_and_never_backwards(deferred: int, days: int) -> None:
    start = date(2026, 12, 1)
    end = start + timedelta(days=days)
    steps = [
        abs(earned_part(deferred, starts_on=start, ends_on=end, on=start + timedelta(days=day)))
        for day in range(days + 2)
    ]
    assert steps == sorted(steps)
    assert steps[-1] == steps[-2] == abs(deferred)
