"""Paystack's messages: verify signatures, read events, transactions and lists. Pure.

Source: Paystack's OpenAPI and docs, Transactions and Webhooks; amounts are subunits (× 100) in every currency.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from benfex.payments.gateway import (
    ChargeFailed,
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
from data.values.errors import DomainError
from data.values.kinds import EvidenceGrade
from data.values.money import CURRENCIES, Money

NAME = "paystack"
SIGNATURE_HEADER = "x-paystack-signature"
_WAITING = {"abandoned", "ongoing", "pending", "processing", "queued"}


def is_signed(body: bytes, *, signature: str, secrets: Sequence[str]) -> bool:
    """Return whether the raw body carries the HMAC-SHA512 of one of our keys, compared in constant time."""
    given = signature.strip().lower().encode()
    return any(
        hmac.compare_digest(hmac.new(key.encode(), body, hashlib.sha512).hexdigest().encode(), given)
        for key in secrets
    )


def load(body: bytes) -> Any:
    """Return the JSON of a body with fractions kept as text; None if it is none."""
    try:
        return json.loads(body, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        return None


def read_event(body: bytes, *, is_live: bool, received_at: datetime) -> GatewayEvent:
    """Return what a signed event says. Only successful charges are announced; the rest is verified."""
    content = load(body)
    data = content.get("data") if isinstance(content, dict) else None
    if not isinstance(content, dict) or not isinstance(data, dict):
        return Ignored("no event that can be read")
    name = str(content.get("event"))
    if name == "charge.failed":
        reference = str(data.get("reference") or "") or None
        return ChargeFailed(reference, None, "failed", _words(data))
    if name != "charge.success":
        return Ignored(f"nothing to do for {name[:60]}")
    if (str(data.get("domain")) == "live") is not is_live:
        return Ignored("an event of the other mode, test or live")
    if str(data.get("status")) != "success":
        return Ignored("a charge that has not succeeded")
    evidence = read_transaction(data, received_at=received_at)
    return ChargeSucceeded(evidence) if evidence is not None else Ignored("a charge that cannot be read")


def read_transaction(data: Mapping[str, Any], *, received_at: datetime) -> PaymentEvidence | None:
    """Return a successful transaction as evidence, None when id, reference, amount or currency is missing.

    The amount is what we asked for: where the payer bears the fee, `amount` is larger (payments reference, B3).
    """
    transaction_id, reference = data.get("id"), str(data.get("reference") or "")
    amount = _money(data.get("requested_amount") or data.get("amount"), data.get("currency"))
    if (
        not isinstance(transaction_id, int)
        or isinstance(transaction_id, bool)
        or not reference
        or amount is None
    ):
        return None
    customer = data.get("customer")
    person = customer if isinstance(customer, dict) else {}
    name = " ".join(str(person.get(key) or "") for key in ("first_name", "last_name")).strip()
    bears_fee = _money(data.get("amount"), data.get("currency")) != amount
    return PaymentEvidence(
        gateway=NAME,
        grade=EvidenceGrade.SIGNED,
        transaction_id=str(transaction_id),
        amount=amount,
        received_at=_instant(data.get("paid_at") or data.get("paidAt")) or received_at,
        gateway_reference=reference,
        our_reference=reference,
        payer_phone=str(person.get("phone") or "") or None,
        payer_name=name[:120] or None,
        fee=None if bears_fee else _money(data.get("fees"), data.get("currency")),
    )


def read_verification(body: bytes, *, received_at: datetime) -> PaymentOutcome:
    """Return what verifying says: the top-level status only means that the call worked."""
    content = load(body)
    data = content.get("data") if isinstance(content, dict) else None
    if not isinstance(data, dict):
        return Unknown("an answer that cannot be read")
    status = str(data.get("status"))
    if status == "success":
        evidence = read_transaction(data, received_at=received_at)
        return Succeeded(evidence) if evidence is not None else Unknown("a success that cannot be read")
    if status in _WAITING:
        return Pending()
    if status in {"failed", "reversed"}:
        return Failed(status, _words(data))
    return Unknown(f"status {status[:40]}")


def read_list(body: bytes, *, received_at: datetime) -> tuple[tuple[PaymentEvidence, ...], str | None]:
    """Return the successful transactions of a page, and the cursor of the next one, None at the end."""
    content = load(body)
    rows = content.get("data") if isinstance(content, dict) else None
    if not isinstance(content, dict) or not isinstance(rows, list):
        return (), None
    found = [
        evidence
        for row in rows
        if isinstance(row, dict) and row.get("status") == "success"
        if (evidence := read_transaction(row, received_at=received_at)) is not None
    ]
    meta = content.get("meta")
    cursor = meta.get("next") if isinstance(meta, dict) else None
    return tuple(found), str(cursor) if cursor not in (None, "", "null") else None


def _money(value: object, currency: object) -> Money | None:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0 or str(currency) not in CURRENCIES:
        return None
    exponent = CURRENCIES[str(currency)]
    if exponent == 0 and value % 100:
        return None
    try:
        return Money(value // 100 if exponent == 0 else value, str(currency))
    except DomainError:
        return None


def _words(data: Mapping[str, Any]) -> str:
    said = str(data.get("gateway_response") or data.get("message") or "").strip()
    return f"The payment did not go through: {said}"[:200] if said else "The payment did not go through."


def _instant(value: object) -> datetime | None:
    try:
        instant = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return instant.astimezone(UTC) if instant.tzinfo else None
