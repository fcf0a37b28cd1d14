"""The words of Paystack: fields and their rules, error bodies and the shape of a transaction. Pure.

Sources: Paystack API reference (PaystackOSS/doc-code-snippets, February 2026) for shapes; currencies and
minimum amounts from the same. Amounts are in subunits, a hundredth of the unit in every currency.
"""

import hashlib
import hmac
import re
import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from benfex.simulation.paystack_cards import CARDS, PLAIN

MINIMUM_SUBUNITS = {"NGN": 5_000, "KES": 300, "GHS": 10, "ZAR": 100, "USD": 200, "XOF": 100}
AMOUNT_MAXIMUM = 1_000_000_000
REFERENCE = re.compile(r"[A-Za-z0-9.=-]{1,200}")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
STATUSES = ("success", "failed", "abandoned", "ongoing", "pending", "processing", "queued", "reversed")
GATEWAY_RESPONSES = {
    "success": "Approved",
    "failed": "Declined",
    "abandoned": "The transaction was not completed",
    "reversed": "Reversed",
}
INTEGRATION = 463433
CODE_SIGNS = string.ascii_lowercase + string.digits


class RefusedError(Exception):
    """A refused request: HTTP status and the error body of the gateway."""

    def __init__(self, status: int, code: str, message: str, *, next_step: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.next_step = next_step

    def body(self) -> dict[str, object]:
        """Return the error body."""
        if self.code == "rate_limited":
            return {"status": False, "message": self.message, "type": "api_error", "code": self.code}
        return {
            "status": False,
            "message": self.message,
            "meta": {"nextStep": self.next_step},
            "type": "validation_error",
            "code": self.code,
        }


@dataclass(slots=True)
class Charge:
    """One transaction. Instants are seconds since 1970; `paid_at` and `fees` are None until it is paid.

    `amount` is what the customer pays; it exceeds `requested_amount` when the customer bears the fee. `channels`
    are those that the page offers, all when there are none; `settlement` is the payout to the bank it was part of.
    """

    id: int
    reference: str
    access_code: str
    email: str
    requested_amount: int
    currency: str
    created_at: float
    callback_url: str | None = None
    metadata: object = ""
    domain: str = "test"
    status: str = "abandoned"
    channel: str = "card"
    amount: int = 0
    fees: int | None = None
    message: str | None = None
    paid_at: float | None = None
    phone: str | None = None
    history: list[str] = field(default_factory=list)
    channels: list[str] = field(default_factory=list)
    provider: str = ""
    payer_till: str = ""
    paybill_account: int | None = None
    card: str | None = None
    authorization_code: str = ""
    refunded: int = 0
    settlement: int | None = None


def refused_parameter(message: str, *, code: str = "invalid_params") -> RefusedError:
    """Return the refusal of a parameter."""
    return RefusedError(400, code, message, next_step="Ensure that the value(s) you're passing are valid.")


def missing_parameter(message: str) -> RefusedError:
    """Return the refusal of a request that lacks a parameter."""
    return RefusedError(400, "missing_params", message, next_step="Provide all required params")


def duplicate_reference() -> RefusedError:
    """Return the refusal of a reference that was used before."""
    return RefusedError(
        400,
        "duplicate_reference",
        "Duplicate Transaction Reference",
        next_step="Ensure you're passing a unique reference",
    )


def invalid_key() -> RefusedError:
    """Return the refusal of a secret key."""
    return RefusedError(
        401, "invalid_Key", "Invalid key", next_step="Ensure that you provide the correct key"
    )


def no_such_transaction() -> RefusedError:
    """Return the answer to an unknown reference."""
    return RefusedError(
        400,
        "transaction_not_found",
        "Transaction reference not found.",
        next_step="Ensure that you're passing the reference of a transaction that exists on this integration",
    )


def rate_limited() -> RefusedError:
    """Return the refusal of too many calls."""
    return RefusedError(429, "rate_limited", "Too many requests", next_step="")


def amount_of(body: Mapping[str, object], *, currency: str) -> int:
    """Return the amount of a charge in subunits, within its limits. Raises RefusedError."""
    amount = plain_amount(body.get("amount"))
    if amount < MINIMUM_SUBUNITS[currency]:
        raise refused_parameter(
            f"Amount is less than the minimum of {currency} {MINIMUM_SUBUNITS[currency] / 100:.2f}",
            code="amount_below_minimum",
        )
    if amount > AMOUNT_MAXIMUM:
        raise refused_parameter("Amount is more than the maximum", code="amount_above_maximum")
    return amount


def plain_amount(given: object) -> int:
    """Return an amount in subunits, from a number or its digits. Raises RefusedError."""
    if given is None or given == "":
        raise missing_parameter("Amount is required")
    if (
        isinstance(given, bool)
        or not isinstance(given, int | str)
        or not re.fullmatch(r"\d{1,12}", str(given))
    ):
        raise refused_parameter("Invalid Amount Sent", code="invalid_amount")
    return int(given)


def new_code(length: int = 15) -> str:
    """Return an access code or a reference of our own."""
    return "".join(secrets.choice(CODE_SIGNS) for _ in range(length))


def new_id() -> int:
    """Return a transaction id, too large for 32 bits."""
    return 5_000_000_000 + secrets.randbelow(4_000_000_000)


def sign(body: bytes, *, secret_key: str) -> str:
    """Return the x-paystack-signature of the exact bytes: HMAC-SHA512 in lower-case hexadecimal."""
    return hmac.new(secret_key.encode(), body, hashlib.sha512).hexdigest()


def share_of(amount: int, *, basis_points: int) -> int:
    """Return the fee on an amount, halves up."""
    return (amount * basis_points + 5_000) // 10_000


def iso_time(at: float | None) -> str | None:
    """Return an instant as Paystack writes it, in UTC with milliseconds."""
    if at is None:
        return None
    return datetime.fromtimestamp(at, tz=UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def event_data(charge: Charge) -> dict[str, object]:
    """Return a transaction as webhooks carry it."""
    is_card = charge.channel == "card"
    return {
        "id": charge.id,
        "domain": charge.domain,
        "status": charge.status,
        "reference": charge.reference,
        "amount": charge.amount,
        "message": charge.message,
        "gateway_response": GATEWAY_RESPONSES.get(charge.status, "Pending"),
        "paid_at": iso_time(charge.paid_at),
        "created_at": iso_time(charge.created_at),
        "channel": charge.channel,
        "currency": charge.currency,
        "ip_address": "196.201.214.10",
        "metadata": charge.metadata,
        "fees_breakdown": None,
        "log": _log() if is_card and charge.paid_at else None,
        "fees": charge.fees,
        "fees_split": None,
        "authorization": _authorization(charge) if charge.paid_at or charge.status == "failed" else {},
        "customer": _customer(charge),
        "plan": {},
        "subaccount": {},
        "split": {},
        "order_id": None,
        "paidAt": iso_time(charge.paid_at),
        "requested_amount": charge.requested_amount,
        "pos_transaction_data": None,
        "source": {"type": "api", "source": "merchant_api", "entry_point": "charge", "identifier": None},
    }


def verify_data(charge: Charge) -> dict[str, object]:
    """Return a transaction as verify and list carry it: four keys more, and a log that says when it began."""
    data = event_data(charge)
    log = data["log"]
    return {
        **data,
        "log": {"start_time": int(charge.created_at), **log} if isinstance(log, dict) else log,
        "receipt_number": None,
        "createdAt": iso_time(charge.created_at),
        "plan_object": {},
        "transaction_date": iso_time(charge.created_at),
    }


def _log() -> dict[str, object]:
    # The official card sample says success false although the card was charged.
    return {
        "time_spent": 16,
        "attempts": 1,
        "authentication": "pin",
        "errors": 0,
        "success": False,
        "mobile": False,
        "input": [],
        "channel": None,
        "history": [{"type": "action", "message": "Attempted to pay", "time": 15}],
    }


def _authorization(charge: Charge) -> dict[str, object]:
    is_card = charge.channel == "card"
    card = CARDS[charge.card or PLAIN]
    tail = (charge.phone or "254708374149")[-3:]
    return {
        "authorization_code": charge.authorization_code or f"AUTH_{charge.access_code[:10]}",
        "bin": card.number[:6] if is_card else "070XXX",
        "last4": card.number[-4:] if is_card else f"X{tail}",
        "exp_month": "12",
        "exp_year": "2030" if is_card else "9999",
        "channel": charge.channel,
        "card_type": f"{card.brand} " if is_card else "",
        "bank": "TEST BANK" if is_card else "M-PESA",
        "country_code": "KE",
        "brand": card.brand if is_card else "M-pesa",
        "reusable": is_card and charge.paid_at is not None,
        "signature": card.signature if is_card else None,
        "account_name": None,
    }


def _customer(charge: Charge) -> dict[str, object]:
    digest = hashlib.sha256(charge.email.encode()).hexdigest()
    return {
        "id": 100_000_000 + int(digest[:6], 16),
        "first_name": None,
        "last_name": None,
        "email": charge.email,
        "customer_code": f"CUS_{digest[:15]}",
        "phone": f"+{charge.phone}" if charge.phone else None,
        "metadata": None,
        "risk_action": "default",
        "international_format_phone": None,
    }
