"""How the demo's customers used their lines: an evening peak, quiet nights, a few over their cap.

Recent days have every hour, today and a week ago every five minutes; older ones have a few hours a day. What routers
moved is spread over each of those hours, since a month's percentile is read from it.
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
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.demo.money import pays_in_time
from benfex.usage.caps import cap_changes, note_cap
from benfex.usage.metering import CounterBaseline
from benfex.usage.recording import SessionRecord, record_readings
from benfex.usage.rollup import HOUR, roll_up_day, roll_up_hour
from data.queries.plans import lines_with_plans
from data.queries.usage_routers import RouterUsageRow, network_between, replace_router_five_minutes
from data.values.identifiers import ConnectionId, CustomerId, RouterId
from data.values.traffic import Traffic

_DEMO = SystemActor("demo")
_EVERY_HOUR_DAYS = 32
_WHOLE_DAYS = (
    0,
    6,
    7,
)  # back from the last: what is shown in five minutes, also when the demo runs until tomorrow
_OLD_HOURS = (1, 8, 13, 18, 20, 22)
_SHAPE = (3, 2, 1, 1, 1, 2, 4, 6, 6, 5, 5, 6, 7, 7, 7, 8, 9, 11, 14, 17, 19, 18, 13, 7)
_SHAPE_SUM = sum(_SHAPE)
_FIVE_MINUTES = 300
_STEP = timedelta(seconds=_FIVE_MINUTES)
_HEAVY_MAX = 4
_HEAVY_CAME = range(4, 10)  # days after the first: their months are three weeks old when the demo begins
_HEAVY_DAYS = 18  # and their cap lasts so long
_HEAVY_PARTS = 6  # an hour of theirs is more than one five minutes can carry
_CAPS_WATCHED_DAYS = 62  # two months, so that the marks of this one and the last are true
_GB = 1_000_000_000


@dataclass(frozen=True, slots=True)
class DemoLine:
    """A line, the day its service began, and what it can carry now: less once it is over its cap."""

    connection_id: ConnectionId
    customer_id: CustomerId
    router_id: RouterId
    starts_on: date
    download_bps: int
    cap_bytes: int | None
    suspended_on: date | None

    def was_used_on(self, day: date) -> bool:
        """Return whether the service ran on a day."""
        return self.starts_on <= day and (self.suspended_on is None or day < self.suspended_on)


class DemoUsage:
    """Makes the demo's past usage, by the acts that record polls and mark caps."""

    def __init__(
        self,
        benfex: Benfex,
        dice: random.Random,
        routers: Mapping[str, RouterId],
        *,
        first: date,
        last: date,
        zone: ZoneInfo,
    ) -> None:
        self._benfex = benfex
        self._dice = dice
        self._routers = tuple(routers.values())
        self._first, self._last, self._zone = first, last, zone
        self._day = first
        self._appetites: dict[ConnectionId, int] = {}
        self._heavy: set[ConnectionId] = set()
        self._readings: dict[ConnectionId, tuple[Traffic, datetime]] = {}

    def record_until(self, until: datetime) -> None:
        """Make the usage of each day not yet made, up to the last full hour, and mark who is over a cap."""
        last = until.replace(minute=0, second=0, microsecond=0)
        lines = self._benfex.transactor.read_sync(_lines, _DEMO)
        for line in lines:
            if line.connection_id not in self._appetites:
                self._appetites[line.connection_id] = self._appetite(line)
        while self._day <= until.astimezone(self._zone).date():
            hours = range(24) if (self._last - self._day).days <= _EVERY_HOUR_DAYS else _OLD_HOURS
            starts = [self._instant(self._day, hour) for hour in hours]
            starts = [start for start in starts if start + HOUR <= last]
            if not starts:
                break
            self._record_day(starts, [line for line in lines if line.was_used_on(self._day)])
            self._day += timedelta(days=1)
        if (self._last - self._day).days > _CAPS_WATCHED_DAYS:
            return
        changes = self._benfex.transactor.read_sync(cap_changes, _DEMO)
        for mark in [self._benfex.transactor.submit(note_cap, _DEMO, change=change) for change in changes]:
            mark.result()

    def end_sessions(self) -> None:
        """End the sessions of the past: the routers that follow know nothing of them."""
        lines = self._benfex.transactor.read_sync(_lines, _DEMO)
        for router_id in self._routers:
            self._forget(router_id, lines)

    def _record_day(self, starts: list[datetime], lines: list[DemoLine]) -> None:
        submit = self._benfex.transactor.submit
        read_at = starts[-1] + HOUR
        begins = self._instant(self._day, 0)
        done: list[Future[Any]] = []
        for router_id in self._routers:
            sessions = [self._session(line, starts, read_at) for line in lines if line.router_id == router_id]
            done.append(
                submit(record_readings, _DEMO, router_id=router_id, read_at=read_at, sessions=sessions)
            )
        done += [submit(roll_up_hour, _DEMO, starts_at=start) for start in starts]
        done.append(submit(roll_up_day, _DEMO, starts_at=begins, ends_at=begins + timedelta(days=1)))
        for act in done:
            act.result()
        if (self._last - self._day).days not in _WHOLE_DAYS:
            routers = tuple(self._routers)
            self._benfex.transactor.run_sync(
                _spread, _DEMO, router_ids=routers, since=starts[0], until=read_at
            )

    def _session(self, line: DemoLine, starts: list[datetime], read_at: datetime) -> SessionRecord:
        before, previous_at = self._readings.get(line.connection_id, (Traffic(0, 0), None))
        weights = [_SHAPE[start.astimezone(self._zone).hour] for start in starts]
        is_sparse = len(starts) <= len(_OLD_HOURS)
        whole = sum(weights) if is_sparse else _SHAPE_SUM
        most = line.download_bps * _FIVE_MINUTES // 8
        parts = 1 if is_sparse else 2
        if (self._last - self._day).days in _WHOLE_DAYS:
            parts = 60 // 5
        elif line.connection_id in self._heavy:
            parts = _HEAVY_PARTS // 2 if is_sparse else _HEAVY_PARTS
        bytes_a_day = self._appetites[line.connection_id]
        usage = []
        for start, weight in zip(starts, weights, strict=True):
            wanted = bytes_a_day * weight // whole * self._dice.randrange(60, 140) // 100
            for part in range(parts):
                download = min(wanted // parts, most * 95 // 100)
                if parts > _HEAVY_PARTS:
                    download = download * self._dice.randrange(70, 126) // 126
                upload = download * self._dice.randrange(6, 14) // 100
                usage.append((start + timedelta(minutes=60 // parts * part), Traffic(download, upload)))
        total = sum((traffic for _, traffic in usage), before)
        self._readings[line.connection_id] = (total, read_at)
        uptime = int((read_at - starts[0]).total_seconds())
        baseline = CounterBaseline(_key(line), total.download_bytes, total.upload_bytes, uptime, read_at)
        return SessionRecord(line.connection_id, baseline, previous_at, tuple(usage))

    def _forget(self, router_id: RouterId, lines: tuple[DemoLine, ...]) -> None:
        readings = self._readings
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
        """Return the download bytes a day; a few who came early use up their cap before the month is over."""
        gigabytes = self._dice.choice((1, 2, 2, 3, 3, 4, 5, 6))
        share = self._dice.randrange(80, 120)
        is_heavy = (
            line.cap_bytes is not None
            and (line.starts_on - self._first).days in _HEAVY_CAME
            and pays_in_time(line.customer_id)
            and len(self._heavy) < _HEAVY_MAX
        )
        if not is_heavy:
            return gigabytes * _GB * share // 100
        self._heavy.add(line.connection_id)
        assert line.cap_bytes is not None
        return line.cap_bytes // _HEAVY_DAYS

    def _instant(self, day: date, hour: int) -> datetime:
        return datetime.combine(day, time(hour), tzinfo=self._zone).astimezone(UTC)


def _key(line: DemoLine) -> str:
    return f"0:history-{line.connection_id}"


def _spread(uow: UnitOfWork, *, router_ids: tuple[RouterId, ...], since: datetime, until: datetime) -> None:
    """Share what routers moved in an hour out over its twelve steps; the hour stays the same."""
    for router_id in router_ids:
        hours: dict[datetime, Traffic] = {}
        for row in network_between(uow.session, since=since, until=until, router_id=router_id):
            hour, moved = row.starts_at.replace(minute=0), Traffic(row.download_bytes, row.upload_bytes)
            hours[hour] = hours.get(hour, Traffic(0, 0)) + moved
        rows = [
            RouterUsageRow(
                hour + place * _STEP,
                _twelfth(total.download_bytes, place),
                _twelfth(total.upload_bytes, place),
            )
            for hour, total in hours.items()
            for place in range(12)
        ]
        replace_router_five_minutes(uow.session, router_id=router_id, since=since, until=until, rows=rows)


def _twelfth(count: int, place: int) -> int:
    """Return one of twelve parts of a count; the first has what cannot be shared."""
    return count // 12 + (count % 12 if place == 0 else 0)


def _lines(snapshot: Snapshot) -> tuple[DemoLine, ...]:
    return tuple(
        DemoLine(
            ConnectionId(row.connection_id),
            CustomerId(row.customer_id),
            RouterId(row.router_id),
            row.starts_on,
            row.throttled_bps if row.is_over_cap and row.throttled_bps else row.download_bps,
            row.cap_bytes,
            row.suspended_at.date() if row.suspended_at else None,
        )
        for row in lines_with_plans(snapshot.session)
    )
