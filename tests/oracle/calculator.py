"""What a customer must be billed and credited, worked out by marking days; it shares no code with the engine.

A service is a row of *spells*: stretches of days at one price on one grid of cycles. Billing on a day walks
the cells of the grid, and charges the days that are due and bear no mark yet. A credit takes marks away again.
Amounts are in minor units, fractions are exact, and each sum is rounded once, half up.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from math import floor

DAY = timedelta(days=1)
PRICE = "price"


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
    """What a plan costs each `count` units ("day", "week" or "month")."""

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


@dataclass(frozen=True, slots=True)
class Policy:
    """How new services come to a common day, and what is credited."""

    billing_day: int | None = None
    alignment: str = "anniversary"
    credits_on_end: bool = True
    credits_on_pause: bool = True


@dataclass(slots=True)
class Discount:
    """A share in percent or a sum a period, on so many periods that begin within its dates."""

    percent: Fraction = Fraction(0)
    amount: int = 0
    periods_left: int | None = None
    starts_on: date = date.min
    ends_on: date | None = None

    def applies(self, start: date) -> bool:
        """Say whether it lowers a period that begins on the day."""
        in_dates = self.starts_on <= start and (self.ends_on is None or start < self.ends_on)
        return in_dates and self.periods_left != 0


@dataclass(slots=True)
class AddOn:
    """Something beside the plan, from a day until before another."""

    name: str
    unit: int
    quantity: int
    taxes: tuple[Tax, ...]
    has_tax_inside: bool
    from_on: date
    until_on: date | None = None


@dataclass(frozen=True, slots=True)
class Grid:
    """The whole cycles of a service; `first_on` is one boundary, `anchor` the day that months spring back to."""

    unit: str
    count: int
    first_on: date
    anchor: int

    def cell(self, day: date) -> tuple[date, date]:
        """Return the cycle that holds the day."""
        number = 0
        while self.boundary(number) > day:
            number -= 1
        while self.boundary(number + 1) <= day:
            number += 1
        return self.boundary(number), self.boundary(number + 1)

    def boundary(self, number: int) -> date:
        """Return the boundary that lies so many cycles after the first."""
        steps = number * self.count
        if self.unit == "month":
            return day_of_month(self.first_on, steps, self.anchor)
        return self.first_on + steps * timedelta(days=7 if self.unit == "week" else 1)


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
    """One bill."""

    on: date
    lines: list[Line]

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
    started_on: date
    spells: list[Spell]
    price: Price
    grid: Grid
    add_ons: list[AddOn] = field(default_factory=list)
    discounts: list[Discount] = field(default_factory=list)
    pending: tuple[date, Price] | None = None
    ends_on: date | None = None
    resumes_on: date | None = None
    is_paused: bool = False
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


class Books:
    """One customer's invoices and credit notes, written by what happens day after day."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.services: list[Service] = []
        self.invoices: list[Invoice] = []
        self.credit_notes: list[CreditNote] = []
        self.paid = 0
        self.billed_on = date.min

    @property
    def balance(self) -> int:
        """What the customer owes; below zero it is their credit."""
        billed = sum(invoice.total for invoice in self.invoices)
        return billed - sum(note.gross for note in self.credit_notes) - self.paid

    # What happens

    def start(
        self, day: date, price: Price, discounts: Sequence[Discount] = (), add_ons: Sequence[AddOn] = ()
    ) -> None:
        """Sell a plan."""
        from_on = day + price.trial_days * DAY
        grid, early_on = self._opened(from_on, price)
        if self.policy.alignment == "free_until" and grid.first_on > from_on:
            from_on = grid.first_on
        spell = Spell(price, grid, from_on, early_cell_on=early_on)
        service = Service(len(self.services), day, [spell], price, grid)
        service.discounts, service.add_ons = list(discounts), list(add_ons)
        self.services.append(service)
        extra = []
        if price.setup_fee:
            extra.append(self._once(service, price.setup_fee, price))
        self.bill(day, extra)

    def bill(self, day: date, extra: Sequence[Line] = ()) -> None:
        """Bill all that is due: the nightly run."""
        self.billed_on = day
        lines = list(extra)
        for service in self.services:
            self._apply_arranged(service, day)
            lines += self._due(service, day)
        if lines:
            self._tax(lines, day)
            self.invoices.append(Invoice(day, lines))

    def upgrade(self, day: date, service: Service, price: Price) -> None:
        """Change the plan now: unused days are credited, the new price runs from the day on."""
        is_same_grid = (price.unit, price.count) == (service.price.unit, service.price.count)
        self._credit(day, service, {PRICE} if is_same_grid else None)
        self._switch(service, day, price)
        service.pending = None
        self.bill(day)

    def downgrade(self, service: Service, on: date, price: Price) -> None:
        """Arrange another price from the end of the period on."""
        service.pending = (on, price)

    def pause(self, day: date, service: Service, resumes_on: date | None = None) -> None:
        """Stop charging; what was paid for and not used is given back if the policy says so."""
        if self.policy.credits_on_pause:
            self._credit(day, service)
        self._close(service, day)
        service.is_paused, service.resumes_on = True, resumes_on
        self.bill(day)

    def resume(self, day: date, service: Service) -> None:
        """Charge again from the day on, within the grid of before."""
        self._resume(service, day)
        self.bill(day)

    def add(self, day: date, service: Service, add_on: AddOn) -> None:
        """Put an add-on on a service from the day on."""
        service.add_ons.append(add_on)
        self.bill(day)

    def remove(self, day: date, service: Service, add_on: AddOn) -> None:
        """Take an add-on away: its unused days are given back."""
        self._credit(day, service, {add_on.name})
        add_on.until_on = day
        self.bill(day)

    def end(self, day: date, service: Service) -> None:
        """End now."""
        if self.policy.credits_on_end:
            self._credit(day, service)
        self._close(service, day)
        service.is_over, service.pending, service.resumes_on = True, None, None
        extra = []
        months, fee = service.price.minimum_months, service.price.early_end_fee
        if fee and months and day < day_of_month(service.started_on, months, service.started_on.day):
            extra.append(self._once(service, fee, service.price))
        self.bill(day, extra)

    def end_later(self, service: Service, on: date) -> None:
        """Arrange the end for the end of the period."""
        service.ends_on = on

    def next_billing_date(self, service: Service) -> date | None:
        """Return the next day on which a run has something to do for a service."""
        if service.is_over:
            return None
        arranged = [service.pending[0] if service.pending else None, service.ends_on, service.resumes_on]
        days = [day for day in arranged if day]
        for offset in range(1_500):
            day = self.billed_on + offset * DAY
            if day in days or next(self._due_parts(service, day), None):
                return day
        return None

    def running_cycle(self, service: Service, day: date) -> tuple[date, date]:
        """Return the cycle that holds the day."""
        return service.grid.cell(day)

    # How it is worked out

    def _opened(self, from_on: date, price: Price) -> tuple[Grid, date | None]:
        common = self.policy.billing_day
        if common is None or self.policy.alignment == "anniversary" or price.unit != "month":
            return Grid(price.unit, price.count, from_on, from_on.day), None
        first_on = day_of_month(from_on, 0, common)
        if first_on < from_on:
            first_on = day_of_month(from_on, 1, common)
        is_early = self.policy.alignment == "part_plus_full" and first_on > from_on
        return Grid(price.unit, price.count, first_on, common), first_on if is_early else None

    def _apply_arranged(self, service: Service, day: date) -> None:
        if service.resumes_on and service.resumes_on <= day:
            self._resume(service, service.resumes_on)
        if service.pending and service.pending[0] <= day:
            on, price = service.pending
            service.pending = None
            self._switch(service, on, price)
        if service.ends_on and service.ends_on <= day and not service.is_over:
            self._close(service, service.ends_on)
            service.is_over = True

    def _switch(self, service: Service, day: date, price: Price) -> None:
        grid = service.grid
        if (price.unit, price.count) != (service.price.unit, service.price.count):
            grid = self._new_grid(service, day, price)
        service.price, service.grid = price, grid
        if service.is_paused:
            return
        current = service.spells[-1]
        from_on = max(day, current.from_on)
        self._close(service, day)
        service.spells.append(Spell(price, grid, from_on))

    def _new_grid(self, service: Service, day: date, price: Price) -> Grid:
        if self.policy.billing_day is None or price.unit != "month":
            return Grid(price.unit, price.count, day, day.day)
        anchor = service.grid.anchor
        first_on = day_of_month(day, 0, anchor)
        if first_on < day:
            first_on = day_of_month(day, 1, anchor)
        return Grid(price.unit, price.count, first_on, anchor)

    def _close(self, service: Service, day: date) -> None:
        last = service.spells[-1]
        if last.until_on is None:
            last.until_on = max(day, last.from_on)

    def _resume(self, service: Service, day: date) -> None:
        service.is_paused, service.resumes_on = False, None
        start = max(day, service.spells[-1].from_on)
        service.spells.append(Spell(service.price, service.grid, start))

    def _due(self, service: Service, day: date) -> list[Line]:
        lines = []
        for spell, item, start, end in list(self._due_parts(service, day)):
            lines += self._charge(service, spell, item, start, end)
        return lines

    def _due_parts(self, service: Service, day: date) -> Iterator[tuple[Spell, str, date, date]]:
        """Yield (spell, item, start, end) of what is due and not billed, period by period, the plan first."""
        for spell in service.spells:
            cursor = spell.from_on
            while spell.until_on is None or cursor < spell.until_on:
                cell_starts_on, cell_ends_on = spell.grid.cell(cursor)
                end = min(cell_ends_on, spell.until_on or cell_ends_on)
                is_early = spell.early_cell_on == cell_starts_on and not spell.price.in_arrears
                for item, since, until in self._items(service):
                    days = self._unbilled(service, item, max(cursor, since), min(end, until))
                    if not days:
                        continue
                    due_on = days[-1] + DAY if spell.price.in_arrears else days[0]
                    if due_on <= day or (is_early and spell.from_on <= day):
                        yield spell, item, days[0], days[-1] + DAY
                if cursor > day and not is_early:
                    break
                cursor = end

    def _items(self, service: Service) -> list[tuple[str, date, date]]:
        items = [(PRICE, date.min, date.max)]
        return items + [(one.name, one.from_on, one.until_on or date.max) for one in service.add_ons]

    def _unbilled(self, service: Service, item: str, start: date, end: date) -> list[date]:
        if start >= end:
            return []
        billed: set[date] = set()
        for _, line in self._lines_of(service):
            if line.item == item and line.starts_on is not None and line.starts_on < end:
                billed |= line.days
        days = []
        while start < end:
            if start not in billed:
                days.append(start)
            start += DAY
        return days

    def _charge(self, service: Service, spell: Spell, item: str, start: date, end: date) -> list[Line]:
        cell_starts_on, cell_ends_on = spell.grid.cell(start)
        share = Fraction((end - start).days, (cell_ends_on - cell_starts_on).days)
        if item != PRICE:
            add_on = next(one for one in service.add_ons if one.name == item)
            amount = half_up(add_on.unit * add_on.quantity * share)
            return [self._line(service, item, (start, end), amount, add_on.taxes, add_on.has_tax_inside)]
        price = spell.price
        lines = [
            self._line(
                service, PRICE, (start, end), half_up(price.amount * share), price.taxes, price.has_tax_inside
            )
        ]
        left = lines[0].priced
        for number, discount in enumerate(service.discounts):
            if not discount.applies(start):
                continue
            wished = lines[0].priced * discount.percent / 100 + discount.amount * share
            taken = min(half_up(wished), left)
            left -= taken
            if discount.periods_left is not None:
                discount.periods_left -= 1
            if taken:
                lines.append(
                    self._line(
                        service, f"discount:{number}", (start, end), -taken, price.taxes, price.has_tax_inside
                    )
                )
        return lines

    def _line(
        self,
        service: Service,
        item: str,
        period: tuple[date, date],
        amount: int,
        taxes: tuple[Tax, ...],
        has_tax_inside: bool,
    ) -> Line:
        start, end = period
        days = {start + number * DAY for number in range((end - start).days)}
        return Line(service.number, item, start, end, amount, taxes, has_tax_inside, days=days)

    def _once(self, service: Service, amount: int, price: Price) -> Line:
        return Line(service.number, "once", None, None, amount, price.taxes, price.has_tax_inside)

    def _tax(self, lines: Sequence[Line], day: date) -> None:
        """Work out each tax once for the invoice, and hand it to the lines."""
        exact: dict[str, list[tuple[Line, Fraction]]] = {}
        for line in lines:
            shares = factors(line.taxes, day)
            whole = 1 + sum(shares.values(), Fraction(0)) if line.has_tax_inside else Fraction(1)
            for code, share in shares.items():
                exact.setdefault(code, []).append((line, line.priced * share / whole))
        for code, parts in exact.items():
            total = half_up(sum((part for _, part in parts), Fraction(0)))
            handed = hand_out(total, [part for _, part in parts])
            for (line, _), tax in zip(parts, handed, strict=True):
                line.tax[code] = tax

    def _lines_of(self, service: Service) -> Iterator[tuple[int, Line]]:
        for number, invoice in enumerate(self.invoices):
            for line in invoice.lines:
                if line.service == service.number:
                    yield number, line

    def _credit(self, day: date, service: Service, items: set[str] | None = None) -> None:
        """Give back the days from the day on, one credit note for each invoice that billed them."""
        notes: dict[int, tuple[int, int]] = {}
        for number, line in self._lines_of(service):
            kind = PRICE if line.item.startswith("discount:") else line.item
            unused = {one for one in line.days if one >= day}
            if not unused or (items is not None and kind not in items):
                continue
            assert line.starts_on is not None
            assert line.ends_on is not None
            share = Fraction(len(unused), (line.ends_on - line.starts_on).days)
            gross, tax = half_up(line.gross * share), half_up(line.tax_sum * share)
            left = line.gross - line.credited
            gross = min(gross, left) if left >= 0 else max(gross, left)
            line.credited += gross
            line.days -= unused
            before = notes.get(number, (0, 0))
            notes[number] = (before[0] + gross, before[1] + tax)
        for number, (gross, tax) in notes.items():
            if gross > 0:
                self.credit_notes.append(CreditNote(day, number, gross, tax))
