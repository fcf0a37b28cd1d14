"""/routers/{id}/backups: copies of a router's configuration, made now, told, compared, and looked at."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query

from benfex.core.paging import PageRequest
from benfex.network.snapshots import (
    accept_change,
    compare_snapshots,
    configuration_text,
    list_snapshots,
)
from data.values.identifiers import RouterId
from data.values.kinds import DiffKind
from pages.api.auth import ActorDep
from pages.api.problems import READING, WRITING
from pages.api.schemas import Outgoing, PathId, QueryId
from pages.dependencies import BenfexDep

router = APIRouter(prefix="/routers/{router_id}/backups", tags=["routers"])


class Backup(Outgoing):
    """One copy; `added` and `removed` count lines that Benfex did not change."""

    snapshot_id: int
    taken_at: datetime
    last_seen_at: datetime
    size_bytes: int
    version: str
    taken_by: str
    added: int
    removed: int
    is_unexpected: bool
    seen_by: str


class Backups(Outgoing):
    """One page of copies, newest first, and how many there are in all."""

    data: list[Backup]
    total: int


class Kept(Outgoing):
    """What became of a configuration that was read."""

    snapshot_id: int
    is_new: bool
    is_unexpected: bool
    added: int
    removed: int


class Text(Outgoing):
    """What a copy holds."""

    text: str


class DiffLine(Outgoing):
    """One line of a comparison."""

    kind: DiffKind
    number: int
    text: str


class Comparison(Outgoing):
    """How two copies differ, with three lines around each change."""

    data: list[DiffLine]


@router.get("", responses=READING)
async def get_backups(
    router_id: PathId, benfex: BenfexDep, actor: ActorDep, page: Annotated[int, Query(ge=1)] = 1
) -> Backups:
    """Return 100 copies a page, newest first."""
    request = PageRequest(page=page, size=100)
    found = await benfex.read(list_snapshots, actor, router_id=RouterId(router_id), request=request)
    return Backups(data=[Backup.model_validate(one) for one in found.rows], total=found.total)


@router.post("", responses=WRITING)
async def back_up(router_id: PathId, benfex: BenfexDep, actor: ActorDep) -> Kept:
    """Read the router's configuration now, and keep it where it changed."""
    return Kept.model_validate(await benfex.backups.back_up(actor, router_id=RouterId(router_id)))


@router.get("/compare", responses=READING)
async def compare(
    router_id: PathId, older: QueryId, newer: QueryId, benfex: BenfexDep, actor: ActorDep
) -> Comparison:
    """Return how two copies differ; nothing when they do not."""
    lines = await benfex.read(
        compare_snapshots,
        actor,
        router_id=RouterId(router_id),
        older=older,
        newer=newer,
        vault=benfex.vault,
    )
    return Comparison(data=[DiffLine.model_validate(one) for one in lines])


@router.get("/{snapshot_id}", responses=READING)
async def get_backup(router_id: PathId, snapshot_id: PathId, benfex: BenfexDep, actor: ActorDep) -> Text:
    """Return what a copy holds."""
    key = RouterId(router_id)
    text = await benfex.read(
        configuration_text, actor, router_id=key, snapshot_id=snapshot_id, vault=benfex.vault
    )
    return Text(text=text)


@router.post("/{snapshot_id}/accept", status_code=204, responses=WRITING)
async def accept(router_id: PathId, snapshot_id: PathId, benfex: BenfexDep, actor: ActorDep) -> None:
    """Say that a change was looked at."""
    await benfex.transact(accept_change, actor, router_id=RouterId(router_id), snapshot_id=snapshot_id)
