"""What Flutterwave's messages mean: a header that is a secret, and webhooks that only point at a payment."""

from datetime import UTC, datetime

import pytest

from benfex.payments.gateway import Ignored, StatusChanged, Unknown
from benfex.payments.gateway_events import RefundDone, RefundFailed, RefundUnderWay
from benfex.payments.gateways.flutterwave import messages

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(("given", "secret"), [("", ""), ("anything", ""), ("", "hash"), ("hasH", "hash")])
def test_nothing_proves_itself_without_the_secret_on_both_sides(given: str, secret: str) -> None:
    assert not messages.is_from_flutterwave(given, secret_hash=secret)
    assert messages.is_from_flutterwave("hash", secret_hash="hash")


def test_a_webhook_that_says_paid_only_points_at_the_payment() -> None:
    body = b'{"event":"charge.completed","data":{"id":1,"tx_ref":"BFX1","status":"successful","amount":1}}'
    assert messages.read_event(body) == StatusChanged("BFX1", "1")


@pytest.mark.parametrize(
    "body",
    [
        b'{"event":"transfer.completed","data":{"id":1}}',
        b'{"event":"charge.completed","data":{"id":1}}',
        b"[]",
    ],
)
def test_what_points_at_no_payment_of_ours_is_ignored(body: bytes) -> None:
    assert isinstance(messages.read_event(body), Ignored)


@pytest.mark.parametrize(
    "data",
    [
        b'{"id":1,"tx_ref":"OTHER","status":"successful","amount":1,"currency":"KES"}',
        b'{"id":"x","tx_ref":"BFX1","status":"successful","amount":1,"currency":"KES"}',
        b'{"id":1,"tx_ref":"BFX1","status":"successful","amount":0,"currency":"KES"}',
        b'{"id":1,"tx_ref":"BFX1","status":"successful","amount":1}',
        b'{"id":1,"tx_ref":"BFX1","status":"reviewing","amount":1,"currency":"KES"}',
    ],
)
def test_a_verification_that_lacks_anything_is_no_success(data: bytes) -> None:
    body = b'{"status":"success","data":' + data + b"}"
    assert isinstance(messages.read_verification(body, reference="BFX1", received_at=NOW), Unknown)


def test_less_money_than_was_asked_for_is_what_came() -> None:
    data = {"id": 1, "tx_ref": "BFX1", "amount": 1500, "charged_amount": 900, "currency": "KES"}
    evidence = messages.read_transaction(data, received_at=NOW)
    assert evidence is not None
    assert evidence.amount.minor == 900_00


@pytest.mark.parametrize(
    ("status", "kind"),
    [("completed-mpgs", RefundDone), ("pending-momo", RefundUnderWay), ("failed", RefundFailed)],
)
def test_a_refund_stands_as_its_word_begins(status: str, kind: type[object]) -> None:
    assert isinstance(messages.read_refund({"id": 7, "status": status}), kind)
