"""Where a new service begins to be charged, for each way of coming to the billing day."""

from datetime import date

import pytest

from benfex.subscriptions.opening import Opening, open_service
from data.values.kinds import CycleAlignment as Align
from data.values.kinds import Interval
from data.values.periods import next_boundary

DAY = date(2026, 11, 23)


def opened(
    starts_on: date = DAY,
    *,
    alignment: Align = Align.PRORATE,
    billing_day: int | None = 1,
    interval: Interval = Interval.MONTH,
    count: int = 1,
    trial_days: int = 0,
) -> Opening:
    return open_service(
        starts_on=starts_on,
        interval=interval,
        interval_count=count,
        billing_day=billing_day,
        alignment=alignment,
        trial_days=trial_days,
    )


def dates(opening: Opening) -> tuple[int, date, date]:
    return opening.anchor_day, opening.charged_from_on, opening.first_period_ends_on


@pytest.mark.parametrize(
    ("alignment", "charged_from_on", "anchor_day", "first_period_ends_on"),
    [
        (Align.ANNIVERSARY, DAY, 23, date(2026, 12, 23)),
        (Align.PRORATE, DAY, 1, date(2026, 12, 1)),
        (Align.PART_PLUS_FULL, DAY, 1, date(2026, 12, 1)),
        (Align.FREE_UNTIL, date(2026, 12, 1), 1, date(2026, 12, 1)),
    ],
)
def test_each_alignment_comes_to_the_billing_day_in_its_own_way(
    alignment: Align, charged_from_on: date, anchor_day: int, first_period_ends_on: date
) -> None:
    assert dates(opened(alignment=alignment)) == (anchor_day, charged_from_on, first_period_ends_on)


@pytest.mark.parametrize("alignment", [Align.PRORATE, Align.PART_PLUS_FULL, Align.FREE_UNTIL])
def test_a_service_that_starts_on_the_billing_day_is_charged_at_once(alignment: Align) -> None:
    assert dates(opened(date(2026, 12, 1), alignment=alignment)) == (
        1,
        date(2026, 12, 1),
        date(2027, 1, 1),
    )


def test_the_31st_is_clamped_in_february_and_springs_back() -> None:
    opening = opened(date(2027, 2, 10), billing_day=31)
    assert dates(opening) == (31, date(2027, 2, 10), date(2027, 2, 28))
    assert next_boundary(opening.first_period_ends_on, Interval.MONTH, 1, opening.anchor_day) == date(
        2027, 3, 31
    )


def test_the_29th_is_leap_day_where_there_is_one() -> None:
    assert opened(date(2028, 2, 10), billing_day=29).first_period_ends_on == date(2028, 2, 29)
    assert opened(date(2027, 2, 10), billing_day=29).first_period_ends_on == date(2027, 2, 28)
    assert dates(opened(date(2028, 2, 29), alignment=Align.ANNIVERSARY)) == (
        29,
        date(2028, 2, 29),
        date(2028, 3, 29),
    )


def test_free_until_the_31st_is_charged_from_the_last_day_of_a_short_month() -> None:
    opening = opened(date(2027, 2, 28), billing_day=31, alignment=Align.FREE_UNTIL)
    assert dates(opening) == (31, date(2027, 2, 28), date(2027, 3, 31))


def test_weeks_and_days_have_no_common_day() -> None:
    opening = opened(interval=Interval.WEEK, alignment=Align.PART_PLUS_FULL)
    assert (opening.alignment, opening.charged_from_on) == (Align.ANNIVERSARY, DAY)
    assert opening.first_period_ends_on == date(2026, 11, 30)


def test_without_a_billing_day_every_service_has_its_own() -> None:
    assert opened(billing_day=None, alignment=Align.FREE_UNTIL).alignment is Align.ANNIVERSARY


@pytest.mark.parametrize(
    ("alignment", "anchor_day", "charged_from_on"),
    [
        (Align.ANNIVERSARY, 7, date(2026, 12, 7)),
        (Align.PRORATE, 1, date(2026, 12, 7)),
        (Align.FREE_UNTIL, 1, date(2027, 1, 1)),
    ],
)
def test_a_trial_is_free_and_the_rest_counts_from_its_end(
    alignment: Align, anchor_day: int, charged_from_on: date
) -> None:
    opening = opened(alignment=alignment, trial_days=14)
    assert opening.trial_ends_on == date(2026, 12, 7)
    assert dates(opening) == (anchor_day, charged_from_on, charged_from_on)


def test_a_quarter_comes_to_the_billing_day_by_a_short_part() -> None:
    assert opened(count=3).first_period_ends_on == date(2026, 12, 1)
    assert opened(count=3, alignment=Align.ANNIVERSARY).first_period_ends_on == date(2027, 2, 23)
