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
    given = signature.strip().lower().encode(errors="replace")
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


def text_of(value: object, longest: int) -> str:
    """Return text or a whole number as text that any database takes, anything else as nothing."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return ""
    return "".join(letter for letter in str(value) if letter.isprintable()).strip()[:longest]


def read_event(body: bytes, *, is_live: bool, received_at: datetime) -> GatewayEvent:
    """Return what a signed event says. Only successful charges are announced; the rest is verified.

    A `charge.failed`, which only guides by others know, says nothing that polling does not find out: the payer
    may still pay on the same page.
    """
    content = load(body)
    data = content.get("data") if isinstance(content, dict) else None
    if not isinstance(content, dict) or not isinstance(data, dict):
        return Ignored("no event that can be read")
    name = text_of(content.get("event"), 60)
    if name != "charge.success":
        return Ignored(f"nothing to do for {name or 'an event without a name'}")
    if not is_of_mode(data, is_live=is_live):
        return Ignored("an event of the other mode, test or live")
    if text_of(data.get("status"), 40) != "success":
        return Ignored("a charge that has not succeeded")
    evidence = read_transaction(data, received_at=received_at)
    return ChargeSucceeded(evidence) if evidence is not None else Ignored("a charge that cannot be read")


def is_of_mode(data: Mapping[str, Any], *, is_live: bool) -> bool:
    """Return whether a transaction is of our key's mode: test money must not pay a live invoice."""
    return (text_of(data.get("domain"), 10) == "live") is is_live


def read_transaction(data: Mapping[str, Any], *, received_at: datetime) -> PaymentEvidence | None:
    """Return a successful transaction as evidence, None when id, reference, amount or currency is missing.

    The amount is what we asked for: where the payer bears the fee, `amount` is larger (payments reference, B3).
    Where less came than was asked for, it is what came.
    """
    transaction_id, reference = text_of(data.get("id"), 21), text_of(data.get("reference"), 120)
    charged = _money(data.get("amount"), data.get("currency"))
    asked = _money(data.get("requested_amount") or data.get("amount"), data.get("currency"))
    if not (transaction_id.isascii() and transaction_id.isdigit()) or len(transaction_id) > 20:
        return None
    if not reference or charged is None or asked is None:
        return None
    amount = min(asked, charged)
    if not amount.is_positive:
        return None
    customer = data.get("customer")
    person = customer if isinstance(customer, dict) else {}
    name = " ".join(text_of(person.get(key), 60) for key in ("first_name", "last_name")).strip()
    return PaymentEvidence(
        gateway=NAME,
        grade=EvidenceGrade.SIGNED,
        transaction_id=transaction_id,
        amount=amount,
        received_at=_instant(data.get("paid_at") or data.get("paidAt")) or received_at,
        gateway_reference=reference,
        our_reference=reference,
        payer_phone=text_of(person.get("phone"), 64) or None,
        payer_name=name[:120] or None,
        fee=None if charged > asked else _money(data.get("fees"), data.get("currency")),
    )


def read_verification(body: bytes, *, reference: str, is_live: bool, received_at: datetime) -> PaymentOutcome:
    """Return what verifying says of a transaction: the top-level status only means that the call worked."""
    content = load(body)
    data = content.get("data") if isinstance(content, dict) and content.get("status") is True else None
    if not isinstance(data, dict) or data.get("reference") != reference:
        return Unknown("an answer that cannot be read")
    if not is_of_mode(data, is_live=is_live):
        return Unknown("a transaction of the other mode, test or live")
    status = text_of(data.get("status"), 40)
    if status == "success":
        evidence = read_transaction(data, received_at=received_at)
        return Succeeded(evidence) if evidence is not None else Unknown("a success that cannot be read")
    if status in _WAITING:
        return Pending()
    if status in {"failed", "reversed"}:
        return Failed(status, _words(data))
    return Unknown(f"status {status}")


def read_list(
    body: bytes, *, is_live: bool, received_at: datetime
) -> tuple[tuple[PaymentEvidence, ...], str | None] | None:
    """Return the successful transactions of a page, and the cursor of the next one, None at the end.

    A page that cannot be read is None: it must not look like an empty one.
    """
    content = load(body)
    rows = content.get("data") if isinstance(content, dict) else None
    if not isinstance(content, dict) or not isinstance(rows, list):
        return None
    found = [
        evidence
        for row in rows
        if isinstance(row, dict) and row.get("status") == "success" and is_of_mode(row, is_live=is_live)
        if (evidence := read_transaction(row, received_at=received_at)) is not None
    ]
    meta = content.get("meta")
    cursor = text_of(meta.get("next"), 200) if isinstance(meta, dict) else ""
    return tuple(found), cursor if cursor not in {"", "null"} else None


def _money(value: object, currency: object) -> Money | None:
    text, code = text_of(value, 32), text_of(currency, 8)
    if not (text.isascii() and text.isdigit()) or code not in CURRENCIES:
        return None
    subunits, exponent = int(text), CURRENCIES[code]
    if exponent == 0 and subunits % 100:
        return None
    try:
        return Money(subunits // 100 if exponent == 0 else subunits, code)
    except DomainError:
        return None


def _words(data: Mapping[str, Any]) -> str:
    said = text_of(data.get("gateway_response") or data.get("message"), 200)
    return f"The payment did not go through: {said}"[:200] if said else "The payment did not go through."


def _instant(value: object) -> datetime | None:
    text = text_of(value, 40)
    try:
        instant = datetime.fromisoformat(text)
        return instant.astimezone(UTC) if instant.tzinfo else None
    except (ValueError, OverflowError):  # the year 1 in Nairobi is before every year in UTC
        return None
