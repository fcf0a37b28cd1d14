"""One connection to one RADIUS server: calls take turns and wait in a thread, never in the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NoReturn, TypeVar

from benfex.core.errors import RouterProtocolError, RouterRejected, RouterUnreachable
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
    RouterIdentity,
)
from benfex.network.drivers.radius import reads, sessions, words, writes
from benfex.network.drivers.radius.conversation import Conversation
from benfex.network.garden import Garden, GardenReading
from data.values.kinds import ALL_METHODS, AccessMethod, SettingKind

Answer = TypeVar("Answer")
_ENDED_SECONDS: Final = 15 * 60  # longer than any pause between two polls of one link
_ENDED_AT_FIRST_SECONDS: Final = 24 * 3_600  # what ended while we were away


class RadiusLink:
    """A `RouterLink` to FreeRADIUS's database; see there for what every method raises.

    What only a device has is empty here, and what only a device does is refused (`not_offered`).
    """

    def __init__(self, conversation: Conversation, pool: ThreadPoolExecutor) -> None:
        self._conversation = conversation
        self._pool = pool
        self._turn = asyncio.Lock()
        self._was_polled = False

    @property
    def is_closed(self) -> bool:
        """Return whether the link has ended; open another."""
        return self._conversation.is_closed

    async def identify(self) -> RouterIdentity:
        """Return which database answers here."""
        return await self._run(reads.identify)

    async def read_poll(self) -> PollReading:
        """Return sessions and counters in two questions, of sessions that ended lately too."""
        seconds = _ENDED_SECONDS if self._was_polled else _ENDED_AT_FIRST_SECONDS
        reading = await self._run(lambda talk: reads.read_poll(talk, ended_within_seconds=seconds))
        self._was_polled = True
        return reading

    async def read_sessions(self, username: str | None = None) -> tuple[ActiveSession, ...]:
        """Return who is online with address and caller, or only the sessions of `username`."""
        return await self._run(lambda talk: reads.read_sessions(talk, username))

    async def read_access(self, methods: frozenset[AccessMethod] = ALL_METHODS) -> AccessReading:
        """Return the entries and profiles of ours, and the names that others hold, of all methods."""
        return await self._run(reads.read_access)

    async def read_refusals(self, username: str) -> tuple[Refusal, ...]:
        """Return the newest logins of a name that were refused, oldest first."""
        return await self._run(lambda talk: reads.read_refusals(talk, username))

    async def read_foreign(self) -> tuple[ForeignEntry, ...]:
        """Return the entries without our mark, by name."""
        return await self._run(reads.read_foreign)

    async def read_garden(self) -> GardenReading:
        """Return that there are none: such rules stand on a NAS."""
        return GardenReading(None, is_whole=True)

    async def write_garden(self, wanted: Garden | None) -> None:
        """Refuse rules for who has not paid; that there shall be none is so."""
        if wanted is not None:
            _refuse("Rules for who has not paid stand on the router that the suspended list reaches.")

    async def read_entry(
        self, username: str, *, method: AccessMethod = AccessMethod.PPPOE
    ) -> AccessEntry | None:
        """Return the entry as it stands now; None when there is none."""
        if method not in words.METHODS:
            return None
        return await self._run(lambda talk: reads.read_entry(talk, username))

    async def apply(self, change: AccessChange) -> None:
        """Make it so; applying twice is applying once."""
        await self._run(lambda talk: writes.apply(talk, change))

    async def disconnect(self, *usernames: str, method: AccessMethod = AccessMethod.PPPOE) -> int:
        """End the sessions of these names, or only change their speed; return how many there were.

        RADIUS knows one set of sessions for all methods, so it is done for the first of them alone.
        """
        if method not in words.METHODS:
            return 0
        return await self._run(lambda talk: sum(sessions.disconnect(talk, name) for name in usernames))

    async def read_resources(self) -> Resources:
        """Return which server it is; its machine is not looked at."""
        found = await self.identify()
        return Resources(
            name=found.name,
            version=found.version,
            board=found.board,
            serial=found.serial or "",
            architecture="",
            firmware="",
            firmware_offered="",
            uptime_seconds=found.uptime_seconds,
            cpu_percent=0,
            cpu_count=0,
            free_memory_bytes=0,
            total_memory_bytes=0,
            free_disk_bytes=0,
            total_disk_bytes=0,
            sensors=(),
        )

    async def read_interfaces(self) -> tuple[Interface, ...]:
        """Return none."""
        return ()

    async def read_rates(self, names: Sequence[str]) -> tuple[InterfaceRate, ...]:
        """Return none."""
        return ()

    async def read_neighbours(self) -> tuple[Neighbour, ...]:
        """Return none."""
        return ()

    async def read_leases(self) -> tuple[Lease, ...]:
        """Return none."""
        return ()

    async def read_log(self, *, lines_max: int = 200) -> tuple[LogLine, ...]:
        """Return the newest logins, the newest first."""
        return await self._run(lambda talk: reads.read_log(talk, lines_max=lines_max))

    async def ping(self, address: str, *, count: int, heard: Callable[[PingReply], None]) -> None:
        """Refuse."""
        _refuse("A RADIUS server does not ping.")

    async def trace(self, address: str, *, heard: Callable[[tuple[Hop, ...]], None]) -> None:
        """Refuse."""
        _refuse("A RADIUS server does not trace.")

    async def export_configuration(self) -> str:
        """Refuse."""
        _refuse("A RADIUS server's configuration is not read.")

    async def read_setting(self, kind: SettingKind, target: str) -> Values:
        """Refuse."""
        _refuse("A RADIUS server has no such setting.")

    async def write_setting(self, kind: SettingKind, target: str, values: Values) -> None:
        """Refuse."""
        _refuse("A RADIUS server has no such setting.")

    async def reboot(self) -> None:
        """Refuse."""
        _refuse("A RADIUS server is not restarted from here.")

    async def close(self) -> None:
        """End the link, and with it the statement that is under way."""
        self._conversation.close()

    async def _run(self, act: Callable[[Conversation], Answer]) -> Answer:
        async with self._turn:
            if self.is_closed:
                raise RouterUnreachable("The link to the RADIUS database has ended.")
            running = self._pool.submit(self._act, act)
            try:
                return await asyncio.wrap_future(running)
            except asyncio.CancelledError:
                running.add_done_callback(lambda _: self._conversation.close())
                raise

    def _act(self, act: Callable[[Conversation], Answer]) -> Answer:
        try:
            return act(self._conversation)
        except (ValueError, KeyError) as error:
            self._conversation.close()
            raise RouterProtocolError(f"The database holds what was not understood: {error}") from error


def _refuse(message: str) -> NoReturn:
    raise RouterRejected(message, code="not_offered")
