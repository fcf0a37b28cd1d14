"""Changes of one setting on many routers: the list of them, and the form that plans one."""

from collections.abc import Callable
from typing import Any

from nicegui import ui

from benfex.application import Benfex
from benfex.core.events import ChangeRunMoved
from benfex.network.change_runs import RunView, changeable_routers, list_runs
from benfex.network.vetted import (
    SERVICES,
    Change,
    accept_radius,
    list_address,
    set_dns,
    set_note,
    set_ntp,
    switch_off,
)
from components.data_table import Column, DataTable, Empty, Row, TableQuery
from components.elements import body, box, card, link_button, text
from components.empty_state import empty_state
from components.form import Form, Values
from components.moments import say_exactly, say_when
from components.status_badge import status_cell
from data.values.identifiers import RouterId
from data.values.kinds import ChangeItemState
from data.values.roles import Permission
from pages.admin.lists import Unhurried, on_each, page_request
from pages.admin.phrases import say_count
from pages.admin.sections import Section, Sections
from pages.admin.shell import console, may
from pages.dependencies import BenfexDep, SignedInStaff, StaffDep
from pages.screen import screen

_COLUMNS = (
    Column("what", "Change", "text"),
    Column("routers", "Routers", "note"),
    Column("made", "Planned", "note"),
    Column("state", "State", "badge"),
)


@screen("/admin/changes")
async def changes_page(benfex: BenfexDep, staff: StaffDep) -> None:
    """Show the changes, the newest first."""

    def actions() -> None:
        if may(staff, Permission.EDIT_NETWORK):
            link_button("Plan a change", "/admin/plan-change", icon="plus")

    with console(
        benfex,
        staff,
        title="Changes of routers",
        subtitle="One setting on many routers, each read before and after",
        active="/admin/routers",
        need=Permission.VIEW_NETWORK,
        back=("Routers", "/admin/routers"),
        actions=actions,
    ):

        async def fetch(query: TableQuery) -> tuple[list[Row], int]:
            page = await benfex.read(list_runs, await staff.fresh(), request=page_request(query))
            return [_row(benfex, view) for view in page.rows], page.total

        table = DataTable(
            _COLUMNS,
            fetch,
            label="Changes",
            sort="",
            empty=Empty("No change yet", "What is changed on many routers is listed here.", "list-checks"),
        )
        await table.refresh()
        soon = Unhurried(table.refresh)
        on_each(benfex, (ChangeRunMoved,), soon.ask)


@screen("/admin/plan-change")
async def new_change_page(benfex: BenfexDep, staff: StaffDep) -> None:
    """Plan a change: what, and where. Nothing is written."""
    with console(
        benfex,
        staff,
        title="Plan a change",
        subtitle="The routers are read; nothing is written before you have seen what would be",
        active="/admin/routers",
        need=Permission.EDIT_NETWORK,
        back=("Changes", "/admin/changes"),
    ):
        routers = await benfex.read(changeable_routers, staff.actor)
        if not routers:
            empty_state(
                "No router to change",
                "Only routers that are in use and managed are changed; watched ones are never written.",
                symbol="eye",
            )
            return
        planner = _Planner(benfex, staff, routers)
        sections = Sections(
            [
                Section("dns", "DNS", planner.dns),
                Section("ntp", "Time", planner.ntp),
                Section("service", "Services", planner.service),
                Section("listed", "Address list", planner.listed),
                Section("note", "Note", planner.note),
                Section("radius", "RADIUS", planner.radius),
            ],
            label="What to change",
        )
        await sections.show("dns")


class _Planner:
    """The forms; all of them are about the routers chosen on top."""

    def __init__(self, benfex: Benfex, staff: SignedInStaff, routers: dict[RouterId, str]) -> None:
        self._benfex, self._staff = benfex, staff
        with card("Routers"), body("bf-stack tight"):
            text("The first one is tried alone; the others wait until you have looked at it.", "bf-sub")
            self._chosen = ui.select(dict(routers), value=list(routers), multiple=True).classes(
                "bf-input bf-many"
            )
            self._chosen.props("outlined dense options-dense use-chips popup-content-class=bf-menu-pop")
            self._chosen.props["aria-label"] = "Routers"

    def dns(self) -> None:
        """Create the form of DNS servers."""
        self._form(
            "DNS servers",
            lambda form: form.text("servers", "Servers", "", hint="One to four, with commas between."),
            lambda values: set_dns(values["servers"]),
        )

    def ntp(self) -> None:
        """Create the form of time servers."""
        self._form(
            "Time servers",
            lambda form: form.text("servers", "Servers", "", hint="One or two; the client is switched on."),
            lambda values: set_ntp(values["servers"]),
        )

    def service(self) -> None:
        """Create the form of services to switch off."""
        self._form(
            "Switch off a service that sends passwords openly",
            lambda form: form.choice("service", "Service", list(SERVICES), SERVICES[0]),
            lambda values: switch_off(values["service"]),
        )

    def listed(self) -> None:
        """Create the form of an entry of an address list."""

        def fields(form: Form) -> None:
            with form.pair():
                form.text("list", "List", "")
                form.text("address", "Address", "", hint="Or a network, such as 10.1.0.0/16.")
            form.choice("what", "What", {"add": "Put it on the list", "remove": "Take it off"}, "add")

        self._form(
            "An entry of an address list",
            fields,
            lambda values: list_address(values["list"], values["address"], is_listed=values["what"] == "add"),
        )

    def note(self) -> None:
        """Create the form of the note shown at a login."""
        self._form(
            "Note that a router shows at a login",
            lambda form: form.text("note", "Note", "", required=False, hint="Left empty: no note."),
            lambda values: set_note(values["note"]),
        )

    def radius(self) -> None:
        """Create the form of the port for orders of a RADIUS server."""
        self._form(
            "Take orders of a RADIUS server",
            lambda form: form.whole("port", "Port", 3799),
            lambda values: accept_radius(values["port"]),
        )

    def _form(self, title: str, fields: Callable[[Form], Any], make: Callable[[Values], Change]) -> None:
        async def plan(values: Values) -> None:
            run_id = await self._benfex.changer.plan(
                await self._staff.fresh(),
                change=make(values),
                router_ids=[RouterId(int(router_id)) for router_id in self._chosen.value or ()],
            )
            ui.navigate.to(f"/admin/changes/{run_id}")

        with card(title), body(), Form(plan) as form:
            fields(form)
            with box("bf-line"):
                form.submit("Read the routers")


def _row(benfex: Benfex, view: RunView) -> Row:
    zone = benfex.settings.timezone
    changed = view.counts.get(ChangeItemState.DONE, 0)
    row: Row = {
        "id": str(view.run_id),
        "href": f"/admin/changes/{view.run_id}",
        "what": view.what,
        "what_note": view.reason,
        "routers": f"{changed} changed of {say_count(view.total, 'router')}",
        "made": f"{say_when(view.made_at, now=benfex.clock.now(), timezone=zone)} by {view.made_by}",
        "made_title": say_exactly(view.made_at, timezone=zone),
    }
    return row | status_cell("state", view.state)
