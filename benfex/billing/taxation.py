"""Tax on invoice lines. Pure.

The tax of a rate is worked out once on the total of its lines, rounded half up, and handed back to the lines
by largest remainder, ties in line order, so that the printed lines add up (Freeside, default tax rounding).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from data.values.identifiers import TaxRateId
from data.values.kinds import TaxBehavior
from data.values.money import Money, round_half_up

_WHOLE = 10_000  # basis points


@dataclass(frozen=True, slots=True)
class TaxTerms:
    """A rate in basis points, and whether the price has it inside."""

    rate_id: TaxRateId
    code: str
    basis_points: int
    behavior: TaxBehavior


@dataclass(frozen=True, slots=True)
class TaxedAmount:
    """A line's amount without tax, and its share of the tax."""

    net: Money
    tax: Money


def tax_lines(lines: Sequence[tuple[Money, TaxTerms | None]]) -> tuple[TaxedAmount, ...]:
    """Return net and tax of each line, in the same order; a line without terms has no tax."""
    results: list[TaxedAmount | None] = [None] * len(lines)
    groups: dict[TaxTerms, list[int]] = {}
    for index, (amount, terms) in enumerate(lines):
        if terms is None:
            results[index] = TaxedAmount(amount, Money.zero(amount.currency))
        else:
            groups.setdefault(terms, []).append(index)
    for terms, indexes in groups.items():
        amounts = [lines[index][0] for index in indexes]
        for index, amount, tax in zip(indexes, amounts, _tax_shares(amounts, terms), strict=True):
            net = amount - tax if terms.behavior is TaxBehavior.INCLUSIVE else amount
            results[index] = TaxedAmount(net, tax)
    return tuple(result for result in results if result is not None)


def _tax_shares(amounts: Sequence[Money], terms: TaxTerms) -> tuple[Money, ...]:
    total = sum(amount.minor for amount in amounts)
    base = _WHOLE + terms.basis_points if terms.behavior is TaxBehavior.INCLUSIVE else _WHOLE
    tax = Money(round_half_up(total * terms.basis_points, base), amounts[0].currency)
    if total == 0:
        return tuple(Money.zero(tax.currency) for _ in amounts)
    return tax.split([amount.minor for amount in amounts])
