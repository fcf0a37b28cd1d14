"""Bytes and bits per second as the subscriber sees them; counters and their deltas are in `benfex/usage`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """Speed in bits per second, from the subscriber's side. Raises ValueError for a negative one."""

    download_bps: int
    upload_bps: int

    def __post_init__(self) -> None:
        down, up = self.download_bps, self.upload_bps
        if not (type(down) is int is type(up) and down >= 0 and up >= 0):
            _refuse_counts(download_bps=down, upload_bps=up)

    def __add__(self, other: Rate) -> Rate:
        return Rate(self.download_bps + other.download_bps, self.upload_bps + other.upload_bps)


@dataclass(frozen=True, slots=True)
class Burst:
    """A speed above the plan's for a while: as long as the average of `seconds` stays below the threshold."""

    rate: Rate
    threshold: Rate
    seconds: int


@dataclass(frozen=True, slots=True)
class Traffic:
    """Volume in bytes, from the subscriber's side. Raises ValueError for a negative one."""

    download_bytes: int
    upload_bytes: int

    def __post_init__(self) -> None:
        down, up = self.download_bytes, self.upload_bytes
        if not (type(down) is int is type(up) and down >= 0 and up >= 0):
            _refuse_counts(download_bytes=down, upload_bytes=up)

    @property
    def total_bytes(self) -> int:
        """Return download and upload together."""
        return self.download_bytes + self.upload_bytes

    def __add__(self, other: Traffic) -> Traffic:
        return Traffic(self.download_bytes + other.download_bytes, self.upload_bytes + other.upload_bytes)

    def rate_over(self, seconds: int) -> Rate:
        """Return the mean speed over `seconds`, rounded down. Raises ValueError below one second."""
        if seconds < 1:
            raise ValueError("seconds must be at least 1")
        return Rate(self.download_bytes * 8 // seconds, self.upload_bytes * 8 // seconds)


def format_bytes(count: int) -> str:
    """Return bytes for people, decimal units, at most one decimal: "0 B", "512 kB", "1.4 GB"."""
    return _scaled(count, ("B", "kB", "MB", "GB", "TB", "PB"))


def format_bps(bps: int) -> str:
    """Return bits per second for people, at most one decimal: "0 bps", "10 Mbps", "12.3 Mbps"."""
    return _scaled(bps, ("bps", "kbps", "Mbps", "Gbps", "Tbps"))


def format_rate(rate: Rate) -> str:
    """Return a speed for people: "10 Mbps down, 2 Mbps up", "no limit"."""
    if not (rate.download_bps or rate.upload_bps):
        return "no limit"
    return f"{format_bps(rate.download_bps)} down, {format_bps(rate.upload_bps)} up"


def _scaled(count: int, units: tuple[str, ...]) -> str:
    magnitude = abs(count)
    sign = "-" if count < 0 else ""
    if magnitude < 1000:
        return f"{sign}{magnitude} {units[0]}"
    divisor = 1
    for unit in units[1:]:
        divisor *= 1000
        tenths = (magnitude * 20 + divisor) // (2 * divisor)
        if tenths < 10_000 or unit == units[-1]:  # after rounding: 999.96 kB is 1 MB
            break
    whole, tenth = divmod(tenths, 10)
    return f"{sign}{whole:,}.{tenth} {unit}" if tenth else f"{sign}{whole:,} {unit}"


def _refuse_counts(**counts: int) -> None:
    for name, count in counts.items():
        if type(count) is not int:
            raise TypeError(f"{name} must be a whole number, not {type(count).__name__}")
        if count < 0:
            raise ValueError(f"{name} must not be negative")
