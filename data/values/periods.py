"""Billing dates and half-open periods; instants, and the hours of hour plans, are counted by the acts."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from data.values.errors import InvalidInput
from data.values.kinds import Interval


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """Billing dates `[starts_on, ends_on)`: the end is the next period's start.

    Raises InvalidInput when it holds no day, TypeError when given an instant in place of a date.
    """

    starts_on: date
    ends_on: date

    def __post_init__(self) -> None:
        _require_date(self.starts_on, "starts_on")
        _require_date(self.ends_on, "ends_on")
        if self.ends_on <= self.starts_on:
            raise InvalidInput("ends_on", "The period must end after it starts.")

    @property
    def days(self) -> int:
        """Return how many days the period holds; at least 1."""
        return (self.ends_on - self.starts_on).days

    @property
    def last_day(self) -> date:
        """Return the last day inside the period, as people read it."""
        return self.ends_on - timedelta(days=1)

    def __contains__(self, day: date) -> bool:
        _require_date(day, "day")
        return self.starts_on <= day < self.ends_on

    def intersect(self, other: Period) -> Period | None:
        """Return the days that lie in both, or None when there are none."""
        starts_on = max(self.starts_on, other.starts_on)
        ends_on = min(self.ends_on, other.ends_on)
        return Period(starts_on, ends_on) if starts_on < ends_on else None


@lru_cache(maxsize=4096)
def add_months(day: date, months: int, anchor_day: int) -> date:
    """Return the anchor's date `months` (may be negative) after the month of `day`.

    An anchor beyond the month's end is clamped to its last day and springs back in longer months: only
    the month of `day` counts, the day comes from the anchor. Raises InvalidInput for an anchor outside
    1 to 31.
    """
    _require_date(day, "day")
    if not 1 <= anchor_day <= 31:
        raise InvalidInput("anchor_day", "The billing day must be from 1 to 31.")
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    month += 1
    return date(year, month, min(anchor_day, calendar.monthrange(year, month)[1]))


@lru_cache(maxsize=4096)
def next_boundary(day: date, interval: Interval, count: int, anchor_day: int) -> date:
    """Return the first date after `day` on which a period of `count` intervals ends.

    Months: from an anchor's date, `count` months on; from any other day, the next anchor's date, which
    makes one short first period. Days and weeks have no anchor and count from `day`. Raises InvalidInput
    for a count below 1 or an anchor outside 1 to 31, ValueError for hours, which have no billing date.
    """
    _require_count(count)
    if interval is not Interval.MONTH:
        return day + _fixed_span(interval, count)
    on_anchor = add_months(day, 0, anchor_day)
    if day < on_anchor:
        return on_anchor
    return add_months(day, count if day == on_anchor else 1, anchor_day)


def period_from(start: date, interval: Interval, count: int, anchor_day: int) -> Period:
    """Return the period from `start` to its next boundary. Raises as `next_boundary`."""
    return Period(start, next_boundary(start, interval, count, anchor_day))


@lru_cache(maxsize=4096)
def cycle_ending(boundary: date, interval: Interval, count: int, anchor_day: int) -> Period:
    """Return the full period that ends on `boundary`: what a short first period is a part of.

    `boundary` is a date that `next_boundary` returned. Raises as `next_boundary`.
    """
    _require_count(count)
    if interval is Interval.MONTH:
        return Period(add_months(boundary, -count, anchor_day), boundary)
    return Period(boundary - _fixed_span(interval, count), boundary)


def _fixed_span(interval: Interval, count: int) -> timedelta:
    if interval is Interval.DAY:
        return timedelta(days=count)
    if interval is Interval.WEEK:
        return timedelta(weeks=count)
    raise ValueError(f"an interval of {interval.value}s has no billing date")


def _require_count(count: int) -> None:
    if count < 1:
        raise InvalidInput("interval_count", "A period needs at least one interval.")


def _require_date(day: date, name: str) -> None:
    if not isinstance(day, date) or isinstance(day, datetime):
        raise TypeError(f"{name} must be a billing date, not {type(day).__name__}")
