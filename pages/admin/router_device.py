"""What a router says of itself, asked while somebody looks: resources, interfaces, neighbours, leases, log."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from nicegui import ui

from benfex.application import Benfex
from benfex.network.device import Lease, LogLine, Neighbour, Resources
from benfex.network.inspecting import InterfaceNow
from benfex.network.views import RouterView
from components.data_table import Column, DataTable, Empty, Row, TableQuery
from components.elements import body, card, fact, fact_list
from components.feedback import Note
from components.status_badge import Look, status_cell
from data.values.errors import BenfexError, NotPermitted
from data.values.traffic import format_bps, format_bytes
from pages.admin.phrases import say_firmware, say_uptime
from pages.admin.sections import Section, Sections
from pages.dependencies import SignedInStaff

T = TypeVar("T")

LIVE_SECONDS = 2.0
_SLOW_SECONDS = 15.0
_INTERFACES = (
    Column("name", "Interface", "text", sort="name"),
    Column("kind", "Kind", "tag", on_card=False),
    Column("state", "State", "badge"),
    Column("in", "Receives", "number", sort="in"),
    Column("out", "Sends", "number", sort="out"),
    Column("total", "Since it came up", "note"),
)
_NEIGHBOURS = (
    Column("who", "Device", "text", sort="who"),
    Column("interface", "Seen on", "tag"),
    Column("address", "Address", "note"),
    Column("mac", "MAC", "note"),
    Column("board", "Board", "note"),
    Column("version", "Version", "note"),
)
_LEASES = (
    Column("address", "Address", "text"),
    Column("host", "Name", "note", sort="host"),
    Column("mac", "MAC", "note"),
    Column("server", "Server", "tag", on_card=False),
    Column("ends", "Ends in", "note"),
    Column("state", "State", "badge"),
)
_LOG = (
    Column("message", "What", "text"),
    Column("topics", "Topics", "tag"),
    Column("time", "Router's time", "note"),
)
_RUNS = Look("Running", "ok", "circle-check")
_DOWN = Look("Down", "mute", "circle")
_OFF = Look("Switched off", "warn", "pause")
_BOUND = Look("Bound", "ok", "circle-check")
_WAITS = Look("Waiting", "mute", "circle")


class RouterDevice:
    """The part of a router's page that asks the router; `is_shown` says whether anybody looks at it."""

    def __init__(
        self, benfex: Benfex, staff: SignedInStaff, view: RouterView, *, is_shown: Callable[[], bool]
    ) -> None:
        self._benfex, self._staff, self._router_id = benfex, staff, view.router_id
        self._is_shown = is_shown

    async def build(self) -> None:
        """Create it, and ask."""
        self._trouble = Note(tone="bad", symbol="wifi-off")
        with card("Resources"):
            self._place = body()
        self._sections = Sections(
            [
                Section("interfaces", "Interfaces", self._interfaces),
                Section("neighbours", "Neighbours", self._neighbours),
                Section("leases", "Leases", self._leases),
                Section("log", "Log", self._log),
            ],
            label="What the router says",
        )
        await self._refresh_resources()
        await self._sections.show("interfaces")
        ui.timer(_SLOW_SECONDS, self._refresh_resources, immediate=False)

    async def _ask(self, question: Callable[[], Awaitable[T]]) -> T | None:
        """Return the answer; where there is none, say so above and return None."""
        try:
            answer = await question()
        except NotPermitted:
            ui.navigate.to("/login")  # the tab outlived its session
            return None
        except BenfexError as error:
            self._trouble.set(error.message)
            return None
        self._trouble.set(None)
        return answer

    async def _refresh_resources(self) -> None:
        if not self._is_shown():
            return

        async def ask() -> Resources:
            return await self._benfex.inspector.resources(
                await self._staff.fresh(), router_id=self._router_id
            )

        found = await self._ask(ask)
        if found is not None:
            self._place.clear()
            with self._place:
                _say_resources(found)

    async def _interfaces(self) -> None:
        async def ask() -> Sequence[InterfaceNow]:
            return await self._benfex.inspector.interfaces(
                await self._staff.fresh(), router_id=self._router_id
            )

        sorts: dict[str, Callable[[InterfaceNow], object]] = {
            "name": lambda one: one.interface.name,
            "in": lambda one: one.rate.received_bps if one.rate else -1,
            "out": lambda one: one.rate.sent_bps if one.rate else -1,
        }
        table = self._table(_INTERFACES, ask, _interface_row, "Interfaces", sorts)
        await table.refresh()

        async def follow() -> None:
            if self._is_shown() and self._sections.shown == "interfaces":
                await table.refresh()

        ui.timer(LIVE_SECONDS, follow, immediate=False)

    async def _neighbours(self) -> None:
        async def ask() -> Sequence[Neighbour]:
            return await self._benfex.inspector.neighbours(
                await self._staff.fresh(), router_id=self._router_id
            )

        sorts: dict[str, Callable[[Neighbour], object]] = {"who": lambda one: one.identity}
        await self._table(_NEIGHBOURS, ask, _neighbour_row, "Neighbours", sorts).refresh()

    async def _leases(self) -> None:
        async def ask() -> Sequence[Lease]:
            return await self._benfex.inspector.leases(await self._staff.fresh(), router_id=self._router_id)

        sorts: dict[str, Callable[[Lease], object]] = {"host": lambda one: one.host_name}
        await self._table(_LEASES, ask, _lease_row, "Leases", sorts).refresh()

    async def _log(self) -> None:
        async def ask() -> Sequence[LogLine]:
            return await self._benfex.inspector.log(await self._staff.fresh(), router_id=self._router_id)

        table = self._table(_LOG, ask, _log_row, "Log", {})
        await table.refresh()

        async def follow() -> None:
            if self._is_shown() and self._sections.shown == "log":
                await table.refresh()

        ui.timer(_SLOW_SECONDS, follow, immediate=False)

    def _table(
        self,
        columns: Sequence[Column],
        ask: Callable[[], Awaitable[Sequence[T]]],
        row_of: Callable[[T], Row],
        label: str,
        sorts: dict[str, Callable[[T], object]],
    ) -> DataTable:
        async def fetch(query: TableQuery) -> tuple[list[Row], int]:
            found = list(await self._ask(ask) or ())
            key = sorts.get(query.sort)
            if key is not None:
                found.sort(key=key, reverse=query.descending)  # type: ignore[arg-type]
            rows = [row | {"id": str(at)} for at, row in enumerate(map(row_of, found))]
            words = query.search.strip().lower()
            if words:
                rows = [row for row in rows if any(words in str(value).lower() for value in row.values())]
            first = (query.page - 1) * query.size
            return rows[first : first + query.size], len(rows)

        return DataTable(
            columns,
            fetch,
            label=label,
            sort="",
            search_hint="Find",
            empty=Empty("Nothing here", "The router told none.", "inbox"),
        )


def _say_resources(found: Resources) -> None:
    with fact_list():
        fact("Calls itself", found.name)
        fact("Up for", say_uptime(found.uptime_seconds))
        fact("CPU", f"{found.cpu_percent}% of {found.cpu_count} × {found.architecture or '?'}")
        fact("Memory free", _share(found.free_memory_bytes, found.total_memory_bytes))
        fact("Disk free", _share(found.free_disk_bytes, found.total_disk_bytes))
        fact("Firmware", say_firmware(found.firmware, found.firmware_offered))
        for sensor in found.sensors:
            unit = "°C" if sensor.unit == "C" else sensor.unit
            fact(sensor.name.replace("-", " ").capitalize(), f"{sensor.value} {unit}".strip())


def _share(free: int, total: int) -> str:
    return f"{free * 100 // total}% of {format_bytes(total)}" if total else "not told"


def _interface_row(one: InterfaceNow) -> Row:
    interface, rate = one.interface, one.rate
    state = _RUNS if interface.is_running else _DOWN if interface.is_enabled else _OFF
    row: Row = {
        "name": interface.name,
        "name_note": interface.comment or interface.mac,
        "kind": interface.kind,
        "in": format_bps(rate.received_bps) if rate else "—",
        "out": format_bps(rate.sent_bps) if rate else "—",
        "total": f"{format_bytes(interface.received_bytes)} in · {format_bytes(interface.sent_bytes)} out",
    }
    return row | status_cell("state", state)


def _neighbour_row(one: Neighbour) -> Row:
    return {
        "who": one.identity or one.mac,
        "interface": one.interface,
        "address": one.address,
        "mac": one.mac,
        "board": one.board or one.platform,
        "version": one.version,
    }


def _lease_row(one: Lease) -> Row:
    row: Row = {
        "address": one.address,
        "address_note": one.comment or ("" if one.is_dynamic else "kept for it"),
        "host": one.host_name,
        "mac": one.mac,
        "server": one.server,
        "ends": "never" if one.expires_seconds is None else say_uptime(one.expires_seconds),
    }
    return row | status_cell("state", _BOUND if one.status == "bound" else _WAITS)


def _log_row(one: LogLine) -> Row:
    return {"message": one.message, "topics": one.topics, "time": one.time}
