"""Tax on invoice lines. Pure.

Each tax is worked out once for an invoice, on all its lines together, rounded half up, and handed back to the
lines by largest remainder, ties in line order, so that the printed lines add up (Freeside, default rounding).
It is one tax whether a price has it inside or on top, alone or over another tax.
Taxes may stack: the base of one includes those it compounds on, as VAT does excise.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import lcm

from data.values.identifiers import TaxRateId
from data.values.kinds import TaxBehavior
from data.values.money import round_half_up
from data.values.taxes import TaxTerms, factors

_Share = tuple[int, int, int]  # the line's place, and its tax as numerator and denominator


@dataclass(frozen=True, slots=True)
class TaxedAmount:
    """A line's amount without tax, and its share of each tax, in the order of its terms' parts; minor units."""

    net_minor: int
    taxes: tuple[int, ...] = ()

    @property
    def tax_minor(self) -> int:
        """Return all the taxes of the line."""
        return sum(self.taxes)


def tax_lines(lines: Sequence[tuple[int, TaxTerms | None]]) -> tuple[TaxedAmount, ...]:
    """Return net and taxes of each line, in the same order; a line without terms has no tax.

    Amounts are minor units of one currency, as priced: with the tax inside where the terms say inclusive.
    """
    return _taxed(tuple(lines))


@lru_cache(maxsize=4096)  # thousands of customers have the same plan, and so the same lines
def _taxed(lines: tuple[tuple[int, TaxTerms | None], ...]) -> tuple[TaxedAmount, ...]:
    results = [TaxedAmount(amount) for amount, _ in lines]
    shares: dict[TaxRateId, list[_Share]] = {}
    for index, (amount, terms) in enumerate(lines):
        if terms is not None and amount:
            numerators, whole = factors(terms.parts)
            is_inside = terms.behavior is TaxBehavior.INCLUSIVE
            denominator = whole + sum(numerators) if is_inside else whole
            for part, numerator in zip(terms.parts, numerators, strict=True):
                shares.setdefault(part.rate_id, []).append((index, amount * numerator, denominator))
    handed = {rate_id: _hand_out(of_rate) for rate_id, of_rate in shares.items()}
    for index, (amount, terms) in enumerate(lines):
        if terms is not None and terms.parts:
            taxes = tuple(handed.get(part.rate_id, {}).get(index, 0) for part in terms.parts)
            is_inside = terms.behavior is TaxBehavior.INCLUSIVE
            results[index] = TaxedAmount(amount - sum(taxes) if is_inside else amount, taxes)
    return tuple(results)


def _hand_out(shares: Sequence[_Share]) -> dict[int, int]:
    """Return the tax of each line, for shares that stand in line order."""
    whole = lcm(*{denominator for _, _, denominator in shares})
    exact = [(index, numerator * (whole // denominator)) for index, numerator, denominator in shares]
    total = round_half_up(sum(numerator for _, numerator in exact), whole)
    parts = {index: numerator // whole for index, numerator in exact}
    missing = total - sum(parts.values())
    if missing:
        by_remainder = sorted(exact, key=lambda share: -(share[1] % whole))
        for index, _ in by_remainder[:missing]:
            parts[index] += 1
    return parts
