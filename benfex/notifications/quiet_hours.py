"""When a message may leave: people are not woken by a reminder. Pure."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo


def sending_time(now: datetime, *, timezone: str, from_hour: int, until_hour: int) -> datetime:
    """Return the first instant from `now` on at which messages may leave, in aware UTC or as `now` was given.

    Hours are of the ISP: from 8 until 20 is day. From 20 until 8 would be night; equal hours mean always.
    """
    zone = ZoneInfo(timezone)
    here = now.astimezone(zone)
    if from_hour == until_hour or _is_open(here.hour, from_hour, until_hour):
        return now
    day = here.date() if here.hour < from_hour else here.date() + timedelta(days=1)
    return datetime.combine(day, time(from_hour % 24), zone).astimezone(now.tzinfo)


def _is_open(hour: int, from_hour: int, until_hour: int) -> bool:
    if from_hour < until_hour:
        return from_hour <= hour < until_hour
    return hour >= from_hour or hour < until_hour
