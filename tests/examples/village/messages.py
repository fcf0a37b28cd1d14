"""The Village SACCO's messages: signatures, payments and lists. Pure: bytes in, values out.

Source: its (invented) API 1. Amounts are minor units; a payment is `waiting`, `paid` or `refused`.
"""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from benfex.payments.gateway import (
    ChargeSucceeded,
    Failed,
    GatewayEvent,
    Ignored,
    PaymentEvidence,
    PaymentOutcome,
    Pending,
    Succeeded,
    Unknown,
)
from benfex.payments.wire import instant_of, load, load_object, text_of
from data.values.kinds import EvidenceGrade
from data.values.money import CURRENCIES, Money

NAME = "village"
SIGNATURE_HEADER = "x-village-signature"


def is_signed(body: bytes, *, signature: str, secret: str) -> bool:
    """Return whether the raw body carries the HMAC-SHA256 of our secret, compared in constant time."""
    ours = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return bool(secret) and hmac.compare_digest(
        ours.encode(), signature.strip().lower().encode(errors="replace")
    )


def read_event(body: bytes) -> GatewayEvent:
    """Return what a signed event says."""
    payment = load_object(body)
    if text_of(payment.get("state"), 12) != "paid":
        return Ignored("no payment that came")
    evidence = read_payment(payment)
    return ChargeSucceeded(evidence) if evidence is not None else Ignored("a payment that cannot be read")


def read_payment(payment: Mapping[str, Any]) -> PaymentEvidence | None:
    """Return a paid payment as evidence, None when anything that proves it is missing."""
    receipt, reference = text_of(payment.get("receipt"), 40), text_of(payment.get("reference"), 64)
    cents, currency = payment.get("amount_minor"), text_of(payment.get("currency"), 3)
    paid_at = instant_of(payment.get("paid_at"))
    if not receipt or not reference or paid_at is None or currency not in CURRENCIES:
        return None
    if type(cents) is not int or cents <= 0:
        return None
    return PaymentEvidence(
        gateway=NAME,
        grade=EvidenceGrade.SIGNED,
        transaction_id=receipt,
        amount=Money(cents, currency),
        received_at=paid_at,
        gateway_reference=reference,
        our_reference=reference,
    )


def read_answer(body: bytes, *, reference: str) -> PaymentOutcome:
    """Return how the payment with our reference stands."""
    payment = load_object(body)
    if text_of(payment.get("reference"), 64) != reference:
        return Unknown("an answer that cannot be read")
    match text_of(payment.get("state"), 12):
        case "paid":
            evidence = read_payment(payment)
            return Succeeded(evidence) if evidence is not None else Unknown("a success that cannot be read")
        case "waiting":
            return Pending()
        case "refused":
            return Failed("refused", "The SACCO refused the payment.")
        case other:
            return Unknown(f"state {other}")


def read_list(body: bytes) -> tuple[PaymentEvidence, ...] | None:
    """Return the paid payments of a list; one that cannot be read is None, never an empty one."""
    rows = load(body)
    if not isinstance(rows, list):
        return None
    found = (read_payment(row) for row in rows if isinstance(row, dict) and row.get("state") == "paid")
    return tuple(evidence for evidence in found if evidence is not None)
