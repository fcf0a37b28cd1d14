"""How much of billed lines a credit note takes back. Pure.

First the gross share, which is what the customer pays for; then its tax, per rate; the net amount is the rest.
Nothing is credited beyond what was billed less what was credited before, so a full credit is the line to the
cent. Days that were credited once are not credited again. Who writes the notes is `crediting`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from data.values.money import round_half_up
from data.values.periods import Period


@dataclass(frozen=True, slots=True)
class BilledLine:
    """A line as it was billed, and what credit notes took back of it; minor units, all with the line's sign.

    `taxes` has a part for each rate, `credited_taxes` what is credited of each, in the same order. Of the
    credits, `unused_minor` and `unused_tax_minor` were given for days.
    """

    line_id: int
    net_minor: int
    taxes: tuple[int, ...] = ()
    period: Period | None = None
    credited_minor: int = 0
    credited_taxes: tuple[int, ...] = ()
    unused_minor: int = 0
    unused_tax_minor: int = 0

    @property
    def tax_minor(self) -> int:
        """Return all the taxes of the line."""
        return sum(self.taxes)

    @property
    def gross_minor(self) -> int:
        """Return what the line costs with its taxes."""
        return self.net_minor + self.tax_minor

    @property
    def left_minor(self) -> int:
        """Return what can still be credited, tax included."""
        return self.gross_minor - self.credited_minor


@dataclass(frozen=True, slots=True)
class LineCredit:
    """What is taken back of one line: positive for a charge; `period` holds the days it is given for, if any."""

    line_id: int
    net_minor: int
    taxes: tuple[int, ...] = ()
    period: Period | None = None

    @property
    def tax_minor(self) -> int:
        """Return all the taxes taken back."""
        return sum(self.taxes)

    @property
    def gross_minor(self) -> int:
        """Return what the customer gets back."""
        return self.net_minor + self.tax_minor


def unused_credits(
    lines: Sequence[BilledLine], *, from_on: date, limit_minor: int | None = None
) -> tuple[LineCredit, ...]:
    """Return what is unused of lines of one invoice from a date on, without lines that give nothing.

    The share is days left over days of the line's period. Empty when all together is not more than nothing;
    never more than `limit_minor`.
    """
    found = [credit for line in lines if (credit := _unused_credit(line, from_on)) is not None]
    total = total_minor(found)
    if total <= 0 or (limit_minor is not None and limit_minor <= 0):
        return ()
    if limit_minor is None or total <= limit_minor:
        return tuple(found)
    parts = _spread(limit_minor, [credit.gross_minor for credit in found])
    by_id = {line.line_id: line for line in lines}
    return tuple(
        _credit(by_id[credit.line_id], part, _share_of_tax(by_id[credit.line_id], part), credit.period)
        for credit, part in zip(found, parts, strict=True)
        if part
    )


def amount_credits(lines: Sequence[BilledLine], *, amount_minor: int) -> tuple[LineCredit, ...]:
    """Return an amount spread over an invoice's lines in proportion to what is left of each.

    Largest remainder, ties in line order; discounts are taken back along. Raises ValueError when the amount is
    not above zero or more than is left.
    """
    left = [line.left_minor for line in lines]
    if not 0 < amount_minor <= sum(left):
        raise ValueError("the amount must be above zero and no more than is left")
    return tuple(
        _credit(line, part, _share_of_tax(line, part), None)
        for line, part in zip(lines, _spread(amount_minor, left), strict=True)
        if part
    )


def chosen_credits(lines: Sequence[BilledLine], amounts: Mapping[int, int]) -> tuple[LineCredit, ...]:
    """Return credits of stated amounts by line id, tax included and with the sign of each line.

    Raises ValueError when an amount has the other sign or is more than is left of its line.
    """
    found = []
    for line in lines:
        part = amounts.get(line.line_id, 0)
        if part == 0:
            continue
        if part * line.left_minor <= 0 or abs(part) > abs(line.left_minor):
            raise ValueError(f"line {line.line_id} has {line.left_minor} left, not {part}")
        found.append(_credit(line, part, _share_of_tax(line, part), None))
    return tuple(found)


def total_minor(credits: Sequence[LineCredit]) -> int:
    """Return what all of them give back, tax included."""
    return sum(credit.gross_minor for credit in credits)


def _unused_credit(line: BilledLine, from_on: date) -> LineCredit | None:
    if line.period is None or from_on >= line.period.ends_on:
        return None
    unused = Period(max(from_on, line.period.starts_on), line.period.ends_on)
    sign = -1 if line.gross_minor < 0 else 1
    wanted = round_half_up(line.gross_minor * unused.days, line.period.days) - line.unused_minor
    gross = sign * max(0, min(sign * wanted, sign * line.left_minor))
    if gross == 0:
        return None
    tax = round_half_up(line.tax_minor * unused.days, line.period.days) - line.unused_tax_minor
    return _credit(line, gross, tax, unused)


def _share_of_tax(line: BilledLine, gross_minor: int) -> int:
    """Return the tax that brings all credits of the line to their share of its tax."""
    sign = -1 if line.gross_minor < 0 else 1
    credited = sign * (line.credited_minor + gross_minor)
    return round_half_up(line.tax_minor * credited, sign * line.gross_minor) - sum(line.credited_taxes)


def _credit(line: BilledLine, gross_minor: int, tax_minor: int, period: Period | None) -> LineCredit:
    """Return a credit whose tax and net are each within what is left of the line's."""
    sign = -1 if line.gross_minor < 0 else 1
    credited = line.credited_taxes or (0,) * len(line.taxes)
    left = [sign * (tax - taken) for tax, taken in zip(line.taxes, credited, strict=True)]
    net_left = sign * (line.net_minor - (line.credited_minor - sum(credited)))
    gross = sign * gross_minor
    tax = min(max(sign * tax_minor, gross - net_left, 0), sum(left), gross)
    parts = _spread(tax, left) if tax else [0] * len(left)
    return LineCredit(line.line_id, sign * (gross - tax), tuple(sign * part for part in parts), period)


def _spread(amount: int, weights: Sequence[int]) -> list[int]:
    """Return one part per weight that add up to the amount; none is larger than its weight if the amount is not.

    Weights may be negative, their sum may not: a discount takes its part with its own sign.
    """
    whole = sum(weights)
    parts = [amount * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda place: -(amount * weights[place] % whole))
    for place in by_remainder[: amount - sum(parts)]:
        parts[place] += 1
    return parts
