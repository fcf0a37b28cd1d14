"""One router: how it is now, who is on it, what it still has to be told, and whether it agrees with us."""

from collections.abc import Callable
from typing import Any

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement

from benfex.application import Benfex
from benfex.core.events import ConnectionApplied, RouterSampled, RouterStatusChanged, RouterTaskQueued
from benfex.network.views import RouterView, router
from components.elements import body, box, button, card, fact, fact_list, icon_button, text
from components.feedback import Note, action_button
from components.moments import moment
from components.stat_card import StatCard
from components.status_badge import Badge
from components.theme import icon
from data.values.errors import DomainError
from data.values.identifiers import RouterId
from data.values.roles import Permission
from data.values.states import RouterStatus
from pages.admin.lists import Unhurried, on_each
from pages.admin.map_places import place_fact
from pages.admin.network_chart import RouterChart, router_day
from pages.admin.phrases import say_count, say_firmware, say_waiting
from pages.admin.router_backups import RouterBackups
from pages.admin.router_device import RouterDevice
from pages.admin.router_dialogs import ask_identity, open_edit_router, pause, restart, retire
from pages.admin.router_drift import check_drift
from pages.admin.router_garden import open_garden
from pages.admin.router_tables import RouterTables
from pages.admin.router_tools import build_tools
from pages.admin.router_watching import WatchedNote, watch_only
from pages.admin.router_written import RouterWritten
from pages.admin.sections import Section, Sections
from pages.admin.shell import console, may
from pages.dependencies import BenfexDep, SignedInStaff, StaffDep
from pages.live import on
from pages.screen import screen


@screen("/admin/routers/{router_id}")
async def router_page(benfex: BenfexDep, staff: StaffDep, router_id: int) -> None:
    """Show one router."""
    key = RouterId(router_id)
    try:
        seen = await benfex.read(router, staff.actor, router_id=key)
    except DomainError:
        seen = None  # the page says so, in its frame
    actions = _Actions(benfex, staff, seen)
    with console(
        benfex,
        staff,
        title=seen.name if seen else "Router",
        active="/admin/routers",
        need=Permission.VIEW_NETWORK,
        back=("Routers", "/admin/routers"),
        actions=actions.build,
    ):
        view = seen if seen is not None else await benfex.read(router, staff.actor, router_id=key)
        standing = _Standing(benfex, view)
        watched = WatchedNote(benfex, staff, view)
        backups = RouterBackups(benfex, staff, view)
        written = RouterWritten(benfex, staff, view)
        with box("bf-grid bf-main even"):
            RouterChart(benfex, key)
            facts = _Facts(benfex)
            facts.set(view)
        await router_day(benfex, staff, key)
        tables = RouterTables(benfex, staff, view)
        device = RouterDevice(benfex, staff, view, is_shown=lambda: sections.shown == "device")
        sections = Sections(
            [
                Section("online", "Online now", tables.online),
                Section("lines", "All lines", tables.lines),
                Section("tasks", "Tasks", tables.tasks),
                Section("written", "Written here", written.build),
                Section("device", "Device", device.build),
                Section("backups", "Backups", backups.build),
                Section("tools", "Tools", lambda: build_tools(benfex, staff, view)),
            ],
            label="Lines, tasks and the device",
        )
        await sections.show("online")

        async def refresh() -> None:
            fresh = await benfex.read(router, await staff.fresh(), router_id=key)
            actions.set(fresh)
            standing.set(fresh)
            watched.set(fresh)
            facts.set(fresh)
            await tables.refresh()
            await backups.refresh()
            await written.refresh()
            sections.set_count("lines", f"{fresh.connections:,}")
            sections.set_count("tasks", f"{fresh.waiting_tasks:,}" if fresh.waiting_tasks else "")

        soon = Unhurried(refresh)  # before the first reading: what changes in between is not missed
        on_each(benfex, (RouterStatusChanged, RouterTaskQueued, ConnectionApplied), soon.ask, router_id=key)
        await refresh()
        on(benfex, RouterSampled, standing.sample, where=lambda event: event.router_id == key)


class _Actions:
    """The buttons beside the name; what the person may not do is not offered."""

    def __init__(self, benfex: Benfex, staff: SignedInStaff, view: RouterView | None) -> None:
        self._benfex, self._staff, self.view = benfex, staff, view
        self._pause_word: TextElement | None = None
        self._watch_item: TextElement | None = None

    def build(self) -> None:
        """Create the buttons."""
        if self.view is None or self.view.status is RouterStatus.RETIRED:
            return
        benfex, staff = self._benfex, self._staff
        if may(staff, Permission.OPERATE_NETWORK):
            action_button(
                "Test connection",
                lambda: ask_identity(benfex, staff, self._now),
                kind="ghost",
                icon="plug-zap",
            )
            action_button(
                "Check drift", lambda: check_drift(benfex, staff, self._now), kind="ghost", icon="list-checks"
            )
        if may(staff, Permission.EDIT_NETWORK):
            button("Edit", lambda: open_edit_router(benfex, staff, self._now), kind="ghost", icon="pencil")
            with icon_button("ellipsis", "More actions"), ui.menu().classes("bf-menu-pop"):
                self._pause_word = _menu_item("", "pause", lambda: pause(benfex, staff, self._now))
                if may(staff, Permission.EDIT_SUBSCRIPTIONS):
                    href = f"/admin/routers/{self.view.router_id}/adopt"
                    _menu_item("Take over entries", "corner-down-left", lambda: ui.navigate.to(href))
                self._watch_item = _menu_item(
                    "Only watch", "eye", lambda: watch_only(benfex, staff, self._now)
                )
                _menu_item("Who has not paid", "shield-check", lambda: open_garden(benfex, staff, self._now))
                _menu_item("Restart", "refresh-cw", lambda: restart(benfex, staff, self._now))
                _menu_item("Retire", "archive", lambda: retire(benfex, staff, self._now))
            self.set(self.view)

    def set(self, view: RouterView) -> None:
        """Act on the router as it is now."""
        self.view = view
        if self._pause_word is not None:
            self._pause_word.set_text("Pause" if view.is_enabled else "Resume")
        if self._watch_item is not None:
            self._watch_item.set_visibility(view.is_managed)

    @property
    def _now(self) -> RouterView:
        assert self.view is not None
        return self.view


class _Standing:
    """The figures on top; polls change them in place."""

    def __init__(self, benfex: Benfex, view: RouterView) -> None:
        self._benfex = benfex
        live = benfex.live.status(view.router_id)
        self._trouble = Note(tone="bad", symbol="wifi-off")
        with box("bf-grid bf-kpis bf-brief"):
            self._online = StatCard("Online now", "—", symbol="wifi")
            self._cpu = StatCard("CPU", "—", symbol="gauge")
            self._lines = StatCard("Lines", "—", symbol="cable")
            self._tasks = StatCard("Tasks waiting", "—", symbol="list-checks")
        if live is not None:
            self._say(live.online, live.cpu_percent)
        self.set(view)

    def set(self, view: RouterView) -> None:
        """Show what the rows say."""
        self._lines.set(f"{view.connections:,}", note="sold on this router")
        self._tasks.set(f"{view.waiting_tasks:,}", note=say_waiting(view.waiting_tasks))
        words = None
        if view.status is RouterStatus.UNREACHABLE:
            words = f"{view.status_reason or 'No answer.'} It is tried every few seconds; its tasks wait."
        elif view.status is RouterStatus.AUTH_FAILED:
            words = f"{view.status_reason or 'The password was refused'}. Edit the router to try again."
        elif not view.is_enabled and view.status is not RouterStatus.RETIRED:
            words = "Paused: it is neither polled nor changed."
        self._trouble.set(words)
        self._online.set(stale=view.status is not RouterStatus.REACHABLE)
        self._cpu.set(stale=view.status is not RouterStatus.REACHABLE)

    def sample(self, event: RouterSampled) -> None:
        """Show what a poll found."""
        self._say(event.online, event.cpu_percent)

    def _say(self, online: int | None, cpu_percent: int | None) -> None:
        if online is not None:
            self._online.set(f"{online:,}", note=say_count(online, "session"))
        if cpu_percent is not None:
            self._cpu.set(f"{cpu_percent}", unit="%")


class _Facts:
    """What the router is; `set` shows it as it is now."""

    def __init__(self, benfex: Benfex) -> None:
        self._benfex = benfex
        with card():
            with box("bf-ch"):
                text("Router", "bf-ct bf-grow", "h2")
                self._badge = Badge(RouterStatus.UNKNOWN)
            self._place = body()

    def set(self, view: RouterView) -> None:
        """Show the router."""
        self._badge.set(view.status)
        self._place.clear()
        with self._place, fact_list():
            if view.site:
                fact("Site", view.site)
            if view.place is not None:
                with fact("Place"):
                    place_fact(view.place, f"/admin/map?router={view.router_id}")
            fact("Address", f"{view.host}:{view.port}" + (" (encrypted)" if view.use_tls else ""))
            fact("API user", view.username)
            fact("Board", view.board or "not known yet")
            fact("Version", view.version or "not known yet")
            fact("Firmware", say_firmware(view.firmware, view.firmware_offered))
            fact("Serial", view.serial or "none")
            fact("Asked every", f"{view.poll_seconds} seconds")
            fact("Unpaid led to the pay page", "by our rules" if view.has_garden else "not by us")
            with fact("Last answer"):
                moment(
                    view.last_seen_at,
                    now=self._benfex.clock.now(),
                    timezone=self._benfex.settings.timezone,
                    classes="num",
                )
            if view.restarted_at is not None:
                with fact("Restarted"):
                    moment(
                        view.restarted_at,
                        now=self._benfex.clock.now(),
                        timezone=self._benfex.settings.timezone,
                        classes="num",
                    )
                    text(f" by {view.restarted_by}", tag="span")


def _menu_item(label: str, symbol: str, act: Callable[[], Any]) -> TextElement:
    with ui.menu_item(on_click=act):
        icon(symbol)
        return text(label, tag="span")
