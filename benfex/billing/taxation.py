"""Tax on invoice lines. Pure.

Each tax is worked out once on the total of the lines that share its terms, rounded half up, and handed back to
the lines by largest remainder, ties in line order, so that the printed lines add up (Freeside, default rounding).
Taxes may stack: the base of one includes those it compounds on, as VAT does excise.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from data.values.kinds import TaxBehavior
from data.values.money import round_half_up
from data.values.taxes import TaxTerms, factors


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
    results = [TaxedAmount(amount) for amount, _ in lines]
    groups: dict[TaxTerms, list[int]] = {}
    for index, (_, terms) in enumerate(lines):
        if terms is not None and terms.parts:
            groups.setdefault(terms, []).append(index)
    for terms, indexes in groups.items():
        amounts = [lines[index][0] for index in indexes]
        numerators, whole = factors(terms.parts)
        is_inside = terms.behavior is TaxBehavior.INCLUSIVE
        denominator = whole + sum(numerators) if is_inside else whole
        columns = [_shares(amounts, numerator, denominator) for numerator in numerators]
        for place, index in enumerate(indexes):
            taxes = tuple(column[place] for column in columns)
            results[index] = TaxedAmount(amounts[place] - sum(taxes) if is_inside else amounts[place], taxes)
    return tuple(results)


def _shares(amounts: Sequence[int], numerator: int, denominator: int) -> list[int]:
    total = round_half_up(sum(amounts) * numerator, denominator)
    if len(amounts) == 1:
        return [total]
    parts = [amount * numerator // denominator for amount in amounts]
    by_remainder = sorted(range(len(amounts)), key=lambda place: -(amounts[place] * numerator % denominator))
    for place in by_remainder[: total - sum(parts)]:
        parts[place] += 1
    return parts
