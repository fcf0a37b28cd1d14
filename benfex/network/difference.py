"""Rule: what has to change on a router. What it should be like is in `desired_state.py`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final, assert_never

from benfex.network.desired_state import SUSPENDED_ADDRESS_LIST, SUSPENDED_PROFILE
from benfex.network.driver import (
    AccessChange,
    AccessEntry,
    AccessReading,
    AddAccess,
    EnsureProfile,
    ProfileSpec,
    RemoveAccess,
    SetAccess,
)
from data.values.identifiers import ConnectionId
from data.values.kinds import BY_ADDRESS

CONNECTIONS_PER_CHANGE_MAX: Final = 100


def difference(
    desired: Iterable[AccessEntry],
    observed: AccessReading,
    *,
    profiles: Iterable[ProfileSpec] = (),
) -> tuple[AccessChange, ...]:
    """Return the changes that make `observed` as `desired`, in the order in which to make them.

    Profiles first, then entries that are in the way, then who gets access back, then everybody else, then
    removals: every observed entry of a connection that is not desired goes. For one connection pass
    `observed.of(connection_id)`. Equal changes are one `SetAccess` of many connections. Empty when nothing
    differs. A profile of ours that is not desired stays: sessions may still use it.

    A desired name that an entry without our mark holds still yields its change, which the driver refuses:
    see `conflicts`.
    """
    wanted = {entry.connection_id: entry for entry in desired}
    found: defaultdict[ConnectionId, list[AccessEntry]] = defaultdict(list)
    for entry in observed.entries:
        found[entry.connection_id].append(entry)
    claimed = {(entry.method, entry.username): entry.connection_id for entry in wanted.values()}

    strays: list[AccessChange] = []
    gone: list[AccessChange] = []
    changes: list[SetAccess | AddAccess] = []
    for connection_id, entry in sorted(wanted.items()):
        kept, others = _choose(entry, found[connection_id])
        if kept is not None and claimed.get((kept.method, kept.username), connection_id) != connection_id:
            # Its name goes to another connection, which may be waiting for it to be free.
            others.append(kept)
            kept = None
        strays += [_remove(other) for other in others]
        change = AddAccess(entry) if kept is None else entry_change(entry, kept)
        if change is not None:
            changes.append(AddAccess(entry) if entry.method in BY_ADDRESS else change)
    for connection_id in sorted(found.keys() - wanted.keys()):
        for entry in found[connection_id]:
            is_in_the_way = (entry.method, entry.username) in claimed
            (strays if is_in_the_way else gone).append(_remove(entry))
    opening = [change for change in changes if _opens(change, wanted)]
    closing = [change for change in changes if not _opens(change, wanted)]
    return (
        *profile_changes(profiles, observed.profiles),
        *strays,
        *_grouped(opening),
        *_grouped(closing),
        *gone,
    )


def profile_changes(
    desired: Iterable[ProfileSpec], observed: Iterable[ProfileSpec]
) -> tuple[EnsureProfile, ...]:
    """Return the profiles that are missing or have another rate or list; rates are compared as numbers."""
    present = {(profile.method, profile.name): profile for profile in observed}
    wanted = {(profile.method, profile.name): profile for profile in desired}
    return tuple(
        EnsureProfile(profile) for key, profile in wanted.items() if not profile.is_met_by(present.get(key))
    )


def entry_change(desired: AccessEntry, observed: AccessEntry) -> SetAccess | None:
    """Return what brings one entry to what is desired; None when nothing differs.

    A password that could not be read, or that we do not know, is left alone. A burst that was set by hand is, too.
    """
    change = SetAccess(
        (desired.connection_id,),
        desired.method,
        username=_changed(desired.username, observed.username),
        password=_changed(desired.password, observed.password) if observed.password else None,
        profile=_changed(desired.profile, observed.profile),
        remote_address=_changed(desired.remote_address or "", observed.remote_address or ""),
        caller_id=_changed((desired.caller_id or "").upper(), (observed.caller_id or "").upper()),
        enabled=desired.enabled if desired.enabled != observed.enabled else None,
        rate=desired.rate if desired.rate != observed.rate else None,
        burst=desired.burst if desired.burst is not None and desired.burst != observed.burst else None,
        address_list=_changed(desired.address_list or "", observed.address_list or ""),
    )
    return None if change == SetAccess((desired.connection_id,), desired.method) else change


def is_applied(desired: AccessEntry | None, observed: AccessEntry | None) -> bool:
    """Return whether a router that was read back is as desired; None is no entry."""
    if desired is None or observed is None:
        return desired is observed
    return (
        desired.connection_id == observed.connection_id
        and desired.method is observed.method
        and entry_change(desired, observed) is None
    )


def conflicts(desired: Iterable[AccessEntry], observed: AccessReading) -> tuple[AccessEntry, ...]:
    """Return the desired entries whose name is held by an entry without our mark that they may not take over."""
    return tuple(
        entry
        for entry in desired
        if (entry.method, entry.username) in observed.foreign_usernames and not entry.takes_over
    )


def is_open(entry: AccessEntry) -> bool:
    """Return whether an entry lets its subscriber into the Internet."""
    return (
        entry.enabled and entry.profile != SUSPENDED_PROFILE and entry.address_list != SUSPENDED_ADDRESS_LIST
    )


def touched_connections(changes: Iterable[AccessChange]) -> frozenset[ConnectionId]:
    """Return whose access the changes concern; for the check that a reconcile is not a mistake."""
    touched: set[ConnectionId] = set()
    for change in changes:
        match change:
            case EnsureProfile():
                pass
            case AddAccess(entry):
                touched.add(entry.connection_id)
            case SetAccess():
                touched.update(change.connection_ids)
            case RemoveAccess():
                touched.add(change.connection_id)
            case _:
                assert_never(change)
    return frozenset(touched)


def must_redial(change: AccessChange) -> bool:
    """Return whether running sessions have to be ended for the change to take hold.

    RouterOS leaves a session as it was when its secret changes. A password or a caller counts at the next
    dial.
    """
    match change:
        case EnsureProfile() | AddAccess():
            return False
        case RemoveAccess():
            return True
        case SetAccess():
            return (
                change.username is not None
                or change.profile is not None
                or change.remote_address is not None
                or change.enabled is False
            )
        case _:
            assert_never(change)


def _choose(
    desired: AccessEntry, found: Sequence[AccessEntry]
) -> tuple[AccessEntry | None, list[AccessEntry]]:
    """Return the entry to keep and those to remove, of all that carry the mark of one connection."""
    usable = [entry for entry in found if entry.method is desired.method]
    named = [entry for entry in usable if entry.username == desired.username]
    kept = next(iter(named or usable), None)
    return kept, [entry for entry in found if entry is not kept]


def _opens(change: SetAccess | AddAccess, wanted: dict[ConnectionId, AccessEntry]) -> bool:
    return is_open(change.entry if isinstance(change, AddAccess) else wanted[change.connection_ids[0]])


def _grouped(changes: Iterable[SetAccess | AddAccess]) -> list[AccessChange]:
    """Return equal changes as one, in the order of the first of each."""
    groups: dict[SetAccess | AddAccess, list[ConnectionId]] = {}
    for change in changes:
        if isinstance(change, AddAccess):
            groups[change] = []
        else:
            groups.setdefault(replace(change, connection_ids=()), []).extend(change.connection_ids)
    grouped: list[AccessChange] = []
    for shared, ids in groups.items():
        if isinstance(shared, AddAccess):
            grouped.append(shared)
            continue
        grouped += [
            replace(shared, connection_ids=tuple(ids[start : start + CONNECTIONS_PER_CHANGE_MAX]))
            for start in range(0, len(ids), CONNECTIONS_PER_CHANGE_MAX)
        ]
    return grouped


def _remove(entry: AccessEntry) -> RemoveAccess:
    return RemoveAccess(entry.connection_id, entry.method, entry.username)


def _changed(desired: str | None, observed: str | None) -> str | None:
    return desired if desired != observed else None
