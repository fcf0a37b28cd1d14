"""Hours of each day of the ISP, as in "22:00 to 06:00"."""

from dataclasses import dataclass

from data.values.errors import InvalidInput

_DAY = 24


@dataclass(frozen=True, slots=True)
class DailyHours:
    """Whole local hours of each day, from one to before another; they may pass midnight.

    Both are from 0 to 23 and not the same; until 0 is until midnight. Whole, since usage is kept by the hour.
    """

    from_hour: int
    until_hour: int

    def __contains__(self, hour: int) -> bool:
        """Tell whether an hour of the day is one of them."""
        return (hour - self.from_hour) % _DAY < self.length

    def __str__(self) -> str:
        """Return the hours as people say them."""
        return f"{self.from_hour:02d}:00 to {self.until_hour:02d}:00"

    @property
    def length(self) -> int:
        """Return how many hours of a day they are, 1 to 23."""
        return (self.until_hour - self.from_hour) % _DAY


def parse_daily_hours(field: str, from_hour: int | None, until_hour: int | None) -> DailyHours | None:
    """Return the hours of a day from one to before another, None where neither is given; until 24 is midnight.

    Raises InvalidInput naming the field for half of it, for what is no hour, and for a whole day.
    """
    if from_hour is None and until_hour is None:
        return None
    if from_hour is None or until_hour is None:
        raise InvalidInput(field, "Give both the hour they begin and the hour they end, or neither.")
    if not (0 <= from_hour < _DAY and 0 <= until_hour <= _DAY):
        raise InvalidInput(field, "Give whole hours from 0 to 24.")
    hours = DailyHours(from_hour, until_hour % _DAY)
    if not hours.length:
        raise InvalidInput(field, "Give fewer hours than the whole day.")
    return hours


def kept_hours(from_hour: int | None, until_hour: int | None) -> DailyHours | None:
    """Return the hours that two columns keep, None where they are empty."""
    return None if from_hour is None or until_hour is None else DailyHours(from_hour, until_hour)
