"""/network/changes: one setting changed on many routers, planned, begun, gone on with and put back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field, StrictInt

from benfex.core.paging import PageRequest
from benfex.network import vetted
from benfex.network.change_runs import list_items, list_runs, run_view
from data.values.identifiers import RouterId
from data.values.kinds import ChangeItemState, ChangeRunState, SettingKind
from pages.api.auth import ActorDep
from pages.api.problems import READING, WRITING
from pages.api.schemas import Id, Incoming, Outgoing, PathId
from pages.dependencies import BenfexDep

router = APIRouter(prefix="/network/changes", tags=["network"])


class NewChange(Incoming):
    """What to change, and where; the first router is tried alone.

    `value` is the servers with commas, the note, the service (telnet, ftp, www), list and address parted by a space,
    or the port.
    """

    kind: Literal["ntp", "dns", "note", "service_off", "list_add", "list_remove", "radius_incoming"]
    value: Annotated[str, Field(max_length=250)]
    router_ids: list[Id] = Field(min_length=1, max_length=500)


class Change(Outgoing):
    """One change; `counts` are routers by state."""

    run_id: int
    kind: SettingKind
    what: str
    state: ChangeRunState
    made_by: str
    made_at: datetime
    finished_at: datetime | None
    reason: str
    counts: Mapping[ChangeItemState, int]


class Changes(Outgoing):
    """One page of changes, newest first, and how many there are in all."""

    data: list[Change]
    total: int


class GoingOn(Incoming):
    """In which state the change was when somebody decided to go on."""

    seen: ChangeRunState


class Item(Outgoing):
    """One router of a change: how it had the setting, and how it is to have it, in words."""

    router_id: int
    router_name: str
    position: StrictInt
    state: ChangeItemState
    before: str
    after: str
    reason: str
    changed_at: datetime | None


class Items(Outgoing):
    """One page of the routers of a change, in its order."""

    data: list[Item]
    total: int


@router.get("", responses=READING)
async def get_changes(benfex: BenfexDep, actor: ActorDep, page: Annotated[int, Query(ge=1)] = 1) -> Changes:
    """Return 100 changes a page, newest first."""
    found = await benfex.read(list_runs, actor, request=PageRequest(page=page, size=100))
    return Changes(data=[Change.model_validate(one) for one in found.rows], total=found.total)


@router.post("", status_code=201, responses=WRITING)
async def plan_change(asked: NewChange, benfex: BenfexDep, actor: ActorDep) -> Change:
    """Read the routers and keep what would be changed; nothing is written."""
    run_id = await benfex.changer.plan(
        actor,
        change=vetted.change_named(asked.kind, asked.value),
        router_ids=[RouterId(one) for one in asked.router_ids],
    )
    return await _told(benfex, actor, run_id)


@router.get("/{run_id}", responses=READING)
async def get_change(run_id: PathId, benfex: BenfexDep, actor: ActorDep) -> Change:
    """Return one change."""
    return await _told(benfex, actor, run_id)


@router.get("/{run_id}/routers", responses=READING)
async def get_items(
    run_id: PathId, benfex: BenfexDep, actor: ActorDep, page: Annotated[int, Query(ge=1)] = 1
) -> Items:
    """Return 100 routers of a change a page, with before and after."""
    found = await benfex.read(list_items, actor, run_id=run_id, request=PageRequest(page=page, size=100))
    return Items(data=[Item.model_validate(one) for one in found.rows], total=found.total)


@router.post("/{run_id}/go-on", responses=WRITING)
async def go_on_with_change(run_id: PathId, asked: GoingOn, benfex: BenfexDep, actor: ActorDep) -> Change:
    """Begin with the first router, or go on after it or after a stop; the answer does not wait for the end.

    A change that stands elsewhere than in `seen` is a conflict, so a call that is sent again does nothing twice.
    """
    await benfex.changer.go_on(actor, run_id=run_id, seen=asked.seen)
    return await _told(benfex, actor, run_id)


@router.post("/{run_id}/undo", responses=WRITING)
async def undo_change(run_id: PathId, benfex: BenfexDep, actor: ActorDep) -> Change:
    """Put back what was changed; the answer does not wait for the end."""
    await benfex.changer.undo(actor, run_id=run_id)
    return await _told(benfex, actor, run_id)


async def _told(benfex: BenfexDep, actor: ActorDep, run_id: int) -> Change:
    return Change.model_validate(await benfex.read(run_view, actor, run_id=run_id))
