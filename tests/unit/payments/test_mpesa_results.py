"""What Daraja posts later is read whatever its shape: one parameter alone, none at all, keys twice, codes as text."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benfex.payments.gateway import ChargeSucceeded, Ignored
from benfex.payments.gateway_events import (
    BalanceTold,
    RefundChanged,
    RefundDone,
    RefundFailed,
    RefundUnderWay,
    RefundUnknown,
    StandingOrderChanged,
)
from benfex.payments.gateways.mpesa import results
from data.values.money import Money

OURS = frozenset({"600984"})


def body(code: object = 0, parameters: object = None, **more: object) -> bytes:
    inner: dict[str, Any] = {
        "ResultCode": code,
        "ResultDesc": "Said so.",
        "TransactionID": "TKN2R3V4S5",
        **more,
    }
    if parameters is not None:
        inner["ResultParameters"] = {"ResultParameter": parameters}
    return json.dumps({"Result": inner}).encode()


def listed(**values: object) -> list[dict[str, object]]:
    return [{"Key": key, "Value": value} for key, value in values.items()]


def record(**changes: object) -> bytes:
    told: dict[str, object] = {
        "DebitPartyName": "254708374149 - JANE DOE",
        "CreditPartyName": "600984 - SAVANNA",
        "DebitAccountType": "MMF Account For Customer",
        "TransactionStatus": "Completed",
        "FinalisedTime": 20261123104512,
        "Amount": 1500.0,
        "ReceiptNo": "TKN4QX71SV",
    }
    return body(parameters=listed(**(told | changes)))


@pytest.mark.parametrize(
    "parameters",
    [
        {"Key": "TransactionReceipt", "Value": "TKN1A2B3C4"},
        [{"Key": "TransactionReceipt", "Value": "TKN1A2B3C4"}],
    ],
)
def test_one_parameter_may_come_alone_or_in_a_list(parameters: object) -> None:
    event = results.read_refund(body(parameters=parameters), callback="c")
    assert event == RefundChanged(RefundDone("TKN1A2B3C4"), callback_token="c")


def test_a_key_that_stands_twice_keeps_both_values_and_one_without_a_value_none() -> None:
    read = results.read_result(
        body(
            parameters=[{"Key": "A", "Value": 1}, {"Key": "B"}, {"Key": "A", "Value": "two"}, 7, {"Value": 1}]
        )
    )
    assert read is not None
    assert read.parameters == (("A", "1"), ("B", ""), ("A", "two"))
    assert (read.every("A"), read.first("B")) == (("1", "two"), "")


@pytest.mark.parametrize("code", [0, "0"])
def test_a_code_is_number_or_text(code: object) -> None:
    event = results.read_refund(body(code), callback=None)
    assert event == RefundChanged(RefundDone("TKN2R3V4S5"))


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("R000001", RefundDone),
        ("R000002", RefundFailed),
        (2001, RefundFailed),
        ("SFC_IC0003", RefundFailed),
        (15, RefundUnknown),
        (26, RefundUnknown),
        (100000002, RefundUnknown),
    ],
)
def test_each_code_of_a_refund_has_its_meaning(code: object, kind: type) -> None:
    event = results.read_refund(body(code), callback="c")
    assert isinstance(event, RefundChanged)
    assert isinstance(event.outcome, kind)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("Completed", RefundDone),
        ("Declined", RefundFailed),
        ("Cancelled", RefundFailed),
        ("Expired", RefundFailed),
        ("Authorized", RefundUnderWay),
        ("", RefundUnderWay),
    ],
)
def test_the_record_of_a_payout_decides_by_its_status(status: str, kind: type) -> None:
    event = results.read_refund_status(record(TransactionStatus=status), callback="c")
    assert isinstance(event, RefundChanged)
    assert isinstance(event.outcome, kind)


def test_a_question_that_failed_says_nothing_about_the_refund() -> None:
    event = results.read_refund_status(body(2001), callback="c")
    assert isinstance(event, RefundChanged)
    assert isinstance(event.outcome, RefundUnknown)


@pytest.mark.parametrize(
    ("told", "sum_minor"),
    [
        ("Utility Account|KES|1,234.50|1.00|0.00|0.00", 1234_50),
        ("Merchant Account|KES|10|10|0|0&Charges Paid Account|KES|-4.00|-4.00|0.00|0.00", 6_00),
        ("Utility Account|KES|5.00&Dollar Account|USD|9.00&broken", 5_00),
    ],
)
def test_a_balance_is_the_sum_of_our_accounts(told: str, sum_minor: int) -> None:
    event = results.read_balance(body("0", listed(AccountBalance=told)), currency="KES")
    assert event == BalanceTold(Money(sum_minor, "KES"))


@pytest.mark.parametrize("told", ["", "nothing", "Utility Account|KES|much", "Utility Account|USD|5.00"])
def test_a_balance_that_cannot_be_read_is_no_zero(told: str) -> None:
    assert isinstance(results.read_balance(body(0, listed(AccountBalance=told)), currency="KES"), Ignored)


def test_either_name_may_be_ours_in_the_record_of_a_receipt() -> None:
    swapped = {"DebitPartyName": "600984 - SAVANNA", "CreditPartyName": "254708374149 - JANE DOE"}
    for content in (record(), record(**swapped)):
        event = results.read_status(content, ours=OURS)
        assert isinstance(event, ChargeSucceeded)
        assert (event.evidence.payer_name, event.evidence.payer_phone) == ("JANE DOE", "+254708374149")


@pytest.mark.parametrize(
    "changes",
    [
        {"TransactionStatus": "Authorized"},
        {"DebitAccountType": "Utility Account"},
        {"CreditPartyName": "600985 - ANOTHER"},
        {"ReceiptNo": "x"},
        {"Amount": "much"},
        {"FinalisedTime": ""},
    ],
)
def test_a_record_that_does_not_show_money_to_us_proves_nothing(changes: dict[str, object]) -> None:
    assert isinstance(results.read_status(record(**changes), ours=OURS), Ignored)


@pytest.mark.parametrize(
    ("outer", "told", "active"), [("0", "0", True), ("0", "1037", False), ("1037", "0", False)]
)
def test_a_standing_order_needs_both_codes_to_be_good(outer: str, told: str, active: bool) -> None:
    content = {
        "ResponseHeader": {"responseCode": outer},
        "responseBody": {
            "ResponseData": [
                {"name": "responseCode", "VALUE": told},
                {"Name": "CustomStoId", "Value": "BFX1"},
            ]
        },
    }
    event = results.read_order(json.dumps(content).encode(), callback="c")
    assert isinstance(event, StandingOrderChanged)
    assert (event.is_active, event.reference) == (active, "BFX1")


@given(st.binary(max_size=80) | st.from_regex(rb'\{"(Result|responseHeader)":.{0,60}\}'))
def test_noise_says_nothing_anywhere(noise: bytes) -> None:
    for event in (
        results.read_refund(noise, callback="c"),
        results.read_refund_status(noise, callback="c"),
        results.read_balance(noise, currency="KES"),
        results.read_status(noise, ours=OURS),
        results.read_order(noise, callback="c"),
    ):
        assert not isinstance(event, (ChargeSucceeded, BalanceTold))
        assert not (isinstance(event, RefundChanged) and isinstance(event.outcome, RefundDone))
