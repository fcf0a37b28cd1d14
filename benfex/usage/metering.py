"""Rule: two readings of a counter become traffic. Reading is in `benfex/network`, keeping in `polling.py`.

Byte counters of RouterOS have 64 bits: one that went down began anew, it never wrapped. What cannot be known
is never guessed: it is zero bytes and a flag, in the customer's favour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from benfex.network.driver import CounterReading
from data.values.traffic import Rate, Traffic

SLACK_SECONDS: Final = 10
BOOT_TOLERANCE_SECONDS: Final = 30
# Clocks of small boards are off by up to this share.
CLOCK_DRIFT_PER_MILLION: Final = 100
_MILLION: Final = 1_000_000


class MeterFlag(StrEnum):
    """What a person should know about a metered span."""

    FIRST_SIGHT = "first_sight"  # a session older than our watching: counted from here on
    NEW_SESSION = "new_session"  # began since the last poll: counted from its beginning
    COUNTER_RESET = "counter_reset"  # same session, smaller counter: counted from zero
    GAP = "gap"  # too long since the last reading for a rate
    CLOCK_STEPPED = "clock_stepped"  # our clock and the router's uptime disagree: no rate
    QUARANTINED = "quarantined"  # more than the line can carry: not counted


@dataclass(frozen=True, slots=True)
class RouterClock:
    """Which boot of a router we are in; `boot` is the UTC second of it as it was first seen, and stays."""

    boot: int
    uptime_seconds: int
    read_at: datetime


class CounterBaseline(NamedTuple):
    """The last reading of a session; `session_key` has the boot in front and is unique per router.

    `steady_at` is when the router counted, in steady seconds; it is not recorded, so after a restart of ours
    it is None.
    """

    session_key: str
    download_bytes: int
    upload_bytes: int
    uptime_seconds: int
    read_at: datetime
    steady_at: float | None = None


@dataclass(frozen=True, slots=True)
class PollSpan:
    """The circumstances of one poll of one router.

    `read_at` is when the answer was taken up. `previous_read_at` is the same of the last poll that reached
    the router; None when there was none. `interval_seconds` is the pace of polling. `ceiling` is what the line
    can carry, bursts included; None when that is unknown. `previous_steady_at` is when the router counted for
    the last poll, in steady seconds; None when that is not known.
    """

    clock: RouterClock
    read_at: datetime
    previous_read_at: datetime | None
    interval_seconds: int
    ceiling: Rate | None = None
    previous_steady_at: float | None = None


@dataclass(frozen=True, slots=True)
class Metered:
    """What one session moved since its last reading.

    `rate` is None where a chart has to show a gap. `covered_seconds` is the time in which `traffic` passed,
    0 where that is unknown. `quarantined` is what was not counted, None when all was. Keep `baseline`.
    """

    traffic: Traffic
    rate: Rate | None
    covered_seconds: int
    flags: frozenset[MeterFlag]
    baseline: CounterBaseline
    quarantined: Traffic | None = None


NOTHING: Final = Traffic(0, 0)


def advance_clock(previous: RouterClock | None, *, uptime_seconds: int, read_at: datetime) -> RouterClock:
    """Return the boot that a router's uptime belongs to: the previous one, or a new one after a restart.

    Only an uptime that is too small says restart; one that is too large says that our clock was set back.
    """
    boot = int(read_at.timestamp()) - uptime_seconds
    if previous is not None:
        elapsed_seconds = (read_at - previous.read_at).total_seconds()
        expected_seconds = previous.uptime_seconds + int(elapsed_seconds)
        earliest_seconds = max(previous.uptime_seconds, expected_seconds - _tolerance(expected_seconds))
        if uptime_seconds >= earliest_seconds:
            boot = previous.boot
    return RouterClock(boot, uptime_seconds, read_at)


def restore_clock(baseline: CounterBaseline) -> RouterClock:
    """Return the clock of a router as its last baseline knew it, after a restart of ours.

    Its uptime is a lower bound: the two clocks may have drifted apart since the boot.
    """
    boot = int(baseline.session_key.partition(":")[0])
    age_seconds = int(baseline.read_at.timestamp()) - boot
    return RouterClock(boot, max(0, age_seconds - _tolerance(age_seconds)), baseline.read_at)


def full_session_key(clock: RouterClock, session_key: str) -> str:
    """Return the key that no other session of this router ever has: bare keys come again after a boot."""
    return f"{clock.boot}:{session_key}"


def meter(previous: CounterBaseline | None, current: CounterReading, *, span: PollSpan) -> Metered:
    """Return what a session moved since `previous`; never negative, and nothing twice.

    `previous` is the baseline under `full_session_key(span.clock, current.session_key)`; None without one.
    """
    baseline = CounterBaseline(
        session_key=full_session_key(span.clock, current.session_key),
        download_bytes=current.download_bytes,
        upload_bytes=current.upload_bytes,
        uptime_seconds=current.uptime_seconds,
        read_at=span.read_at,
        steady_at=current.steady_at,
    )
    if previous is not None and previous.session_key == baseline.session_key:
        metered = _continue(previous, current, baseline, span)
    else:
        metered = _begin(current, baseline, span)
    return _quarantine(metered, span)


def moved_plainly(
    previous: CounterBaseline | CounterReading, current: CounterReading, *, elapsed_us: int
) -> tuple[int, int] | None:
    """Return the bytes down and up of a session that simply went on; None where `meter` has more to say.

    Both readings are of one session in one boot of the router. This is what nearly every session does at each
    poll, so it makes no object.
    """
    aged_seconds = current.uptime_seconds - previous.uptime_seconds
    download_bytes = current.download_bytes - previous.download_bytes
    upload_bytes = current.upload_bytes - previous.upload_bytes
    if aged_seconds < 0 or download_bytes < 0 or upload_bytes < 0:
        return None
    if abs(aged_seconds * _MILLION - elapsed_us) > SLACK_SECONDS * _MILLION + elapsed_us // 50:
        return None
    return download_bytes, upload_bytes


def is_gap(elapsed_us: int, *, interval_seconds: int) -> bool:
    """Return whether two readings are too far apart for a rate."""
    return 2 * elapsed_us > 5 * interval_seconds * _MILLION


def most_bytes(ceiling: Rate, *, covered_seconds: int) -> tuple[int, int]:
    """Return what a line can carry down and up in a time: a fifth more than its ceiling, two seconds for jitter."""
    seconds = covered_seconds + 2
    return ceiling.download_bps * 6 * seconds // 40, ceiling.upload_bps * 6 * seconds // 40


def elapsed_us(before: tuple[datetime, float | None], now: tuple[datetime, float | None]) -> int:
    """Return the microseconds between two counts; by when they were taken up if that is all that is known.

    Answers are taken up late when we are busy: a late one before a prompt one would look like a rush.
    """
    if before[1] is not None and now[1] is not None:
        return round((now[1] - before[1]) * _MILLION)
    passed = now[0] - before[0]
    return (passed.days * 86_400 + passed.seconds) * _MILLION + passed.microseconds


def whole_seconds(microseconds: int) -> int:
    """Return the seconds in which traffic passed, to the nearest; none when the clock went back."""
    return max(0, (microseconds + _MILLION // 2) // _MILLION)


def split_over(traffic: Traffic, seconds: Sequence[int]) -> tuple[Traffic, ...]:
    """Return `traffic` shared among spans in proportion to their seconds, in order; the parts add up to it.

    The last span with any seconds keeps the rest. Raises ValueError when no span has any.
    """
    total = sum(seconds)
    if total <= 0 or min(seconds) < 0:
        raise ValueError("The spans need a length.")
    parts: list[Traffic] = []
    passed = download = upload = 0
    for share in seconds:
        passed += share
        download_until = traffic.download_bytes * passed // total
        upload_until = traffic.upload_bytes * passed // total
        parts.append(Traffic(download_until - download, upload_until - upload))
        download, upload = download_until, upload_until
    return tuple(parts)


def _continue(
    previous: CounterBaseline, current: CounterReading, baseline: CounterBaseline, span: PollSpan
) -> Metered:
    """Meter a session that was read before, under the same key in the same boot."""
    passed_us = elapsed_us((previous.read_at, previous.steady_at), (span.read_at, current.steady_at))
    plain = moved_plainly(previous, current, elapsed_us=passed_us)
    if plain is not None:
        return _counted(Traffic(*plain), passed_us, set(), baseline, span)
    whole = Traffic(current.download_bytes, current.upload_bytes)
    aged_seconds = current.uptime_seconds - previous.uptime_seconds
    if aged_seconds < -SLACK_SECONDS:  # the id went to another dial of the same user
        return _counted(whole, passed_us, {MeterFlag.NEW_SESSION}, baseline, span)
    fell = current.download_bytes < previous.download_bytes or current.upload_bytes < previous.upload_bytes
    if fell and aged_seconds < 0:
        return _counted(whole, passed_us, {MeterFlag.NEW_SESSION}, baseline, span)
    flags = set()
    if abs(aged_seconds * _MILLION - passed_us) > SLACK_SECONDS * _MILLION + passed_us // 50:
        flags.add(MeterFlag.CLOCK_STEPPED)
        passed_us = max(0, aged_seconds) * _MILLION
    if fell:
        return _counted(whole, passed_us, {*flags, MeterFlag.COUNTER_RESET}, baseline, span)
    moved = Traffic(
        current.download_bytes - previous.download_bytes, current.upload_bytes - previous.upload_bytes
    )
    return _counted(moved, passed_us, flags, baseline, span)


def _begin(current: CounterReading, baseline: CounterBaseline, span: PollSpan) -> Metered:
    """Meter a session that was not read before: whole when it began since the last poll, else not yet."""
    whole = Traffic(current.download_bytes, current.upload_bytes)
    if span.previous_read_at is not None:
        before = (span.previous_read_at, span.previous_steady_at)
        passed_us = elapsed_us(before, (span.read_at, current.steady_at))
        if passed_us > 0 and current.uptime_seconds * _MILLION <= passed_us + SLACK_SECONDS * _MILLION:
            return _counted(whole, passed_us, {MeterFlag.NEW_SESSION}, baseline, span)
    return Metered(NOTHING, None, 0, frozenset((MeterFlag.FIRST_SIGHT,)), baseline)


def _counted(
    traffic: Traffic, passed_us: int, flags: set[MeterFlag], baseline: CounterBaseline, span: PollSpan
) -> Metered:
    found = set(flags)
    if is_gap(passed_us, interval_seconds=span.interval_seconds):
        found.add(MeterFlag.GAP)
    has_rate = passed_us > 0 and not found & {MeterFlag.GAP, MeterFlag.CLOCK_STEPPED}
    rate = None
    if has_rate:
        rate = Rate(
            traffic.download_bytes * 8 * _MILLION // passed_us,
            traffic.upload_bytes * 8 * _MILLION // passed_us,
        )
    return Metered(traffic, rate, whole_seconds(passed_us), frozenset(found), baseline)


def _quarantine(metered: Metered, span: PollSpan) -> Metered:
    """Set aside what no line can carry."""
    if span.ceiling is None:
        return metered
    download_bytes, upload_bytes = most_bytes(span.ceiling, covered_seconds=metered.covered_seconds)
    if metered.traffic.download_bytes <= download_bytes and metered.traffic.upload_bytes <= upload_bytes:
        return metered
    flags = metered.flags | {MeterFlag.QUARANTINED}
    return Metered(NOTHING, None, metered.covered_seconds, flags, metered.baseline, metered.traffic)


def _tolerance(age_seconds: int) -> int:
    return BOOT_TOLERANCE_SECONDS + age_seconds * CLOCK_DRIFT_PER_MILLION // _MILLION
