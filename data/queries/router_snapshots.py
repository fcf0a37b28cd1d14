"""SELECTs of the copies of routers' configurations. What they hold is sealed; texts are compared in `benfex`."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, func, select

from data.models.router import Router
from data.models.router_care import RouterSnapshot
from data.session import Session


class SnapshotRow(NamedTuple):
    """One copy, without its text."""

    id: int
    router_id: int
    created_at: datetime
    last_seen_at: datetime
    size_bytes: int
    version: str
    taken_by: str
    added: int
    removed: int
    is_unexpected: bool
    seen_by: str


_COLUMNS = (
    RouterSnapshot.id,
    RouterSnapshot.router_id,
    RouterSnapshot.created_at,
    RouterSnapshot.last_seen_at,
    RouterSnapshot.size_bytes,
    RouterSnapshot.version,
    RouterSnapshot.taken_by,
    RouterSnapshot.added,
    RouterSnapshot.removed,
    RouterSnapshot.is_unexpected,
    RouterSnapshot.seen_by,
)


def newest_snapshot(session: Session, router_id: int) -> RouterSnapshot | None:
    """Return the newest copy of a router's configuration, locked by nobody."""
    return session.execute(
        select(RouterSnapshot)
        .where(RouterSnapshot.router_id == router_id)
        .order_by(RouterSnapshot.id.desc())
        .limit(1)
    ).scalar_one_or_none()


def find_snapshot(session: Session, snapshot_id: int) -> RouterSnapshot | None:
    """Return one copy, or None."""
    return session.get(RouterSnapshot, snapshot_id)


def snapshots_page(session: Session, *, router_id: int, limit: int, offset: int) -> list[SnapshotRow]:
    """Return one page of a router's copies, newest first."""
    rows = session.execute(
        select(*_COLUMNS)
        .where(RouterSnapshot.router_id == router_id)
        .order_by(RouterSnapshot.id.desc())
        .limit(limit)
        .offset(offset)
    )
    return [SnapshotRow(*row) for row in rows]


def count_snapshots(session: Session, *, router_id: int) -> int:
    """Return how many copies there are of a router."""
    return session.execute(
        select(func.count()).select_from(RouterSnapshot).where(RouterSnapshot.router_id == router_id)
    ).scalar_one()


def unexpected_snapshots(session: Session, *, limit: int) -> list[tuple[int, int, str, datetime]]:
    """Return (copy, router, its name, when) of changes that nobody has looked at, newest first."""
    rows = session.execute(
        select(RouterSnapshot.id, RouterSnapshot.router_id, Router.name, RouterSnapshot.created_at)
        .join(Router, Router.id == RouterSnapshot.router_id)
        .where(RouterSnapshot.is_unexpected)
        .order_by(RouterSnapshot.id.desc())
        .limit(limit)
    )
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def purge_snapshots(session: Session, *, before: datetime, keep: int) -> int:
    """Delete copies last seen before an instant, but the newest `keep` of each router; return how many."""
    place = func.row_number().over(partition_by=RouterSnapshot.router_id, order_by=RouterSnapshot.id.desc())
    ranked = select(RouterSnapshot.id, RouterSnapshot.last_seen_at, place.label("place")).subquery()
    old = select(ranked.c.id).where(ranked.c.place > keep, ranked.c.last_seen_at < before)
    found = list(session.execute(old).scalars())
    for start in range(0, len(found), 500):
        session.execute(delete(RouterSnapshot).where(RouterSnapshot.id.in_(found[start : start + 500])))
    return len(found)
