"""Money in whole minor units and the one rounding rule; tax and proration are in `benfex/billing`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypedDict

from data.values.errors import AmountOutOfRange, CurrencyMismatch, InvalidInput

# ISO 4217, table A.1: decimals of the minor unit. M-Pesa takes whole shillings only, which is a
# capability of that gateway and no property of the currency.
CURRENCIES: Final[Mapping[str, int]] = MappingProxyType(
    {
        "KES": 2, "UGX": 0, "TZS": 2, "RWF": 0, "BIF": 0, "ETB": 2, "SOS": 2, "SSP": 2, "CDF": 2,
        "NGN": 2, "GHS": 2, "XOF": 0, "XAF": 0, "SLE": 2, "LRD": 2, "GMD": 2,
        "ZAR": 2, "BWP": 2, "NAD": 2, "ZMW": 2, "MWK": 2, "MZN": 2, "AOA": 2, "LSL": 2, "SZL": 2, "MGA": 2,
        "EGP": 2, "MAD": 2, "TND": 3, "MUR": 2, "SCR": 2,
        "USD": 2, "EUR": 2, "GBP": 2, "INR": 2, "AED": 2,
    }
)  # fmt: skip

# The largest amount a person may type: far above any bill, far below BIGINT, exact in every browser.
LARGEST_MINOR: Final = 10**15

_AMOUNT = re.compile(
    r"(?P<sign>-?) *(?:(?P<code>[A-Za-z]{3}) *)?(?P<inner>-?)"
    r"(?P<whole>[0-9]{1,3}(?:(?P<comma>[, ])[0-9]{3})(?:(?P=comma)[0-9]{3})*|[0-9]{1,30})"
    r"(?:\.(?P<fraction>[0-9]{1,30}))?"
)


class MoneyJson(TypedDict):
    """How money travels in JSON."""

    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in whole minor units of one currency; ordered only within that currency.

    Raises TypeError for a `minor` that is no plain integer, InvalidInput for an unknown currency.
    """

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError(f"minor must be a whole number of minor units, not {type(self.minor).__name__}")
        if self.currency not in CURRENCIES:
            raise InvalidInput("currency", f"{self.currency!r} is not a currency we know.")

    @classmethod
    def zero(cls, currency: str) -> Money:
        """Return nothing, in `currency`."""
        return cls(0, currency)

    @property
    def is_zero(self) -> bool:
        """Tell whether nothing is left."""
        return self.minor == 0

    @property
    def is_positive(self) -> bool:
        """Tell whether the amount is above zero."""
        return self.minor > 0

    @property
    def is_negative(self) -> bool:
        """Tell whether the amount is below zero."""
        return self.minor < 0

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._minor_of(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._minor_of(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __abs__(self) -> Money:
        return Money(abs(self.minor), self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.minor < self._minor_of(other)

    def __le__(self, other: Money) -> bool:
        return self.minor <= self._minor_of(other)

    def __gt__(self, other: Money) -> bool:
        return self.minor > self._minor_of(other)

    def __ge__(self, other: Money) -> bool:
        return self.minor >= self._minor_of(other)

    def times(self, n: int) -> Money:
        """Return the amount `n` times over. Raises TypeError when `n` is no plain integer."""
        _require_whole(n, "n")
        return Money(self.minor * n, self.currency)

    def share(self, numerator: int, denominator: int) -> Money:
        """Return `numerator`/`denominator` of the amount, rounded once by `round_half_up`.

        The rest stays with the caller: `amount - amount.share(...)`. Raises ValueError for a
        denominator below 1.
        """
        _require_whole(numerator, "numerator")
        return Money(round_half_up(self.minor * numerator, denominator), self.currency)

    def split(self, weights: Sequence[int]) -> tuple[Money, ...]:
        """Return one part per weight, in their order, that add up to the amount exactly.

        Largest remainder; left-over minor units go to the largest remainders, ties in order. A negative
        amount splits as the mirror of the positive one. Raises ValueError when a weight is negative or
        none is above zero.
        """
        for weight in weights:
            _require_whole(weight, "weight")
        total = sum(weights)
        if total <= 0 or min(weights) < 0:
            raise ValueError("weights must not be negative, and at least one must be above zero")
        amount = abs(self.minor)
        parts = [amount * weight // total for weight in weights]
        by_remainder = sorted(range(len(weights)), key=lambda place: -(amount * weights[place] % total))
        for place in by_remainder[: amount - sum(parts)]:
            parts[place] += 1
        sign = -1 if self.minor < 0 else 1
        return tuple(Money(sign * part, self.currency) for part in parts)

    def rounded_up_to(self, step_minor: int) -> Money:
        """Return the smallest multiple of `step_minor` not below the amount. Raises ValueError below 1."""
        _require_whole(step_minor, "step_minor")
        if step_minor < 1:
            raise ValueError("step_minor must be at least 1")
        return Money(-(-self.minor // step_minor) * step_minor, self.currency)

    def format(self) -> str:
        """Return the amount for people, decimals only when it is not whole: "KES 2,500", "-KES 2,500.50"."""
        return self._format(always_decimals=False)

    def format_exact(self) -> str:
        """Return the amount with all its decimals, for documents and columns: "KES 2,500.00"."""
        return self._format(always_decimals=True)

    def __str__(self) -> str:
        return self.format()

    def to_json(self) -> MoneyJson:
        """Return the shape in which money travels in JSON."""
        return {"amount_minor": self.minor, "currency": self.currency}

    def _minor_of(self, other: Money) -> int:
        if not isinstance(other, Money):
            raise TypeError(f"money and {type(other).__name__} do not mix")
        if other.currency != self.currency:
            raise CurrencyMismatch(self.currency, other.currency)
        return other.minor

    def _format(self, *, always_decimals: bool) -> str:
        exponent = CURRENCIES[self.currency]
        whole, fraction = divmod(abs(self.minor), 10**exponent)
        sign = "-" if self.minor < 0 else ""
        decimals = f".{fraction:0{exponent}d}" if exponent and (fraction or always_decimals) else ""
        return f"{sign}{self.currency} {whole:,}{decimals}"


def round_half_up(numerator: int, denominator: int) -> int:
    """Return `numerator`/`denominator` as the nearest whole number, halves away from zero.

    Symmetric on purpose: a credit of -x undoes a charge of x to the last minor unit. This is the only
    rounding of money. Raises ValueError for a denominator below 1.
    """
    _require_whole(numerator, "numerator")
    _require_whole(denominator, "denominator")
    if denominator < 1:
        raise ValueError("denominator must be at least 1")
    magnitude = (2 * abs(numerator) + denominator) // (2 * denominator)
    return -magnitude if numerator < 0 else magnitude


def check_currency(code: str, field: str = "currency") -> str:
    """Return the ISO 4217 code in capitals. Raises InvalidInput when we do not know it."""
    known = code.strip().upper()
    if known not in CURRENCIES:
        raise InvalidInput(field, f"{code!r} is not a currency we know.")
    return known


def parse_money(text: str, currency: str, *, field: str = "amount") -> Money:
    """Return the amount a person or a gateway wrote: "2500", "2,500.50", "KES 2,500", "-12".

    Commas or spaces may stand between groups of three digits; a point starts the decimals. Raises
    InvalidInput when it cannot be read, has more decimals than the currency or names another currency;
    AmountOutOfRange beyond `LARGEST_MINOR`.
    """
    currency = check_currency(currency)
    match = _AMOUNT.fullmatch(
        text.replace("\u00a0", " ").replace("\u202f", " ").replace("\u2212", "-").strip()
    )
    if match is None or (match["sign"] and match["inner"]):
        raise InvalidInput(field, "Write the amount in digits, for example 2,500 or 2500.50.")
    if match["code"] and match["code"].upper() != currency:
        raise InvalidInput(field, f"The amount must be in {currency}.")
    exponent = CURRENCIES[currency]
    fraction = match["fraction"] or ""
    if exponent == 0 and fraction in {"0", "00"}:  # gateways write every currency with two decimals
        fraction = ""
    if len(fraction) > exponent:
        allowed = f"at most {exponent} decimals" if exponent else "no decimals"
        raise InvalidInput(field, f"An amount in {currency} has {allowed}.")
    digits = re.sub("[, ]", "", match["whole"]) + fraction.ljust(exponent, "0")
    minor = int(digits)
    if minor > LARGEST_MINOR:
        raise AmountOutOfRange(field, f"The amount is above {Money(LARGEST_MINOR, currency)}.")
    return Money(-minor if match["sign"] or match["inner"] else minor, currency)


def _require_whole(number: int, name: str) -> None:
    if type(number) is not int:
        raise TypeError(f"{name} must be a whole number, not {type(number).__name__}")
