"""Parts of a page of which one is shown at a time, each built when it is first asked for."""

import inspect
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from nicegui import ui

from components.elements import box, text


@dataclass(frozen=True, slots=True)
class Section:
    """One part: its tab, and what builds it."""

    key: str
    label: str
    build: Callable[[], Awaitable[Any] | Any]
    count: str = ""


class Sections:
    """A row of tabs over one part of the page. `await show(key)` once while the page is built."""

    def __init__(self, sections: Sequence[Section], *, label: str) -> None:
        self._sections = {section.key: section for section in sections}
        self.shown = ""
        self._tabs: dict[str, ui.element] = {}
        self._counts: dict[str, Any] = {}
        self._holders: dict[str, ui.element] = {}
        with box("bf-stack") as self.element:
            with box("bf-tabs", role="group", aria_label=label):
                for section in sections:
                    self._add_tab(section)
            self._place = box("bf-stack")

    async def show(self, key: str) -> None:
        """Show one part; it is built the first time."""
        self.shown = key
        for name, tab in self._tabs.items():
            tab.props["aria-pressed"] = "true" if name == key else "false"
        for name, holder in self._holders.items():
            holder.set_visibility(name == key)
        if key in self._holders:
            return
        with self._place, box("bf-stack") as holder:
            self._holders[key] = holder
            built = self._sections[key].build()
            if inspect.isawaitable(built):
                await built

    def set_count(self, key: str, count: str) -> None:
        """Change the number beside a tab."""
        self._counts[key].set_text(count)
        self._counts[key].set_visibility(bool(count))

    def _add_tab(self, section: Section) -> None:
        tab = box("bf-tab", "button", type="button", aria_pressed="false").mark(f"section-{section.key}")
        with tab:
            text(section.label, tag="span")
            self._counts[section.key] = text("", "num", "em")
        tab.on("click", lambda: self.show(section.key))
        self._tabs[section.key] = tab
        self.set_count(section.key, section.count)
