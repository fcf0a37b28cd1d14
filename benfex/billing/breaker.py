"""Rule: when a run is so unlike what is usual that a person must say go on. Who asks is the run itself. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from data.values.money import Money

FEW = 10  # with fewer than this, a share says nothing: one customer of three is a third


@dataclass(frozen=True, slots=True)
class CycleFigures:
    """What was, or would be, invoiced: how many, and how much by currency, tax included; `since` is the first day."""

    since: date
    invoices: int
    totals: Mapping[str, int] = field(default_factory=dict)

    def say(self) -> str:
        """Return the figures for people."""
        sums = " and ".join(str(Money(minor, currency)) for currency, minor in sorted(self.totals.items()))
        return f"{self.invoices:,} invoices over {sums}" if sums else f"{self.invoices:,} invoices"


def would_trip(share_percent: int, affected: int, total: int) -> bool:
    """Return whether more than a share of all is affected; what touches only a few never trips."""
    return affected >= FEW and affected * 100 > share_percent * total


def differs(share_percent: int, now: int, before: int) -> bool:
    """Return whether a figure is more than a share above or below what it was."""
    return abs(now - before) * 100 > share_percent * before


def invoicing_question(due: CycleFigures, last: CycleFigures | None, *, share_percent: int) -> str | None:
    """Return what to ask before so much is invoiced, None when it is as usual.

    Nothing is asked without a last cycle of at least `FEW` invoices. Count and total of each currency count.
    """
    if last is None or last.invoices < FEW:
        return None
    currencies = sorted({*due.totals, *last.totals})
    is_unlike = differs(share_percent, due.invoices, last.invoices) or any(
        differs(share_percent, due.totals.get(currency, 0), last.totals.get(currency, 0))
        for currency in currencies
    )
    if not is_unlike:
        return None
    since = f"{last.since.day} {last.since:%b %Y}"
    return f"With this run the day would come to {due.say()}. The last cycle, on {since}, had {last.say()}. Go on?"
