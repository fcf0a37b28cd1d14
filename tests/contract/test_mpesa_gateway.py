"""What only M-Pesa does: tokens, pace, prompts on phones, the Paybill by hand, and Pull Transactions."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from benfex.core.clock import MovedClock, SystemClock
from benfex.core.errors import GatewayRejected, GatewayUnavailable, WebhookRejected
from benfex.payments.gateway import (
    ChargeFailed,
    Failed,
    Ignored,
    PaidReceiptToFollow,
    Pending,
    Unknown,
    ValidationAsked,
)
from benfex.payments.gateways.mpesa.client import DarajaAccount, DarajaClient
from benfex.payments.gateways.mpesa.gateway import MpesaGateway
from benfex.simulation.options import DarajaOptions
from data.values.errors import AmountOutOfRange, InvalidInput
from data.values.kinds import EvidenceGrade
from data.values.money import Money
from tests.contract.far_end import ACCOUNT, CALLBACK_TOKEN, PHONE, evidence_of
from tests.contract.gateway_far_ends import MPESA, SHORTCODE, MpesaFarEnd, facing, mpesa_delivery


@pytest.fixture
async def mpesa() -> AsyncIterator[MpesaFarEnd]:
    async with facing("mpesa") as one:
        assert isinstance(one, MpesaFarEnd)
        yield one


def prompts(mpesa: MpesaFarEnd) -> int:
    return len(mpesa.outside.phones.prompts())


def client_of(mpesa: MpesaFarEnd, **limits: Any) -> DarajaClient:
    account = DarajaAccount(
        base_url=mpesa.outside.daraja_url,
        consumer_key=MPESA["consumer_key"],
        consumer_secret=MPESA["consumer_secret"],
        shortcode=SHORTCODE,
        passkey=MPESA["passkey"],
        **limits,
    )
    return DarajaClient(account, SystemClock())


async def push(mpesa: MpesaFarEnd, client: DarajaClient) -> None:
    address = f"{mpesa.listener.url}/stk"
    await client.push(amount=100, msisdn=PHONE, account=ACCOUNT, description="Internet", callback_url=address)


# Tokens


async def test_one_token_serves_many_calls_at_once(mpesa: MpesaFarEnd) -> None:
    mpesa.outside.daraja.calls.clear()
    fresh = MpesaGateway({**MPESA, "base_url": mpesa.outside.daraja_url}, SystemClock())
    requests = [mpesa.request(phone=f"2547120000{number:02d}") for number in range(10)]
    await asyncio.gather(*(fresh.start(request) for request in requests))
    await fresh.aclose()
    assert mpesa.outside.daraja.calls == {"oauth": 1, "push": 10}


async def test_a_token_that_another_took_away_is_fetched_once_for_all_who_lost_it(mpesa: MpesaFarEnd) -> None:
    other = MpesaGateway({**MPESA, "base_url": mpesa.outside.daraja_url}, SystemClock())
    await other.start(mpesa.request(phone="254712000099"))
    await other.aclose()
    mpesa.outside.daraja.calls.clear()
    requests = [mpesa.request(phone=f"2547120000{number:02d}") for number in range(8)]
    await asyncio.gather(*(mpesa.gateway.start(request) for request in requests))
    assert mpesa.outside.daraja.calls["oauth"] == 1
    assert prompts(mpesa) == 9


async def test_a_token_that_is_refused_again_and_again_is_a_clear_no(mpesa: MpesaFarEnd) -> None:
    await mpesa.fault("token_expired")
    with pytest.raises(GatewayRejected) as refused:
        await mpesa.gateway.start(mpesa.request())
    assert refused.value.gateway_code == "404.001.03"
    assert prompts(mpesa) == 0


async def test_a_token_is_renewed_before_it_ends(mpesa: MpesaFarEnd) -> None:
    clock = MovedClock(datetime(2026, 11, 23, 8, 0, tzinfo=UTC))
    gateway = MpesaGateway({**MPESA, "base_url": mpesa.outside.daraja_url}, clock)
    mpesa.outside.daraja.calls.clear()
    await gateway.start(mpesa.request(phone="254712000001"))
    clock.advance(timedelta(seconds=3599 - 60))
    await gateway.start(mpesa.request(phone="254712000002"))
    await gateway.aclose()
    assert mpesa.outside.daraja.calls["oauth"] == 2


# What a push meets


async def test_a_prompt_shows_whole_shillings_and_the_account(mpesa: MpesaFarEnd) -> None:
    await mpesa.gateway.start(mpesa.request(shillings=2750))
    (prompt,) = mpesa.outside.phones.prompts()
    assert (prompt.amount, prompt.account) == (2750, ACCOUNT)


@pytest.mark.parametrize("minor", [0, 50, 1_050, 25_000_001, -100])
async def test_an_amount_that_is_no_whole_shilling_is_never_sent(mpesa: MpesaFarEnd, minor: int) -> None:
    with pytest.raises(AmountOutOfRange):
        await mpesa.gateway.start(replace(mpesa.request(), amount=Money(minor, "KES")))
    assert mpesa.outside.daraja.calls.get("push", 0) == 0


async def test_another_currency_and_a_missing_phone_are_never_sent(mpesa: MpesaFarEnd) -> None:
    with pytest.raises(InvalidInput):
        await mpesa.gateway.start(replace(mpesa.request(), amount=Money(100, "USD")))
    with pytest.raises(InvalidInput):
        await mpesa.gateway.start(replace(mpesa.request(), payer_phone=None))


async def test_one_call_too_many_is_made_again_after_a_pause(mpesa: MpesaFarEnd) -> None:
    await mpesa.fault("spike", count=1)
    await mpesa.gateway.start(mpesa.request())
    assert prompts(mpesa) == 1


async def test_a_storm_that_does_not_end_is_a_clear_no_because_nothing_was_started(
    mpesa: MpesaFarEnd,
) -> None:
    await mpesa.fault("spike")
    with pytest.raises(GatewayRejected, match="busy"):
        await mpesa.gateway.start(mpesa.request())
    assert prompts(mpesa) == 0


async def test_calls_keep_the_pace_that_was_set(mpesa: MpesaFarEnd) -> None:
    settings = {**MPESA, "base_url": mpesa.outside.daraja_url, "calls_per_second": "20"}
    gateway = MpesaGateway(settings, SystemClock())
    began = asyncio.get_running_loop().time()
    requests = [mpesa.request(phone=f"2547120000{number:02d}") for number in range(5)]
    await asyncio.gather(*(gateway.start(request) for request in requests))
    await gateway.aclose()
    assert asyncio.get_running_loop().time() - began >= 5 / 20  # a token and five pushes


async def test_a_queue_that_is_too_long_is_a_clear_no_because_nothing_was_sent(mpesa: MpesaFarEnd) -> None:
    client = client_of(mpesa, calls_per_second=1, turn_seconds=0.05)
    with pytest.raises(GatewayRejected) as refused:
        await push(mpesa, client)  # its token took the turn of this second
    await client.aclose()
    assert refused.value.gateway_code == "busy"
    assert prompts(mpesa) == 0


async def test_a_wrong_passkey_is_for_the_owner_to_mend(mpesa: MpesaFarEnd) -> None:
    settings = {**MPESA, "base_url": mpesa.outside.daraja_url, "passkey": "wrong"}
    gateway = MpesaGateway(settings, SystemClock())
    with pytest.raises(GatewayRejected, match="passkey"):
        await gateway.start(mpesa.request())
    await gateway.aclose()


async def test_a_pasted_line_end_in_the_passkey_does_no_harm(mpesa: MpesaFarEnd) -> None:
    settings = {**MPESA, "base_url": mpesa.outside.daraja_url, "passkey": f"{MPESA['passkey']}\n"}
    gateway = MpesaGateway(settings, SystemClock())
    assert (await gateway.start(mpesa.request())).gateway_reference
    await gateway.aclose()


async def test_a_second_prompt_on_one_phone_is_refused_with_words_for_the_payer(mpesa: MpesaFarEnd) -> None:
    await mpesa.gateway.start(mpesa.request())
    with pytest.raises(GatewayRejected, match="Wait a minute") as refused:
        await mpesa.gateway.start(mpesa.request(shillings=900))
    assert refused.value.gateway_code == "1001"


async def test_an_answer_that_comes_too_late_is_unknown_and_the_prompt_is_there(mpesa: MpesaFarEnd) -> None:
    client = client_of(mpesa, timeout_seconds=0.2)
    await mpesa.fault("slow", count=1, seconds=30)
    with pytest.raises(GatewayUnavailable):
        await push(mpesa, client)
    await client.aclose()
    assert prompts(mpesa) == 1


async def test_a_dropped_push_that_is_paid_is_found_by_its_account(mpesa: MpesaFarEnd) -> None:
    await mpesa.fault("drop_after_accept", count=1)
    with pytest.raises(GatewayUnavailable):
        await mpesa.gateway.start(mpesa.request())
    outcome = await mpesa.gateway.query(reference="BFX1", gateway_reference=None)
    assert isinstance(outcome, Unknown)
    await mpesa.answer("pay")
    (listed,) = await mpesa.statement()
    assert (listed.account_reference, listed.amount) == (ACCOUNT, Money(1500_00, "KES"))


# How a prompt ends


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        ("cancel", "1032", "cancelled"),
        ("no_money", "1", "not enough money"),
        ("wrong_pin", "2001", "PIN was wrong"),
        ("too_late", "1037", "nobody answered in time"),
        ("expired", "1019", "ran out of time"),
    ],
)
async def test_a_no_on_the_phone_is_told_and_known_when_asked(
    mpesa: MpesaFarEnd, answer: str, code: str, words: str
) -> None:
    request = mpesa.request()
    started = await mpesa.gateway.start(request)
    await mpesa.answer(answer)
    (delivery,) = await mpesa.delivered()
    (event,) = mpesa.gateway.read_webhook(delivery)
    assert isinstance(event, ChargeFailed)
    assert (event.gateway_reference, event.code) == (started.gateway_reference, code)
    assert event.attempt_token == request.callback_url.rpartition("/")[2]
    assert words in event.message
    outcome = await mpesa.gateway.query(reference="", gateway_reference=started.gateway_reference)
    assert outcome == Failed(code, event.message)


@pytest.mark.parametrize("form", ["4999", "500"])
async def test_both_ways_of_saying_not_yet_are_understood(form: str) -> None:
    async with facing("mpesa", daraja=DarajaOptions(pending_form=form)) as far_end:
        started = await far_end.gateway.start(far_end.request())
        outcome = await far_end.gateway.query(reference="", gateway_reference=started.gateway_reference)
        assert outcome == Pending()


async def test_a_query_knows_of_money_but_not_which(mpesa: MpesaFarEnd) -> None:
    started, _ = await mpesa.paid()
    outcome = await mpesa.gateway.query(reference="", gateway_reference=started.gateway_reference)
    assert outcome == PaidReceiptToFollow()


async def test_a_query_of_an_id_that_daraja_forgot_is_unknown(mpesa: MpesaFarEnd) -> None:
    outcome = await mpesa.gateway.query(reference="", gateway_reference="ws_CO_0")
    assert isinstance(outcome, Unknown)


@pytest.mark.parametrize("kind", ["html", "empty", "spike"])
async def test_a_query_without_a_clear_answer_never_fails_the_payment(mpesa: MpesaFarEnd, kind: str) -> None:
    started = await mpesa.gateway.start(mpesa.request())
    await mpesa.fault(kind)
    outcome = await mpesa.gateway.query(reference="", gateway_reference=started.gateway_reference)
    assert isinstance(outcome, Unknown)


# The Paybill


async def test_one_payment_comes_by_two_doors_with_one_receipt(mpesa: MpesaFarEnd) -> None:
    _, told = await mpesa.paid()
    confirmed = evidence_of(mpesa.gateway.read_webhook((await mpesa.confirmations())[0]))
    assert confirmed.transaction_id == told.transaction_id
    assert (confirmed.amount, confirmed.account_reference) == (told.amount, ACCOUNT)
    (listed,) = await mpesa.statement()
    assert (listed.transaction_id, listed.grade) == (told.transaction_id, EvidenceGrade.STATEMENT)


async def test_money_after_a_no_is_confirmed(mpesa: MpesaFarEnd) -> None:
    await mpesa.tell("/daraja/options", late_money_seconds=0.02)
    await mpesa.gateway.start(mpesa.request())
    await mpesa.answer("pay_late")
    (event,) = mpesa.gateway.read_webhook((await mpesa.delivered())[0])
    assert isinstance(event, ChargeFailed)
    confirmed = evidence_of(mpesa.gateway.read_webhook((await mpesa.confirmations())[0]))
    assert confirmed.amount == Money(1500_00, "KES")


@pytest.mark.parametrize("form", ["plain", "masked", "hashed"])
async def test_a_payment_by_hand_is_read_however_the_payer_is_named(mpesa: MpesaFarEnd, form: str) -> None:
    await mpesa.tell("/daraja/options", msisdn_form=form)
    await mpesa.tell(f"/phones/{PHONE}/paybill", account="BFX 100427", amount=1200)
    evidence = evidence_of(mpesa.gateway.read_webhook((await mpesa.confirmations())[0]))
    assert evidence.amount == Money(1200_00, "KES")
    assert evidence.account_reference == "BFX 100427"
    digest = hashlib.sha256(PHONE.encode()).hexdigest()
    shown = {"plain": (f"+{PHONE}", digest), "masked": ("2547 ***** 149", None), "hashed": (None, digest)}
    assert (evidence.payer_phone, evidence.payer_phone_sha256) == shown[form]


async def test_a_validation_books_nothing_and_is_accepted(mpesa: MpesaFarEnd) -> None:
    await mpesa.tell(f"/phones/{PHONE}/paybill", account=ACCOUNT, amount=1200)
    await mpesa.confirmations()
    asked = next(one for one in mpesa.listener.received if one.path.endswith("/c2b/validation"))
    events = mpesa.gateway.read_webhook(mpesa_delivery(asked.raw, kind="c2b/validation"))
    assert events == (ValidationAsked(ACCOUNT, Money(1200_00, "KES")),)
    accepted = mpesa.gateway.reply(events, accepted=True)
    assert (accepted.status, accepted.body) == (200, b'{"ResultCode": "0", "ResultDesc": "Accepted"}')
    assert b"C2B00012" in mpesa.gateway.reply(events, accepted=False).body


async def test_a_confirmation_is_always_thanked_for(mpesa: MpesaFarEnd) -> None:
    reply = mpesa.gateway.reply((Ignored("not for us"),), accepted=False)
    assert (reply.status, reply.body) == (200, b'{"ResultCode": 0, "ResultDesc": "Success"}')
    assert reply.content_type == "application/json"


async def test_a_confirmation_for_another_paybill_books_nothing(mpesa: MpesaFarEnd) -> None:
    await mpesa.tell(f"/phones/{PHONE}/paybill", account=ACCOUNT, amount=1200)
    (delivery,) = await mpesa.confirmations()
    body = delivery.body.replace(SHORTCODE.encode(), b"600999")
    (event,) = mpesa.gateway.read_webhook(mpesa_delivery(body, kind="c2b/confirmation"))
    assert isinstance(event, Ignored)


# Secret paths


@pytest.mark.parametrize("token", [None, "", "0" * 32, CALLBACK_TOKEN[:-1], "\udcff", CALLBACK_TOKEN.upper()])
@pytest.mark.parametrize("kind", ["stk", "c2b/validation", "c2b/confirmation", "pull"])
async def test_a_path_without_the_secret_is_not_found(
    mpesa: MpesaFarEnd, kind: str, token: str | None
) -> None:
    with pytest.raises(WebhookRejected) as rejected:
        mpesa.gateway.read_webhook(mpesa_delivery(b"{}", kind=kind, path_token=token))
    assert rejected.value.not_found


@pytest.mark.parametrize("kind", ["result", "timeout", "c2b/other", "", "STK"])
async def test_a_path_nobody_was_given_is_not_found(mpesa: MpesaFarEnd, kind: str) -> None:
    with pytest.raises(WebhookRejected) as rejected:
        mpesa.gateway.read_webhook(mpesa_delivery(b"{}", kind=kind))
    assert rejected.value.not_found


async def test_a_push_callback_that_names_no_attempt_is_not_found(mpesa: MpesaFarEnd) -> None:
    _, _ = await mpesa.paid()
    (delivery,) = await mpesa.delivered()
    with pytest.raises(WebhookRejected) as rejected:
        mpesa.gateway.read_webhook(replace(delivery, attempt_token=None))
    assert rejected.value.not_found


# Addresses and lists


async def test_our_addresses_are_told_and_may_be_told_again(mpesa: MpesaFarEnd) -> None:
    await mpesa.gateway.register_callbacks(public_url=mpesa.listener.url)
    state = mpesa.outside.daraja.describe()
    base = f"{mpesa.listener.url}/webhooks/mm/{CALLBACK_TOKEN}/c2b"
    assert (state["confirmation_url"], state["validation_url"]) == (
        f"{base}/confirmation",
        f"{base}/validation",
    )
    assert state["pull_registered"] is True


async def test_a_long_list_is_read_to_its_end_without_doubles() -> None:
    async with facing("mpesa", daraja=DarajaOptions(pull_page_rows=3, validation_on=False)) as far_end:
        for number in range(8):
            await far_end.tell(f"/phones/{PHONE}/paybill", account=f"A{number}", amount=100 + number)
        listed = await far_end.statement()
        assert [evidence.account_reference for evidence in listed] == [f"A{number}" for number in range(8)]
        assert far_end.outside.daraja.calls["pull"] == 4


async def test_the_payer_of_a_listed_payment_is_named_in_full(mpesa: MpesaFarEnd) -> None:
    await mpesa.paid()
    (listed,) = await mpesa.statement()
    assert listed.payer_phone == f"+{PHONE}"
    assert listed.payer_phone_sha256 == hashlib.sha256(PHONE.encode()).hexdigest()


async def test_the_hour_that_daraja_writes_is_not_believed(mpesa: MpesaFarEnd) -> None:
    before = datetime.now(UTC)  # noqa: TID251 (the simulation lives in true time)
    await mpesa.paid()
    (listed,) = await mpesa.statement()
    assert before <= listed.received_at <= before + timedelta(minutes=1)
