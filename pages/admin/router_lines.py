"""A router as one line of a card whose figures change in place: how it is, who is online, how much flows."""

from collections.abc import Iterable

from benfex.application import Benfex
from benfex.core.events import RouterSampled, RouterStatusChanged
from benfex.network.views import RouterView
from components.elements import box, row, text
from components.status_badge import Badge
from data.values.identifiers import RouterId
from data.values.states import RouterStatus
from data.values.traffic import format_bps
from pages.admin.phrases import say_count
from pages.live import on


class RouterLine:
    """One router; `set` takes its row, `sample` a poll."""

    def __init__(self, benfex: Benfex, view: RouterView, *, wide: bool) -> None:
        self._benfex, self._wide, self._view = benfex, wide, view
        with row(view.name, symbol="router", href=f"/admin/routers/{view.router_id}") as self.element:
            self._flow = text("", "t2 num bf-hide-m") if wide else None
            self._badge = Badge(view.status)
        with self.element.default_slot.children[1]:
            self._note = text("", "t2 num")
        self.set(view)

    def set(self, view: RouterView) -> None:
        """Show the router as its row says."""
        self._view = view
        self._badge.set(view.status)
        live = self._benfex.live.status(view.router_id)
        self._say(live.online if live else None, live.cpu_percent if live else None)

    def mark(self, status: RouterStatus) -> None:
        """Show another status."""
        self._badge.set(status)

    def sample(self, event: RouterSampled) -> None:
        """Show what a poll found."""
        self._say(event.online, event.cpu_percent)
        if self._flow is not None:
            answered = event.download_bps is not None and event.upload_bps is not None
            words = f"{format_bps(event.download_bps or 0)} down · {format_bps(event.upload_bps or 0)} up"
            self._flow.set_text(words if answered else "no answer")

    def _say(self, online: int | None, cpu_percent: int | None) -> None:
        view = self._view
        lines = say_count(view.connections, "line")
        parts = [f"{online:,} online of {lines}" if online is not None else lines]
        if cpu_percent is not None:
            parts.append(f"CPU {cpu_percent}%")
        if self._wide and view.board:
            parts.append(f"{view.board} {view.version}".strip())
        if view.waiting_tasks:
            parts.append(f"{say_count(view.waiting_tasks, 'task')} waiting")
        if not view.is_enabled:
            parts.append("paused")
        if not view.is_managed:
            parts.append("only watched")
        if view.status_reason and view.status is not RouterStatus.REACHABLE:
            parts.append(view.status_reason)
        self._note.set_text(" · ".join(parts))


class RouterLines:
    """All routers; they follow polls and changes of status for as long as the page lives."""

    def __init__(self, benfex: Benfex, views: Iterable[RouterView], *, wide: bool = False) -> None:
        self._benfex, self._wide = benfex, wide
        self._lines: dict[RouterId, RouterLine] = {}
        with box("bf-rows") as self.element:
            pass
        self.set(views)
        on(benfex, RouterSampled, self._sampled)
        on(benfex, RouterStatusChanged, self._changed)

    def set(self, views: Iterable[RouterView]) -> None:
        """Show these routers; lines that stay change in place."""
        shown = tuple(views)
        if {view.router_id for view in shown} != set(self._lines):
            self.element.clear()
            with self.element:
                self._lines = {
                    view.router_id: RouterLine(self._benfex, view, wide=self._wide) for view in shown
                }
            return
        for view in shown:
            self._lines[view.router_id].set(view)

    def _sampled(self, event: RouterSampled) -> None:
        if event.router_id in self._lines:
            self._lines[event.router_id].sample(event)

    def _changed(self, event: RouterStatusChanged) -> None:
        if event.router_id in self._lines:
            self._lines[event.router_id].mark(event.status)
