"""The smallest things in Paystack's messages: signatures, text, amounts, instants. Pure; damage never raises.

Source: Paystack's OpenAPI and docs; amounts are subunits (× 100) in every currency, as number or as text.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from data.values.errors import DomainError
from data.values.money import CURRENCIES, LARGEST_MINOR, Money

NAME = "paystack"
SIGNATURE_HEADER = "x-paystack-signature"


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


def data_of(body: bytes) -> Any:
    """Return what an answer that worked carries; None when the call did not work or cannot be read."""
    content = load(body)
    return content.get("data") if isinstance(content, dict) and content.get("status") is True else None


def rows_of(body: bytes) -> list[dict[str, Any]] | None:
    """Return the rows of a list; None when it is none: that must not look like an empty one."""
    data = data_of(body)
    return [row for row in data if isinstance(row, dict)] if isinstance(data, list) else None


def mapping_of(value: object) -> Mapping[str, Any]:
    """Return a mapping as it is, and anything else as an empty one."""
    return value if isinstance(value, dict) else {}


def text_of(value: object, longest: int) -> str:
    """Return text or a whole number as text that any database takes, anything else as nothing."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return ""
    return "".join(letter for letter in str(value) if letter.isprintable()).strip()[:longest]


def money_of(value: object, currency: object) -> Money | None:
    """Return an amount in subunits as money; None when it is none, or no whole unit of such a currency."""
    text, code = text_of(value, 32), text_of(currency, 8)
    if not (text.isascii() and text.isdigit()) or code not in CURRENCIES:
        return None
    subunits, exponent = int(text), CURRENCIES[code]
    if subunits > LARGEST_MINOR or (exponent == 0 and subunits % 100):
        return None
    try:
        return Money(subunits // 100 if exponent == 0 else subunits, code)
    except DomainError:
        return None


def subunits_of(amount: Money) -> int:
    """Return an amount as Paystack writes it: a hundredth of the unit, also where there is no such coin."""
    return amount.minor * (100 if CURRENCIES[amount.currency] == 0 else 1)


def instant_of(value: object) -> datetime | None:
    """Return an instant in UTC; None when it is none."""
    text = text_of(value, 40)
    try:
        instant = datetime.fromisoformat(text)
        return instant.astimezone(UTC) if instant.tzinfo else None
    except (ValueError, OverflowError):  # the year 1 in Nairobi is before every year in UTC
        return None


def is_of_mode(data: Mapping[str, Any], *, is_live: bool) -> bool:
    """Return whether a thing is of our key's mode: test money must not pay a live invoice."""
    return (text_of(data.get("domain"), 10) == "live") is is_live


def refusal_of(content: object) -> tuple[str, str]:
    """Return what a refusal says to people, with the step it advises (`nextStep` or `next_step`), and its code."""
    said = mapping_of(content)
    meta = mapping_of(said.get("meta"))
    words = text_of(said.get("message"), 160).rstrip(".")
    step = text_of(meta.get("nextStep") or meta.get("next_step"), 120).rstrip(".")
    return ". ".join(part for part in (words, step) if part), text_of(said.get("code"), 40)
