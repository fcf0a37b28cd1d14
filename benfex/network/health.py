"""Which routers answer: noted once when one is lost and once when it is back, and probed in between.

What was asked of the router is with `provisioning` and `usage/polling`; both share one `RouterWatch`.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import structlog

from benfex.core.actors import SystemActor, require
from benfex.core.events import EventBus, RouterStatusChanged
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.network.driver import RouterIdentity
from benfex.network.outages import begin_outage, end_outage
from benfex.network.versions import version_order
from data.locks import lock_row
from data.models.router import Router
from data.queries import routers as router_queries
from data.values.identifiers import RouterId
from data.values.roles import Permission
from data.values.states import RouterStatus, can_advance

PROBE_SECONDS = 5.0
CONNECT_SECONDS_MAX = 3.0
_SYSTEM = SystemActor("router watch")
_log = structlog.get_logger("routers")


def note_router_status(
    uow: UnitOfWork, *, router_id: RouterId, status: RouterStatus, reason: str = ""
) -> bool:
    """Note that a router answered, was lost or refused us; return whether that is news.

    A retired router stays retired, and one that refused us stays so until it is edited.
    """
    require(uow.actor, Permission.OPERATE_NETWORK)
    lock_row(uow.session, Router, router_id)
    router = router_queries.find_router(uow.session, router_id)
    if router is None:
        return False
    if status is RouterStatus.REACHABLE:
        router.consecutive_failures = 0
    else:
        router.consecutive_failures += 1
    if not can_advance(router.status, status):
        uow.session.flush()
        return False
    before = router.status
    router.status = status
    router.status_reason = reason[:250]
    uow.session.flush()
    if status is RouterStatus.UNREACHABLE:
        begin_outage(uow, router, reason=reason)
    elif before is RouterStatus.UNREACHABLE:
        end_outage(uow, router_id=router_id)
    uow.emit(RouterStatusChanged(router_id=router_id, status=status))
    return True


def note_identity(uow: UnitOfWork, *, router_id: RouterId, identity: RouterIdentity) -> None:
    """Keep what a router says it is; a serial number once known is forgotten only by an edit."""
    require(uow.actor, Permission.OPERATE_NETWORK)
    router = router_queries.find_router(uow.session, router_id)
    if router is None:
        return
    router.board = identity.board[:60]
    router.version = identity.version[:40]
    router.version_order = version_order(identity.version)
    router.serial = router.serial or (identity.serial or "")[:40]
    router.firmware = identity.firmware[:40]
    router.firmware_offered = identity.firmware_offered[:40]
    uow.session.flush()


def door_of(snapshot: Snapshot, *, router_id: RouterId) -> tuple[str, int] | None:
    """Return host and port of a router that is to be probed; None when it is to be left alone."""
    require(snapshot.actor, Permission.OPERATE_NETWORK)
    router = router_queries.find_router(snapshot.session, router_id)
    if router is None or not router.is_enabled or router.status in router_queries.CLOSED_DOORS:
        return None
    return router.host, router.port


class RouterWatch:
    """Knows in memory which routers are lost, and knocks at their doors until one opens."""

    def __init__(
        self, *, transactor: Transactor, bus: EventBus, probe_seconds: float = PROBE_SECONDS
    ) -> None:
        self._transactor = transactor
        self._probe_seconds = probe_seconds
        self._known: dict[RouterId, RouterStatus] = {}
        self._lost: dict[RouterId, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._listeners: list[Callable[[RouterId], None]] = []
        bus.subscribe(RouterStatusChanged, self._hear)

    def on_return(self, listener: Callable[[RouterId], None]) -> None:
        """Call `listener` whenever a router that was lost answers again, or was edited."""
        self._listeners.append(listener)

    def is_lost(self, router_id: RouterId) -> bool:
        """Return whether a router was lost and has not opened its door since."""
        return router_id in self._lost

    async def note_reached(self, router_id: RouterId) -> None:
        """Note that a router answered us; only news is written."""
        if self._forget(router_id):  # who gave way to the knocking would wait for a knock that never comes
            self._tell(router_id)
        if self._known.get(router_id) is RouterStatus.REACHABLE:
            return
        await self._note(router_id, RouterStatus.REACHABLE, "")

    async def note_lost(self, router_id: RouterId, reason: str) -> None:
        """Note that a router did not answer, and knock at its door until it opens."""
        if router_id not in self._lost:
            self._lost[router_id] = self._follow(router_id)
        if self._known.get(router_id) is not RouterStatus.UNREACHABLE:
            await self._note(router_id, RouterStatus.UNREACHABLE, reason)

    async def note_refused(self, router_id: RouterId, reason: str) -> None:
        """Note that a router refused our name, password or certificate: it is left alone until edited."""
        self._forget(router_id)
        await self._note(router_id, RouterStatus.AUTH_FAILED, reason)

    async def stop(self) -> None:
        """Stop knocking."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._lost.clear()

    async def _note(self, router_id: RouterId, status: RouterStatus, reason: str) -> None:
        is_news = await self._transactor.transact(
            note_router_status, _SYSTEM, router_id=router_id, status=status, reason=reason
        )
        self._known[router_id] = status
        if is_news:
            _log.info("router status", router_id=router_id, status=status.value, reason=reason)

    def _hear(self, event: RouterStatusChanged) -> None:
        """Start afresh with a router that someone edited; our own notes say nothing new."""
        if self._known.get(event.router_id) is event.status and event.status is not RouterStatus.UNKNOWN:
            return
        self._known[event.router_id] = event.status
        if event.status is RouterStatus.UNKNOWN:
            self._forget(event.router_id)
            self._tell(event.router_id)

    def _follow(self, router_id: RouterId) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(self._knock(router_id), name=f"probe:{router_id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _forget(self, router_id: RouterId) -> bool:
        """Stop knocking at a router; return whether it was lost."""
        task = self._lost.pop(router_id, None)
        if task is not None and task is not asyncio.current_task():
            task.cancel()
        return task is not None

    async def _knock(self, router_id: RouterId) -> None:
        """Try the door every few seconds until it opens; a bare connection, no login."""
        while True:
            await asyncio.sleep(self._probe_seconds)
            try:
                door = await self._transactor.read(door_of, _SYSTEM, router_id=router_id)
            except Exception as cause:  # noqa: BLE001 - whoever gave up here would leave the router lost for ever
                _log.warning("door not known", router_id=router_id, reason=type(cause).__name__)
                continue
            if door is None:
                self._lost.pop(router_id, None)
                return
            if await opens(*door):
                self._lost.pop(router_id, None)
                self._tell(router_id)
                return

    def _tell(self, router_id: RouterId) -> None:
        for listener in tuple(self._listeners):
            listener(router_id)


async def opens(host: str, port: int, *, timeout_seconds: float = CONNECT_SECONDS_MAX) -> bool:
    """Return whether something accepts connections there."""
    try:
        async with asyncio.timeout(timeout_seconds):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError, UnicodeError):
        return False
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return True
