"""Daraja's messages are read for what they prove, and no more."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benfex.payments.gateway import (
    ChargeFailed,
    ChargeSucceeded,
    Failed,
    Ignored,
    PaidReceiptToFollow,
    PaidWithoutReceipt,
    PaymentEvidence,
    Pending,
    Unknown,
)
from benfex.payments.gateways.mpesa import messages
from data.values.money import Money
from tests.unit.payments.damage import damaged

PAYLOADS = Path(__file__).parents[2] / "contract" / "payloads"
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SHORTCODE = "600984"
PASSKEY = "bfb279f9aa9bdbcf158e97dd71a467cd2e0c893059b10f78e6b72ada1ed2c919"


def body(name: str) -> bytes:
    return (PAYLOADS / f"{name}.json").read_bytes()


STK = body("mpesa_stk_callback_success")
C2B = body("mpesa_c2b_confirmation_plain_legacy")
PULL = body("mpesa_pull_query_response")


def callback(code: object, **items: object) -> bytes:
    listed = [{"Name": name, "Value": value} for name, value in items.items()]
    content: dict[str, Any] = {"CheckoutRequestID": "ws_CO_1", "ResultCode": code, "ResultDesc": "Words"}
    if listed:
        content["CallbackMetadata"] = {"Item": listed}
    return json.dumps({"Body": {"stkCallback": content}}).encode()


def read(content: bytes) -> object:
    return messages.read_stk(content, attempt_token="a1", received_at=NOW)


def confirmation(**changes: object) -> bytes:
    return json.dumps(json.loads(C2B) | changes).encode()


def confirmed(content: bytes) -> object:
    return messages.read_c2b(content, is_validation=False, ours=frozenset({SHORTCODE}), received_at=NOW)


def money_of(event: object) -> Money | None:
    return event.evidence.amount if isinstance(event, ChargeSucceeded) else None


# Requests


def test_the_password_is_the_portals_own_sample() -> None:
    password = messages.password(shortcode="174379", passkey=PASSKEY, stamp="20210628092408")
    assert password == (
        "MTc0Mzc5YmZiMjc5ZjlhYTliZGJjZjE1OGU5N2RkNzFhNDY3Y2QyZTBjODkzMDU5YjEwZjc4ZTZiNzJhZGExZWQyYzkxOTIw"
        "MjEwNjI4MDkyNDA4"
    )


def test_a_passkey_pasted_with_its_line_end_is_the_same() -> None:
    words = {"shortcode": "174379", "stamp": "20210628092408"}
    assert messages.password(passkey=f" {PASSKEY}\n", **words) == messages.password(passkey=PASSKEY, **words)


def test_times_are_written_in_east_africa() -> None:
    assert messages.timestamp(datetime(2026, 12, 31, 22, 30, tzinfo=UTC)) == "20270101013000"


# Tokens and errors


@pytest.mark.parametrize("lifetime", ["3599", 3599])
def test_the_life_of_a_token_is_text_or_number(lifetime: object) -> None:
    content = json.dumps({"access_token": "abc", "expires_in": lifetime}).encode()
    assert messages.read_token(content) == ("abc", 3599)


@pytest.mark.parametrize("lifetime", [None, "soon", "", -5, "3599.5", [], "٣"])
def test_a_life_that_cannot_be_read_is_the_usual_one(lifetime: object) -> None:
    content = json.dumps({"access_token": "abc", "expires_in": lifetime}).encode()
    assert messages.read_token(content) == ("abc", 3599)


@pytest.mark.parametrize(
    "content", [b"", b"<html>", b"[]", b"{}", b'{"access_token":""}', b'{"access_token":5}']
)
def test_an_answer_without_a_token_gives_none(content: bytes) -> None:
    assert messages.read_token(content) is None


def test_a_token_that_no_header_can_carry_is_none() -> None:
    assert messages.read_token(json.dumps({"access_token": "a\r\nb"}).encode()) is None
    assert messages.read_token(json.dumps({"access_token": "tokén"}).encode()) is None


def test_the_many_meanings_of_one_error_are_told_apart_by_its_text() -> None:
    pending = messages.read_error(500, body("mpesa_stk_query_pending_500"))
    locked = messages.read_error(500, body("mpesa_error_subscriber_locked"))
    wrong = messages.read_error(500, body("mpesa_error_wrong_passkey"))
    assert {pending.code, locked.code, wrong.code} == {"500.001.1001"}
    assert [messages.is_still_processing(error) for error in (pending, locked, wrong)] == [True, False, False]


# Callbacks


@pytest.mark.parametrize("code", [1032, "1032", " 1032 "])
def test_a_result_code_is_compared_as_text(code: object) -> None:
    event = read(callback(code))
    assert isinstance(event, ChargeFailed)
    assert event.code == "1032"


def test_a_code_that_is_no_number_is_a_no_as_well() -> None:
    event = read(callback("SFC_IC0003"))
    assert event == ChargeFailed("ws_CO_1", "a1", "SFC_IC0003", "M-Pesa said no: Words")


@pytest.mark.parametrize("code", [None, True, False, [], {}, ""])
def test_a_callback_without_a_result_says_nothing(code: object) -> None:
    assert isinstance(read(callback(code)), Ignored)


@pytest.mark.parametrize("code", [4999, "5000", -1])
def test_a_callback_that_is_not_decided_is_no_failure(code: object) -> None:
    assert isinstance(read(callback(code)), Ignored)


def test_items_are_found_by_name_wherever_they_stand() -> None:
    event = read(callback(0, MpesaReceiptNumber="TKN4QX71SV", Balance=None, Amount=1500.5))
    assert money_of(event) == Money(1500_50, "KES")


@pytest.mark.parametrize(
    "items",
    [
        {},
        {"Amount": 1500},
        {"MpesaReceiptNumber": "TKN4QX71SV"},
        {"Amount": 1500, "MpesaReceiptNumber": "tkn4qx71sv"},
        {"Amount": 1500, "MpesaReceiptNumber": "TKN4QX71SVX"},
        {"Amount": 0, "MpesaReceiptNumber": "TKN4QX71SV"},
        {"Amount": -1500, "MpesaReceiptNumber": "TKN4QX71SV"},
        {"Amount": "1,500", "MpesaReceiptNumber": "TKN4QX71SV"},
        {"Amount": float("nan"), "MpesaReceiptNumber": "TKN4QX71SV"},
        {"Amount": True, "MpesaReceiptNumber": "TKN4QX71SV"},
        {"Amount": "1500.005", "MpesaReceiptNumber": "TKN4QX71SV"},
    ],
)
def test_a_success_without_receipt_and_amount_credits_nothing(items: Mapping[str, object]) -> None:
    assert read(callback(0, **items)) == PaidWithoutReceipt("ws_CO_1", "a1")


def test_two_amounts_in_one_callback_are_believed_neither() -> None:
    content = callback(0, Amount=1500, MpesaReceiptNumber="TKN4QX71SV")
    amount = b'{"Name": "Amount", "Value": 1500}'
    twice = content.replace(amount, b'{"Name": "Amount", "Value": 1}, ' + amount)
    assert twice != content
    assert isinstance(read(twice), PaidWithoutReceipt)


def test_an_amount_keeps_the_cents_that_a_float_would_lose() -> None:
    content = callback(0, Amount="AMOUNT", MpesaReceiptNumber="TKN4QX71SV").replace(b'"AMOUNT"', b"249999.99")
    assert money_of(read(content)) == Money(249_999_99, "KES")


@pytest.mark.parametrize("written", ["00010101000000", "20261323104512", "2026112310451", "", None, 5])
def test_a_time_that_cannot_be_is_the_time_of_arrival(written: object) -> None:
    event = read(callback(0, Amount=1, MpesaReceiptNumber="TKN4QX71SV", TransactionDate=written))
    assert isinstance(event, ChargeSucceeded)
    assert event.evidence.received_at == NOW


@pytest.mark.parametrize("phone", [None, "", "2547 ***** 149", {}, [], 12])
def test_a_payer_who_cannot_be_read_does_not_stop_the_money(phone: object) -> None:
    event = read(callback(0, Amount=1, MpesaReceiptNumber="TKN4QX71SV", PhoneNumber=phone))
    assert money_of(event) == Money(1_00, "KES")


# Confirmations


@pytest.mark.parametrize("amount", ["1500", "1500.0", "1500.00", 1500, 1500.0])
def test_an_amount_may_be_text_or_number(amount: object) -> None:
    assert money_of(confirmed(confirmation(TransAmount=amount))) == Money(1500_00, "KES")


@pytest.mark.parametrize(
    "amount", ["", "0", "0.00", "-5", "1e3", "1,500.00", "NaN", None, [], "٣٤٥", "9" * 12]
)
def test_an_amount_that_cannot_be_read_is_neither_one_nor_nothing(amount: object) -> None:
    assert isinstance(confirmed(confirmation(TransAmount=amount)), Ignored)


@pytest.mark.parametrize(
    "receipt", ["", None, "tkn7d1st4p", "TKN7D1ST4", "TKN7D1ST4P'", 1234567890123, ["TKN7D1ST4P"]]
)
def test_without_a_receipt_nothing_is_booked(receipt: object) -> None:
    assert isinstance(confirmed(confirmation(TransID=receipt)), Ignored)


def test_what_people_type_is_kept_but_nothing_a_database_refuses() -> None:
    event = confirmed(confirmation(BillRefNumber=" acc\x00 1042\ud800 ", FirstName="JA\x00NE", LastName=None))
    assert isinstance(event, ChargeSucceeded)
    assert (event.evidence.account_reference, event.evidence.payer_name) == ("acc 1042", "JANE")


def test_a_number_typed_as_the_account_is_text() -> None:
    event = confirmed(confirmation(BillRefNumber=100427))
    assert isinstance(event, ChargeSucceeded)
    assert event.evidence.account_reference == "100427"


# Queries and lists


def answer(code: object, checkout_id: object = "ws_CO_1") -> bytes:
    return json.dumps({"CheckoutRequestID": checkout_id, "ResultCode": code, "ResultDesc": "Words"}).encode()


def test_a_query_tells_paid_waiting_and_no_apart() -> None:
    outcomes = [messages.read_query(answer(code), checkout_id="ws_CO_1") for code in ("0", 0, "4999", "1032")]
    assert outcomes == [
        PaidReceiptToFollow(),
        PaidReceiptToFollow(),
        Pending(),
        Failed("1032", "The request was cancelled on the phone."),
    ]


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"null", answer(None), answer("0", "ws_CO_2"), answer("0", None)]
)
def test_an_answer_about_another_push_or_none_is_unknown(content: bytes) -> None:
    assert isinstance(messages.read_query(content, checkout_id="ws_CO_1"), Unknown)


@pytest.mark.parametrize("rows", ["[[]]", [[]], [], "", None, "[", 5])
def test_an_empty_list_has_many_shapes(rows: object) -> None:
    page = messages.read_pull(json.dumps({"ResponseCode": "1001", "Response": rows}).encode(), now=NOW)
    assert page == messages.PulledPage(0, ())


def test_a_list_that_is_not_nested_is_read_as_well() -> None:
    content = json.loads(PULL)
    content["Response"] = content["Response"][0]
    page = messages.read_pull(json.dumps(content).encode(), now=NOW)
    assert page is not None
    assert [evidence.transaction_id for evidence in page.payments] == ["TKN5B8PQ2M", "TKNLOST001"]


def test_a_row_that_cannot_be_read_is_passed_but_counted() -> None:
    content = json.loads(PULL)
    content["Response"][0] += [{"transactionId": "BAD"}, 7, None]
    page = messages.read_pull(json.dumps(content).encode(), now=NOW)
    assert page is not None
    assert (page.rows, len(page.payments)) == (5, 2)


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b"{}", b'{"ResponseCode":"1005","Response":[]}'])
def test_an_answer_that_is_no_list_is_not_an_empty_one(content: bytes) -> None:
    assert messages.read_pull(content, now=NOW) is None


# Whatever comes


def check(evidence: PaymentEvidence) -> None:
    """Hold evidence to what settlement and any database rely on."""
    assert re.fullmatch(r"[A-Z0-9]{10}", evidence.transaction_id)
    assert evidence.amount.is_positive
    assert evidence.amount.currency == "KES"
    assert evidence.received_at.utcoffset() is not None
    texts = (
        evidence.gateway_reference,
        evidence.account_reference,
        evidence.payer_name,
        evidence.payer_phone,
    )
    assert all(text is None or (text.isprintable() and 0 < len(text) <= 120) for text in texts)


@given(damaged(STK))
def test_a_damaged_callback_never_raises_and_never_credits_nothing(content: bytes) -> None:
    event = read(content)
    if isinstance(event, ChargeSucceeded):
        check(event.evidence)


@given(damaged(C2B), st.booleans())
def test_a_damaged_confirmation_never_raises_and_never_credits_nothing(
    content: bytes, is_validation: bool
) -> None:
    event = messages.read_c2b(
        content, is_validation=is_validation, ours=frozenset({SHORTCODE}), received_at=NOW
    )
    if isinstance(event, ChargeSucceeded):
        assert not is_validation
        check(event.evidence)


@given(damaged(PULL))
def test_a_damaged_list_never_raises_and_never_credits_nothing(content: bytes) -> None:
    page = messages.read_pull(content, now=NOW)
    if page is not None:
        assert len(page.payments) <= page.rows
        for evidence in page.payments:
            check(evidence)


@given(damaged(body("mpesa_stk_query_success")))
def test_a_damaged_answer_to_a_query_never_raises(content: bytes) -> None:
    messages.read_query(content, checkout_id="ws_CO_23112026104455119708374149")
    messages.read_error(500, content)
    messages.read_token(content)


@given(st.integers(1, 250_000_00))
def test_every_amount_of_cents_comes_through_unchanged(minor: int) -> None:
    text = f"{minor // 100}.{minor % 100:02d}"
    assert money_of(confirmed(confirmation(TransAmount=text))) == Money(minor, "KES")
    bare = callback(0, Amount="AMOUNT", MpesaReceiptNumber="TKN4QX71SV").replace(b'"AMOUNT"', text.encode())
    assert money_of(read(bare)) == Money(minor, "KES")
