"""Charts of figures that do not move: bars and lines as plain dicts, their table one click away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from nicegui import ui

from components.elements import box, button, text
from components.empty_state import empty_state
from components.theme import (
    PLOT_CONFIG,
    TIME_TICKS,
    Ink,
    bar_trace,
    has_touch_screen,
    line_trace,
    plot_layout,
)

_SUFFIXES = {"bytes": "B", "bits per second": "bps"}


@dataclass(frozen=True, slots=True)
class Series:
    """One row of figures, as long as the chart's labels; None is a gap.

    `texts` are the same figures for people ("KES 2,500", "1.4 GB"), for the hover box and the table. What is
    `quiet` is there to compare with: a thin dashed line.
    """

    name: str
    values: Sequence[int | None]
    texts: Sequence[str] = ()
    ink: Ink = "accent"
    quiet: bool = False

    def said(self, index: int) -> str:
        """Return the figure at `index` for people."""
        value = self.values[index]
        if value is None:
            return "—"
        return self.texts[index] if self.texts else f"{value:,}"


class Chart:
    """A card with a title, a legend, the plot, and the same figures as a table."""

    def __init__(
        self,
        title: str,
        labels: Sequence[str],
        series: Sequence[Series],
        *,
        kind: Literal["bar", "line"] = "bar",
        unit: str,
        period: str,
        stacked: bool = False,
        axis_is_time: bool = False,
        height: int = 240,
    ) -> None:
        self._kind, self._unit, self._stacked = kind, unit, stacked
        self._axis_is_time, self._height = axis_is_time, height
        self._touch = has_touch_screen()
        self._labels, self._series = labels, series
        with box("bf-card", "section", aria_label=title) as self.element:
            with box("bf-ch"):
                text(title, "bf-ct", "h2")
                text(f"{unit}, {period}", "bf-sub")
                ui.space()
                self._toggle = button("Table", self._swap, kind="ghost", icon="table-2", classes="small")
                self._toggle.props["aria-pressed"] = "false"
            self._legend = box("bf-legend")
            self._plot_side = box("bf-plot").style(f"min-height:{height}px")
            with self._plot_side:
                self._plot = ui.plotly(self._figure())
            self._table_side = box(
                "bf-scroll bf-body", tabindex="0", role="region", aria_label=f"{title}: table"
            )
            self._nothing = box()
        self._table_side.set_visibility(False)
        self._shows_table = False
        self.set(labels, series)

    def set(self, labels: Sequence[str], series: Sequence[Series]) -> None:
        """Show other figures."""
        self._labels, self._series = labels, series
        inks = "".join(f"--s{number}:var(--{one.ink});" for number, one in enumerate(series, 1))
        self._plot_side.style(inks)
        self._plot.update_figure(self._figure())
        self._fill_legend()
        has_figures = any(value is not None for one in series for value in one.values)
        self._plot_side.set_visibility(has_figures and not self._shows_table)
        self._nothing.clear()
        if not has_figures:
            with self._nothing:
                empty_state("Nothing to draw yet", "The first figures appear here.", symbol="chart-column")
        self._fill_table()

    def _figure(self) -> dict[str, Any]:
        layout = plot_layout(height=self._height, touch=self._touch)
        layout["barmode"] = "stack" if self._stacked else "group"
        layout["bargap"] = 0.35
        layout["yaxis"].update({"tickformat": "~s", "ticksuffix": _SUFFIXES.get(self._unit, "")})
        layout["xaxis"]["type"] = "date" if self._axis_is_time else "category"
        if self._axis_is_time:
            layout["xaxis"]["tickformatstops"] = TIME_TICKS
        make = bar_trace if self._kind == "bar" else line_trace
        traces = []
        for one in self._series:
            trace = make(one.name, one.ink, list(self._labels), list(one.values))
            trace["customdata"] = [one.said(index) for index in range(len(one.values))]
            trace["hovertemplate"] = "%{customdata}"
            if one.quiet:
                trace["line"] = {**trace["line"], "width": 1.5, "dash": "dot"}
                del trace["fill"], trace["fillgradient"]
            traces.append(trace)
        return {"data": traces, "layout": layout, "config": PLOT_CONFIG}

    def _fill_legend(self) -> None:
        self._legend.clear()
        self._legend.set_visibility(len(self._series) > 1)
        with self._legend:
            for one in self._series:
                text(one.name, "k quiet" if one.quiet else "k", "span").style(f"--c:var(--{one.ink})")

    def _fill_table(self) -> None:
        self._table_side.clear()
        if not self._shows_table:
            return
        rows = [[label, *(one.said(i) for one in self._series)] for i, label in enumerate(self._labels)]
        with self._table_side:
            plain_table(["", *(one.name for one in self._series)], rows)

    def _swap(self) -> None:
        self._shows_table = not self._shows_table
        self._toggle.set_text("Chart" if self._shows_table else "Table")
        self._toggle.props["aria-pressed"] = "true" if self._shows_table else "false"
        self._plot_side.set_visibility(not self._shows_table)
        self._table_side.set_visibility(self._shows_table)
        self._fill_table()


def plain_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> ui.element:
    """Create a small static table: first column words, the others right-aligned figures."""
    with box("bf-plain", "table") as table:
        with box("", "thead"), box("", "tr"):
            for head in heads:
                text(head, tag="th", scope="col")
        with box("", "tbody"):
            for row in rows:
                with box("", "tr"):
                    for cell in row:
                        text(cell, tag="td")
    return table
