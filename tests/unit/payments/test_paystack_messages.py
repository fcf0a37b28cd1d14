"""Paystack's messages are believed by their signature and read for what was asked."""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benfex.payments.gateway import (
    ChargeSucceeded,
    Ignored,
    PaymentEvidence,
    PaymentOutcome,
    Succeeded,
    Unknown,
)
from benfex.payments.gateways.paystack import messages, reading
from data.values.money import Money
from tests.unit.payments.damage import damaged

PAYLOADS = Path(__file__).parents[2] / "contract" / "payloads"
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
REFERENCE = "bfx-01jd9z4t7qk2m9"


def body(name: str) -> bytes:
    return (PAYLOADS / f"{name}.json").read_bytes()


EVENT = body("paystack_charge_success_mpesa_kes")
VERIFIED = body("paystack_verify_success_fee_bearer")


def event(**changes: object) -> object:
    content = json.loads(EVENT)
    content["data"] |= changes
    return messages.read_event(json.dumps(content).encode(), is_live=True, received_at=NOW)


def evidence(**changes: object) -> PaymentEvidence:
    told = event(**changes)
    assert isinstance(told, ChargeSucceeded)
    return told.evidence


def verified(*, reference: str = REFERENCE, is_live: bool = True, **changes: object) -> PaymentOutcome:
    content = json.loads(VERIFIED)
    content["data"] |= changes
    return messages.read_verification(
        json.dumps(content).encode(), reference=reference, is_live=is_live, received_at=NOW
    )


# Signatures


@given(st.binary(max_size=80), st.text(min_size=1, max_size=20), st.text(max_size=140))
def test_only_the_true_signature_of_the_exact_bytes_is_believed(content: bytes, key: str, other: str) -> None:
    secret = key.encode(errors="replace").decode()
    true = hmac.new(secret.encode(), content, hashlib.sha512).hexdigest()
    assert reading.is_signed(content, signature=true, secrets=(secret,))
    assert reading.is_signed(content, signature=true, secrets=("another", secret))
    assert not reading.is_signed(content + b" ", signature=true, secrets=(secret,))
    assert not reading.is_signed(content, signature=true, secrets=())
    if other.strip().lower() != true:
        assert not reading.is_signed(content, signature=other, secrets=(secret,))


# Money


def test_what_was_asked_for_counts_when_the_payer_bears_the_fee() -> None:
    told = evidence(amount=155_829, requested_amount=150_000, fees=5_829)
    assert (told.amount, told.fee) == (Money(150_000, "KES"), None)


def test_what_came_counts_when_it_is_less_than_was_asked_for() -> None:
    told = evidence(amount=100_000, requested_amount=150_000, fees=1_500)
    assert (told.amount, told.fee) == (Money(100_000, "KES"), Money(1_500, "KES"))


def test_older_events_say_only_the_amount() -> None:
    content = json.loads(EVENT)
    del content["data"]["requested_amount"]
    told = messages.read_event(json.dumps(content).encode(), is_live=True, received_at=NOW)
    assert isinstance(told, ChargeSucceeded)
    assert told.evidence.amount == Money(150_000, "KES")


def test_amounts_may_be_text_and_fees_unknown() -> None:
    assert evidence(amount="150000", requested_amount="150000", fees=None).fee is None


def test_a_currency_without_subunits_is_divided() -> None:
    told = evidence(currency="XOF", amount=500_000, requested_amount=500_000, fees=0)
    assert told.amount == Money(5_000, "XOF")
    assert isinstance(event(currency="XOF", amount=500_001, requested_amount=500_001), Ignored)


@pytest.mark.parametrize("amount", [0, -1, "", None, 1500.5, "1,500", True, [], "٣٤٥"])
def test_an_amount_that_cannot_be_read_books_nothing(amount: object) -> None:
    assert isinstance(event(amount=amount, requested_amount=amount), Ignored)


@pytest.mark.parametrize("currency", [None, "", "kes", "COWRY", 5])
def test_a_currency_nobody_knows_books_nothing(currency: object) -> None:
    assert isinstance(event(currency=currency), Ignored)


@pytest.mark.parametrize("number", [2**64 - 1, "5195582901"])
def test_the_id_is_longer_than_any_word_of_a_machine(number: object) -> None:
    assert evidence(id=number).transaction_id == str(number)


@pytest.mark.parametrize("number", [None, "", "abc", -1, True, 1.5, "9" * 21])
def test_without_an_id_nothing_is_booked(number: object) -> None:
    assert isinstance(event(id=number), Ignored)


@pytest.mark.parametrize(
    "changes",
    [{"status": "failed"}, {"status": None}, {"domain": "test"}, {"domain": None}, {"reference": None}],
)
def test_a_charge_that_is_not_ours_or_not_paid_books_nothing(changes: dict[str, object]) -> None:
    assert isinstance(event(**changes), Ignored)


@pytest.mark.parametrize("written", ["0001-01-01T00:00:00+03:00", "2026-11-23T07:45:12", "soon", None, 5])
def test_a_time_that_cannot_be_is_the_time_of_arrival(written: object) -> None:
    assert evidence(paid_at=written, paidAt=written).received_at == NOW


@pytest.mark.parametrize("metadata", [0, "", None, {}, "text", {"account": "BFX100427"}])
def test_metadata_of_any_shape_is_let_be(metadata: object) -> None:
    assert evidence(metadata=metadata).our_reference == REFERENCE


# Verifying


def test_verifying_another_transaction_than_was_asked_for_proves_nothing() -> None:
    assert isinstance(verified(), Succeeded)
    assert isinstance(verified(reference="bfx-other"), Unknown)
    assert isinstance(verified(is_live=False), Unknown)


def test_a_call_that_did_not_work_proves_nothing() -> None:
    content = json.dumps(json.loads(VERIFIED) | {"status": False}).encode()
    outcome = messages.read_verification(content, reference=REFERENCE, is_live=True, received_at=NOW)
    assert isinstance(outcome, Unknown)


@pytest.mark.parametrize("status", [None, "", "Success", "paid", 1, True])
def test_a_status_nobody_knows_is_unknown(status: object) -> None:
    assert isinstance(verified(status=status), Unknown)


# Lists


@pytest.mark.parametrize(
    ("cursor", "following"), [(None, None), ("null", None), ("", None), ("abc", "abc"), (7, "7")]
)
def test_the_end_of_a_list_has_many_shapes(cursor: object, following: str | None) -> None:
    content = json.dumps({"data": [], "meta": {"next": cursor}}).encode()
    assert messages.read_list(content, is_live=True, received_at=NOW) == ((), following)


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b"{}", b'{"data":{}}', b"null"])
def test_an_answer_that_is_no_list_is_not_an_empty_one(content: bytes) -> None:
    assert messages.read_list(content, is_live=True, received_at=NOW) is None


def test_a_list_keeps_what_is_paid_and_of_our_mode() -> None:
    paid = json.loads(VERIFIED)["data"]
    rows = [paid, paid | {"status": "failed"}, paid | {"domain": "test"}, paid | {"id": None}, 5]
    page = messages.read_list(json.dumps({"data": rows}).encode(), is_live=True, received_at=NOW)
    assert page is not None
    assert [one.transaction_id for one in page[0]] == ["4099260516"]


# Whatever comes


def check(told: PaymentEvidence) -> None:
    """Hold evidence to what settlement and any database rely on."""
    assert told.amount.is_positive
    assert told.fee is None or not told.fee.is_negative
    assert told.transaction_id.isdigit()
    assert told.received_at.utcoffset() is not None
    texts = (told.gateway_reference, told.our_reference, told.payer_name, told.payer_phone)
    assert all(text is None or (text.isprintable() and 0 < len(text) <= 120) for text in texts)


@given(damaged(EVENT))
def test_a_damaged_event_never_raises_and_never_credits_nothing(content: bytes) -> None:
    told = messages.read_event(content, is_live=True, received_at=NOW)
    if isinstance(told, ChargeSucceeded):
        check(told.evidence)


@given(damaged(VERIFIED))
def test_a_damaged_verification_never_raises_and_never_credits_nothing(content: bytes) -> None:
    outcome = messages.read_verification(content, reference=REFERENCE, is_live=True, received_at=NOW)
    if isinstance(outcome, Succeeded):
        check(outcome.evidence)


@given(
    damaged(b'{"data": [' + json.dumps(json.loads(VERIFIED)["data"]).encode() + b'], "meta": {"next": "a"}}')
)
def test_a_damaged_list_never_raises_and_never_credits_nothing(content: bytes) -> None:
    page = messages.read_list(content, is_live=True, received_at=NOW)
    for told in page[0] if page else ():
        check(told)
