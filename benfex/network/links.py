"""One kept link per router and purpose: opened when needed, thrown away when anything went wrong on it.

Reading and writing keep links of their own, so that a stalled read delays no reactivation.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from benfex.core.actors import SystemActor, require
from benfex.core.errors import RouterAuthFailed, RouterUnreachable
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import Snapshot
from benfex.core.vault import Vault
from benfex.network.driver import RouterAddress, RouterDriver, RouterIdentity, RouterLink
from benfex.network.health import note_identity
from benfex.network.inventory import PASSWORD_CONTEXT
from data.queries import routers as router_queries
from data.values.identifiers import RouterId
from data.values.roles import Permission

WRONG_ROUTER = "wrong_router"


@dataclass(frozen=True, slots=True)
class RouterDoor:
    """How a router is opened and what it said it was; two that are equal lead to the same link."""

    host: str
    port: int
    username: str
    password_sealed: str
    use_tls: bool
    tls_fingerprint: str | None
    driver: str
    nameplate: tuple[str, str, str, str, str]


@dataclass(slots=True)
class _Kept:
    link: RouterLink
    key: tuple[object, ...]


def router_door(snapshot: Snapshot, *, router_id: RouterId) -> RouterDoor | None:
    """Return how a router is opened; None when it is to be left alone."""
    require(snapshot.actor, Permission.OPERATE_NETWORK)
    router = router_queries.find_router(snapshot.session, router_id)
    if router is None or not router.is_enabled or router.status in router_queries.CLOSED_DOORS:
        return None
    return RouterDoor(
        router.host,
        router.port,
        router.username,
        router.password_sealed,
        router.use_tls,
        router.tls_fingerprint,
        router.driver,
        (router.board, router.version, router.serial, router.firmware, router.firmware_offered),
    )


class KeptLinks:
    """Opens links and keeps one per router. One coroutine at a time may use a router's link."""

    def __init__(
        self,
        *,
        transactor: Transactor,
        vault: Vault,
        drivers: Mapping[str, RouterDriver],
        name: str,
        timeout_seconds: float = 10.0,
    ) -> None:
        self._transactor = transactor
        self._vault = vault
        self._drivers = drivers
        self._actor = SystemActor(name)
        self._timeout_seconds = timeout_seconds
        self._kept: dict[RouterId, _Kept] = {}

    async def take(self, router_id: RouterId) -> tuple[RouterLink, bool]:
        """Return the link to a router and whether it was opened just now.

        Raises RouterUnreachable (also for a router that is to be left alone), RouterAuthFailed (also when
        another router answers at its address) and RouterProtocolError.
        """
        door = await self._transactor.read(router_door, self._actor, router_id=router_id)
        if door is None:
            await self.drop(router_id)
            raise RouterUnreachable("This router is not in use.", code="not_in_use")
        key = _key(door)
        kept = self._kept.get(router_id)
        if kept is not None and kept.key == key and not kept.link.is_closed:
            return kept.link, False
        await self.drop(router_id)
        link = await self._open(router_id, door)
        self._kept[router_id] = _Kept(link, key)
        return link, True

    async def drop(self, router_id: RouterId) -> None:
        """End the link to a router; the next `take` opens another."""
        kept = self._kept.pop(router_id, None)
        if kept is not None:
            await kept.link.close()

    async def close(self) -> None:
        """End all links."""
        kept = tuple(self._kept.values())
        self._kept.clear()
        await asyncio.gather(*(item.link.close() for item in kept), return_exceptions=True)

    async def _open(self, router_id: RouterId, door: RouterDoor) -> RouterLink:
        address = RouterAddress(
            host=door.host,
            port=door.port,
            username=door.username,
            password=self._vault.open(door.password_sealed, context=PASSWORD_CONTEXT),
            use_tls=door.use_tls,
            timeout_seconds=self._timeout_seconds,
            deadline_seconds=max(30.0, 3 * self._timeout_seconds),
            tls_fingerprint=door.tls_fingerprint,
        )
        link = await self._drivers[door.driver].connect(address)
        try:
            identity = await link.identify()
            await self._check_identity(router_id, door, identity)
        except BaseException:
            await link.close()
            raise
        return link

    async def _check_identity(self, router_id: RouterId, door: RouterDoor, identity: RouterIdentity) -> None:
        """Refuse another box at the same address: it must not get our subscribers."""
        known = door.nameplate[2]
        if known and identity.serial and identity.serial != known:
            raise RouterAuthFailed(
                f"Another router answers at {door.host}: its serial number is {identity.serial}, "
                f"not {known}. Check the address; if the router was replaced, save it again.",
                code=WRONG_ROUTER,
            )
        plate = (
            identity.board,
            identity.version,
            identity.serial or known,
            identity.firmware,
            identity.firmware_offered,
        )
        if door.nameplate != plate:
            await self._transactor.transact(
                note_identity, self._actor, router_id=router_id, identity=identity
            )


def _key(door: RouterDoor) -> tuple[object, ...]:
    return (
        door.host,
        door.port,
        door.username,
        door.password_sealed,
        door.use_tls,
        door.tls_fingerprint,
        door.driver,
    )
