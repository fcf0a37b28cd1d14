"""What time it is: the only place that asks the machine."""

import time
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo


class Clock(Protocol):
    """Tells instants in aware UTC and a steady count of seconds."""

    def now(self) -> datetime:
        """Return the instant it is."""

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the instant it is."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""
        return time.monotonic()


class MovedClock:
    """A clock that stands until it is moved: for history and tests."""

    def __init__(self, start: datetime) -> None:
        self._now = start
        self._monotonic = 0.0

    def now(self) -> datetime:
        """Return the instant it was moved to."""
        return self._now

    def monotonic(self) -> float:
        """Return the seconds it was moved in all."""
        return self._monotonic

    def move_to(self, instant: datetime) -> None:
        """Set the clock; steady seconds follow forwards only."""
        self._monotonic += max(0.0, (instant - self._now).total_seconds())
        self._now = instant

    def advance(self, span: timedelta) -> None:
        """Move the clock on by a span."""
        self.move_to(self._now + span)


def local_date(instant: datetime, zone: str) -> date:
    """Return the date it is in a timezone at an instant."""
    return instant.astimezone(ZoneInfo(zone)).date()
