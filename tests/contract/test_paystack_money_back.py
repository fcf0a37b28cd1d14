"""Money that leaves again by Paystack, against its simulated far end: refunds, disputes, settlements, balance."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from benfex.core.errors import GatewayRejected
from benfex.payments.gateway import PaymentEvidence, RefundRequest, Succeeded
from benfex.payments.gateway_events import (
    DisputeAnswer,
    DisputeChanged,
    RefundChanged,
    RefundDetails,
    RefundDone,
    RefundFailed,
    RefundUnderWay,
    RefundUnknown,
)
from benfex.payments.gateways.paystack.gateway import PaystackGateway
from benfex.payments.gateways.paystack.money_back import NEEDS_ATTENTION
from data.values.kinds import RefundWay
from data.values.money import Money
from data.values.states import DisputeStatus
from tests.contract.gateway_far_ends import PaystackFarEnd, facing

PLAIN_CARD = "4084084084084081"
SPAN = {
    "since": datetime(2020, 1, 1, tzinfo=UTC),
    "until": datetime(2099, 1, 1, tzinfo=UTC),
}


@pytest.fixture
async def paystack() -> AsyncIterator[PaystackFarEnd]:
    async with facing("paystack") as one:
        assert isinstance(one, PaystackFarEnd)
        await one.tell("/paystack/options", refund_seconds=-1)
        yield one


async def paid(paystack: PaystackFarEnd) -> PaymentEvidence:
    request = paystack.request()
    await paystack.gateway.start(request)
    await paystack.tell("/paystack/pay", reference=request.reference, card=PLAIN_CARD)
    outcome = await paystack.gateway.query(reference=request.reference, gateway_reference=None)
    assert isinstance(outcome, Succeeded)
    return outcome.evidence


def back(evidence: PaymentEvidence, *, reference: str = "RF0001", shillings: int = 500, **more: Any) -> Any:
    told: dict[str, Any] = {
        "reference": reference,
        "way": RefundWay.GATEWAY,
        "amount": Money(shillings * 100, "KES"),
        "transaction_id": evidence.transaction_id,
        "payment_reference": evidence.our_reference,
        "paid": evidence.amount,
        "reason": "Paid twice",
        "recipient": None,
        "callback_url": "",
    }
    return RefundRequest(**(told | more))


async def events_of(paystack: PaystackFarEnd, count: int) -> list[Any]:
    return [paystack.gateway.read_webhook(delivery)[0] for delivery in await paystack.delivered(count)]


# Refunds


async def test_a_part_goes_back_and_then_the_rest(paystack: PaystackFarEnd) -> None:
    evidence = await paid(paystack)
    assert isinstance(await paystack.gateway.refund(back(evidence)), RefundUnderWay)
    rest = await paystack.gateway.refund(back(evidence, reference="RF0002", shillings=1000))
    assert isinstance(rest, RefundUnderWay)
    with pytest.raises(GatewayRejected, match="fully reversed"):
        await paystack.gateway.refund(back(evidence, reference="RF0003", shillings=1))


async def test_a_refund_that_is_asked_for_twice_goes_back_once(paystack: PaystackFarEnd) -> None:
    evidence = await paid(paystack)
    first = await paystack.gateway.refund(back(evidence))
    assert await paystack.gateway.refund(back(evidence)) == first
    assert len(paystack.outside.paystack.refunds.rows) == 1


async def test_a_refund_whose_answer_is_lost_is_looked_for_before_it_is_repeated(
    paystack: PaystackFarEnd,
) -> None:
    evidence = await paid(paystack)
    await paystack.fault("drop_after_accept", count=1, where="refund")
    assert isinstance(await paystack.gateway.refund(back(evidence)), RefundUnderWay)
    await paystack.gateway.refund(back(evidence))
    assert len(paystack.outside.paystack.refunds.rows) == 1


async def test_a_refund_that_never_arrived_is_unknown_and_may_be_sent_again(paystack: PaystackFarEnd) -> None:
    evidence = await paid(paystack)
    await paystack.fault("down", count=1, where="refund")
    outcome = await paystack.gateway.refund(back(evidence))
    assert isinstance(outcome, RefundUnknown)
    assert isinstance(await paystack.gateway.query_refund(back(evidence)), RefundUnknown)
    assert isinstance(await paystack.gateway.refund(back(evidence)), RefundUnderWay)


async def test_refunds_of_others_are_not_taken_for_ours(paystack: PaystackFarEnd) -> None:
    evidence = await paid(paystack)
    await paystack.gateway.refund(back(evidence, reference="RF00011"))
    assert isinstance(await paystack.gateway.query_refund(back(evidence, reference="RF0001")), RefundUnknown)


@pytest.mark.parametrize(
    ("status", "kind"),
    [("processing", RefundUnderWay), ("processed", RefundDone), ("failed", RefundFailed)],
)
async def test_each_step_is_told_and_known_when_asked(
    paystack: PaystackFarEnd, status: str, kind: type
) -> None:
    evidence = await paid(paystack)
    await paystack.gateway.refund(back(evidence))
    await paystack.tell("/paystack/refund-status", reference=evidence.our_reference, status=status)
    *_, last = await events_of(paystack, 3)  # charge.success, refund.pending and this one
    assert isinstance(last, RefundChanged)
    assert isinstance(last.outcome, kind)
    assert (last.payment_reference, last.amount) == (evidence.our_reference, Money(500_00, "KES"))
    assert isinstance(await paystack.gateway.query_refund(back(evidence)), kind)


async def test_a_refund_that_needs_attention_waits_for_an_account(paystack: PaystackFarEnd) -> None:
    evidence = await paid(paystack)
    await paystack.gateway.refund(back(evidence))
    await paystack.tell("/paystack/refund-status", reference=evidence.our_reference, status="needs-attention")
    waiting = await paystack.gateway.query_refund(back(evidence))
    assert isinstance(waiting, RefundUnderWay)
    assert waiting.message == NEEDS_ATTENTION
    *_, told = await events_of(paystack, 3)
    assert (told.reference, told.outcome) == ("RF0001", waiting)
    retried = await paystack.gateway.retry_refund(back(evidence), RefundDetails("9", "0123456789", "KES"))
    assert retried == RefundUnderWay(waiting.gateway_reference)


async def test_a_payout_is_not_given_back_the_way_it_came(paystack: PaystackFarEnd) -> None:
    evidence = await paid(paystack)
    with pytest.raises(GatewayRejected):
        await paystack.gateway.refund(back(evidence, way=RefundWay.PAYOUT))
    assert paystack.outside.paystack.refunds.rows == {}


@pytest.mark.parametrize("kind", ["html", "empty"])
async def test_refunds_are_not_sent_while_the_list_cannot_be_read(
    paystack: PaystackFarEnd, kind: str
) -> None:
    evidence = await paid(paystack)
    await paystack.fault(kind, where="refunds")
    with pytest.raises(GatewayRejected, match="Nothing was sent") as refused:
        await paystack.gateway.refund(back(evidence))
    assert refused.value.gateway_code == "not_sent"
    assert paystack.outside.paystack.refunds.rows == {}


# Disputes


async def test_a_dispute_is_told_listed_and_declined(paystack: PaystackFarEnd) -> None:
    evidence = await paid(paystack)
    await paystack.tell("/paystack/dispute", reference=evidence.our_reference, reason="Never ordered")
    _, told = await events_of(paystack, 2)
    assert isinstance(told, DisputeChanged)
    assert (told.status, told.amount, told.transaction_id) == (
        DisputeStatus.OPEN,
        Money(1500_00, "KES"),
        evidence.transaction_id,
    )
    assert (told.reason, told.payment_reference) == ("chargeback: Never ordered", evidence.our_reference)
    assert told.due_at is not None
    assert list(await paystack.gateway.read_disputes(**SPAN)) == [told]
    answered = await paystack.gateway.answer_dispute(
        DisputeAnswer(told.dispute_id, gives_back=False, message="It was used.", amount=told.amount)
    )
    assert answered.status is DisputeStatus.ANSWERED


async def test_a_dispute_that_is_given_in_to_is_lost(paystack: PaystackFarEnd) -> None:
    evidence = await paid(paystack)
    await paystack.tell("/paystack/dispute", reference=evidence.our_reference)
    _, told = await events_of(paystack, 2)
    answered = await paystack.gateway.answer_dispute(
        DisputeAnswer(told.dispute_id, gives_back=True, message="Sorry.", amount=Money(700_00, "KES"))
    )
    assert (answered.status, answered.amount) == (DisputeStatus.LOST, Money(700_00, "KES"))
    with pytest.raises(GatewayRejected, match="resolved"):
        await paystack.gateway.answer_dispute(
            DisputeAnswer(told.dispute_id, gives_back=False, message="No.", amount=told.amount)
        )


@pytest.mark.parametrize(
    ("resolution", "status"), [("merchant-accepted", DisputeStatus.LOST), ("declined", DisputeStatus.WON)]
)
async def test_how_a_dispute_ends_is_told(
    paystack: PaystackFarEnd, resolution: str, status: DisputeStatus
) -> None:
    evidence = await paid(paystack)
    await paystack.tell("/paystack/dispute", reference=evidence.our_reference)
    _, told = await events_of(paystack, 2)
    await paystack.tell("/paystack/dispute-end", id=int(told.dispute_id), resolution=resolution)
    *_, ended = await events_of(paystack, 3)
    assert (ended.dispute_id, ended.status) == (told.dispute_id, status)


# Settlements and balance


async def test_what_was_paid_out_is_read_with_its_fees(paystack: PaystackFarEnd) -> None:
    evidence = await paid(paystack)
    assert await paystack.gateway.ask_balance(callback_url="") == Money(1477_50, "KES")
    await paystack.tell("/paystack/settle", currency="KES")
    (record,) = await paystack.gateway.read_settlements(**SPAN)
    assert (record.total, record.fees, record.paid_out) == (
        Money(1500_00, "KES"),
        Money(22_50, "KES"),
        Money(1477_50, "KES"),
    )
    assert isinstance(paystack.gateway, PaystackGateway)
    (settled,) = await paystack.gateway.read_settled(record.id)
    assert (settled.transaction_id, settled.fee) == (evidence.transaction_id, Money(22_50, "KES"))
    assert await paystack.gateway.ask_balance(callback_url="") == Money(0, "KES")


async def test_what_went_back_is_withheld_from_the_next_payout(paystack: PaystackFarEnd) -> None:
    evidence = await paid(paystack)
    await paystack.gateway.refund(back(evidence))
    await paystack.tell("/paystack/refund-status", reference=evidence.our_reference, status="processed")
    await paystack.tell("/paystack/settle", currency="KES")
    (record,) = await paystack.gateway.read_settlements(**SPAN)
    assert record.total - record.fees - record.paid_out == Money(500_00, "KES")


async def test_numbered_lists_are_read_to_their_end_and_only_in_their_span(paystack: PaystackFarEnd) -> None:
    evidence = await paid(paystack)
    charge = paystack.outside.paystack.charges[str(evidence.our_reference)]
    for _ in range(101):
        paystack.outside.paystack.disputes.raise_one(charge, reason="Again")
    assert len(await paystack.gateway.read_disputes(**SPAN)) == 101
    early = {"since": SPAN["since"], "until": SPAN["since"] + timedelta(days=1)}
    assert list(await paystack.gateway.read_disputes(**early)) == []


async def test_the_end_of_a_cursor_may_be_a_word(paystack: PaystackFarEnd) -> None:
    await paystack.tell("/paystack/options", ends_with_word=True)
    await paid(paystack)
    assert len(await paystack.statement()) == 1
    assert paystack.outside.paystack.calls["list"] == 1
