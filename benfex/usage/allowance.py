"""Rule: when a period's data cap is used up. What follows from it is in `caps.py`."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo


def is_over(used_bytes: int, cap_bytes: int | None) -> bool:
    """Return whether the cap is used up; None is no cap. The last byte of a cap still belongs to it."""
    return cap_bytes is not None and used_bytes > cap_bytes


def used_percent(used_bytes: int, cap_bytes: int | None) -> int | None:
    """Return how much of the cap is used, rounded down, beyond 100 too; None when there is no cap."""
    if not cap_bytes:
        return None
    return used_bytes * 100 // cap_bytes


def period_begins_at(starts_on: date, zone: str) -> datetime:
    """Return when a date of the ISP begins, in UTC."""
    return datetime.combine(starts_on, time(), tzinfo=ZoneInfo(zone)).astimezone(UTC)
