"""Charge for part of a cycle. Pure.

Days in the part over the actual days of the full cycle, rounded once, half up (Kill Bill, InvoiceDateUtils); an
ISP may count every month as a fixed number of days instead.
"""

from dataclasses import dataclass

from data.values.money import round_half_up
from data.values.periods import Period


@dataclass(frozen=True, slots=True)
class Share:
    """How many days of how many are charged; the same number twice is the whole."""

    days: int
    of_days: int

    @property
    def is_whole(self) -> bool:
        """Return whether nothing is missing."""
        return self.days == self.of_days

    def of(self, amount_minor: int) -> int:
        """Return the share of an amount in minor units, rounded half up; the rest is nobody's."""
        return amount_minor if self.is_whole else round_half_up(amount_minor * self.days, self.of_days)


def share_of(part: Period, *, cycle: Period, counts_as_days: int | None = None) -> Share:
    """Return the share of a full cycle that a part of it is.

    A cycle that `counts_as_days` is that long whatever its days are, and a part never counts as more.
    """
    if part == cycle:
        return Share(cycle.days, cycle.days)
    if counts_as_days is not None:
        return Share(min(part.days, counts_as_days), counts_as_days)
    return Share(part.days, cycle.days)
