"""What was written to routers: put into words without secrets, kept in one act a round, and told."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from benfex.core.actors import name_of, require
from benfex.core.paging import Page, PageRequest
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.network.difference import entry_change
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
from data.queries import router_writes as queries
from data.queries import routers as router_queries
from data.values.errors import NotFound
from data.values.identifiers import ConnectionId, CustomerId, RouterId, SubscriptionId
from data.values.kinds import WriteCause
from data.values.roles import Permission
from data.values.traffic import format_rate

_WORDS: Final = {
    "username": "name",
    "profile": "profile",
    "remote_address": "address",
    "caller_id": "device",
    "enabled": "enabled",
    "address_list": "list",
}


@dataclass(frozen=True, slots=True)
class Write:
    """One thing that was written; `reason` says why the router did not keep it, "" when it did."""

    connection_id: ConnectionId | None
    what: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class WriteView:
    """One line of the journal; user name and customer are None where it belongs to no line."""

    write_id: int
    router_id: RouterId
    connection_id: ConnectionId | None
    username: str | None
    customer_id: CustomerId | None
    written_at: datetime
    cause: WriteCause
    what: str
    is_confirmed: bool
    reason: str
    made_by: str


def note_writes(uow: UnitOfWork, *, router_id: RouterId, cause: WriteCause, writes: Sequence[Write]) -> None:
    """Keep what was written to a router."""
    require(uow.actor, Permission.OPERATE_NETWORK)
    if not writes:
        return
    made_by = name_of(uow.actor)[:120]
    queries.add_writes(
        uow.session,
        [
            queries.NewWrite(
                router_id,
                item.connection_id,
                cause,
                item.what[:250],
                not item.reason,
                item.reason[:250],
                made_by,
            )
            for item in writes
        ],
        at=uow.now,
    )


def writes_of_router(snapshot: Snapshot, *, router_id: RouterId, request: PageRequest) -> Page[WriteView]:
    """Return one page of what was written to a router, newest first; filtered by "kept" or "refused".

    Raises NotFound.
    """
    require(snapshot.actor, Permission.VIEW_NETWORK)
    if router_queries.find_router(snapshot.session, router_id) is None:
        raise NotFound("router")
    return _page(snapshot, request, router_id=router_id, subscription_id=None)


def writes_of_service(
    snapshot: Snapshot, *, subscription_id: SubscriptionId, request: PageRequest
) -> Page[WriteView]:
    """Return one page of what was written to routers for a service, newest first. Raises NotFound."""
    require(snapshot.actor, Permission.VIEW_NETWORK)
    if router_queries.subscription_status(snapshot.session, subscription_id) is None:
        raise NotFound("subscription")
    return _page(snapshot, request, router_id=None, subscription_id=subscription_id)


def tell_changes(
    changes: Iterable[AccessChange], before: AccessReading, refused: Mapping[ConnectionId, str]
) -> tuple[Write, ...]:
    """Return in words what was changed, one line a connection and one a profile."""
    found = {entry.connection_id: entry for entry in before.entries}
    told: list[Write] = []
    by_line: dict[ConnectionId, list[str]] = {}
    for change in changes:
        match change:
            case EnsureProfile(profile):
                told.append(Write(None, _tell_profile(profile)))
            case AddAccess(entry):
                taken = entry.takes_over and (entry.method, entry.username) in before.foreign_usernames
                seen = found.get(entry.connection_id)
                known = entry_change(entry, seen) if seen and seen.method is entry.method else None
                words = (
                    _tell_set(known, seen) if known else _tell_new(entry, "taken over" if taken else "added")
                )
                by_line.setdefault(entry.connection_id, []).append(words)
            case RemoveAccess():
                by_line.setdefault(change.connection_id, []).append("removed")
            case SetAccess():
                for connection_id in change.connection_ids:
                    words = _tell_set(change, found.get(connection_id))
                    by_line.setdefault(connection_id, []).append(words)
    told += [Write(key, "; ".join(words), refused.get(key, "")) for key, words in by_line.items()]
    return tuple(told)


def _page(
    snapshot: Snapshot,
    request: PageRequest,
    *,
    router_id: RouterId | None,
    subscription_id: SubscriptionId | None,
) -> Page[WriteView]:
    is_confirmed = {"kept": True, "refused": False}.get(request.filter)
    rows = queries.writes_page(
        snapshot.session,
        router_id=router_id,
        subscription_id=subscription_id,
        is_confirmed=is_confirmed,
        limit=request.limit,
        offset=request.offset,
    )
    total = queries.count_writes(
        snapshot.session, router_id=router_id, subscription_id=subscription_id, is_confirmed=is_confirmed
    )
    return Page(tuple(_view(row) for row in rows), total)


def _tell_set(change: SetAccess, entry: AccessEntry | None) -> str:
    parts = []
    for name, word in _WORDS.items():
        target = getattr(change, name)
        if target is None:
            continue
        before = getattr(entry, name, None)
        if name == "enabled":
            parts.append("enabled" if target else "disabled")
        else:
            parts.append(f"{word} {before or 'any'} → {target or 'any'}")
    if change.rate is not None:
        before = format_rate(entry.rate) if entry is not None and entry.rate is not None else "unknown"
        parts.append(f"speed {before} → {format_rate(change.rate)}")
    if change.burst is not None:
        parts.append("burst changed")
    if change.password is not None:
        parts.append("password changed")
    return ", ".join(parts)


def _tell_new(entry: AccessEntry, verb: str) -> str:
    if entry.rate is None:
        return f"{verb} with profile {entry.profile}"
    return f"{verb} at {entry.remote_address} with {format_rate(entry.rate)}, on {entry.address_list}"


def _tell_profile(profile: ProfileSpec) -> str:
    return f"profile {profile.name}: {format_rate(profile.rate) if profile.rate else 'no limit'}"


def _view(row: queries.WriteRow) -> WriteView:
    return WriteView(
        write_id=row.id,
        router_id=RouterId(row.router_id),
        connection_id=None if row.connection_id is None else ConnectionId(row.connection_id),
        username=row.username,
        customer_id=None if row.customer_id is None else CustomerId(row.customer_id),
        written_at=row.written_at,
        cause=row.cause,
        what=row.what,
        is_confirmed=row.is_confirmed,
        reason=row.reason,
        made_by=row.made_by,
    )
