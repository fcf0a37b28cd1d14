"""Usage read: 30 days of a line, hour by hour, and what 10,000 lines have used in a month.

Ours are the view of the REST API, and what caps and bills count with. The floor is the SQL they need and nothing else,
over the same rows of the same file. Both answers are compared.
"""

import sqlite3
import statistics
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

from sqlalchemy import text

from benchmarks.installation import BENCHMARK, opened
from benchmarks.outcome import Outcome, Target
from benchmarks.processes import BenchmarkError
from benchmarks.usage_ground import make_ground
from benfex.application import Benfex
from benfex.core.clock import local_date
from benfex.core.paging import SliceRequest
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.usage.allowance import period_begins_at
from benfex.usage.api_views import UsageStepSize, usage_records
from benfex.usage.caps import standings
from benfex.usage.counting import CountedSpan, counted_between
from data.columns import unix_seconds
from data.values.identifiers import ConnectionId

T = TypeVar("T")

NAME = "usage_read"
_ROUTERS, _LINES = 10, 10_000
_HOURS_OF = (
    200  # hours are made of so many lines: of all they were ten million rows, which nothing here reads
)
_DAYS, _ROUNDS, _PAGES = 40, 5, 30
_RATIO = 2.0


async def measure(home: Path) -> Outcome:
    """Read both ways, alternating. Raises BenchmarkError when they do not agree."""
    settings, _ = make_ground(home / "benfex", routers=_ROUTERS, subscribers=_LINES)
    with opened(settings) as benfex, closing(sqlite3.connect(settings.home / "benfex.db")) as bare:
        zone = settings.timezone
        today = local_date(benfex.clock.now(), zone)
        benfex.transactor.run_sync(_fill, BENCHMARK, until=period_begins_at(today, zone))
        lines = range(1, _PAGES + 1)
        until = period_begins_at(today, zone)
        since = until - timedelta(days=30)
        month = _alternate(
            [partial(_hours, benfex, line, since, until) for line in lines],
            [partial(_bare_hours, bare, line, since, until) for line in lines],
        )
        totals = _alternate(
            [lambda: benfex.transactor.read_sync(_totals, BENCHMARK, since=since, until=until, zone=zone)],
            [partial(_bare_totals, bare, since, until)],
        )
        standing = statistics.median(_standing(benfex) for _ in range(_ROUNDS))
    return _outcome(month, totals, standing)


def _alternate(ours: list[Callable[[], T]], bare: list[Callable[[], T]]) -> tuple[float, float]:
    """Return the median seconds of one reading of either kind; the first round warms both up."""
    spent: list[float] = []
    floor: list[float] = []
    for round_ in range(_ROUNDS + 1):
        for one, other in zip(ours, bare, strict=True):
            began = time.perf_counter()
            found = one()
            between = time.perf_counter()
            expected = other()
            ended = time.perf_counter()
            if found != expected:
                raise BenchmarkError(f"Ours found {found!r:.200}, bare SQL {expected!r:.200}.")
            if round_:
                spent.append(between - began)
                floor.append(ended - between)
    return statistics.median(spent), statistics.median(floor)


def _hours(benfex: Benfex, line: int, since: datetime, until: datetime) -> list[tuple[object, ...]]:
    found = benfex.transactor.read_sync(
        usage_records,
        BENCHMARK,
        connection_id=ConnectionId(line),
        since=since,
        until=until,
        step=UsageStepSize.HOUR,
        request=SliceRequest(1_000, None),
    )
    return list(found.rows)


def _bare_hours(
    bare: sqlite3.Connection, line: int, since: datetime, until: datetime
) -> list[tuple[object, ...]]:
    rows = bare.execute(
        "SELECT starts_at, download_bytes, upload_bytes, peak_download_bps, peak_upload_bps, seconds_covered"
        " FROM usage_1h WHERE connection_id = ? AND starts_at >= ? AND starts_at < ? ORDER BY starts_at",
        (line, unix_seconds(since), unix_seconds(until)),
    )
    return [(datetime.fromtimestamp(at, UTC), *row) for at, *row in rows]


def _totals(snapshot: Snapshot, *, since: datetime, until: datetime, zone: str) -> dict[int, int]:
    spans = [CountedSpan(line, since, until, None) for line in range(1, _LINES + 1)]
    return dict(enumerate(counted_between(snapshot.session, spans, zone=zone), 1))


def _standing(benfex: Benfex) -> float:
    """Return how many seconds it takes to tell how all lines stand, every five minutes."""
    began = time.perf_counter()
    found = benfex.transactor.read_sync(standings, BENCHMARK)
    if len(found) != _LINES:
        raise BenchmarkError(f"{len(found)} lines have a limit, not {_LINES}.")
    return time.perf_counter() - began


def _bare_totals(bare: sqlite3.Connection, since: datetime, until: datetime) -> dict[int, int]:
    return dict(
        bare.execute(
            "SELECT usage_1d.connection_id, sum(download_bytes + upload_bytes) FROM connection JOIN usage_1d"
            " ON usage_1d.connection_id = connection.id AND starts_at >= ? AND starts_at < ? GROUP BY 1",
            (unix_seconds(since), unix_seconds(until)),
        )
    )


def _fill(uow: UnitOfWork, *, until: datetime) -> None:
    """Give every line a limit, hours to some and days to all."""
    uow.session.execute(text("UPDATE plan SET data_cap_bytes = 1000000000000000"))
    for table, lines, step in (("usage_1h", _HOURS_OF, 1), ("usage_1d", _LINES, 24)):
        for hours in range(0, _DAYS * 24, step):
            uow.session.execute(
                text(
                    f"INSERT INTO {table} (connection_id, starts_at, download_bytes, upload_bytes,"  # noqa: S608
                    " peak_download_bps, peak_upload_bps, seconds_covered)"
                    " SELECT id, :at, id * 1000003 % 900001 + :hours, id * 1009 % 90001, 1, 1, 3600"
                    " FROM connection WHERE id <= :lines"
                ),
                {"at": unix_seconds(until - timedelta(hours=hours + step)), "hours": hours, "lines": lines},
            )


def _outcome(month: tuple[float, float], totals: tuple[float, float], standing: float) -> Outcome:
    of_month, of_totals = (ours / floor for ours, floor in (month, totals))
    return Outcome(
        NAME,
        table=(
            (
                "30 days of a line",
                f"{month[0] * 1e3:.2f} ms, bare {month[1] * 1e3:.2f} ms: {of_month:.1f} times",
            ),
            (
                f"{_LINES:,} totals",
                f"{totals[0] * 1e3:,.0f} ms, bare {totals[1] * 1e3:,.0f} ms: {of_totals:.1f} times",
            ),
            ("how all stand", f"{standing * 1e3:,.0f} ms, every five minutes"),
        ),
        figures={
            "month_seconds": round(month[0], 5),
            "month_floor_seconds": round(month[1], 5),
            "totals_seconds": round(totals[0], 4),
            "totals_floor_seconds": round(totals[1], 4),
            "standing_seconds": round(standing, 4),
            "month_to_floor": round(of_month, 2),
            "totals_to_floor": round(of_totals, 2),
        },
        targets=(
            Target(f"a month at most {_RATIO:.0f} times bare SQL", of_month <= _RATIO),
            Target(f"{_LINES:,} totals at most {_RATIO:.0f} times bare SQL", of_totals <= _RATIO),
        ),
    )
