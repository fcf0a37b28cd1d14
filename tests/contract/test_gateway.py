"""What every registered gateway keeps, against its simulated far end."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benfex.core.clock import SystemClock
from benfex.core.errors import (
    ConfigurationError,
    GatewayError,
    GatewayRejected,
    GatewayUnavailable,
    WebhookRejected,
)
from benfex.payments.gateway import (
    ChargeFailed,
    ChargeSucceeded,
    Failed,
    Flow,
    Ignored,
    PaidReceiptToFollow,
    PaidWithoutReceipt,
    Pending,
    Succeeded,
)
from benfex.payments.registry import build_gateways
from data.values.kinds import EvidenceGrade
from data.values.money import Money
from tests.contract.far_end import FarEnd
from tests.contract.gateway_far_ends import FAR_ENDS, KINDS, build, facing

EVERY = sorted(KINDS)
_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
JSON_BYTES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
).map(lambda content: json.dumps(content).encode())


@pytest.fixture(params=EVERY)
async def far_end(request: pytest.FixtureRequest) -> AsyncIterator[FarEnd]:
    async with facing(request.param) as one:
        yield one


def test_every_registered_gateway_has_a_far_end_here() -> None:
    assert set(FAR_ENDS) == set(KINDS)


# Starting


async def test_a_started_payment_can_be_asked_about_and_is_not_decided(far_end: FarEnd) -> None:
    request = far_end.request()
    started = await far_end.gateway.start(request)
    assert started.gateway_reference
    assert bool(started.redirect_url) is (far_end.gateway.capabilities.flow is Flow.REDIRECT)
    outcome = await far_end.gateway.query(
        reference=request.reference, gateway_reference=started.gateway_reference
    )
    assert outcome == Pending()


async def test_a_far_end_that_is_down_leaves_the_outcome_unknown(far_end: FarEnd) -> None:
    await far_end.fault("down")
    with pytest.raises(GatewayUnavailable):
        await far_end.gateway.start(far_end.request())
    with pytest.raises(GatewayUnavailable):
        await far_end.gateway.query(reference="BFX1", gateway_reference="one")
    if far_end.gateway.capabilities.can_statement:
        with pytest.raises(GatewayUnavailable):
            await far_end.statement()


@pytest.mark.parametrize("kind", ["drop_after_accept", "html", "empty"])
async def test_an_answer_that_is_lost_or_garbled_is_not_a_no(far_end: FarEnd, kind: str) -> None:
    await far_end.fault(kind, count=1)
    with pytest.raises(GatewayUnavailable):
        await far_end.gateway.start(far_end.request())


async def test_a_start_is_never_sent_twice_when_its_answer_is_lost(far_end: FarEnd) -> None:
    await far_end.fault("drop_after_accept", count=1)
    with pytest.raises(GatewayUnavailable):
        await far_end.gateway.start(far_end.request())
    assert far_end.starts == 1


@pytest.mark.parametrize("name", EVERY)
async def test_wrong_credentials_are_a_clear_no(name: str) -> None:
    async with facing(name) as far_end:
        kind = type(far_end)
        ours = {**kind.settings, "base_url": kind.base_url(far_end.outside), **kind.wrong}
        stranger = build(name, ours)
        with pytest.raises(GatewayRejected):
            await stranger.start(far_end.request())
        await stranger.aclose()


async def test_a_closed_gateway_says_so(far_end: FarEnd) -> None:
    await far_end.gateway.aclose()
    with pytest.raises(GatewayError):
        await far_end.gateway.start(far_end.request())


# Money


async def test_a_paid_payment_is_told_with_what_was_asked(far_end: FarEnd) -> None:
    request = far_end.request(shillings=2500)
    started, evidence = await far_end.paid(request)
    assert evidence.gateway == far_end.gateway.name
    # A webhook proves as much as its gateway says; what it only pointed to was asked for over our own key.
    assert evidence.grade in {far_end.gateway.evidence_grade, EvidenceGrade.SIGNED}
    assert evidence.amount == Money(2500_00, "KES")
    assert evidence.transaction_id
    assert evidence.gateway_reference == started.gateway_reference
    assert evidence.received_at.utcoffset() is not None


async def test_a_webhook_sent_twice_names_the_same_money(far_end: FarEnd) -> None:
    await far_end.tell(f"/{far_end.kinds}/delivery", duplicate_next=1)
    request = far_end.request()
    started = await far_end.gateway.start(request)
    await far_end.pay(started, request)
    first, second = [await far_end.told(delivery, started) for delivery in await far_end.delivered(2)]
    assert first.transaction_id == second.transaction_id


async def test_a_paid_payment_is_also_known_when_asked(far_end: FarEnd) -> None:
    request = far_end.request()
    started, evidence = await far_end.paid(request)
    outcome = await far_end.gateway.query(
        reference=request.reference, gateway_reference=started.gateway_reference
    )
    match outcome:
        case Succeeded(evidence=asked):
            assert (asked.transaction_id, asked.amount) == (evidence.transaction_id, evidence.amount)
        case _:
            assert outcome == PaidReceiptToFollow()


async def test_a_refused_payment_is_failed_with_words_for_the_payer(far_end: FarEnd) -> None:
    request = far_end.request()
    started = await far_end.gateway.start(request)
    await far_end.refuse(started, request)
    outcome = await far_end.gateway.query(
        reference=request.reference, gateway_reference=started.gateway_reference
    )
    assert isinstance(outcome, Failed)
    assert outcome.code
    assert outcome.message.endswith(".") or ":" in outcome.message


async def test_the_statement_has_what_no_webhook_told(far_end: FarEnd) -> None:
    if not far_end.gateway.capabilities.can_statement:
        return await _refuses_a_statement(far_end)
    await far_end.lose_next()
    request = far_end.request(shillings=700)
    await far_end.pay(await far_end.gateway.start(request), request)
    _, told = await far_end.paid(far_end.request(shillings=900))
    listed = {evidence.transaction_id: evidence for evidence in await far_end.statement()}
    assert len(listed) == 2
    (lost,) = (evidence for key, evidence in listed.items() if key != told.transaction_id)
    assert lost.amount == Money(700_00, "KES")
    assert lost.grade in {EvidenceGrade.STATEMENT, EvidenceGrade.SIGNED}


async def _refuses_a_statement(far_end: FarEnd) -> None:
    with pytest.raises(GatewayRejected):
        await far_end.statement()


async def test_a_statement_of_nothing_is_empty(far_end: FarEnd) -> None:
    if not far_end.gateway.capabilities.can_statement:
        return await _refuses_a_statement(far_end)
    assert await far_end.statement() == []


@pytest.mark.parametrize("kind", ["html", "empty"])
async def test_a_garbled_statement_is_not_an_empty_one(far_end: FarEnd, kind: str) -> None:
    await far_end.fault(kind, count=1)
    with pytest.raises(GatewayError):
        await far_end.statement()


async def test_many_start_at_once_and_each_is_its_own(far_end: FarEnd) -> None:
    requests = [far_end.request(phone=f"2547120000{number:02d}") for number in range(12)]
    started = await asyncio.gather(*(far_end.gateway.start(request) for request in requests))
    assert len({one.gateway_reference for one in started}) == 12


# Webhooks


async def test_a_forged_webhook_proves_nothing(far_end: FarEnd) -> None:
    await far_end.paid()
    (delivery,) = await far_end.delivered()
    with pytest.raises(WebhookRejected):
        far_end.gateway.read_webhook(far_end.forged(delivery))


async def test_a_truncated_webhook_credits_nothing(far_end: FarEnd) -> None:
    await far_end.paid()
    (delivery,) = await far_end.delivered()
    for length in range(0, len(delivery.body), 7):
        (event,) = far_end.gateway.read_webhook(far_end.proven(delivery.body[:length]))
        assert isinstance(event, Ignored)


async def test_whatever_is_said_the_answer_is_an_ok(far_end: FarEnd) -> None:
    for event in (Ignored("nothing"), PaidWithoutReceipt("one", None), ChargeFailed("one", None, "1", "No.")):
        assert far_end.gateway.reply((event,), accepted=True).status == 200


@pytest.mark.parametrize("name", EVERY)
def test_what_the_true_sender_garbles_is_ignored_and_never_an_exception(name: str) -> None:
    gateway = build(name, FAR_ENDS[name].settings)
    far_end = FAR_ENDS[name](gateway, None, None, None)  # type: ignore[arg-type]

    @given(st.binary(max_size=200) | JSON_BYTES)
    def check(body: bytes) -> None:
        for event in gateway.read_webhook(far_end.proven(body)):
            assert not isinstance(event, ChargeSucceeded)

    check()


# Set-up


@pytest.mark.parametrize("name", EVERY)
def test_a_missing_setting_is_named(name: str) -> None:
    needed = next(key for key in FAR_ENDS[name].settings if key != "calls_per_second")
    settings = {key: value for key, value in FAR_ENDS[name].settings.items() if key != needed}
    with pytest.raises(ConfigurationError, match=needed):
        build_gateways({name: settings}, SystemClock(), kinds=KINDS)


def test_a_gateway_nobody_knows_is_left_out() -> None:
    assert build_gateways({"cowries": {}}, SystemClock()) == {}


@pytest.mark.parametrize("name", EVERY)
def test_secrets_are_not_in_the_words_of_a_gateway(name: str) -> None:
    gateway = build(name, FAR_ENDS[name].settings)
    for secret in ("consumer_secret", "passkey", "secret_key", "secret_hash", "callback_token"):
        assert FAR_ENDS[name].settings.get(secret, "no such") not in repr(gateway)


@pytest.mark.parametrize("name", EVERY)
def test_capabilities_agree_with_themselves(name: str) -> None:
    can = build(name, FAR_ENDS[name].settings).capabilities
    assert "KES" in can.currencies
    assert 0 < can.minimum_minor <= can.maximum_minor
    assert can.amount_step_minor > 0
    assert can.needs_phone or can.flow is not Flow.PUSH
