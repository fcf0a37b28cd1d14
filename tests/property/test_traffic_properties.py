"""Written volumes stay true to the bytes behind them."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from data.values.traffic import Traffic, format_bps, format_bytes

counts = st.integers(0, 10**18)
UNITS = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "PB": 10**15}


@given(counts)
def test_a_written_volume_is_within_half_a_tenth_of_its_unit(count: int) -> None:
    number, unit = format_bytes(count).split(" ")
    written = Fraction(number.replace(",", "")) * UNITS[unit]
    assert abs(written - count) <= Fraction(UNITS[unit], 20)


@given(counts)
def test_no_speed_is_written_with_a_thousand_of_a_smaller_unit(bps: int) -> None:
    number, unit = format_bps(bps).split(" ")
    assert unit == "Tbps" or Fraction(number) < 1000


@given(counts, counts, counts, counts)
def test_adding_traffic_loses_no_byte(a: int, b: int, c: int, d: int) -> None:
    total = Traffic(a, b) + Traffic(c, d)
    assert total.total_bytes == a + b + c + d


@given(counts, st.integers(1, 86_400))
def test_a_mean_speed_never_claims_more_bytes_than_were_counted(count: int, seconds: int) -> None:
    rate = Traffic(count, 0).rate_over(seconds)
    assert 0 <= count * 8 - rate.download_bps * seconds < seconds
