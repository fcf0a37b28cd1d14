"""The routers: which one is hurting, and whom does it touch."""

from benfex.core.events import ConnectionApplied, RouterStatusChanged, RouterTaskQueued
from benfex.network.snapshots import unexpected_changes
from benfex.network.views import RouterView, list_routers
from components.elements import box, button, card, link_button
from components.empty_state import empty_state
from components.feedback import Note
from components.stat_card import StatCard
from data.values.roles import Permission
from data.values.states import RouterStatus
from pages.admin.lists import Unhurried, on_each
from pages.admin.network_chart import NetworkChart
from pages.admin.phrases import say_waiting
from pages.admin.router_dialogs import open_add_router
from pages.admin.router_lines import RouterLines
from pages.admin.shell import console, may
from pages.dependencies import BenfexDep, StaffDep
from pages.screen import screen

_HURTING = (RouterStatus.UNREACHABLE, RouterStatus.AUTH_FAILED)


@screen("/admin/routers")
async def routers(benfex: BenfexDep, staff: StaffDep) -> None:
    """Show the routers."""

    def actions() -> None:
        link_button("Firmware", "/admin/firmware", kind="ghost", icon="gauge")
        link_button("Changes", "/admin/changes", kind="ghost", icon="list-checks")
        if may(staff, Permission.EDIT_NETWORK):
            button("Add router", lambda: open_add_router(benfex, staff), icon="plus")

    with console(
        benfex,
        staff,
        title="Routers",
        active="/admin/routers",
        need=Permission.VIEW_NETWORK,
        actions=actions,
    ):
        views = await benfex.read(list_routers, staff.actor)
        if not views:
            _say_none(benfex, staff)
            return
        with box("bf-grid bf-kpis bf-brief"):
            answering = StatCard("Answering", "—", symbol="router")
            lines = StatCard("Lines", "—", symbol="cable")
            waiting = StatCard("Tasks waiting", "—", symbol="list-checks")
            hurting = StatCard("Need you", "—", symbol="triangle-alert")
        changed = Note(tone="bad", symbol="triangle-alert")
        NetworkChart(benfex, title="All routers together")
        with card("Routers", classes="clip"):
            shown = RouterLines(benfex, views, wide=True)

        def figures(views: tuple[RouterView, ...]) -> None:
            up = sum(view.status is RouterStatus.REACHABLE for view in views)
            bad = [view.name for view in views if view.status in _HURTING]
            tasks = sum(view.waiting_tasks for view in views)
            answering.set(f"{up}", unit=f"of {len(views)}")
            lines.set(f"{sum(view.connections for view in views):,}", note="on all routers")
            waiting.set(f"{tasks:,}", note=say_waiting(tasks))
            hurting.set(f"{len(bad)}", note=", ".join(bad) or "nothing is broken")

        async def say_changed() -> None:
            names = [name for _, name, _ in await benfex.read(unexpected_changes, await staff.fresh())]
            words = f"Changed by somebody else: {', '.join(names)}. What exactly is under Backups there."
            changed.set(words if names else None)

        figures(views)
        await say_changed()

        async def refresh() -> None:
            await say_changed()
            fresh = await benfex.read(list_routers, await staff.fresh())
            shown.set(fresh)
            figures(fresh)

        soon = Unhurried(refresh)
        on_each(benfex, (RouterStatusChanged, RouterTaskQueued, ConnectionApplied), soon.ask)


def _say_none(benfex: BenfexDep, staff: StaffDep) -> None:
    with card():
        empty_state(
            "No router yet",
            "Add the first MikroTik; it is polled once a minute and changed only where an entry is ours.",
            symbol="router",
            action=(
                ("Add router", lambda: open_add_router(benfex, staff))
                if may(staff, Permission.EDIT_NETWORK)
                else None
            ),
        )
