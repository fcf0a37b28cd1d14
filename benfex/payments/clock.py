"""Money to packet: from the first evidence with a receipt to the router written and read back."""

from dataclasses import dataclass
from datetime import datetime

from benfex.core.actors import require
from benfex.core.unit_of_work import Snapshot
from data.queries import payments as payment_queries
from data.values.roles import Permission


@dataclass(frozen=True, slots=True)
class ClockFigures:
    """Milliseconds at the median and the 95th percentile, None before the first; and how many still wait."""

    restored: int
    waiting: int
    p50_ms: int | None
    p95_ms: int | None
    slowest_ms: int | None
    session_p50_ms: int | None


def money_to_packet(snapshot: Snapshot, *, since: datetime) -> ClockFigures:
    """Return the figures of restorations whose evidence came since."""
    require(snapshot.actor, Permission.VIEW_DASHBOARD)
    times = payment_queries.restoration_times(snapshot.session, since=since)
    read_back = sorted(_ms(evidence, at) for evidence, at, _ in times if at is not None)
    sessions = sorted(_ms(evidence, at) for evidence, _, at in times if at is not None)
    return ClockFigures(
        restored=len(read_back),
        waiting=len(times) - len(read_back),
        p50_ms=percentile(read_back, 50),
        p95_ms=percentile(read_back, 95),
        slowest_ms=read_back[-1] if read_back else None,
        session_p50_ms=percentile(sessions, 50),
    )


def percentile(ascending: list[int], percent: int) -> int | None:
    """Return the nearest-rank percentile of an ascending list, None of an empty one."""
    if not ascending:
        return None
    rank = -(-len(ascending) * percent // 100)
    return ascending[max(rank, 1) - 1]


def _ms(start: datetime, end: datetime) -> int:
    return round((end - start).total_seconds() * 1000)
