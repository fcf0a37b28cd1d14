"""The Inspector: asks a router about itself while somebody looks, pings from it, restarts it.

Links are apart from those that read usage and write access, so that a look delays neither. What routers hold for
subscribers is asked in `asking`, kept figures are in `views`.
"""

import asyncio
import ipaddress
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from benfex.core.actors import Actor, name_of, require
from benfex.core.audit import record_audit
from benfex.core.errors import RouterError, RouterRejected, RouterUnreachable
from benfex.core.events import RouterStatusChanged
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.core.vault import Vault
from benfex.network.device import (
    PINGS_MAX,
    Hop,
    Interface,
    InterfaceRate,
    Lease,
    LogLine,
    Neighbour,
    PingReply,
    Resources,
)
from benfex.network.driver import RouterDriver, RouterLink
from benfex.network.links import KeptLinks
from data.queries import routers as router_queries
from data.values.errors import Conflict, InvalidInput, NotFound
from data.values.identifiers import RouterId
from data.values.roles import Permission
from data.values.states import RouterStatus

T = TypeVar("T")

DEADLINE_SECONDS = 15.0
IDLE_SECONDS = 60.0
_FRESH_SECONDS = 1.5  # who asks within it gets the same rates: a hundred watchers are one question
_NAMES_SECONDS = 30.0
_RESTARTING = timedelta(minutes=2)  # a call that is sent again is no second restart
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,118}[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class InterfaceNow:
    """An interface and what it moves; `rate` is None where it does not run or was not told."""

    interface: Interface
    rate: InterfaceRate | None


@dataclass(slots=True)
class _Watched:
    interfaces: tuple[Interface, ...]
    named_at: float
    seen: tuple[InterfaceNow, ...] = ()
    seen_at: float = 0.0


class Inspector:
    """Asks routers about themselves, each in turn; what a router does not answer is raised within the deadline."""

    def __init__(
        self,
        *,
        transactor: Transactor,
        vault: Vault,
        drivers: Mapping[str, RouterDriver],
        timeout_seconds: float = 10.0,
    ) -> None:
        self._transactor = transactor
        self._links, self._tools = (
            KeptLinks(
                transactor=transactor,
                vault=vault,
                drivers=drivers,
                name=name,
                timeout_seconds=timeout_seconds,
            )
            for name in ("inspector", "tools")
        )
        self._turns: dict[RouterId, asyncio.Lock] = {}
        self._tool_turns: dict[RouterId, asyncio.Lock] = {}
        self._watched: dict[RouterId, _Watched] = {}
        self._idle: dict[RouterId, asyncio.TimerHandle] = {}
        self._leaving: set[asyncio.Task[None]] = set()

    async def stop(self) -> None:
        """Let go of every router."""
        for handle in self._idle.values():
            handle.cancel()
        self._idle.clear()
        await asyncio.gather(*self._leaving, return_exceptions=True)
        await self._links.close()
        await self._tools.close()

    async def resources(self, actor: Actor, *, router_id: RouterId) -> Resources:
        """Return how a router is. Raises NotFound, RouterError."""
        return await self._ask(actor, router_id, lambda link: link.read_resources())

    async def interfaces(self, actor: Actor, *, router_id: RouterId) -> tuple[InterfaceNow, ...]:
        """Return the interfaces and what they move now; the names are read anew every half minute."""
        return await self._ask(actor, router_id, lambda link: self._read_traffic(link, router_id))

    async def neighbours(self, actor: Actor, *, router_id: RouterId) -> tuple[Neighbour, ...]:
        """Return who announces themselves around a router. Raises NotFound, RouterError."""
        return await self._ask(actor, router_id, lambda link: link.read_neighbours())

    async def leases(self, actor: Actor, *, router_id: RouterId) -> tuple[Lease, ...]:
        """Return the leases of a router. Raises NotFound, RouterError."""
        return await self._ask(actor, router_id, lambda link: link.read_leases())

    async def log(self, actor: Actor, *, router_id: RouterId, lines_max: int = 200) -> tuple[LogLine, ...]:
        """Return the newest lines of a router's log. Raises NotFound, RouterError."""
        return await self._ask(actor, router_id, lambda link: link.read_log(lines_max=lines_max))

    async def ping(
        self,
        actor: Actor,
        *,
        router_id: RouterId,
        address: str,
        count: int = 5,
        heard: Callable[[PingReply], None],
    ) -> None:
        """Ping 1 to 20 times; cancelled, it ends there too. Raises InvalidInput, Conflict and RouterError."""
        if not 1 <= count <= PINGS_MAX:
            raise InvalidInput("count", f"Ping 1 to {PINGS_MAX} times.")
        where = checked_address(address)
        await self._use(actor, router_id, lambda link: link.ping(where, count=count, heard=heard))

    async def trace(
        self, actor: Actor, *, router_id: RouterId, address: str, heard: Callable[[tuple[Hop, ...]], None]
    ) -> None:
        """Trace the way from a router; cancelling ends it there too. Raises InvalidInput, Conflict, RouterError."""
        where = checked_address(address)
        await self._use(actor, router_id, lambda link: link.trace(where, heard=heard))

    async def restart(self, actor: Actor, *, router_id: RouterId, confirm: str) -> None:
        """Restart a router whose name was typed. Raises NotFound, InvalidInput, Conflict, RouterError."""
        name = await self._transactor.read(
            router_to_ask, actor, router_id=router_id, permission=Permission.EDIT_NETWORK
        )
        if confirm.strip() != name:
            raise InvalidInput("confirm", f"Type {name} to restart it.")
        async with self._turn(router_id):
            link, _ = await self._links.take(router_id)
            before = await self._transactor.transact(note_restart, actor, router_id=router_id)
            try:
                await link.reboot()
            except RouterRejected:
                await self._transactor.transact(take_back_restart, actor, router_id=router_id, before=before)
                raise
            finally:
                await self._links.drop(router_id)

    async def _read_traffic(self, link: RouterLink, router_id: RouterId) -> tuple[InterfaceNow, ...]:
        now = asyncio.get_running_loop().time()
        watched = self._watched.get(router_id)
        if watched is not None and now - watched.seen_at < _FRESH_SECONDS:
            return watched.seen
        if watched is None or now - watched.named_at > _NAMES_SECONDS:
            watched = self._watched[router_id] = _Watched(await link.read_interfaces(), now)
        running = [one.name for one in watched.interfaces if one.is_running]
        try:
            rates = {rate.name: rate for rate in await link.read_rates(running)}
        except RouterRejected:  # an interface went away between two looks
            rates, watched.named_at = {}, 0.0
        watched.seen = tuple(InterfaceNow(one, rates.get(one.name)) for one in watched.interfaces)
        watched.seen_at = now
        return watched.seen

    async def _ask(
        self, actor: Actor, router_id: RouterId, question: Callable[[RouterLink], Awaitable[T]]
    ) -> T:
        await self._transactor.read(
            router_to_ask, actor, router_id=router_id, permission=Permission.VIEW_NETWORK
        )
        try:
            async with asyncio.timeout(DEADLINE_SECONDS), self._turn(router_id):
                return await self._answer(self._links, router_id, question)
        except TimeoutError as late:
            raise RouterUnreachable("The router did not answer in time.") from late
        finally:
            self._rest_later(router_id)

    async def _use(
        self, actor: Actor, router_id: RouterId, tool: Callable[[RouterLink], Awaitable[None]]
    ) -> None:
        await self._transactor.read(
            router_to_ask, actor, router_id=router_id, permission=Permission.OPERATE_NETWORK
        )
        turn = self._tool_turns.setdefault(router_id, asyncio.Lock())
        if turn.locked():
            raise Conflict("Somebody tests from this router at the moment. Try again when that is done.")
        async with turn:
            try:
                link, _ = await self._tools.take(router_id)
                await tool(link)
            finally:
                await self._tools.drop(router_id)

    async def _answer(
        self, links: KeptLinks, router_id: RouterId, question: Callable[[RouterLink], Awaitable[T]]
    ) -> T:
        """Ask over the kept link; when it turns out to be dead, once more over a new one."""
        link, is_fresh = await links.take(router_id)
        try:
            return await question(link)
        except RouterRejected:
            raise
        except RouterError:
            await links.drop(router_id)
            if is_fresh:
                raise
        link, _ = await links.take(router_id)
        return await question(link)

    def _turn(self, router_id: RouterId) -> asyncio.Lock:
        return self._turns.setdefault(router_id, asyncio.Lock())

    def _rest_later(self, router_id: RouterId) -> None:
        """Let go of a router that nobody has looked at for a minute."""
        former = self._idle.pop(router_id, None)
        if former is not None:
            former.cancel()
        loop = asyncio.get_running_loop()
        self._idle[router_id] = loop.call_later(IDLE_SECONDS, self._rest, router_id)

    def _rest(self, router_id: RouterId) -> None:
        async def leave() -> None:
            async with self._turn(router_id):
                await self._links.drop(router_id)

        self._idle.pop(router_id, None)
        self._watched.pop(router_id, None)
        task = asyncio.get_running_loop().create_task(leave(), name=f"leave:{router_id}")
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)


def router_to_ask(snapshot: Snapshot, *, router_id: RouterId, permission: Permission) -> str:
    """Return the name of a router that the actor may ask. Raises NotFound, NotPermitted, RouterUnreachable."""
    require(snapshot.actor, permission)
    router = router_queries.find_router(snapshot.session, router_id)
    if router is None:
        raise NotFound("router")
    if not router.is_enabled or router.status in router_queries.CLOSED_DOORS:
        words = router.status_reason or "It is not in use."
        raise RouterUnreachable(f"{router.name} is not asked: {words}", code="not_in_use")
    return router.name


def note_restart(uow: UnitOfWork, *, router_id: RouterId) -> tuple[datetime | None, str]:
    """Keep who restarts a router and when, and return what was kept before. Raises NotFound, Conflict."""
    require(uow.actor, Permission.EDIT_NETWORK)
    router = router_queries.find_router(uow.session, router_id)
    if router is None or router.status is RouterStatus.RETIRED:
        raise NotFound("router")
    before = (router.restarted_at, router.restarted_by)
    if router.restarted_at is not None and uow.now - router.restarted_at < _RESTARTING:
        raise Conflict(
            f"{router.name} has just been restarted by {router.restarted_by}. Give it two minutes."
        )
    router.restarted_at = uow.now
    router.restarted_by = name_of(uow.actor)[:120]
    uow.session.flush()
    record_audit(uow, action="restart", entity="router", entity_id=router_id)
    uow.emit(RouterStatusChanged(router_id=router_id, status=router.status))
    return before


def take_back_restart(uow: UnitOfWork, *, router_id: RouterId, before: tuple[datetime | None, str]) -> None:
    """Forget a restart that the router refused."""
    require(uow.actor, Permission.EDIT_NETWORK)
    router = router_queries.find_router(uow.session, router_id)
    if router is None:
        raise NotFound("router")
    router.restarted_at, router.restarted_by = before
    uow.session.flush()
    record_audit(uow, action="restart_refused", entity="router", entity_id=router_id)


def checked_address(text: str) -> str:
    """Return an address or a host name to ping. Raises InvalidInput (address)."""
    address = text.strip()
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        if not _HOST.fullmatch(address) or address.replace(".", "").isdigit():
            raise InvalidInput("address", "Write an address such as 8.8.8.8 or a host name.") from None
    return address
