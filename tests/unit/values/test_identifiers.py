"""Account numbers that survive thumbs, and phone numbers in one form."""

import hashlib

import pytest

from data.values.errors import InvalidInput
from data.values.identifiers import (
    LARGEST_ACCOUNT_SEQUENCE,
    PhoneNumber,
    check_account_number,
    hash_token,
    invoice_number,
    make_account_number,
    new_token,
    parse_phone,
)


def test_an_account_number_is_letters_and_digits_with_a_check_digit() -> None:
    # 572 → 4 is the worked example of Damm's check digit.
    assert make_account_number(572) == "BFX005724"
    assert make_account_number(10042) == "BFX100425"


def test_the_last_account_number_still_fits_the_mpesa_field() -> None:
    assert len(make_account_number(LARGEST_ACCOUNT_SEQUENCE)) == 12
    for sequence in (0, LARGEST_ACCOUNT_SEQUENCE + 1):
        with pytest.raises(ValueError, match="sequence"):
            make_account_number(sequence)


@pytest.mark.parametrize(
    "typed",
    [
        "BFX100425",
        "bfx100425",
        " bfx 100 425 ",
        "BFX-100425",
        "bfx/100425",
        "acc# BFX100425",
        "INV-BFX100425",
    ],
)
def test_an_account_number_is_known_however_it_is_typed(typed: str) -> None:
    assert check_account_number(typed) == "BFX100425"


@pytest.mark.parametrize(
    "typed",
    [
        "BFX100426",
        "BFX100452",
        "100425",
        "BFX",
        "",
        "0712345678",
        "BFX0100425",
        "BFX000000",
        "BFX10042٥",
        "BFX1004255555",
    ],
)
def test_a_mistyped_account_number_belongs_to_nobody(typed: str) -> None:
    assert check_account_number(typed) is None


def test_invoice_numbers_carry_their_year_and_grow_past_their_width() -> None:
    assert invoice_number("INV", 2026, 42) == "INV-2026-00042"
    assert invoice_number("CN", 2026, 123_456) == "CN-2026-123456"
    with pytest.raises(ValueError, match="sequence"):
        invoice_number("INV", 2026, 0)


def test_tokens_are_fresh_and_stored_as_hashes() -> None:
    token = new_token()
    assert len(token) == 64
    assert token != new_token()
    assert hash_token(token) == hashlib.sha256(token.encode()).hexdigest()


def test_a_phone_number_is_shown_hashed_and_sent_in_its_three_forms() -> None:
    phone = parse_phone("0712 345 126")
    assert str(phone) == phone.e164 == "+254712345126"
    assert phone.msisdn == "254712345126"
    assert phone.masked == "+2547•••••126"
    assert phone.sha256 == hashlib.sha256(b"254712345126").hexdigest()


def test_a_phone_number_does_not_leak_through_its_repr() -> None:
    assert "345" not in repr(parse_phone("0712345126"))


def test_a_foreign_number_keeps_its_country() -> None:
    assert parse_phone("+256 772 123456").e164 == "+256772123456"
    assert parse_phone("0772 123456", region="UG").e164 == "+256772123456"


@pytest.mark.parametrize(
    "typed", ["", "0712", "0712 FLOWER", "jane@example.com", "+254 812 345 678", "0" * 40, "++254712345678x"]
)
def test_what_is_no_phone_number_is_refused_and_the_field_named(typed: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_phone(typed, field="payer_phone")
    assert refused.value.field == "payer_phone"


@pytest.mark.parametrize("e164", ["254712345678", "0712345678", "+0712345678", "+254"])
def test_a_phone_number_is_only_built_from_its_international_form(e164: str) -> None:
    with pytest.raises(InvalidInput):
        PhoneNumber(e164)
