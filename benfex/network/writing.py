"""Write to one router over one link what is wanted, and read it back. Tasks are in `provisioning`."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from benfex.core.clock import Clock
from benfex.core.errors import RouterRejected
from benfex.network.difference import difference, is_open, must_redial, touched_connections
from benfex.network.driver import (
    AccessChange,
    AccessEntry,
    AccessReading,
    AddAccess,
    EnsureProfile,
    ProfileSpec,
    RouterLink,
    SetAccess,
)
from benfex.network.wanted import Wanted
from benfex.network.write_journal import Write, tell_changes
from data.values.identifiers import ConnectionId
from data.values.kinds import AccessMethod

NOT_KEPT = "The router said yes to the change, but did not keep it."


@dataclass(slots=True)
class Written:
    """What a round of writing came to.

    `confirmed` agree by a fresh read; `refused` do not, each with a reason for people; `redial` are the users
    (method and name) of each connection whose sessions must end before the change takes hold;
    `writes` is what was changed, for the journal.
    """

    written_at: datetime
    read_back_at: datetime
    confirmed: list[Wanted] = field(default_factory=list)
    refused: dict[ConnectionId, str] = field(default_factory=dict)
    redial: dict[ConnectionId, set[tuple[AccessMethod, str]]] = field(default_factory=dict)
    writes: tuple[Write, ...] = ()


async def write_access(link: RouterLink, wanted: Sequence[Wanted], *, clock: Clock) -> Written:
    """Make the router agree about some connections: one read, grouped writes, one fresh read.

    Raises RouterError when the link broke; what was written by then is unknown.
    """
    before = only(await link.read_access(), {item.connection_id for item in wanted})
    changes = changes_for(wanted, before)
    refused = {item.connection_id: item.problem for item in wanted if item.problem}
    for change in changes:
        await _apply(link, change, wanted, refused)
    written_at = clock.now()
    after = await link.read_access(_methods(wanted, before))
    result = Written(written_at, clock.now(), refused=refused)
    _compare(wanted, after, result)
    result.redial = users_to_redial(changes, before)
    result.writes = tell_changes(changes, before, result.refused)
    return result


async def end_sessions(link: RouterLink, users: Iterable[tuple[AccessMethod, str]]) -> int:
    """End the sessions of users; return how many there were."""
    names: dict[AccessMethod, list[str]] = {}
    for method, username in sorted(users):
        names.setdefault(method, []).append(username)
    return sum([await link.disconnect(*those, method=method) for method, those in names.items()])


async def end_sessions_of(
    link: RouterLink, users: Mapping[ConnectionId, Collection[tuple[AccessMethod, str]]]
) -> dict[ConnectionId, str]:
    """End the sessions of the users of connections, all at once where it can be.

    Return why it could not be done, by connection; the others' are ended. Raises RouterError.
    """
    try:
        await end_sessions(link, {user for those in users.values() for user in those})
    except RouterRejected as error:
        if len(users) == 1:
            return dict.fromkeys(users, error.message)
    else:
        return {}
    stuck: dict[ConnectionId, str] = {}
    for connection_id, those in users.items():  # one that cannot be ended must not hold up the others
        stuck |= await end_sessions_of(link, {connection_id: those})
    return stuck


def changes_for(wanted: Sequence[Wanted], observed: AccessReading) -> tuple[AccessChange, ...]:
    """Return what to change so that the router agrees about `wanted`; `observed` holds no others."""
    profiles = {(profile.method, profile.name): profile for item in wanted for profile in item.profiles}
    entries = [item.entry for item in wanted if item.entry is not None]
    unclear = {item.connection_id for item in wanted if item.problem}
    observed = replace(
        observed, entries=tuple(entry for entry in observed.entries if entry.connection_id not in unclear)
    )
    return difference(entries, observed, profiles=profiles.values())


def _methods(wanted: Sequence[Wanted], before: AccessReading) -> frozenset[AccessMethod]:
    """Return the methods in whose menus something of these connections is or should be."""
    asked = {item.entry.method for item in wanted if item.entry is not None}
    return frozenset(asked | {entry.method for entry in before.entries})


def only(reading: AccessReading, connection_ids: set[ConnectionId]) -> AccessReading:
    """Return the reading with the entries of some connections."""
    kept = tuple(entry for entry in reading.entries if entry.connection_id in connection_ids)
    return replace(reading, entries=kept)


async def _apply(
    link: RouterLink, change: AccessChange, wanted: Sequence[Wanted], refused: dict[ConnectionId, str]
) -> None:
    try:
        await link.apply(change)
    except RouterRejected as error:
        if isinstance(change, SetAccess) and len(change.connection_ids) > 1:
            for connection_id in change.connection_ids:  # one bad entry must not hold up the others
                await _apply(link, replace(change, connection_ids=(connection_id,)), wanted, refused)
            return
        if isinstance(change, EnsureProfile):
            concerned = {item.connection_id for item in wanted if change.profile in item.profiles}
        else:
            concerned = set(touched_connections((change,)))
        refused.update(dict.fromkeys(concerned, error.message))


def _compare(wanted: Sequence[Wanted], after: AccessReading, result: Written) -> None:
    found: dict[ConnectionId, list[AccessEntry]] = {}
    for entry in after.entries:
        found.setdefault(entry.connection_id, []).append(entry)
    present: dict[tuple[AccessMethod, str], ProfileSpec] = {
        (profile.method, profile.name): profile for profile in after.profiles
    }
    for item in wanted:
        if item.connection_id in result.refused:
            continue
        entries = tuple(found.get(item.connection_id, ()))
        profiles = tuple(
            present[key] for profile in item.profiles if (key := (profile.method, profile.name)) in present
        )
        seen = AccessReading(entries, frozenset(), profiles)
        if changes_for((item,), seen):
            result.refused[item.connection_id] = NOT_KEPT
        else:
            result.confirmed.append(item)


def users_to_redial(
    changes: Sequence[AccessChange], before: AccessReading
) -> dict[ConnectionId, set[tuple[AccessMethod, str]]]:
    """Return the users (method and name) of each connection whose sessions must end before changes take hold.

    Who is taken over keeps the session: the new speed counts from the next dial. Only who is suspended is cut.
    """
    touched = touched_connections(change for change in changes if must_redial(change))
    users: dict[ConnectionId, set[tuple[AccessMethod, str]]] = {}
    for entry in before.entries:
        if entry.connection_id in touched:
            users.setdefault(entry.connection_id, set()).add((entry.method, entry.username))
    for change in changes:
        if isinstance(change, AddAccess) and change.entry.takes_over and not is_open(change.entry):
            users.setdefault(change.entry.connection_id, set()).add(
                (change.entry.method, change.entry.username)
            )
    return users
