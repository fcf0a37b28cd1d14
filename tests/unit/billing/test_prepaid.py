"""How long prepaid money lasts, to the second."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benfex.billing.prepaid import BoughtTime, part_period, period_end, whole_period
from data.values.kinds import Interval
from data.values.money import round_half_up

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


def test_what_some_hours_cost_buys_them() -> None:
    day = whole_period(
        at("2026-11-23"), price_minor=100_00, interval=Interval.DAY, count=1, anchor_day=23, timezone=NAIROBI
    )
    part = part_period(day, money_minor=20_83, hours_min=1)  # 5/24 of 100
    assert part is not None
    assert (part.hours, part.amount_minor) == (5, 20_83)


def test_less_than_the_least_buys_nothing() -> None:
    assert part_period(month(), money_minor=9_999, hours_min=24) is None


@given(st.integers(1, 10**9), st.integers(0, 10**9), st.integers(0, 100))
def test_a_part_is_the_most_hours_that_the_money_covers(price: int, money: int, hours_min: int) -> None:
    part = part_period(month(price), money_minor=money, hours_min=hours_min)
    if part is not None and not part.is_whole:
        assert part.amount_minor <= money
        assert round_half_up(price * (part.hours + 1), part.of_hours) > money
        assert part.ends_at > part.starts_at


@given(st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)), st.sampled_from(list(Interval)))  # noqa: DTZ001
def test_a_period_always_ends_after_it_starts(naive: datetime, interval: Interval) -> None:
    start = naive.replace(tzinfo=UTC)
    end = period_end(start, interval=interval, count=1, anchor_day=31, timezone=LONDON)
    assert end > start
