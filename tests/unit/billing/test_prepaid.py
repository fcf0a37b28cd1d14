"""How long prepaid money lasts, to the second."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benfex.billing.prepaid import BoughtTime, part_period, period_end, whole_period
from data.values.kinds import Interval

NAIROBI, LONDON = "Africa/Nairobi", "Europe/London"


def at(day: str, time: str = "09:30:15") -> datetime:
    return datetime.fromisoformat(f"{day}T{time}+00:00")


@pytest.mark.parametrize(
    ("start", "interval", "count", "anchor_day", "timezone", "end"),
    [
        (at("2026-11-23"), Interval.HOUR, 3, 23, NAIROBI, at("2026-11-23", "12:30:15")),
        (at("2026-11-23"), Interval.DAY, 1, 23, NAIROBI, at("2026-11-24")),
        (at("2026-11-23"), Interval.WEEK, 2, 23, NAIROBI, at("2026-12-07")),
        (at("2027-01-31"), Interval.MONTH, 1, 31, NAIROBI, at("2027-02-28")),
        (at("2027-02-28"), Interval.MONTH, 1, 31, NAIROBI, at("2027-03-31")),
        (at("2026-10-24"), Interval.DAY, 1, 24, LONDON, at("2026-10-25", "10:30:15")),
        (at("2026-10-24", "22:30:00"), Interval.HOUR, 24, 24, LONDON, at("2026-10-25", "22:30:00")),
    ],
)
def test_a_period_ends_at_the_same_local_time_and_hours_are_elapsed_time(
    start: datetime, interval: Interval, count: int, anchor_day: int, timezone: str, end: datetime
) -> None:
    assert period_end(start, interval=interval, count=count, anchor_day=anchor_day, timezone=timezone) == end


def month(price_minor: int = 300_000) -> BoughtTime:
    return whole_period(
        at("2026-11-23"),
        price_minor=price_minor,
        interval=Interval.MONTH,
        count=1,
        anchor_day=23,
        timezone=NAIROBI,
    )


def test_a_third_of_the_money_buys_a_third_of_the_hours() -> None:
    part = part_period(month(), money_minor=100_000, hours_min=24)
    assert part is not None
    assert (part.hours, part.of_hours, part.amount_minor) == (240, 720, 100_000)
    assert part.ends_at == at("2026-11-23") + timedelta(hours=240)


def test_less_than_the_least_buys_nothing() -> None:
    assert part_period(month(), money_minor=9_999, hours_min=24) is None


@given(st.integers(1, 10**9), st.integers(0, 10**9), st.integers(0, 100))
def test_a_part_never_costs_more_than_the_money_nor_lasts_longer_than_it_pays(
    price: int, money: int, hours_min: int
) -> None:
    part = part_period(month(price), money_minor=money, hours_min=hours_min)
    if part is not None:
        assert part.amount_minor <= max(money, 0) or part.is_whole
        assert part.hours * price <= money * part.of_hours or part.is_whole
        assert part.ends_at > part.starts_at


@given(st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)), st.sampled_from(list(Interval)))  # noqa: DTZ001
def test_a_period_always_ends_after_it_starts(naive: datetime, interval: Interval) -> None:
    start = naive.replace(tzinfo=UTC)
    end = period_end(start, interval=interval, count=1, anchor_day=31, timezone=LONDON)
    assert end > start
