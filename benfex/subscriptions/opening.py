"""Where a new service begins to be charged, and how it comes to the ISP's billing day. Pure.

What is charged from there on is said in `billing/charges`; who sells, in `lifecycle`.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from data.values.kinds import CycleAlignment, Interval
from data.values.periods import add_months, next_boundary


@dataclass(frozen=True, slots=True)
class Opening:
    """The first dates of a service. `charged_from_on` is the first day that costs something.

    `alignment` is what applies: anniversary where there is no common day to come to. `first_period_ends_on` is
    where the part or the free days end that come first, else the first full period.
    """

    anchor_day: int
    charged_from_on: date
    first_period_ends_on: date
    trial_ends_on: date | None
    alignment: CycleAlignment


def open_service(
    *,
    starts_on: date,
    interval: Interval,
    interval_count: int,
    billing_day: int | None,
    alignment: CycleAlignment,
    trial_days: int = 0,
) -> Opening:
    """Return how a service that starts on a date is opened; the anchor is the billing day, or its own day.

    A billing day from 29 to 31 is the last day of shorter months. A trial is free, and all the rest counts
    from its end. Plans by the day or week have no common day. Raises InvalidInput for a count below 1 or a
    billing day outside 1 to 31.
    """
    begins_on = starts_on + timedelta(days=trial_days)
    trial_ends_on = begins_on if trial_days else None
    if interval is not Interval.MONTH or billing_day is None:
        alignment = CycleAlignment.ANNIVERSARY
    is_own = alignment is CycleAlignment.ANNIVERSARY or billing_day is None
    anchor_day = begins_on.day if is_own or billing_day is None else billing_day
    charged_from_on = begins_on
    if alignment is CycleAlignment.FREE_UNTIL:
        charged_from_on = _next_on_or_after(begins_on, anchor_day)
    if charged_from_on > starts_on:
        first_period_ends_on = charged_from_on
    else:
        first_period_ends_on = next_boundary(charged_from_on, interval, interval_count, anchor_day)
    return Opening(anchor_day, charged_from_on, first_period_ends_on, trial_ends_on, alignment)


def open_prepaid(starts_on: date) -> Opening:
    """Return how a service is opened whose time begins when money comes: with no period at all."""
    return Opening(starts_on.day, starts_on, starts_on, None, CycleAlignment.ANNIVERSARY)


def _next_on_or_after(day: date, anchor_day: int) -> date:
    on_anchor = add_months(day, 0, anchor_day)
    return on_anchor if on_anchor >= day else add_months(day, 1, anchor_day)
