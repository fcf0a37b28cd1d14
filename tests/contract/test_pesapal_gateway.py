"""What only Pesapal does: tokens of minutes, one registered address, notices without a status, errors with 200."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from benfex.core.clock import MovedClock
from benfex.core.errors import GatewayRejected, GatewayUnavailable, WebhookRejected
from benfex.payments.gateway import (
    Failed,
    Ignored,
    PaymentOutcome,
    PaymentRequest,
    Pending,
    RefundRequest,
    StartedPayment,
    StatusChanged,
    Succeeded,
    TakenBack,
    Unknown,
)
from benfex.payments.gateway_events import PaymentTakenBack, RefundFailed, RefundUnderWay
from benfex.payments.registry import GATEWAYS
from data.values.kinds import RefundWay
from data.values.money import Money
from tests.contract.far_end import changed
from tests.contract.gateway_far_ends import PESAPAL, PesapalFarEnd, build, facing
from tests.contract.payload_handling import NOW, TRACKING_ID, body_of


@pytest.fixture
async def pesapal() -> AsyncIterator[PesapalFarEnd]:
    async with facing("pesapal") as one:
        assert isinstance(one, PesapalFarEnd)
        yield one


async def status_of(
    pesapal: PesapalFarEnd, request: PaymentRequest, started: StartedPayment
) -> PaymentOutcome:
    return await pesapal.gateway.query(
        reference=request.reference, gateway_reference=started.gateway_reference
    )


# Tokens


async def test_many_calls_at_once_share_one_token(pesapal: PesapalFarEnd) -> None:
    pesapal.outside.pesapal.expire_tokens()
    before = pesapal.outside.pesapal.calls["oauth"]
    await asyncio.gather(*(pesapal.gateway.start(pesapal.request()) for _ in range(8)))
    assert pesapal.outside.pesapal.calls["oauth"] == before + 1


async def test_a_token_is_renewed_before_its_five_minutes_are_over(pesapal: PesapalFarEnd) -> None:
    clock = MovedClock(NOW)
    ours = {**PESAPAL, "base_url": PesapalFarEnd.base_url(pesapal.outside)}
    gateway = GATEWAYS["pesapal"](ours, clock)
    calls = pesapal.outside.pesapal.calls
    before = calls["oauth"]
    for minutes, fetched in ((0, 1), (3, 1), (1, 2)):
        clock.advance(timedelta(minutes=minutes))
        await gateway.register_callbacks(public_url=f"https://billing.example/{minutes}")
        assert calls["oauth"] == before + fetched
    await gateway.aclose()


async def test_a_token_that_stays_refused_is_fetched_anew_just_once(pesapal: PesapalFarEnd) -> None:
    await pesapal.fault("token_expired")
    with pytest.raises(GatewayRejected):
        await pesapal.gateway.start(pesapal.request())
    assert pesapal.starts == 2
    assert not pesapal.outside.pesapal.orders


# The address


async def test_the_address_is_registered_once_and_found_again_after_a_restart(
    pesapal: PesapalFarEnd,
) -> None:
    ours = {**PESAPAL, "base_url": PesapalFarEnd.base_url(pesapal.outside)}
    for _ in range(2):
        again = build("pesapal", ours)
        await again.register_callbacks(public_url=pesapal.listener.url)
        await again.aclose()
    (address,) = pesapal.outside.pesapal.addresses
    assert address["url"] == f"{pesapal.listener.url}{pesapal.gateway.callback_path('ipn', '')}"


async def test_a_start_before_the_address_was_registered_registers_it(pesapal: PesapalFarEnd) -> None:
    pesapal.outside.pesapal.addresses.clear()
    again = build("pesapal", {**PESAPAL, "base_url": PesapalFarEnd.base_url(pesapal.outside)})
    await asyncio.gather(*(again.start(pesapal.request()) for _ in range(4)))
    await again.aclose()
    assert len(pesapal.outside.pesapal.addresses) == 1


# Starting


async def test_an_order_carries_the_amount_in_major_units_and_our_address(pesapal: PesapalFarEnd) -> None:
    request = replace(pesapal.request(), amount=Money(2_500_50, "KES"))
    started = await pesapal.gateway.start(request)
    order = pesapal.outside.pesapal.orders[request.reference]
    assert (order.amount, order.tracking_id) == ("2500.50", started.gateway_reference)
    assert order.return_url == request.return_url


async def test_an_error_that_comes_with_200_is_a_clear_no(pesapal: PesapalFarEnd) -> None:
    request = pesapal.request()
    await pesapal.gateway.start(request)
    with pytest.raises(GatewayRejected) as refused:
        await pesapal.gateway.start(request)
    assert refused.value.gateway_code == "duplicate_order_id"


async def test_an_order_whose_answer_was_lost_cannot_be_asked_about(pesapal: PesapalFarEnd) -> None:
    request = pesapal.request()
    await pesapal.fault("drop_after_accept", count=1)
    with pytest.raises(GatewayUnavailable):
        await pesapal.gateway.start(request)
    outcome = await pesapal.gateway.query(reference=request.reference, gateway_reference=None)
    assert isinstance(outcome, Unknown)


# Asking


async def test_invalid_means_not_yet_paid(pesapal: PesapalFarEnd) -> None:
    request = pesapal.request()
    assert await status_of(pesapal, request, await pesapal.gateway.start(request)) == Pending()


async def test_a_failed_try_is_a_no_until_the_payer_tries_again(pesapal: PesapalFarEnd) -> None:
    request = pesapal.request()
    started = await pesapal.gateway.start(request)
    await pesapal.refuse(started, request)
    assert isinstance(await status_of(pesapal, request, started), Failed)
    await pesapal.pay(started, request)
    assert isinstance(await status_of(pesapal, request, started), Succeeded)


async def test_money_that_was_reversed_is_told_as_taken_back(pesapal: PesapalFarEnd) -> None:
    request = pesapal.request()
    started, evidence = await pesapal.paid(request)
    await pesapal.tell("/pesapal/reverse", reference=request.reference)
    outcome = await status_of(pesapal, request, started)
    assert isinstance(outcome, TakenBack)
    assert (outcome.event.transaction_id, outcome.event.payment_reference) == (
        evidence.transaction_id,
        request.reference,
    )
    assert isinstance(outcome.event, PaymentTakenBack)


# Notices


async def test_a_notice_is_answered_with_what_it_said(pesapal: PesapalFarEnd) -> None:
    delivery = pesapal.proven(body_of("pesapal_v3_ipn.json"))
    reply = pesapal.gateway.reply(pesapal.gateway.read_webhook(delivery), accepted=True)
    assert json.loads(reply.body) == {
        "orderNotificationType": "IPNCHANGE",
        "orderTrackingId": TRACKING_ID,
        "orderMerchantReference": "bfx-01jd9zpspk2m9",
        "status": 200,
    }


@pytest.mark.parametrize(
    "query",
    [
        b"OrderTrackingId=one&OrderNotificationType=IPNCHANGE&OrderMerchantReference=BFX1",
        b"ordertrackingid=one&ordermerchantreference=BFX1",
    ],
)
async def test_a_notice_may_come_as_the_query_of_an_address(pesapal: PesapalFarEnd, query: bytes) -> None:
    assert pesapal.gateway.read_webhook(pesapal.proven(query)) == (StatusChanged("BFX1", "one"),)


@pytest.mark.parametrize("body", [b"", b"OrderTrackingId=one", b"\xff=1", b"&" * 100 + b"a=1" * 30, b"[]"])
async def test_a_notice_that_names_no_order_is_ignored(pesapal: PesapalFarEnd, body: bytes) -> None:
    (event,) = pesapal.gateway.read_webhook(pesapal.proven(body))
    assert isinstance(event, Ignored)


@pytest.mark.parametrize("token", [None, "", "0" * 32])
async def test_another_path_is_no_path(pesapal: PesapalFarEnd, token: str | None) -> None:
    delivery = changed(pesapal.proven(body_of("pesapal_v3_ipn.json")), path_token=token)
    with pytest.raises(WebhookRejected) as rejected:
        pesapal.gateway.read_webhook(delivery)
    assert rejected.value.not_found


# Refunds


async def test_a_refund_is_asked_for_once_and_in_whole(pesapal: PesapalFarEnd) -> None:
    _, evidence = await pesapal.paid()
    asked = RefundRequest(
        reference="RFD1",
        way=RefundWay.GATEWAY,
        amount=Money(1500_00, "KES"),
        transaction_id=evidence.transaction_id,
        payment_reference=None,
        paid=Money(1500_00, "KES"),
        reason="Moved away",
        recipient=None,
        callback_url="",
    )
    part = await pesapal.gateway.refund(replace(asked, amount=Money(500_00, "KES")))
    assert isinstance(part, RefundFailed)
    assert await pesapal.gateway.refund(asked) == RefundUnderWay()
    assert isinstance(await pesapal.gateway.refund(asked), RefundFailed)


# Checking


async def test_the_check_says_whether_the_keys_are_right(pesapal: PesapalFarEnd) -> None:
    assert all(finding.is_good for finding in await pesapal.gateway.check())
    ours = {**PESAPAL, "base_url": PesapalFarEnd.base_url(pesapal.outside)}
    stranger = build("pesapal", {**ours, "consumer_key": "other"})
    (finding,) = await stranger.check()
    await stranger.aclose()
    assert (finding.is_good, bool(finding.advice)) == (False, True)
