"""Changes to FreeRADIUS's tables: each as a whole or not at all, twice is once, and only what carries our mark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import LiteralString, TypeVar, assert_never

from benfex.core.errors import RouterRejected
from benfex.network.driver import (
    AccessChange,
    AccessEntry,
    AddAccess,
    EnsureProfile,
    ProfileSpec,
    RemoveAccess,
    SetAccess,
)
from benfex.network.drivers.radius import reads, setup, words
from benfex.network.drivers.radius.conversation import Conversation
from data.values.kinds import AccessMethod

Value = TypeVar("Value")

_DELETES: tuple[LiteralString, ...] = (
    "DELETE FROM radcheck WHERE username = %s",
    "DELETE FROM radreply WHERE username = %s",
    "DELETE FROM radusergroup WHERE username = %s",
)


def apply(talk: Conversation, change: AccessChange) -> None:
    """Make it so. Raises RouterRejected."""
    with talk.at_once():
        _prepare(talk)
        match change:
            case EnsureProfile():
                _ensure_profile(talk, change.profile)
            case AddAccess():
                _add(talk, change.entry)
            case SetAccess():
                _set(talk, change)
            case RemoveAccess():
                _remove(talk, change)
            case _:
                assert_never(change)


def _prepare(talk: Conversation) -> None:
    if not reads.has_marks(talk):
        for statement in setup.STATEMENTS:
            talk.ask(statement)


def _ensure_profile(talk: Conversation, profile: ProfileSpec) -> None:
    _check_method(profile.method)
    if not profile.name.startswith(words.PROFILE_PREFIX):
        raise RouterRejected(f"{profile.name} is not a profile of Benfex.", code="foreign_profile")
    observed = {found.name: found for found in reads.read_profiles(talk) if found.method is profile.method}
    if profile.is_met_by(observed.get(profile.name)):
        return
    talk.ask(
        "DELETE FROM radgroupreply WHERE groupname = %s AND attribute = ANY(%s)",
        (profile.name, list(words.OF_PROFILES)),
    )
    talk.tell(
        "INSERT INTO radgroupreply (groupname, attribute, op, value) VALUES (%s, %s, %s, %s)",
        [(profile.name, *attribute) for attribute in words.profile_attributes(profile)],
    )


def _add(talk: Conversation, entry: AccessEntry) -> None:
    _check_method(entry.method)
    try:
        found = reads.read_entry(talk, entry.username)
    except RouterRejected:
        if not entry.takes_over:
            raise
        found = None
    if found is not None and found.connection_id != entry.connection_id:
        raise reads.foreign_entry(entry.username)
    _write(talk, entry, found)


def _set(talk: Conversation, change: SetAccess) -> None:
    entries = [
        entry for entry in reads.entries_of(talk, change.connection_ids) if entry.method is change.method
    ]
    missing = set(change.connection_ids) - {entry.connection_id for entry in entries}
    if missing:
        names = ", ".join(map(str, sorted(missing)))
        raise RouterRejected(f"The server has no entry of connection {names}.", code="missing_entry")
    for entry in entries:
        wanted = _changed(entry, change)
        if wanted.username != entry.username:
            if reads.read_entry(talk, wanted.username) is not None:
                raise reads.foreign_entry(wanted.username)
            _forget(talk, [entry.username])
        _write(talk, wanted, entry)


def _remove(talk: Conversation, change: RemoveAccess) -> None:
    names = [
        entry.username
        for entry in reads.entries_of(talk, [change.connection_id])
        if entry.method is change.method and change.username in (None, entry.username)
    ]
    _forget(talk, names)


def _changed(entry: AccessEntry, change: SetAccess) -> AccessEntry:
    return replace(
        entry,
        username=_given(change.username, entry.username),
        password=_given(change.password, entry.password),
        profile=_given(change.profile, entry.profile),
        remote_address=_given(change.remote_address, entry.remote_address) or None,
        caller_id=_given(change.caller_id, entry.caller_id) or None,
        enabled=_given(change.enabled, entry.enabled),
    )


def _given(value: Value | None, otherwise: Value) -> Value:
    return otherwise if value is None else value


def _write(talk: Conversation, entry: AccessEntry, before: AccessEntry | None) -> None:
    """Write an entry with our mark; `goes_on` says that running sessions need no new dial, only another speed."""
    check, reply = words.check_attributes(entry), words.reply_attributes(entry)
    talk.ask(
        "DELETE FROM radcheck WHERE username = %s AND attribute = ANY(%s)",
        (entry.username, list(words.OF_CHECKS)),
    )
    talk.ask(
        "DELETE FROM radreply WHERE username = %s AND attribute = ANY(%s)",
        (entry.username, list(words.OF_REPLIES)),
    )
    talk.ask("DELETE FROM radusergroup WHERE username = %s", (entry.username,))
    talk.tell(
        "INSERT INTO radcheck (username, attribute, op, value) VALUES (%s, %s, %s, %s)",
        [(entry.username, *attribute) for attribute in check],
    )
    if reply:
        talk.tell(
            "INSERT INTO radreply (username, attribute, op, value) VALUES (%s, %s, %s, %s)",
            [(entry.username, *attribute) for attribute in reply],
        )
    talk.ask(
        "INSERT INTO radusergroup (username, groupname, priority) VALUES (%s, %s, 1)",
        (entry.username, entry.profile),
    )
    talk.ask(
        "INSERT INTO benfex_access (username, connection_id, method, goes_on) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (username) DO UPDATE SET connection_id = excluded.connection_id,"
        " method = excluded.method, goes_on = excluded.goes_on",
        (entry.username, entry.connection_id, entry.method.value, _goes_on(talk, entry, before)),
    )


def _goes_on(talk: Conversation, entry: AccessEntry, before: AccessEntry | None) -> bool:
    """Return whether only the speed is another one: a list is joined and left at the next dial alone."""
    if before is None or not entry.enabled or replace(before, profile=entry.profile) != entry:
        return False
    lists = {profile.name: profile.address_list for profile in reads.read_profiles(talk)}
    return before.profile in lists and lists.get(before.profile) == lists.get(entry.profile)


def _forget(talk: Conversation, names: Sequence[str]) -> None:
    for name in names:
        for statement in _DELETES:
            talk.ask(statement, (name,))
        talk.ask("DELETE FROM benfex_access WHERE username = %s", (name,))


def _check_method(method: AccessMethod) -> None:
    if method not in words.METHODS:
        raise RouterRejected(
            "RADIUS is for users that sign in: a line known by its address needs a router.",
            code="not_offered",
        )
