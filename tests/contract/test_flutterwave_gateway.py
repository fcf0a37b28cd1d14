"""What only Flutterwave does: a header that is a secret, major units, a prompt by its charge, tries and refunds."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from benfex.core.errors import GatewayRejected, GatewayUnavailable, WebhookRejected
from benfex.payments.gateway import (
    Failed,
    Ignored,
    PaymentOutcome,
    PaymentRequest,
    Pending,
    RefundRequest,
    StatusChanged,
    Succeeded,
)
from benfex.payments.gateway_events import RefundDone, RefundFailed, RefundUnderWay, RefundUnknown
from data.values.kinds import RefundWay
from data.values.money import Money
from tests.contract.far_end import PHONE, changed
from tests.contract.gateway_far_ends import SECRET_HASH, FlutterwaveFarEnd, build, facing


@pytest.fixture
async def flutterwave() -> AsyncIterator[FlutterwaveFarEnd]:
    async with facing("flutterwave") as one:
        assert isinstance(one, FlutterwaveFarEnd)
        yield one


async def status_of(far_end: FlutterwaveFarEnd, request: PaymentRequest) -> PaymentOutcome:
    return await far_end.gateway.query(reference=request.reference, gateway_reference=None)


# Starting


async def test_the_browser_is_sent_to_the_page_with_the_amount_in_major_units(
    flutterwave: FlutterwaveFarEnd,
) -> None:
    request = replace(flutterwave.request(), amount=Money(2_500_50, "KES"))
    started = await flutterwave.gateway.start(request)
    order = flutterwave.outside.flutterwave.orders[request.reference]
    assert (order.amount, order.currency, order.return_url) == ("2500.50", "KES", request.return_url)
    assert order.email == "bfx100427@customers.invalid"
    assert (
        started.redirect_url
        == f"{flutterwave.outside.hosted_url('flutterwave')}/checkout/{order.tracking_id}"
    )


async def test_the_mpesa_channel_asks_on_the_phone_and_not_in_the_browser(
    flutterwave: FlutterwaveFarEnd,
) -> None:
    request = replace(flutterwave.request(), channel="mpesa")
    started = await flutterwave.gateway.start(request)
    assert started.redirect_url is None
    assert await status_of(flutterwave, request) == Pending()
    (prompt,) = flutterwave.outside.phones.prompts(PHONE)
    assert prompt.amount == 1500
    await flutterwave.tell(f"/phones/{PHONE}/answer", answer="pay")
    outcome = await status_of(flutterwave, request)
    assert isinstance(outcome, Succeeded)
    assert outcome.evidence.amount == Money(1500_00, "KES")


async def test_a_prompt_that_is_declined_is_a_clear_no(flutterwave: FlutterwaveFarEnd) -> None:
    request = replace(flutterwave.request(), channel="mpesa")
    await flutterwave.gateway.start(request)
    await flutterwave.tell(f"/phones/{PHONE}/answer", answer="cancel")
    assert isinstance(await status_of(flutterwave, request), Failed)


async def test_too_many_starts_are_a_clear_no_because_nothing_began(flutterwave: FlutterwaveFarEnd) -> None:
    await flutterwave.fault("rate_limited", count=1)
    with pytest.raises(GatewayRejected, match="busy"):
        await flutterwave.gateway.start(flutterwave.request())


async def test_an_answer_that_was_dropped_is_found_by_our_own_reference(
    flutterwave: FlutterwaveFarEnd,
) -> None:
    request = flutterwave.request()
    await flutterwave.fault("drop_after_accept", count=1)
    with pytest.raises(GatewayUnavailable):
        await flutterwave.gateway.start(request)
    await flutterwave.tell("/flutterwave/pay", reference=request.reference)
    assert isinstance(await status_of(flutterwave, request), Succeeded)


# Verifying


async def test_a_payment_nobody_tried_yet_is_pending(flutterwave: FlutterwaveFarEnd) -> None:
    request = flutterwave.request()
    assert await status_of(flutterwave, request) == Pending()
    await flutterwave.gateway.start(request)
    assert await status_of(flutterwave, request) == Pending()


async def test_a_try_that_failed_does_not_hide_the_one_that_paid(flutterwave: FlutterwaveFarEnd) -> None:
    request = flutterwave.request()
    await flutterwave.refuse(await flutterwave.gateway.start(request), request)
    assert isinstance(await status_of(flutterwave, request), Failed)
    await flutterwave.tell("/flutterwave/pay", reference=request.reference)
    assert isinstance(await status_of(flutterwave, request), Succeeded)


async def test_a_number_from_a_webhook_finds_the_payment_too(flutterwave: FlutterwaveFarEnd) -> None:
    request = flutterwave.request()
    await flutterwave.pay(await flutterwave.gateway.start(request), request)
    (event,) = flutterwave.gateway.read_webhook((await flutterwave.delivered())[0])
    assert isinstance(event, StatusChanged)
    assert event.our_reference == request.reference
    outcome = await flutterwave.gateway.query(
        reference=request.reference, gateway_reference=event.gateway_reference
    )
    assert isinstance(outcome, Succeeded)
    assert outcome.evidence.transaction_id == event.gateway_reference


async def test_the_fee_that_we_bear_is_told(flutterwave: FlutterwaveFarEnd) -> None:
    _, evidence = await flutterwave.paid()
    assert (evidence.amount, evidence.fee) == (Money(150_000, "KES"), Money(4_350, "KES"))


async def test_the_fee_that_the_payer_bears_is_neither_money_nor_cost_of_ours(
    flutterwave: FlutterwaveFarEnd,
) -> None:
    await flutterwave.tell("/flutterwave/options", customer_bears_fee=True)
    _, evidence = await flutterwave.paid()
    assert (evidence.amount, evidence.fee) == (Money(150_000, "KES"), None)


async def test_a_list_of_several_pages_is_read_to_its_end(flutterwave: FlutterwaveFarEnd) -> None:
    for number in range(23):
        request = flutterwave.request(shillings=100 + number)
        await flutterwave.pay(await flutterwave.gateway.start(request), request)
    listed = await flutterwave.statement()
    assert len({evidence.transaction_id for evidence in listed}) == len(listed) == 23
    assert flutterwave.outside.flutterwave.calls["list"] == 3


# The header


@pytest.mark.parametrize(
    "header", ["", " ", "benfex", SECRET_HASH[:-1], SECRET_HASH + " ", SECRET_HASH.upper()]
)
async def test_another_header_proves_nothing(flutterwave: FlutterwaveFarEnd, header: str) -> None:
    await flutterwave.paid()
    (delivery,) = await flutterwave.delivered()
    for headers in ({"verif-hash": header}, {}):
        with pytest.raises(WebhookRejected):
            flutterwave.gateway.read_webhook(changed(delivery, headers=headers))


async def test_without_a_secret_hash_of_ours_nothing_is_believed() -> None:
    async with facing("flutterwave", secret_hash="") as far_end:
        for header in ("", "anything"):
            with pytest.raises(WebhookRejected):
                far_end.gateway.read_webhook(changed(far_end.proven(b"{}"), headers={"verif-hash": header}))


async def test_what_was_stored_needs_no_header_since_it_is_never_kept(flutterwave: FlutterwaveFarEnd) -> None:
    stored = changed(flutterwave.proven(b"{}"), headers={}, is_stored=True)
    assert isinstance(flutterwave.gateway.read_webhook(stored)[0], Ignored)


# Refunds


def refund_of(transaction_id: str, *, shillings: int, reference: str = "RFD1", **more: str) -> RefundRequest:
    return RefundRequest(
        reference=reference,
        way=RefundWay.GATEWAY,
        amount=Money(shillings * 100, "KES"),
        transaction_id=transaction_id,
        payment_reference=None,
        paid=Money(1500_00, "KES"),
        reason="Moved away",
        recipient=None,
        callback_url="",
        **more,
    )


async def test_a_refund_in_parts_is_followed_to_its_end(flutterwave: FlutterwaveFarEnd) -> None:
    _, evidence = await flutterwave.paid()
    asked = refund_of(evidence.transaction_id, shillings=500)
    outcome = await flutterwave.gateway.refund(asked)
    assert isinstance(outcome, RefundUnderWay)
    assert outcome.gateway_reference
    flutterwave.outside.flutterwave.finish_refunds()
    known = replace(asked, gateway_reference=outcome.gateway_reference)
    assert await flutterwave.gateway.query_refund(known) == RefundDone(outcome.gateway_reference)
    more = await flutterwave.gateway.refund(
        refund_of(evidence.transaction_id, shillings=1001, reference="RFD2")
    )
    assert isinstance(more, RefundFailed)


async def test_a_refund_whose_answer_was_lost_is_found_by_our_reference(
    flutterwave: FlutterwaveFarEnd,
) -> None:
    _, evidence = await flutterwave.paid()
    asked = refund_of(evidence.transaction_id, shillings=1500)
    await flutterwave.fault("drop_after_accept", count=1)
    assert isinstance(await flutterwave.gateway.refund(asked), RefundUnknown)
    assert isinstance(await flutterwave.gateway.query_refund(asked), RefundUnderWay)
    assert isinstance(await flutterwave.gateway.query_refund(replace(asked, reference="RFD9")), RefundUnknown)


# Checking


async def test_the_check_says_whether_the_key_is_right(flutterwave: FlutterwaveFarEnd) -> None:
    assert all(finding.is_good for finding in await flutterwave.gateway.check())
    ours = {**FlutterwaveFarEnd.settings, "base_url": FlutterwaveFarEnd.base_url(flutterwave.outside)}
    stranger = build("flutterwave", {**ours, "secret_key": "FLWSECK_TEST-other"})
    (finding,) = await stranger.check()
    await stranger.aclose()
    assert (finding.is_good, bool(finding.advice)) == (False, True)


async def test_a_refund_beyond_the_first_page_of_the_list_is_found(flutterwave: FlutterwaveFarEnd) -> None:
    _, evidence = await flutterwave.paid()
    asked = refund_of(evidence.transaction_id, shillings=1, reference="RFD-FIRST")
    await flutterwave.gateway.refund(asked)
    for number in range(25):
        await flutterwave.gateway.refund(
            refund_of(evidence.transaction_id, shillings=1, reference=f"RFD-{number}")
        )
    assert isinstance(await flutterwave.gateway.query_refund(asked), RefundUnderWay)
