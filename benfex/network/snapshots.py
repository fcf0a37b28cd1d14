"""Copies of routers' configurations: kept once for as long as they do not change, compared, and looked at.

What reads them from routers is `backups`; what counts as a change is said in `configurations`.
"""

import base64
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from benfex.core.actors import name_of, require
from benfex.core.audit import record_audit
from benfex.core.events import RouterStatusChanged
from benfex.core.paging import Page, PageRequest
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.core.vault import Vault
from benfex.network.configurations import DiffLine, changed_lines, compare, fingerprint
from benfex.notifications.outbox import enqueue_staff_message
from data.locks import lock_row
from data.models.router import Router
from data.models.router_care import RouterSnapshot
from data.queries import change_runs as run_queries
from data.queries import router_snapshots as queries
from data.queries import routers as router_queries
from data.values.errors import InvalidInput, NotFound
from data.values.identifiers import RouterId
from data.values.roles import Permission

CONTENT_CONTEXT = "router.configuration"
KEPT_FOR = timedelta(days=365)
KEPT_ALWAYS = 30


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a configuration that was read: a new copy, or the newest once more."""

    snapshot_id: int
    is_new: bool
    is_unexpected: bool
    added: int
    removed: int


@dataclass(frozen=True, slots=True)
class SnapshotView:
    """One copy: what it differs from the one before in lines that Benfex did not change, and who looked."""

    snapshot_id: int
    router_id: RouterId
    taken_at: datetime
    last_seen_at: datetime
    size_bytes: int
    version: str
    taken_by: str
    added: int
    removed: int
    is_unexpected: bool
    seen_by: str


def keep_configuration(
    uow: UnitOfWork, *, router_id: RouterId, text: str, version: str, vault: Vault
) -> Kept:
    """Keep a configuration that was read; one that did not change only says that it is still so.

    Staff are told of a change that nobody made from here. Raises NotFound.
    """
    require(uow.actor, Permission.OPERATE_NETWORK)
    lock_row(uow.session, Router, router_id)
    router = router_queries.find_router(uow.session, router_id)
    if router is None:
        raise NotFound("router")
    newest = queries.newest_snapshot(uow.session, router_id)
    mark = fingerprint(text)
    if newest is not None and newest.fingerprint == mark:
        newest.last_seen_at = uow.now
        uow.session.flush()
        assert newest.id is not None
        return Kept(newest.id, is_new=False, is_unexpected=False, added=0, removed=0)
    added, removed = changed_lines(_opened(newest, vault), text) if newest is not None else (0, 0)
    row = RouterSnapshot(
        router_id=router_id,
        fingerprint=mark,
        content_sealed=_sealed(text, vault),
        size_bytes=len(text),
        version=version[:40],
        taken_by=name_of(uow.actor)[:120],
        last_seen_at=uow.now,
        added=added,
        removed=removed,
        is_unexpected=bool(added or removed) and not _is_by_us(uow, newest),
    )
    uow.session.add(row)
    uow.session.flush()
    assert row.id is not None
    if row.is_unexpected:
        enqueue_staff_message(
            uow,
            template="configuration_changed",
            facts={"router": router.name, "added": str(added), "removed": str(removed)},
            dedupe_key=f"configuration:{row.id}",
            permission=Permission.OPERATE_NETWORK,
        )
        uow.emit(RouterStatusChanged(router_id=router_id, status=router.status))
    return Kept(row.id, is_new=True, is_unexpected=row.is_unexpected, added=added, removed=removed)


def accept_change(uow: UnitOfWork, *, router_id: RouterId, snapshot_id: int) -> None:
    """Say that a change was looked at, so that nobody is asked to again. Raises NotFound."""
    require(uow.actor, Permission.OPERATE_NETWORK)
    row = queries.find_snapshot(uow.session, snapshot_id)
    if row is None or row.router_id != router_id:
        raise NotFound("backup")
    if not row.is_unexpected:
        return
    row.is_unexpected = False
    row.seen_by = name_of(uow.actor)[:120]
    uow.session.flush()
    record_audit(uow, action="accept_change", entity="router", entity_id=router_id)
    router = router_queries.find_router(uow.session, router_id)
    assert router is not None
    uow.emit(RouterStatusChanged(router_id=router_id, status=router.status))


def drop_old_copies(uow: UnitOfWork) -> int:
    """Delete copies last seen more than a year ago, but the newest 30 of each router; return how many."""
    require(uow.actor, Permission.OPERATE_NETWORK)
    return queries.purge_snapshots(uow.session, before=uow.now - KEPT_FOR, keep=KEPT_ALWAYS)


def list_snapshots(snapshot: Snapshot, *, router_id: RouterId, request: PageRequest) -> Page[SnapshotView]:
    """Return one page of a router's copies, newest first. Raises NotFound."""
    require(snapshot.actor, Permission.VIEW_NETWORK)
    if router_queries.find_router(snapshot.session, router_id) is None:
        raise NotFound("router")
    rows = queries.snapshots_page(
        snapshot.session, router_id=router_id, limit=request.limit, offset=request.offset
    )
    total = queries.count_snapshots(snapshot.session, router_id=router_id)
    return Page(tuple(_view(row) for row in rows), total)


def unexpected_change(snapshot: Snapshot, *, router_id: RouterId) -> SnapshotView | None:
    """Return the newest copy of a router when it holds a change that nobody has looked at."""
    page = list_snapshots(snapshot, router_id=router_id, request=PageRequest(size=1))
    return next((view for view in page.rows if view.is_unexpected), None)


def unexpected_changes(snapshot: Snapshot, *, limit: int = 20) -> tuple[tuple[RouterId, str, datetime], ...]:
    """Return (router, its name, when) of changes by others that nobody has looked at, newest first, a router once."""
    require(snapshot.actor, Permission.VIEW_NETWORK)
    found: dict[int, tuple[RouterId, str, datetime]] = {}
    for _, router_id, name, at in queries.unexpected_snapshots(snapshot.session, limit=limit):
        found.setdefault(router_id, (RouterId(router_id), name, at))
    return tuple(found.values())


def configuration_text(snapshot: Snapshot, *, router_id: RouterId, snapshot_id: int, vault: Vault) -> str:
    """Return what a copy holds. Raises NotFound, also for a copy of another router."""
    require(snapshot.actor, Permission.OPERATE_NETWORK)
    row = queries.find_snapshot(snapshot.session, snapshot_id)
    if row is None or row.router_id != router_id:
        raise NotFound("backup")
    return _opened(row, vault)


def compare_snapshots(
    snapshot: Snapshot, *, router_id: RouterId, older: int, newer: int, vault: Vault
) -> tuple[DiffLine, ...]:
    """Return how two copies of a router differ, nothing when they do not. Raises NotFound, InvalidInput (newer)."""
    if older == newer:
        raise InvalidInput("newer", "Choose two different copies.")
    texts = [
        configuration_text(snapshot, router_id=router_id, snapshot_id=one, vault=vault)
        for one in (older, newer)
    ]
    return compare(*texts)


def routers_to_back_up(snapshot: Snapshot) -> tuple[RouterId, ...]:
    """Return the routers whose configuration is read by the clock: a backup writes a file, so watched ones are not."""
    require(snapshot.actor, Permission.OPERATE_NETWORK)
    found = router_queries.routers_to_change(snapshot.session)
    return tuple(RouterId(router_id) for router_id, _ in found)


def _is_by_us(uow: UnitOfWork, newest: RouterSnapshot | None) -> bool:
    """Return whether a change of many routers wrote to this one since its newest copy was last seen so."""
    return newest is not None and run_queries.was_changed_since(
        uow.session, router_id=newest.router_id, since=newest.last_seen_at
    )


def _sealed(text: str, vault: Vault) -> str:
    packed = base64.b64encode(zlib.compress(text.encode(), 9)).decode()
    return vault.seal(packed, context=CONTENT_CONTEXT)


def _opened(row: RouterSnapshot, vault: Vault) -> str:
    return zlib.decompress(base64.b64decode(vault.open(row.content_sealed, context=CONTENT_CONTEXT))).decode()


def _view(row: queries.SnapshotRow) -> SnapshotView:
    return SnapshotView(
        snapshot_id=row.id,
        router_id=RouterId(row.router_id),
        taken_at=row.created_at,
        last_seen_at=row.last_seen_at,
        size_bytes=row.size_bytes,
        version=row.version,
        taken_by=row.taken_by,
        added=row.added,
        removed=row.removed,
        is_unexpected=row.is_unexpected,
        seen_by=row.seen_by,
    )
