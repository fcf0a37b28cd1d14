"""When a data cap is used up, and when a period begins."""

from datetime import UTC, date, datetime

import pytest

from benfex.usage.allowance import counts_from, is_over, period_begins_at, used_percent


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
