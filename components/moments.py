"""Instants and dates in people's words, the exact time on hover; the clock is handed in."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from nicegui.elements.mixins.text_element import TextElement

from components.elements import text


def say_when(at: datetime, *, now: datetime, timezone: str) -> str:
    """Return "just now", "5 min ago", "today 14:02", "yesterday 09:15", "12 Nov" or "12 Nov 2025"."""
    zone = ZoneInfo(timezone)
    here, today = at.astimezone(zone), now.astimezone(zone).date()
    age = now - at
    if timedelta(0) <= age < timedelta(seconds=50):
        return "just now"
    if timedelta(0) <= age < timedelta(minutes=59):
        return f"{max(1, round(age.total_seconds() / 60))} min ago"
    days = {today: "today", today - timedelta(days=1): "yesterday", today + timedelta(days=1): "tomorrow"}
    if here.date() in days:
        return f"{days[here.date()]} {here:%H:%M}"
    return say_day(here.date(), today=today)


def say_exactly(at: datetime, *, timezone: str) -> str:
    """Return "Mon 23 Nov 2026, 14:02:10" in the ISP's timezone."""
    here = at.astimezone(ZoneInfo(timezone))
    return f"{here:%a} {here.day} {here:%b %Y, %H:%M:%S}"


def say_day(day: date, *, today: date) -> str:
    """Return "12 Nov", with the year when it is not this one."""
    return f"{day.day} {day:%b}" if day.year == today.year else f"{day.day} {day:%b %Y}"


def moment(at: datetime | None, *, now: datetime, timezone: str, classes: str = "t2 num") -> TextElement:
    """Create a relative time with the exact one on hover; None shows a dash."""
    if at is None:
        return text("—", classes, "span")
    words = say_when(at, now=now, timezone=timezone)
    return text(words, classes, "time", title=say_exactly(at, timezone=timezone), datetime=at.isoformat())
