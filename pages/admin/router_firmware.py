"""Which version and firmware each router has, in one table, and who is behind."""

from benfex.network.firmware import BEHIND, FirmwareView, count_behind, firmware_overview
from components.data_table import Column, DataTable, Empty, Row, TableQuery, TableTab
from components.status_badge import Look, status_cell
from data.values.roles import Permission
from pages.admin.lists import page_request
from pages.admin.phrases import say_firmware
from pages.admin.shell import console
from pages.dependencies import BenfexDep, StaffDep
from pages.screen import screen

_COLUMNS = (
    Column("name", "Router", "text", sort="name"),
    Column("board", "Board", "note", sort="board"),
    Column("serial", "Serial", "note"),
    Column("version", "RouterOS", "note", sort="version"),
    Column("firmware", "Firmware", "note", sort="firmware"),
    Column("state", "State", "badge"),
)
_NEWEST = Look("Newest seen", "ok", "circle-check")
_BEHIND = Look("Behind", "warn", "arrow-up")
_WAITS = Look("Firmware waits", "warn", "refresh-cw")
_UNKNOWN = Look("Not known yet", "mute", "circle")


@screen("/admin/firmware")
async def router_firmware(benfex: BenfexDep, staff: StaffDep) -> None:
    """Show versions and firmware of all routers."""
    with console(
        benfex,
        staff,
        title="Firmware",
        subtitle="As each router said when it was last connected to",
        active="/admin/routers",
        need=Permission.VIEW_NETWORK,
        back=("Routers", "/admin/routers"),
    ):

        async def fetch(query: TableQuery) -> tuple[list[Row], int]:
            page = await benfex.read(firmware_overview, await staff.fresh(), request=page_request(query))
            return [_row(view) for view in page.rows], page.total

        behind = await benfex.read(count_behind, staff.actor)
        table = DataTable(
            _COLUMNS,
            fetch,
            label="Firmware of routers",
            sort="version",
            search_hint="Router, board or serial",
            tabs=(TableTab("all", "All"), TableTab(BEHIND, "Behind", f"{behind:,}" if behind else "")),
            empty=Empty("No router yet", "Routers appear here once they are added.", "router"),
        )
        await table.refresh()


def _row(view: FirmwareView) -> Row:
    row: Row = {
        "id": str(view.router_id),
        "href": f"/admin/routers/{view.router_id}",
        "name": view.name,
        "board": view.board or "—",
        "serial": view.serial or "none",
        "version": view.version or "—",
        "firmware": say_firmware(view.firmware, view.firmware_offered),
    }
    cell = status_cell("state", _look(view))
    if view.is_behind:
        cell["state_title"] = f"{view.newest} runs on another router"
    return row | cell


def _look(view: FirmwareView) -> Look:
    if not view.version:
        return _UNKNOWN
    if view.is_behind:
        return _BEHIND
    return _WAITS if view.waits_for_restart else _NEWEST
