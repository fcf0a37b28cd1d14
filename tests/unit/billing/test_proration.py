"""A part of a cycle costs its share of the days, rounded once."""

from datetime import date

import pytest

from benfex.billing.proration import Share, share_of
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
    assert share_of(part, cycle=DECEMBER, fixed_month_days=30) == Share(12, 30)
    nearly_all = Period(date(2026, 12, 1), date(2026, 12, 31))
    assert share_of(nearly_all, cycle=DECEMBER, fixed_month_days=30) == Share(30, 30)
    quarter = Period(date(2026, 10, 1), date(2027, 1, 1))
    assert share_of(part, cycle=quarter, fixed_month_days=30) == Share(12, 90)
