"""Flutterwave's messages: the header that proves a webhook, transactions, lists and refunds. Pure.

Source: Flutterwave v3, Payments, Transactions, Refunds and Webhooks (payments reference, C1). Amounts are in
major units; `charged_amount` is what the payer paid, more than `amount` where the payer bears the fee.
"""

import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from benfex.payments.gateway import (
    Failed,
    GatewayEvent,
    Ignored,
    PaymentEvidence,
    PaymentOutcome,
    Pending,
    StatusChanged,
    Succeeded,
    Unknown,
)
from benfex.payments.gateway_events import RefundDone, RefundFailed, RefundOutcome, RefundUnderWay
from benfex.payments.wire import instant_of, load_object, money_of, object_in, text_of
from data.values.kinds import EvidenceGrade

NAME = "flutterwave"
SECRET_HEADER = "verif-hash"  # noqa: S105 (a header's name)


def is_from_flutterwave(given: str, *, secret_hash: str) -> bool:
    """Return whether the header is our secret hash; where none is set, or none came, nothing proves itself."""
    if not secret_hash or not given:
        return False
    return hmac.compare_digest(given.encode(errors="replace"), secret_hash.encode())


def read_event(body: bytes) -> GatewayEvent:
    """Return which payment of ours moved. The header is no signature, so what is said of it is asked about.

    `charge.completed` comes for payments that failed too.
    """
    content = load_object(body)
    data = object_in(content, "data")
    name = text_of(content.get("event"), 60)
    if not data:
        return Ignored("no event that can be read")
    if name != "charge.completed":
        return Ignored(f"nothing to do for {name or 'an event without a name'}")
    reference = text_of(data.get("tx_ref"), 120)
    if not reference:
        return Ignored("a charge without our reference")
    return StatusChanged(reference, text_of(data.get("id"), 20) or None)


def read_transaction(data: Mapping[str, Any], *, received_at: datetime) -> PaymentEvidence | None:
    """Return a successful transaction as evidence, None when id, reference, amount or currency is missing."""
    transaction_id, reference = text_of(data.get("id"), 21), text_of(data.get("tx_ref"), 120)
    asked = money_of(data.get("amount"), data.get("currency"))
    if not (transaction_id.isascii() and transaction_id.isdigit()) or len(transaction_id) > 20:
        return None
    if not reference or asked is None or not asked.is_positive:
        return None
    paid = money_of(data.get("charged_amount"), data.get("currency")) or asked
    amount = min(asked, paid)
    if not amount.is_positive:
        return None
    customer = object_in(data, "customer")
    return PaymentEvidence(
        gateway=NAME,
        grade=EvidenceGrade.SIGNED,
        transaction_id=transaction_id,
        amount=amount,
        received_at=instant_of(data.get("created_at")) or received_at,
        gateway_reference=reference,
        our_reference=reference,
        payer_phone=text_of(customer.get("phone_number"), 64) or None,
        payer_name=text_of(customer.get("name"), 120) or None,
        fee=None if paid > asked else money_of(data.get("app_fee"), data.get("currency")),
    )


def read_verification(body: bytes, *, reference: str, received_at: datetime) -> PaymentOutcome:
    """Return how the transaction with our reference stands; the top-level status only means that the call worked."""
    content = load_object(body)
    data = object_in(content, "data")
    if content.get("status") != "success" or text_of(data.get("tx_ref"), 120) != reference:
        return Unknown("an answer that cannot be read")
    status = text_of(data.get("status"), 40).lower()
    match status:
        case "successful":
            evidence = read_transaction(data, received_at=received_at)
            return Succeeded(evidence) if evidence is not None else Unknown("a success that cannot be read")
        case "pending":
            return Pending()
        case "failed":
            said = text_of(data.get("processor_response"), 160)
            return Failed(status, f"The payment did not go through: {said}" if said else _NO)
        case _:
            return Unknown(f"status {status}")


def read_list(body: bytes, *, received_at: datetime) -> tuple[tuple[PaymentEvidence, ...], int] | None:
    """Return the successful transactions of a page and how many pages there are.

    A page that cannot be read is None: it must not look like an empty one.
    """
    content = load_object(body)
    rows = content.get("data")
    if content.get("status") != "success" or not isinstance(rows, list):
        return None
    found = [
        evidence
        for row in rows
        if isinstance(row, dict) and text_of(row.get("status"), 40).lower() == "successful"
        if (evidence := read_transaction(row, received_at=received_at)) is not None
    ]
    return tuple(found), page_count(content)


def page_count(content: Mapping[str, Any]) -> int:
    """Return how many pages a list says it has, 1 where it says nothing."""
    pages = text_of(object_in(object_in(content, "meta"), "page_info").get("total_pages"), 6)
    return int(pages) if pages.isascii() and pages.isdigit() else 1


def read_refund(data: Mapping[str, Any]) -> RefundOutcome:
    """Return how a refund stands: the words begin with completed, failed or pending, and add how."""
    named = text_of(data.get("id"), 40) or None
    status = text_of(data.get("status"), 40).lower()
    if status.startswith("completed"):
        return RefundDone(named)
    if status.startswith("failed"):
        return RefundFailed(status, text_of(data.get("comments"), 160) or "Flutterwave could not refund it.")
    return RefundUnderWay(named)


_NO = "The payment did not go through."
