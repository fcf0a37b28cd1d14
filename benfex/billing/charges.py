"""What a service is charged for, period by period, before tax is split off. Pure.

One rule says what is due: every period that lies beyond `charged_through_on` and whose day has come, which is
its first day in advance and the day after its last in arrears. Who reads and writes the rows is
`subscriptions/renewal`; credits are in `crediting`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from benfex.billing.proration import Share, share_of
from data.values.identifiers import SubscriptionId
from data.values.kinds import ChargeTiming, DiscountKind, Interval, LineKind
from data.values.money import Money, round_half_up
from data.values.periods import Period, cycle_ending, next_boundary
from data.values.taxes import TaxTerms

GIGABYTE = 1_000_000_000  # as plans and caps are sold and shown
_PERIODS_MAX = 400  # of one item in one run: a day plan caught up for more than a year


@dataclass(frozen=True, slots=True)
class ChargeLine:
    """One charge as priced: with its tax inside where the terms say so.

    `billing_key` names it for ever, so that it can be billed once only; `share` is None for what has no days.
    """

    kind: LineKind
    description: str
    unit: Money
    quantity: int = 1
    tax: TaxTerms | None = None
    subscription_id: SubscriptionId | None = None
    period: Period | None = None
    billing_key: str | None = None
    item: str = ""
    share: Share | None = None

    @property
    def amount(self) -> Money:
        """Return the price of all units."""
        return self.unit.times(self.quantity)

    @property
    def name(self) -> "LineName":
        """Return whose the charge is, and by which claim."""
        return LineName(self.subscription_id, self.item, self.billing_key)

    def named_for(self, subscription_id: SubscriptionId, items: Mapping[str, str]) -> "LineName":
        """Return whose it would be as that of another subscription that is like this one, by its own `items`."""
        item, key = items.get(self.item, self.item), self.billing_key
        if key is not None:
            key = f"{subscription_id}:{item}{key[len(f'{self.subscription_id}:{self.item}') :]}"
        return LineName(subscription_id, item, key)


class LineName(NamedTuple):
    """Whose a charge is: its service, None without one, its item there, and its claim, None for what has none."""

    subscription_id: SubscriptionId | None
    item: str
    billing_key: str | None


@dataclass(frozen=True, slots=True)
class CycleTerms:
    """The rhythm of a service: its interval, the day of the month it is anchored at, and when it is billed."""

    interval: Interval
    interval_count: int
    anchor_day: int
    timing: ChargeTiming = ChargeTiming.ADVANCE
    fixed_month_days: int | None = None

    @property
    def counts_as_days(self) -> int | None:
        """Return how long a cycle counts where months are of a fixed length; None where its own days count."""
        if self.fixed_month_days is None or self.interval is not Interval.MONTH:
            return None
        return self.fixed_month_days * self.interval_count


@dataclass(frozen=True, slots=True)
class ChargedItem:
    """Something charged period by period: the plan's price or an add-on; `item` names it on lines and keys.

    `ends_on` is the first day without it. `unit_minor` is the price of a whole cycle.
    """

    item: str
    name: str
    kind: LineKind
    unit_minor: int
    tax: TaxTerms | None
    charged_through_on: date
    quantity: int = 1
    ends_on: date | None = None


@dataclass(frozen=True, slots=True)
class DiscountTerms:
    """What is taken off the plan's price in each period that starts while it runs.

    `periods_left` counts billing periods, not lines: the parts of a cycle that are billed apart, around a change or
    a pause, count once. Every cycle that ends by `counted_until_on` was counted.
    """

    discount_id: int
    name: str
    kind: DiscountKind
    basis_points: int
    amount_minor: int
    starts_on: date
    ends_on: date | None = None
    periods_left: int | None = None
    counted_until_on: date | None = None


@dataclass(frozen=True, slots=True)
class ServiceTerms:
    """All of a service that decides what it is charged. `items` begins with the plan's price.

    `period_ends_on` is where the cycle ends that was last begun; `segment` tells apart what is billed anew
    for the same day after a change. A service that `opens_with_full_on` a date is billed the short part that
    begins there and the full period after it together; None when it is not.
    """

    subscription_id: SubscriptionId
    currency: str
    cycle: CycleTerms
    items: tuple[ChargedItem, ...]
    period_ends_on: date
    segment: int = 0
    discounts: tuple[DiscountTerms, ...] = ()
    opens_with_full_on: date | None = None


@dataclass(frozen=True, slots=True)
class DueCharges:
    """What is due and where it leaves the service: the dates charged through, in the order of its items.

    `period` is the last begun cycle that the plan's price was charged for, None when nothing was;
    `discounts_used` counts periods by discount, in their order, and `discounts_until` is the end of the last one
    that is counted by then.
    """

    lines: tuple[ChargeLine, ...]
    charged_through: tuple[date, ...]
    period: Period | None
    discounts_used: tuple[int, ...]
    discounts_until: tuple[date | None, ...] = ()


def due_charges(service: ServiceTerms, *, on: date) -> DueCharges:
    """Return everything of a service that is due on a billing date, period by period, the plan's price first."""
    lines: list[tuple[date, int, list[ChargeLine]]] = []
    through: list[date] = []
    last: Period | None = None
    counts = [_Count(discount) for discount in service.discounts]
    for place, item in enumerate(service.items):
        charged_through = item.charged_through_on
        for part, cycle in _due_parts(service, item, on):
            share = share_of(part, cycle=cycle, counts_as_days=service.cycle.counts_as_days)
            charged = [_item_line(service, item, part, share)]
            if place == 0:
                charged += _discount_lines(service, charged[0], part, share, counts, cycle.ends_on)
                last = cycle if last is None or part.starts_on <= on else last
            lines.append((part.starts_on, place, charged))
            charged_through = part.ends_on
        through.append(charged_through)
    lines.sort(key=lambda found: found[:2])
    flat = tuple(line for _, _, found in lines for line in found)
    used, until = tuple([row.used for row in counts]), tuple([row.until_on for row in counts])
    return DueCharges(flat, tuple(through), last, used, until)


def cycle_boundary(terms: CycleTerms, *, after: date, period_ends_on: date) -> date:
    """Return where the cycle ends that holds the day: that of the running period, else of one that follows it.

    Counted on from the known end, so that the quarters of a service stay its quarters.
    """
    while period_ends_on <= after:
        period_ends_on = next_boundary(period_ends_on, terms.interval, terms.interval_count, terms.anchor_day)
    return period_ends_on


def full_cycle(terms: CycleTerms, *, ending_on: date) -> Period:
    """Return the whole cycle that ends on a boundary: what a part is measured against."""
    return cycle_ending(ending_on, terms.interval, terms.interval_count, terms.anchor_day)


def next_billing_date(service: ServiceTerms) -> date | None:
    """Return the first date on which something of the service is due, None when nothing ever will be."""
    through = [item.charged_through_on for item in service.items]
    return billing_date_after(service, charged_through=through, period_ends_on=service.period_ends_on)


def billing_date_after(
    service: ServiceTerms, *, charged_through: Sequence[date], period_ends_on: date
) -> date | None:
    """Return the same once the items, in their order, are charged through these dates and the cycle has moved."""
    dates = []
    for item, through in zip(service.items, charged_through, strict=True):
        if item.ends_on is not None and through >= item.ends_on:
            continue
        if service.cycle.timing is ChargeTiming.ADVANCE:
            dates.append(through)
        else:
            ends_on = cycle_boundary(service.cycle, after=through, period_ends_on=period_ends_on)
            dates.append(min(ends_on, item.ends_on) if item.ends_on else ends_on)
    return min(dates, default=None)


def charge_key(subscription_id: SubscriptionId, item: str, segment: int, start: date) -> str:
    """Return the claim on one period of one item: once billed, it is billed for ever."""
    return f"{subscription_id}:{item}.{segment}:{start.isoformat()}"


def add_on_item(add_on_id: int) -> str:
    """Return what names a service's add-on on lines and keys."""
    return f"addon:{add_on_id}"


def discount_item(discount_id: int) -> str:
    """Return what names a service's discount on lines and keys."""
    return f"discount:{discount_id}"


def once_key(subscription_id: SubscriptionId, item: str) -> str:
    """Return the claim on something that is charged once."""
    return f"{subscription_id}:{item}:once"


def setup_charge(
    *,
    subscription_id: SubscriptionId,
    plan_name: str,
    fee: Money,
    tax: TaxTerms | None,
) -> ChargeLine | None:
    """Return the one-time charge of a new service, or None when there is none."""
    if fee.is_zero:
        return None
    return ChargeLine(
        kind=LineKind.SETUP,
        description=f"Installation, {plan_name}",
        unit=fee,
        tax=tax,
        subscription_id=subscription_id,
        billing_key=once_key(subscription_id, "setup"),
        item="setup",
    )


def usage_charge(
    *,
    subscription_id: SubscriptionId,
    segment: int,
    plan_name: str,
    period: Period,
    over_bytes: int,
    gigabyte: Money,
    tax: TaxTerms | None,
) -> ChargeLine | None:
    """Return the charge for traffic beyond the cap of a period that is over, each gigabyte begun; None for none."""
    gigabytes = -(-over_bytes // GIGABYTE)
    if gigabytes <= 0 or gigabyte.is_zero:
        return None
    return ChargeLine(
        kind=LineKind.USAGE,
        description=f"{plan_name}, {gigabytes} GB beyond the cap",
        unit=gigabyte,
        quantity=gigabytes,
        tax=tax,
        subscription_id=subscription_id,
        period=period,
        billing_key=charge_key(subscription_id, "usage", segment, period.starts_on),
        item="usage",
    )


def _due_parts(service: ServiceTerms, item: ChargedItem, on: date) -> Iterator[tuple[Period, Period]]:
    """Yield the due parts of an item, each with the full cycle it is a part of, without gap or overlap."""
    terms, starts_on, known_end = service.cycle, item.charged_through_on, service.period_ends_on
    joins_full = False
    for _ in range(_PERIODS_MAX):
        if item.ends_on is not None and starts_on >= item.ends_on:
            return
        boundary = known_end = cycle_boundary(terms, after=starts_on, period_ends_on=known_end)
        ends_on = min(boundary, item.ends_on) if item.ends_on is not None else boundary
        day = starts_on if terms.timing is ChargeTiming.ADVANCE else ends_on
        if day > on and not joins_full:
            return
        part, cycle = Period(starts_on, ends_on), full_cycle(terms, ending_on=boundary)
        yield part, cycle
        is_short = part != cycle and ends_on == boundary and terms.timing is ChargeTiming.ADVANCE
        joins_full = is_short and starts_on == service.opens_with_full_on
        starts_on, known_end = ends_on, boundary


def _item_line(service: ServiceTerms, item: ChargedItem, part: Period, share: Share) -> ChargeLine:
    kind = item.kind
    if kind is LineKind.RECURRING and not share.is_whole:
        kind = LineKind.PRORATION
    unit_minor, quantity, name = item.unit_minor, item.quantity, item.name
    if quantity > 1 and not share.is_whole:  # a part is one sum, so that it is rounded once, not once a unit
        unit_minor, quantity, name = unit_minor * quantity, 1, f"{quantity} × {name}"
    return ChargeLine(
        kind=kind,
        description=describe(name, share),
        unit=Money(share.of(unit_minor), service.currency),
        quantity=quantity,
        tax=item.tax,
        subscription_id=service.subscription_id,
        period=part,
        billing_key=charge_key(service.subscription_id, item.item, service.segment, part.starts_on),
        item=item.item,
        share=share,
    )


def _discount_lines(
    service: ServiceTerms,
    line: ChargeLine,
    part: Period,
    share: Share,
    counts: "Sequence[_Count]",
    cycle_ends_on: date,
) -> list[ChargeLine]:
    """Return what is taken off one period, together never more than the period costs."""
    found: list[ChargeLine] = []
    left = line.amount.minor
    for discount, count in zip(service.discounts, counts, strict=True):
        if not _runs_on(discount, part.starts_on) or not count.take(cycle_ends_on):
            continue
        if discount.kind is DiscountKind.PERCENT:
            off = round_half_up(line.amount.minor * discount.basis_points, 10_000)
        else:
            off = share.of(discount.amount_minor)
        off = min(off, left)
        if off <= 0:
            continue
        left -= off
        item = discount_item(discount.discount_id)
        found.append(
            ChargeLine(
                kind=LineKind.DISCOUNT,
                description=describe(discount.name, share),
                unit=Money(-off, service.currency),
                tax=line.tax,
                subscription_id=service.subscription_id,
                period=part,
                billing_key=charge_key(service.subscription_id, item, service.segment, part.starts_on),
                item=item,
                share=share,
            )
        )
    return found


def _runs_on(discount: DiscountTerms, starts_on: date) -> bool:
    if starts_on < discount.starts_on:
        return False
    return discount.ends_on is None or starts_on < discount.ends_on


class _Count:
    """How many billing periods of a discount are used, and until where they are counted."""

    def __init__(self, discount: DiscountTerms) -> None:
        self._left = discount.periods_left
        self.used = 0
        self.until_on = discount.counted_until_on

    def take(self, cycle_ends_on: date) -> bool:
        """Count the cycle if it is not counted yet, and return whether the discount reaches for it."""
        if self.until_on is not None and cycle_ends_on <= self.until_on:
            return True
        if self._left is not None and self.used >= self._left:
            return False
        self.used += 1
        self.until_on = cycle_ends_on
        return True


def describe(name: str, share: Share) -> str:
    """Return the words of a line; a part says its days, such as "Home 10, 12/31 days"."""
    return name if share.is_whole else f"{name}, {share.days}/{share.of_days} days"


def total_of(lines: Sequence[ChargeLine]) -> Money:
    """Return the sum of lines as priced; there must be one."""
    return sum((line.amount for line in lines[1:]), lines[0].amount)
