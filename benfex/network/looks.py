"""Looks at single names on routers, for who asks why somebody is offline: with a deadline, and not twice at once."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress

from benfex.network.driver import SeenName
from benfex.network.provisioning import Provisioner
from data.values.identifiers import ConnectionId, RouterId

DEADLINE_SECONDS = 4.0
KEPT_SECONDS = 10.0
_KEPT_MAX = 500


class NameLooks:
    """Asks routers about names; an answer serves everybody who asks within ten seconds."""

    def __init__(self, provisioner: Provisioner) -> None:
        self._provisioner = provisioner
        self._kept: dict[ConnectionId, tuple[float, SeenName]] = {}

    async def ask(self, lines: Mapping[ConnectionId, tuple[RouterId, str]]) -> dict[ConnectionId, SeenName]:
        """Return what routers tell of these lines' names; who does not answer in time is left out."""
        found = await asyncio.gather(*(self._look(key, *line) for key, line in lines.items()))
        return {key: seen for key, seen in zip(lines, found, strict=True) if seen is not None}

    async def _look(self, key: ConnectionId, router_id: RouterId, username: str) -> SeenName | None:
        now = time.monotonic()
        known = self._kept.get(key)
        if known is not None and now - known[0] < KEPT_SECONDS:
            return known[1]
        seen: SeenName | None = None
        with suppress(TimeoutError):
            async with asyncio.timeout(DEADLINE_SECONDS):
                seen = await self._provisioner.look_at_name(router_id, username)
        if seen is not None:
            if len(self._kept) >= _KEPT_MAX:
                self._kept.clear()
            self._kept[key] = (now, seen)
        return seen
