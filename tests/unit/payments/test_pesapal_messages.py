"""What Pesapal's answers mean: words of any case, errors that come with success, addresses of others."""

import json

import pytest

from benfex.payments.gateway import Pending, StatusChanged, Succeeded, Unknown
from benfex.payments.gateways.pesapal import messages
from tests.contract.payload_handling import NOW, PESAPAL_REFERENCE, TRACKING_ID, body_of


def test_an_address_of_another_or_a_dead_one_is_not_ours() -> None:
    rows = [
        {"url": "https://a.example/ipn", "ipn_id": "one"},
        {"url": "https://b.example/ipn", "ipn_id": "two", "ipn_status_description": "Inactive"},
    ]
    listed = json.dumps(rows).encode()
    assert messages.find_address(listed, url="https://a.example/ipn") == "one"
    assert messages.find_address(listed, url="https://b.example/ipn") is None
    with pytest.raises(ValueError, match="list"):
        messages.find_address(b'{"error":{"code":"x"}}', url="https://a.example/ipn")


@pytest.mark.parametrize("word", ["Completed", "COMPLETED", "completed"])
def test_the_case_of_a_status_says_nothing(word: str) -> None:
    body = body_of("pesapal_v3_status_completed.json").replace(b'"Completed"', f'"{word}"'.encode())
    outcome = messages.read_status(
        body, reference=PESAPAL_REFERENCE, tracking_id=TRACKING_ID, received_at=NOW
    )
    assert isinstance(outcome, Succeeded)


def test_a_success_that_is_not_ours_or_lacks_its_receipt_is_none() -> None:
    body = body_of("pesapal_v3_status_completed.json")
    for changed_body, reference in (
        (body, "BFX1"),
        (body.replace(b'"TKN3PSPAL1"', b'""'), PESAPAL_REFERENCE),
        (body.replace(b"1500.0", b"0"), PESAPAL_REFERENCE),
    ):
        outcome = messages.read_status(
            changed_body, reference=reference, tracking_id=TRACKING_ID, received_at=NOW
        )
        assert isinstance(outcome, Unknown)


@pytest.mark.parametrize(
    "body",
    [
        b'{"error":{"code":"payment_details_not_found","message":"Pending Payment"},"status":"500"}',
        b'{"merchant_reference":"BFX1","status_code":0,"payment_status_description":"INVALID","error":null}',
    ],
)
def test_an_order_nobody_paid_yet_is_pending_in_either_form(body: bytes) -> None:
    assert messages.read_status(body, reference="BFX1", tracking_id="one", received_at=NOW) == Pending()


@pytest.mark.parametrize(
    ("content", "is_set"),
    [
        ({"error": {"error_type": None, "code": None, "message": None}, "status": "200"}, False),
        ({"error": None, "status": "200"}, False),
        ({"error": {"error_type": "api_error", "code": "x", "message": "No"}, "status": "500"}, True),
        ({"status": "500", "message": "Refund rejected"}, True),
    ],
)
def test_an_error_object_of_nulls_is_no_error(content: dict[str, object], is_set: bool) -> None:
    assert messages.error_of(content).is_set is is_set


def test_the_reply_to_a_notice_that_named_nothing_is_still_one() -> None:
    assert json.loads(messages.write_reply(None))["status"] == 200
    assert json.loads(messages.write_reply(StatusChanged("BFX1", "one")))["orderTrackingId"] == "one"
