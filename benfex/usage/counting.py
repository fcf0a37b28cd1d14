"""What counts against the data of a period: all that was moved but in bonus hours."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from benfex.usage.allowance import steady_spans, whole_days
from data.models.catalog import Plan
from data.queries import usage as usage_queries
from data.queries.usage_hours import HoursSpan, moved_in_hours
from data.session import Session
from data.values.daily_hours import DailyHours, kept_hours


class CountedSpan(NamedTuple):
    """A connection in `[since, until)`, with the hours of the day that do not count."""

    connection_id: int
    since: datetime
    until: datetime
    bonus_hours: DailyHours | None


def counted_between(session: Session, spans: Sequence[CountedSpan], *, zone: str) -> list[int]:
    """Return the bytes both ways that count of each span, from the whole days and the other hours that began in it."""
    alike: dict[tuple[datetime, datetime], list[tuple[int, int]]] = {}
    for place, (line, since, until, _) in enumerate(spans):
        alike.setdefault((since, until), []).append((place, line))
    days: dict[tuple[datetime, datetime], list[tuple[int, int]]] = {}
    hours: dict[tuple[datetime, datetime], list[tuple[int, int]]] = {}
    for (since, until), those in alike.items():
        days_from, days_until = whole_days(since, until, zone)
        if days_from < days_until:
            days.setdefault((days_from, days_until), []).extend(those)
        if since < days_from:
            hours.setdefault((since, days_from), []).extend(those)
        if days_until < until:
            hours.setdefault((days_until, until), []).extend(those)
    in_days = usage_queries.used_in_days(session, days)
    in_hours = usage_queries.used_in_hours(session, hours)
    free = moved_in_hours(session, hours_spans(spans, zone=zone))
    return [
        in_days.get(place, 0) + in_hours.get(place, 0) - sum(free.get(place, (0, 0)))
        for place in range(len(spans))
    ]


def bonus_hours_of(plan: Plan) -> DailyHours | None:
    """Return the hours in which what is used on a plan does not count."""
    return kept_hours(plan.bonus_from_hour, plan.bonus_until_hour)


def hours_spans(spans: Sequence[CountedSpan], *, zone: str) -> list[HoursSpan]:
    """Return where the bonus hours of each span lie; its index is the place."""
    return [
        HoursSpan(place, span.connection_id, since, until, offset_seconds, span.bonus_hours)
        for place, span in enumerate(spans)
        if span.bonus_hours is not None
        for since, until, offset_seconds in steady_spans(span.since, span.until, zone)
    ]
