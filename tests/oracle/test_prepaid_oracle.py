"""The engine and the oracle sell the same time for the same money, in random histories of prepaid customers."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest

from tests.databases import Databases
from tests.oracle.prepaid import Pass, PrepaidBooks, PrepaidPolicy
from tests.oracle.prepaid_histories import make_prepaid_history, prepaid_difference
from tests.oracle.stage import sqlite_stage
from tests.oracle.terms import Price
from tests.oracle.test_oracle import AGREED

NOON = datetime(2027, 1, 31, 9, tzinfo=UTC)  # in Nairobi
MONTH = Price(31_00, is_prepaid=True)
DAY = Price(100_00, unit="day", is_prepaid=True)


def _bought(price: Price, *moneys: tuple[datetime, int]) -> Pass:
    books = PrepaidBooks(PrepaidPolicy(), [Pass(0, price)])
    for at, amount in moneys:
        books.pay(at, amount)
    return books.passes[0]


def test_the_oracle_adds_months_with_their_ends_clamped_and_springing_back() -> None:
    assert _bought(MONTH, (NOON, 31_00)).until == datetime(2027, 2, 28, 9, tzinfo=UTC)
    assert _bought(MONTH, (NOON, 31_00), (NOON, 31_00)).until == datetime(2027, 3, 31, 9, tzinfo=UTC)


def test_the_oracle_sells_hours_to_the_cent_they_cost() -> None:
    assert _bought(DAY, (NOON, 20_83)).until == datetime(2027, 1, 31, 14, tzinfo=UTC)  # 5/24 of 100
    assert _bought(DAY, (NOON, 20_82)).until == datetime(2027, 1, 31, 13, tzinfo=UTC)


def test_money_buys_the_time_that_the_oracle_says(
    databases: Databases, record_property: Callable[[str, object], None]
) -> None:
    _assert_agreement(databases, range(10))
    record_property(AGREED, 10)


@pytest.mark.deep
def test_money_buys_the_time_that_the_oracle_says_three_hundred_times(
    databases: Databases, record_property: Callable[[str, object], None]
) -> None:
    _assert_agreement(databases, range(1_000, 1_300))
    record_property(AGREED, 300)


def _assert_agreement(databases: Databases, seeds: Sequence[int]) -> None:
    with sqlite_stage(databases) as stage:
        for seed in seeds:
            with stage(None) as engine:
                parted = prepaid_difference(engine, make_prepaid_history(seed), Counter())
            if parted:
                pytest.fail(parted)
