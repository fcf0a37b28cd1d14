"""A short list by size: names with a figure and a bar each, changed in place while somebody looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nicegui import ui

from components.elements import box, checked_href, text
from components.empty_state import empty_state
from components.theme import Tone


@dataclass(frozen=True, slots=True)
class Ranked:
    """One line: what it is, its figure for people, and how long its bar is, 0 to 100 percent."""

    title: str
    note: str
    figure: str
    percent: int
    href: str
    tone: Tone = "accent"


class Ranking:
    """At most `limit` lines, the largest first; `set` moves words and bars, and builds nothing anew."""

    def __init__(
        self, *, limit: int, label: str, empty: str, message: str = "", symbol: str = "activity"
    ) -> None:
        with box("bf-rows", "ol", aria_label=label) as self.element:
            self._lines = [_Line() for _ in range(limit)]
        self._nothing = box()
        with self._nothing:
            empty_state(empty, message, symbol=symbol)
        self.set(())

    def set(self, lines: Sequence[Ranked]) -> None:
        """Show these lines, already in order."""
        for place, line in enumerate(self._lines):
            line.set(lines[place] if place < len(lines) else None)
        self._nothing.set_visibility(not lines)


class _Line:
    def __init__(self) -> None:
        self._share = 0
        with box("", "li") as self._item, box("bf-row bf-rank", "a", href="#") as self._link:
            with box("bf-line wide nowrap"):
                with box("bf-grow"):
                    self._title = text("", "t1")
                self._figure = text("", "t1 num bf-end")
            self._note = text("", "t2 num")
            self._bar = box("bf-bar", aria_hidden="true")
            with self._bar:
                box()

    def set(self, line: Ranked | None) -> None:
        self._item.set_visibility(line is not None)
        if line is None:
            return
        for element, words in (
            (self._title, line.title),
            (self._note, line.note),
            (self._figure, line.figure),
        ):
            if element.text != words:
                element.set_text(words)
        _let(self._link, "href", checked_href(line.href))
        _let(self._bar, "data-tone", line.tone)
        share = max(0, min(line.percent, 100))
        if share != self._share:
            self._share = share
            self._bar.style(f"--share:{share}")


def _let(element: ui.element, name: str, value: str) -> None:
    if element.props.get(name) != value:
        element.props[name] = value
