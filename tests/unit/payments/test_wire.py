"""Amounts are read from their text and written from their digits, so that no fraction is ever rounded on the way."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benfex.payments.wire import dump_with_amount, instant_of, load, load_object, major_of, money_of, text_of
from data.values.money import Money


@pytest.mark.parametrize(
    ("written", "currency", "minor"),
    [
        (1500, "KES", 150_000),
        ("1500.00", "KES", 150_000),
        ("43.5", "kes", 4_350),
        ("1.5e3", "KES", 150_000),
        ("0", "KES", 0),
        (5_000, "UGX", 5_000),
        ("1.234", "TND", 1_234),
    ],
)
def test_an_amount_in_major_units_is_read_exactly(written: object, currency: str, minor: int) -> None:
    assert money_of(written, currency) == Money(minor, currency.upper())


@pytest.mark.parametrize(
    "written",
    ["", "-1", "1,500", "1_500", "NaN", "Infinity", "1e999999", "١٥", "9" * 21, True, None, [], "0.001"],
)
def test_what_is_no_amount_is_not_taken_for_nothing(written: object) -> None:
    assert money_of(written, "KES") is None


def test_an_unknown_currency_makes_no_money() -> None:
    assert money_of("1500", "XXX") is None
    assert money_of("1500", None) is None


@given(st.integers(1, 10**13), st.sampled_from(["KES", "UGX", "TND"]))
def test_what_is_written_is_read_back(minor: int, currency: str) -> None:
    amount = Money(minor, currency)
    body = load_object(dump_with_amount({"id": "one"}, amount))
    assert money_of(body["amount"], currency) == amount
    assert body["id"] == "one"


def test_the_amount_is_a_number_on_the_wire() -> None:
    assert json.loads(dump_with_amount({}, Money(150_050, "KES"))) == {"amount": 1500.5}
    assert major_of(Money(150_000, "KES")) == "1500"


@pytest.mark.parametrize("body", [b"", b"[1]", b"nul", b"\xff", b"[" * 100_000])
def test_what_is_no_object_is_an_empty_one(body: bytes) -> None:
    assert load_object(body) == {}


def test_fractions_stay_text() -> None:
    assert load(b'{"a": 1500.10}') == {"a": "1500.10"}


def test_text_is_cut_and_cleaned() -> None:
    assert text_of(" a\x00b\ud800c ", 2) == "ab"
    assert text_of(1.5, 10) == ""


def test_an_instant_without_an_offset_is_meant_in_the_zone() -> None:
    assert instant_of("0001-01-01T00:00:00+03:00") is None
    assert str(instant_of("2026-11-23T07:45:12.000Z")) == "2026-11-23 07:45:12+00:00"
