"""One connection to one router: calls take turns and wait in a thread, never in the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from benfex.core.errors import RouterProtocolError, RouterUnreachable
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
from benfex.network.drivers.routeros import reads, words, writes
from benfex.network.drivers.routeros.conversation import Conversation, converse
from benfex.network.drivers.routeros.reads import Ask
from data.values.kinds import AccessMethod

Answer = TypeVar("Answer")


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
        """Return health, sessions and counters in four questions, however many subscribers there are."""
        answered_at = self._conversation.answered_at
        return await self._run(lambda ask: reads.read_poll(ask, answered_at=answered_at))

    async def read_sessions(self, username: str | None = None) -> tuple[ActiveSession, ...]:
        """Return who is online with address and caller, or only the sessions of `username`."""
        return await self._run(lambda ask: reads.read_sessions(ask, username))

    async def read_access(self) -> AccessReading:
        """Return the entries and profiles of ours, and the names that others hold."""
        return await self._run(reads.read_access)

    async def read_refusals(self, username: str) -> tuple[Refusal, ...]:
        """Return the newest logins of a name that the router's log says were refused, oldest first."""
        return await self._run(lambda ask: reads.read_refusals(ask, username))

    async def read_foreign(self) -> tuple[ForeignEntry, ...]:
        """Return the entries without our mark, by method and name."""
        return await self._run(reads.read_foreign)

    async def read_entry(
        self, username: str, *, method: AccessMethod = AccessMethod.PPPOE
    ) -> AccessEntry | None:
        """Return the entry as the router has it now; None when there is none."""
        return await self._run(lambda ask: reads.read_entry(ask, username, words.MENUS[method]))

    async def apply(self, change: AccessChange) -> None:
        """Make it so; applying twice is applying once."""
        await self._run(lambda ask: writes.apply(ask, change))

    async def disconnect(self, username: str, *, method: AccessMethod = AccessMethod.PPPOE) -> int:
        """End the sessions of `username`; return how many there were."""
        return await self._run(lambda ask: writes.disconnect(ask, username, words.MENUS[method]))

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
            return act(self._conversation.ask)
        except (ValueError, KeyError) as error:
            self._conversation.close()
            raise RouterProtocolError(f"The router's answer was not understood: {error}") from error


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
