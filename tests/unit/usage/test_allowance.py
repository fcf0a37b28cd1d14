"""When a data cap is used up, and when a period begins."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from benfex.usage.allowance import (
    counts_from,
    has_effect,
    is_over,
    left_over,
    period_begins_at,
    steady_spans,
    used_percent,
    whole_days,
)
from data.values.daily_hours import DailyHours


@pytest.mark.parametrize(
    ("used", "cap", "over"), [(0, None, False), (10, 10, False), (11, 10, True), (5, 10, False), (1, 0, True)]
)
def test_a_cap_is_over_after_its_last_byte(used: int, cap: int | None, over: bool) -> None:
    assert is_over(used, cap) is over


def test_the_share_is_rounded_down_and_may_pass_a_hundred() -> None:
    assert [used_percent(used, 1_000) for used in (0, 999, 1_000, 1_509)] == [0, 99, 100, 150]
    assert used_percent(5, None) is None


def test_a_period_begins_at_midnight_of_the_isp() -> None:
    assert period_begins_at(date(2026, 11, 1), "Africa/Nairobi") == datetime(2026, 10, 31, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    ("bought_from", "hour"),
    [
        ((), datetime(2026, 10, 31, 21, tzinfo=UTC)),
        ((datetime(2026, 11, 1, 8, tzinfo=UTC),), datetime(2026, 11, 1, 8, tzinfo=UTC)),
        ((datetime(2026, 11, 1, 8, 0, 1, tzinfo=UTC),), datetime(2026, 11, 1, 9, tzinfo=UTC)),
        (
            (datetime(2026, 11, 1, 8, 30, tzinfo=UTC), datetime(2026, 11, 2, 8, 30, tzinfo=UTC)),
            datetime(2026, 11, 1, 9, tzinfo=UTC),
        ),
        (
            (datetime(2026, 11, 1, 8, 30, tzinfo=UTC), datetime(2026, 11, 1, 12, tzinfo=UTC)),
            datetime(2026, 11, 1, 12, tzinfo=UTC),
        ),
    ],
)
def test_bought_time_counts_from_the_first_whole_hour_in_it(
    bought_from: tuple[datetime, ...], hour: datetime
) -> None:
    now = datetime(2026, 11, 1, 12, tzinfo=UTC)
    assert counts_from(date(2026, 11, 1), bought_from, now=now, zone="Africa/Nairobi") == hour


def at(hour: int, zone: str = "Africa/Nairobi") -> datetime:
    return datetime(2026, 11, 5, hour, 30, tzinfo=ZoneInfo(zone))


def test_a_used_up_cap_has_effect_in_fair_use_hours_and_never_in_bonus_hours() -> None:
    def hours(bonus: DailyHours | None, fair_use: DailyHours | None) -> list[int]:
        return [
            hour
            for hour in range(24)
            if has_effect(at(hour), bonus_hours=bonus, fair_use_hours=fair_use, zone="Africa/Nairobi")
        ]

    assert hours(None, None) == list(range(24))
    assert hours(None, DailyHours(18, 23)) == [18, 19, 20, 21, 22]
    assert hours(DailyHours(0, 6), None) == list(range(6, 24))
    assert hours(DailyHours(22, 6), DailyHours(18, 0)) == [18, 19, 20, 21]


@pytest.mark.parametrize(
    ("granted", "rolled", "used", "left"),
    [(0, 0, 0, 100), (0, 0, 30, 70), (0, 0, 130, 0), (50, 0, 30, 120), (0, 40, 30, 100), (0, 40, 60, 80)],
)
def test_what_is_left_goes_over_and_what_came_over_is_used_first_or_gone(
    granted: int, rolled: int, used: int, left: int
) -> None:
    assert left_over(cap_bytes=100, granted_bytes=granted, rolled_bytes=rolled, used_bytes=used) == left


def test_a_span_is_split_where_clocks_change() -> None:
    since, until = datetime(2026, 10, 24, 10, tzinfo=UTC), datetime(2026, 10, 26, 10, tzinfo=UTC)
    change = datetime(2026, 10, 25, 1, tzinfo=UTC)
    assert steady_spans(since, until, "Europe/Berlin") == ((since, change, 7_200), (change, until, 3_600))
    assert steady_spans(since, until, "Africa/Nairobi") == ((since, until, 10_800),)
    assert steady_spans(since, since, "Africa/Nairobi") == ()


def test_the_whole_days_of_a_span_are_those_of_the_isp() -> None:
    def midnight(day: int) -> datetime:
        return datetime(2026, 11, day, tzinfo=ZoneInfo("Africa/Nairobi")).astimezone(UTC)

    hour = timedelta(hours=1)
    assert whole_days(midnight(1), midnight(4), "Africa/Nairobi") == (midnight(1), midnight(4))
    assert whole_days(midnight(1) + hour, midnight(4) + hour, "Africa/Nairobi") == (midnight(2), midnight(4))
    within = midnight(1) + 20 * hour
    assert whole_days(midnight(1) + hour, within, "Africa/Nairobi") == (within, within)
