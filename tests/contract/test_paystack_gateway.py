"""What only Paystack does: signatures, references that serve once, statuses, and who bears the fee."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from benfex.core.errors import GatewayRejected, GatewayUnavailable, WebhookRejected
from benfex.payments.gateway import Failed, Ignored, PaymentRequest, Pending, Succeeded, TakenBack
from data.values.money import Money
from tests.contract.far_end import evidence_of
from tests.contract.gateway_far_ends import PaystackFarEnd, facing, paystack_delivery


@pytest.fixture
async def paystack() -> AsyncIterator[PaystackFarEnd]:
    async with facing("paystack") as one:
        assert isinstance(one, PaystackFarEnd)
        yield one


async def status_of(paystack: PaystackFarEnd, request: PaymentRequest) -> object:
    return await paystack.gateway.query(reference=request.reference, gateway_reference=None)


# Starting


async def test_the_browser_is_sent_to_the_checkout_with_the_amount(paystack: PaystackFarEnd) -> None:
    request = paystack.request(shillings=2500)
    started = await paystack.gateway.start(request)
    assert started.gateway_reference == request.reference
    assert started.redirect_url is not None
    assert started.redirect_url.startswith(f"{paystack.outside.paystack_url}/checkout/")
    charge = paystack.outside.paystack.charges[request.reference]
    assert (charge.requested_amount, charge.currency) == (250_000, "KES")
    assert charge.callback_url == request.return_url


async def test_a_payer_without_an_address_always_gets_the_same_one(paystack: PaystackFarEnd) -> None:
    for _ in range(2):
        await paystack.gateway.start(paystack.request())
    addresses = {charge.email for charge in paystack.outside.paystack.charges.values()}
    assert addresses == {"bfx100427@customers.invalid"}


async def test_a_currency_without_subunits_is_multiplied_all_the_same(paystack: PaystackFarEnd) -> None:
    request = replace(paystack.request(), amount=Money(5_000, "XOF"))
    await paystack.pay(await paystack.gateway.start(request), request)
    assert paystack.outside.paystack.charges[request.reference].requested_amount == 500_000
    (delivery,) = await paystack.delivered()
    assert evidence_of(paystack.gateway.read_webhook(delivery)).amount == Money(5_000, "XOF")


async def test_a_reference_that_exists_is_no_failure_but_a_question(paystack: PaystackFarEnd) -> None:
    request = paystack.request()
    await paystack.gateway.start(request)
    with pytest.raises(GatewayUnavailable):
        await paystack.gateway.start(request)
    await paystack.tell("/paystack/pay", reference=request.reference)
    assert isinstance(await status_of(paystack, request), Succeeded)


async def test_an_answer_that_was_dropped_is_found_by_our_own_reference(paystack: PaystackFarEnd) -> None:
    request = paystack.request()
    await paystack.fault("drop_after_accept", count=1)
    with pytest.raises(GatewayUnavailable):
        await paystack.gateway.start(request)
    await paystack.tell("/paystack/pay", reference=request.reference)
    outcome = await status_of(paystack, request)
    assert isinstance(outcome, Succeeded)
    assert outcome.evidence.our_reference == request.reference


async def test_a_reference_nobody_heard_of_has_not_been_paid(paystack: PaystackFarEnd) -> None:
    assert await status_of(paystack, paystack.request()) == Pending()


async def test_too_many_starts_are_a_clear_no_because_nothing_began(paystack: PaystackFarEnd) -> None:
    await paystack.fault("rate_limited", count=1)
    with pytest.raises(GatewayRejected, match="busy"):
        await paystack.gateway.start(paystack.request())


async def test_too_many_questions_leave_the_answer_open(paystack: PaystackFarEnd) -> None:
    request = paystack.request()
    await paystack.gateway.start(request)
    await paystack.fault("rate_limited", count=1)
    with pytest.raises(GatewayUnavailable):
        await status_of(paystack, request)


async def test_what_paystack_refuses_is_said_in_its_words(paystack: PaystackFarEnd) -> None:
    request = replace(paystack.request(), amount=Money(100, "KES"))
    with pytest.raises(GatewayRejected) as refused:
        await paystack.gateway.start(request)
    assert refused.value.gateway_code == "amount_below_minimum"


# Verifying


@pytest.mark.parametrize("status", ["abandoned", "ongoing", "pending", "processing", "queued"])
async def test_what_is_not_finished_is_pending(paystack: PaystackFarEnd, status: str) -> None:
    request = paystack.request()
    await paystack.gateway.start(request)
    await paystack.tell("/paystack/status", reference=request.reference, status=status)
    assert await status_of(paystack, request) == Pending()


async def test_failed_is_a_clear_no_and_reversed_is_money_that_left_again(paystack: PaystackFarEnd) -> None:
    request = paystack.request()
    await paystack.gateway.start(request)
    await paystack.tell("/paystack/status", reference=request.reference, status="failed")
    outcome = await status_of(paystack, request)
    assert isinstance(outcome, Failed)
    assert outcome.code == "failed"
    await paystack.tell("/paystack/status", reference=request.reference, status="reversed")
    reversed_ = await status_of(paystack, request)
    assert isinstance(reversed_, TakenBack)
    assert reversed_.event.payment_reference == request.reference


async def test_the_fee_that_we_bear_is_told(paystack: PaystackFarEnd) -> None:
    _, evidence = await paystack.paid()
    assert (evidence.amount, evidence.fee) == (Money(150_000, "KES"), Money(2_250, "KES"))


async def test_the_fee_that_the_payer_bears_is_neither_money_nor_cost_of_ours(
    paystack: PaystackFarEnd,
) -> None:
    await paystack.tell("/paystack/options", customer_bears_fee=True)
    request = paystack.request()
    _, evidence = await paystack.paid(request)
    assert (evidence.amount, evidence.fee) == (Money(150_000, "KES"), None)
    outcome = await status_of(paystack, request)
    assert isinstance(outcome, Succeeded)
    assert outcome.evidence.amount == Money(150_000, "KES")


async def test_a_list_of_several_pages_is_read_to_its_end(paystack: PaystackFarEnd) -> None:
    first = paystack.request()
    await paystack.gateway.start(first)
    pattern = paystack.outside.paystack.charges[first.reference]
    for number in range(205):
        reference = f"R{number:03d}"
        paystack.outside.paystack.charges[reference] = replace(
            pattern, id=pattern.id + 1 + number, reference=reference, status="success"
        )
    listed = await paystack.statement()
    assert len({evidence.transaction_id for evidence in listed}) == len(listed) == 205
    assert paystack.outside.paystack.calls["list"] == 3


# Signatures


async def test_the_key_of_yesterday_still_proves_webhooks() -> None:
    async with facing("paystack", previous_secret_key="sk_test_yesterday") as paystack:
        for secret in ("sk_test_benfex_demo_key", "sk_test_yesterday"):
            events = paystack.gateway.read_webhook(
                paystack_delivery(b'{"event":"x","data":{}}', secret=secret)
            )
            assert isinstance(events[0], Ignored)
        with pytest.raises(WebhookRejected):
            paystack.gateway.read_webhook(paystack_delivery(b"{}", secret="sk_test_tomorrow"))


async def test_a_signature_may_be_written_large_but_not_cut_or_missing(paystack: PaystackFarEnd) -> None:
    body = b'{"event":"x","data":{}}'
    true = hmac.new(b"sk_test_benfex_demo_key", body, hashlib.sha512).hexdigest()
    delivery = paystack_delivery(body, secret="sk_test_benfex_demo_key")
    paystack.gateway.read_webhook(replace(delivery, headers={"x-paystack-signature": true.upper()}))
    for wrong in ({}, {"x-paystack-signature": ""}, {"x-paystack-signature": true[:-1]}):
        with pytest.raises(WebhookRejected) as rejected:
            paystack.gateway.read_webhook(replace(delivery, headers=wrong))
        assert not rejected.value.not_found


async def test_a_body_written_anew_is_not_the_body_that_was_signed(paystack: PaystackFarEnd) -> None:
    await paystack.paid()
    (delivery,) = await paystack.delivered()
    rewritten = json.dumps(json.loads(delivery.body), indent=1).encode()
    with pytest.raises(WebhookRejected):
        paystack.gateway.read_webhook(replace(delivery, body=rewritten))


async def test_live_money_is_not_taken_by_a_test_key(paystack: PaystackFarEnd) -> None:
    await paystack.paid()
    (delivery,) = await paystack.delivered()
    body = delivery.body.replace(b'"domain":"test"', b'"domain":"live"')
    assert body != delivery.body
    (event,) = paystack.gateway.read_webhook(paystack_delivery(body, secret="sk_test_benfex_demo_key"))
    assert isinstance(event, Ignored)
