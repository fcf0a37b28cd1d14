"""Hours of each day: from one to before another, past midnight too."""

import pytest

from data.values.daily_hours import DailyHours, kept_hours, parse_daily_hours
from data.values.errors import InvalidInput


@pytest.mark.parametrize(
    ("hours", "held"),
    [
        (DailyHours(0, 6), [0, 1, 2, 3, 4, 5]),
        (DailyHours(22, 2), [0, 1, 22, 23]),
        (DailyHours(22, 0), [22, 23]),
        (DailyHours(6, 5), [hour for hour in range(24) if hour != 5]),
    ],
)
def test_hours_may_pass_midnight(hours: DailyHours, held: list[int]) -> None:
    assert [hour for hour in range(24) if hour in hours] == held
    assert hours.length == len(held)


def test_they_are_said_as_people_do() -> None:
    assert str(DailyHours(22, 6)) == "22:00 to 06:00"


def test_neither_is_no_hours_and_24_is_midnight() -> None:
    assert parse_daily_hours("hours", None, None) is None
    assert parse_daily_hours("hours", 18, 24) == DailyHours(18, 0)
    assert kept_hours(18, 0) == DailyHours(18, 0)
    assert kept_hours(None, None) is None


@pytest.mark.parametrize(
    ("from_hour", "until_hour"), [(None, 6), (6, None), (24, 6), (-1, 6), (6, 25), (6, 6), (0, 24)]
)
def test_what_is_no_part_of_a_day_is_refused(from_hour: int | None, until_hour: int | None) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_daily_hours("bonus_hours", from_hour, until_hour)
    assert refused.value.field == "bonus_hours"
