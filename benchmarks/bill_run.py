"""Bills of 10,000 subscriptions and, with BENFEX_BENCH_DEEP=1, of 50,000: ours, the bare rows, objects a row.

Each subscription is invoiced with its tax, lines, number, claims and postings in the sealed journal; one in ten is
a part of a cycle, one in five has a discount, one in ten has credit that pays.
"""

import asyncio
import gc
import os
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from benchmarks.bill_run_ground import bare_inserts, copy_database, make_ground, total_billed
from benchmarks.bill_run_peer import bill_with_objects
from benchmarks.installation import BENCHMARK, opened
from benchmarks.outcome import Outcome, Target
from benchmarks.processes import BenchmarkError, forget_peak, memory_megabytes
from benfex.core.clock import MovedClock
from benfex.ledger.verification import verify_ledger

NAME = "bill_run"
_ON = date(2026, 11, 3)
_CLOCK = datetime(2026, 11, 3, 6, 0, tzinfo=UTC)
_PEER_SAMPLE = 1_000
_SMALL, _LARGE = 2_000, 10_000
_LARGEST = 50_000
_FLOOR_RATIO, _PEER_RATIO, _RATE_RATIO = 0.15, 30.0, 0.8
_MEMORY_GROWTH_MB = 32


@dataclass(frozen=True, slots=True)
class _Measured:
    """One size: seconds of ours and of the floor, and what ours added to this process's memory at its peak.

    The processor's time says what a machine with other work to do hides in the seconds.
    """

    count: int
    seconds: float
    processor_seconds: float
    floor_seconds: float
    peak_megabytes: int

    @property
    def rate(self) -> float:
        return self.count / self.seconds

    @property
    def processor_us(self) -> int:
        return round(self.processor_seconds / self.count * 1e6)

    @property
    def of_floor(self) -> float:
        return self.floor_seconds / self.seconds


async def measure(folder: Path) -> Outcome:
    """Measure the sizes one after the other, then the peer."""
    return await asyncio.to_thread(_measure, folder)


def _measure(folder: Path) -> Outcome:
    sizes = (_LARGE, _LARGEST) if os.environ.get("BENFEX_BENCH_DEEP") else (_SMALL, _LARGE)
    smaller, larger = (_run(folder / str(count), count) for count in sizes)
    peer_rate = _peer(folder / "peer")
    base = larger if larger.count == _LARGE else smaller
    times = base.rate / peer_rate
    flat = larger.peak_megabytes - smaller.peak_megabytes
    table = [(f"{found.count:,} subscriptions", _words(found)) for found in (smaller, larger)]
    table.append(("objects, a commit a customer", f"{peer_rate:,.0f}/s over {_PEER_SAMPLE:,}"))
    table.append(
        ("memory added at the peak", f"{smaller.peak_megabytes} MB, then {larger.peak_megabytes} MB")
    )
    return Outcome(
        NAME,
        table,
        {
            "count": base.count,
            "rate": round(base.rate),
            "of_floor": round(base.of_floor, 3),
            "processor_us": base.processor_us,
            "times_peer": round(times, 1),
            "rate_ratio": round(larger.rate / smaller.rate, 2),
            "larger_count": larger.count,
            "larger_rate": round(larger.rate),
            "larger_of_floor": round(larger.of_floor, 3),
            "larger_processor_us": larger.processor_us,
            "memory_growth_mb": flat,
        },
        [
            Target(
                f"at least {_FLOOR_RATIO} of the bare rows at {base.count:,}", base.of_floor >= _FLOOR_RATIO
            ),
            Target(f"at least {_PEER_RATIO:.0f} times objects with a commit each", times >= _PEER_RATIO),
            Target(
                f"rate at {larger.count:,} at least {_RATE_RATIO} of that at {smaller.count:,}",
                larger.rate >= _RATE_RATIO * smaller.rate,
            ),
            Target(f"memory added grows by at most {_MEMORY_GROWTH_MB} MB", flat <= _MEMORY_GROWTH_MB),
        ],
    )


def _run(home: Path, count: int) -> _Measured:
    clock = MovedClock(_CLOCK)
    settings = make_ground(home, count=count, on=_ON, clock=clock)
    path = home / "benfex.db"
    before, after = home / "before.db", home / "after.db"
    copy_database(path, before)
    with opened(settings, clock=clock) as benfex:
        gc.collect()
        gc.freeze()  # as the product does once it has loaded everything
        before_mb = memory_megabytes(peak=False)
        forget_peak()
        began, processor = time.perf_counter(), time.process_time()
        result = benfex.bill_runner.run_sync(BENCHMARK, on=_ON)
        seconds, spent = time.perf_counter() - began, time.process_time() - processor
        peak = memory_megabytes(peak=True) - before_mb
        if result.invoices != count or result.parked:
            raise BenchmarkError(f"{result.invoices} invoices for {count} subscriptions")
        if count == _SMALL and not benfex.transactor.read_sync(verify_ledger, BENCHMARK).is_sound:
            raise BenchmarkError("the books are not sound")
    copy_database(path, after)
    floor = min(bare_inserts(before, after, home / f"floor{number}.db") for number in range(2))
    return _Measured(count, seconds, spent, floor, peak)


def _peer(home: Path) -> float:
    """Return customers a second, billed with objects and a commit each; the total must be ours to the cent."""
    totals = []
    seconds = 0.0
    for name in ("objects", "ours"):
        clock = MovedClock(_CLOCK)
        settings = make_ground(home / name, count=_PEER_SAMPLE, on=_ON, clock=clock)
        with opened(settings, clock=clock) as benfex:
            if name == "objects":
                began = time.perf_counter()
                bill_with_objects(benfex.transactor, count=_PEER_SAMPLE, on=_ON)
                seconds = time.perf_counter() - began
            else:
                benfex.bill_runner.run_sync(BENCHMARK, on=_ON)
            totals.append(total_billed(benfex))
    if totals[0] != totals[1]:
        raise BenchmarkError(f"the peer billed {totals[0]}, ours {totals[1]}")
    return _PEER_SAMPLE / seconds


def _words(found: _Measured) -> str:
    return (
        f"{found.seconds:.2f} s, {found.rate:,.0f}/s; bare rows {found.floor_seconds:.2f} s, "
        f"{found.of_floor:.2f} of that; processor {found.processor_us} us each"
    )
