"""Changes to a router: doing one twice is doing it once, and only what carries our mark is touched."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final, assert_never

from benfex.core.errors import RouterRejected
from benfex.network import rate_limit
from benfex.network.difference import entry_change
from benfex.network.driver import (
    AccessChange,
    AccessEntry,
    AddAccess,
    EnsureProfile,
    ProfileSpec,
    RemoveAccess,
    SetAccess,
)
from benfex.network.drivers.routeros import addresses, words
from benfex.network.drivers.routeros.conversation import ALREADY_THERE, NO_SUCH_ITEM
from benfex.network.drivers.routeros.questions import Ask, foreign_entry, show
from benfex.network.drivers.routeros.reads import named_rows
from benfex.network.drivers.routeros.replies import Row
from benfex.network.drivers.routeros.words import AccessMenu
from data.values.identifiers import ConnectionId
from data.values.kinds import BY_ADDRESS

MISSING_ENTRY: Final = "missing_entry"
# Ids change hands between a print and a write when someone else works on the router too.
ATTEMPTS_MAX: Final = 3
IDS_PER_COMMAND_MAX: Final = 100
_QUERIED_IDS_MAX: Final = 8
_FOUND: Final = (".id", "name", "comment")


def apply(ask: Ask, change: AccessChange) -> None:
    """Make it so. Raises RouterRejected."""
    match change:
        case EnsureProfile():
            _ensure_profile(ask, change.profile)
        case AddAccess() if change.entry.method in BY_ADDRESS:
            addresses.ensure(ask, change.entry)
        case AddAccess():
            _add(ask, change.entry)
        case SetAccess():
            _set(ask, change)
        case RemoveAccess() if change.method in BY_ADDRESS:
            addresses.remove(ask, change)
        case RemoveAccess():
            _remove(ask, change)
        case _:
            assert_never(change)


def disconnect(ask: Ask, usernames: Collection[str], menu: AccessMenu) -> int:
    """End the sessions of these names; return how many there were.

    For a hotspot the cookies go first: they would log the device straight back in.
    """
    names = sorted(set(usernames))
    if menu.cookies is not None:
        _remove_all(ask, menu.cookies, "user", names)
    return _remove_all(ask, menu.active, menu.active_user, names)


def _ensure_profile(ask: Ask, profile: ProfileSpec) -> None:
    menu = words.MENUS[profile.method]
    if not profile.name.startswith(words.PROFILE_PREFIX):
        raise RouterRejected(f"{profile.name} is not a profile of Benfex.", code="foreign_profile")
    wanted = _profile_words(profile)
    query = f"?name={profile.name}"
    for _ in range(ATTEMPTS_MAX):
        rows = show(ask, menu.profiles, (".id", "name", "rate-limit", "address-list"), query)
        try:
            if rows:
                _adjust_profile(ask, rows[0], profile, menu)
            else:
                ask(f"{menu.profiles}/add", f"=name={profile.name}", *wanted)
            return
        except RouterRejected as error:
            if error.code not in (ALREADY_THERE, NO_SUCH_ITEM):
                raise
            refusal = error
    raise refusal


def _adjust_profile(ask: Ask, row: Row, profile: ProfileSpec, menu: AccessMenu) -> None:
    observed = words.read_profile(row, menu)
    if profile.is_met_by(observed):
        return
    target = f"=.id={row['.id']}"
    ask(f"{menu.profiles}/set", target, f"=address-list={profile.address_list or ''}")
    if profile.rate is None:
        ask(f"{menu.profiles}/unset", target, "=value-name=rate-limit")
    elif observed is None or not replace(profile, address_list=observed.address_list).is_met_by(observed):
        limit = rate_limit.format_rate_limit(profile.rate, profile.burst)
        ask(f"{menu.profiles}/set", target, f"=rate-limit={limit}")


def _profile_words(profile: ProfileSpec) -> list[str]:
    wanted = []
    if profile.rate is not None:
        wanted.append(f"=rate-limit={rate_limit.format_rate_limit(profile.rate, profile.burst)}")
    if profile.address_list is not None:
        wanted.append(f"=address-list={profile.address_list}")
    return wanted


def _add(ask: Ask, entry: AccessEntry) -> None:
    """Add the entry, or make the one that is there so, when it is ours."""
    menu = words.MENUS[entry.method]
    if _adopt(ask, entry, menu):
        return
    try:
        ask(f"{menu.entries}/add", *words.write_entry(entry, menu))
    except RouterRejected as error:
        if error.code != ALREADY_THERE or not _adopt(ask, entry, menu):
            raise


def _adopt(ask: Ask, entry: AccessEntry, menu: AccessMenu) -> bool:
    """Return whether an entry of ours with this name is there, now as wanted. Raises RouterRejected."""
    rows = named_rows(ask, entry.username, menu)
    observed = [words.read_entry(row, menu) for row in rows]
    if entry.takes_over and observed == [None]:
        _take_over(ask, rows[0], entry, menu)
        return True
    if any(found is None or found.connection_id != entry.connection_id for found in observed):
        raise foreign_entry(entry.username)
    for row, found in zip(rows, observed, strict=True):
        assert found is not None
        change = entry_change(entry, found)
        if change is not None:
            _write(ask, [row], change, menu)
    return bool(rows)


def _take_over(ask: Ask, row: Row, entry: AccessEntry, menu: AccessMenu) -> None:
    """Put our mark before what the comment says, and make the entry as wanted, in one command."""
    comment = f"{words.mark(entry.connection_id)} {row.get('comment', '')}".rstrip()
    change = entry_change(entry, words.entry_of(entry.connection_id, row, menu))
    wanted = words.write_change(change, menu) if change is not None else []
    target = f"=.id={row['.id']}"
    ask(f"{menu.entries}/set", target, f"=comment={comment}", *wanted)
    for name in words.cleared_properties(change, menu) if change is not None else ():
        ask(f"{menu.entries}/unset", target, f"=value-name={name}")


def _set(ask: Ask, change: SetAccess) -> None:
    menu = words.MENUS[change.method]
    if change.username is not None:
        _check_name_is_free(ask, change.username, change.connection_ids, menu)
    for attempt in range(ATTEMPTS_MAX):
        rows = _find(ask, change.connection_ids, menu)
        try:
            _write(ask, rows, change, menu)
            break
        except RouterRejected as error:
            if error.code != NO_SUCH_ITEM or attempt == ATTEMPTS_MAX - 1:
                raise
    found = {words.marked_connection(row.get("comment", "")) for row in rows}
    missing = [connection_id for connection_id in change.connection_ids if connection_id not in found]
    if missing:
        raise RouterRejected(
            f"The router has no entry of connection {', '.join(map(str, missing))}.", code=MISSING_ENTRY
        )


def _check_name_is_free(
    ask: Ask, username: str, connection_ids: tuple[ConnectionId, ...], menu: AccessMenu
) -> None:
    for row in named_rows(ask, username, menu):
        if words.marked_connection(row.get("comment", "")) not in connection_ids:
            raise foreign_entry(username)


def _write(ask: Ask, rows: Sequence[Row], change: SetAccess, menu: AccessMenu) -> None:
    wanted = words.write_change(change, menu)
    for target in _id_lists(rows):
        if wanted:
            ask(f"{menu.entries}/set", target, *wanted)
        for name in words.cleared_properties(change, menu):
            ask(f"{menu.entries}/unset", target, f"=value-name={name}")


def _remove(ask: Ask, change: RemoveAccess) -> None:
    menu = words.MENUS[change.method]
    for attempt in range(ATTEMPTS_MAX):
        rows = [
            row
            for row in _find(ask, (change.connection_id,), menu)
            if change.username is None or row.get("name") == change.username
        ]
        try:
            for target in _id_lists(rows):
                ask(f"{menu.entries}/remove", target)
            return
        except RouterRejected as error:
            if error.code != NO_SUCH_ITEM or attempt == ATTEMPTS_MAX - 1:
                raise


def _find(ask: Ask, connection_ids: tuple[ConnectionId, ...], menu: AccessMenu) -> list[Row]:
    """Return the entries that carry the mark of one of `connection_ids`."""
    wanted = frozenset(connection_ids)
    if len(wanted) <= _QUERIED_IDS_MAX:
        queries = [f"?comment={words.mark(connection_id)}" for connection_id in sorted(wanted)]
        rows = show(ask, menu.entries, _FOUND, *queries, *["?#|"] * (len(queries) - 1))
        if {words.marked_connection(row.get("comment", "")) for row in rows} >= wanted:
            return rows
    # Someone wrote a remark behind a mark, or there are many: look at them all.
    rows = show(ask, menu.entries, _FOUND)
    return [row for row in rows if words.marked_connection(row.get("comment", "")) in wanted]


def _remove_all(ask: Ask, menu: str, key: str, names: Sequence[str]) -> int:
    """Remove the rows of `names` in a menu where rows also go by themselves; return how many there were."""
    removed = 0
    for attempt in range(ATTEMPTS_MAX):
        rows = _rows_of(ask, menu, key, names)
        try:
            for target in _id_lists(rows):
                ask(f"{menu}/remove", target)
            return removed + len(rows)
        except RouterRejected as error:
            if error.code != NO_SUCH_ITEM or attempt == ATTEMPTS_MAX - 1:
                raise
    return removed


def _rows_of(ask: Ask, menu: str, key: str, names: Sequence[str]) -> list[Row]:
    if len(names) <= _QUERIED_IDS_MAX:
        queries = [f"?{key}={name}" for name in names]
        return show(ask, menu, (".id",), *queries, *["?#|"] * (len(queries) - 1)) if names else []
    wanted = frozenset(names)
    return [row for row in show(ask, menu, (".id", key)) if row.get(key) in wanted]


def _id_lists(rows: Iterable[Row]) -> Iterator[str]:
    """Yield the ids of `rows` as the target of one command each.

    Nothing for no rows: a set without a target is not a thing to try on a router.
    """
    ids = [row[".id"] for row in rows]
    for start in range(0, len(ids), IDS_PER_COMMAND_MAX):
        yield f"=.id={','.join(ids[start : start + IDS_PER_COMMAND_MAX])}"
