"""M-Pesa beyond the push on a Paybill: tills, forms of numbers, standing orders, QR codes, and testing settings."""

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import date

import pytest
import zxingcpp
from PIL import Image

from benfex.core.errors import GatewayRejected
from benfex.payments.gateway import ChargeFailed, Finding
from benfex.payments.gateway_events import StandingOrderChanged, StandingOrderRequest
from benfex.simulation.options import DarajaOptions
from data.values.errors import AmountOutOfRange, InvalidInput
from data.values.identifiers import hash_token, new_token, parse_phone
from data.values.money import Money
from tests.contract.far_end import ACCOUNT, PHONE, evidence_of
from tests.contract.gateway_far_ends import INITIATOR, SHORTCODE, MpesaFarEnd, build, facing

TILL = "5551234"
A_TILL = DarajaOptions(kind="till", till_number=TILL)
TILL_SETTINGS = {"kind": "till", "till_number": TILL}


@asynccontextmanager
async def facing_mpesa(options: DarajaOptions | None = None, **settings: str) -> AsyncIterator[MpesaFarEnd]:
    async with facing("mpesa", daraja=options, **settings) as one:
        assert isinstance(one, MpesaFarEnd)
        yield one


# Tills


async def test_a_till_is_paid_by_a_push_that_names_store_and_till() -> None:
    async with facing_mpesa(A_TILL, **TILL_SETTINGS) as mpesa:
        _, evidence = await mpesa.paid()
        assert evidence.amount == Money(1500_00, "KES")


@pytest.mark.parametrize(
    ("options", "settings"),
    [(A_TILL, {}), (DarajaOptions(), TILL_SETTINGS), (A_TILL, {**TILL_SETTINGS, "till_number": "5550000"})],
)
async def test_a_push_of_the_wrong_kind_is_refused_as_mpesa_does(
    options: DarajaOptions, settings: dict[str, str]
) -> None:
    async with facing_mpesa(options, **settings) as mpesa:
        await mpesa.gateway.start(mpesa.request())
        (event,) = mpesa.gateway.read_webhook((await mpesa.delivered())[0])
        assert isinstance(event, ChargeFailed)
        assert event.code == "2028"


async def test_money_paid_at_a_till_by_hand_is_evidence_without_an_account() -> None:
    async with facing_mpesa(A_TILL, **TILL_SETTINGS) as mpesa:
        await mpesa.outside.daraja.pay_by_hand(PHONE, account="", amount=300)
        evidence = evidence_of(mpesa.gateway.read_webhook((await mpesa.confirmations())[0]))
        assert (evidence.amount, evidence.account_reference) == (Money(300_00, "KES"), None)


# How a confirmation names the payer


@pytest.mark.parametrize(
    ("version", "form", "phone", "digest_signs"),
    [
        ("v1", "by_version", None, 64),
        ("v2", "by_version", "2547 ***** 149", None),
        ("v1", "cut", None, 62),
        ("v2", "plain", f"+{PHONE}", 64),
    ],
)
async def test_a_confirmation_is_read_in_either_version(
    version: str, form: str, phone: str | None, digest_signs: int | None
) -> None:
    async with facing_mpesa(DarajaOptions(msisdn_form=form), c2b_version=version) as mpesa:
        await mpesa.outside.daraja.pay_by_hand(PHONE, account=ACCOUNT, amount=300)
        evidence = evidence_of(mpesa.gateway.read_webhook((await mpesa.confirmations())[0]))
        digest = hashlib.sha256(PHONE.encode()).hexdigest()[:digest_signs] if digest_signs else None
        assert (evidence.payer_phone, evidence.payer_phone_sha256) == (phone, digest)


# What makes calls fail


async def test_our_own_pace_stays_below_the_spike_arrest() -> None:
    options = DarajaOptions(spike_per_second=6)
    async with facing_mpesa(options, calls_per_second="5") as mpesa:
        requests = [mpesa.request(phone=f"2547120000{number:02d}") for number in range(8)]
        await asyncio.gather(*(mpesa.gateway.start(request) for request in requests))
        assert len(mpesa.outside.phones.prompts()) == 8
        assert mpesa.outside.daraja.calls["push"] == 8


async def test_many_calls_survive_tokens_that_others_keep_taking_away() -> None:
    async with facing_mpesa() as mpesa:

        async def push(number: int) -> str:
            if number % 5 == 0:
                await mpesa.fault("token_expired", count=1)
            request = mpesa.request(phone=f"2547120000{number:02d}")
            return (await mpesa.gateway.start(request)).gateway_reference

        named = await asyncio.gather(*(push(number) for number in range(30)), return_exceptions=True)
        assert not [one for one in named if not isinstance(one, (str, GatewayRejected))]
        assert len(mpesa.outside.phones.prompts()) == sum(isinstance(one, str) for one in named)


@pytest.mark.parametrize(
    ("amount", "code"), [(17, "17"), (26, "26"), (1_019, "1019"), (1_001, "1001"), (1_037, "1037")]
)
async def test_a_scripted_amount_ends_as_scripted(amount: int, code: str) -> None:
    answers = {"17": "rule_limited", "26": "busy", "1019": "expired", "1001": "locked", "1037": "too_late"}
    async with facing_mpesa(DarajaOptions(scripted=(f"{amount}={answers[code]}",))) as mpesa:
        await mpesa.gateway.start(mpesa.request(shillings=amount))
        (event,) = mpesa.gateway.read_webhook((await mpesa.delivered())[0])
        assert isinstance(event, ChargeFailed)
        assert event.code == code


# Standing orders


def order_of(mpesa: MpesaFarEnd, **changes: object) -> StandingOrderRequest:
    told: dict[str, object] = {
        "reference": new_token(8),
        "name": f"{ACCOUNT} monthly",
        "amount": Money(1500_00, "KES"),
        "payer_phone": parse_phone(f"+{PHONE}"),
        "account_number": ACCOUNT,
        "frequency": "monthly",
        "starts_on": date(2026, 12, 1),
        "ends_on": date(2027, 11, 30),
        "callback_url": mpesa.address("order"),
    }
    return StandingOrderRequest(**(told | changes))  # type: ignore[arg-type]  # the values are of the right types


@pytest.mark.parametrize(("capture", "number"), [("2025", "4"), ("2026", "5")])
@pytest.mark.parametrize("kind", ["paybill", "till"])
async def test_a_standing_order_is_taken_by_the_table_that_was_set(
    capture: str, number: str, kind: str
) -> None:
    options = DarajaOptions(orders_capture=capture, kind=kind, till_number=TILL)
    settings = TILL_SETTINGS if kind == "till" else {}
    async with facing_mpesa(options, standing_orders=capture, **settings) as mpesa:
        request = order_of(mpesa)
        assert mpesa.gateway.capabilities.can_standing_order
        assert await mpesa.gateway.order(request)
        await mpesa.answer("pay")
        event = await mpesa.heard("order")
        (order,) = mpesa.outside.daraja.standing.orders
        assert order.frequency == number
        assert event == StandingOrderChanged(
            callback_token=hash_token(request.callback_url.rpartition("/")[2]),
            reference=None,
            is_active=True,
            gateway_reference=order.schedule_id,
        )


async def test_a_standing_order_of_the_other_table_is_a_clear_no() -> None:
    async with facing_mpesa(DarajaOptions(orders_capture="2025"), standing_orders="2026") as mpesa:
        with pytest.raises(GatewayRejected, match="TransactionType"):
            await mpesa.gateway.order(order_of(mpesa))


async def test_a_standing_order_that_its_payer_refuses_says_so() -> None:
    async with facing_mpesa(standing_orders="2026") as mpesa:
        await mpesa.gateway.order(order_of(mpesa))
        await mpesa.answer("cancel")
        event = await mpesa.heard("order")
        assert isinstance(event, StandingOrderChanged)
        assert (event.is_active, event.gateway_reference) == (False, None)
        assert event.message == "The request was cancelled on the phone."


async def test_a_second_standing_order_of_one_name_is_refused() -> None:
    async with facing_mpesa(standing_orders="2026") as mpesa:
        for _ in range(2):
            await mpesa.gateway.order(order_of(mpesa))
            if mpesa.outside.phones.prompts():
                await mpesa.answer("pay")
        event = await mpesa.heard("order", 2)
        assert isinstance(event, StandingOrderChanged)
        assert not event.is_active
        assert "name" in event.message


async def test_a_payment_of_a_standing_order_comes_as_any_other_money() -> None:
    async with facing_mpesa(standing_orders="2026") as mpesa:
        await mpesa.gateway.order(order_of(mpesa))
        await mpesa.answer("pay")
        await mpesa.heard("order")
        await mpesa.tell("/daraja/standing-orders/run", name=f"{ACCOUNT} monthly")
        evidence = evidence_of(mpesa.gateway.read_webhook((await mpesa.confirmations())[0]))
        assert (evidence.account_reference, evidence.amount) == (ACCOUNT, Money(1500_00, "KES"))


async def test_a_frequency_that_mpesa_does_not_know_is_never_sent() -> None:
    async with facing_mpesa(standing_orders="2025") as mpesa:
        with pytest.raises(InvalidInput):
            await mpesa.gateway.order(order_of(mpesa, frequency="two_weekly"))
        assert "order" not in mpesa.outside.daraja.calls


async def test_standing_orders_are_off_without_a_contract() -> None:
    async with facing_mpesa() as mpesa:
        assert not mpesa.gateway.capabilities.can_standing_order
        with pytest.raises(GatewayRejected, match="switched on"):
            await mpesa.gateway.order(order_of(mpesa))


# QR codes


@pytest.mark.parametrize(
    ("options", "settings", "code", "number"),
    [(None, {}, "PB", SHORTCODE), (A_TILL, TILL_SETTINGS, "BG", TILL)],
)
async def test_a_code_pays_our_number_for_the_account(
    options: DarajaOptions | None, settings: dict[str, str], code: str, number: str
) -> None:
    async with facing_mpesa(options, business_name="Savanna Net", **settings) as mpesa:
        drawn = await mpesa.gateway.draw_code(account_number=ACCOUNT, amount=Money(1500_00, "KES"))
        (found,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(drawn)))
        assert found.text == f"Savanna Net|{code}|{number}|{ACCOUNT}|1500"


async def test_a_code_over_part_of_a_shilling_is_never_asked_for() -> None:
    async with facing_mpesa() as mpesa:
        with pytest.raises(AmountOutOfRange):
            await mpesa.gateway.draw_code(account_number=ACCOUNT, amount=Money(50, "KES"))


# Testing the settings


async def findings(options: DarajaOptions | None, **settings: str) -> tuple[Finding, ...]:
    async with facing_mpesa(options, **settings) as mpesa:
        mpesa.outside.daraja.calls.clear()
        found = await mpesa.gateway.check()
        assert set(mpesa.outside.daraja.calls) <= {"oauth", "query"}  # nothing that moves money
        return found


def bad(found: tuple[Finding, ...]) -> list[str]:
    assert all(finding.advice for finding in found if not finding.is_good)
    return [finding.text for finding in found if not finding.is_good]


async def test_right_settings_are_found_right() -> None:
    found = await findings(None, public_url="https://pay.savanna.example", **INITIATOR)
    assert bad(found) == []
    assert len(found) == 3


@pytest.mark.parametrize(
    ("options", "settings", "words"),
    [
        (DarajaOptions(passkey="other"), {}, "M-Pesa refused the passkey."),
        (None, {**INITIATOR, "certificate": "nothing"}, "The certificate cannot be read."),
        (None, {**INITIATOR, "initiator_password": "a.b"}, "The initiator's password has a sign"),
        (None, {"public_url": "https://127.0.0.1:8080"}, "M-Pesa cannot deliver to 127.0.0.1."),
        (None, {"public_url": "https://mpesa.example"}, "M-Pesa refuses addresses with mpesa in them."),
        (None, {"public_url": "https://a.ngrok.example"}, "M-Pesa refuses addresses with ngrok in them."),
    ],
)
async def test_one_wrong_setting_is_told_in_its_own_words(
    options: DarajaOptions | None, settings: Mapping[str, str], words: str
) -> None:
    found = await findings(options, **settings)
    (text,) = bad(found)
    assert text.startswith(words)


async def test_a_shortcode_that_mpesa_does_not_know_is_told_in_its_own_words() -> None:
    async with facing_mpesa() as mpesa:
        await mpesa.tell("/daraja/options", shortcode="600984")
        assert bad(await mpesa.gateway.check()) == ["M-Pesa does not know this shortcode."]


async def test_wrong_keys_and_a_gateway_that_is_down_are_told_apart() -> None:
    async with facing_mpesa() as mpesa:
        stranger = build(
            "mpesa", {**mpesa.settings, "base_url": mpesa.outside.daraja_url, "consumer_secret": "other"}
        )
        refused = bad(await stranger.check())
        await mpesa.fault("down")
        silent = bad(await stranger.check())
        await stranger.aclose()
    assert "refused our consumer key" in refused[0]
    assert "cannot be reached" in silent[0]
