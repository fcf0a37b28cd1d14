"""A poll of 10,000 subscribers recorded: deltas, resets, baselines, five minutes of lines and of routers, durable.

Ours goes the product's way from the readings of all routers to the commit, 16 routers at once; what it works out
for screens at every poll, recorded or not, is told beside it. The floor inserts the very samples alone, in one
statement and one durable commit a tick. The peer gets or adds an object a row, a commit a router, and is measured
on 2,000 subscribers.
"""

import asyncio
import gc
import sqlite3
import statistics
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from sqlmodel import Field, Session, SQLModel, create_engine

from benchmarks.installation import opened
from benchmarks.outcome import Outcome, Target
from benchmarks.processes import BenchmarkError
from benchmarks.usage_ground import Homes, make_ground, minutes_from
from benfex.application import Benfex
from benfex.core.actors import SystemActor
from benfex.network.driver import PollReading
from benfex.usage.reading import RouterReadings
from benfex.usage.recording import Recorded, SessionRecord, record_readings, recorded
from data.values.identifiers import RouterId

NAME = "ingest_tick"
_ROUTERS, _SUBSCRIBERS, _PEER_SUBSCRIBERS = 50, 10_000, 2_000
_TICKS, _AT_ONCE = 9, 16
_FLOOR_RATIO, _PEER_RATIO = 0.25, 50.0
_ACTOR = SystemActor("benchmark")


class PeerUsage(SQLModel, table=True):
    """A row as an object."""

    __tablename__ = "peer_usage"

    connection_id: int = Field(primary_key=True)
    starts_at: datetime = Field(primary_key=True)
    download_bytes: int
    upload_bytes: int


class PeerCounter(SQLModel, table=True):
    """A baseline as an object."""

    __tablename__ = "peer_counter"

    connection_id: int = Field(primary_key=True)
    download_bytes: int
    upload_bytes: int


async def measure(home: Path) -> Outcome:
    """Record ticks all three ways, alternating. Raises BenchmarkError when a byte is not where it belongs."""
    settings, isp = make_ground(home / "benfex", routers=_ROUTERS, subscribers=_SUBSCRIBERS)
    homes = Homes(isp, a_router=_SUBSCRIBERS // _ROUTERS)
    with opened(settings) as benfex, closing(_bare(home / "floor.db")) as floor:
        await benfex.transactor.start()
        now = benfex.clock.now().replace(second=0, microsecond=0)
        books = {router_id: await _Book.opened(benfex, router_id) for router_id in isp.router_ids}
        shown, ours, bare, expected = [], [], [], 0
        for tick, at in enumerate(minutes_from(now, _TICKS + 1)):
            for router_id, reading in homes.minute():
                books[router_id].reading = reading
            gc.collect()
            began = time.perf_counter()
            for book in books.values():
                book.take(at)
            taken = time.perf_counter()
            sessions = await _record(benfex, tuple(books.values()), at)
            seconds = time.perf_counter() - taken
            samples = _samples(sessions)
            expected += sum(down + up for _, _, down, up in samples)
            if tick == 0:
                continue  # the first sight of every session: there is nothing to compare with
            shown.append(taken - began)
            ours.append(seconds)
            bare.append(_insert(floor, samples))
        counted = _counted(settings.home / "benfex.db")
    if counted != expected:
        raise BenchmarkError(f"{counted:,} bytes were recorded, not {expected:,}.")
    peer = _peer(home / "peer.db")
    return _outcome(shown, ours, bare, peer)


@dataclass(slots=True)
class _Book:
    """One router as the poller keeps it."""

    router_id: RouterId
    kept: Recorded
    readings: RouterReadings
    reading: PollReading | None = None

    @classmethod
    async def opened(cls, benfex: Benfex, router_id: RouterId) -> Self:
        kept = await benfex.transactor.read(recorded, _ACTOR, router_id=router_id)
        readings = RouterReadings()
        readings.resume(kept)
        return cls(router_id, kept, readings)

    def take(self, at: datetime) -> None:
        """Work out what screens show; done at every poll, recorded or not."""
        assert self.reading is not None
        self.readings.take(self.reading, read_at=at, interval_seconds=60)


async def _record(benfex: Benfex, books: Sequence[_Book], at: datetime) -> list[SessionRecord]:
    """Record what all routers told as the poller does, and return what was recorded."""
    slots = asyncio.Semaphore(_AT_ONCE)
    sessions: list[SessionRecord] = []

    async def one(book: _Book) -> None:
        async with slots:
            found, over = book.readings.records(book.kept)
            await benfex.transactor.transact(
                record_readings,
                _ACTOR,
                router_id=book.router_id,
                read_at=at,
                sessions=found,
                ended=over,
                online=book.readings.last_seen(),
            )
            book.kept.advance(found, over, at=at)
            book.readings.mark_recorded(book.kept)
            sessions.extend(found)

    await asyncio.gather(*(one(book) for book in books))
    return sessions


def _samples(sessions: Sequence[SessionRecord]) -> list[tuple[str, int, int, int]]:
    return [
        (f"{starts_at:%Y-%m-%d %H:%M:%S}", item.connection_id, moved.download_bytes, moved.upload_bytes)
        for item in sessions
        for starts_at, moved in item.usage
    ]


def _bare(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute(
        "CREATE TABLE sample (at TEXT, connection_id INTEGER, down INTEGER, up INTEGER,"
        " PRIMARY KEY (at, connection_id, down, up)) WITHOUT ROWID"
    )
    return database


def _insert(database: sqlite3.Connection, samples: list[tuple[str, int, int, int]]) -> float:
    began = time.perf_counter()
    database.execute("BEGIN")
    database.executemany("INSERT OR IGNORE INTO sample VALUES (?, ?, ?, ?)", samples)
    database.execute("COMMIT")
    return time.perf_counter() - began


def _counted(path: Path) -> int:
    with closing(sqlite3.connect(path)) as database:
        lines, routers = (
            database.execute(f"SELECT sum(download_bytes + upload_bytes) FROM {table}").fetchone()[0]  # noqa: S608
            for table in ("usage_5m", "usage_router_5m")
        )
    if lines != routers:
        raise BenchmarkError(f"Lines hold {lines:,} bytes, routers {routers:,}.")
    return int(lines)


def _peer(path: Path) -> float:
    """Return how many seconds an object a row takes for a tick of all subscribers."""
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        connection.exec_driver_sql("PRAGMA synchronous = FULL")
    SQLModel.metadata.create_all(
        engine, tables=[SQLModel.metadata.tables[name] for name in ("peer_usage", "peer_counter")]
    )
    at = datetime(2026, 11, 1, tzinfo=UTC)
    spent = []
    for tick in range(3):
        began = time.perf_counter()
        for first in range(0, _PEER_SUBSCRIBERS, _SUBSCRIBERS // _ROUTERS):
            with Session(engine) as session:
                for number in range(first, first + _SUBSCRIBERS // _ROUTERS):
                    _peer_row(session, number, at + timedelta(minutes=5 * tick))
                session.commit()
        spent.append(time.perf_counter() - began)
    engine.dispose()
    return statistics.median(spent) * _SUBSCRIBERS / _PEER_SUBSCRIBERS


def _peer_row(session: Session, number: int, at: datetime) -> None:
    counter = session.get(PeerCounter, number)
    if counter is None:
        counter = PeerCounter(connection_id=number, download_bytes=0, upload_bytes=0)
    counter.download_bytes += 1_000_000
    counter.upload_bytes += 100_000
    session.add(counter)
    usage = session.get(PeerUsage, (number, at))
    if usage is None:
        usage = PeerUsage(connection_id=number, starts_at=at, download_bytes=0, upload_bytes=0)
    usage.download_bytes += 1_000_000
    usage.upload_bytes += 100_000
    session.add(usage)


def _outcome(shown: list[float], ours: list[float], bare: list[float], peer: float) -> Outcome:
    seconds, floor = statistics.mean(ours), statistics.median(bare)
    of_floor, times_peer = floor / seconds, peer / seconds
    return Outcome(
        NAME,
        table=(
            ("a tick", f"{_SUBSCRIBERS:,} subscribers on {_ROUTERS} routers, {len(ours)} ticks"),
            ("ours", f"{seconds * 1000:,.0f} ms, {_SUBSCRIBERS / seconds:,.0f} rows a second"),
            ("rates for screens", f"{statistics.mean(shown) * 1000:,.0f} ms more, at every poll"),
            ("floor", f"{floor * 1000:,.0f} ms: {of_floor:.2f} of it"),
            ("peer", f"{peer * 1000:,.0f} ms: {times_peer:.0f} times as fast"),
        ),
        figures={
            "shown_seconds": round(statistics.mean(shown), 4),
            "seconds": round(seconds, 4),
            "floor_seconds": round(floor, 4),
            "peer_seconds": round(peer, 3),
            "rate_to_floor": round(of_floor, 3),
            "rate_to_peer": round(times_peer, 1),
        },
        targets=(
            Target(f"{_FLOOR_RATIO} of the floor", of_floor >= _FLOOR_RATIO),
            Target(f"{_PEER_RATIO:.0f} times the peer", times_peer >= _PEER_RATIO),
        ),
    )
