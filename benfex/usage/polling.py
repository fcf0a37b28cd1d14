"""The UsagePoller: reads every router in its turn, records what was used and shows what is going on.

Whose turn it is, is in `timetable`; what two readings mean, in `reading` and `metering`; the acts are in
`recording`, and what screens see is in `screens` and `live`.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from benfex.core.actors import SystemActor
from benfex.core.clock import Clock
from benfex.core.errors import RouterAuthFailed, RouterError, RouterUnreachable
from benfex.core.events import ConnectionApplied, EventBus, RouterStatusChanged
from benfex.core.transactor import Transactor
from benfex.core.vault import Vault
from benfex.network.driver import PollReading, RouterDriver
from benfex.network.health import RouterWatch
from benfex.network.links import KeptLinks
from benfex.usage.live import LiveRouter, LiveUsage
from benfex.usage.rates import Rates
from benfex.usage.reading import RouterReadings
from benfex.usage.recording import (
    Recorded,
    in_chunks,
    note_sessions,
    record_readings,
    recorded,
    restored_lately,
)
from benfex.usage.rollup import UsageRollup
from benfex.usage.screens import Screens
from benfex.usage.timetable import Turn, routers_to_poll
from data.values.errors import BenfexError
from data.values.identifiers import RouterId

LIST_SECONDS = 5.0
LOOK_AGAIN_SECONDS = 300.0
RESTORED_WITHIN = timedelta(minutes=2)
_SYSTEM = SystemActor("usage poller")
_log = structlog.get_logger("polling")


@dataclass(frozen=True, slots=True)
class PollOutcome:
    """What one poll came to. `reason` is empty when the router was read."""

    router_id: RouterId
    is_read: bool
    online: int = 0
    is_recorded: bool = False
    reason: str = ""


class UsagePoller:
    """Reads routers: each by its own interval, watched ones every 2 s, a dead one delaying no other."""

    def __init__(
        self,
        *,
        transactor: Transactor,
        clock: Clock,
        bus: EventBus,
        vault: Vault,
        drivers: Mapping[str, RouterDriver],
        watch: RouterWatch,
        live: LiveUsage,
        rollup: UsageRollup | None = None,
        watch_interval_seconds: float = 2.0,
        record_seconds: float = 60.0,
        timeout_seconds: float = 10.0,
        concurrent_routers: int = 16,
    ) -> None:
        self._transactor = transactor
        self._clock = clock
        self._watch = watch
        self._live = live
        self._screens = Screens(live=live, bus=bus)
        self._rollup = rollup
        self._watch_interval = watch_interval_seconds
        self._record_seconds = record_seconds
        self._timeout_seconds = timeout_seconds
        self._links = KeptLinks(
            transactor=transactor,
            vault=vault,
            drivers=drivers,
            name="usage poller",
            timeout_seconds=timeout_seconds,
        )
        self._slots = asyncio.Semaphore(concurrent_routers)
        self._turns: dict[RouterId, Turn] = {}
        self._polls: dict[RouterId, asyncio.Task[PollOutcome]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._list_due = float("-inf")
        self._is_running = False
        watch.on_return(self._returned)
        live.on_watch(self._watched)
        bus.subscribe(ConnectionApplied, self._applied)
        bus.subscribe(RouterStatusChanged, self._status_changed)

    async def start(self) -> None:
        """Learn which routers there are; `poll_due` begins to read them."""
        self._is_running = True
        await self._refresh()

    async def stop(self) -> None:
        """Stop reading and end all links; what is not recorded is read again at the next start."""
        self._is_running = False
        tasks = (*self._polls.values(), *self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._links.close()

    async def poll_due(self) -> int:
        """Begin to read the routers whose turn it is and return how many; it waits for none of them."""
        self._is_running = True
        if self._clock.monotonic() >= self._list_due:
            await self._refresh()
        for turn in tuple(self._turns.values()):
            if turn.looks_for_restored:
                await self._look_for_restored(turn)
        now = self._clock.monotonic()
        begun = 0
        for router_id, turn in self._turns.items():
            self._show_overdue(turn, now)
            if router_id not in self._polls and self._is_due(turn, now):
                self._begin(turn, now)
                begun += 1
        return begun

    async def poll(self, router_id: RouterId) -> PollOutcome:
        """Read a router now, or wait for the reading that is under way, and return what came of it."""
        if router_id not in self._turns:
            await self._refresh()
        turn = self._turns.get(router_id)
        if turn is None:
            return PollOutcome(router_id, is_read=False, reason="This router is not in use.")
        if router_id not in self._polls:
            self._begin(turn, self._clock.monotonic())
        return await asyncio.shield(self._polls[router_id])

    async def poll_all(self) -> tuple[PollOutcome, ...]:
        """Read every router that is not paused now and return what came of it, by id."""
        await self._refresh()
        asked = [router_id for router_id, turn in self._turns.items() if turn.is_asked]
        return tuple(await asyncio.gather(*(self.poll(router_id) for router_id in asked)))

    async def idle(self) -> None:
        """Wait until no reading is under way."""
        while self._polls:
            await asyncio.wait(tuple(self._polls.values()))

    # The timetable

    async def _refresh(self) -> None:
        now = self._clock.monotonic()
        self._list_due = now + LIST_SECONDS
        found = {item.router_id: item for item in await self._transactor.read(routers_to_poll, _SYSTEM)}
        for router_id in self._turns.keys() - found.keys():
            del self._turns[router_id]
            await self._links.drop(router_id)
        for router_id, router in found.items():
            turn = self._turns.get(router_id)
            if turn is None:
                self._turns[router_id] = Turn(router, due=now, point=now)
            else:
                turn.router = router
        self._live.keep_routers(
            LiveRouter(
                item.router_id,
                item.name,
                item.status,
                is_enabled=item.is_enabled,
                last_seen_at=item.last_seen_at,
            )
            for item in found.values()
        )

    def _interval(self, turn: Turn) -> float:
        is_close = bool(turn.restored) or self._live.is_watched(turn.router.router_id)
        return self._watch_interval if is_close else float(turn.router.poll_seconds)

    def _is_due(self, turn: Turn, now: float) -> bool:
        if not turn.is_asked or self._watch.is_lost(turn.router.router_id):
            return False
        return turn.is_due(now, interval_seconds=self._interval(turn))

    def _begin(self, turn: Turn, now: float) -> None:
        router_id = turn.router.router_id
        turn.begin(now)
        task = asyncio.get_running_loop().create_task(self._read(turn), name=f"poll:{router_id}")
        self._polls[router_id] = task
        task.add_done_callback(lambda done: self._ended(router_id, done))

    def _ended(self, router_id: RouterId, task: asyncio.Task[PollOutcome]) -> None:
        self._polls.pop(router_id, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("poll failed", router_id=router_id, exc_info=error)

    def _show_overdue(self, turn: Turn, now: float) -> None:
        """Show a gap as soon as a point is overdue by an interval, and one each interval from then on."""
        interval = self._interval(turn)
        turn.keep_pace(now, interval_seconds=interval)
        if turn.is_asked and now >= turn.point + 2 * interval:
            self._show_gap(turn, now - interval)

    # One router

    async def _read(self, turn: Turn) -> PollOutcome:
        router_id = turn.router.router_id
        interval = self._interval(turn)
        async with self._slots:
            try:
                async with asyncio.timeout(max(min(0.8 * interval, 30.0), 2 * self._timeout_seconds)):
                    reading = await self._ask(router_id)
            except TimeoutError:
                return await self._lose(turn, RouterUnreachable("The router did not answer in time."))
            except RouterError as error:
                return await self._lose(turn, error)
        read_at, now = self._clock.now(), self._clock.monotonic()
        turn.failures = 0
        await self._watch.note_reached(router_id)
        if turn.readings is None:
            turn.readings = RouterReadings()
            turn.readings.resume(await self._look_up(turn, now))
        rates = turn.readings.take(reading, read_at=read_at, interval_seconds=max(1, round(interval)))
        is_recorded = False
        if now >= turn.recorded + self._record_seconds - 0.5 or turn.readings.has_unrecorded_end:
            is_recorded = await self._record(turn, rates, read_at, now)
        self._show(turn, reading, rates, read_at, now)
        await self._note_returned(turn, reading, read_at, now)
        return PollOutcome(router_id, is_read=True, online=len(rates.online), is_recorded=is_recorded)

    async def _ask(self, router_id: RouterId) -> PollReading:
        """Read over the kept link; when it turns out to be dead, once more over a new one."""
        link, is_fresh = await self._links.take(router_id)
        try:
            return await link.read_poll()
        except RouterError:
            await self._links.drop(router_id)
            if is_fresh:
                raise
        link, _ = await self._links.take(router_id)
        return await link.read_poll()

    async def _lose(self, turn: Turn, error: RouterError) -> PollOutcome:
        router_id, now = turn.router.router_id, self._clock.monotonic()
        await self._links.drop(router_id)
        turn.fail(now)
        self._show_gap(turn, now - self._interval(turn))
        if isinstance(error, RouterAuthFailed):
            await self._watch.note_refused(router_id, error.message)
        elif error.code != "not_in_use":
            await self._watch.note_lost(router_id, error.message)
        return PollOutcome(router_id, is_read=False, reason=error.message)

    async def _record(self, turn: Turn, rates: Rates, read_at: datetime, now: float) -> bool:
        """Record what was read on top of what is recorded; when that fails, the next reading covers it."""
        assert turn.readings is not None
        router_id = turn.router.router_id
        online = turn.readings.last_seen()
        try:
            kept = turn.kept
            if kept is None or now >= turn.looked + LOOK_AGAIN_SECONDS:
                kept = await self._look_up(turn, now)
            turn.kept = None  # what is written in part is looked up again
            sessions, over = turn.readings.records(kept)
            *first, last = in_chunks(sessions) or ((),)
            for chunk in first:
                await self._transactor.transact(
                    record_readings,
                    _SYSTEM,
                    router_id=router_id,
                    read_at=read_at,
                    sessions=chunk,
                    is_last=False,
                )
            await self._transactor.transact(
                record_readings,
                _SYSTEM,
                router_id=router_id,
                read_at=read_at,
                sessions=last,
                ended=over,
                online=online,
            )
        except BenfexError as error:
            _log.warning("usage not recorded", router_id=router_id, error=error.message)
            turn.kept = None
            return False
        if turn.kept is not None:
            kept.lines = turn.kept.lines  # looked up meanwhile
        kept.advance(sessions, over, at=read_at)
        turn.kept, turn.recorded = kept, now
        turn.readings.mark_recorded(kept)
        touched = [starts_at for item in sessions for starts_at, _ in item.usage]
        if touched and self._rollup is not None:
            self._rollup.note_touched(min(touched))
        return True

    async def _look_up(self, turn: Turn, now: float) -> Recorded:
        """Read what is recorded of a router, and which connections it has."""
        router_id = turn.router.router_id
        kept = await self._transactor.read(recorded, _SYSTEM, router_id=router_id)
        self._live.keep_connections(router_id, (line.connection_id for line in kept.lines.values()))
        turn.kept, turn.looked = kept, now
        return kept

    # What screens see

    def _show(self, turn: Turn, reading: PollReading, rates: Rates, read_at: datetime, now: float) -> None:
        turn.point = now
        if rates.total is None and not turn.has_rates:
            turn.due = min(turn.due, now + self._watch_interval)  # a second reading makes the first rate
        turn.has_rates = rates.total is not None
        self._screens.show(turn.router, reading, rates, read_at=read_at)

    def _show_gap(self, turn: Turn, point: float) -> None:
        turn.point, turn.has_rates = point, False
        samples = turn.readings.gap_samples() if turn.readings else ()
        self._screens.show_gap(turn.router.router_id, samples, at=self._clock.now())

    # Who came back after a restoration

    async def _look_for_restored(self, turn: Turn) -> None:
        """Learn who was restored lately; their router is read every 2 s until their session is seen."""
        turn.looks_for_restored = False
        router_id, now = turn.router.router_id, self._clock.monotonic()
        waiting = await self._transactor.read(
            restored_lately, _SYSTEM, router_id=router_id, within=RESTORED_WITHIN
        )
        until = now + RESTORED_WITHIN.total_seconds()
        for connection_id, written_at in waiting:
            turn.restored.setdefault(connection_id, (written_at, until))
        if turn.readings is not None:
            turn.readings.lines = (await self._look_up(turn, now)).lines

    async def _note_returned(self, turn: Turn, reading: PollReading, read_at: datetime, now: float) -> None:
        if not turn.restored or turn.readings is None:
            return
        returned = []
        for session in reading.sessions:
            line = turn.readings.lines.get(session.username)
            restored = turn.restored.get(line.connection_id) if line else None
            began_at = read_at - timedelta(seconds=session.uptime_seconds)  # up to a second late
            if line is not None and restored is not None and began_at >= restored[0]:
                returned.append((line.connection_id, line.customer_id))
        for connection_id, _ in returned:
            turn.restored.pop(connection_id, None)
        turn.restored = {key: item for key, item in turn.restored.items() if item[1] > now}
        if returned:
            await self._transactor.transact(note_sessions, _SYSTEM, returned=returned, at=read_at)

    # What wakes us

    def _applied(self, event: ConnectionApplied) -> None:
        turn = self._turns.get(event.router_id)
        if turn is not None:
            turn.looks_for_restored = True

    def _status_changed(self, event: RouterStatusChanged) -> None:
        self._list_due = float("-inf")
        self._live.note_status(event.router_id, event.status)

    def _returned(self, router_id: RouterId) -> None:
        """Read a router that opened its door again; one that only pretends to waits for its back-off."""
        turn = self._turns.get(router_id)
        if turn is not None and turn.failures <= 1:
            turn.due = float("-inf")
            self._soon()

    def _watched(self) -> None:
        self._soon()

    def _soon(self) -> None:
        if not self._is_running:
            return
        task = asyncio.get_running_loop().create_task(self._look(), name="poll soon")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _look(self) -> None:
        await self.poll_due()
