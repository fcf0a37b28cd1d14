"""A dated list of happenings, newest first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from nicegui import ui

from components.elements import box, link, text
from components.empty_state import empty_state
from components.moments import moment
from components.theme import Tone, icon


@dataclass(frozen=True, slots=True)
class Happening:
    """One line: what happened, said as a person would, and when; `href` leads to more."""

    at: datetime
    title: str
    note: str = ""
    symbol: str = "circle-dot"
    tone: Tone = "mute"
    href: str | None = None


class Timeline:
    """A list of happenings; `prepend` puts a new one on top."""

    def __init__(
        self,
        happenings: Iterable[Happening],
        *,
        now: datetime,
        timezone: str,
        empty: tuple[str, str] = ("Nothing yet", "What happens will be listed here."),
    ) -> None:
        self._timezone, self._empty = timezone, empty
        self.element = box("bf-time", "ol", aria_live="polite")
        self.set(happenings, now=now)

    def set(self, happenings: Iterable[Happening], *, now: datetime) -> None:
        """Show other happenings, newest first."""
        self.element.clear()
        with self.element:
            shown = [self._line(happening, now) for happening in happenings]
            if not shown:
                with box("", "li"):
                    empty_state(*self._empty, symbol="history")

    def prepend(self, happening: Happening, *, now: datetime) -> None:
        """Put one happening on top."""
        with self.element:
            self._line(happening, now).move(target_index=0)

    def _line(self, happening: Happening, now: datetime) -> ui.element:
        item = box("", "li")
        with item:
            with box("dot", data_tone=happening.tone):
                icon(happening.symbol)
            with box("w"):
                if happening.href:
                    link(happening.title, happening.href)
                else:
                    text(happening.title, "t")
                if happening.note:
                    text(happening.note, "bf-sub")
            moment(happening.at, now=now, timezone=self._timezone, classes="at num")
        return item
