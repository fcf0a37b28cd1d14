"""Paystack without its own page: prompts on phones, tills, its Paybill, saved cards; and how it is set up."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from benfex.core.clock import MovedClock
from benfex.core.errors import GatewayRejected, GatewayUnavailable
from benfex.payments.gateway import Failed, Flow, PaymentRequest, Pending, Succeeded
from benfex.payments.gateway_events import SavedCard
from benfex.payments.gateways.paystack.gateway import PaystackGateway
from data.values.money import Money
from tests.contract.far_end import evidence_of
from tests.contract.gateway_far_ends import PAYSTACK, PaystackFarEnd, facing

PLAIN_CARD = "4084084084084081"


@pytest.fixture
async def paystack() -> AsyncIterator[PaystackFarEnd]:
    async with facing("paystack", channels="card, mpesa, atl, mptill, mpesa_offline") as one:
        assert isinstance(one, PaystackFarEnd)
        yield one


async def status_of(paystack: PaystackFarEnd, request: PaymentRequest) -> object:
    return await paystack.gateway.query(reference=request.reference, gateway_reference=None)


async def saved_card(paystack: PaystackFarEnd, *, card: str = PLAIN_CARD) -> SavedCard:
    """Pay once with a card on the page, and return what Paystack lets us charge again."""
    request = replace(paystack.request(), channel="card")
    await paystack.gateway.start(request)
    await paystack.tell("/paystack/pay", reference=request.reference, card=card)
    outcome = await status_of(paystack, request)
    assert isinstance(outcome, Succeeded)
    assert outcome.evidence.saved_card is not None
    return outcome.evidence.saved_card


# Phones, tills and the Paybill


async def test_the_payer_chooses_among_the_ways_that_are_set_up(paystack: PaystackFarEnd) -> None:
    can = paystack.gateway.capabilities
    assert can.channels == ("card", "mpesa", "atl", "mptill", "mpesa_offline")
    assert [can.flow_of(channel) for channel in ("card", "mpesa", None)] == [
        Flow.REDIRECT,
        Flow.PUSH,
        Flow.REDIRECT,
    ]


@pytest.mark.parametrize("currency", ["KES", "NGN", "GHS", "ZAR", "USD", "XOF"])
async def test_the_least_of_each_currency_is_taken_and_less_is_not(
    paystack: PaystackFarEnd, currency: str
) -> None:
    least = paystack.gateway.capabilities.least(currency)
    assert (await paystack.gateway.start(replace(paystack.request(), amount=least))).redirect_url
    with pytest.raises(GatewayRejected):
        await paystack.gateway.start(replace(paystack.request(), amount=least - Money(1, currency)))


async def test_a_prompt_on_the_phone_settles_without_a_page(paystack: PaystackFarEnd) -> None:
    request = replace(paystack.request(), channel="mpesa")
    started = await paystack.gateway.start(request)
    assert (started.gateway_reference, started.redirect_url) == (request.reference, None)
    assert started.customer_message == "Please complete authorization process on your mobile phone"
    assert await status_of(paystack, request) == Pending()
    await paystack.tell("/phones/254708374149/answer", answer="pay")
    (delivery,) = await paystack.delivered()
    evidence = evidence_of(paystack.gateway.read_webhook(delivery))
    assert (evidence.amount, evidence.our_reference) == (Money(1500_00, "KES"), request.reference)
    assert evidence.saved_card is None  # a phone is asked each time


async def test_a_prompt_that_is_refused_is_a_clear_no(paystack: PaystackFarEnd) -> None:
    request = replace(paystack.request(), channel="mpesa")
    await paystack.gateway.start(request)
    await paystack.tell("/phones/254708374149/answer", answer="cancel")
    assert isinstance(await status_of(paystack, request), Failed)


async def test_a_till_pays_where_a_phone_would(paystack: PaystackFarEnd) -> None:
    request = replace(paystack.request(), channel="mptill", payer_till="123456")
    await paystack.gateway.start(request)
    charge = paystack.outside.paystack.charges[request.reference]
    assert (charge.payer_till, charge.phone) == ("123456", None)
    with pytest.raises(GatewayRejected, match="till"):
        await paystack.gateway.start(replace(paystack.request(), channel="mptill"))


@pytest.mark.parametrize(("amount", "kind"), [(150_000, Succeeded), (140_000, Failed)])
async def test_money_to_paystacks_paybill_counts_when_it_is_exact(
    paystack: PaystackFarEnd, amount: int, kind: type
) -> None:
    request = replace(paystack.request(), channel="mpesa_offline")
    started = await paystack.gateway.start(request)
    account = paystack.outside.paystack.charges[request.reference].paybill_account
    assert started.customer_message == (
        f"Pay by M-Pesa: Paybill 4084333, account {account}, exactly this amount."
    )
    await paystack.tell("/paystack/paybill", account=account, amount=amount)
    assert isinstance(await status_of(paystack, request), kind)


async def test_a_charge_that_exists_is_asked_about_and_not_failed(paystack: PaystackFarEnd) -> None:
    request = replace(paystack.request(), channel="mpesa")
    await paystack.gateway.start(request)
    with pytest.raises(GatewayUnavailable):
        await paystack.gateway.start(request)


async def test_a_page_is_narrowed_to_the_chosen_channel(paystack: PaystackFarEnd) -> None:
    request = replace(paystack.request(), channel="card")
    started = await paystack.gateway.start(request)
    assert started.redirect_url
    assert paystack.outside.paystack.charges[request.reference].channels == ["card"]


# Saved cards


async def test_a_card_that_may_be_charged_again_is_told_once_it_paid(paystack: PaystackFarEnd) -> None:
    card = await saved_card(paystack)
    assert (card.label, card.email) == ("Visa ending 4081", "bfx100427@customers.invalid")
    assert card.code.startswith("AUTH_")
    again = await saved_card(paystack)
    assert (again.signature, again.code != card.code) == (card.signature, True)


async def test_a_saved_card_pays_without_its_owner(paystack: PaystackFarEnd) -> None:
    request = replace(paystack.request(), saved_card=await saved_card(paystack))
    started = await paystack.gateway.start(request)
    assert (started.gateway_reference, started.redirect_url) == (request.reference, None)
    outcome = await status_of(paystack, request)
    assert isinstance(outcome, Succeeded)
    assert outcome.evidence.amount == Money(1500_00, "KES")


async def test_a_bank_that_wants_the_owner_gets_them(paystack: PaystackFarEnd) -> None:
    await paystack.tell("/paystack/options", pause_saved=1)
    request = replace(paystack.request(), saved_card=await saved_card(paystack))
    started = await paystack.gateway.start(request)
    assert started.redirect_url is not None
    assert started.redirect_url.startswith(f"{paystack.outside.paystack_url}/checkout/")
    assert await status_of(paystack, request) == Pending()


async def test_a_declined_saved_card_is_a_clear_no_in_the_banks_words(paystack: PaystackFarEnd) -> None:
    await paystack.tell("/paystack/options", saved_cards_say="Expired card")
    request = replace(paystack.request(), saved_card=await saved_card(paystack))
    with pytest.raises(GatewayRejected, match="Declined"):
        await paystack.gateway.start(request)


async def test_a_saved_card_serves_only_with_the_address_it_was_saved_with(
    paystack: PaystackFarEnd,
) -> None:
    card = replace(await saved_card(paystack), email="other@customers.example")
    with pytest.raises(GatewayRejected, match="Email does not match"):
        await paystack.gateway.start(replace(paystack.request(), saved_card=card))


# When Paystack is busy


async def test_a_busy_paystack_is_left_alone_for_longer_each_time() -> None:
    async with facing("paystack") as far_end:
        clock = MovedClock(datetime(2026, 11, 26, 8, 0, tzinfo=UTC))
        ours = PaystackGateway({**PAYSTACK, "base_url": far_end.outside.paystack_url}, clock)
        calls = far_end.outside.paystack.calls
        await far_end.fault("rate_limited")
        for pause, sent in ((1, 1), (2, 2), (4, 3)):
            with pytest.raises(GatewayRejected, match="busy"):
                await ours.start(far_end.request())
            clock.advance(timedelta(seconds=pause, milliseconds=-1))
            with pytest.raises(GatewayUnavailable, match="busy"):
                await ours.query(reference="BFX1", gateway_reference=None)
            assert calls["initialize"] == sent
            assert "verify" not in calls
            clock.advance(timedelta(milliseconds=1))
        await far_end.fault("none")
        assert (await ours.start(far_end.request())).redirect_url
        await ours.aclose()


# How it is set up


async def test_a_right_key_is_told_with_what_is_left_to_do(paystack: PaystackFarEnd) -> None:
    await paystack.gateway.register_callbacks(public_url="https://billing.example")
    key, webhook = await paystack.gateway.check()
    assert (key.is_good, key.text) == (True, "Paystack accepted the key (test, no real money).")
    assert "https://billing.example/webhooks/paystack" in webhook.text
    assert "webhook URL" in webhook.advice


async def test_a_wrong_key_is_named() -> None:
    async with facing("paystack", secret_key="sk_test_other") as far_end:
        (finding,) = await far_end.gateway.check()
    assert (finding.is_good, finding.text) == (False, "Paystack does not know this secret key.")
    assert "Settings" in finding.advice


async def test_a_far_end_that_is_not_there_is_named() -> None:
    gateway = PaystackGateway(
        {**PAYSTACK, "base_url": "http://127.0.0.1:9"}, MovedClock(datetime(2026, 11, 26, tzinfo=UTC))
    )
    (finding,) = await gateway.check()
    await gateway.aclose()
    assert (finding.is_good, "cannot be reached" in finding.text) == (False, True)


@pytest.mark.parametrize(
    ("key", "mode", "said"), [("sk_test_x1", "live", "no money"), ("sk_live_x1", "test", "real money")]
)
async def test_keys_of_the_other_mode_take_no_money(key: str, mode: str, said: str) -> None:
    async with facing("paystack", secret_key=key, mode=mode) as far_end:
        with pytest.raises(GatewayRejected, match=said):
            await far_end.gateway.start(far_end.request())
        mixture, *_ = await far_end.gateway.check()
        assert (mixture.is_good, said in mixture.text) == (False, True)
        assert far_end.outside.paystack.calls.get("initialize", 0) == 0


async def test_at_paystack_itself_a_test_key_serves_nobody_unless_it_is_meant() -> None:
    clock = MovedClock(datetime(2026, 11, 26, tzinfo=UTC))
    gateway = PaystackGateway({"secret_key": "sk_test_x1"}, clock)
    async with facing("paystack") as far_end:
        with pytest.raises(GatewayRejected, match="test key"):
            await gateway.start(far_end.request())
    await gateway.aclose()
