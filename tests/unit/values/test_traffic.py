"""Bytes and speeds as the subscriber reads them."""

import pytest

from data.values.traffic import Rate, Traffic, format_bps, format_bytes


def test_traffic_adds_up_by_direction() -> None:
    day = Traffic(1_000, 200) + Traffic(500, 50)
    assert day == Traffic(1_500, 250)
    assert day.total_bytes == 1_750


def test_speeds_of_two_sessions_add_up() -> None:
    assert Rate(10, 1) + Rate(5, 2) == Rate(15, 3)


def test_bytes_over_a_minute_are_a_speed_in_bits() -> None:
    assert Traffic(75_000_000, 7_500_000).rate_over(60) == Rate(10_000_000, 1_000_000)
    with pytest.raises(ValueError, match="seconds"):
        Traffic(1, 1).rate_over(0)


def test_a_counter_never_counts_below_zero() -> None:
    with pytest.raises(ValueError, match="upload_bytes"):
        Traffic(0, -1)
    with pytest.raises(ValueError, match="download_bps"):
        Rate(-1, 0)
    with pytest.raises(TypeError, match="download_bytes"):
        Traffic(1.5, 0)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1 kB"),
        (1_440_000_000, "1.4 GB"),
        (999_960, "1 MB"),
        (999_949, "999.9 kB"),
        (2_000_000_000_000, "2 TB"),
        (5_000_000_000_000_000_000, "5,000 PB"),
        (-1_500, "-1.5 kB"),
    ],
)
def test_bytes_are_written_in_decimal_units(count: int, text: str) -> None:
    assert format_bytes(count) == text


@pytest.mark.parametrize(
    ("bps", "text"),
    [
        (0, "0 bps"),
        (256_000, "256 kbps"),
        (10_000_000, "10 Mbps"),
        (12_345_678, "12.3 Mbps"),
        (1_000_000_000, "1 Gbps"),
    ],
)
def test_speeds_are_written_as_plans_name_them(bps: int, text: str) -> None:
    assert format_bps(bps) == text
