"""Daraja's messages: build requests, read callbacks, confirmations and lists. Pure.

Source: Daraja 3.0 portal, M-Pesa Express, CustomerToBusiness, PullTransactions; shapes as in
`tests/contract/payloads`. Callbacks carry no signature: their worth is decided in `settlement`.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from benfex.payments.gateway import (
    ChargeFailed,
    ChargeSucceeded,
    Failed,
    GatewayEvent,
    Ignored,
    PaidReceiptToFollow,
    PaidWithoutReceipt,
    PaymentEvidence,
    PaymentOutcome,
    Pending,
    Unknown,
    ValidationAsked,
)
from data.values.errors import DomainError
from data.values.kinds import EvidenceGrade
from data.values.money import Money, parse_money

NAME = "mpesa"
CURRENCY = "KES"
_EAT = timezone(timedelta(hours=3))  # Daraja's times are East Africa Time without saying so
RECEIPT = re.compile(r"[A-Z0-9]{10}")
_MSISDN = re.compile(r"254[17][0-9]{8}")
# The portal's own sample of a hash is cut at 62 signs (payments reference, A7): no whole one, but no number either.
_SHA256 = re.compile(r"[0-9a-fA-F]{62,64}")
_PENDING_CODES = {"4999", "5000", "-1"}
_PULL_CODES = {"1000", "1001"}  # some rows, no rows
_TOKEN_SECONDS = 3599

# Result codes of the portal and of integrators, in the payer's words (payments reference, A5).
_WORDS = {
    "1": "There is not enough money in the M-Pesa account.",
    "2": "The amount is below what M-Pesa takes.",
    "3": "The amount is above what M-Pesa takes at once.",
    "4": "The daily limit of the M-Pesa account is reached.",
    "17": "M-Pesa took the same payment a moment ago. Wait two minutes and try again.",
    "26": "M-Pesa is busy. Try again in a few minutes.",
    "1001": "Another M-Pesa request is open on the phone. Wait a minute and try again.",
    "1019": "The request on the phone ran out of time.",
    "1031": "The request on the phone ran out of time.",
    "1032": "The request was cancelled on the phone.",
    "1037": "The phone could not be reached, or nobody answered in time.",
    "2001": "The M-Pesa PIN was wrong.",
}


@dataclass(frozen=True, slots=True)
class ApiError:
    """An error body of Daraja: `{"requestId", "errorCode", "errorMessage"}`, empty where there was none."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class PulledPage:
    """One page of Pull Transactions: how many rows it has, readable or not, and the payments among them."""

    rows: int
    payments: tuple[PaymentEvidence, ...]


def timestamp(now: datetime) -> str:
    """Return an instant as Daraja writes it: YYYYMMDDHHmmss in East Africa Time."""
    return now.astimezone(_EAT).strftime("%Y%m%d%H%M%S")


def password(*, shortcode: str, passkey: str, stamp: str) -> str:
    """Return base64 of shortcode, passkey and timestamp (Lipa na M-Pesa Online, Password)."""
    return base64.b64encode(f"{shortcode}{passkey.strip()}{stamp}".encode()).decode()


def local(instant: datetime) -> datetime:
    """Return an instant in East Africa Time."""
    return instant.astimezone(_EAT)


def words_of(code: str, description: str) -> str:
    """Return what to tell the payer about a result code."""
    return _WORDS.get(code, f"M-Pesa said no: {description}".strip()[:200])


def load(body: bytes) -> Any:
    """Return the JSON of a body, numbers kept as text so that no amount passes through a float; None if it is none."""
    try:
        return json.loads(body, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        return None


def text_of(value: object, longest: int) -> str:
    """Return text or a whole number as text that any database takes, anything else as nothing."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return ""
    return "".join(letter for letter in str(value) if letter.isprintable()).strip()[:longest]


def _dig(content: object, *path: str) -> object:
    for name in path:
        if not isinstance(content, dict):
            return None
        content = content.get(name)
    return content


def read_error(status: int, body: bytes) -> ApiError:
    """Return the error a response carries; bodies may be empty or HTML."""
    content = load(body)
    if isinstance(content, dict):
        return ApiError(text_of(content.get("errorCode"), 32), text_of(content.get("errorMessage"), 200))
    return ApiError(str(status), "")


def read_token(body: bytes) -> tuple[str, int] | None:
    """Return the access token and its life in seconds, which comes as text or number; None without a token."""
    content = load(body)
    token = content.get("access_token") if isinstance(content, dict) else None
    if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token:
        return None
    seconds = text_of(content.get("expires_in"), 8)
    return token, int(seconds) if seconds.isascii() and seconds.isdigit() else _TOKEN_SECONDS


def read_stk(body: bytes, *, attempt_token: str | None, received_at: datetime) -> GatewayEvent:
    """Return what an STK callback says. Without receipt and amount a success books nothing."""
    content = load(body)
    callback = _dig(content, "Body", "stkCallback")
    code = text_of(callback.get("ResultCode"), 32) if isinstance(callback, dict) else ""
    if not isinstance(callback, dict) or not code:
        return Ignored("no STK callback that can be read")
    checkout_id = text_of(callback.get("CheckoutRequestID"), 120) or None
    if code in _PENDING_CODES:
        return Ignored("a push that is not decided yet")
    if code != "0":
        return ChargeFailed(
            checkout_id, attempt_token, code, words_of(code, text_of(callback.get("ResultDesc"), 200))
        )
    items = _items(callback)
    receipt, amount = text_of(items.get("MpesaReceiptNumber"), 32), money_of(items.get("Amount"))
    if not RECEIPT.fullmatch(receipt) or amount is None:
        return PaidWithoutReceipt(checkout_id, attempt_token)
    phone, phone_sha256 = read_msisdn(items.get("PhoneNumber"))
    return ChargeSucceeded(
        PaymentEvidence(
            gateway=NAME,
            grade=EvidenceGrade.SECRET_PATH,
            transaction_id=receipt,
            amount=amount,
            received_at=instant_of(items.get("TransactionDate")) or received_at,
            gateway_reference=checkout_id,
            attempt_token=attempt_token,
            payer_phone=phone,
            payer_phone_sha256=phone_sha256,
        )
    )


def read_c2b(
    body: bytes, *, is_validation: bool, ours: frozenset[str], received_at: datetime
) -> GatewayEvent:
    """Return what a Paybill validation or confirmation says."""
    content = load(body)
    if not isinstance(content, dict):
        return Ignored("no Paybill message that can be read")
    amount = money_of(content.get("TransAmount"))
    account = text_of(content.get("BillRefNumber"), 64)
    if is_validation:
        return ValidationAsked(account, amount)
    receipt = text_of(content.get("TransID"), 32)
    if not RECEIPT.fullmatch(receipt):
        return Ignored("a confirmation without a receipt")
    if amount is None:
        return Ignored("a confirmation without an amount that can be read")
    if text_of(content.get("BusinessShortCode"), 16) not in ours:
        return Ignored("a confirmation for another shortcode")
    phone, phone_sha256 = read_msisdn(content.get("MSISDN"))
    return ChargeSucceeded(
        PaymentEvidence(
            gateway=NAME,
            grade=EvidenceGrade.SECRET_PATH,
            transaction_id=receipt,
            amount=amount,
            received_at=instant_of(content.get("TransTime")) or received_at,
            account_reference=account or None,
            payer_phone=phone,
            payer_phone_sha256=phone_sha256,
            payer_name=_name(content),
        )
    )


def read_query(body: bytes, *, checkout_id: str) -> PaymentOutcome:
    """Return what a status query says of a push. A success carries no receipt and amount, so it is not yet money."""
    content = load(body)
    code = text_of(content.get("ResultCode"), 32) if isinstance(content, dict) else ""
    if not code or text_of(content.get("CheckoutRequestID"), 120) != checkout_id:
        return Unknown("an answer that cannot be read")
    if code == "0":
        return PaidReceiptToFollow()
    if code in _PENDING_CODES:
        return Pending()
    return Failed(code, words_of(code, text_of(content.get("ResultDesc"), 200)))


def is_still_processing(error: ApiError) -> bool:
    """Return whether an error means "not decided yet": the code has many meanings, so the text decides."""
    return "being processed" in error.message.lower() or "under processing" in error.message.lower()


def read_pull(body: bytes, *, now: datetime) -> PulledPage | None:
    """Return one page of Pull Transactions, None when the answer cannot be read.

    The list lies in a list; an empty one may be the text "[[]]". Times are not trusted: whether their Z is
    true is unknown (payments reference, A9), so `received_at` is now.
    """
    content = load(body)
    if not isinstance(content, dict) or text_of(content.get("ResponseCode"), 8) not in _PULL_CODES:
        return None
    listed = content.get("Response")
    if isinstance(listed, str):
        listed = load(listed.encode(errors="replace"))
    rows: list[object] = []
    for entry in listed if isinstance(listed, list) else []:
        rows += entry if isinstance(entry, list) else [entry]
    found = [_pulled(row, now) for row in rows if isinstance(row, dict)]
    return PulledPage(len(rows), tuple(evidence for evidence in found if evidence is not None))


def read_msisdn(value: object) -> tuple[str | None, str | None]:
    """Return (number as shown, SHA-256) of a payer: plain digits, masked, or a hash, as shortcodes differ.

    A hash may be cut at 62 signs.
    """
    text = text_of(value, 64)
    if _MSISDN.fullmatch(text):
        return f"+{text}", hashlib.sha256(text.encode()).hexdigest()
    if _SHA256.fullmatch(text):
        return None, text.lower()
    return (text[:20] or None), None


def _pulled(row: Mapping[str, Any], now: datetime) -> PaymentEvidence | None:
    receipt, amount = text_of(row.get("transactionId"), 32), money_of(row.get("amount"))
    if not RECEIPT.fullmatch(receipt) or amount is None:
        return None
    digits = text_of(row.get("msisdn"), 64)
    phone, phone_sha256 = read_msisdn(f"254{digits}" if len(digits) == 9 else digits)
    return PaymentEvidence(
        gateway=NAME,
        grade=EvidenceGrade.STATEMENT,
        transaction_id=receipt,
        amount=amount,
        received_at=now,
        account_reference=text_of(row.get("billreference"), 64) or None,
        payer_phone=phone,
        payer_phone_sha256=phone_sha256,
    )


def _items(callback: Mapping[str, Any]) -> dict[str, Any]:
    items = _dig(callback, "CallbackMetadata", "Item")
    named: dict[str, Any] = {}
    for item in items if isinstance(items, list) else []:
        if isinstance(item, dict):
            name, value = text_of(item.get("Name"), 40), item.get("Value")
            # Two values under one name contradict each other, so neither is believed.
            named[name] = value if named.get(name, value) == value else None
    return named


def money_of(value: object) -> Money | None:
    """Return an amount of shillings above nothing, None for anything else."""
    text = text_of(value, 32)
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,2})?", text):
        return None
    try:
        amount = parse_money(text, CURRENCY)
    except DomainError:
        return None
    return amount if amount.is_positive else None


def instant_of(value: object) -> datetime | None:
    """Return YYYYMMDDHHmmss in East Africa Time as an instant, None for anything else."""
    text = text_of(value, 32)
    if not re.fullmatch(r"20[0-9]{12}", text):
        return None
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=_EAT).astimezone(UTC)
    except ValueError:
        return None


def _name(content: Mapping[str, Any]) -> str | None:
    parts = [text_of(content.get(key), 60) for key in ("FirstName", "MiddleName", "LastName")]
    return " ".join(part for part in parts if part)[:120] or None
