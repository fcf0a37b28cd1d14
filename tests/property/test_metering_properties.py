"""However counters begin anew, no byte is invented and none that was seen is lost."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from benfex.network.driver import CounterReading, PollReading, RouterHealth
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
from benfex.usage.reading import RouterReadings
from data.values.traffic import Rate, Traffic

START = datetime(2026, 3, 1, tzinfo=UTC)
REBOOT_SECONDS = 45

counts = st.integers(0, 10**12)
moves = st.tuples(st.just("move"), st.integers(0, 10**9))
waits = st.tuples(st.just("wait"), st.integers(1, 4_000))
polls = st.tuples(st.just("poll"), st.just(0))
redials = st.tuples(st.just("redial"), st.just(0))
reboots = st.tuples(st.just("reboot"), st.just(0))
restarts = st.tuples(st.just("restart"), st.just(0))
resets = st.tuples(st.just("reset"), st.just(0))
lives = st.lists(st.one_of(moves, waits, polls, redials, reboots, restarts), max_size=60)
lives_with_resets = st.lists(st.one_of(moves, waits, polls, redials, reboots, restarts, resets), max_size=60)


@dataclass
class Home:
    """One subscriber behind one router, and us, who look at times; upload is a third of the download."""

    now: int = 0
    booted_at: int = -500
    dialled_at: int = -100
    dials: int = 1
    counter: int = 0
    seen: int = 0
    moved: int = 0
    polled_at: int | None = None
    clock: RouterClock | None = None
    kept: dict[str, CounterBaseline] = field(default_factory=dict)
    expected: int = 0
    results: list[Metered] = field(default_factory=list)

    def live(self, step: str, amount: int) -> None:
        match step:
            case "move":
                self.counter += amount
                self.moved += amount
            case "wait":
                self.now += amount
            case "redial":
                self.dial()
            case "reboot":
                self.now += REBOOT_SECONDS
                self.booted_at = self.now
                self.dials = 0
                self.dial()
            case "restart":  # of ours: what is in memory is lost, the baselines are not
                latest = max(self.kept.values(), key=lambda row: row.read_at, default=None)
                self.clock = restore_clock(latest) if latest else None
            case "reset":
                self.counter = self.seen = 0
            case _:
                self.poll()

    def dial(self) -> None:
        self.now += 1
        self.dialled_at = self.now
        self.dials += 1
        self.counter = self.seen = 0

    def poll(self) -> None:
        self.now += 1
        read_at = START + timedelta(seconds=self.now)
        self.clock = advance_clock(self.clock, uptime_seconds=self.now - self.booted_at, read_at=read_at)
        previous_at = None if self.polled_at is None else START + timedelta(seconds=self.polled_at)
        reading = CounterReading(
            "alice", f"*{self.dials:X} alice", self.counter, self.counter // 3, self.now - self.dialled_at
        )
        key = full_session_key(self.clock, reading.session_key)
        metered = meter(self.kept.get(key), reading, span=PollSpan(self.clock, read_at, previous_at, 60))
        if self.polled_at is not None:
            self.expected += self.counter - self.seen
        self.kept[key] = metered.baseline
        self.polled_at, self.seen = self.now, self.counter
        self.results.append(metered)

    @property
    def metered_bytes(self) -> int:
        return sum(metered.traffic.download_bytes for metered in self.results)


@given(life=lives)
def test_every_byte_that_was_seen_is_counted_once(life: list[tuple[str, int]]) -> None:
    home = lived(life)

    assert home.metered_bytes == home.expected


@given(life=lives_with_resets)
def test_no_byte_is_ever_invented(life: list[tuple[str, int]]) -> None:
    home = lived(life)

    assert home.metered_bytes <= home.expected <= home.moved
    assert all(metered.traffic.upload_bytes <= metered.traffic.download_bytes + 1 for metered in home.results)


@given(
    before=st.none() | st.tuples(counts, counts, st.integers(0, 10**7)),
    after=st.tuples(counts, counts, st.integers(0, 10**7)),
    elapsed=st.integers(-(10**6), 10**7),
    ceiling=st.none() | st.builds(Rate, st.integers(0, 10**10), st.integers(0, 10**10)),
)
def test_no_reading_is_worth_more_than_the_counter_says(
    before: tuple[int, int, int] | None,
    after: tuple[int, int, int],
    elapsed: int,
    ceiling: Rate | None,
) -> None:
    clock = RouterClock(0, 10**7, START)
    read_at = START + timedelta(seconds=elapsed)
    previous = None if before is None else CounterBaseline(full_session_key(clock, "k"), *before, START)

    metered = meter(
        previous, CounterReading("alice", "k", *after), span=PollSpan(clock, read_at, START, 60, ceiling)
    )

    assert 0 <= metered.traffic.download_bytes <= after[0]
    assert 0 <= metered.traffic.upload_bytes <= after[1]
    assert (metered.quarantined is not None) == (MeterFlag.QUARANTINED in metered.flags)
    assert metered.covered_seconds >= 0
    assert (metered.baseline.download_bytes, metered.baseline.upload_bytes) == after[:2]


@given(
    polls=st.lists(
        st.tuples(st.integers(1_800, 2_200), st.integers(-20, 20), st.integers(0, 1_900)),
        min_size=3,
        max_size=20,
    ),
    bytes_per_ms=st.integers(1, 100_000),
)
def test_a_steady_flow_is_shown_steady_however_late_its_readings_are_taken_up(
    polls: list[tuple[int, int, int]], bytes_per_ms: int
) -> None:
    """Each poll: milliseconds since the one before, the error of its stamp, and how late it is taken up."""
    readings = RouterReadings()
    counted_ms = 0
    shown = []
    for gap_ms, error_ms, late_ms in polls:
        counted_ms += gap_ms
        counter = CounterReading(
            *("alice", "*1 alice"),
            *(counted_ms * bytes_per_ms, counted_ms * bytes_per_ms // 4),
            uptime_seconds=counted_ms // 1000,
            steady_at=(counted_ms + error_ms) / 1000,
        )
        reading = PollReading(
            RouterHealth("7", "CCR", 100_000 + counted_ms // 1000, 5, 1, 2), (), (), (counter,)
        )
        read_at = START + timedelta(milliseconds=counted_ms + late_ms)
        shown.append(readings.take(reading, read_at=read_at, interval_seconds=2).total)

    true_bps = bytes_per_ms * 8_000
    assert shown[0] is None
    for rate in shown[1:]:
        assert rate is not None
        assert abs(rate.download_bps - true_bps) <= true_bps * 40 // 1_760 + 1


@given(
    download=counts,
    upload=counts,
    seconds=st.lists(st.integers(0, 10**6), min_size=1, max_size=10).filter(any),
)
def test_what_is_shared_over_spans_adds_up(download: int, upload: int, seconds: list[int]) -> None:
    parts = split_over(Traffic(download, upload), seconds)

    assert sum(parts, Traffic(0, 0)) == Traffic(download, upload)
    assert [part for part, share in zip(parts, seconds, strict=True) if share == 0 and part.total_bytes] == []


def lived(life: list[tuple[str, int]]) -> Home:
    home = Home()
    for step, amount in life:
        home.live(step, amount)
    return home
