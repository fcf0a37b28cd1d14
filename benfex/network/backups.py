"""Backups: reads configurations from routers, one or all, and keeps them. What is kept is in `snapshots`."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from benfex.core.actors import Actor
from benfex.core.errors import RouterUnreachable
from benfex.core.transactor import Transactor
from benfex.core.vault import Vault
from benfex.network.driver import RouterDriver
from benfex.network.inspecting import router_to_ask
from benfex.network.links import KeptLinks
from benfex.network.snapshots import Kept, drop_old_copies, keep_configuration, routers_to_back_up
from data.values.errors import BenfexError, Conflict
from data.values.identifiers import RouterId
from data.values.roles import Permission

DEADLINE_SECONDS = 90.0
AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class BackupRun:
    """What became of a backup of all routers; `failed` are those that were not read, with why."""

    read: int
    changed: int
    unexpected: int
    failed: tuple[tuple[RouterId, str], ...]


class Backups:
    """Reads and keeps configurations; a router is read once at a time."""

    def __init__(
        self,
        *,
        transactor: Transactor,
        vault: Vault,
        drivers: Mapping[str, RouterDriver],
        timeout_seconds: float = 10.0,
    ) -> None:
        self._transactor = transactor
        self._vault = vault
        self._links = KeptLinks(
            transactor=transactor,
            vault=vault,
            drivers=drivers,
            name="backups",
            timeout_seconds=timeout_seconds,
        )
        self._busy: set[RouterId] = set()

    async def back_up(self, actor: Actor, *, router_id: RouterId) -> Kept:
        """Read and keep the configuration of a router. Raises NotFound, NotPermitted, Conflict, RouterError."""
        await self._transactor.read(
            router_to_ask, actor, router_id=router_id, permission=Permission.OPERATE_NETWORK
        )
        if router_id in self._busy:
            raise Conflict("Its configuration is being read at the moment.")
        self._busy.add(router_id)
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                link, _ = await self._links.take(router_id)
                version = (await link.identify()).version
                text = await link.export_configuration()
        except TimeoutError as late:
            raise RouterUnreachable("The router did not tell its configuration in time.") from late
        finally:
            await self._links.drop(router_id)
            self._busy.discard(router_id)
        return await self._transactor.transact(
            keep_configuration, actor, router_id=router_id, text=text, version=version, vault=self._vault
        )

    async def back_up_all(self, actor: Actor) -> BackupRun:
        """Read and keep the configuration of every managed router, a few at a time; drop copies of long ago."""
        routers = await self._transactor.read(routers_to_back_up, actor)
        slots = asyncio.Semaphore(AT_ONCE)

        async def one(router_id: RouterId) -> Kept | str:
            async with slots:
                try:
                    return await self.back_up(actor, router_id=router_id)
                except BenfexError as error:
                    return error.message

        done = await asyncio.gather(*(one(router_id) for router_id in routers))
        kept = [item for item in done if isinstance(item, Kept)]
        await self._transactor.transact(drop_old_copies, actor)
        return BackupRun(
            read=len(kept),
            changed=sum(item.is_new for item in kept),
            unexpected=sum(item.is_unexpected for item in kept),
            failed=tuple(
                (router_id, item)
                for router_id, item in zip(routers, done, strict=True)
                if isinstance(item, str)
            ),
        )
