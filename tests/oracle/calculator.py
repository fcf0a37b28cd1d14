"""What a customer must be billed and credited, worked out by marking days; it shares no code with the engine.

A service is a row of *spells*: stretches of days at one price on one grid of cycles. Billing on a day walks
the cells of the grid, and charges the days that are due and bear no mark yet. A credit takes marks away again.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from fractions import Fraction

from tests.oracle.money import days_line, give_back, put_tax
from tests.oracle.terms import (
    DAY,
    PRICE,
    AddOn,
    CreditNote,
    Grid,
    Invoice,
    Line,
    Policy,
    Price,
    Service,
    Spell,
    Tax,
    day_of_month,
    half_up,
    months_from,
)


class Books:
    """What some customers are billed, who pay for themselves or for each other, day after day."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.services: list[Service] = []
        self.invoices: list[Invoice] = []
        self.credit_notes: list[CreditNote] = []
        self.paid = Counter[int]()
        self.payers: dict[int, int] = {}

    def balance(self, customer: int) -> int:
        """Return what a customer owes; below zero it is their credit."""
        billed = sum(invoice.total for invoice in self.invoices if invoice.customer == customer)
        notes = [note for note in self.credit_notes if self.invoices[note.invoice].customer == customer]
        return billed - sum(note.gross for note in notes) - self.paid[customer]

    def account_of(self, customer: int) -> int:
        """Return whose debt a customer's money pays: their own while they have one, else that of who pays for them."""
        return customer if self.balance(customer) > 0 else self.payers.get(customer, customer)

    # What happens

    def open(self, day: date, price: Price, customer: int = 0, agreed: int | None = None) -> Service:
        """Sell a plan; nothing is billed yet."""
        trial_ends_on = day + price.trial_days * DAY
        grid = self._opened(trial_ends_on, price)
        is_free = self.policy.alignment == "free_until" and grid.first_on > trial_ends_on
        spell = Spell(price, grid, grid.first_on if is_free else trial_ends_on)
        payer = self.payers.get(customer, customer)
        service = Service(
            len(self.services),
            customer,
            payer,
            day,
            trial_ends_on,
            [spell],
            price,
            grid,
            agreed=agreed,
            billed_on=day,
        )
        if price.minimum_months:
            service.bound_until_on = day_of_month(day, price.minimum_months, day.day)
        service.joins_full = self.policy.alignment == "part_plus_full" and price.unit == "month"
        spell.early_cell_on = self._joined(service, spell)
        self.services.append(service)
        return service

    def bill_first(self, day: date, service: Service, extra: Sequence[Line] = ()) -> None:
        """Bill a service that was just sold, with what it costs to set it up."""
        fee, price = service.price.setup_fee, service.price
        setup = [self.once(service, fee, price.taxes, price.has_tax_inside)] if fee else []
        self.bill(day, service.payer, [*setup, *extra])

    def run(self, day: date) -> None:
        """Bill everybody: the nightly run."""
        self._bill(day, sorted({service.payer for service in self.services}), {})

    def bill(self, day: date, payer: int, extra: Sequence[Line] = ()) -> None:
        """Bill a payer all that is due, after what is charged in any case."""
        self._bill(day, [payer], {payer: list(extra)})

    def catch_up(self, day: date, service: Service) -> None:
        """Bill a payer first for whose service something arranged has come and no run saw it: changes come after."""
        back_on = service.resumes_on if service.is_paused else None
        arranged = (back_on, service.pending[0] if service.pending else None, service.ends_on)
        if any(on and on <= day for on in arranged) and not service.is_over:
            self.bill(day, service.payer)

    def pay_for(self, customer: int, payer: int) -> None:
        """Have a customer's services billed to a payer from now on; what was billed stays where it is."""
        self.payers[customer] = payer
        for service in self.services:
            if service.customer == customer and not service.is_over:
                service.payer = payer

    def upgrade(self, day: date, service: Service, price: Price) -> None:
        """Change the plan now: unused days are credited, the new price runs from the day on."""
        service.pending = None
        self.bill(day, service.payer, self._switch(service, day, price))

    def pause(self, day: date, service: Service, resumes_on: date | None = None) -> None:
        """Stop charging; what was paid for and not used is given back if the policy says so."""
        lines = self._cut(service, day)
        self._note_cycle(day, service)
        if self.policy.credits_on_pause:
            self._give_back(day, service)
        service.is_stopped, service.is_paused, service.resumes_on = True, True, resumes_on
        if lines:
            self.bill(day, service.payer, lines)

    def suspend(self, day: date, service: Service) -> None:
        """Take access away. Where the policy stops billing then, days that are not billed yet stay free."""
        service.is_suspended = True
        if not self.policy.bills_while_suspended:
            self._end_spell(service, day)
            self._note_cycle(day, service)
            service.is_stopped = True

    def reactivate(self, day: date, service: Service) -> None:
        """Give access back; what was left open of the days before is billed, what comes next by the run."""
        service.is_suspended = False
        if not service.is_stopped:
            return
        lines = self._due(service, day)
        self._restart(service, day)
        if lines:
            self.bill(day, service.payer, lines)

    def resume(self, day: date, service: Service) -> None:
        """Charge again from the day on, within the grid of before."""
        self._restart(service, day)
        self.bill(day, service.payer)

    def add(self, day: date, service: Service, add_on: AddOn) -> None:
        """Put an add-on on a service from the day on."""
        service.add_ons.append(add_on)
        self.bill(day, service.payer)

    def remove(self, day: date, service: Service, add_on: AddOn) -> None:
        """Take an add-on away: its unused days are given back."""
        add_on.until_on = day
        self._give_back(day, service, {add_on.name})
        self.bill(day, service.payer)

    def end(self, day: date, service: Service) -> None:
        """End now."""
        if lines := self._finish(service, day):
            self.bill(day, service.payer, lines)

    def end_later(self, day: date, service: Service) -> None:
        """Arrange the end for the end of the period."""
        if service.is_paused:
            self.end(day, service)
        else:
            service.ends_on = self.period_end(day, service)

    def period_end(self, day: date, service: Service) -> date:
        """Return the next day on which a period begins that is not billed; after free days, their end."""
        spell = service.spells[-1]
        if spell.from_on > day:
            return spell.from_on
        grid = spell.grid if spell.until_on is None else service.grid  # of a change while it was stopped
        _, end = grid.cell(day)
        while not self._unbilled(service, PRICE, end, end + DAY):
            _, end = grid.cell(end)
        return end

    def next_billing_date(self, service: Service) -> date | None:
        """Return the next day on which a run has something to do for a service."""
        if service.is_over:
            return None
        arranged = [service.pending[0] if service.pending else None, service.ends_on, service.resumes_on]
        days = [day for day in arranged if day]
        for offset in range(1_500):
            day = service.billed_on + offset * DAY
            if day in days or next(self._due_parts(service, day), None):
                return day
        return None

    def once(self, service: Service, amount: int, taxes: tuple[Tax, ...], has_tax_inside: bool) -> Line:
        """Return a line that is charged once and belongs to no days."""
        return Line(service.number, "once", None, None, amount, taxes, has_tax_inside)

    def once_for(self, service: Service, add_on: AddOn) -> Line:
        """Return the line of an add-on that is sold once."""
        return self.once(service, add_on.unit * add_on.quantity, add_on.taxes, add_on.has_tax_inside)

    # How it is worked out

    def _bill(self, day: date, payers: Sequence[int], lines: dict[int, list[Line]]) -> None:
        """Apply what is arranged for the day, then bill each payer what is due."""
        for service in self.services:
            if service.payer in payers:
                lines.setdefault(service.payer, []).extend(self._apply_arranged(service, day))
        for payer in payers:
            found = lines.get(payer, [])
            for service in self.services:
                if service.payer == payer:
                    service.billed_on = day
                    found += [] if service.is_stopped else self._due(service, day)
            if found:
                put_tax(found, day)
                for line in found:
                    line.invoice = len(self.invoices)
                self.invoices.append(Invoice(day, payer, found))

    def _opened(self, from_on: date, price: Price) -> Grid:
        common = self.policy.billing_day
        if common is None or self.policy.alignment == "anniversary" or price.unit != "month":
            return Grid(price.unit, price.count, from_on, from_on.day)
        return months_from(from_on, price, common)

    def _joined(self, service: Service, spell: Spell) -> date | None:
        """Return where the full period begins that is billed with the first part of a service."""
        start, end = spell.grid.cell(spell.from_on)
        is_part = start < spell.from_on == service.trial_ends_on
        return end if service.joins_full and is_part else None

    def _begin(self, service: Service, day: date) -> None:
        spell = Spell(service.price, service.grid, day)
        spell.early_cell_on = self._joined(service, spell)
        service.spells.append(spell)

    def _apply_arranged(self, service: Service, day: date) -> list[Line]:
        lines: list[Line] = []
        ends_on = service.ends_on or date.max
        if (
            service.is_paused
            and service.resumes_on
            and service.resumes_on <= day
            and service.resumes_on < ends_on
        ):
            self._restart(service, service.resumes_on)
        if service.pending and service.pending[0] <= day and service.pending[0] < ends_on:
            on, price = service.pending
            service.pending = None
            lines += self._switch(service, on, price)
        if ends_on <= day and not service.is_over:
            lines += self._finish(service, ends_on)
        return lines

    def _finish(self, service: Service, day: date) -> list[Line]:
        lines = self._cut(service, day)
        if self.policy.credits_on_end:
            self._give_back(day, service)
        service.is_over, service.is_suspended = True, False
        service.pending = service.resumes_on = None
        is_early = service.trial_ends_on <= day < service.bound_until_on
        fee = service.price.early_end_fee
        if not (fee and is_early):
            return lines
        return [*lines, self.once(service, fee, service.price.taxes, service.price.has_tax_inside)]

    def _switch(self, service: Service, day: date, price: Price) -> list[Line]:
        old, lines = service.price, self._cut(service, day)
        self._give_back(day, service, {PRICE})
        service.price, service.agreed = price, None
        begins_on = max(day, service.spells[-1].from_on)
        if (price.unit, price.count) != (old.unit, old.count):
            service.grid = self._new_grid(service, begins_on, old, price)
            service.cycle_on = begins_on
        if price.minimum_months:
            bound = day_of_month(begins_on, price.minimum_months, begins_on.day)
            service.bound_until_on = max(service.bound_until_on, bound)
        if not service.is_stopped:
            self._begin(service, begins_on)
        return lines

    def _cut(self, service: Service, day: date) -> list[Line]:
        """Let the running spell be over, and return what is not billed of the days before."""
        self._end_spell(service, day)
        return self._due(service, day)

    def _end_spell(self, service: Service, day: date) -> None:
        last = service.spells[-1]
        if last.until_on is None:
            last.until_on = max(day, last.from_on)
            last.early_cell_on = None

    def _note_cycle(self, day: date, service: Service) -> None:
        """Remember which cycle was begun last, or by a change of plan is to begin: it runs on without a charge."""
        spell = service.spells[-1]
        if day >= spell.from_on:
            is_begun = spell.price.in_arrears or not self._unbilled(service, PRICE, day, day + DAY)
            service.cycle_on = day if is_begun else day - DAY

    def _give_back(self, day: date, service: Service, items: set[str] | None = None) -> None:
        self.credit_notes += give_back(day, service.lines, self.invoices, items)

    def _new_grid(self, service: Service, day: date, old: Price, price: Price) -> Grid:
        if self.policy.billing_day is None or price.unit != "month":
            return Grid(price.unit, price.count, day, day.day)
        return months_from(
            day, price, service.grid.anchor if old.unit == "month" else self.policy.billing_day
        )

    def _restart(self, service: Service, day: date) -> None:
        service.is_stopped, service.is_paused, service.resumes_on = False, False, None
        start = max(day, service.spells[-1].from_on)
        service.grid = self._grid_after_pause(service, start)
        self._begin(service, start)

    def _grid_after_pause(self, service: Service, day: date) -> Grid:
        """Return the grid of before while its cycle runs on; after that, days and weeks count from the return."""
        grid, price = service.grid, service.price
        first_on, cycle_on = service.spells[-1].from_on, service.cycle_on
        if day < grid.cell(cycle_on)[1] if cycle_on else day <= first_on:
            return grid
        if grid.unit != "month":
            return Grid(grid.unit, grid.count, day, day.day)
        return months_from(day, price, grid.anchor)

    def _due(self, service: Service, day: date) -> list[Line]:
        lines = []
        for spell, item, start, end in list(self._due_parts(service, day)):
            charged = self._charge(service, spell, item, start, end)
            service.lines += charged
            lines += charged
        return lines

    def _due_parts(self, service: Service, day: date) -> Iterator[tuple[Spell, str, date, date]]:
        """Yield (spell, item, start, end) of what is due and not billed, period by period, the plan first."""
        for spell in service.spells:
            cursor, last = spell.from_on, min(spell.until_on or date.max, service.ends_on or date.max)
            while cursor < last:
                cell_starts_on, cell_ends_on = spell.grid.cell(cursor)
                end = min(cell_ends_on, last)
                is_early = spell.early_cell_on == cell_starts_on and not spell.price.in_arrears
                for item, since, until in self._items(service):
                    days = self._unbilled(service, item, max(cursor, since), min(end, until))
                    if not days:
                        continue
                    due_on = days[-1] + DAY if spell.price.in_arrears else days[0]
                    if due_on <= day or (is_early and since <= spell.from_on <= day):
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
        for line in service.lines:
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
        if self.policy.fixed_month_days and spell.grid.unit == "month" and share != 1:
            share = min(
                Fraction((end - start).days, self.policy.fixed_month_days * spell.grid.count), Fraction(1)
            )
        if item != PRICE:
            add_on = next(one for one in service.add_ons if one.name == item)
            amount = half_up(add_on.unit * add_on.quantity * share)
            return [days_line(service, item, (start, end), amount, add_on.taxes, add_on.has_tax_inside)]
        price = spell.price
        amount = half_up((price.amount if service.agreed is None else service.agreed) * share)
        lines = [days_line(service, PRICE, (start, end), amount, price.taxes, price.has_tax_inside)]
        left = lines[0].priced
        for number, discount in enumerate(service.discounts):
            cell = spell.grid.cell(start)
            if not discount.applies(start, cell):
                continue
            wished = lines[0].priced * discount.percent / 100 + discount.amount * share
            taken = min(half_up(wished), left)
            left -= taken
            discount.count(cell)
            if taken:
                lines.append(
                    days_line(
                        service, f"discount:{number}", (start, end), -taken, price.taxes, price.has_tax_inside
                    )
                )
        return lines
