"""How MikroTik writes speeds and times: in RouterOS's properties, and in RADIUS's Mikrotik-Rate-Limit alike."""

from __future__ import annotations

import re
from typing import Final

from data.values.traffic import Burst, Rate

_SCALES: Final = {"": 1, "k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9}
_RATE: Final = re.compile(r"(\d+(?:\.\d+)?)([kKMG]?)")
_DURATION: Final = re.compile(
    r"(?:(?P<weeks>\d+)w)?(?:(?P<days>\d+)d)?"
    r"(?:(?P<clock>\d+:\d\d:\d\d)|(?:(?P<hours>\d+)h)?(?:(?P<minutes>\d+)m(?!s))?(?:(?P<seconds>\d+)s)?"
    r"(?:\d+ms)?(?:\d+us)?(?:\d+ns)?)"
)


def parse_duration(text: str) -> int:
    """Return whole seconds of "3w4d5h6m7s", "1d02:03:04", "01:22:53", "9ms445us"; never and none are 0.

    Raises ValueError.
    """
    if text in ("never", "none"):
        return 0
    match = _DURATION.fullmatch(text)
    if match is None or not text:
        raise ValueError(f"{text!r} is not a duration")
    hours, minutes, seconds = (int(match[name] or 0) for name in ("hours", "minutes", "seconds"))
    if match["clock"]:
        hours, minutes, seconds = (int(part) for part in match["clock"].split(":"))
    days = int(match["weeks"] or 0) * 7 + int(match["days"] or 0)
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def parse_rate_limit(text: str) -> Rate | None:
    """Return the rate of a profile's rate-limit; None means without limit. Its burst is read by `parse_burst`.

    Source: RouterOS /ppp/profile rate-limit, rx first: what the router receives is the upload. One number is
    for both directions. Raises ValueError.
    """
    pair = text.split(maxsplit=1)[0] if text.strip() else ""
    if not pair:
        return None
    upload, _, download = pair.partition("/")
    upload_bps = _parse_bps(upload)
    rate = Rate(download_bps=_parse_bps(download) if download else upload_bps, upload_bps=upload_bps)
    return rate if rate.download_bps or rate.upload_bps else None


def parse_burst(text: str) -> Burst | None:
    """Return the burst of a profile's rate-limit; None without one, and for one that we would not write so.

    Source: RouterOS /ppp/profile rate-limit, "rx/tx rx-burst/tx-burst rx-threshold/tx-threshold rx-time/tx-time".
    """
    parts = text.split()
    if len(parts) < 4:
        return None
    try:
        rate, threshold = parse_rate_limit(parts[1]), parse_rate_limit(parts[2])
        times = {_parse_seconds(time) for time in parts[3].split("/")}
    except ValueError:
        return None
    if rate is None or len(times) != 1:
        return None
    return Burst(rate, threshold or Rate(0, 0), times.pop())


def format_rate_limit(rate: Rate | None, burst: Burst | None = None) -> str:
    """Return a rate as rate-limit takes it: "5M/20M" is 5 up and 20 down; empty without limit.

    With a burst: "5M/20M 8M/30M 4M/15M 10/10" is up to 8 up and 30 down while 10 s average below 4 and 15.
    """
    if rate is None:
        return ""
    if burst is None:
        return format_pair(rate)
    pairs = (format_pair(each) for each in (rate, burst.rate, burst.threshold))
    return f"{' '.join(pairs)} {burst.seconds}/{burst.seconds}"


def format_pair(rate: Rate) -> str:
    """Return a rate as queues take it, the upload first; 0 is without limit."""
    return f"{_format_bps(rate.upload_bps)}/{_format_bps(rate.download_bps)}"


def _parse_seconds(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() else parse_duration(text)


def _parse_bps(text: str) -> int:
    match = _RATE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a rate")
    whole, _, fraction = match[1].partition(".")
    scale = _SCALES[match[2]]
    return int(whole) * scale + (int(fraction) * scale // 10 ** len(fraction) if fraction else 0)


def _format_bps(bps: int) -> str:
    for unit in ("M", "k"):
        if bps and bps % _SCALES[unit] == 0:
            return f"{bps // _SCALES[unit]}{unit}"
    return str(bps)
