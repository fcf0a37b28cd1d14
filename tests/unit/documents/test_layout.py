from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benfex.documents.codes import qr_code
from benfex.documents.colours import CONTRAST_MIN, WHITE, contrast, parse_colour, readable
from benfex.documents.layout import draw_sheet
from benfex.documents.pagination import paginate
from benfex.documents.sheet import Brand, Column, Party, Sheet, Sum
from benfex.documents.wording import (
    say_amount,
    say_date,
    say_days,
    say_figure,
    say_period,
    say_phone,
    say_tax,
)
from data.values.money import Money
from data.values.periods import Period
from tests.unit.documents.sheets import pages_of

HEIGHTS = st.lists(st.floats(12, 150), max_size=80)


def test_a_table_that_fits_stands_on_one_page() -> None:
    assert paginate([20, 20, 20], first=100, other=200, closing=40) == [3]


def test_rows_go_on_where_the_page_ends() -> None:
    assert paginate([20] * 12, first=100, other=200, closing=40) == [5, 7]


def test_sums_that_do_not_fit_take_rows_along() -> None:
    assert paginate([20] * 5, first=100, other=200, closing=40) == [3, 2]


def test_a_second_row_is_taken_along_only_where_it_fits() -> None:
    assert paginate([12, 12, 127, 12, 149], first=150, other=300, closing=140) == [2, 2, 1]


def test_an_empty_table_has_its_page() -> None:
    assert paginate([], first=100, other=200, closing=40) == [0]


@given(HEIGHTS, st.floats(150, 300), st.floats(300, 700), st.floats(0, 140))
def test_every_row_stands_on_one_page_and_no_page_runs_over(
    heights: list[float], first: float, other: float, closing: float
) -> None:
    pages = paginate(heights, first=first, other=other, closing=closing)
    assert sum(pages) == len(heights)
    start = 0
    for place, count in enumerate(pages):
        used = sum(heights[start : start + count]) + (closing if place == len(pages) - 1 else 0)
        assert used <= (other if place else first) + 1e-6 or count <= 1
        start += count


@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_every_colour_becomes_readable(rgb: tuple[int, int, int]) -> None:
    colour = parse_colour("#{:02x}{:02x}{:02x}".format(*rgb))
    assert contrast(readable(colour), WHITE) >= CONTRAST_MIN


def test_a_readable_colour_stays_as_it_is() -> None:
    assert readable(parse_colour("#3e57da")) == parse_colour("#3e57da")


@pytest.mark.parametrize("text", ["", "#12345", "3e57da0", "#xyzxyz"])
def test_what_is_no_colour_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_colour(text)


def test_a_code_is_square_and_its_runs_lie_in_it() -> None:
    code = qr_code("https://billing.example/pay/1")
    assert code.size % 4 == 1
    assert code.runs[0] == (0, 0, 7)  # the finder in the corner
    assert all(
        0 <= row < code.size and 0 <= column < column + length <= code.size
        for row, column, length in code.runs
    )


def test_dates_periods_and_days_in_words() -> None:
    assert say_date(date(2026, 12, 2)) == "2 Dec 2026"
    assert say_period(Period(date(2026, 11, 25), date(2026, 12, 25))) == "25 Nov – 24 Dec 2026"
    assert say_period(Period(date(2026, 12, 15), date(2027, 1, 15))) == "15 Dec 2026 – 14 Jan 2027"
    assert say_period(Period(date(2026, 12, 15), date(2026, 12, 16))) == "15 Dec 2026"
    assert (say_days(1), say_days(30)) == ("1 day", "30 days")


def test_amounts_have_all_their_decimals_and_a_true_minus() -> None:
    assert say_amount(Money(-250_050, "KES")) == "−KES 2,500.50"
    assert say_figure(Money(250_000, "KES")) == "2,500.00"
    assert say_figure(Money(-37_000, "UGX")) == "−37,000"


def test_a_rate_is_said_once() -> None:
    assert say_tax("VAT", 1_600) == "VAT 16%"
    assert say_tax("VAT 16%", 1_600) == "VAT 16%"
    assert say_tax("Excise", 1_550) == "Excise 15.5%"


def test_phone_numbers_are_grouped_where_the_grouping_is_known() -> None:
    assert say_phone("+254712345126") == "+254 712 345 126"
    assert say_phone("+4930123456") == "+4930123456"


def a_sheet(**parts: Any) -> Sheet:
    plain: dict[str, Any] = {
        "brand": Brand("Net"),
        "kind": "Paper",
        "number": "",
        "facts": (),
        "party": Party("FOR", "Amina"),
        "columns": (Column("WHAT", 1.0),),
        "rows": (),
        "sums": (),
    }
    return Sheet(**plain | parts)


def test_a_table_without_rows_says_why() -> None:
    assert "Nothing here" in pages_of(draw_sheet(a_sheet(empty="Nothing here")))[0]


def test_a_long_label_of_a_sum_is_whole_and_beside_its_value() -> None:
    label = "M-Pesa SFF6XYZ123 received on 26 November 2026 from the neighbour"
    (page,) = pages_of(draw_sheet(a_sheet(sums=(Sum(label, "KES 2,000,000.00"),))))
    assert label in " ".join(page.replace("KES 2,000,000.00", "").split())


def test_closing_words_keep_the_line_breaks_of_their_writer() -> None:
    (page,) = pages_of(draw_sheet(a_sheet(closing="First.\nSecond.")))
    assert "First.\r\nSecond." in page
