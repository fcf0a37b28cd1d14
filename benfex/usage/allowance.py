"""Rule: when a period's data cap is used up. What follows from it is in `caps.py`."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

USED_UP = 100  # percent


def is_over(used_bytes: int, cap_bytes: int | None) -> bool:
    """Return whether the cap is used up; None is no cap. The last byte of a cap still belongs to it."""
    return cap_bytes is not None and used_bytes > cap_bytes


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
