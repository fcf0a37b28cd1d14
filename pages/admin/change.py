"""One change of many routers: what it would do where, its progress, and the words to go on or put it back."""

from nicegui import ui

from benfex.application import Benfex
from benfex.core.events import ChangeRunMoved
from benfex.network.change_runs import ItemView, RunView, list_items, run_view
from components.data_table import Column, DataTable, Empty, Row, TableQuery
from components.dialogs import confirm
from components.elements import box
from components.feedback import Note, action_button
from components.stat_card import StatCard
from components.status_badge import Badge, status_cell
from data.values.kinds import ChangeItemState, ChangeRunState
from data.values.roles import Permission
from pages.admin.lists import Unhurried, on_each, page_request
from pages.admin.phrases import say_count
from pages.admin.shell import console, may
from pages.dependencies import BenfexDep, SignedInStaff, StaffDep
from pages.screen import screen

_COLUMNS = (
    Column("router", "Router", "text"),
    Column("before", "Read before", "note"),
    Column("after", "Wanted", "note"),
    Column("reason", "Why", "note"),
    Column("state", "State", "badge"),
)
_UNDOABLE = (ChangeRunState.LOOKING, ChangeRunState.STOPPED, ChangeRunState.DONE)


@screen("/admin/changes/{run_id}")
async def change_page(benfex: BenfexDep, staff: StaffDep, run_id: int) -> None:
    """Show one change, and follow it."""
    with console(
        benfex,
        staff,
        title="Change of routers",
        active="/admin/routers",
        need=Permission.VIEW_NETWORK,
        back=("Changes", "/admin/changes"),
    ):
        page = _Page(benfex, staff, run_id)
        await page.refresh()
        soon = Unhurried(page.refresh, seconds=0.5)
        on_each(benfex, (ChangeRunMoved,), soon.ask, run_id=run_id)


class _Page:
    def __init__(self, benfex: Benfex, staff: SignedInStaff, run_id: int) -> None:
        self._benfex, self._staff, self._run_id = benfex, staff, run_id
        self._seen = ChangeRunState.PLANNED
        with box("bf-line"):
            self._title = ui.label().classes("bf-ct bf-grow")
            self._badge = Badge(ChangeRunState.PLANNED)
        self._note = Note(symbol="info")
        self._trouble = Note(tone="bad", symbol="circle-alert")
        with box("bf-grid bf-kpis bf-brief"):
            self._changed = StatCard("Changed", "—", symbol="circle-check")
            self._waiting = StatCard("To be changed", "—", symbol="hourglass")
            self._already = StatCard("So already", "—", symbol="check")
            self._left = StatCard("Left out or failed", "—", symbol="triangle-alert")
        self._buttons = box("bf-line")
        self._table = DataTable(
            _COLUMNS,
            self._fetch,
            label="Routers of the change",
            sort="",
            empty=Empty("No router", "", "router"),
        )

    async def refresh(self) -> None:
        """Show the run as it is now."""
        view = await self._benfex.read(run_view, await self._staff.fresh(), run_id=self._run_id)
        active = self._benfex.changer.is_active(self._run_id)
        counts = view.counts
        self._seen = view.state
        self._title.set_text(view.what)
        self._badge.set(view.state)
        self._note.set(_say_state(view, is_active=active))
        self._trouble.set(view.reason or None)
        self._changed.set(f"{counts.get(ChangeItemState.DONE, 0)}", unit=f"of {view.total}")
        self._waiting.set(f"{_waiting(view)}")
        self._already.set(f"{counts.get(ChangeItemState.ALREADY, 0)}")
        left = counts.get(ChangeItemState.UNREAD, 0) + counts.get(ChangeItemState.FAILED, 0)
        self._left.set(f"{left}")
        self._buttons.clear()
        if may(self._staff, Permission.EDIT_NETWORK) and not active:
            with self._buttons:
                self._offer(view)
        await self._table.refresh()

    def _offer(self, view: RunView) -> None:
        is_undone = bool(view.counts.get(ChangeItemState.UNDONE))
        if view.state is ChangeRunState.PLANNED:
            action_button("Begin with the first router", self._go_on, icon="play")
            action_button("Read the routers again", self._look_again, kind="ghost", icon="refresh-cw")
        elif view.state is not ChangeRunState.DONE and not is_undone:
            more = say_count(_waiting(view), "router")
            words = f"Go on with {more}" if view.state is ChangeRunState.LOOKING else "Go on"
            action_button(words, self._go_on, icon="play")
        if view.state in _UNDOABLE or (view.state is ChangeRunState.RUNNING):
            action_button("Put it back", self._undo, kind="ghost", icon="undo-2")

    async def _go_on(self) -> None:
        await self._benfex.changer.go_on(await self._staff.fresh(), run_id=self._run_id, seen=self._seen)
        await self.refresh()

    async def _look_again(self) -> None:
        await self._benfex.changer.look_again(await self._staff.fresh(), run_id=self._run_id)

    async def _undo(self) -> None:
        words = "Each router that was changed gets what was read from it before; one that was changed since stays."
        if await confirm("Put it back?", words, action="Put it back"):
            await self._benfex.changer.undo(await self._staff.fresh(), run_id=self._run_id)
            await self.refresh()

    async def _fetch(self, query: TableQuery) -> tuple[list[Row], int]:
        page = await self._benfex.read(
            list_items, await self._staff.fresh(), run_id=self._run_id, request=page_request(query)
        )
        return [_row(item) for item in page.rows], page.total


def _waiting(view: RunView) -> int:
    return view.counts.get(ChangeItemState.WAITING, 0) + view.counts.get(ChangeItemState.CHANGING, 0)


def _say_state(view: RunView, *, is_active: bool) -> str | None:
    match view.state:
        case ChangeRunState.PLANNED:
            return "Nothing is written yet. Below stands what each router has now and would have."
        case ChangeRunState.LOOKING:
            return "The first router is changed and read back. Look whether it is well, then go on."
        case ChangeRunState.RUNNING if not is_active:
            return "It was interrupted. What is half done is decided by reading the router when it goes on."
        case ChangeRunState.RUNNING:
            return "Under way, one router after the other; the first failure stops it."
        case _:
            return None


def _row(item: ItemView) -> Row:
    row: Row = {
        "id": str(item.router_id),
        "href": f"/admin/routers/{item.router_id}",
        "router": item.router_name,
        "router_note": "tried alone first" if item.position == 0 else "",
        "before": item.before,
        "after": item.after,
        "reason": item.reason,
    }
    return row | status_cell("state", item.state)
