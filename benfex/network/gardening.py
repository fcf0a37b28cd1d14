"""Keeps our rules for who has not paid on routers: switched on by a person, written, read back, kept by the clock."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import structlog

from benfex.core.actors import Actor, SystemActor, require
from benfex.core.audit import record_audit
from benfex.core.events import RouterStatusChanged
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.network.garden import Garden, GardenReading, fingerprint, make_garden, say_garden
from benfex.network.provisioning import Provisioner
from benfex.network.write_journal import Write, note_writes
from data.locks import lock_row
from data.models.router import Router
from data.queries import routers as queries
from data.values.errors import Conflict, NotFound
from data.values.identifiers import RouterId
from data.values.kinds import WriteCause
from data.values.roles import Permission
from data.values.states import RouterStatus

_SYSTEM = SystemActor("gardener")
_log = structlog.get_logger("gardens")


@dataclass(frozen=True, slots=True)
class GardenView:
    """How a router stands with these rules.

    `wanted` is what it would hold when switched on, `agrees` whether it holds what it shall now; None in `agrees` when
    it could not be read, `reason` then says why.
    """

    router_id: RouterId
    is_on: bool
    wanted: Garden
    agrees: bool | None
    reason: str


class Gardens:
    """Plans, writes and keeps the gardens. `hosts` are what payers need of the gateways that are in use."""

    def __init__(
        self,
        transactor: Transactor,
        provisioner: Provisioner,
        *,
        hosts: Callable[[], Iterable[str]],
        public_url: str,
        door: str,
    ) -> None:
        self._transactor = transactor
        self._provisioner = provisioner
        self._hosts, self._public_url, self._door = hosts, public_url, door

    def wanted(self) -> Garden:
        """Return what routers shall hold. Raises InvalidInput (door)."""
        return make_garden(public_url=self._public_url, hosts=self._hosts(), door=self._door)

    async def look(self, actor: Actor, *, router_id: RouterId) -> GardenView:
        """Read a router and say how it stands. Raises NotFound, InvalidInput (door)."""
        is_on = await self._transactor.read(has_garden, actor, router_id=router_id)
        wanted = self.wanted()
        seen = await self._provisioner.look_at_garden(router_id)
        if isinstance(seen, str):
            return GardenView(router_id, is_on, wanted, None, seen)
        return GardenView(router_id, is_on, wanted, seen.is_as(wanted if is_on else None), "")

    async def switch(self, actor: Actor, *, router_id: RouterId, is_on: bool) -> GardenView:
        """Have a router hold the rules or not, and write them now; a silent one gets them when it is back.

        Raises NotFound, InvalidInput (door), Conflict at a router that is only watched.
        """
        wanted = self.wanted()
        await self._transactor.transact(switch_garden, actor, router_id=router_id, is_on=is_on)
        reason = await self._write(router_id, wanted if is_on else None, WriteCause.PERSON)
        return GardenView(router_id, is_on, wanted, None if reason else True, reason)

    async def keep(self) -> int:
        """Write where the rules were not read back as they shall be; return at how many routers they were then."""
        wanted = self.wanted()
        mark = fingerprint(wanted)
        written = 0
        for router_id, is_on in await self._transactor.read(gardens_to_write, _SYSTEM, mark=mark):
            written += not await self._write(router_id, wanted if is_on else None, WriteCause.WISH)
        return written

    async def check(self, router_id: RouterId) -> bool:
        """Write again where somebody changed our rules; return whether that was needed and done."""
        is_on = await self._transactor.read(has_garden, _SYSTEM, router_id=router_id)
        wanted = self.wanted() if is_on else None
        seen = await self._provisioner.look_at_garden(router_id)
        if isinstance(seen, str) or seen.is_as(wanted):
            return False
        return not await self._write(router_id, wanted, WriteCause.DRIFT)

    async def _write(self, router_id: RouterId, wanted: Garden | None, cause: WriteCause) -> str:
        """Write and read back; return why it did not come to be, "" when it did."""
        done = await self._provisioner.write_garden(router_id, wanted)
        reason = done if isinstance(done, str) else "" if done.is_as(wanted) else _NOT_KEPT
        if isinstance(done, GardenReading):
            await self._transactor.transact(
                note_garden, _SYSTEM, router_id=router_id, wanted=wanted, cause=cause, reason=reason
            )
        if reason:
            _log.warning("garden not written", router_id=router_id, reason=reason)
        return reason


_NOT_KEPT = "The router did not keep the rules as they were written."


def has_garden(snapshot: Snapshot, *, router_id: RouterId) -> bool:
    """Return whether a router shall hold the rules. Raises NotFound."""
    require(snapshot.actor, Permission.VIEW_NETWORK)
    router = queries.find_router(snapshot.session, router_id)
    if router is None:
        raise NotFound("router")
    return router.has_garden


def gardens_to_write(snapshot: Snapshot, *, mark: str) -> tuple[tuple[RouterId, bool], ...]:
    """Return (router, whether it shall have them) where the rules were not read back as they shall be."""
    require(snapshot.actor, Permission.OPERATE_NETWORK)
    found = queries.routers_with_other_gardens(snapshot.session, mark=mark)
    return tuple((RouterId(router_id), is_on) for router_id, is_on in found)


def switch_garden(uow: UnitOfWork, *, router_id: RouterId, is_on: bool) -> None:
    """Say whether a router shall hold the rules. Raises NotFound, Conflict at one that is only watched."""
    require(uow.actor, Permission.EDIT_NETWORK)
    lock_row(uow.session, Router, router_id)
    router = queries.find_router(uow.session, router_id)
    if router is None or router.status is RouterStatus.RETIRED:
        raise NotFound("router")
    if not router.is_managed:
        raise Conflict("This router is only watched: start managing it first.")
    if router.has_garden is is_on:
        return
    router.has_garden = is_on
    uow.session.flush()
    record_audit(uow, action="garden", entity="router", entity_id=router_id, changes={"is_on": is_on})
    uow.emit(RouterStatusChanged(router_id=router_id, status=router.status))


def note_garden(
    uow: UnitOfWork, *, router_id: RouterId, wanted: Garden | None, cause: WriteCause, reason: str
) -> None:
    """Keep which rules a router was read back with, and that they were written."""
    require(uow.actor, Permission.OPERATE_NETWORK)
    router = queries.find_router(uow.session, router_id)
    if router is None:
        return
    if not reason:
        router.garden_written = fingerprint(wanted)
        uow.session.flush()
    note_writes(uow, router_id=router_id, cause=cause, writes=(Write(None, say_garden(wanted), reason),))
