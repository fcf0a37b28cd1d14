"""One router's readings between polls: from two of them rates for charts, and the usage still to be recorded.

Pure memory, no clock and no database: `polling` reads and records. Traffic is worked out in `metering`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from benfex.core.events import UsageSample
from benfex.network.driver import CounterReading, PollReading
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
)
from benfex.usage.recording import Line, Recorded, SessionRecord, share_out
from data.values.identifiers import ConnectionId
from data.values.traffic import Rate, Traffic

# No subscriber's line is faster; what is beyond is a broken counter, and is not billed.
CEILING = Rate(download_bps=20_000_000_000, upload_bps=20_000_000_000)
_BROKEN = frozenset((MeterFlag.NEW_SESSION, MeterFlag.COUNTER_RESET))


@dataclass(frozen=True, slots=True)
class Rates:
    """What a poll shows: of the router and per connection. None is unknown."""

    total: Rate | None
    samples: tuple[UsageSample, ...]
    online: frozenset[ConnectionId]


@dataclass(frozen=True, slots=True)
class _Seen:
    """A session at a poll; the connection is None when it is not one of ours."""

    connection_id: ConnectionId | None
    reading: CounterReading
    read_at: datetime
    clock: RouterClock


@dataclass(slots=True)
class RouterReadings:
    """The last poll of one router, and the last words of sessions that ended since the last recording."""

    clock: RouterClock | None = None
    interval_seconds: int = 60
    lines: dict[str, Line] = field(default_factory=dict)
    _baselines: dict[str, CounterBaseline] = field(default_factory=dict)
    _seen: dict[str, _Seen] = field(default_factory=dict)
    _ended: dict[str, _Seen] = field(default_factory=dict)
    _read_at: datetime | None = None
    _steady_at: float | None = None
    _recorded_at: datetime | None = None
    _online: frozenset[ConnectionId] = frozenset()
    _unknown: frozenset[str] = frozenset()

    def resume(self, recorded: Recorded) -> None:
        """Continue from what a former process recorded."""
        self.lines = recorded.lines
        self._baselines = {key: baseline for key, (_, baseline) in recorded.counters.items()}
        self._read_at = self._recorded_at = recorded.last_at
        if self._baselines:
            newest = max(self._baselines.values(), key=lambda baseline: baseline.read_at)
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
        baselines: dict[str, CounterBaseline] = {}
        seen: dict[str, _Seen] = {}
        rates: dict[ConnectionId, Rate | None] = {}
        metered_all: list[Metered] = []
        for counter in reading.counters:
            key = full_session_key(clock, counter.session_key)
            metered = meter(self._baselines.get(key), counter, span=span)
            baselines[key] = metered.baseline
            line = self.lines.get(counter.username)
            connection_id = line.connection_id if line else None
            seen[key] = _Seen(connection_id, counter, read_at, clock)
            metered_all.append(metered)
            if metered.flags & _BROKEN and key in self._seen:
                self._ended[key] = self._seen[key]
            if connection_id is not None:
                before = rates.get(connection_id, Rate(0, 0))
                rates[connection_id] = _sum(before, metered.rate)
        self._keep_unknown(seen, baselines, reading.unknown_usernames)
        self._keep_ends(seen)
        total = None if self._read_at is None else _total(metered_all)
        online = frozenset(
            self.lines[session.username].connection_id
            for session in reading.sessions
            if session.username in self.lines
        )
        samples = self._samples(rates, online)
        self._baselines, self._seen = baselines, seen
        self._steady_at = _newest(reading.counters)
        self._read_at, self._online, self._unknown = read_at, online, reading.unknown_usernames
        return Rates(total, samples, online)

    def gap_samples(self) -> tuple[UsageSample, ...]:
        """Return the gap for each connection that was online at the last poll."""
        return tuple(UsageSample(connection_id, None, None) for connection_id in sorted(self._online))

    def records(self, recorded: Recorded) -> tuple[tuple[SessionRecord, ...], tuple[str, ...]]:
        """Return what to record on top of `recorded`, and the keys of sessions that are over.

        A session that ended, or whose counters fell, is metered to its last words first and only then anew.
        """
        found: list[SessionRecord] = []
        for key in {**self._ended, **self._seen}:
            known = recorded.counters.get(key)
            chain = [item for item in (self._ended.get(key), self._seen.get(key)) if item is not None]
            connection_id = chain[-1].connection_id
            if connection_id is None:
                continue
            found.append(self._record(connection_id, chain, known[1] if known else None, recorded.last_at))
        over = tuple(
            key
            for key, (connection_id, _) in recorded.counters.items()
            if key not in self._seen and not self._may_go_on(connection_id)
        )
        gone = tuple(key for key in self._ended if key not in self._seen and key not in over)
        return tuple(found), (*over, *gone)

    def mark_recorded(self, recorded: Recorded) -> None:
        """Take note that everything taken so far is recorded."""
        self._ended.clear()
        self._recorded_at = self._read_at
        self.lines = recorded.lines

    def _record(
        self,
        connection_id: ConnectionId,
        chain: list[_Seen],
        baseline: CounterBaseline | None,
        last_at: datetime | None,
    ) -> SessionRecord:
        previous_at = baseline.read_at if baseline else None
        usage: list[tuple[datetime, Traffic]] = []
        for item in chain:
            if baseline is not None and item.read_at <= baseline.read_at:
                continue  # these last words were recorded already
            span = PollSpan(item.clock, item.read_at, last_at, self.interval_seconds, CEILING)
            metered = meter(baseline, item.reading, span=span)
            usage += share_out(metered, read_at=item.read_at)
            baseline, last_at = metered.baseline, item.read_at
        assert baseline is not None
        return SessionRecord(connection_id, baseline, previous_at, tuple(usage))

    def _keep_unknown(
        self, seen: dict[str, _Seen], baselines: dict[str, CounterBaseline], usernames: frozenset[str]
    ) -> None:
        """Keep what was known of sessions that are there, but whose counters were not seen this time."""
        for key, item in self._seen.items():
            if key not in seen and item.reading.username in usernames and key in self._baselines:
                seen[key], baselines[key] = item, self._baselines[key]

    def _keep_ends(self, seen: Mapping[str, _Seen]) -> None:
        for key, item in self._seen.items():
            is_recorded = self._recorded_at is not None and item.read_at <= self._recorded_at
            if key not in seen and not is_recorded:
                self._ended[key] = item

    def _may_go_on(self, connection_id: ConnectionId) -> bool:
        """Return whether a session that was not read may still be there, with counters that were not seen."""
        names = (line.username for line in self.lines.values() if line.connection_id == connection_id)
        return any(name in self._unknown for name in names)

    def _samples(
        self, rates: Mapping[ConnectionId, Rate | None], online: frozenset[ConnectionId]
    ) -> tuple[UsageSample, ...]:
        """Return one sample per connection online, and nothing moved for those that went offline."""
        samples = []
        for connection_id in sorted(online | self._online):
            rate = rates.get(connection_id) if connection_id in online else Rate(0, 0)
            samples.append(
                UsageSample(connection_id, rate.download_bps, rate.upload_bps)
                if rate
                else UsageSample(connection_id, None, None)
            )
        return tuple(samples)


def _total(metered: Sequence[Metered]) -> Rate | None:
    """Return the sum of all rates; a first sight adds nothing, any other unknown voids it."""
    total, known = Rate(0, 0), 0
    for item in metered:
        if item.rate is not None:
            total, known = total + item.rate, known + 1
        elif MeterFlag.FIRST_SIGHT not in item.flags:
            return None
    return total if known or not metered else None


def _newest(counters: Sequence[CounterReading]) -> float | None:
    return max((item.steady_at for item in counters if item.steady_at is not None), default=None)


def _sum(first: Rate | None, second: Rate | None) -> Rate | None:
    return first + second if first is not None and second is not None else None
