"""The RADIUS driver: opens links. What a link says and hears is in `reads.py`, `writes.py` and `sessions.py`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from benfex.core.errors import RouterUnreachable
from benfex.network.driver import OFFERED, RADIUS, RouterAddress
from benfex.network.drivers.radius.conversation import Conversation, converse
from benfex.network.drivers.radius.link import RadiusLink
from data.values.kinds import AccessMethod


class RadiusDriver:
    """FreeRADIUS 3 on PostgreSQL, in front of any NAS: users by name and password, accounting, CoA and Disconnect.

    The address is that of the database; its name is "role" or "role@database". `pool` is as for other drivers.
    """

    def __init__(self, *, pool: ThreadPoolExecutor) -> None:
        self._pool = pool

    @property
    def methods(self) -> frozenset[AccessMethod]:
        """Return the access methods that RADIUS is offered for."""
        return OFFERED[RADIUS]

    async def connect(self, address: RouterAddress) -> RadiusLink:
        """Return a link that the caller closes; see `RouterDriver`."""
        connecting = self._pool.submit(converse, address)
        try:
            async with asyncio.timeout(address.deadline_seconds):
                return RadiusLink(await asyncio.wrap_future(connecting), self._pool)
        except TimeoutError as error:
            connecting.add_done_callback(_close_late)
            raise RouterUnreachable(
                f"The RADIUS database at {address.host} did not answer in time."
            ) from error
        except asyncio.CancelledError:
            connecting.add_done_callback(_close_late)
            raise

    def open(self, address: RouterAddress) -> AbstractAsyncContextManager[RadiusLink]:
        """Return a link that closes with the block; see `RouterDriver`."""
        return self._open(address)

    @asynccontextmanager
    async def _open(self, address: RouterAddress) -> AsyncIterator[RadiusLink]:
        link = await self.connect(address)
        try:
            yield link
        finally:
            await link.close()


def _close_late(connecting: Future[Conversation]) -> None:
    """Close a conversation that nobody waits for any more."""
    if not connecting.cancelled() and connecting.exception() is None:
        connecting.result().close()
