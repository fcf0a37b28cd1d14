"""What a charge may be asked for with: e-mail, amount, currency, reference, channels. Pure.

Refusals are in paystack_words.py.
"""

import json
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

from benfex.simulation import paystack_words as words
from benfex.simulation.options import PaystackOptions
from benfex.simulation.paystack_words import Charge

CHANNELS = {
    "card",
    "bank",
    "apple_pay",
    "ussd",
    "qr",
    "mobile_money",
    "bank_transfer",
    "eft",
    "capitec_pay",
    "payattitude",
}


def charge_of(body: Mapping[str, object], *, options: PaystackOptions) -> Charge:
    """Return the transaction that a body asks for. Raises RefusedError naming what is wrong."""
    email = body.get("email")
    if not email:
        raise words.missing_parameter("Email Address is required")
    if not isinstance(email, str) or not words.EMAIL.fullmatch(email):
        raise words.refused_parameter("Invalid Email Address Passed", code="invalid_email_address")
    currency = str(body.get("currency") or options.currencies[0])
    if currency not in options.currencies or currency not in words.MINIMUM_SUBUNITS:
        raise words.refused_parameter("Currency not supported by merchant", code="unsupported_currency")
    amount = words.amount_of(body, currency=currency)
    reference = str(body.get("reference") or words.new_code())
    if not words.REFERENCE.fullmatch(reference):
        raise words.refused_parameter(
            "Transaction reference contains invalid characters", code="invalid_reference"
        )
    callback_url = body.get("callback_url")
    if callback_url and not is_web_address(str(callback_url)):
        raise words.refused_parameter("Invalid callback url", code="invalid_callback_url")
    return Charge(
        id=words.new_id(),
        reference=reference,
        access_code=words.new_code(),
        email=email,
        requested_amount=amount,
        amount=amount,
        currency=currency,
        created_at=time.time(),
        callback_url=str(callback_url) if callback_url else None,
        metadata=_metadata(body.get("metadata")),
        channels=_channels(body.get("channels")),
        domain="live" if options.secret_key.startswith("sk_live_") else "test",
    )


def _metadata(given: object) -> object:
    if not isinstance(given, str):
        return given or ""
    try:
        parsed: object = json.loads(given)
    except ValueError:
        return given
    return parsed


def _channels(given: object) -> list[str]:
    if given is None:
        return []
    if not isinstance(given, list) or not set(given) <= CHANNELS:
        raise words.refused_parameter("Invalid channel passed", code="invalid_channel")
    return [str(channel) for channel in given]


def is_web_address(text: str) -> bool:
    """Tell whether a text is an http(s) address."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)
