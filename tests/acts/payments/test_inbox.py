"""The inbox keeps what proves itself as it came, quarantines the rest, and works it off as often as it takes."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from benfex.core.clock import MovedClock
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.payments.gateway import WebhookDelivery, WebhookReply
from data.models.webhook import InboundWebhook, QuarantinedWebhook
from data.values.states import AttemptStatus, WebhookStatus
from tests.conftest import Run
from tests.factories.customers import make_customer, make_service
from tests.factories.isp import kes
from tests.factories.looks import attempt_look, deliveries, payments, quarantined
from tests.factories.money import CALLBACK_TOKEN, SETTINGS, MadeAttempt, make_attempt
from tests.factories.till import Till, open_till

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
async def till(isp: Run, transactor: Transactor, clock: MovedClock) -> AsyncIterator[Till]:
    async with open_till(transactor, clock, addresses={"mpesa": NOWHERE, "paystack": NOWHERE}) as one:
        yield one


def stk_body(attempt: MadeAttempt, *, receipt: str = "TKN4QX71SV", shillings: float = 2_500.0) -> bytes:
    items = [
        {"Name": "Amount", "Value": shillings},
        {"Name": "MpesaReceiptNumber", "Value": receipt},
        {"Name": "Balance"},
        {"Name": "TransactionDate", "Value": 20261123104512},
        {"Name": "PhoneNumber", "Value": 254708374149},
    ]
    callback = {"MerchantRequestID": "1", "CheckoutRequestID": attempt.gateway_reference, "ResultCode": 0}
    content = {"Body": {"stkCallback": callback | {"CallbackMetadata": {"Item": items}}}}
    return json.dumps(content).encode()


def c2b_body(account: str, **changes: str) -> bytes:
    content = {
        "TransactionType": "Pay Bill",
        "TransID": "TKN4QX71SV",
        "TransTime": "20261123104512",
        "TransAmount": "2500.00",
        "BusinessShortCode": "174379",
        "BillRefNumber": account,
        "MSISDN": "2547 ***** 149",
        "FirstName": "AMINA",
    }
    return json.dumps(content | changes).encode()


async def post(
    till: Till, body: bytes, *, kind: str, path_token: str = CALLBACK_TOKEN, attempt_token: str | None = None
) -> WebhookReply:
    delivery = WebhookDelivery(kind, path_token, attempt_token, {}, body, till.clock.now())
    return await till.inbox.receive("mpesa", delivery)


async def post_paystack(till: Till, body: bytes, *, signature: str | None = None) -> WebhookReply:
    secret = SETTINGS["paystack"]["secret_key"].encode()
    proof = hmac.new(secret, body, hashlib.sha512).hexdigest() if signature is None else signature
    headers = {"x-paystack-signature": proof, "cookie": "secret=1"}
    delivery = WebhookDelivery("event", None, None, headers, body, till.clock.now())
    return await till.inbox.receive("paystack", delivery)


async def test_a_callback_is_stored_answered_and_then_booked(till: Till, isp: Run) -> None:
    service = make_service(isp)
    attempt = make_attempt(isp, service.customer)
    reply = await post(till, stk_body(attempt), kind="stk", attempt_token=attempt.token)
    assert (reply.status, json.loads(reply.body)["ResultCode"]) == (200, 0)
    assert isp.read(payments) == ()
    assert await till.inbox.process_pending() == 1
    (payment,) = isp.read(payments)
    assert (payment.amount, payment.attempt_id) == (kes(2_500), attempt.attempt_id)
    (stored,) = isp.read(deliveries)
    assert (stored.status, stored.is_done, stored.body) == (WebhookStatus.PROCESSED, True, stk_body(attempt))


async def test_the_same_delivery_again_is_one_row_and_one_payment(till: Till, isp: Run) -> None:
    customer = make_customer(isp)
    for _ in range(3):
        await post(till, c2b_body(customer.account_number), kind="c2b/confirmation")
        await till.inbox.process_pending()
    assert (len(isp.read(deliveries)), len(isp.read(payments))) == (1, 1)


async def test_bytes_that_are_no_json_are_kept_as_they_came(till: Till, isp: Run) -> None:
    customer = make_customer(isp)
    attempt = make_attempt(isp, customer)
    for body in (b'{"Body": {"stkCall', b"\xff\x00\xfe", b""):
        reply = await post(till, body, kind="stk", attempt_token=attempt.token)
        assert reply.status == 200
    assert await till.inbox.process_pending() == 0
    kept = isp.read(deliveries)
    assert [row.body for row in kept] == [b'{"Body": {"stkCall', b"\xff\x00\xfe", b""]
    assert {row.status for row in kept} == {WebhookStatus.IGNORED}


async def test_a_message_that_cannot_be_worked_off_does_not_hold_up_the_next(
    till: Till, isp: Run, clock: MovedClock
) -> None:
    customer = make_customer(isp)
    attempt = make_attempt(isp, customer)
    await post(till, stk_body(attempt), kind="stk", attempt_token="0" * 32)
    await post(till, c2b_body(customer.account_number, TransID="TKN0000002"), kind="c2b/confirmation")
    assert await till.inbox.process_pending() == 2
    assert [payment.transaction_id for payment in isp.read(payments)] == ["TKN0000002"]


async def test_one_that_spoils_what_is_worked_off_together_waits_alone(till: Till, isp: Run) -> None:
    customers = [make_customer(isp, phone=f"07083741{number}0") for number in range(3)]
    for number, customer in enumerate(customers):
        await post(
            till, c2b_body(customer.account_number, TransID=f"TKN{number:07d}"), kind="c2b/confirmation"
        )
    isp(spoil, body=c2b_body(customers[1].account_number, TransID="TKN0000001"))
    assert await till.inbox.process_pending() == 3
    assert [payment.transaction_id for payment in isp.read(payments)] == ["TKN0000000", "TKN0000002"]
    kept = isp.read(deliveries)
    assert [row.status for row in kept] == [
        WebhookStatus.PROCESSED,
        WebhookStatus.FAILED,
        WebhookStatus.PROCESSED,
    ]


def spoil(uow: UnitOfWork, *, body: bytes) -> None:
    """Let a kept message be of a kind that nobody reads any more."""
    row = uow.session.scalars(select(InboundWebhook).where(col(InboundWebhook.body) == body)).one()
    row.kind = "of-another-time"


async def test_messages_of_a_gateway_that_was_switched_off_wait(
    till: Till, isp: Run, transactor: Transactor, clock: MovedClock
) -> None:
    from benfex.payments.accounts import save_gateway_account
    from tests.factories.isp import VAULT

    customer = make_customer(isp)
    await post(till, c2b_body(customer.account_number), kind="c2b/confirmation")
    settings = SETTINGS["mpesa"] | {"base_url": NOWHERE}
    isp(save_gateway_account, gateway="mpesa", settings=settings, vault=VAULT, is_enabled=False)
    await till.gateways.load()
    assert await till.inbox.process_pending(limit=1) == 1
    isp(save_gateway_account, gateway="mpesa", settings=settings, vault=VAULT)
    await till.gateways.load()
    clock.advance(timedelta(minutes=1))
    assert await till.inbox.process_pending() == 1
    assert len(isp.read(payments)) == 1


async def test_a_callback_nobody_asked_for_waits_longer_each_time_and_ends_with_a_person(
    till: Till, isp: Run, clock: MovedClock
) -> None:
    attempt = make_attempt(isp, make_customer(isp))
    await post(till, stk_body(attempt), kind="stk", attempt_token="0" * 32)
    for _ in range(73):
        assert await till.inbox.process_pending() == 1
        assert await till.inbox.process_pending() == 0
        clock.advance(timedelta(hours=1))
    assert await till.inbox.process_pending() == 0
    (row,) = isp.read(deliveries)
    assert (row.status, row.tries, row.is_done) == (WebhookStatus.FAILED, 73, True)
    assert row.error is not None
    assert "no attempt of ours" in row.error
    assert isp.read(payments) == ()


async def test_a_signed_message_that_waits_outlives_the_key_that_signed_it(
    till: Till, isp: Run, clock: MovedClock
) -> None:
    from benfex.payments.accounts import save_gateway_account
    from tests.factories.isp import VAULT

    body = b'{"event": "charge.success", "data": {"reference": "X"}}'
    assert (await post_paystack(till, body)).status == 200
    settings = SETTINGS["paystack"] | {"secret_key": "sk_test_another", "base_url": NOWHERE}
    isp(save_gateway_account, gateway="paystack", settings=settings, vault=VAULT)
    await till.gateways.load()
    await till.inbox.process_pending()
    (row,) = isp.read(deliveries)
    assert row.error != "the signature is not Paystack's"


async def test_a_name_that_a_database_refuses_does_not_lose_the_money(till: Till, isp: Run) -> None:
    customer = make_customer(isp)
    body = c2b_body(customer.account_number).replace(b"AMINA", rb"AM\u0000I\ud800NA")
    await post(till, body, kind="c2b/confirmation")
    await till.inbox.process_pending()
    assert len(isp.read(payments)) == 1


async def test_a_clear_no_fails_the_attempt_in_words(till: Till, isp: Run) -> None:
    attempt = make_attempt(isp, make_customer(isp))
    callback = {"CheckoutRequestID": attempt.gateway_reference, "ResultCode": 1032, "ResultDesc": "x"}
    body = json.dumps({"Body": {"stkCallback": callback}}).encode()
    await post(till, body, kind="stk", attempt_token=attempt.token)
    await till.inbox.process_pending()
    look = isp.read(attempt_look, attempt_id=attempt.attempt_id)
    assert (look.status, look.failure_code) == (AttemptStatus.FAILED, "1032")
    assert look.failure_message == "The request was cancelled on the phone."


async def test_a_success_without_a_receipt_books_nothing_and_is_asked_about(
    till: Till, isp: Run, clock: MovedClock
) -> None:
    attempt = make_attempt(isp, make_customer(isp))
    callback = {"CheckoutRequestID": attempt.gateway_reference, "ResultCode": 0, "ResultDesc": "x"}
    body = json.dumps({"Body": {"stkCallback": callback}}).encode()
    await post(till, body, kind="stk", attempt_token=attempt.token)
    await till.inbox.process_pending()
    look = isp.read(attempt_look, attempt_id=attempt.attempt_id)
    assert (look.status, look.paid_reported_at, look.next_check_at) == (
        AttemptStatus.PENDING,
        clock.now(),
        clock.now(),
    )
    assert isp.read(payments) == ()


async def test_a_validation_books_nothing(till: Till, isp: Run) -> None:
    reply = await post(till, c2b_body("whatever"), kind="c2b/validation")
    assert json.loads(reply.body)["ResultCode"] == "0"
    assert await till.inbox.process_pending() == 0
    assert isp.read(payments) == ()


# What proves nothing


async def test_wrong_paths_and_signatures_never_reach_the_inbox(till: Till, isp: Run) -> None:
    customer = make_customer(isp)
    body = c2b_body(customer.account_number)
    assert (await post(till, body, kind="c2b/confirmation", path_token="guess")).status == 404
    assert (await post(till, body, kind="c2b/other")).status == 404
    assert (await post(till, body, kind="stk")).status == 404
    assert (await post(till, body, kind="stk\x00")).status == 404
    assert (await post_paystack(till, b"{}", signature="ab" * 64)).status == 401
    assert (await post_paystack(till, b"{}", signature="")).status == 401
    assert (
        await till.inbox.receive("flutterwave", WebhookDelivery("x", None, None, {}, b"", till.clock.now()))
    ).status == 404
    assert isp.read(deliveries) == ()
    assert len(isp.read(quarantined)) == 6


async def test_the_quarantine_keeps_eight_kibibytes_of_each_and_the_last_thousand(
    till: Till, isp: Run
) -> None:
    def fill(uow: object) -> None:
        uow.session.add_all(  # type: ignore[attr-defined]
            [
                QuarantinedWebhook(
                    gateway="mpesa", reason="old", path="stk", body=b"", received_at=till.clock.now()
                )
                for _ in range(1_000)
            ]
        )

    isp(fill)
    await post_paystack(till, b"x" * 20_000, signature="ab")
    kept = isp.read(quarantined)
    assert len(kept) == 1_000
    assert kept[-1] == ("the signature is not Paystack's", b"x" * 8_192)


async def test_headers_that_are_no_proof_are_not_kept(till: Till, isp: Run) -> None:
    assert (await post_paystack(till, b'{"event": "transfer.success", "data": {}}')).status == 200

    def kept(snapshot: Snapshot) -> str:
        return snapshot.session.scalars(select(InboundWebhook)).one().headers

    headers = json.loads(isp.read(kept))
    assert set(headers) == {"x-paystack-signature"}
