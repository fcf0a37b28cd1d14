"""The oracle's own words: prices, taxes, cycles and lines. It shares no code with the engine.

Amounts are in minor units, fractions are exact, and each sum is rounded once, half up.
"""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from functools import lru_cache
from math import floor

DAY = timedelta(days=1)
PRICE = "price"
GIGABYTE = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Tax:
    """One tax of a group: the taxes that its base includes, and its rate in percent from each date on."""

    code: str
    rates: tuple[tuple[date, Fraction], ...]
    compound_on: tuple[str, ...] = ()

    def rate_on(self, day: date) -> Fraction:
        """Return the rate as a fraction of the base."""
        return max((since, rate) for since, rate in self.rates if since <= day)[1] / 100


@dataclass(frozen=True, slots=True)
class Price:
    """What a plan costs each `count` units ("day", "week" or "month"), and each gigabyte begun beyond its cap."""

    amount: int
    unit: str = "month"
    count: int = 1
    taxes: tuple[Tax, ...] = ()
    has_tax_inside: bool = True
    in_arrears: bool = False
    setup_fee: int = 0
    trial_days: int = 0
    minimum_months: int = 0
    early_end_fee: int = 0
    cap_gigabytes: int | None = None
    gigabyte: int | None = None
    is_prepaid: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """How new services come to a common day, what is credited, and what stops with access."""

    billing_day: int | None = None
    alignment: str = "anniversary"
    credits_on_end: bool = True
    credits_on_pause: bool = True
    bills_while_suspended: bool = True
    fixed_month_days: int | None = None


@dataclass(slots=True)
class Discount:
    """A share in percent or a sum a period, on so many cycles that begin within its dates, in part or whole."""

    percent: Fraction = Fraction(0)
    amount: int = 0
    periods_left: int | None = None
    starts_on: date = date.min
    ends_on: date | None = None
    cells: set[tuple[date, date]] = field(default_factory=set)

    def applies(self, start: date, cell: tuple[date, date]) -> bool:
        """Say whether it lowers a part of a cycle that begins on the day."""
        in_dates = self.starts_on <= start and (self.ends_on is None or start < self.ends_on)
        return in_dates and (self.periods_left != 0 or cell in self.cells)

    def count(self, cell: tuple[date, date]) -> None:
        """Use a cycle up, unless another part of it did."""
        if self.periods_left is not None and cell not in self.cells:
            self.periods_left -= 1
        self.cells.add(cell)


@dataclass(slots=True)
class AddOn:
    """Something beside the plan, from a day until before another, or sold once."""

    name: str
    unit: int
    quantity: int
    taxes: tuple[Tax, ...]
    has_tax_inside: bool
    from_on: date
    until_on: date | None = None
    is_recurring: bool = True


@dataclass(frozen=True, slots=True)
class Grid:
    """The whole cycles of a service; `first_on` is one boundary, `anchor` the day that months spring back to."""

    unit: str
    count: int
    first_on: date
    anchor: int

    def cell(self, day: date) -> tuple[date, date]:
        """Return the cycle that holds the day."""
        return _cell(self, day)

    def boundary(self, number: int) -> date:
        """Return the boundary that lies so many cycles after the first."""
        steps = number * self.count
        if self.unit == "month":
            return day_of_month(self.first_on, steps, self.anchor)
        return self.first_on + steps * timedelta(days=7 if self.unit == "week" else 1)


@lru_cache(maxsize=10_000)
def _cell(grid: Grid, day: date) -> tuple[date, date]:
    number = 0
    while grid.boundary(number) > day:
        number -= 1
    while grid.boundary(number + 1) <= day:
        number += 1
    return grid.boundary(number), grid.boundary(number + 1)


@dataclass(slots=True)
class Spell:
    """Days at one price. `due_on` is when a cell that begins later than that is due all the same."""

    price: Price
    grid: Grid
    from_on: date
    until_on: date | None = None
    early_cell_on: date | None = None


@dataclass(slots=True)
class Line:
    """A charge; `days` bears the days that nobody was given back yet."""

    service: int
    item: str
    starts_on: date | None
    ends_on: date | None
    priced: int
    taxes: tuple[Tax, ...]
    has_tax_inside: bool
    tax: dict[str, int] = field(default_factory=dict)
    days: set[date] = field(default_factory=set)
    credited: int = 0
    invoice: int = -1

    @property
    def tax_sum(self) -> int:
        return sum(self.tax.values())

    @property
    def gross(self) -> int:
        return self.priced if self.has_tax_inside else self.priced + self.tax_sum

    @property
    def net(self) -> int:
        return self.gross - self.tax_sum


@dataclass(slots=True)
class Invoice:
    """One bill, and whose it is."""

    on: date
    customer: int
    lines: list[Line]
    credited: int = 0

    @property
    def total(self) -> int:
        return sum(line.gross for line in self.lines)


@dataclass(frozen=True, slots=True)
class CreditNote:
    """What was given back on one invoice (its place in the list of invoices)."""

    on: date
    invoice: int
    gross: int
    tax: int


@dataclass(slots=True)
class Service:
    """A service with its spells, oldest first, and what is arranged for later."""

    number: int
    customer: int
    payer: int
    started_on: date
    trial_ends_on: date
    spells: list[Spell]
    price: Price
    grid: Grid
    bound_until_on: date = date.min
    cycle_on: date | None = None
    lines: list[Line] = field(default_factory=list)
    add_ons: list[AddOn] = field(default_factory=list)
    discounts: list[Discount] = field(default_factory=list)
    pending: tuple[date, Price] | None = None
    ends_on: date | None = None
    resumes_on: date | None = None
    agreed: int | None = None
    billed_on: date = date.min
    joins_full: bool = False
    is_stopped: bool = False
    is_paused: bool = False
    is_suspended: bool = False
    is_over: bool = False


def half_up(number: Fraction) -> int:
    """Round half up, the sign kept aside."""
    size = floor(abs(number) + Fraction(1, 2))
    return size if number >= 0 else -size


def day_of_month(day: date, months: int, anchor: int) -> date:
    """Return the anchor's day so many months on, or the last of a shorter month."""
    number = day.year * 12 + day.month - 1 + months
    year, month = number // 12, number % 12 + 1
    return date(year, month, min(anchor, calendar.monthrange(year, month)[1]))


def months_from(day: date, price: Price, anchor: int) -> Grid:
    """Return the monthly cycles whose first boundary is the next anchor's day, today included."""
    first_on = day_of_month(day, 0, anchor)
    if first_on < day:
        first_on = day_of_month(day, 1, anchor)
    return Grid(price.unit, price.count, first_on, anchor)


def hand_out(total: int, exact: Sequence[Fraction]) -> list[int]:
    """Return whole parts of the total: each part's floor, then one more by the largest rest, the first at a tie."""
    parts = [floor(number) for number in exact]
    by_rest = sorted(range(len(exact)), key=lambda place: (parts[place] - exact[place], place))
    for place in by_rest[: total - sum(parts)]:
        parts[place] += 1
    return parts


def factors(taxes: Sequence[Tax], day: date) -> dict[str, Fraction]:
    """Return each tax as a fraction of the net amount."""
    found: dict[str, Fraction] = {}
    for tax in taxes:
        found[tax.code] = tax.rate_on(day) * (1 + sum((found[code] for code in tax.compound_on), Fraction(0)))
    return found
