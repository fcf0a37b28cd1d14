"""Read and write what gateways say in JSON: amounts in major units, by their text and never as fractions. Pure.

What a gateway means by its words is said in its own `messages`.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import Any

from data.values.money import CURRENCIES, LARGEST_MINOR, Money

_AMOUNT = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?")


def load(body: bytes) -> Any:
    """Return the JSON of a body with fractions kept as text; None if it is none."""
    try:
        return json.loads(body, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        return None


def load_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object of a body, an empty one where there is none."""
    content = load(body)
    return content if isinstance(content, dict) else {}


def object_in(content: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return the object under a key, an empty one where there is none."""
    inner = content.get(key)
    return inner if isinstance(inner, dict) else {}


def text_of(value: object, longest: int) -> str:
    """Return text or a whole number as text that any database takes, anything else as nothing."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return ""
    return "".join(letter for letter in str(value) if letter.isprintable()).strip()[:longest]


def money_of(amount: object, currency: object) -> Money | None:
    """Return an amount in major units as money, None when it is below nothing, too large or cannot be read.

    An amount with more decimals than its currency has is none.
    """
    code, written = text_of(currency, 8).upper(), text_of(amount, 64)
    if code not in CURRENCIES or not _AMOUNT.fullmatch(written):
        return None
    minor = Decimal(written).scaleb(CURRENCIES[code])
    if minor != minor.to_integral_value() or minor > LARGEST_MINOR:
        return None
    return Money(int(minor), code)


def major_of(amount: Money) -> str:
    """Return an amount in major units as the text of a JSON number: 1500, or 1500.50."""
    places = CURRENCIES[amount.currency]
    whole, minor = divmod(amount.minor, 10**places)
    return f"{whole}.{minor:0{places}d}" if minor else str(whole)


def dump_with_amount(content: Mapping[str, Any], amount: Money) -> bytes:
    """Return a body whose `amount` is a JSON number in major units, written from its digits."""
    assert "amount" not in content
    others = json.dumps(dict(content), ensure_ascii=False).removeprefix("{")
    comma = "" if others == "}" else ", "
    return f'{{"amount": {major_of(amount)}{comma}{others}'.encode()


def instant_of(value: object, *, zone: tzinfo = UTC) -> datetime | None:
    """Return an ISO instant in UTC, None when it is none; without an offset it is meant in `zone`."""
    try:
        instant = datetime.fromisoformat(text_of(value, 40))
        return (instant if instant.tzinfo else instant.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):  # the year 1 in Nairobi is before every year in UTC
        return None
