"""How old the debts are: open invoices by days overdue, for each customer and in all."""

from dataclasses import dataclass
from datetime import date

from benfex.core.actors import require
from benfex.core.policy import billing_today
from benfex.core.unit_of_work import Snapshot
from data.queries import books_listing as listing
from data.values.identifiers import CustomerId
from data.values.money import Money
from data.values.roles import Permission

BUCKETS = ("not due", "1–30", "31–60", "61–90", "over 90")
_UPPER = (0, 30, 60, 90)


@dataclass(frozen=True, slots=True)
class AgedDebt:
    """What one customer owes in one currency: by bucket, in the order of BUCKETS, and in all."""

    customer_id: CustomerId
    customer_name: str
    account_number: str
    parts: tuple[Money, ...]
    total: Money


@dataclass(frozen=True, slots=True)
class Ageing:
    """All debts as of a day, the largest first, and the sums by bucket for each currency."""

    on: date
    debts: tuple[AgedDebt, ...]
    totals: tuple[tuple[Money, ...], ...]


def bucket_of(due_on: date, on: date) -> int:
    """Return the place in BUCKETS of what is due on a date; it is overdue from the day after."""
    days = (on - due_on).days
    return sum(days > upper for upper in _UPPER)


def ageing(snapshot: Snapshot) -> Ageing:
    """Return what is open today, by age."""
    require(snapshot.actor, Permission.VIEW_LEDGER)
    on = billing_today(snapshot)
    found: dict[tuple[int, str], list[int]] = {}
    names: dict[int, tuple[str, str]] = {}
    sums: dict[str, list[int]] = {}
    for row in listing.open_sums(snapshot.session):
        place = bucket_of(row.due_on, on)
        found.setdefault((row.customer_id, row.currency), [0] * len(BUCKETS))[place] += row.open_minor
        sums.setdefault(row.currency, [0] * len(BUCKETS))[place] += row.open_minor
        names[row.customer_id] = (row.customer_name, row.account_number)
    debts = [
        AgedDebt(
            CustomerId(customer_id),
            *names[customer_id],
            tuple(Money(minor, currency) for minor in parts),
            Money(sum(parts), currency),
        )
        for (customer_id, currency), parts in found.items()
    ]
    debts.sort(key=lambda debt: (debt.total.currency, -debt.total.minor, debt.customer_id))
    totals = tuple(
        tuple(Money(minor, currency) for minor in parts) for currency, parts in sorted(sums.items())
    )
    return Ageing(on, tuple(debts), totals)
