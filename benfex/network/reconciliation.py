"""Compare a whole router with the rows and repair what drifted, unless that would change suspiciously much.

Single changes that acts asked for are carried out by `provisioning`; this finds what others changed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import structlog

from benfex.core.actors import SystemActor, require
from benfex.core.audit import record_audit
from benfex.core.clock import Clock
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import UnitOfWork
from benfex.core.vault import Vault
from benfex.network.difference import entry_change, touched_connections
from benfex.network.driver import (
    AccessChange,
    AccessReading,
    AddAccess,
    EnsureProfile,
    RemoveAccess,
    RouterLink,
    SetAccess,
)
from benfex.network.wanted import Wanted, known_connections, wanted_access
from benfex.network.write_journal import Write, note_writes, tell_changes
from benfex.network.writing import changes_for, end_sessions, only, write_access
from data.queries import routers as router_queries
from data.values.identifiers import ConnectionId, RouterId
from data.values.kinds import WriteCause
from data.values.roles import Permission
from data.values.traffic import Rate, format_rate

BREAKER_PERCENT = 20
BREAKER_ENTRIES = 10
_REPAIRED_AT_ONCE = 100
_SYSTEM = SystemActor("reconciliation")
_log = structlog.get_logger("reconciliation")


@dataclass(frozen=True, slots=True)
class Drift:
    """One connection whose router is not as the rows say; `what` is for people and holds no secret."""

    connection_id: ConnectionId
    username: str
    what: str


@dataclass(frozen=True, slots=True)
class DriftReport:
    """What comparing a router came to.

    `is_stopped` means that repairing would change too much: a person has to look first. `unknown` are the
    connections named by marks on the router that this database never had there; they are left alone.
    """

    router_id: RouterId
    is_reached: bool = True
    checked: int = 0
    drifts: tuple[Drift, ...] = ()
    repaired: int = 0
    is_stopped: bool = False
    unknown: tuple[ConnectionId, ...] = ()
    reason: str = ""

    @property
    def drifted(self) -> int:
        """Return how many connections differed."""
        return len(self.drifts)

    @property
    def stopped(self) -> bool:
        """Return whether repairing waits for a person."""
        return self.is_stopped


async def reconcile(
    transactor: Transactor,
    link: RouterLink,
    *,
    router_id: RouterId,
    vault: Vault,
    clock: Clock,
    dry_run: bool,
    approved: bool = False,
) -> DriftReport:
    """Compare everything, note the drift per connection, and repair it unless told or stopped.

    `approved` says that a person has seen how much that would change. A connection whose newest wish is not
    carried out yet is left to its task. Raises RouterError.
    """
    rows = await transactor.read(wanted_access, _SYSTEM, router_id=router_id, vault=vault)
    known = await transactor.read(known_connections, _SYSTEM, router_id=router_id)
    wanted = [item for item in rows if item.generation == item.applied_generation and not item.problem]
    reading = await link.read_access()
    unsettled = {item.connection_id for item in rows} - {item.connection_id for item in wanted}
    settled = only(reading, {entry.connection_id for entry in reading.entries} & known - unsettled)
    changes = changes_for(wanted, settled)
    drifts = describe_changes(changes, wanted, settled)
    is_stopped = is_suspicious(changed=len(drifts), entries=len(wanted))
    await transactor.transact(
        note_drift, _SYSTEM, router_id=router_id, drifts={drift.connection_id: drift.what for drift in drifts}
    )
    report = DriftReport(
        router_id,
        checked=len(wanted),
        drifts=drifts,
        is_stopped=is_stopped and not approved,
        unknown=tuple(sorted({entry.connection_id for entry in reading.entries} - known)),
    )
    if is_stopped and not approved:
        _log.warning("reconcile stopped", router_id=router_id, drifted=len(drifts), checked=len(wanted))
        reason = f"{len(drifts)} of {len(wanted)} entries differ. Look at the router before repairing it."
        return replace(report, reason=reason)
    if dry_run or not changes:
        return report
    repaired = await _repair(transactor, link, router_id, wanted, changes, settled, clock)
    return replace(report, repaired=repaired)


def is_suspicious(*, changed: int, entries: int) -> bool:
    """Return whether a reconcile would change so much that the mistake is likelier ours."""
    return changed > BREAKER_ENTRIES and changed * 100 > entries * BREAKER_PERCENT


def note_drift(uow: UnitOfWork, *, router_id: RouterId, drifts: Mapping[ConnectionId, str]) -> None:
    """Keep what differs per connection, and forget what does not any more."""
    require(uow.actor, Permission.OPERATE_NETWORK)
    for connection in router_queries.drifted_connections(uow.session, router_id=router_id):
        assert connection.id is not None
        if ConnectionId(connection.id) not in drifts:
            connection.drift = None
    for connection in router_queries.lock_connections(uow.session, sorted(drifts)):
        assert connection.id is not None
        connection.drift = drifts[ConnectionId(connection.id)][:250]
    uow.session.flush()
    if drifts:
        record_audit(
            uow, action="drift", entity="router", entity_id=router_id, changes={"connections": len(drifts)}
        )


async def _repair(
    transactor: Transactor,
    link: RouterLink,
    router_id: RouterId,
    wanted: Sequence[Wanted],
    changes: Sequence[AccessChange],
    observed: AccessReading,
    clock: Clock,
) -> int:
    """Write what drifted, in rounds, and return how many connections agree by a fresh read."""
    touched = touched_connections(changes)
    stray = touched - {item.connection_id for item in wanted}
    alone = [
        change
        for change in changes
        if isinstance(change, EnsureProfile)
        or (isinstance(change, RemoveAccess) and change.connection_id in stray)
    ]
    for change in alone:
        await link.apply(change)
    await _journal(transactor, router_id, tell_changes(alone, observed, {}))
    await end_sessions(
        link, {(entry.method, entry.username) for entry in observed.entries if entry.connection_id in stray}
    )
    drifted = [item for item in wanted if item.connection_id in touched]
    repaired = len(stray)
    cleared: set[ConnectionId] = set(stray)
    for start in range(0, len(drifted), _REPAIRED_AT_ONCE):
        written = await write_access(link, drifted[start : start + _REPAIRED_AT_ONCE], clock=clock)
        await _journal(transactor, router_id, written.writes)
        confirmed = {item.connection_id for item in written.confirmed}
        await end_sessions(link, {user for key in confirmed for user in written.redial.get(key, ())})
        cleared |= confirmed
        repaired += len(written.confirmed)
    left = [item.connection_id for item in drifted if item.connection_id not in cleared]
    remaining = dict.fromkeys(left, "differs, and could not be repaired")
    await transactor.transact(note_drift, _SYSTEM, router_id=router_id, drifts=remaining)
    _log.info("drift repaired", router_id=router_id, repaired=repaired, left=len(remaining))
    return repaired


async def _journal(transactor: Transactor, router_id: RouterId, writes: Sequence[Write]) -> None:
    if writes:
        await transactor.transact(
            note_writes, _SYSTEM, router_id=router_id, cause=WriteCause.DRIFT, writes=writes
        )


def describe_changes(
    changes: Sequence[AccessChange], wanted: Sequence[Wanted], observed: AccessReading
) -> tuple[Drift, ...]:
    """Return in words what changes would do, one line a connection, without secrets."""
    names = {item.connection_id: item.username for item in wanted}
    found = {entry.connection_id: entry for entry in observed.entries}
    notes: dict[ConnectionId, str] = {}
    for change in changes:
        match change:
            case EnsureProfile():
                pass
            case AddAccess(entry):
                is_taken = (entry.method, entry.username) in observed.foreign_usernames and entry.takes_over
                seen = found.get(entry.connection_id)
                known = entry_change(entry, seen) if seen and seen.method is entry.method else None
                what = "held by an entry that is taken over" if is_taken else "missing on the router"
                notes[entry.connection_id] = _differences(known, seen) if known is not None else what
            case RemoveAccess():
                notes.setdefault(change.connection_id, "on the router without a reason")
            case SetAccess():
                for connection_id in change.connection_ids:
                    notes[connection_id] = _differences(change, found.get(connection_id))
    return tuple(
        Drift(connection_id, names.get(connection_id, _username(connection_id, observed)), what)
        for connection_id, what in sorted(notes.items())
    )


def _differences(change: SetAccess, entry: object) -> str:
    parts = []
    for name in ("username", "profile", "remote_address", "caller_id", "enabled", "rate", "address_list"):
        target = getattr(change, name)
        if target is not None:
            seen = getattr(entry, name, None)
            parts.append(f"{name.replace('_', ' ')} is {_say(seen)}, not {_say(target) or 'empty'}")
    if change.burst is not None:
        parts.append("the burst differs")
    if change.password is not None:
        parts.append("the secret differs")
    return "; ".join(parts)


def _say(value: object) -> object:
    return format_rate(value) if isinstance(value, Rate) else value


def _username(connection_id: ConnectionId, observed: AccessReading) -> str:
    names = (entry.username for entry in observed.entries if entry.connection_id == connection_id)
    return next(names, "")
