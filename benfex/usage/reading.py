"""One router's readings between polls: from two of them rates for charts, and the usage still to be recorded.

Pure memory, no clock and no database: `polling` reads and records. Traffic is worked out in `metering`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from benfex.core.events import UsageSample
from benfex.network.driver import QUEUE, CounterReading, PollReading
from benfex.usage.metering import (
    CounterBaseline,
    MeterFlag,
    PollSpan,
    RouterClock,
    advance_clock,
    elapsed_us,
    full_session_key,
    is_gap,
    meter,
    most_bytes,
    moved_plainly,
    restore_clock,
    whole_seconds,
)
from benfex.usage.rates import NO_RATE, Rates, RateSums
from benfex.usage.recording import Line, Recorded, SessionRecord, Spread, share_out, spread_over
from data.values.identifiers import ConnectionId
from data.values.traffic import Rate, Traffic

# No subscriber's line is faster; what is beyond is a broken counter, and is not billed.
CEILING = Rate(download_bps=20_000_000_000, upload_bps=20_000_000_000)
QUIET_AFTER: Final = timedelta(minutes=5)
NOTED_WITHIN: Final = timedelta(minutes=5)
NO_SPREAD: Final = Spread((), ())
_BROKEN = frozenset((MeterFlag.NEW_SESSION, MeterFlag.COUNTER_RESET))


class _Seen(NamedTuple):
    """A session at a poll; the connection is None when it is not one of ours."""

    connection_id: ConnectionId | None
    reading: CounterReading
    read_at: datetime
    clock: RouterClock


class _End(NamedTuple):
    """The last words of a session; after a reset another one goes on under its key, with counters from nothing."""

    seen: _Seen
    is_reset: bool


@dataclass(slots=True)
class RouterReadings:
    """The last poll of one router, and the last words of sessions that ended since the last recording."""

    clock: RouterClock | None = None
    interval_seconds: int = 60
    lines: dict[str, Line] = field(default_factory=dict)
    _resumed: dict[str, CounterBaseline] = field(default_factory=dict)
    _seen: dict[str, _Seen] = field(default_factory=dict)
    _ended: dict[str, list[_End]] = field(default_factory=dict)
    _read_at: datetime | None = None
    _steady_at: float | None = None
    _recorded_at: datetime | None = None
    _online: frozenset[ConnectionId] = frozenset()
    _unknown: frozenset[str] = frozenset()
    _noted: dict[ConnectionId, datetime] = field(default_factory=dict)
    _last_seen: dict[ConnectionId, datetime] = field(default_factory=dict)
    _moved_at: dict[str, datetime] = field(default_factory=dict)

    def resume(self, recorded: Recorded) -> None:
        """Continue from what a former process recorded."""
        self.lines = recorded.lines
        self._resumed = {key: baseline for key, (_, baseline) in recorded.counters.items()}
        self._read_at = self._recorded_at = recorded.last_at
        if self._resumed:
            newest = max(self._resumed.values(), key=lambda baseline: baseline.read_at)
            self.clock = restore_clock(newest)

    @property
    def has_unrecorded_end(self) -> bool:
        """Return whether a session ended whose last bytes are not recorded yet."""
        return bool(self._ended)

    def take(self, reading: PollReading, *, read_at: datetime, interval_seconds: int) -> Rates:
        """Take one poll and return what it shows. `interval_seconds` is the pace this poll was part of."""
        clock = advance_clock(self.clock, uptime_seconds=reading.health.uptime_seconds, read_at=read_at)
        pace_seconds = max(interval_seconds, self.interval_seconds)
        span = PollSpan(clock, read_at, self._read_at, pace_seconds, CEILING, self._steady_at)
        self.clock, self.interval_seconds = clock, interval_seconds
        seen: dict[str, _Seen] = {}
        sums = RateSums()
        pace = _Pace(pace_seconds)
        lines, before = self.lines, self._seen
        for counter in reading.counters:
            key = full_session_key(clock, counter.session_key)
            line = lines.get(counter.username)
            now = seen[key] = _Seen(line.connection_id if line else None, counter, read_at, clock)
            last = before.get(key)
            moved = None if last is None else pace.moved(last, now)
            if moved is None:
                self._meter_anew(key, now, span, sums)
            else:
                sums.add(now.connection_id, *moved)
        self._keep_unknown(seen, reading.unknown_usernames)
        self._keep_ends(seen)
        total = None if self._read_at is None else sums.total
        quiet = self._quiet(reading, seen, clock, read_at)
        online = frozenset(
            lines[session.username].connection_id
            for session in reading.sessions
            if session.username in lines and session.username not in quiet
        )
        samples = self._samples(sums, online)
        self._resumed, self._seen = {}, seen
        self._steady_at = _newest(reading.counters)
        self._note_gone(online)
        self._read_at, self._online, self._unknown = read_at, online, reading.unknown_usernames
        return Rates(total, samples, online)

    def gap_samples(self) -> tuple[UsageSample, ...]:
        """Return the gap for each connection that was online at the last poll."""
        return tuple(UsageSample(connection_id, None, None) for connection_id in sorted(self._online))

    def records(self, recorded: Recorded) -> tuple[tuple[SessionRecord, ...], tuple[str, ...]]:
        """Return what to record on top of `recorded`, and the keys of sessions that are over.

        A session that ended, or whose counters fell, is metered to its last words first and only then anew.
        """
        found = [
            self._record(connection_id, self._chain(key), recorded.counters.get(key), recorded.last_at)
            for key, ends in self._ended.items()
            if (connection_id := ends[-1].seen.connection_id) is not None
        ]
        progress = _Progress()
        for key, item in self._seen.items():
            if item.connection_id is None or key in self._ended:
                continue
            known = recorded.counters.get(key)
            plain = None if known is None else progress.since(known[1], item)
            found.append(plain or self._record(item.connection_id, [(item, False)], known, recorded.last_at))
        over = tuple(
            key
            for key, (connection_id, _) in recorded.counters.items()
            if key not in self._seen and not self._may_go_on(connection_id)
        )
        gone = tuple(key for key in self._ended if key not in self._seen and key not in over)
        return tuple(found), (*over, *gone)

    def last_seen(self) -> tuple[tuple[ConnectionId, datetime], ...]:
        """Return of connections when they were last online: of those that left, and now and then of all."""
        at = self._read_at
        if at is None:
            return ()
        noted, often = self._noted, at - NOTED_WITHIN
        due = [(key, at) for key in self._online if key not in noted or noted[key] <= often]
        return (*self._last_seen.items(), *due)

    def mark_recorded(self, recorded: Recorded) -> None:
        """Take note that everything taken so far is recorded."""
        for connection_id, at in self.last_seen():
            self._noted[connection_id] = at
        for connection_id in self._last_seen.keys() - self._online:
            self._noted.pop(connection_id, None)
        self._last_seen.clear()
        self._ended.clear()
        self._recorded_at = self._read_at
        self.lines = recorded.lines

    def _meter_anew(self, key: str, now: _Seen, span: PollSpan, sums: RateSums) -> None:
        """Meter a session that did not simply go on."""
        last = self._seen.get(key)
        if last is None and key in self._resumed:
            last = _resumed(self._resumed[key], now)
        metered = meter(None if last is None else _baseline(key, last), now.reading, span=span)
        if last is not None and metered.flags & _BROKEN:
            self._ended.setdefault(key, []).append(_End(last, is_reset=True))
        if metered.rate is not None:
            sums.add(now.connection_id, metered.rate.download_bps, metered.rate.upload_bps)
        else:
            sums.add_unknown(now.connection_id, is_first=MeterFlag.FIRST_SIGHT in metered.flags)

    def _chain(self, key: str) -> list[tuple[_Seen, bool]]:
        """Return what to meter of a key in its order, each with whether its counters began from nothing."""
        chain, is_anew = [], False
        for end in self._ended[key]:
            chain.append((end.seen, is_anew))
            is_anew = end.is_reset
        if key in self._seen:
            chain.append((self._seen[key], is_anew))
        return chain

    def _record(
        self,
        connection_id: ConnectionId,
        chain: list[tuple[_Seen, bool]],
        known: tuple[ConnectionId, CounterBaseline] | None,
        last_at: datetime | None,
    ) -> SessionRecord:
        baseline = known[1] if known else None
        previous_at = baseline.read_at if baseline else None
        usage: list[tuple[datetime, Traffic]] = []
        for item, is_anew in chain:
            if baseline is not None and item.read_at <= baseline.read_at:
                continue  # these last words were recorded already
            if baseline is not None and is_anew:
                # Counters that grew beyond the old ones since would hide that they began anew.
                baseline = baseline._replace(download_bytes=0, upload_bytes=0)
            span = PollSpan(item.clock, item.read_at, last_at, self.interval_seconds, CEILING)
            metered = meter(baseline, item.reading, span=span)
            usage += share_out(metered, read_at=item.read_at)
            baseline, last_at = metered.baseline, item.read_at
        assert baseline is not None
        return SessionRecord(connection_id, baseline, previous_at, tuple(usage))

    def _keep_unknown(self, seen: dict[str, _Seen], usernames: frozenset[str]) -> None:
        """Keep what was known of sessions that are there, but whose counters were not seen this time."""
        if not usernames:
            return
        for key, item in self._seen.items():
            if key not in seen and item.reading.username in usernames:
                seen[key] = item

    def _keep_ends(self, seen: Mapping[str, _Seen]) -> None:
        for key in self._seen.keys() - seen.keys():
            item = self._seen[key]
            is_recorded = self._recorded_at is not None and item.read_at <= self._recorded_at
            if not is_recorded:
                self._ended.setdefault(key, []).append(_End(item, is_reset=False))

    def _quiet(
        self, reading: PollReading, seen: Mapping[str, _Seen], clock: RouterClock, read_at: datetime
    ) -> frozenset[str]:
        """Return the names of lines where nobody signs in that moved nothing lately: they pass for offline."""
        moved_at: dict[str, datetime | None] = {}
        for session in reading.sessions:
            if session.interface != QUEUE or session.session_key is None:
                continue
            key = full_session_key(clock, session.session_key)
            now, last = seen.get(key), self._seen.get(key)
            moved = now is not None and last is not None and _bytes(now) != _bytes(last)
            moved_at[session.username] = read_at if moved else self._moved_at.get(session.username)
        self._moved_at = {name: at for name, at in moved_at.items() if at is not None}
        return frozenset(name for name, at in moved_at.items() if at is None or read_at - at > QUIET_AFTER)

    def _note_gone(self, online: frozenset[ConnectionId]) -> None:
        """Remember when those that left were last there, until that is recorded."""
        if self._read_at is None:
            return
        for connection_id in self._online - online:
            self._last_seen[connection_id] = self._read_at

    def _may_go_on(self, connection_id: ConnectionId) -> bool:
        """Return whether a session that was not read may still be there, with counters that were not seen."""
        if not self._unknown:
            return False
        names = (line.username for line in self.lines.values() if line.connection_id == connection_id)
        return any(name in self._unknown for name in names)

    def _samples(self, sums: RateSums, online: frozenset[ConnectionId]) -> tuple[UsageSample, ...]:
        """Return one sample per connection online, and nothing moved for those that went offline."""
        gone = self._online - online
        rates = sums.by_connection
        return tuple(
            UsageSample(
                connection_id, *((0, 0) if connection_id in gone else rates.get(connection_id, NO_RATE))
            )
            for connection_id in sorted(online | gone)
        )


class _Pace:
    """The rates of sessions that simply went on; those of one question of one poll share their time."""

    def __init__(self, interval_seconds: int) -> None:
        self._interval_seconds = interval_seconds
        self._before: tuple[datetime | None, float | None] = (None, None)
        self._steady_at: float | None = None
        self._passed_us = 0
        self._most = (0, 0)

    def moved(self, last: _Seen, now: _Seen) -> tuple[int, int] | None:
        """Return bits a second down and up; None where there is no rate, or `meter` has more to say."""
        before, after = last.reading.steady_at, now.reading.steady_at
        if self._before[0] is not last.read_at or self._before[1] != before or self._steady_at != after:
            self._before, self._steady_at = (last.read_at, before), after
            self._passed_us = elapsed_us((last.read_at, before), (now.read_at, after))
            self._most = most_bytes(CEILING, covered_seconds=whole_seconds(self._passed_us))
        passed_us = self._passed_us
        if passed_us <= 0 or is_gap(passed_us, interval_seconds=self._interval_seconds):
            return None
        moved = moved_plainly(last.reading, now.reading, elapsed_us=passed_us)
        if moved is None or moved[0] > self._most[0] or moved[1] > self._most[1]:
            return None
        return moved[0] * 8_000_000 // passed_us, moved[1] * 8_000_000 // passed_us


class _Progress:
    """What to record of sessions that simply went on; nearly all were recorded together the last time."""

    def __init__(self) -> None:
        self._span: tuple[datetime, datetime] | None = None
        self._passed_us = 0
        self._most = (0, 0)
        self._spread = NO_SPREAD

    def since(self, kept: CounterBaseline, item: _Seen) -> SessionRecord | None:
        """Return the record on top of what is kept; None where `meter` has more to say."""
        reading, previous_at, read_at = item.reading, kept.read_at, item.read_at
        if self._span is None or self._span[0] is not previous_at or self._span[1] is not read_at:
            self._span = (previous_at, read_at)
            # Kept readings of a former process have no steady time, so none is used here.
            self._passed_us = elapsed_us((previous_at, None), (read_at, None))
            seconds = whole_seconds(self._passed_us)
            self._most = most_bytes(CEILING, covered_seconds=seconds)
            self._spread = spread_over(seconds, read_at=read_at)
        moved = moved_plainly(kept, reading, elapsed_us=self._passed_us)
        if moved is None or self._passed_us <= 0 or moved[0] > self._most[0] or moved[1] > self._most[1]:
            return None
        assert item.connection_id is not None
        return SessionRecord(
            item.connection_id,
            _baseline(kept.session_key, item),
            previous_at,
            self._spread.share(Traffic(*moved)),
        )


def _bytes(seen: _Seen) -> tuple[int, int]:
    return seen.reading.download_bytes, seen.reading.upload_bytes


def _baseline(key: str, seen: _Seen) -> CounterBaseline:
    reading = seen.reading
    return CounterBaseline(
        key,
        reading.download_bytes,
        reading.upload_bytes,
        reading.uptime_seconds,
        seen.read_at,
        reading.steady_at,
    )


def _resumed(kept: CounterBaseline, now: _Seen) -> _Seen:
    """Return a session as a former process read it last."""
    reading = now.reading
    before = CounterReading(
        reading.username, reading.session_key, kept.download_bytes, kept.upload_bytes, kept.uptime_seconds
    )
    return _Seen(now.connection_id, before, kept.read_at, now.clock)


def _newest(counters: Sequence[CounterReading]) -> float | None:
    return max((item.steady_at for item in counters if item.steady_at is not None), default=None)
