"""How RouterOS writes durations, rates, dates and ranges of addresses (reference C)."""

import ipaddress
import re
import time

UNIT_SECONDS = {"w": 604800.0, "d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "us": 0.000001}
DURATION_PART = re.compile(r"(\d+)(ms|us|w|d|h|m|s)")
CLOCK = re.compile(r"(?:(\d+)d)?(\d+):(\d\d):(\d\d)")
RATE = re.compile(r"(\d+)([kKMG]?)")
RATE_UNITS = {"": 1, "k": 1000, "K": 1000, "M": 1_000_000, "G": 1_000_000_000}
NAIROBI_OFFSET_SECONDS = 3 * 3600


def format_duration(seconds: float) -> str:
    """Return whole `seconds` as RouterOS does, such as 1w4d23h26m9s; 0s when there are none."""
    rest = int(seconds)
    if rest <= 0:
        return "0s"
    text = ""
    for unit in ("w", "d", "h", "m", "s"):
        size = int(UNIT_SECONDS[unit])
        if rest >= size:
            text += f"{rest // size}{unit}"
            rest %= size
    return text


def parse_duration(text: str) -> float:
    """Return the seconds of 1h30m, 01:30:00, 1d02:03:04 or a bare number. Raises ValueError."""
    if text.isdecimal():
        return float(text)
    clock = CLOCK.fullmatch(text)
    if clock:
        days, hours, minutes, seconds = (int(part or 0) for part in clock.groups())
        return days * 86400.0 + hours * 3600 + minutes * 60 + seconds
    parts = DURATION_PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"{text} is not a duration.")
    return sum(int(number) * UNIT_SECONDS[unit] for number, unit in parts)


def parse_rate(text: str) -> int:
    """Return the bits per second of 5M, 512k or 5000000. Raises ValueError."""
    match = RATE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text} is not a rate.")
    return int(match[1]) * RATE_UNITS[match[2]]


def parse_rate_pair(text: str) -> tuple[int, int]:
    """Return (upload, download) bits per second of 5M/20M; one number means both. Raises ValueError."""
    upload, separator, download = text.partition("/")
    return parse_rate(upload), parse_rate(download if separator else upload)


def parse_rate_limit(text: str) -> tuple[int, int]:
    """Return (upload, download) bits per second of a profile's rate-limit; 0 means no limit.

    The first pair is the rate; burst, threshold, time, priority and minimum are checked and set aside.
    A second bare number is the burst of both directions. Raises ValueError.
    """
    parts = text.split()
    if not parts:
        return 0, 0
    if len(parts) > 6:
        raise ValueError(f"{text} has too many parts for a rate limit.")
    for position, part in enumerate(parts):
        for side in part.split("/", 1):
            if position == 3:
                parse_duration(side)
            else:
                parse_rate(side)
    return parse_rate_pair(parts[0])


def format_instant(at: float) -> str:
    """Return the epoch second `at` as a router in Nairobi (7.10 and later) writes it."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at + NAIROBI_OFFSET_SECONDS))


def parse_ranges(text: str) -> list[tuple[int, int]]:
    """Return the (first, last) addresses of a pool as numbers, in order. Raises ValueError."""
    ranges: list[tuple[int, int]] = []
    for part in text.split(","):
        if "/" in part:
            network = ipaddress.IPv4Network(part, strict=False)
            ranges.append((int(network.network_address), int(network.broadcast_address)))
            continue
        first, _, last = part.partition("-")
        start = int(ipaddress.IPv4Address(first))
        end = int(ipaddress.IPv4Address(last)) if last else start
        if end < start:
            raise ValueError(f"{part} ends before it starts.")
        ranges.append((start, end))
    return ranges


def is_address(text: str) -> bool:
    """Return whether `text` is one IPv4 address."""
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True
