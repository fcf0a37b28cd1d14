"""The RouterOS driver: opens links. What a link says and hears is in `reads.py` and `writes.py`."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from benfex.network.driver import OFFERED, ROUTEROS, RouterAddress
from benfex.network.drivers.routeros.link import RouterOsLink, connect
from data.values.kinds import AccessMethod


class RouterOsDriver:
    """MikroTik RouterOS 6 and 7: PPPoE by secrets, hotspot by users, fixed addresses and leases by queues and lists.

    `pool` is for routers alone, 8 to 16 workers: neither the loop nor the database ever waits for a router.
    """

    def __init__(self, *, pool: ThreadPoolExecutor) -> None:
        self._pool = pool
        # At DEBUG it writes every password on the wire into the log.
        logging.getLogger("librouteros").setLevel(logging.WARNING)

    @property
    def methods(self) -> frozenset[AccessMethod]:
        """Return the access methods that RouterOS is offered for."""
        return OFFERED[ROUTEROS]

    async def connect(self, address: RouterAddress) -> RouterOsLink:
        """Return a link that the caller closes; see `RouterDriver`."""
        return await connect(address, self._pool)

    def open(self, address: RouterAddress) -> AbstractAsyncContextManager[RouterOsLink]:
        """Return a link that closes with the block; see `RouterDriver`."""
        return self._open(address)

    @asynccontextmanager
    async def _open(self, address: RouterAddress) -> AsyncIterator[RouterOsLink]:
        link = await self.connect(address)
        try:
            yield link
        finally:
            await link.close()
