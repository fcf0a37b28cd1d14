"""Money at a glance: what was billed and collected this month against the same days of the last."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from benfex.core.actors import require
from benfex.core.clock import local_date
from benfex.core.policy import current_terms
from benfex.core.unit_of_work import Snapshot
from data.queries import reports_listing as listing
from data.values.money import CURRENCIES, Money, round_half_up
from data.values.periods import add_months
from data.values.roles import Permission

_TREND_DAYS = 30


@dataclass(frozen=True, slots=True)
class Compared:
    """A sum of this month so far, and of the same days of last month; the change in tenths of a percent.

    `change_permille` is None when there was nothing last month.
    """

    now: Money
    before: Money
    change_permille: int | None


@dataclass(frozen=True, slots=True)
class Overdue:
    """What customers have not paid in time."""

    outstanding: Money
    invoices: int
    customers: int


@dataclass(frozen=True, slots=True)
class RevenueFigures:
    """Money of the month; `daily` is what came in on each of the last 30 days, today last.

    `daily_whole` is the same in whole units of the currency, `billed_whole` what was billed, for drawing.
    """

    month_starts_on: date
    billed: Compared
    collected: Compared
    payments: int
    overdue: Overdue
    days: tuple[date, ...]
    daily: tuple[Money, ...]
    daily_whole: tuple[int, ...]
    billed_whole: tuple[int, ...]
    timezone: str


def revenue(snapshot: Snapshot) -> RevenueFigures:
    """Return the figures in the ISP's currency and timezone; what was billed is without tax."""
    require(snapshot.actor, Permission.VIEW_DASHBOARD)
    terms = current_terms(snapshot)
    currency, zone = terms.currency, ZoneInfo(terms.timezone)
    today = local_date(snapshot.now, terms.timezone)
    month, last_month = today.replace(day=1), add_months(today, -1, 1)
    same_day = add_months(today, -1, today.day)
    session = snapshot.session

    billed_now = listing.invoiced_net(
        session, since=month, until=today + timedelta(days=1), currency=currency
    )
    billed_before = listing.invoiced_net(
        session, since=last_month, until=same_day + timedelta(days=1), currency=currency
    )
    same_moment = datetime.combine(same_day, snapshot.now.astimezone(zone).time(), zone)
    came, payments = listing.collected(
        session, since=_midnight(month, zone), until=snapshot.now + timedelta(seconds=1), currency=currency
    )
    came_before, _ = listing.collected(
        session, since=_midnight(last_month, zone), until=same_moment, currency=currency
    )
    overdue = listing.overdue_figures(session, on=today, currency=currency)
    days = tuple(today - timedelta(days=back) for back in range(_TREND_DAYS - 1, -1, -1))
    bounds = [(_midnight(day, zone), _midnight(day + timedelta(days=1), zone)) for day in days]
    daily = listing.collected_per_span(session, bounds=bounds, currency=currency)
    billed = listing.invoiced_net_per_day(session, since=days[0], currency=currency)
    unit = 10 ** CURRENCIES[currency]
    return RevenueFigures(
        month_starts_on=month,
        billed=_compared(billed_now, billed_before, currency),
        collected=_compared(came, came_before, currency),
        payments=payments,
        overdue=Overdue(Money(overdue.outstanding_minor, currency), overdue.invoices, overdue.customers),
        days=days,
        daily=tuple(Money(minor, currency) for minor in daily),
        daily_whole=tuple(round_half_up(minor, unit) for minor in daily),
        billed_whole=tuple(round_half_up(billed.get(day, 0), unit) for day in days),
        timezone=terms.timezone,
    )


def change_permille(now: int, before: int) -> int | None:
    """Return the change from `before` to `now` in tenths of a percent, None from nothing."""
    return round_half_up((now - before) * 1000, before) if before > 0 else None


def _compared(now: int, before: int, currency: str) -> Compared:
    return Compared(Money(now, currency), Money(before, currency), change_permille(now, before))


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone)
