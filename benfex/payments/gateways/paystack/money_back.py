"""Money that leaves again by Paystack: refunds, disputes, payouts; and what it paid out to our bank. Pure.

A refund has no key of ours: our reference travels in its merchant note and is looked for there. Events about
refunds name the transaction (`transaction_reference`), mostly carry no id, and write amounts as text or number.
Source: Paystack's OpenAPI and docs, Refunds, Disputes, Transfers, Settlements, Webhooks.
"""

import re
from collections.abc import Mapping
from typing import Any

from benfex.payments.gateway import GatewayEvent, Ignored, RefundRequest
from benfex.payments.gateway_events import (
    DisputeAnswer,
    DisputeChanged,
    RefundChanged,
    RefundDone,
    RefundFailed,
    RefundOutcome,
    RefundUnderWay,
    RefundUnknown,
    SettlementRecord,
)
from benfex.payments.gateways.paystack.reading import (
    data_of,
    instant_of,
    is_of_mode,
    mapping_of,
    money_of,
    rows_of,
    subunits_of,
    text_of,
)
from data.values.money import Money
from data.values.states import DisputeStatus

_REFUND_EVENTS = {
    "refund.pending",
    "refund.processing",
    "refund.processed",
    "refund.failed",
    "refund.needs-attention",
}
_TRANSFER_EVENTS = {"transfer.success", "transfer.failed", "transfer.reversed"}
_DISPUTE_EVENTS = {"charge.dispute.create", "charge.dispute.remind", "charge.dispute.resolve"}
MONEY_BACK_EVENTS = frozenset(_REFUND_EVENTS | _TRANSFER_EVENTS | _DISPUTE_EVENTS)

NEEDS_ATTENTION = (
    "Paystack cannot give this back the way it came. Ask the customer for a bank account, "
    "and send the refund there."
)
_FAILED = (
    "Paystack could not give the money back; it is still ours. Give it back another way, or ask again later."
)
_NOTE = re.compile(r"\bref:([A-Za-z0-9.=-]{4,50})")
_DISPUTE_STATES = {
    "awaiting-merchant-feedback": DisputeStatus.OPEN,
    "pending": DisputeStatus.OPEN,
    "awaiting-bank-feedback": DisputeStatus.ANSWERED,
}
_DISPUTE_ENDS = {"merchant-accepted": DisputeStatus.LOST, "declined": DisputeStatus.WON}


def read_money_back(name: str, data: Mapping[str, Any]) -> GatewayEvent:
    """Return what an event about a refund, a payout or a dispute says."""
    if name in _DISPUTE_EVENTS:
        return read_dispute(data) or Ignored("a dispute that cannot be read")
    if name in _TRANSFER_EVENTS:
        return _transfer(name, data)
    return _refund_event(data)


# Refunds


def refund_body(request: RefundRequest) -> dict[str, Any]:
    """Return what asks for a refund; the note carries our reference, by which it is found again."""
    return {
        "transaction": request.transaction_id,
        "amount": subunits_of(request.amount),
        "currency": request.amount.currency,
        "customer_note": request.reason[:100],
        "merchant_note": f"{request.reason[:100]} (ref:{request.reference})",
    }


def read_refund(data: object) -> RefundOutcome:
    """Return how a refund stands by its `status`."""
    told = mapping_of(data)
    name = text_of(told.get("id"), 40) or text_of(told.get("refund_reference"), 80)
    receipt = text_of(told.get("refund_reference") or told.get("bank_reference"), 80) or name
    match text_of(told.get("status"), 40):
        case "processed":
            return RefundDone(receipt or None)
        case "pending" | "processing":
            return RefundUnderWay(name or None)
        case "needs-attention":
            return RefundUnderWay(name or None, NEEDS_ATTENTION)
        case "failed":
            return RefundFailed("failed", _FAILED)
        case status:
            return RefundUnknown(f"status {status}" if status else "a refund that cannot be read")


def find_refund(body: bytes, *, reference: str, is_live: bool) -> Mapping[str, Any] | None:
    """Return the refund of a list that carries our reference; None when none does.

    Raises ValueError for a list that cannot be read: it must not look like an empty one.
    """
    rows = rows_of(body)
    if rows is None:
        raise ValueError("no list of refunds")
    return next(
        (row for row in rows if is_of_mode(row, is_live=is_live) and _reference_in(row) == reference), None
    )


def _reference_in(data: Mapping[str, Any]) -> str | None:
    found = _NOTE.search(text_of(data.get("merchant_note"), 400))
    return found[1] if found else None


def _refund_event(data: Mapping[str, Any]) -> GatewayEvent:
    outcome = read_refund(data)
    payment = text_of(data.get("transaction_reference"), 120)
    amount = money_of(data.get("amount"), data.get("currency"))
    if isinstance(outcome, RefundUnknown) or not payment:
        return Ignored("a refund that cannot be read")
    return RefundChanged(
        outcome=outcome, reference=_reference_in(data), payment_reference=payment, amount=amount
    )


def _transfer(name: str, data: Mapping[str, Any]) -> GatewayEvent:
    reference = text_of(data.get("reference"), 120)
    if not reference:
        return Ignored("a payout that cannot be read")
    receipt = text_of(data.get("transfer_code"), 80) or None
    said = text_of(data.get("gateway_response") or data.get("reason"), 160)
    outcome: RefundOutcome
    if name == "transfer.success":
        outcome = RefundDone(receipt)
    elif name == "transfer.reversed":
        outcome = RefundFailed("reversed", "The payout came back to our balance.")
    else:
        outcome = RefundFailed("failed", f"The payout failed: {said}" if said else "The payout failed.")
    return RefundChanged(
        outcome=outcome, reference=reference, amount=money_of(data.get("amount"), data.get("currency"))
    )


# Disputes


def read_dispute(data: Mapping[str, Any]) -> DisputeChanged | None:
    """Return how a dispute stands; None when it cannot be read.

    The payment is in `transaction`; `transaction_reference` is mostly null. What was decided against us has
    the resolution merchant-accepted, also when nobody answered in time.
    """
    payment = mapping_of(data.get("transaction"))
    dispute_id = text_of(data.get("id"), 40)
    currency = data.get("currency") or payment.get("currency")
    amount = money_of(data.get("refund_amount"), currency)
    if amount is None or not amount.is_positive:
        amount = money_of(payment.get("requested_amount") or payment.get("amount"), currency)
    status = _dispute_status(data)
    if not dispute_id or amount is None or not amount.is_positive or status is None:
        return None
    return DisputeChanged(
        dispute_id=dispute_id,
        status=status,
        amount=amount,
        transaction_id=text_of(payment.get("id"), 20) or None,
        payment_reference=text_of(payment.get("reference") or data.get("transaction_reference"), 120) or None,
        reason=_dispute_reason(data),
        due_at=instant_of(data.get("dueAt") or data.get("due_at")),
    )


def read_disputes(body: bytes, *, is_live: bool) -> tuple[DisputeChanged, ...] | None:
    """Return the disputes of a list that can be read; None when it is no list."""
    rows = rows_of(body)
    if rows is None:
        return None
    read = (read_dispute(row) for row in rows if is_of_mode(row, is_live=is_live))
    return tuple(dispute for dispute in read if dispute is not None)


def answer_body(answer: DisputeAnswer) -> dict[str, Any]:
    """Return what settles a dispute: give back, or decline with the reason and the proof handed in."""
    return {
        "resolution": "merchant-accepted" if answer.gives_back else "declined",
        "message": answer.message,
        "refund_amount": subunits_of(answer.amount) if answer.gives_back else 0,
        "uploaded_filename": answer.file,
    }


def read_answered(body: bytes) -> DisputeChanged | None:
    """Return how a dispute stands after our answer; None when the answer cannot be read."""
    return read_dispute(mapping_of(data_of(body)))


def _dispute_status(data: Mapping[str, Any]) -> DisputeStatus | None:
    status, resolution = text_of(data.get("status"), 40), text_of(data.get("resolution"), 40)
    if status in {"resolved", "archived"}:
        return _DISPUTE_ENDS.get(resolution, DisputeStatus.LOST)
    return _DISPUTE_STATES.get(status)


def _dispute_reason(data: Mapping[str, Any]) -> str:
    messages = data.get("messages")
    first = mapping_of(messages[0]) if isinstance(messages, list) and messages else {}
    words = [text_of(data.get("category"), 40), text_of(first.get("body"), 160)]
    return ": ".join(word for word in words if word)[:200]


# Settlements and balance


def read_settlements(body: bytes, *, is_live: bool) -> tuple[SettlementRecord, ...] | None:
    """Return the settlements of a list that can be read; None when it is no list.

    total_processed - total_fees = total_amount; what reaches the bank is the effective amount, less deductions.
    """
    rows = rows_of(body)
    if rows is None:
        return None
    read = (_settlement(row) for row in rows if is_of_mode(row, is_live=is_live))
    return tuple(record for record in read if record is not None)


def _settlement(row: Mapping[str, Any]) -> SettlementRecord | None:
    currency, settled_at = row.get("currency"), instant_of(row.get("settlement_date"))
    total, fees, paid = (
        money_of(row.get(key), currency) for key in ("total_processed", "total_fees", "effective_amount")
    )
    if paid is None:
        paid = money_of(row.get("total_amount"), currency)
    name = text_of(row.get("id"), 40)
    if not name or settled_at is None or total is None or fees is None or paid is None:
        return None
    return SettlementRecord(
        id=name,
        day=settled_at.date(),
        total=total,
        fees=fees,
        paid_out=paid,
        status=text_of(row.get("status"), 40),
    )


def read_balance(body: bytes, *, currency: str) -> Money | None:
    """Return what is held in a currency, in the first one where none is named; None when it does not say."""
    rows = rows_of(body) or []
    told = [_signed(row) for row in rows]
    fitting = [held for held in told if held is not None and currency in {"", held.currency}]
    return fitting[0] if fitting else None


def _signed(row: Mapping[str, Any]) -> Money | None:
    written = text_of(row.get("balance"), 32)
    held = money_of(written.removeprefix("-"), row.get("currency"))
    return -held if held is not None and written.startswith("-") else held
