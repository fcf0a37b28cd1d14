"""One connection to one router: calls take turns and wait in a thread, never in the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from benfex.core.errors import RouterProtocolError, RouterUnreachable
from benfex.network.device import (
    Hop,
    Interface,
    InterfaceRate,
    Lease,
    LogLine,
    Neighbour,
    PingReply,
    Resources,
    Values,
)
from benfex.network.driver import (
    AccessChange,
    AccessEntry,
    AccessReading,
    ActiveSession,
    ForeignEntry,
    PollReading,
    Refusal,
    RouterAddress,
    RouterIdentity,
)
from benfex.network.drivers.routeros import configuration, device, garden, reads, settings, words, writes
from benfex.network.drivers.routeros.conversation import Conversation, converse
from benfex.network.drivers.routeros.questions import Ask
from benfex.network.drivers.routeros.turns import working
from benfex.network.garden import Garden, GardenReading
from data.values.kinds import ALL_METHODS, BY_ADDRESS, AccessMethod, SettingKind

Answer = TypeVar("Answer")
_EXPORT_TRIES = 20
_EXPORT_WAIT_SECONDS = 0.5


class RouterOsLink:
    """A `RouterLink` to RouterOS; see there for what every method raises."""

    def __init__(self, conversation: Conversation, pool: ThreadPoolExecutor) -> None:
        self._conversation = conversation
        self._pool = pool
        self._turn = asyncio.Lock()

    @property
    def is_closed(self) -> bool:
        """Return whether the link has ended; open another."""
        return self._conversation.is_closed

    async def identify(self) -> RouterIdentity:
        """Return who answers here."""
        return await self._run(reads.identify)

    async def read_poll(self) -> PollReading:
        """Return health, sessions and counters in five questions, however many subscribers there are."""
        answered_at = self._conversation.answered_at
        return await self._run(lambda ask: reads.read_poll(ask, answered_at=answered_at))

    async def read_sessions(self, username: str | None = None) -> tuple[ActiveSession, ...]:
        """Return who is online with address and caller, or only the sessions of `username`."""
        return await self._run(lambda ask: reads.read_sessions(ask, username))

    async def read_access(self, methods: frozenset[AccessMethod] = ALL_METHODS) -> AccessReading:
        """Return the entries and profiles of ours, and the names that others hold, of these methods."""
        return await self._run(lambda ask: reads.read_access(ask, methods))

    async def read_refusals(self, username: str) -> tuple[Refusal, ...]:
        """Return the newest logins of a name that the router's log says were refused, oldest first."""
        return await self._run(lambda ask: reads.read_refusals(ask, username))

    async def read_foreign(self) -> tuple[ForeignEntry, ...]:
        """Return the entries without our mark, by method and name."""
        return await self._run(reads.read_foreign)

    async def read_garden(self) -> GardenReading:
        """Return the rules for who has not paid, as far as they carry our mark."""
        return await self._run(garden.read_garden)

    async def write_garden(self, wanted: Garden | None) -> None:
        """Make these rules so, before those of others; None takes ours away."""
        await self._run(lambda ask: garden.write_garden(ask, wanted))

    async def read_entry(
        self, username: str, *, method: AccessMethod = AccessMethod.PPPOE
    ) -> AccessEntry | None:
        """Return the entry as the router has it now; None when there is none."""
        return await self._run(lambda ask: reads.read_entry(ask, username, method))

    async def apply(self, change: AccessChange) -> None:
        """Make it so; applying twice is applying once."""
        await self._run(lambda ask: writes.apply(ask, change))

    async def disconnect(self, *usernames: str, method: AccessMethod = AccessMethod.PPPOE) -> int:
        """End the sessions of these names; return how many there were, none where nobody signs in."""
        if method in BY_ADDRESS:
            return 0
        return await self._run(lambda ask: writes.disconnect(ask, usernames, words.MENUS[method]))

    async def read_resources(self) -> Resources:
        """Return how the router is; sensors are empty on boards that have none."""
        return await self._run(device.read_resources)

    async def read_interfaces(self) -> tuple[Interface, ...]:
        """Return the interfaces that are not sessions, in the router's order."""
        return await self._run(device.read_interfaces)

    async def read_rates(self, names: Sequence[str]) -> tuple[InterfaceRate, ...]:
        """Return what these interfaces move now, in one question."""
        return await self._run(lambda ask: device.read_rates(ask, names))

    async def read_neighbours(self) -> tuple[Neighbour, ...]:
        """Return who announces themselves around the router."""
        return await self._run(device.read_neighbours)

    async def read_leases(self) -> tuple[Lease, ...]:
        """Return the leases of the router's DHCP servers."""
        return await self._run(device.read_leases)

    async def read_log(self, *, lines_max: int = 200) -> tuple[LogLine, ...]:
        """Return the newest lines of the log, the newest first."""
        return await self._run(lambda ask: device.read_log(ask, lines_max=lines_max))

    async def ping(self, address: str, *, count: int, heard: Callable[[PingReply], None]) -> None:
        """Ping an address from the router, once a second; `heard` gets each answer as it comes."""
        tell = _in_loop(heard)
        follow = self._conversation.follow
        await self._run(lambda _: device.ping(follow, address, count=count, heard=tell))

    async def trace(self, address: str, *, heard: Callable[[tuple[Hop, ...]], None]) -> None:
        """Trace the way to an address from the router; `heard` gets the way as far as it is known."""
        tell = _in_loop(heard)
        follow = self._conversation.follow
        await self._run(lambda _: device.trace(follow, address, heard=tell))

    async def export_configuration(self) -> str:
        """Return the configuration as text, without secrets; a fresh file may be unreadable for a moment."""
        await self._run(configuration.write_export)
        try:
            for _ in range(_EXPORT_TRIES):
                text = await self._run(configuration.read_export)
                if text is not None:
                    return text
                await asyncio.sleep(_EXPORT_WAIT_SECONDS)
        finally:
            if not self.is_closed:
                await self._run(configuration.remove_export)
        raise RouterUnreachable("The router did not finish writing its configuration.")

    async def read_setting(self, kind: SettingKind, target: str) -> Values:
        """Return a setting as it is."""
        return await self._run(lambda ask: settings.read_setting(ask, kind, target))

    async def write_setting(self, kind: SettingKind, target: str, values: Values) -> None:
        """Make a setting so; writing twice is writing once."""
        await self._run(lambda ask: settings.write_setting(ask, kind, target, values))

    async def reboot(self) -> None:
        """Restart the router; the connection breaks before or after an answer, and both are success."""
        try:
            await self._run(lambda ask: ask("/system/reboot"))
        except RouterUnreachable:
            return
        finally:
            await self.close()

    async def close(self) -> None:
        """End the link, and with it the command that is under way."""
        self._conversation.abort()
        async with self._turn:
            self._conversation.close()

    async def _run(self, act: Callable[[Ask], Answer]) -> Answer:
        async with self._turn:
            if self.is_closed:
                raise RouterUnreachable("The link to the router has ended.")
            running = self._pool.submit(self._act, act)
            try:
                return await asyncio.wrap_future(running)
            except asyncio.CancelledError:
                # Half an answer may be on its way, and would be read as the answer to the next question.
                self._conversation.abort()
                running.add_done_callback(lambda _: self._conversation.close())
                raise

    def _act(self, act: Callable[[Ask], Answer]) -> Answer:
        try:
            with working():
                return act(self._conversation.ask)
        except (ValueError, KeyError) as error:
            self._conversation.close()
            raise RouterProtocolError(f"The router's answer was not understood: {error}") from error


def _in_loop(heard: Callable[[Answer], None]) -> Callable[[Answer], None]:
    """Return what a thread calls to have `heard` called in this loop."""
    loop = asyncio.get_running_loop()

    def tell(answer: Answer) -> None:
        loop.call_soon_threadsafe(heard, answer)

    return tell


async def connect(address: RouterAddress, pool: ThreadPoolExecutor) -> RouterOsLink:
    """Return a link that is logged in. Raises RouterUnreachable, RouterAuthFailed, RouterProtocolError."""
    connecting = pool.submit(converse, address)
    try:
        # Names are looked up without a limit of their own.
        async with asyncio.timeout(address.deadline_seconds):
            return RouterOsLink(await asyncio.wrap_future(connecting), pool)
    except TimeoutError as error:
        connecting.add_done_callback(_close_late)
        raise RouterUnreachable(f"The router at {address.host} did not answer in time.") from error
    except asyncio.CancelledError:
        connecting.add_done_callback(_close_late)
        raise


def _close_late(connecting: Future[Conversation]) -> None:
    """Close a conversation that nobody waits for any more."""
    if not connecting.cancelled() and connecting.exception() is None:
        connecting.result().close()
