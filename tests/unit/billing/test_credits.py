"""A credit is never more than was billed, adds up per rate, and in full it is the line to the cent."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benfex.billing.credits import (
    BilledLine,
    LineCredit,
    amount_credits,
    chosen_credits,
    total_minor,
    unused_credits,
)
from data.values.periods import Period

DECEMBER = Period(date(2026, 12, 1), date(2027, 1, 1))
MONTH = BilledLine(1, 215_517, (34_483,), DECEMBER)


def test_unused_days_are_credited_with_their_share_of_the_tax() -> None:
    (credit,) = unused_credits([MONTH], from_on=date(2026, 12, 21))
    assert (credit.gross_minor, credit.taxes) == (88_710, (12_236,))  # 11/31 of 2,500.00, of it 344.83
    assert credit.period == Period(date(2026, 12, 21), date(2027, 1, 1))


def test_a_line_that_has_not_begun_is_credited_in_full() -> None:
    (credit,) = unused_credits([MONTH], from_on=date(2026, 11, 5))
    assert (credit.net_minor, credit.taxes, credit.period) == (215_517, (34_483,), DECEMBER)


def test_days_that_are_over_and_charges_without_days_give_nothing() -> None:
    setup = BilledLine(2, 100_000, (16_000,))
    assert unused_credits([MONTH, setup], from_on=date(2027, 1, 1)) == ()


def test_days_that_were_credited_are_not_credited_again() -> None:
    once = _after(MONTH, *unused_credits([MONTH], from_on=date(2026, 12, 21)))
    assert unused_credits([once], from_on=date(2026, 12, 25)) == ()
    more = unused_credits([once], from_on=date(2026, 12, 11))
    assert total_minor(more) == 169_355 - 88_710  # 21/31 in all


def test_a_goodwill_credit_takes_nothing_from_unused_days_until_the_line_is_used_up() -> None:
    kind = _after(MONTH, *amount_credits([MONTH], amount_minor=50_000))
    assert total_minor(unused_credits([kind], from_on=date(2026, 12, 21))) == 88_710
    kinder = _after(MONTH, *amount_credits([MONTH], amount_minor=200_000))
    assert total_minor(unused_credits([kinder], from_on=date(2026, 12, 21))) == 50_000


def test_a_discount_is_taken_back_along_with_its_price() -> None:
    discount = BilledLine(2, -21_552, (-3_448,), DECEMBER)
    credits = unused_credits([MONTH, discount], from_on=date(2026, 12, 21))
    assert [credit.gross_minor for credit in credits] == [88_710, -8_871]


def test_a_wholly_discounted_period_gives_nothing_back() -> None:
    discount = BilledLine(2, -215_517, (-34_483,), DECEMBER)
    assert unused_credits([MONTH, discount], from_on=date(2026, 12, 21)) == ()


def test_unused_days_give_no_more_than_the_invoice_has_left() -> None:
    credits = unused_credits([MONTH], from_on=date(2026, 12, 1), limit_minor=70_000)
    assert total_minor(credits) == 70_000
    assert unused_credits([MONTH], from_on=date(2026, 12, 1), limit_minor=0) == ()


def test_an_amount_falls_on_lines_in_proportion() -> None:
    lines = [BilledLine(1, 200), BilledLine(2, 100), BilledLine(3, -60)]
    parts = {credit.line_id: credit.gross_minor for credit in amount_credits(lines, amount_minor=100)}
    assert parts == {1: 83, 2: 42, 3: -25}


def test_two_taxes_are_taken_back_in_proportion() -> None:
    (credit,) = amount_credits([BilledLine(1, 100_000, (15_000, 18_400))], amount_minor=13_340)
    assert (credit.net_minor, credit.taxes) == (10_000, (1_500, 1_840))


def test_chosen_amounts_stay_within_their_line_and_sign() -> None:
    (credit,) = chosen_credits([MONTH], {1: 250_000})
    assert (credit.net_minor, credit.taxes) == (215_517, (34_483,))
    for amount in (250_001, -1):
        with pytest.raises(ValueError, match="left"):
            chosen_credits([MONTH], {1: amount})


def test_more_than_is_left_is_refused() -> None:
    for amount in (250_001, 0, -5):
        with pytest.raises(ValueError, match="left"):
            amount_credits([MONTH], amount_minor=amount)


days = st.dates(date(2026, 11, 25), date(2027, 1, 5))
steps = st.lists(st.one_of(days, st.integers(1, 150_000)), min_size=1, max_size=8)
rates = st.lists(st.integers(0, 40_000), max_size=3).map(tuple)


@given(
    net=st.integers(0, 200_000),
    taxes=rates,
    discounts=st.lists(st.integers(0, 100), max_size=2),
    steps=steps,
)
def test_any_sequence_stays_within_what_was_billed_and_the_rest_is_the_rest(
    net: int, taxes: tuple[int, ...], discounts: list[int], steps: list[date | int]
) -> None:
    lines = [BilledLine(1, net, taxes, DECEMBER)]
    for place, percent in enumerate(discounts):
        off = percent // len(discounts)
        part = tuple(-(tax * off // 100) for tax in taxes)
        lines.append(BilledLine(place + 2, -(net * off // 100), part, DECEMBER))
    billed = list(lines)
    for step in steps:
        left = sum(line.left_minor for line in lines)
        if isinstance(step, int):
            if left <= 0:
                continue
            credits = amount_credits(lines, amount_minor=min(step, left))
            assert total_minor(credits) == min(step, left)
        else:
            credits = unused_credits(lines, from_on=step, limit_minor=left)
        lines = _all_after(lines, credits)
        assert 0 <= sum(line.left_minor for line in lines) <= left
        for line in lines:
            _assert_within(line)
    left = sum(line.left_minor for line in lines)
    if left:
        lines = _all_after(lines, amount_credits(lines, amount_minor=left))
        for line, whole in zip(lines, billed, strict=True):
            assert line.credited_minor == whole.gross_minor
            assert sum(line.credited_taxes) == whole.tax_minor


def _assert_within(line: BilledLine) -> None:
    credited = line.credited_taxes or (0,) * len(line.taxes)
    net = line.credited_minor - sum(credited)
    for taken, whole in [(net, line.net_minor), *zip(credited, line.taxes, strict=True)]:
        assert 0 <= taken <= whole or whole <= taken <= 0


def _all_after(lines: list[BilledLine], credits: tuple[LineCredit, ...]) -> list[BilledLine]:
    by_id = {credit.line_id: credit for credit in credits}
    return [_after(line, by_id[line.line_id]) if line.line_id in by_id else line for line in lines]


def _after(line: BilledLine, credit: LineCredit) -> BilledLine:
    before = line.credited_taxes or (0,) * len(line.taxes)
    for_days = credit.period is not None
    return replace(
        line,
        credited_minor=line.credited_minor + credit.gross_minor,
        credited_taxes=tuple(a + b for a, b in zip(before, credit.taxes, strict=True)),
        unused_minor=line.unused_minor + (credit.gross_minor if for_days else 0),
        unused_tax_minor=line.unused_tax_minor + (credit.tax_minor if for_days else 0),
    )
