"""Equations of money that hold for every amount."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from data.values.money import CURRENCIES, LARGEST_MINOR, Money, parse_money, round_half_up

minors = st.integers(-(10**13), 10**13)
currencies = st.sampled_from(sorted(CURRENCIES))
weights = st.lists(st.integers(0, 10**6), min_size=1, max_size=30).filter(any)


@given(minors, currencies, weights)
def test_split_parts_add_up_to_the_whole(minor: int, currency: str, shares: list[int]) -> None:
    parts = Money(minor, currency).split(shares)
    assert len(parts) == len(shares)
    assert sum(part.minor for part in parts) == minor


@given(minors, weights)
def test_no_split_part_is_a_whole_unit_off_its_exact_share(minor: int, shares: list[int]) -> None:
    for part, weight in zip(Money(minor, "KES").split(shares), shares, strict=True):
        assert abs(part.minor - Fraction(minor * weight, sum(shares))) < 1


@given(minors, weights)
def test_a_credit_splits_as_the_mirror_of_its_charge(minor: int, shares: list[int]) -> None:
    charge = Money(minor, "KES")
    assert (-charge).split(shares) == tuple(-part for part in charge.split(shares))


@given(st.integers(), st.integers(1, 10**9))
def test_rounding_is_symmetric_and_halves_go_away_from_zero(numerator: int, denominator: int) -> None:
    rounded = round_half_up(numerator, denominator)
    distance = abs(Fraction(numerator, denominator) - rounded)
    assert distance <= Fraction(1, 2)
    if distance == Fraction(1, 2):
        assert abs(rounded) > abs(Fraction(numerator, denominator))
    assert round_half_up(-numerator, denominator) == -rounded


@given(minors, st.integers(0, 366), st.integers(1, 366))
def test_used_and_unused_days_make_the_full_price(minor: int, used: int, cycle: int) -> None:
    price = Money(minor, "KES")
    part = price.share(min(used, cycle), cycle)
    assert part + (price - part) == price
    assert abs(part) <= abs(price)
    assert price.share(cycle, cycle) == price


@given(minors, st.integers(1, 10**6))
def test_rounding_up_to_a_step_reaches_the_next_step_and_no_further(minor: int, step: int) -> None:
    rounded = Money(minor, "KES").rounded_up_to(step)
    assert rounded.minor % step == 0
    assert 0 <= rounded.minor - minor < step


@given(st.integers(-LARGEST_MINOR, LARGEST_MINOR), currencies)
def test_what_is_written_is_read_back(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    assert parse_money(money.format(), currency) == money
    assert parse_money(money.format_exact(), currency) == money


@given(minors, minors, minors)
def test_adding_is_as_on_paper(a: int, b: int, c: int) -> None:
    x, y, z = (Money(minor, "KES") for minor in (a, b, c))
    assert (x + y) + z == x + (y + z)
    assert x + y == y + x
    assert x - x == Money.zero("KES")
    assert (x < y) == (a < b)
