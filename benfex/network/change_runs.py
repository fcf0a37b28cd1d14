"""A vetted change on many routers as rows: planned, begun, one router after the other, stopped, undone.

Each step is an act of its own, so that a kill leaves rows that say where it stood; what a router then has is read
from it. Who speaks to routers is `changing`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from benfex.core.actors import name_of, require
from benfex.core.audit import record_audit
from benfex.core.events import ChangeRunMoved
from benfex.core.paging import Page, PageRequest
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.network.inspecting import router_to_ask
from benfex.network.vetted import Change, say_change, say_values
from data.locks import lock_row
from data.models.router_care import ChangeItem, ChangeRun
from data.queries import change_runs as queries
from data.queries import routers as router_queries
from data.values.errors import Conflict, InvalidInput, NotFound
from data.values.identifiers import RouterId
from data.values.kinds import ChangeItemState, ChangeRunState, SettingKind
from data.values.roles import Permission

ROUTERS_MAX = 500
_BEGIN = (ChangeRunState.PLANNED, ChangeRunState.LOOKING, ChangeRunState.STOPPED, ChangeRunState.RUNNING)
_UNDO = (ChangeRunState.LOOKING, ChangeRunState.STOPPED, ChangeRunState.DONE, ChangeRunState.RUNNING)
_AHEAD = (ChangeItemState.CHANGING, ChangeItemState.WAITING)
_PUT_BACK = (ChangeItemState.UNDOING, ChangeItemState.UNDONE)
_BEHIND = (ChangeItemState.UNDOING, ChangeItemState.DONE)


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done at one router: from `before` to what is wanted, or for an undo the other way."""

    router_id: RouterId
    before: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RunView:
    """One run; `counts` say how many routers are in each state."""

    run_id: int
    kind: SettingKind
    what: str
    state: ChangeRunState
    made_by: str
    made_at: datetime
    finished_at: datetime | None
    reason: str
    counts: Mapping[ChangeItemState, int]

    @property
    def total(self) -> int:
        """Return how many routers it is about."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class ItemView:
    """One router of a run: how it had the setting when that was planned, and how it is to have it."""

    router_id: RouterId
    router_name: str
    position: int
    state: ChangeItemState
    before: str
    after: str
    reason: str
    changed_at: datetime | None


def plan_run(uow: UnitOfWork, *, change: Change, router_ids: Sequence[RouterId]) -> int:
    """Keep what is to be changed where, and return the run. Nothing is written to a router yet.

    Raises InvalidInput (routers): none, too many, or one that is not in use or only watched.
    """
    require(uow.actor, Permission.EDIT_NETWORK)
    wanted = list(dict.fromkeys(router_ids))
    if not 1 <= len(wanted) <= ROUTERS_MAX:
        raise InvalidInput("routers", f"Choose 1 to {ROUTERS_MAX} routers.")
    fit = set(changeable_routers(uow))
    if any(router_id not in fit for router_id in wanted):
        raise InvalidInput(
            "routers", "Choose routers that are in use and managed; watched ones are never written."
        )
    run = ChangeRun(
        kind=change.kind,
        target=change.target,
        wanted=json.dumps(dict(change.values)),
        state=ChangeRunState.PLANNED,
        made_by=name_of(uow.actor)[:120],
    )
    uow.session.add(run)
    uow.session.flush()
    assert run.id is not None
    uow.session.add_all(
        ChangeItem(run_id=run.id, router_id=router_id, position=at, state=ChangeItemState.UNREAD)
        for at, router_id in enumerate(wanted)
    )
    uow.session.flush()
    record_audit(
        uow, action="plan", entity="change_run", entity_id=run.id, changes={"what": say_change(change)}
    )
    return run.id


def note_preview(uow: UnitOfWork, *, run_id: int, seen: Mapping[RouterId, Mapping[str, str] | str]) -> None:
    """Keep how routers have the setting now, or in words why they were not read; those are left out."""
    require(uow.actor, Permission.EDIT_NETWORK)
    run = _locked(uow, run_id)
    change = change_of(run)
    for router_id, found in seen.items():
        item = _item(uow, run_id, router_id)
        if isinstance(found, str):
            item.state, item.reason = ChangeItemState.UNREAD, found[:250]
            continue
        item.state = ChangeItemState.ALREADY if change.is_met_by(found) else ChangeItemState.WAITING
        item.before, item.reason = json.dumps(dict(found)), ""
    _moved(uow, run)


def begin(uow: UnitOfWork, *, run_id: int, seen: ChangeRunState) -> None:
    """Begin or go on with a run that stands where it was `seen`, so that one word is not taken for two.

    Raises NotFound, Conflict when it stands elsewhere by now or there is nothing to go on with.
    """
    require(uow.actor, Permission.EDIT_NETWORK)
    if _locked(uow, run_id).state is not seen:
        raise Conflict("This change went on meanwhile. Look where it stands now.")
    _start(uow, run_id, _BEGIN, "begin", "This change is finished.")
    if queries.next_item(uow.session, run_id=run_id, states=_PUT_BACK, last_first=False) is not None:
        raise Conflict("This change is being undone. Undo it again to put back what is left.")
    _turn_failed(uow, run_id, ChangeItemState.WAITING)  # whoever goes on says that they were seen to


def begin_undo(uow: UnitOfWork, *, run_id: int) -> None:
    """Begin or go on to put back what a run changed. Raises NotFound, Conflict when it changed nothing."""
    _start(uow, run_id, _UNDO, "undo", "There is nothing to undo.")
    # Whether a router that failed or was cut off was changed is read from it.
    _turn_failed(uow, run_id, ChangeItemState.UNDOING)
    cut_off = queries.next_item(
        uow.session, run_id=run_id, states=(ChangeItemState.CHANGING,), last_first=True
    )
    if cut_off is not None:
        cut_off.state = ChangeItemState.UNDOING
    uow.session.flush()


def take_step(uow: UnitOfWork, *, run_id: int, is_undo: bool) -> Step | None:
    """Return the router that is next and mark it as being worked on; None when none is left."""
    require(uow.actor, Permission.EDIT_NETWORK)
    run = _locked(uow, run_id)
    item = queries.next_item(
        uow.session, run_id=run_id, states=_BEHIND if is_undo else _AHEAD, last_first=is_undo
    )
    if item is None:
        return None
    item.state = ChangeItemState.UNDOING if is_undo else ChangeItemState.CHANGING
    item.changed_at = (
        uow.now
    )  # before the router is written, so that a copy of its configuration is not a surprise
    _moved(uow, run)
    return Step(RouterId(item.router_id), json.loads(item.before))


def end_step(
    uow: UnitOfWork, *, run_id: int, router_id: RouterId, state: ChangeItemState, reason: str
) -> None:
    """Keep what became of a router. A failure stops the run."""
    require(uow.actor, Permission.EDIT_NETWORK)
    run = _locked(uow, run_id)
    item = _item(uow, run_id, router_id)
    item.state, item.reason, item.changed_at = state, reason[:250], uow.now
    if state is ChangeItemState.FAILED:
        run.state, run.reason = ChangeRunState.STOPPED, reason[:250]
    _moved(uow, run)


def end_run(uow: UnitOfWork, *, run_id: int, state: ChangeRunState, reason: str = "") -> None:
    """Keep that a run waits, was stopped or is finished."""
    require(uow.actor, Permission.EDIT_NETWORK)
    run = _locked(uow, run_id)
    run.state, run.reason = state, reason[:250]
    if state in (ChangeRunState.DONE, ChangeRunState.UNDONE):
        run.finished_at = uow.now
    _moved(uow, run)


def change_of_run(snapshot: Snapshot, *, run_id: int) -> tuple[Change, tuple[RouterId, ...]]:
    """Return what a run wants, and of which routers. Raises NotFound."""
    require(snapshot.actor, Permission.EDIT_NETWORK)
    run = queries.find_run(snapshot.session, run_id)
    if run is None:
        raise NotFound("change")
    items = queries.items_page(snapshot.session, run_id=run_id, limit=ROUTERS_MAX, offset=0)
    return change_of(run), tuple(RouterId(item.router_id) for item in items)


def check_changeable(snapshot: Snapshot, *, router_id: RouterId) -> None:
    """Refuse a router that is not in use, or only watched by now. Raises NotFound, Conflict, RouterUnreachable."""
    name = router_to_ask(snapshot, router_id=router_id, permission=Permission.EDIT_NETWORK)
    router = router_queries.find_router(snapshot.session, router_id)
    if router is None or not router.is_managed:
        raise Conflict(f"{name} is only watched, and never written.")


def changeable_routers(snapshot: Snapshot) -> dict[RouterId, str]:
    """Return the routers that may be changed, by name: in use, and managed."""
    require(snapshot.actor, Permission.VIEW_NETWORK)
    rows = router_queries.routers_to_change(snapshot.session)
    return {RouterId(router_id): name for router_id, name in rows}


def list_runs(snapshot: Snapshot, *, request: PageRequest) -> Page[RunView]:
    """Return one page of runs, newest first."""
    require(snapshot.actor, Permission.VIEW_NETWORK)
    rows = queries.runs_page(snapshot.session, limit=request.limit, offset=request.offset)
    counts = queries.count_by_state(snapshot.session, [row.id for row in rows if row.id is not None])
    return Page(tuple(_view(row, counts[row.id or 0]) for row in rows), queries.count_runs(snapshot.session))


def run_view(snapshot: Snapshot, *, run_id: int) -> RunView:
    """Return one run. Raises NotFound."""
    require(snapshot.actor, Permission.VIEW_NETWORK)
    run = queries.find_run(snapshot.session, run_id)
    if run is None:
        raise NotFound("change")
    return _view(run, queries.count_by_state(snapshot.session, [run_id])[run_id])


def list_items(snapshot: Snapshot, *, run_id: int, request: PageRequest) -> Page[ItemView]:
    """Return one page of the routers of a run, in its order, before and after. Raises NotFound."""
    view = run_view(snapshot, run_id=run_id)
    run = queries.find_run(snapshot.session, run_id)
    assert run is not None
    change = change_of(run)
    rows = queries.items_page(snapshot.session, run_id=run_id, limit=request.limit, offset=request.offset)
    return Page(tuple(_item_view(row, change) for row in rows), view.total)


def change_of(run: ChangeRun) -> Change:
    """Return what a run wants."""
    return Change(run.kind, run.target, json.loads(run.wanted))


def _start(uow: UnitOfWork, run_id: int, states: Sequence[ChangeRunState], action: str, refusal: str) -> None:
    require(uow.actor, Permission.EDIT_NETWORK)
    run = _locked(uow, run_id)
    if run.state not in states:
        raise Conflict(refusal)
    run.state, run.reason, run.finished_at = ChangeRunState.RUNNING, "", None
    record_audit(uow, action=action, entity="change_run", entity_id=run_id)
    _moved(uow, run)


def _turn_failed(uow: UnitOfWork, run_id: int, state: ChangeItemState) -> None:
    failed = (ChangeItemState.FAILED,)
    for _ in range(ROUTERS_MAX):
        item = queries.next_item(uow.session, run_id=run_id, states=failed, last_first=False)
        if item is None:
            return
        item.state, item.reason = state, ""
        uow.session.flush()


def _locked(uow: UnitOfWork, run_id: int) -> ChangeRun:
    lock_row(uow.session, ChangeRun, run_id)
    run = queries.find_run(uow.session, run_id)
    if run is None:
        raise NotFound("change")
    return run


def _item(uow: UnitOfWork, run_id: int, router_id: RouterId) -> ChangeItem:
    item = queries.item_of(uow.session, run_id=run_id, router_id=router_id)
    if item is None:
        raise NotFound("router")
    return item


def _moved(uow: UnitOfWork, run: ChangeRun) -> None:
    uow.session.flush()
    assert run.id is not None
    uow.emit(ChangeRunMoved(run_id=run.id))


def _view(row: ChangeRun, counts: Mapping[ChangeItemState, int]) -> RunView:
    assert row.id is not None
    assert row.created_at is not None
    return RunView(
        run_id=row.id,
        kind=row.kind,
        what=say_change(change_of(row)),
        state=row.state,
        made_by=row.made_by,
        made_at=row.created_at,
        finished_at=row.finished_at,
        reason=row.reason,
        counts=counts,
    )


def _item_view(row: queries.ItemRow, change: Change) -> ItemView:
    return ItemView(
        router_id=RouterId(row.router_id),
        router_name=row.router_name,
        position=row.position,
        state=row.state,
        before=say_values(change.kind, json.loads(row.before)) if row.before else "not read",
        after=say_values(change.kind, change.values),
        reason=row.reason,
        changed_at=row.changed_at,
    )
