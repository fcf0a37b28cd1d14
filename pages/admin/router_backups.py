"""Copies of a router's configuration: made now, downloaded, compared, and what somebody else changed."""

from nicegui import ui

from benfex.application import Benfex
from benfex.network.configurations import DiffLine
from benfex.network.snapshots import (
    SnapshotView,
    accept_change,
    compare_snapshots,
    configuration_text,
    list_snapshots,
    unexpected_change,
)
from benfex.network.views import RouterView, router
from components.data_table import Column, DataTable, Empty, Row, RowAction, TableQuery
from components.elements import box, card, text
from components.empty_state import empty_state
from components.feedback import Note, action_button, toast_error, toast_ok
from components.form import Form, Values
from components.moments import say_exactly, say_when
from components.status_badge import Look, status_cell
from data.values.errors import BenfexError, InvalidInput
from data.values.identifiers import RouterId
from data.values.kinds import DiffKind
from data.values.roles import Permission
from data.values.traffic import format_bytes
from pages.admin.lists import page_request
from pages.admin.phrases import say_count
from pages.admin.shell import console, may
from pages.dependencies import BenfexDep, SignedInStaff, StaffDep
from pages.screen import screen

_COLUMNS = (
    Column("taken", "Since", "text"),
    Column("seen", "Last seen so", "note"),
    Column("change", "Against the one before", "note"),
    Column("size", "Size", "number"),
    Column("version", "RouterOS", "note", on_card=False),
    Column("state", "State", "badge"),
)
_SIGNS = {DiffKind.ADDED: "+", DiffKind.REMOVED: "−", DiffKind.SAME: " ", DiffKind.PLACE: "@"}
_OTHERS = Look("Changed by others", "bad", "triangle-alert")
_SEEN = Look("Looked at", "mute", "eye")
_KEPT = Look("Kept", "ok", "circle-check")
_SHOWN_LINES_MAX = 2000


class RouterBackups:
    """The part of a router's page about its configuration; `refresh` reads it again."""

    def __init__(self, benfex: Benfex, staff: SignedInStaff, view: RouterView) -> None:
        self._benfex, self._staff, self._view = benfex, staff, view
        self._zone = benfex.settings.timezone
        self._table: DataTable | None = None
        self._alert = Note(tone="bad", symbol="triangle-alert")

    async def refresh(self) -> None:
        """Say whether somebody else changed the router, and read the table again if it was opened."""
        actor = await self._staff.fresh()
        change = await self._benfex.read(unexpected_change, actor, router_id=self._view.router_id)
        self._alert.set(_say_change(change) if change else None)
        if self._table is not None:
            await self._table.refresh()

    async def build(self) -> None:
        """Create the table of copies, and what is done with them."""
        operates = may(self._staff, Permission.OPERATE_NETWORK)
        if operates:
            with box("bf-line"):
                action_button("Back up now", self._back_up, icon="download", classes="small")
                text("Every night for managed routers; passwords are left out.", "bf-sub")
        acts = [
            RowAction("compare", "Compare with the one before", "arrow-left-right", self._compare),
            RowAction("download", "Download", "download", self._download),
            RowAction("accept", "I have looked", "eye", self._accept),
        ]
        self._table = DataTable(
            _COLUMNS,
            self._fetch,
            label="Backups",
            sort="",
            row_actions=acts if operates else (),
            empty=Empty("No backup yet", "The first is made tonight, or now.", "archive"),
        )
        await self._table.refresh()

    async def _fetch(self, query: TableQuery) -> tuple[list[Row], int]:
        page = await self._benfex.read(
            list_snapshots,
            await self._staff.fresh(),
            router_id=self._view.router_id,
            request=page_request(query),
        )
        return [self._row(view) for view in page.rows], page.total

    async def _back_up(self) -> None:
        kept = await self._benfex.backups.back_up(await self._staff.fresh(), router_id=self._view.router_id)
        toast_ok("A new copy is kept." if kept.is_new else "Nothing changed since the newest copy.")
        await self.refresh()

    async def _download(self, key: str) -> None:
        try:
            content = await self._benfex.read(
                configuration_text,
                await self._staff.fresh(),
                router_id=self._view.router_id,
                snapshot_id=int(key),
                vault=self._benfex.vault,
            )
        except BenfexError as error:
            toast_error(error.message)
            return
        ui.download.content(content.encode(), f"{self._view.name}-{key}.rsc", "text/plain")

    def _compare(self, key: str) -> None:
        ui.navigate.to(f"/admin/routers/{self._view.router_id}/compare?newer={key}")

    async def _accept(self, key: str) -> None:
        try:
            await self._benfex.transact(
                accept_change,
                await self._staff.fresh(),
                router_id=self._view.router_id,
                snapshot_id=int(key),
            )
        except BenfexError as error:
            toast_error(error.message)
            return
        await self.refresh()

    def _row(self, view: SnapshotView) -> Row:
        now = self._benfex.clock.now()
        row: Row = {
            "id": str(view.snapshot_id),
            "href": f"/admin/routers/{view.router_id}/compare?newer={view.snapshot_id}",
            "taken": say_when(view.taken_at, now=now, timezone=self._zone),
            "taken_title": say_exactly(view.taken_at, timezone=self._zone),
            "taken_note": f"by {view.taken_by}",
            "seen": say_when(view.last_seen_at, now=now, timezone=self._zone),
            "change": f"+{view.added} −{view.removed} not by Benfex"
            if view.added or view.removed
            else "nothing by others",
            "size": format_bytes(view.size_bytes),
            "version": view.version,
        }
        look = _OTHERS if view.is_unexpected else _SEEN if view.seen_by else _KEPT
        cell = status_cell("state", look)
        if view.seen_by:
            cell["state_title"] = f"by {view.seen_by}"
        return row | cell


@screen("/admin/routers/{router_id}/compare")
async def compare_page(
    benfex: BenfexDep, staff: StaffDep, router_id: int, older: int = 0, newer: int = 0
) -> None:
    """Show how two copies of a router's configuration differ; the newest two where none are named."""
    key = RouterId(router_id)
    with console(
        benfex,
        staff,
        title="Compare configurations",
        active="/admin/routers",
        need=Permission.OPERATE_NETWORK,
        back=("Router", f"/admin/routers/{router_id}"),
    ):
        view = await benfex.read(router, staff.actor, router_id=key)
        page = await benfex.read(
            list_snapshots,
            staff.actor,
            router_id=key,
            request=page_request(TableQuery(1, 100, "", False, "", "")),
        )
        if len(page.rows) < 2:
            empty_state(
                "One copy is not two", "There is something to compare after a change.", symbol="archive"
            )
            return
        ids = [one.snapshot_id for one in page.rows]
        newer = newer if newer in ids else ids[0]
        before = [one for one in ids if one < newer]
        older = older if older in ids else (before or ids[-1:])[0]
        _choose(benfex, key, page.rows, older=older, newer=newer)
        if older == newer:
            Note("This is the oldest copy. Choose another to compare it with.", symbol="info")
            return
        lines = await benfex.read(
            compare_snapshots, staff.actor, router_id=key, older=older, newer=newer, vault=benfex.vault
        )
        _show(view.name, lines)


def _choose(
    benfex: Benfex, router_id: RouterId, rows: tuple[SnapshotView, ...], *, older: int, newer: int
) -> None:
    zone = benfex.settings.timezone
    names = {one.snapshot_id: say_exactly(one.taken_at, timezone=zone) for one in rows}

    def go(values: Values) -> None:
        if values["older"] == values["newer"]:
            raise InvalidInput("newer", "Choose two different copies.")
        ui.navigate.to(f"/admin/routers/{router_id}/compare?older={values['older']}&newer={values['newer']}")

    with card(), box("bf-body"), Form(go) as form:
        with form.pair():
            form.choice("older", "From", names, older)
            form.choice("newer", "To", names, newer)
        form.submit("Compare")


def _show(name: str, lines: tuple[DiffLine, ...]) -> None:
    added = sum(line.kind is DiffKind.ADDED for line in lines)
    removed = sum(line.kind is DiffKind.REMOVED for line in lines)
    words = f"{say_count(added, 'line')} came, {say_count(removed, 'line')} went"
    with card(name, note=words if lines else "They are the same.", classes="clip"):
        with box("bf-diff", role="region", aria_label="Differences", tabindex="0"):
            for line in lines[:_SHOWN_LINES_MAX]:
                with box("line", data_kind=line.kind.value):
                    text(str(line.number), "at num", "span", aria_hidden="true")
                    text(_SIGNS[line.kind], "sign", "span")
                    text(line.text, "what", "span")
        if len(lines) > _SHOWN_LINES_MAX:
            Note(f"The first {_SHOWN_LINES_MAX:,} of {len(lines):,} lines.", symbol="info")


def _say_change(view: SnapshotView) -> str:
    return (
        f"Somebody else changed this router: {say_count(view.added, 'line')} came, "
        f"{say_count(view.removed, 'line')} went. What exactly is under Backups."
    )
