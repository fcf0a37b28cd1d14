"""The words of Daraja: fields and their rules, error bodies, result codes, ids and times. Pure.

Sources: Safaricom portal pages M-Pesa Express, Customer To Business, Pull Transactions (captures of December
2025 and August 2026), and what integrators observed where the portal is silent.
"""

import base64
import hashlib
import re
import secrets
import string
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

NAIROBI = ZoneInfo("Africa/Nairobi")
PHONE = re.compile(r"254(7|1)\d{8}")
TIMESTAMP = re.compile(r"\d{14}")
WHOLE_NUMBER = re.compile(r"\d{1,9}")
AMOUNT_MAXIMUM = 250_000
ACCOUNT_LENGTH_MAXIMUM = 12
DESCRIPTION_LENGTH_MAXIMUM = 13
BILL_REFERENCE_LENGTH_MAXIMUM = 20
# Customer To Business, Register URL: words that an address must not contain in any variant.
REFUSED_WORDS = ("mpesa", "m-pesa", "safaricom", "exe", "exec", "cmd", "sql", "query")
RECEIPT_SIGNS = string.ascii_uppercase + string.digits
SUCCESS_TEXT = "The service request is processed successfully."

RESULTS = {
    0: SUCCESS_TEXT,
    1: "The balance is insufficient for the transaction.",
    17: "Rule limited.",
    15: "Duplicate Originator Conversation ID",
    26: "System busy. Traffic blocking condition is in place.",
    1001: "Unable to lock subscriber, a transaction is already in process for the current subscriber",
    1019: "Transaction has expired",
    1050: "Standing order with a similar name already exists for this customer.",
    1051: "One of the fields is not valid.",
    1025: "An error occurred while sending a push request",
    1032: "Request cancelled by user",
    1037: "DS timeout user cannot be reached",
    2001: "The initiator information is invalid.",
    2028: "The request is not permitted according to product assignment.",
    2040: "The recipient is not registered.",
    8006: "The security credential is locked.",
    9999: "An error occurred while sending a push request",
}

# What a hand on the phone does, and the result it leads to. "pay_late" answers 1037 and pays all the same.
ANSWERS = {
    "pay": 0,
    "cancel": 1032,
    "wrong_pin": 2001,
    "no_money": 1,
    "too_late": 1037,
    "pay_late": 1037,
    "expired": 1019,
    "busy": 26,
    "rule_limited": 17,
    "locked": 1001,
}


class RefusedError(Exception):
    """A request refused before anything started: HTTP status and the error body of the gateway."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{code} {message}")
        self.status = status
        self.code = code
        self.message = message

    def body(self) -> dict[str, object]:
        """Return the error body."""
        return {"requestId": request_id(), "errorCode": self.code, "errorMessage": self.message}


def invalid(field: str) -> RefusedError:
    """Return the refusal of one field."""
    return RefusedError(400, "400.002.02", f"Bad Request - Invalid {field}")


def invalid_token() -> RefusedError:
    """Return the refusal of a token: HTTP 404, not 401."""
    return RefusedError(404, "404.001.03", "Invalid Access Token")


def spike_arrest() -> RefusedError:
    """Return the refusal of too many calls."""
    return RefusedError(500, "500.003.02", "Error Occurred: Spike Arrest Violation")


def duplicate_originator() -> RefusedError:
    """Return the refusal of a payout whose OriginatorConversationID was used."""
    return RefusedError(500, "500.002.1001", "Duplicate OriginatorConversationID.")


def locked() -> RefusedError:
    """Return the refusal of a second prompt on a phone that shows one."""
    return RefusedError(500, "500.001.1001", RESULTS[1001])


def still_processing() -> RefusedError:
    """Return the form of "pending" that looks like an error."""
    return RefusedError(500, "500.001.1001", "The transaction is being processed")


def check_credentials(body: Mapping[str, object], *, shortcode: str, passkey: str) -> None:
    """Check BusinessShortCode, Timestamp and Password as push and query do. Raises RefusedError."""
    given = text_of(body, "BusinessShortCode")
    if not re.fullmatch(r"\d{5,7}", given):
        raise invalid("BusinessShortCode")
    if given != shortcode:
        raise RefusedError(500, "500.001.1001", "Merchant does not exist")
    timestamp = text_of(body, "Timestamp")
    if not TIMESTAMP.fullmatch(timestamp) or not _is_time(timestamp):
        raise invalid("Timestamp")
    expected = base64.b64encode(f"{shortcode}{passkey}{timestamp}".encode()).decode()
    if not secrets.compare_digest(text_of(body, "Password").encode(), expected.encode()):
        raise RefusedError(500, "500.001.1001", "[MerchantValidate] - Wrong credentials")


def text_of(body: Mapping[str, object], field: str) -> str:
    """Return a field as text; samples write numbers with and without quotes. Raises RefusedError."""
    value = body.get(field)
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise invalid(field)
    return str(value)


def amount_of(body: Mapping[str, object], field: str = "Amount") -> int:
    """Return whole shillings from 1 to 250000, from a number or its digits. Raises RefusedError."""
    text = text_of(body, field)
    if not WHOLE_NUMBER.fullmatch(text) or not 1 <= int(text) <= AMOUNT_MAXIMUM:
        raise invalid(field)
    return int(text)


def phone_of(body: Mapping[str, object], field: str = "PhoneNumber") -> str:
    """Return a payer's number as 2547… or 2541…. Raises RefusedError."""
    text = text_of(body, field)
    if not PHONE.fullmatch(text):
        raise invalid(field)
    return text


def address_of(body: Mapping[str, object], field: str) -> str:
    """Return a callback address that is http(s) and free of refused words. Raises RefusedError."""
    text = text_of(body, field)
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise invalid(field) from error
    lowered = text.lower()
    if parts.scheme not in {"http", "https"} or not parts.hostname or any(sign.isspace() for sign in text):
        raise invalid(field)
    if any(word in lowered for word in REFUSED_WORDS) or "ngrok" in parts.hostname.lower():
        raise invalid(field)
    return text


def request_id() -> str:
    """Return the id of one refused request."""
    return f"{_hex(4)}-{_hex(4)}-{_hex(4)}-{secrets.token_hex(8)[:15]}"


def merchant_request_id() -> str:
    """Return a MerchantRequestID."""
    return f"{_hex(4)}-{_hex(4)}-{_hex(4)}-{secrets.token_hex(9)[:17]}"


def checkout_request_id(msisdn: str, *, at: float) -> str:
    """Return a CheckoutRequestID: ws_CO_, day and time to the millisecond, and the phone without 254."""
    local = local_time(at)
    return f"ws_CO_{local:%d%m%Y%H%M%S}{local.microsecond // 1000:03d}{msisdn[3:]}"


def conversation_id() -> str:
    """Return the id of a registration or a pull."""
    return f"{secrets.randbelow(90_000) + 10_000}-{secrets.randbelow(90_000_000) + 10_000_000}-1"


def new_receipt(at: float) -> str:
    """Return a receipt of ten letters and digits: year, month and day, then seven of chance."""
    local = local_time(at)
    year = string.ascii_uppercase[(local.year - 2006) % 26]
    month = string.ascii_uppercase[local.month - 1]
    day = (string.digits[1:] + string.ascii_uppercase)[local.day - 1]
    return year + month + day + "".join(secrets.choice(RECEIPT_SIGNS) for _ in range(7))


def local_time(at: float) -> datetime:
    """Return seconds since 1970 as the time in Nairobi."""
    return datetime.fromtimestamp(at, tz=NAIROBI)


def compact_time(at: float) -> str:
    """Return the time in Nairobi as YYYYMMDDHHmmss."""
    return f"{local_time(at):%Y%m%d%H%M%S}"


def money_text(amount: int) -> str:
    """Return shillings as C2B and Pull write them: "1500.00"."""
    return f"{amount}.00"


def shown_msisdn(msisdn: str, *, form: str) -> str:
    """Return a number as a confirmation shows it: masked, hashed, cut (62 of its hash's 64 signs) or plain."""
    if form in {"hashed", "cut"}:
        return hashlib.sha256(msisdn.encode()).hexdigest()[: 62 if form == "cut" else 64]
    if form == "masked":
        return f"{msisdn[:4]} ***** {msisdn[-3:]}"
    return msisdn


def _is_time(digits: str) -> bool:
    try:
        datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=NAIROBI)
    except ValueError:
        return False
    return True


def _hex(length: int) -> str:
    return secrets.token_hex(length)[:length]
