"""Every event that Paystack announces, and what it moves: a list of theirs, so that none is missed by chance."""

import json
from datetime import UTC, datetime

import pytest

from benfex.payments.gateway import ChargeSucceeded, GatewayEvent, Ignored
from benfex.payments.gateway_events import DisputeChanged, RefundChanged
from benfex.payments.gateways.paystack import messages

Data = dict[str, object]
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
CHARGE: Data = {
    "id": 4099260516,
    "domain": "test",
    "status": "success",
    "reference": "BFX1",
    "amount": 250_000,
    "currency": "KES",
    "customer": {"email": "amina@example.com"},
}
REFUND: Data = {
    "domain": "test",
    "transaction_reference": "BFX1",
    "refund_reference": "R1",
    "amount": "50000",
    "currency": "KES",
}
DISPUTE: Data = {
    "id": 7,
    "domain": "test",
    "status": "awaiting-merchant-feedback",
    "refund_amount": 250_000,
    "currency": "KES",
    "transaction": {"id": 4099260516, "reference": "BFX1", "amount": 250_000, "currency": "KES"},
}
TRANSFER: Data = {
    "domain": "test",
    "reference": "BFXR1",
    "amount": 50_000,
    "currency": "KES",
    "status": "success",
}
MOVES: dict[str, tuple[Data, type[GatewayEvent]]] = {
    "charge.success": (CHARGE, ChargeSucceeded),
    "refund.pending": (REFUND | {"status": "pending"}, RefundChanged),
    "refund.processing": (REFUND | {"status": "processing"}, RefundChanged),
    "refund.processed": (REFUND | {"status": "processed"}, RefundChanged),
    "refund.failed": (REFUND | {"status": "failed"}, RefundChanged),
    "refund.needs-attention": (REFUND | {"status": "needs-attention"}, RefundChanged),
    "charge.dispute.create": (DISPUTE, DisputeChanged),
    "charge.dispute.remind": (DISPUTE, DisputeChanged),
    "charge.dispute.resolve": (
        DISPUTE | {"status": "resolved", "resolution": "merchant-accepted"},
        DisputeChanged,
    ),
    "transfer.success": (TRANSFER, RefundChanged),
    "transfer.failed": (TRANSFER, RefundChanged),
    "transfer.reversed": (TRANSFER, RefundChanged),
}
# Those that say nothing about money that `charge.success`, a refund, a payout or a dispute does not say by itself.
MOVES_NOTHING = (
    "charge.failed",
    "bank.transfer.rejected",
    "customeridentification.success",
    "customeridentification.failed",
    "dedicatedaccount.assign.success",
    "dedicatedaccount.assign.failed",
    "direct_debit.authorization.created",
    "direct_debit.authorization.active",
    "invoice.create",
    "invoice.update",
    "invoice.payment_failed",
    "paymentrequest.pending",
    "paymentrequest.success",
    "preauthorization.success",
    "subscription.create",
    "subscription.disable",
    "subscription.not_renew",
    "subscription.expiring_cards",
)


def told(name: str, data: Data, *, is_live: bool = False) -> GatewayEvent:
    body = json.dumps({"event": name, "data": data}).encode()
    return messages.read_event(body, received_at=NOW, is_live=is_live)


@pytest.mark.parametrize("name", MOVES)
def test_what_moves_money_is_read_as_what_it_is(name: str) -> None:
    data, kind = MOVES[name]
    assert isinstance(told(name, data), kind)


@pytest.mark.parametrize("name", MOVES)
def test_what_moves_money_of_the_other_mode_is_let_be(name: str) -> None:
    assert isinstance(told(name, MOVES[name][0], is_live=True), Ignored)


@pytest.mark.parametrize("name", MOVES_NOTHING)
def test_what_moves_none_is_let_be_whatever_it_holds(name: str) -> None:
    assert isinstance(told(name, CHARGE), Ignored)
