"""What Paystack says of refunds, disputes, payouts, settlements and cards, whole and damaged."""

import json
from datetime import date

import pytest
from hypothesis import given

from benfex.payments.gateway import Ignored
from benfex.payments.gateway_events import (
    DisputeChanged,
    RefundChanged,
    RefundDone,
    RefundFailed,
    RefundUnderWay,
)
from benfex.payments.gateways.paystack import messages, money_back
from data.values.money import Money
from data.values.states import DisputeStatus
from tests.unit.payments.damage import damaged
from tests.unit.payments.test_paystack_messages import NOW, body

REFUND = body("paystack_refund_needs_attention")
DISPUTE = body("paystack_dispute_create")
TRANSFER = body("paystack_transfer_success")
SETTLEMENTS = body("paystack_settlements_list")
CARD = body("paystack_charge_success_card")


def told(raw: bytes, *, event: str | None = None, **changes: object) -> object:
    content = json.loads(raw)
    content["event"] = event or content["event"]
    content["data"] |= changes
    return messages.read_event(json.dumps(content).encode(), is_live=True, received_at=NOW)


# Refunds and payouts


@pytest.mark.parametrize("amount", [50000, "50000"])
def test_the_amount_of_a_refund_is_a_number_or_its_digits(amount: object) -> None:
    event = told(REFUND, amount=amount)
    assert isinstance(event, RefundChanged)
    assert event.amount == Money(500_00, "KES")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("pending", RefundUnderWay),
        ("processing", RefundUnderWay),
        ("needs-attention", RefundUnderWay),
        ("processed", RefundDone),
        ("failed", RefundFailed),
    ],
)
def test_each_status_of_a_refund_is_known_with_or_without_its_names(status: str, kind: type) -> None:
    for changes in ({}, {"id": 7}, {"id": None, "refund_reference": None}):
        event = told(REFUND, event=f"refund.{status}", status=status, **changes)
        assert isinstance(event, RefundChanged)
        assert isinstance(event.outcome, kind)


def test_our_reference_is_found_in_the_note_and_nowhere_else() -> None:
    ours = told(REFUND, merchant_note="Paid twice (ref:RF-01.A=b)")
    assert isinstance(ours, RefundChanged)
    assert ours.reference == "RF-01.A=b"
    theirs = told(REFUND, merchant_note="Refund for RF-01.A=b")
    assert isinstance(theirs, RefundChanged)
    assert theirs.reference is None


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ("transfer.success", RefundDone),
        ("transfer.failed", RefundFailed),
        ("transfer.reversed", RefundFailed),
    ],
)
def test_a_payout_is_named_by_our_reference(event: str, kind: type) -> None:
    told_of = told(TRANSFER, event=event)
    assert isinstance(told_of, RefundChanged)
    assert told_of.reference == "bfx-po-9ee55786-2323-4760-98e2-6380c9cb3f68"
    assert isinstance(told_of.outcome, kind)


@pytest.mark.parametrize("raw", [REFUND, DISPUTE, TRANSFER, CARD])
def test_what_is_of_the_other_mode_is_let_be(raw: bytes) -> None:
    assert isinstance(told(raw, domain="test"), Ignored)


# Disputes


@pytest.mark.parametrize(
    ("status", "resolution", "stands"),
    [
        ("awaiting-merchant-feedback", None, DisputeStatus.OPEN),
        ("pending", None, DisputeStatus.OPEN),
        ("awaiting-bank-feedback", None, DisputeStatus.ANSWERED),
        ("resolved", "declined", DisputeStatus.WON),
        ("resolved", "merchant-accepted", DisputeStatus.LOST),
        ("archived", "declined", DisputeStatus.WON),
        ("resolved", None, DisputeStatus.LOST),
    ],
)
def test_how_a_dispute_stands(status: str, resolution: str | None, stands: DisputeStatus) -> None:
    event = told(DISPUTE, event="charge.dispute.resolve", status=status, resolution=resolution)
    assert isinstance(event, DisputeChanged)
    assert event.status is stands


def test_a_dispute_without_its_own_amount_is_about_all_of_the_payment() -> None:
    event = told(DISPUTE, refund_amount=None)
    assert isinstance(event, DisputeChanged)
    assert event.amount == Money(1500_00, "KES")
    assert isinstance(told(DISPUTE, status="new kind"), Ignored)


# Settlements and balance


def test_what_is_withheld_is_not_paid_out() -> None:
    content = json.loads(SETTLEMENTS)
    content["data"][0]["effective_amount"] = 100_000
    (record,) = money_back.read_settlements(json.dumps(content).encode(), is_live=True) or ()
    assert record.total - record.fees - record.paid_out == Money(477_50, "KES")


@pytest.mark.parametrize(
    ("currency", "held"), [("", Money(50, "NGN")), ("KES", Money(-700, "KES")), ("USD", None)]
)
def test_a_balance_is_of_one_currency_and_may_be_below_nothing(currency: str, held: Money | None) -> None:
    rows = [{"currency": "NGN", "balance": "50"}, {"currency": "KES", "balance": -700}]
    answer = json.dumps({"status": True, "data": rows}).encode()
    assert money_back.read_balance(answer, currency=currency) == held


# Cards


@pytest.mark.parametrize(
    ("year", "month", "ends"),
    [
        ("2028", "02", date(2028, 2, 29)),
        (2030, 12, date(2030, 12, 31)),
        ("9999", "12", None),
        ("x", "1", None),
    ],
)
def test_a_card_is_good_to_the_end_of_its_month(year: object, month: object, ends: date | None) -> None:
    data = json.loads(CARD)["data"]
    data["authorization"] |= {"exp_year": year, "exp_month": month}
    card = messages.read_saved_card(data)
    assert card is not None
    assert card.expires_on == ends


@pytest.mark.parametrize("changes", [{"reusable": False}, {"reusable": "true"}, {"authorization_code": None}])
def test_a_card_that_may_not_be_charged_again_is_not_kept(changes: dict[str, object]) -> None:
    data = json.loads(CARD)["data"]
    data["authorization"] |= changes
    assert messages.read_saved_card(data) is None


# Whatever comes


@pytest.mark.parametrize(
    "raw", [REFUND, DISPUTE, TRANSFER, CARD], ids=["refund", "dispute", "payout", "card"]
)
def test_damaged_events_never_raise_and_fit_any_database(raw: bytes) -> None:
    @given(damaged(raw))
    def check(content: bytes) -> None:
        event = messages.read_event(content, is_live=True, received_at=NOW)
        amount = getattr(event, "amount", None)
        assert amount is None or 0 <= amount.minor <= 10**15
        for name in ("reference", "transaction_id", "payment_reference", "dispute_id", "reason"):
            text = getattr(event, name, None)
            assert text is None or (text.isprintable() and len(text) <= 200)

    check()


@given(damaged(SETTLEMENTS))
def test_damaged_settlements_never_raise(content: bytes) -> None:
    for record in money_back.read_settlements(content, is_live=True) or ():
        assert 0 <= record.total.minor <= 10**15
