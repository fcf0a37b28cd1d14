"""What M-Pesa does for an initiator: reversals, payouts, balances, and its own record of one receipt."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from benfex.core.errors import GatewayRejected, GatewayUnavailable
from benfex.payments.gateway import ChargeSucceeded, Ignored, PaymentEvidence, RefundRequest
from benfex.payments.gateway_events import (
    BalanceTold,
    RefundChanged,
    RefundDone,
    RefundFailed,
    RefundOutcome,
    RefundUnderWay,
    RefundUnknown,
)
from benfex.simulation.options import DarajaOptions
from data.values.errors import AmountOutOfRange, InvalidInput
from data.values.identifiers import hash_token, new_token, parse_phone
from data.values.kinds import EvidenceGrade, RefundWay
from data.values.money import Money
from tests.contract.far_end import PHONE, changed
from tests.contract.gateway_far_ends import INITIATOR, MpesaFarEnd, facing

KES_1500 = Money(1500_00, "KES")


@asynccontextmanager
async def facing_mpesa(options: DarajaOptions | None = None, **settings: str) -> AsyncIterator[MpesaFarEnd]:
    async with facing("mpesa", daraja=options, **{**INITIATOR, **settings}) as one:
        assert isinstance(one, MpesaFarEnd)
        yield one


@pytest.fixture
async def mpesa() -> AsyncIterator[MpesaFarEnd]:
    async with facing_mpesa() as one:
        yield one


def payout(mpesa: MpesaFarEnd, *, shillings: int = 400) -> RefundRequest:
    return RefundRequest(
        reference=f"BFXR{new_token(8).upper()}",
        way=RefundWay.PAYOUT,
        amount=Money(shillings * 100, "KES"),
        transaction_id="TKN4QX71SV",
        payment_reference=None,
        paid=KES_1500,
        reason="Paid twice, says Jane",
        recipient=parse_phone(f"+{PHONE}"),
        callback_url=mpesa.address("refund"),
    )


async def reversal(mpesa: MpesaFarEnd) -> RefundRequest:
    _, evidence = await mpesa.paid()
    return replace(
        payout(mpesa),
        way=RefundWay.GATEWAY,
        amount=KES_1500,
        transaction_id=evidence.transaction_id,
        recipient=None,
    )


async def outcome(mpesa: MpesaFarEnd, kind: str = "refund", count: int = 1) -> RefundOutcome:
    event = await mpesa.heard(kind, count)
    assert isinstance(event, RefundChanged)
    return event.outcome


def held(mpesa: MpesaFarEnd) -> int:
    return mpesa.outside.daraja.ledger.balance


# Payouts


async def test_a_payout_reaches_the_phone_and_its_result_names_our_reference(mpesa: MpesaFarEnd) -> None:
    before, request = mpesa.outside.phones.phone(PHONE).balance, payout(mpesa)
    assert isinstance(await mpesa.gateway.refund(request), RefundUnderWay)
    event = await mpesa.heard("refund")
    (sent,) = mpesa.outside.daraja.ledger.outgoing.values()
    assert event == RefundChanged(
        RefundDone(sent.receipt),
        reference=request.reference,
        callback_token=hash_token(request.callback_url.rsplit("/", 1)[1]),
        amount=Money(400_00, "KES"),
    )
    assert mpesa.outside.phones.phone(PHONE).balance == before + 400


async def test_a_payout_asked_for_twice_with_one_reference_is_paid_once(mpesa: MpesaFarEnd) -> None:
    request, before = payout(mpesa), held(mpesa)
    await mpesa.gateway.refund(request)
    assert await mpesa.gateway.refund(request) == RefundUnderWay()
    await mpesa.heard("refund")
    assert held(mpesa) == before - 400


async def test_a_payout_whose_answer_is_lost_is_found_by_our_reference(mpesa: MpesaFarEnd) -> None:
    request = payout(mpesa)
    await mpesa.tell("/daraja/delivery", lose_next=1)
    await mpesa.fault("drop_after_accept", count=1)
    with pytest.raises(GatewayUnavailable):
        await mpesa.gateway.refund(request)
    await mpesa.gateway.query_refund(request)
    (sent,) = mpesa.outside.daraja.ledger.outgoing.values()
    assert await outcome(mpesa, "refund/status") == RefundDone(sent.receipt)


async def test_a_payout_that_never_reached_mpesa_stays_unknown_when_asked_about(mpesa: MpesaFarEnd) -> None:
    await mpesa.gateway.query_refund(payout(mpesa))
    assert isinstance(await outcome(mpesa, "refund/status"), RefundUnknown)


async def test_a_turn_that_never_came_is_unknown_and_the_record_decides(mpesa: MpesaFarEnd) -> None:
    request = payout(mpesa)
    await mpesa.tell("/daraja/delivery", queue_timeout_next=1)
    await mpesa.gateway.refund(request)
    assert isinstance(await outcome(mpesa, "refund/late"), RefundUnknown)
    await mpesa.gateway.query_refund(request)
    assert isinstance(await outcome(mpesa, "refund/status"), RefundDone)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (DarajaOptions(opening_balance=399), "1"),
        (DarajaOptions(unregistered_phones=(PHONE,)), "2040"),
        (DarajaOptions(initiator_name="another"), "2001"),
        (DarajaOptions(initiator_password="another"), "2001"),
    ],
)
async def test_a_payout_that_is_refused_says_why(options: DarajaOptions, code: str) -> None:
    async with facing_mpesa(options) as mpesa:
        await mpesa.gateway.refund(payout(mpesa))
        refused = await outcome(mpesa)
        assert isinstance(refused, RefundFailed)
        assert refused.code == code
        assert "M-Pesa said no" not in refused.message
        assert not mpesa.outside.daraja.ledger.outgoing


async def test_three_wrong_passwords_lock_the_initiator() -> None:
    async with facing_mpesa(initiator_password="wrong") as mpesa:
        codes = []
        for count in range(1, 5):
            await mpesa.gateway.refund(payout(mpesa))
            refused = await outcome(mpesa, count=count)
            assert isinstance(refused, RefundFailed)
            codes.append(refused.code)
    assert codes == ["2001", "2001", "2001", "8006"]


@pytest.mark.parametrize("shillings", [9, 250_001])
async def test_a_payout_beyond_what_mpesa_pays_is_never_sent(mpesa: MpesaFarEnd, shillings: int) -> None:
    with pytest.raises(AmountOutOfRange):
        await mpesa.gateway.refund(payout(mpesa, shillings=shillings))
    assert "b2c" not in mpesa.outside.daraja.calls


# Reversals


async def test_a_reversal_gives_the_payment_back_and_names_its_receipt(mpesa: MpesaFarEnd) -> None:
    request = await reversal(mpesa)
    with_it = held(mpesa)
    assert isinstance(await mpesa.gateway.refund(request), RefundUnderWay)
    event = await mpesa.heard("refund")
    assert isinstance(event, RefundChanged)
    (sent,) = mpesa.outside.daraja.ledger.outgoing.values()
    assert (event.outcome, event.transaction_id) == (RefundDone(sent.receipt), request.transaction_id)
    assert event.amount == KES_1500
    assert held(mpesa) == with_it - 1500


async def test_a_payment_reversed_before_is_done_and_not_taken_twice(mpesa: MpesaFarEnd) -> None:
    request = await reversal(mpesa)
    await mpesa.gateway.refund(request)
    await mpesa.heard("refund")
    once = held(mpesa)
    await mpesa.gateway.refund(replace(request, callback_url=mpesa.address("refund")))
    assert await outcome(mpesa, count=2) == RefundDone()
    assert held(mpesa) == once


async def test_part_of_a_payment_is_never_reversed(mpesa: MpesaFarEnd) -> None:
    request = await reversal(mpesa)
    with pytest.raises(AmountOutOfRange):
        await mpesa.gateway.refund(replace(request, amount=Money(1400_00, "KES")))
    assert "reversal" not in mpesa.outside.daraja.calls


async def test_a_reversal_that_was_answered_can_be_asked_about(mpesa: MpesaFarEnd) -> None:
    request = await reversal(mpesa)
    await mpesa.tell("/daraja/delivery", lose_next=1)
    started = await mpesa.gateway.refund(request)
    assert isinstance(started, RefundUnderWay)
    await mpesa.gateway.query_refund(replace(request, gateway_reference=started.gateway_reference))
    assert isinstance(await outcome(mpesa, "refund/status"), RefundDone)


async def test_a_reversal_without_an_answer_is_a_persons_to_look_up(mpesa: MpesaFarEnd) -> None:
    request = await reversal(mpesa)
    assert isinstance(await mpesa.gateway.query_refund(request), RefundUnknown)
    assert "status" not in mpesa.outside.daraja.calls


# Balance


@pytest.mark.parametrize("kind", ["paybill", "till"])
async def test_the_balance_is_told_whatever_the_account_is_called(kind: str) -> None:
    options = DarajaOptions(opening_balance=12_345, kind=kind, till_number="5551234")
    async with facing_mpesa(options) as mpesa:
        assert await mpesa.gateway.ask_balance(callback_url=mpesa.address("balance")) is None
        assert await mpesa.heard("balance") == BalanceTold(Money(12_345_00, "KES"))


# One receipt


def told_of(event: object) -> PaymentEvidence:
    assert isinstance(event, ChargeSucceeded), event
    return event.evidence


async def test_a_receipt_that_mpesa_knows_is_proved_with_amount_and_payer(mpesa: MpesaFarEnd) -> None:
    _, evidence = await mpesa.paid()
    await mpesa.gateway.ask_about(evidence.transaction_id, public_url=mpesa.listener.url)
    asked = told_of(await mpesa.heard("status"))
    assert (asked.transaction_id, asked.amount) == (evidence.transaction_id, evidence.amount)
    assert (asked.grade, asked.payer_phone) == (EvidenceGrade.STATEMENT, f"+{PHONE}")
    assert asked.received_at == evidence.received_at


async def test_a_receipt_that_mpesa_does_not_know_proves_nothing(mpesa: MpesaFarEnd) -> None:
    await mpesa.gateway.ask_about("TKNNEVER01", public_url=mpesa.listener.url)
    assert await mpesa.heard("status") == Ignored("M-Pesa does not know this receipt.")


async def test_money_that_went_out_is_not_taken_for_money_that_came(mpesa: MpesaFarEnd) -> None:
    await mpesa.gateway.refund(payout(mpesa))
    await mpesa.heard("refund")
    (sent,) = mpesa.outside.daraja.ledger.outgoing.values()
    await mpesa.gateway.ask_about(sent.receipt, public_url=mpesa.listener.url)
    assert await mpesa.heard("status") == Ignored(f"{sent.receipt} is no payment to us")


async def test_a_record_at_an_address_made_for_another_receipt_is_not_believed(mpesa: MpesaFarEnd) -> None:
    _, evidence = await mpesa.paid()
    await mpesa.gateway.ask_about(evidence.transaction_id, public_url=mpesa.listener.url)
    await mpesa.heard("status")
    (true,) = mpesa._of_kind("status")
    other_receipt = changed(true, body=true.body.replace(evidence.transaction_id.encode(), b"FAKE000001"))
    other_address = changed(true, attempt_token=hash_token("another"))
    for forged in (other_receipt, other_address):
        assert mpesa.gateway.read_webhook(forged) == (Ignored("a record that we did not ask for"),)


async def test_what_is_no_receipt_is_never_asked_about(mpesa: MpesaFarEnd) -> None:
    with pytest.raises(InvalidInput):
        await mpesa.gateway.ask_about("tkn4qx71sv", public_url=mpesa.listener.url)


# Without an initiator


async def test_without_an_initiator_none_of_this_is_offered() -> None:
    async with facing("mpesa") as far_end:
        can = far_end.gateway.capabilities
        assert {can.can_refund, can.can_pay_out, can.can_tell_balance, can.can_ask_about} == {False}
        assert isinstance(far_end, MpesaFarEnd)
        with pytest.raises(GatewayRejected, match="initiator"):
            await far_end.gateway.refund(payout(far_end))
        with pytest.raises(GatewayRejected, match="initiator"):
            await far_end.gateway.ask_balance(callback_url=far_end.address("balance"))


async def test_a_certificate_that_is_none_is_said_before_anything_is_sent() -> None:
    async with facing_mpesa(
        certificate="-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"
    ) as mpesa:
        with pytest.raises(InvalidInput, match="certificate"):
            await mpesa.gateway.refund(payout(mpesa))
        assert "b2c" not in mpesa.outside.daraja.calls


@pytest.mark.parametrize("written", [" ".join, "\r\n".join, "".join])
async def test_a_certificate_may_come_with_its_lines_broken_or_joined(written: object) -> None:
    assert callable(written)
    text = written(INITIATOR["certificate"].split("\n"))
    async with facing_mpesa(certificate=text) as mpesa:
        await mpesa.gateway.refund(payout(mpesa))
        assert isinstance(await outcome(mpesa), RefundDone)
