"""One figure with its trend: label, value, change in words, a sparkline."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from nicegui import ui

from components.elements import box, checked_href, text
from components.theme import Ink, Tone, icon

_WIDTH, _HEIGHT = 240, 40


class StatCard:
    """A key figure; `set` changes only what is given."""

    def __init__(
        self,
        label: str,
        value: str,
        *,
        symbol: str,
        unit: str = "",
        delta: str = "",
        tone: Tone = "mute",
        note: str = "",
        trend: Sequence[float] = (),
        ink: Ink = "accent",
        href: str | None = None,
    ) -> None:
        self._ink = ink
        link = {"href": checked_href(href)} if href else {}
        self.element = box("bf-card bf-kpi", "a" if href else "div", **link)
        with self.element:
            with box("lab"):
                icon(symbol)
                text(label)
            with box("val num"):
                self._value = text(value, tag="span")
                self._unit = text(unit, tag="small")
            with box("foot num"):
                with box("bf-delta") as self._delta:
                    self._arrow = icon("arrow-up-right")
                    self._change = text("", tag="span")
                self._note = text(note, "long")
            self._spark = ui.html("", sanitize=False).classes("spark")
        self.set(delta=delta, tone=tone, trend=trend)

    def set(
        self,
        value: str | None = None,
        *,
        unit: str | None = None,
        delta: str | None = None,
        tone: Tone | None = None,
        note: str | None = None,
        trend: Sequence[float] | None = None,
        stale: bool | None = None,
    ) -> None:
        """Change what is given; `delta` starts with + or -, `tone` says whether that is good."""
        for element, words in ((self._value, value), (self._unit, unit), (self._note, note)):
            if words is not None:
                element.set_text(words)
        if delta is not None:
            self._change.set_text(delta)
            self._delta.set_visibility(bool(delta))
            falling = delta.startswith(("-", "−"))
            self._arrow.set_name("arrow-down-right" if falling else "arrow-up-right")
        if tone is not None:
            self._delta.props["data-tone"] = tone
        if trend is not None:
            self._spark.set_content(sparkline(trend, ink=self._ink, key=self._spark.html_id))
        if stale is not None:
            self.element.classes(**({"add": "stale"} if stale else {"remove": "stale"}))


def stat_card(label: str, value: str, *, symbol: str, **rest: object) -> StatCard:
    """Create a key figure; the other arguments are those of `StatCard`."""
    return StatCard(label, value, symbol=symbol, **rest)  # type: ignore[arg-type]


def sparkline(values: Sequence[float], *, ink: Ink, key: str) -> str:
    """Return an SVG of numbers only, empty for fewer than two values; `key` is unique in a page."""
    if len(values) < 2:
        return ""
    low, span = min(values), (max(values) - min(values)) or 1
    step = _WIDTH / (len(values) - 1)
    points = [(i * step, _HEIGHT - 4 - (v - low) / span * (_HEIGHT - 12)) for i, v in enumerate(values)]
    line = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for (x0, y0), (x1, y1) in pairwise(points):
        middle = (x0 + x1) / 2
        line += f"C{middle:.1f} {y0:.1f} {middle:.1f} {y1:.1f} {x1:.1f} {y1:.1f}"
    color = f"var(--{ink})"
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" aria-hidden="true">'
        f'<defs><linearGradient id="g{key}" x1="0" y1="0" x2="0" y2="1">'
        f'<stop offset="0" stop-color="{color}" stop-opacity=".20"/>'
        f'<stop offset="1" stop-color="{color}" stop-opacity="0"/></linearGradient></defs>'
        f'<path d="{line}L{_WIDTH} {_HEIGHT}L0 {_HEIGHT}Z" fill="url(#g{key})"/>'
        f'<path d="{line}" fill="none" stroke="{color}" stroke-width="1.75" '
        f'vector-effect="non-scaling-stroke" stroke-linecap="round"/></svg>'
    )
