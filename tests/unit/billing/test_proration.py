"""A part of a cycle costs its share of the days, rounded once."""

from datetime import date

import pytest

from benfex.billing.charges import CycleTerms
from benfex.billing.proration import Share, share_of
from data.values.kinds import Interval
from data.values.periods import Period

DECEMBER = Period(date(2026, 12, 1), date(2027, 1, 1))


def test_the_whole_cycle_costs_the_whole_price() -> None:
    assert share_of(DECEMBER, cycle=DECEMBER).of(250_001) == 250_001


@pytest.mark.parametrize(
    ("first", "amount"),
    [(date(2026, 12, 20), 96_774), (date(2026, 12, 31), 8_065), (date(2026, 12, 2), 241_935)],
)
def test_a_part_costs_its_days_of_the_real_month(first: date, amount: int) -> None:
    assert share_of(Period(first, DECEMBER.ends_on), cycle=DECEMBER).of(250_000) == amount


def test_halves_round_away_from_nothing_in_both_directions() -> None:
    assert (Share(1, 2).of(5), Share(1, 2).of(-5)) == (3, -3)


def test_an_isp_may_count_each_month_as_thirty_days() -> None:
    part = Period(date(2026, 12, 20), DECEMBER.ends_on)
    assert share_of(part, cycle=DECEMBER, counts_as_days=30) == Share(12, 30)
    nearly_all = Period(date(2026, 12, 1), date(2026, 12, 31))
    assert share_of(nearly_all, cycle=DECEMBER, counts_as_days=30) == Share(30, 30)
    quarter = Period(date(2026, 10, 1), date(2027, 1, 1))
    assert share_of(part, cycle=quarter, counts_as_days=90) == Share(12, 90)


@pytest.mark.parametrize(
    ("interval", "count", "days"),
    [
        (Interval.MONTH, 1, 30),
        (Interval.MONTH, 36, 1_080),
        (Interval.WEEK, 4, None),
        (Interval.DAY, 30, None),
    ],
)
def test_only_months_count_as_a_fixed_number_of_days(
    interval: Interval, count: int, days: int | None
) -> None:
    assert CycleTerms(interval, count, anchor_day=1, fixed_month_days=30).counts_as_days == days
