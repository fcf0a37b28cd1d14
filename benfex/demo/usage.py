"""How the demo's customers used their lines: an evening peak, quiet nights, a few over their cap.

Recent days have every hour; older ones a few hours a day, as a provider keeps them.
"""

import random
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from benfex.application import Benfex
from benfex.core.actors import SystemActor
from benfex.core.unit_of_work import Snapshot
from benfex.usage.metering import CounterBaseline
from benfex.usage.recording import SessionRecord, record_readings
from benfex.usage.rollup import HOUR, roll_up_day, roll_up_hour
from data.queries.plans import lines_with_plans
from data.values.identifiers import ConnectionId, RouterId
from data.values.traffic import Traffic

_DEMO = SystemActor("demo")
_EVERY_HOUR_DAYS = 32
_OLD_HOURS = (1, 8, 13, 18, 20, 22)
_SHAPE = (3, 2, 1, 1, 1, 2, 4, 6, 6, 5, 5, 6, 7, 7, 7, 8, 9, 11, 14, 17, 19, 18, 13, 7)
_SHAPE_SUM = sum(_SHAPE)
_FIVE_MINUTES = 300
_GB = 1_000_000_000


@dataclass(frozen=True, slots=True)
class DemoLine:
    """A line, the day its service began, and what it can carry."""

    connection_id: ConnectionId
    router_id: RouterId
    starts_on: date
    download_bps: int
    cap_bytes: int | None
    suspended_on: date | None

    def was_used_on(self, day: date) -> bool:
        """Return whether the service ran on a day."""
        return self.starts_on <= day and (self.suspended_on is None or day < self.suspended_on)


class DemoUsage:
    """Makes the demo's past usage, by the act that records polls."""

    def __init__(self, benfex: Benfex, dice: random.Random, routers: Mapping[str, RouterId]) -> None:
        self._benfex = benfex
        self._dice = dice
        self._routers = tuple(routers.values())

    def make(self, *, until: datetime, zone: ZoneInfo) -> None:
        """Make usage from the first service up to the last full hour."""
        lines = self._benfex.transactor.read_sync(_lines, _DEMO)
        appetite = {line.connection_id: self._appetite(line) for line in lines}
        last = until.replace(minute=0, second=0, microsecond=0)
        today = until.astimezone(zone).date()
        day = min(line.starts_on for line in lines)
        readings: dict[ConnectionId, tuple[Traffic, datetime]] = {}
        while day <= today:
            hours = range(24) if (today - day).days <= _EVERY_HOUR_DAYS else _OLD_HOURS
            starts = [datetime.combine(day, time(hour), tzinfo=zone).astimezone(UTC) for hour in hours]
            starts = [start for start in starts if start + HOUR <= last]
            if starts:
                self._record_day(day, starts, lines, appetite, readings, zone)
            day += timedelta(days=1)
        for router_id in self._routers:
            self._forget(router_id, lines, readings)

    def _record_day(
        self,
        day: date,
        starts: list[datetime],
        lines: tuple[DemoLine, ...],
        appetite: dict[ConnectionId, int],
        readings: dict[ConnectionId, tuple[Traffic, datetime]],
        zone: ZoneInfo,
    ) -> None:
        submit = self._benfex.transactor.submit
        read_at = starts[-1] + HOUR
        begins = datetime.combine(day, time(0), tzinfo=zone).astimezone(UTC)
        done: list[Future[Any]] = []
        for router_id in self._routers:
            sessions = [
                self._session(line, starts, read_at, appetite[line.connection_id], readings, zone)
                for line in lines
                if line.router_id == router_id and line.was_used_on(day)
            ]
            done.append(
                submit(record_readings, _DEMO, router_id=router_id, read_at=read_at, sessions=sessions)
            )
        done += [submit(roll_up_hour, _DEMO, starts_at=start) for start in starts]
        done.append(submit(roll_up_day, _DEMO, starts_at=begins, ends_at=begins + timedelta(days=1)))
        for act in done:
            act.result()

    def _session(
        self,
        line: DemoLine,
        starts: list[datetime],
        read_at: datetime,
        bytes_a_day: int,
        readings: dict[ConnectionId, tuple[Traffic, datetime]],
        zone: ZoneInfo,
    ) -> SessionRecord:
        before, previous_at = readings.get(line.connection_id, (Traffic(0, 0), None))
        weights = [_SHAPE[start.astimezone(zone).hour] for start in starts]
        whole = sum(weights) if len(starts) < 24 else _SHAPE_SUM
        most = line.download_bps * _FIVE_MINUTES // 8
        usage = []
        for start, weight in zip(starts, weights, strict=True):
            wanted = bytes_a_day * weight // whole * self._dice.randrange(60, 140) // 100
            parts = 2 if len(starts) > len(_OLD_HOURS) else 1
            for part in range(parts):
                download = min(wanted // parts, most * 95 // 100)
                upload = download * self._dice.randrange(6, 14) // 100
                usage.append((start + timedelta(minutes=30 * part), Traffic(download, upload)))
        total = sum((traffic for _, traffic in usage), before)
        readings[line.connection_id] = (total, read_at)
        uptime = int((read_at - starts[0]).total_seconds())
        baseline = CounterBaseline(_key(line), total.download_bytes, total.upload_bytes, uptime, read_at)
        return SessionRecord(line.connection_id, baseline, previous_at, tuple(usage))

    def _forget(
        self,
        router_id: RouterId,
        lines: tuple[DemoLine, ...],
        readings: dict[ConnectionId, tuple[Traffic, datetime]],
    ) -> None:
        here = [line for line in lines if line.router_id == router_id and line.connection_id in readings]
        if here:
            newest = max(readings[line.connection_id][1] for line in here)
            self._benfex.transactor.run_sync(
                record_readings,
                _DEMO,
                router_id=router_id,
                read_at=newest,
                sessions=[],
                ended=[_key(line) for line in here],
            )

    def _appetite(self, line: DemoLine) -> int:
        gigabytes = self._dice.choice((1, 2, 2, 3, 3, 4, 5, 6))
        if line.cap_bytes and self._dice.random() < 0.06:
            gigabytes = line.cap_bytes // _GB // 12
        return gigabytes * _GB * self._dice.randrange(80, 120) // 100


def _key(line: DemoLine) -> str:
    return f"0:history-{line.connection_id}"


def _lines(snapshot: Snapshot) -> tuple[DemoLine, ...]:
    return tuple(
        DemoLine(
            ConnectionId(row.connection_id),
            RouterId(row.router_id),
            row.starts_on,
            row.download_bps,
            row.cap_bytes,
            row.suspended_at.date() if row.suspended_at else None,
        )
        for row in lines_with_plans(snapshot.session)
    )
