"""How long prepaid money lasts and what it is invoiced as, by field.md 5.4. It shares no code with the engine.

Money opens a period: on top of what is left, or from now when the time is over. It is invoiced when it is bought.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from fractions import Fraction

from tests.oracle.money import put_tax
from tests.oracle.terms import DAY, Invoice, Line, Price, day_of_month, half_up

HOUR = timedelta(hours=1)
LOCAL = timezone(3 * HOUR)  # Nairobi has no other
SPANS = {"hour": HOUR, "day": DAY, "week": 7 * DAY}


@dataclass(frozen=True, slots=True)
class PrepaidPolicy:
    """Whether a short payment buys hours and how many at least, and how long access outlives the time."""

    pays_part: bool = True
    part_hours_min: int = 1
    grace: timedelta = timedelta(0)


@dataclass(slots=True)
class Pass:
    """A prepaid service: until when it was bought, and whether access is open."""

    number: int
    price: Price
    agreed: int | None = None
    until: datetime | None = None
    anchor: int = 1
    is_open: bool = False
    is_set_up: bool = False
    renews_itself: bool = True


@dataclass(slots=True)
class PrepaidBooks:
    """One customer's prepaid services, money and invoices."""

    policy: PrepaidPolicy
    passes: list[Pass] = field(default_factory=list)
    invoices: list[Invoice] = field(default_factory=list)
    paid: int = 0

    @property
    def credit(self) -> int:
        """What is left of the money."""
        return self.paid - sum(invoice.total for invoice in self.invoices)

    def pay(self, now: datetime, amount: int) -> None:
        """Take money, and open a period of each service it reaches for: off ones first, then what ends first."""
        self.paid += amount
        for one in sorted(self.passes, key=_need):
            self._buy(now, one, start=self._next_start(now, one), takes_part=not one.is_open)

    def renew(self, now: datetime, one: Pass) -> bool:
        """Buy a whole period from the credit; say whether it reached."""
        return self._buy(now, one, start=self._next_start(now, one), takes_part=False)

    def end_what_is_over(self, now: datetime) -> None:
        """Renew from the credit, without a gap, whose time is over and who wants it so; else access ends."""
        while over := [one for one in self.passes if self._is_over(now, one)]:
            for one in sorted(over, key=lambda one: (one.until, one.number)):
                if not (one.renews_itself and self._buy(now, one, start=one.until, takes_part=False)):
                    one.is_open = False

    def _is_over(self, now: datetime, one: Pass) -> bool:
        return one.is_open and one.until is not None and one.until + self.policy.grace <= now

    def _next_start(self, now: datetime, one: Pass) -> datetime:
        return one.until if one.is_open and one.until is not None and one.until > now else now

    def _buy(self, now: datetime, one: Pass, *, start: datetime | None, takes_part: bool) -> bool:
        assert start is not None
        anchor = one.anchor if start == one.until else start.astimezone(LOCAL).day
        end = _end(start, one.price, anchor)
        hours = (end - start) // HOUR
        amount = one.price.amount if one.agreed is None else one.agreed
        choices: Iterator[tuple[datetime, int]] = iter([(end, amount)])
        invoice = self._priced(now, one, start, end, amount)
        if invoice.total > self.credit:
            if not (takes_part and self.policy.pays_part):
                return False
            parts = range(hours - 1, max(1, self.policy.part_hours_min) - 1, -1)
            choices = ((start + part * HOUR, half_up(amount * Fraction(part, hours))) for part in parts)
        for ends_at, cost in choices:
            invoice = self._priced(now, one, start, ends_at, cost)
            if invoice.total <= self.credit:
                self.invoices.append(invoice)
                one.until, one.anchor, one.is_open, one.is_set_up = ends_at, anchor, True, True
                return True
        return False

    def _priced(self, now: datetime, one: Pass, start: datetime, end: datetime, amount: int) -> Invoice:
        price, today = one.price, now.astimezone(LOCAL).date()
        first, last = _local(start), max(_local(end), _local(start) + DAY)
        lines = [Line(one.number, "price", first, last, amount, price.taxes, price.has_tax_inside)]
        if price.setup_fee and not one.is_set_up:
            fee = price.setup_fee
            lines.append(Line(one.number, "once", None, None, fee, price.taxes, price.has_tax_inside))
        put_tax(lines, today)
        return Invoice(today, 0, lines)


def _local(instant: datetime) -> date:
    return instant.astimezone(LOCAL).date()


def _end(start: datetime, price: Price, anchor: int) -> datetime:
    if price.unit != "month":
        return start + price.count * SPANS[price.unit]
    local = start.astimezone(LOCAL)
    return datetime.combine(day_of_month(local.date(), price.count, anchor), local.timetz()).astimezone(
        start.tzinfo
    )


def _need(one: Pass) -> tuple[bool, float]:
    return one.is_open, one.until.timestamp() if one.is_open and one.until is not None else 0.0
