"""Every recorded body of a gateway of ours is handled as its manifest says; none is ever an exception."""

import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from starlette.responses import JSONResponse, Response

from benfex.core.errors import GatewayProtocolError, GatewayRejected, WebhookRejected
from benfex.payments.gateway import (
    ChargeSucceeded,
    Gateway,
    PaymentEvidence,
    PaymentRequest,
    Unknown,
    ValidationAsked,
    WebhookDelivery,
)
from data.values.identifiers import hash_token, parse_phone
from data.values.kinds import EvidenceGrade
from tests.contract.gateway_clients import Listener, listening
from tests.contract.gateway_far_ends import INITIATOR
from tests.contract.payload_handling import (
    ANSWERED,
    CHARGE,
    CHECKOUT,
    DIGEST,
    FILES,
    FOLDER,
    INITIALIZE,
    KES_1500,
    LIST,
    NOW,
    OURS,
    PESAPAL_REFERENCE,
    PHONE,
    PULL,
    PUSH,
    QUERY,
    READ_AS_A_FILE,
    REFERENCE,
    REPLIED,
    SETTLEMENTS,
    STATUS,
    TOLD,
    TRACKING_ID,
    VERIFY,
    No,
    body_of,
    delivery,
    make,
    make_one,
)

DOORS = (
    "stk",
    "c2b/validation",
    "c2b/confirmation",
    "pull",
    "refund",
    "refund/status",
    "refund/late",
    "balance",
    "status",
    "order",
    "event",
    "ipn",
)


@pytest.fixture
async def gateways() -> AsyncIterator[Mapping[str, Gateway]]:
    built = make("http://127.0.0.1:1")
    yield built
    for gateway in built.values():
        await gateway.aclose()


def test_the_corpus_is_whole_and_unchanged() -> None:
    there = {path.name for path in FOLDER.iterdir()} - {"README.md", "manifest.json"}
    assert there == set(FILES)
    changed = [
        name for name, entry in FILES.items() if hashlib.sha256(body_of(name)).hexdigest() != entry["sha256"]
    ]
    assert changed == []


def test_every_body_of_our_gateways_has_its_handling_here() -> None:
    assert {*TOLD, *ANSWERED, *REPLIED, *READ_AS_A_FILE} == OURS


@pytest.mark.parametrize("name", sorted(TOLD))
async def test_what_a_gateway_tells_is_read_as_the_manifest_says(
    gateways: Mapping[str, Gateway], name: str
) -> None:
    kind, event = TOLD[name]
    assert gateways[FILES[name]["gateway"]].read_webhook(delivery(name, kind)) == (event,)


@pytest.mark.parametrize("name", sorted(OURS))
@pytest.mark.parametrize("kind", DOORS)
async def test_a_body_at_any_door_never_raises_nor_credits_what_is_none(
    gateways: Mapping[str, Gateway], name: str, kind: str
) -> None:
    for gateway in gateways.values():
        try:
            events = gateway.read_webhook(delivery(name, kind))
        except WebhookRejected:
            continue
        # The question before a payment looks like its confirmation: only the door tells them apart.
        is_question = name == "mpesa_c2b_validation_request.json" and kind == "c2b/confirmation"
        for event in events:
            if isinstance(event, ChargeSucceeded) and not is_question:
                assert (name, event) in {(known, told) for known, (_, told) in TOLD.items()}


@pytest.mark.parametrize("name", [name for name, entry in FILES.items() if "x-paystack-signature" in entry])
async def test_recorded_signatures_fit_their_exact_bytes_only(
    gateways: Mapping[str, Gateway], name: str
) -> None:
    gateways["paystack"].read_webhook(delivery(name, "event"))
    true = delivery(name, "event")
    for body in (true.body.rstrip(b"\n"), true.body + b" ", true.body.replace(b":", b": ", 1), b""):
        forged = WebhookDelivery("event", None, None, true.headers, body, NOW)
        with pytest.raises(WebhookRejected):
            gateways["paystack"].read_webhook(forged)


async def test_our_replies_to_a_validation_are_the_recorded_ones(gateways: Mapping[str, Gateway]) -> None:
    asked = (ValidationAsked("ACC1042", KES_1500),)
    accepted = json.loads(gateways["mpesa"].reply(asked, accepted=True).body)
    assert accepted.items() <= json.loads(body_of("mpesa_c2b_validation_accept.json")).items()
    rejected = json.loads(gateways["mpesa"].reply(asked, accepted=False).body)
    assert rejected == json.loads(body_of("mpesa_c2b_validation_reject.json"))


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    async with listening() as one:
        one.replies["/oauth/v1/generate"] = JSONResponse({"access_token": "token", "expires_in": "3599"})
        one.replies["/api/Auth/RequestToken"] = JSONResponse({"token": "token", "status": "200"})
        yield one


async def ask(gateway: Gateway, path: str) -> object:
    if path == SETTLEMENTS:
        return await gateway.read_settlements(since=NOW - timedelta(hours=6), until=NOW)
    if path in {PUSH, INITIALIZE, CHARGE}:
        return await gateway.start(
            PaymentRequest(
                reference=REFERENCE,
                amount=KES_1500,
                payer_phone=parse_phone(PHONE),
                payer_email="acc1042@customers.example",
                account_number="ACC1042",
                description="Internet",
                callback_url="https://billing.example/webhooks",
                return_url="https://billing.example/portal",
                channel="mpesa" if path == CHARGE else None,
            )
        )
    if path == STATUS:
        return await gateway.query(reference=PESAPAL_REFERENCE, gateway_reference=TRACKING_ID)
    if path in {QUERY, VERIFY}:
        return await gateway.query(
            reference=REFERENCE, gateway_reference=CHECKOUT if path == QUERY else REFERENCE
        )
    listed = await gateway.read_statement(since=NOW - timedelta(hours=6), until=NOW)
    return [(one.transaction_id, one.amount.minor, one.account_reference) for one in listed]


@pytest.mark.parametrize("name", sorted(ANSWERED))
async def test_what_a_gateway_answers_is_taken_as_the_manifest_says(listener: Listener, name: str) -> None:
    path, expected = ANSWERED[name]
    listener.replies[path] = Response(
        body_of(name), status_code=FILES[name]["http_status"], media_type="application/json"
    )
    gateway = make_one(FILES[name]["gateway"], listener.url)
    if isinstance(expected, No):
        with pytest.raises(expected.error) as refused:
            await ask(gateway, path)
        assert getattr(refused.value, "gateway_code", "") == expected.code
    else:
        assert await ask(gateway, path) == expected
    await gateway.aclose()


@pytest.mark.parametrize("path", [QUERY, VERIFY, STATUS])
@pytest.mark.parametrize("name", sorted(OURS))
async def test_a_strange_answer_to_a_question_is_never_taken_for_money(
    listener: Listener, name: str, path: str
) -> None:
    listener.replies[path] = Response(body_of(name), media_type="application/json")
    gateway = make_one({QUERY: "mpesa", VERIFY: "paystack", STATUS: "pesapal"}[path], listener.url)
    outcome = await ask(gateway, path)
    await gateway.aclose()
    if ANSWERED.get(name, ("", None))[0] != path:
        assert isinstance(outcome, Unknown)


async def test_a_token_that_stays_refused_is_fetched_anew_just_once(listener: Listener) -> None:
    listener.replies[PUSH] = Response(body_of("mpesa_error_invalid_token.json"), status_code=404)
    gateway = make_one("mpesa", listener.url)
    with pytest.raises(GatewayRejected):
        await ask(gateway, PUSH)
    await gateway.aclose()
    assert (len(listener.at("/oauth/v1/generate")), len(listener.at(PUSH))) == (2, 2)


@pytest.mark.parametrize("content", [b"", b"[]", b"<html></html>", b'{"ResponseCode":"1005"}', b"null"])
async def test_a_list_that_cannot_be_read_is_not_an_empty_one(listener: Listener, content: bytes) -> None:
    listener.replies[PULL] = Response(content)
    listener.replies[LIST] = Response(content)
    listener.replies["/transactions"] = Response(content)
    for gateway in make(listener.url).values():
        if gateway.capabilities.can_statement:
            with pytest.raises(GatewayProtocolError):
                await gateway.read_statement(since=NOW - timedelta(hours=6), until=NOW)
        await gateway.aclose()


async def test_a_list_that_never_ends_is_left(listener: Listener) -> None:
    listener.replies[PULL] = Response(body_of("mpesa_pull_query_response.json"))
    gateway = make_one("mpesa", listener.url)
    listed = await gateway.read_statement(since=NOW - timedelta(hours=6), until=NOW)
    await gateway.aclose()
    assert [one.transaction_id for one in listed] == ["TKN5B8PQ2M", "TKNLOST001"]
    assert len(listener.at(PULL)) == 2


async def test_the_recorded_record_of_a_receipt_proves_it_where_it_was_asked_for(listener: Listener) -> None:
    name, path = "mpesa_transaction_status_result.json", "/mpesa/transactionstatus/v1/query"
    listener.replies[path] = JSONResponse({"ResponseCode": "0", "ConversationID": "AG_1"})
    gateway = make(listener.url, **INITIATOR)["mpesa"]
    await gateway.ask_about("TKN4QX71SV", public_url="https://billing.example")
    (asked,) = listener.at(path)
    token = asked.json["ResultURL"].rpartition("/")[2]
    (event,) = gateway.read_webhook(replace(delivery(name, "status"), attempt_token=hash_token(token)))
    await gateway.aclose()
    assert event == ChargeSucceeded(
        PaymentEvidence(
            gateway="mpesa",
            grade=EvidenceGrade.STATEMENT,
            transaction_id="TKN4QX71SV",
            amount=KES_1500,
            received_at=datetime(2026, 11, 23, 7, 45, 12, tzinfo=UTC),
            payer_phone=PHONE,
            payer_phone_sha256=DIGEST,
            payer_name="JANE DOE",
        )
    )
