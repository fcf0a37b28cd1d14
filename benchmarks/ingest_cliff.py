"""Five million five-minute rows, recorded in the order in which polls bring them: the last as fast as the first.

Everything goes the product's way, a router's reading an act, on a database that grows from nothing. The floor of the
last half million is the first; what a row takes is told by the file.
"""

import asyncio
import random
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from benchmarks.installation import opened
from benchmarks.outcome import Outcome, Target
from benchmarks.processes import BenchmarkError
from benchmarks.usage_ground import make_ground
from benfex.application import Benfex
from benfex.core.actors import SystemActor
from benfex.usage.metering import CounterBaseline
from benfex.usage.recording import SessionRecord, record_readings
from data.values.identifiers import ConnectionId, RouterId
from data.values.traffic import Traffic

NAME = "ingest_cliff"
_ROUTERS, _LINES = 50, 10_000
_ROWS = 5_000_000
_COMPARED = 500_000
_AT_ONCE = 16
_RATIO, _ROW_BYTES = 0.8, 26.0
_ACTOR = SystemActor("benchmark")


async def measure(home: Path) -> Outcome:
    """Record five million rows. Raises BenchmarkError when one is missing."""
    settings, isp = make_ground(home / "benfex", routers=_ROUTERS, subscribers=_LINES)
    path = settings.home / "benfex.db"
    before = _file_bytes(path)
    with opened(settings) as benfex:
        await benfex.transactor.start()
        routers = [_Router(router_id, place) for place, router_id in enumerate(isp.router_ids)]
        dice = random.Random(11)  # noqa: S311 - traffic, not secrets
        first_at = benfex.clock.now().replace(minute=0, second=0, microsecond=0) - timedelta(days=2)
        spent: list[float] = []
        expected = 0
        for tick in range(_ROWS // _LINES):
            at = first_at + timedelta(seconds=300 * tick)
            readings = [(router, router.reading(at, dice)) for router in routers]
            dice.shuffle(readings)  # as answers come
            expected += sum(item.usage[0][1].total_bytes for _, sessions in readings for item in sessions)
            began = time.perf_counter()
            await _record(benfex, readings, at)
            spent.append(time.perf_counter() - began)
    rows, counted = _counted(path)
    if (rows, counted) != (_ROWS, expected):
        raise BenchmarkError(f"{rows:,} rows of {counted:,} bytes are kept, not {_ROWS:,} of {expected:,}.")
    return _outcome(spent, row_bytes=(_file_bytes(path) - before) / _ROWS)


class _Router:
    """A router whose lines all move something in each five minutes."""

    def __init__(self, router_id: RouterId, place: int) -> None:
        self.router_id = router_id
        a_router = _LINES // _ROUTERS
        # As `make_ground` numbers them: one of each router first, then the others of all.
        others = range(_ROUTERS + place * (a_router - 1) + 1, _ROUTERS + (place + 1) * (a_router - 1) + 1)
        self._lines = [place + 1, *others]
        self._down = dict.fromkeys(self._lines, 0)
        self._previous_at: datetime | None = None
        self._uptime_seconds = 0

    def reading(self, at: datetime, dice: random.Random) -> tuple[SessionRecord, ...]:
        """Let five minutes pass and return what is to be recorded at their end."""
        self._uptime_seconds += 300
        sessions = []
        for line in self._lines:
            moved = Traffic(dice.randrange(1_000, 60_000_000), dice.randrange(100, 6_000_000))
            self._down[line] += moved.download_bytes
            baseline = CounterBaseline(
                f"1700000000:*{line:X}", self._down[line], self._down[line] // 10, self._uptime_seconds, at
            )
            sessions.append(SessionRecord(ConnectionId(line), baseline, self._previous_at, ((at, moved),)))
        self._previous_at = at
        return tuple(sessions)


async def _record(
    benfex: Benfex, readings: Sequence[tuple[_Router, tuple[SessionRecord, ...]]], at: datetime
) -> None:
    slots = asyncio.Semaphore(_AT_ONCE)

    async def one(router: _Router, sessions: tuple[SessionRecord, ...]) -> None:
        async with slots:
            await benfex.transactor.transact(
                record_readings, _ACTOR, router_id=router.router_id, read_at=at, sessions=sessions
            )

    await asyncio.gather(*(one(router, sessions) for router, sessions in readings))


def _counted(path: Path) -> tuple[int, int]:
    with closing(sqlite3.connect(path)) as database:
        rows, counted = database.execute(
            "SELECT count(*), sum(download_bytes + upload_bytes) FROM usage_5m"
        ).fetchone()
    return int(rows), int(counted)


def _file_bytes(path: Path) -> int:
    """Return what the file holds, without the pages that are free."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        pages, free, size = (
            int(database.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("page_count", "freelist_count", "page_size")
        )
    return (pages - free) * size


def _outcome(spent: Sequence[float], *, row_bytes: float) -> Outcome:
    ticks = _COMPARED // _LINES
    first, last = (_COMPARED / sum(part) for part in (spent[:ticks], spent[-ticks:]))
    return Outcome(
        NAME,
        table=(
            ("rows", f"{_ROWS:,} of {_LINES:,} lines on {_ROUTERS} routers"),
            ("the first half million", f"{first:,.0f} rows a second"),
            ("the last", f"{last:,.0f} rows a second: {last / first:.2f} of it"),
            ("a row", f"{row_bytes:.1f} bytes"),
        ),
        figures={
            "rows": _ROWS,
            "first_rows_per_second": round(first),
            "last_rows_per_second": round(last),
            "last_to_first": round(last / first, 3),
            "row_bytes": round(row_bytes, 2),
        },
        targets=(
            Target(f"the last half million at {_RATIO} of the rate of the first", last / first >= _RATIO),
            Target(f"{_ROW_BYTES:.0f} bytes a row", row_bytes <= _ROW_BYTES),
        ),
    )
