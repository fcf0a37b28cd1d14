"""What of a charge is put off to the days it is for, and when it is earned. Pure; `earning` posts it."""

from datetime import date

from data.values.money import round_half_up
from data.values.periods import Period


def deferred_part(net_minor: int, *, period: Period | None, issued_on: date) -> int:
    """Return what of a net amount is for days from the invoice date on; what has no days is earned at once."""
    if period is None or period.ends_on <= issued_on:
        return 0
    if period.starts_on >= issued_on:
        return net_minor
    return round_half_up(net_minor * (period.ends_on - issued_on).days, period.days)


def earned_part(deferred_minor: int, *, starts_on: date, ends_on: date, on: date) -> int:
    """Return what of a deferred amount is earned before a day begins: in proportion, and all of it at the end.

    `starts_on` to `ends_on` are the days it is for; credited days are no longer among them.
    """
    if on >= ends_on:
        return deferred_minor
    if on <= starts_on:
        return 0
    return round_half_up(deferred_minor * (on - starts_on).days, (ends_on - starts_on).days)


def unearned_part(deferred_minor: int, *, earned_minor: int, credited_minor: int) -> int:
    """Return how much of a net credit comes out of what is not earned yet; all with the sign of the line."""
    left = deferred_minor - earned_minor
    sign = -1 if left < 0 else 1
    return sign * max(0, min(sign * left, sign * credited_minor))
