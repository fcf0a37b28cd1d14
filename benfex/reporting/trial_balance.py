"""The trial balance: every account of the chart as of the end of a day. That it is right is proved by `ledger`."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from benfex.core.actors import require
from benfex.core.policy import billing_today, current_terms
from benfex.core.unit_of_work import Snapshot
from benfex.ledger.chart import NAME_OF, AccountCode
from data.queries import books_listing as listing
from data.values.money import Money
from data.values.roles import Permission

# The receivable account of a customer who is ahead is their money with us, and no one else's debt.
_AHEAD = "Customers' credit"


@dataclass(frozen=True, slots=True)
class TrialLine:
    """One account of the chart in one currency; one of `debit` and `credit` is nothing."""

    code: AccountCode
    name: str
    debit: Money
    credit: Money


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """Every account in the order of the chart, a currency after the other, and the sums of each currency."""

    on: date
    lines: tuple[TrialLine, ...]
    totals: tuple[tuple[Money, Money], ...]

    @property
    def is_balanced(self) -> bool:
        """Return whether debits and credits are the same in every currency."""
        return all(debit == credit for debit, credit in self.totals)


def trial_balance(snapshot: Snapshot, *, on: date | None = None) -> TrialBalance:
    """Return the balances at the end of a day of the ISP, today when left out."""
    require(snapshot.actor, Permission.VIEW_LEDGER)
    on = on or billing_today(snapshot)
    zone = ZoneInfo(current_terms(snapshot).timezone)
    before = datetime.combine(on + timedelta(days=1), time(), zone).astimezone(UTC)
    sums: dict[tuple[str, str, bool], int] = {}
    for row in listing.account_sums(snapshot.session, before=before):
        balance = row.debit_minor - row.credit_minor
        is_ahead = row.code == AccountCode.RECEIVABLE and balance < 0
        key = (row.currency, row.code, is_ahead)
        sums[key] = sums.get(key, 0) + balance
    lines = tuple(
        TrialLine(
            AccountCode(code),
            _AHEAD if is_ahead else NAME_OF[AccountCode(code)],
            Money(max(minor, 0), currency),
            Money(max(-minor, 0), currency),
        )
        for (currency, code, is_ahead), minor in sorted(sums.items())
        if minor
    )
    totals = []
    for currency in sorted({line.debit.currency for line in lines}):
        of_currency = [line for line in lines if line.debit.currency == currency]
        totals.append(
            (
                Money(sum(line.debit.minor for line in of_currency), currency),
                Money(sum(line.credit.minor for line in of_currency), currency),
            )
        )
    return TrialBalance(on, lines, tuple(totals))
