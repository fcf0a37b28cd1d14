"""The first write to a router: what it would change is shown, and only that is let through.

A new router is watched. A person looks at the plan and takes its fingerprint back with the word to begin; where the
router or the rows have moved meanwhile, the plan is another one and has to be looked at again.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benfex.core.actors import Actor, require
from benfex.core.errors import RouterUnreachable
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import Snapshot
from benfex.core.vault import Vault
from benfex.network.difference import conflicts, touched_connections
from benfex.network.driver import AccessChange, AddAccess, EnsureProfile, Seen, SetAccess
from benfex.network.inventory import manage_router
from benfex.network.provisioning import Provisioner
from benfex.network.reconciliation import describe_changes
from benfex.network.views import RouterView, router
from benfex.network.wanted import Wanted, known_connections, wanted_access
from benfex.network.writing import changes_for, only, users_to_redial
from data.values.errors import Conflict
from data.values.identifiers import ConnectionId, RouterId
from data.values.kinds import PlannedKind
from data.values.roles import Permission


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """One line that would change on the router, in words and without secrets."""

    kind: PlannedKind
    connection_id: ConnectionId
    username: str
    what: str


@dataclass(frozen=True, slots=True)
class WritePlan:
    """What managing a router would write now.

    `agree` lines are as they should be; `left_alone` entries are not ours and stay untouched; `blocked` are lines
    whose name one of those holds; `cut` are subscribers online who have to dial in once more. `profiles` are those
    that would be made or brought in line.
    """

    router_id: RouterId
    router_name: str
    is_managed: bool
    changes: tuple[PlannedChange, ...]
    profiles: tuple[str, ...]
    agree: int
    left_alone: int
    blocked: tuple[str, ...]
    cut: int
    fingerprint: str

    def count(self, kind: PlannedKind) -> int:
        """Return how many lines would change in this way."""
        return sum(change.kind is kind for change in self.changes)


class Managing:
    """Plans the first write to a router, and begins it."""

    def __init__(self, transactor: Transactor, provisioner: Provisioner, vault: Vault) -> None:
        self._transactor = transactor
        self._provisioner = provisioner
        self._vault = vault

    async def plan(self, actor: Actor, *, router_id: RouterId) -> WritePlan:
        """Read a router and return what would be written to it; nothing is. Raises NotFound, RouterUnreachable."""
        view = await self._transactor.read(router, actor, router_id=router_id)
        seen = await self._provisioner.look(router_id)
        if isinstance(seen, str):
            raise RouterUnreachable(f"{view.name} could not be read: {seen}")
        wanted, known = await self._transactor.read(_rows, actor, router_id=router_id, vault=self._vault)
        return make_plan(view, wanted, known, seen)

    async def start(self, actor: Actor, *, router_id: RouterId, fingerprint: str) -> WritePlan:
        """Let a router be written as the plan with this fingerprint says, and begin.

        Raises NotFound, RouterUnreachable, Conflict when the plan is another one by now.
        """
        plan = await self.plan(actor, router_id=router_id)
        if plan.is_managed:
            raise Conflict(f"{plan.router_name} is managed already.")
        if plan.fingerprint != fingerprint:
            raise Conflict("What would be written has changed since you looked. Look at it again.")
        await self._transactor.transact(manage_router, actor, router_id=router_id, is_managed=True)
        self._provisioner.wake(router_id)
        await self._provisioner.reconcile_router(router_id, dry_run=False, approved=True)
        return plan


def make_plan(
    view: RouterView, wanted: Sequence[Wanted], known: frozenset[ConnectionId], seen: Seen
) -> WritePlan:
    """Return what would be written to a router that holds what was seen."""
    clear = [item for item in wanted if not item.problem]
    unclear = {item.connection_id for item in wanted} - {item.connection_id for item in clear}
    marked = {entry.connection_id for entry in seen.reading.entries}
    ours = only(seen.reading, marked & known - unclear)
    changes = changes_for(clear, ours)
    kinds = _kinds(changes, seen)
    taken = sum(kind is PlannedKind.TAKE_OVER for kind in kinds.values())
    lines = tuple(
        PlannedChange(kinds[note.connection_id], note.connection_id, note.username, note.what)
        for note in describe_changes(changes, clear, ours)
    )
    profiles = tuple(sorted(change.profile.name for change in changes if isinstance(change, EnsureProfile)))
    entries = [item.entry for item in clear if item.entry is not None]
    blocked = tuple(sorted(entry.username for entry in conflicts(entries, seen.reading)))
    cut = {name for users in users_to_redial(changes, ours).values() for _, name in users}
    return WritePlan(
        router_id=view.router_id,
        router_name=view.name,
        is_managed=view.is_managed,
        changes=lines,
        profiles=profiles,
        agree=len({item.connection_id for item in clear} - kinds.keys()),
        left_alone=len(seen.reading.foreign_usernames) - taken + len(marked - known),
        blocked=blocked,
        cut=len(cut & seen.online),
        fingerprint=_fingerprint(lines, profiles),
    )


def _rows(
    snapshot: Snapshot, *, router_id: RouterId, vault: Vault
) -> tuple[tuple[Wanted, ...], frozenset[ConnectionId]]:
    require(snapshot.actor, Permission.OPERATE_NETWORK)
    return (
        wanted_access(snapshot, router_id=router_id, vault=vault),
        known_connections(snapshot, router_id=router_id),
    )


def _kinds(changes: Iterable[AccessChange], seen: Seen) -> dict[ConnectionId, PlannedKind]:
    """Return how each line changes: what is removed and added anew is a change."""
    kinds: dict[ConnectionId, PlannedKind] = {}
    for change in changes:
        if isinstance(change, EnsureProfile):
            continue
        kind = PlannedKind.REMOVE
        if isinstance(change, SetAccess):
            kind = PlannedKind.CHANGE
        elif isinstance(change, AddAccess):
            is_held = (change.entry.method, change.entry.username) in seen.reading.foreign_usernames
            kind = PlannedKind.TAKE_OVER if is_held and change.entry.takes_over else PlannedKind.ADD
        for connection_id in touched_connections((change,)):
            kinds[connection_id] = kind if connection_id not in kinds else PlannedKind.CHANGE
    return kinds


def _fingerprint(lines: Sequence[PlannedChange], profiles: Sequence[str]) -> str:
    told = [[line.kind, line.connection_id, line.username, line.what] for line in lines]
    return hashlib.sha256(json.dumps([told, list(profiles)]).encode()).hexdigest()
