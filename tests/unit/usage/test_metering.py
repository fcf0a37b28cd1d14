"""Two readings of a counter become traffic that nobody invented."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from benfex.network.driver import CounterReading
from benfex.usage.metering import (
    CounterBaseline,
    Metered,
    MeterFlag,
    PollSpan,
    RouterClock,
    advance_clock,
    full_session_key,
    meter,
    restore_clock,
    split_over,
)
from data.values.traffic import Rate, Traffic

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
CLOCK = RouterClock(int(START.timestamp()) - 86_400, 86_400, START)
READING = CounterReading("alice", "*F1 <pppoe-alice> alice", 1_000_000, 200_000, 3_600)


def span(*, after_seconds: float = 60, is_first: bool = False, ceiling: Rate | None = None) -> PollSpan:
    """Return a poll that long after START, when the last one was."""
    read_at = START + timedelta(seconds=after_seconds)
    return PollSpan(CLOCK, read_at, None if is_first else START, 60, ceiling)


def baseline(**changes: int) -> CounterBaseline:
    kept = CounterBaseline(full_session_key(CLOCK, READING.session_key), 1_000_000, 200_000, 3_600, START)
    return kept._replace(**changes)  # type: ignore[arg-type]


def later(seconds: int = 60, *, download_bytes: int = 0, upload_bytes: int = 0) -> CounterReading:
    return replace(
        READING,
        download_bytes=READING.download_bytes + download_bytes,
        upload_bytes=READING.upload_bytes + upload_bytes,
        uptime_seconds=READING.uptime_seconds + seconds,
    )


def flags(metered: Metered) -> set[MeterFlag]:
    return set(metered.flags)


def test_what_was_added_is_the_traffic() -> None:
    metered = meter(baseline(), later(download_bytes=7_500_000, upload_bytes=750_000), span=span())

    assert metered.traffic == Traffic(7_500_000, 750_000)
    assert metered.rate == Rate(1_000_000, 100_000)
    assert metered.covered_seconds == 60
    assert flags(metered) == set()


def test_the_rate_is_of_the_time_that_really_passed() -> None:
    metered = meter(baseline(), later(90, download_bytes=9_000_000), span=span(after_seconds=90))

    assert metered.rate == Rate(800_000, 0)


def test_the_time_is_that_between_the_counts_when_it_is_known_not_between_our_taking_them_up() -> None:
    before = baseline()._replace(steady_at=500.0)
    counted = replace(later(80, download_bytes=8_000_000), steady_at=580.0)

    metered = meter(before, counted, span=span(after_seconds=60))

    assert metered.rate == Rate(800_000, 0)
    assert metered.covered_seconds == 80
    assert flags(metered) == set()


def test_a_new_session_is_rated_over_the_time_between_the_counts() -> None:
    counted = replace(READING, uptime_seconds=45, steady_at=580.0)

    metered = meter(None, counted, span=replace(span(), previous_steady_at=500.0))

    assert metered.rate == Rate(100_000, 20_000)


def test_the_next_reading_counts_from_this_one() -> None:
    first = meter(baseline(), later(download_bytes=500), span=span())

    again = meter(first.baseline, later(download_bytes=500), span=span())

    assert again.traffic == Traffic(0, 0)


def test_a_session_that_began_since_the_last_poll_counts_whole() -> None:
    metered = meter(None, replace(READING, uptime_seconds=45), span=span())

    assert metered.traffic == Traffic(1_000_000, 200_000)
    assert flags(metered) == {MeterFlag.NEW_SESSION}


def test_a_session_older_than_our_watching_is_only_a_baseline() -> None:
    metered = meter(None, READING, span=span())

    assert metered.traffic == Traffic(0, 0)
    assert metered.rate is None
    assert flags(metered) == {MeterFlag.FIRST_SIGHT}
    assert metered.baseline.download_bytes == READING.download_bytes


def test_at_the_first_poll_of_a_router_nothing_is_counted() -> None:
    metered = meter(None, replace(READING, uptime_seconds=5), span=span(is_first=True))

    assert flags(metered) == {MeterFlag.FIRST_SIGHT}


def test_counters_set_to_zero_by_hand_count_from_zero() -> None:
    metered = meter(baseline(), replace(later(), download_bytes=40, upload_bytes=2), span=span())

    assert metered.traffic == Traffic(40, 2)
    assert flags(metered) == {MeterFlag.COUNTER_RESET}


def test_one_counter_that_fell_means_that_both_began_anew() -> None:
    metered = meter(baseline(), replace(later(), download_bytes=40), span=span())

    assert metered.traffic == Traffic(40, 200_000)


def test_an_interface_id_that_went_to_another_dial_counts_whole() -> None:
    metered = meter(baseline(), replace(READING, uptime_seconds=20), span=span())

    assert metered.traffic == Traffic(1_000_000, 200_000)
    assert flags(metered) == {MeterFlag.NEW_SESSION}


def test_after_a_gap_the_traffic_is_known_but_not_the_rate() -> None:
    metered = meter(baseline(), later(3_600, download_bytes=900), span=span(after_seconds=3_600))

    assert metered.traffic == Traffic(900, 0)
    assert metered.rate is None
    assert metered.covered_seconds == 3_600
    assert flags(metered) == {MeterFlag.GAP}


@pytest.mark.parametrize("after_seconds", [-3_000, 0, 7_200])
def test_a_clock_that_jumped_changes_no_total(after_seconds: int) -> None:
    metered = meter(baseline(), later(60, download_bytes=900), span=span(after_seconds=after_seconds))

    assert metered.traffic == Traffic(900, 0)
    assert metered.rate is None
    assert MeterFlag.CLOCK_STEPPED in metered.flags


def test_more_than_the_line_carries_is_set_aside_for_a_person() -> None:
    ceiling = Rate(10_000_000, 1_000_000)

    metered = meter(baseline(), later(download_bytes=10**12), span=span(ceiling=ceiling))

    assert metered.traffic == Traffic(0, 0)
    assert metered.quarantined == Traffic(10**12, 0)
    assert metered.rate is None
    assert flags(metered) == {MeterFlag.QUARANTINED}
    again = meter(metered.baseline, later(download_bytes=10**12), span=span(ceiling=ceiling))
    assert again.quarantined is None


def test_a_line_at_its_ceiling_is_believed() -> None:
    ceiling = Rate(10_000_000, 1_000_000)

    metered = meter(baseline(), later(download_bytes=75_000_000), span=span(ceiling=ceiling))

    assert metered.quarantined is None


def test_a_baseline_of_an_earlier_boot_is_not_continued() -> None:
    rebooted = replace(span(), clock=RouterClock(CLOCK.boot + 900, 30, START))

    metered = meter(baseline(), replace(READING, uptime_seconds=20), span=rebooted)

    assert metered.traffic == Traffic(1_000_000, 200_000)
    assert metered.baseline.session_key.startswith(f"{CLOCK.boot + 900}:")


def test_a_boot_keeps_its_name_while_the_router_runs() -> None:
    clock = CLOCK
    for minute in range(1, 100):
        read_at = START + timedelta(minutes=minute, seconds=minute % 3)
        clock = advance_clock(clock, uptime_seconds=86_400 + 60 * minute, read_at=read_at)

    assert clock.boot == CLOCK.boot


@pytest.mark.parametrize(("after_seconds", "uptime_seconds"), [(60, 5), (7_200, 3_600), (200_000, 90_000)])
def test_a_restart_is_seen_even_after_a_long_gap(after_seconds: int, uptime_seconds: int) -> None:
    read_at = START + timedelta(seconds=after_seconds)

    clock = advance_clock(CLOCK, uptime_seconds=uptime_seconds, read_at=read_at)

    assert clock.boot == int(read_at.timestamp()) - uptime_seconds


def test_a_router_that_restarts_twice_in_a_row_is_seen_to() -> None:
    young = RouterClock(int(START.timestamp()) - 20, 20, START)

    clock = advance_clock(young, uptime_seconds=5, read_at=START + timedelta(seconds=10))

    assert clock.boot == young.boot + 25


def test_a_slow_router_clock_is_no_restart_after_a_restart_of_ours() -> None:
    month_seconds = 30 * 86_400
    row = baseline()
    old = row._replace(session_key=f"{int(START.timestamp()) - month_seconds}:k")

    clock = advance_clock(
        restore_clock(old), uptime_seconds=month_seconds - 90, read_at=START + timedelta(seconds=5)
    )

    assert clock.boot == int(START.timestamp()) - month_seconds


def test_our_clock_being_set_back_is_no_restart() -> None:
    clock = advance_clock(CLOCK, uptime_seconds=86_460, read_at=START - timedelta(hours=1))

    assert clock.boot == CLOCK.boot


def test_the_first_sight_of_a_router_names_its_boot() -> None:
    assert advance_clock(None, uptime_seconds=86_400, read_at=START).boot == CLOCK.boot


def test_a_boot_is_recognised_after_a_restart_of_ours() -> None:
    restored = restore_clock(baseline())

    clock = advance_clock(restored, uptime_seconds=90_000, read_at=START + timedelta(hours=1))

    assert clock.boot == CLOCK.boot


def test_traffic_is_shared_over_midnight_without_a_byte_lost() -> None:
    assert split_over(Traffic(100, 7), [10, 20, 0, 30]) == (
        Traffic(16, 1),
        Traffic(34, 2),
        Traffic(0, 0),
        Traffic(50, 4),
    )


@pytest.mark.parametrize("seconds", [[], [0, 0], [5, -1]])
def test_spans_without_a_length_are_refused(seconds: list[int]) -> None:
    with pytest.raises(ValueError, match="length"):
        split_over(Traffic(1, 1), seconds)
