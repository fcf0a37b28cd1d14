"""How long prepaid money lasts, to the second. Pure.

Hours are elapsed time; days, weeks and months keep the local time of day, so that a day plan bought at noon ends
at noon across a change of clocks. A month beyond its end is clamped and springs back (see `data/values/periods`).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from data.values.kinds import Interval
from data.values.money import round_half_up
from data.values.periods import add_months

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class BoughtTime:
    """Time that money opens: `[starts_at, ends_at)` in UTC, and what of the price it costs, tax as priced."""

    starts_at: datetime
    ends_at: datetime
    amount_minor: int
    hours: int
    of_hours: int

    @property
    def is_whole(self) -> bool:
        """Return whether it is a whole period."""
        return self.hours == self.of_hours


def period_end(
    start: datetime, *, interval: Interval, count: int, anchor_day: int, timezone: str
) -> datetime:
    """Return when a period of so many intervals ends that begins at an aware instant; UTC, after the start."""
    if interval is Interval.HOUR:
        return start + timedelta(hours=count)
    zone = ZoneInfo(timezone)
    local = start.astimezone(zone)
    day = local.date()
    match interval:
        case Interval.DAY:
            day += timedelta(days=count)
        case Interval.WEEK:
            day += timedelta(weeks=count)
        case _:
            day = add_months(day, count, anchor_day)
    # A time of day that the clocks skip is read with the offset before the change: it exists an hour later.
    end = datetime.combine(day, local.time(), tzinfo=zone).astimezone(UTC)
    return max(end, start + _HOUR)


def whole_period(
    start: datetime, *, price_minor: int, interval: Interval, count: int, anchor_day: int, timezone: str
) -> BoughtTime:
    """Return the period that the full price opens from an instant on."""
    end = period_end(start, interval=interval, count=count, anchor_day=anchor_day, timezone=timezone)
    hours = max(1, (end - start) // _HOUR)
    return BoughtTime(start, end, price_minor, hours, hours)


def part_period(whole: BoughtTime, *, money_minor: int, hours_min: int) -> BoughtTime | None:
    """Return the most whole hours whose price, in proportion and rounded half up, the money covers.

    None below the least.
    """
    if whole.amount_minor <= 0 or money_minor >= whole.amount_minor:
        return whole
    if money_minor <= 0:
        return None
    # Rounded half up, so many hours cost no more than the money as long as exactly they cost less than half more.
    hours = -(-(2 * money_minor + 1) * whole.of_hours // (2 * whole.amount_minor)) - 1
    if hours < max(1, hours_min):
        return None
    cost = round_half_up(whole.amount_minor * hours, whole.of_hours)
    return BoughtTime(whole.starts_at, whole.starts_at + hours * _HOUR, cost, hours, whole.of_hours)
