"""Rule: when a period's data cap is used up. What follows from it is in `caps.py`."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from data.values.daily_hours import DailyHours

USED_UP = 100  # percent


def is_over(used_bytes: int, cap_bytes: int | None) -> bool:
    """Return whether the cap is used up; None is no cap. The last byte of a cap still belongs to it."""
    return cap_bytes is not None and used_bytes > cap_bytes


def has_effect(
    at: datetime, *, bonus_hours: DailyHours | None, fair_use_hours: DailyHours | None, zone: str
) -> bool:
    """Return whether a cap that is used up has effect at an instant: not in bonus hours, else in fair use hours.

    Without fair use hours it is the whole day.
    """
    hour = at.astimezone(ZoneInfo(zone)).hour
    if bonus_hours is not None and hour in bonus_hours:
        return False
    return fair_use_hours is None or hour in fair_use_hours


def left_over(*, cap_bytes: int, granted_bytes: int, rolled_bytes: int, used_bytes: int) -> int:
    """Return what of a period's data is there in the next one: what is left of the plan's and of what was granted.

    What had come from the period before is used first, and what is left of it is gone.
    """
    return max(0, cap_bytes + granted_bytes - max(0, used_bytes - rolled_bytes))


@lru_cache(maxsize=4096)
def whole_days(since: datetime, until: datetime, zone: str) -> tuple[datetime, datetime]:
    """Return the part of `[since, until)` that is whole days of the ISP; nothing of it is (until, until)."""
    first, last = (at.astimezone(ZoneInfo(zone)).date() for at in (since, until))
    begins, ends = period_begins_at(first, zone), period_begins_at(last, zone)
    if begins < since:
        begins = period_begins_at(first + timedelta(days=1), zone)
    return (begins, ends) if begins < ends else (until, until)


@lru_cache(maxsize=4096)
def steady_spans(since: datetime, until: datetime, zone: str) -> tuple[tuple[datetime, datetime, int], ...]:
    """Split `[since, until)` where clocks are changed: (from, until, offset from UTC in seconds) of each part.

    Of a day in which they are its hours are looked at.
    """
    local, found = ZoneInfo(zone), list[tuple[datetime, datetime, int]]()
    begins, at = since, since
    while at < until:
        following = min(at + timedelta(days=1), until)
        if _offset(following, local) != _offset(at, local):
            following = min(at + timedelta(hours=1), until)
        if following >= until or _offset(following, local) != _offset(begins, local):
            found.append((begins, following, _offset(begins, local)))
            begins = following
        at = following
    return tuple(found)


def used_percent(used_bytes: int, cap_bytes: int | None) -> int | None:
    """Return how much of the cap is used, rounded down, beyond 100 too; None when there is no cap."""
    if not cap_bytes:
        return None
    return used_bytes * 100 // cap_bytes


def shares_reached(used_bytes: int, cap_bytes: int | None, shares: Sequence[int]) -> tuple[int, ...]:
    """Return which of these shares in percent are used; the whole is, once more than the last byte was."""
    if not cap_bytes:
        return ()
    return tuple(
        share
        for share in shares
        if (used_bytes > cap_bytes if share == USED_UP else used_bytes * 100 >= cap_bytes * share)
    )


def counts_from(
    period_starts_on: date, bought_from: Sequence[datetime], *, now: datetime, zone: str
) -> datetime:
    """Return from when on traffic counts against the cap of the running period, in UTC.

    Of a prepaid service it is the first whole UTC hour since the running bought time began: usage is kept by the
    hour, and an hour belongs to the time in which it begins. What was used of an hour that was begun is free, since
    it may have been used before. Otherwise it is local midnight of the first day.
    """
    begun = [at for at in bought_from if at <= now]
    if not begun:
        return period_begins_at(period_starts_on, zone)
    begins_at = max(begun).astimezone(UTC)
    hour = begins_at.replace(minute=0, second=0, microsecond=0)
    return hour if hour == begins_at else hour + timedelta(hours=1)


def period_begins_at(starts_on: date, zone: str) -> datetime:
    """Return when a date of the ISP begins, in UTC."""
    return datetime.combine(starts_on, time(), tzinfo=ZoneInfo(zone)).astimezone(UTC)


def _offset(at: datetime, zone: ZoneInfo) -> int:
    offset = at.astimezone(zone).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())
