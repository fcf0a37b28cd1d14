"""A chart that appends points and forgets old ones; what feeds it is in `pages/live.py`."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from nicegui import ui

from components.charts import plain_table
from components.elements import box, button, text
from components.theme import PLOT_CONFIG, TIME_TICKS, has_touch_screen, line_trace, plot_layout
from data.values.traffic import format_bps

_TABLE_ROWS: Final = 60
_MISSED_READINGS: Final = 3
_AT_REST_SECONDS: Final = 90.0  # readings of a minute, while nobody looks, are no gaps


@dataclass(frozen=True, slots=True)
class Point:
    """One reading; None in both speeds is a reading that failed."""

    at: datetime
    download_bps: int | None
    upload_bps: int | None

    @property
    def is_gap(self) -> bool:
        """Tell whether the reading failed."""
        return self.download_bps is None or self.upload_bps is None


class LiveChart:
    """Download and upload over time, with present values, a table, and the age of the last reading.

    `history` is oldest first. Subscribe in the page and hand each reading to `push`.
    """

    def __init__(
        self,
        title: str,
        history: Iterable[Point] = (),
        *,
        timezone: str,
        period: str = "last 5 minutes",
        keep: int = 300,
        interval_seconds: float = 2,
        height: int = 268,
    ) -> None:
        self._zone, self._keep, self._interval = ZoneInfo(timezone), keep, interval_seconds
        self._height, self._touch = height, has_touch_screen()
        self._points: deque[Point] = deque(history, maxlen=keep)
        self._waiting = 0  # how many of the newest points the browser has not had yet
        self._stretch = 0  # which stretch of time is shown: another one begins without the reader's zoom
        self._is_ready = False
        self._shows_table = False
        self._heard_at = asyncio.get_running_loop().time()
        self._has_heard = False
        with box("bf-card", "section", aria_label=title) as self.element:
            self._build_head(title, period)
            self._build_legend()
            self._build_plot()
            self._table_side = box(
                "bf-scroll bf-body", tabindex="0", role="region", aria_label=f"{title}: table"
            )
        self._table_side.set_visibility(False)
        self._say_now()

    def push(self, at: datetime, download_bps: int | None, upload_bps: int | None) -> None:
        """Append a reading; None draws a gap. Readings not newer than the last are dropped."""
        last = self._points[-1] if self._points else None
        if last is not None and at <= last.at:
            return
        if last is not None and not last.is_gap and at - last.at > self._patience_now:
            self._append(Point(last.at + self._patience, None, None))
        self._append(Point(at, download_bps, upload_bps))
        self._has_heard = True
        self._heard_at = asyncio.get_running_loop().time()
        self._say_now()
        if self._is_ready:
            self._catch_up()

    def set(self, history: Iterable[Point], *, period: str | None = None, keep: int | None = None) -> None:
        """Show another stretch of time, oldest first; for a change of range, not for each reading."""
        self._keep = keep if keep is not None else self._keep
        self._points = deque(history, maxlen=self._keep)
        self._waiting = 0
        self._stretch += 1
        if period is not None:
            self._period.set_text(_unit_and(period))
        self._plot.update_figure(self._figure())
        self._say_now()

    @property
    def _patience(self) -> timedelta:
        return timedelta(seconds=self._interval * _MISSED_READINGS)

    @property
    def _patience_now(self) -> timedelta:
        """The first reading after the history covers the time since then: nobody looked, so it was longer."""
        return self._patience if self._has_heard else max(self._patience, timedelta(seconds=_AT_REST_SECONDS))

    def _append(self, point: Point) -> None:
        self._points.append(point)
        self._waiting = min(self._waiting + 1, self._keep)

    def _build_head(self, title: str, period: str) -> None:
        with box("bf-ch"):
            text(title, "bf-ct", "h2")
            self._pill = box("bf-badge", role="status", aria_live="polite")
            with self._pill:
                self._pill_words = text("", tag="span")
            ui.space()
            self._period = text(_unit_and(period), "bf-sub bf-hide-m")
            self._toggle = button("Table", self._swap, kind="ghost", icon="table-2", classes="small")
            self._toggle.props["aria-pressed"] = "false"

    def _build_legend(self) -> None:
        with box("bf-legend num"):
            with box().style("--c:var(--down)"):
                text("Download", "k")
                self._download = text("—", "v")
            with box().style("--c:var(--up)"):
                text("Upload", "k")
                self._upload = text("—", "v")
            self._gaps = text("A gap is a time in which nothing answered", "bf-sub")

    def _build_plot(self) -> None:
        self._plot_side = box("bf-plot").style(f"min-height:{self._height}px")
        with self._plot_side:
            self._plot = ui.plotly(self._figure())
        # Before the library is loaded a push would be lost with an error: wait for the first drawing.
        key = f"bfReady{self._plot.id}"
        self._plot.on(
            "plotly_afterplot",
            self._on_ready,
            args=[],
            js_handler=f"() => {{ if (!window.{key}) {{ window.{key} = 1; emit() }} }}",
        )

    def _on_ready(self) -> None:
        if not self._is_ready:
            # Not before: a timer in a page under construction sends the page unfinished.
            with self.element:
                ui.timer(max(1.0, self._interval), self._check_age)
        self._is_ready = True
        self._catch_up()

    def _catch_up(self) -> None:
        """Send what the browser has not had yet, in one call."""
        if not self._waiting:
            return
        points = list(self._points)
        known = points[: -self._waiting]
        missed = _with_edges(points[-self._waiting :], before=known[-1] if known else None)
        self._waiting = 0
        times = [self._local(point.at) for point in missed]
        down, up = _columns(missed)
        update = {"x": [times] * 4, "y": [down, up, _ground(down), _ground(up)]}
        self._plot.run_plot_method("extendTraces", update, [0, 1, 2, 3], self._keep)

    def _figure(self) -> dict[str, Any]:
        layout = plot_layout(height=self._height, touch=self._touch)
        layout["uirevision"] = f"stretch {self._stretch}"
        # Plotly reads times without a zone as they are: so they are sent in the ISP's own.
        layout["xaxis"].update({"type": "date", "tickformatstops": TIME_TICKS, "hoverformat": "%H:%M:%S"})
        layout["xaxis"]["nticks"] = 4 if self._touch else 5
        layout["yaxis"].update({"tickformat": "~s", "ticksuffix": "bps"})
        points = _with_edges(self._points)
        times = [self._local(point.at) for point in points]
        down, up = _columns(points)
        lines = [line_trace("Download", "down", times, down), line_trace("Upload", "up", times, up)]
        for line in lines:
            line["hovertemplate"] = "%{y:.3s}bps"
            line["fill"] = "none"
            # Nothing is known between two readings: a spline would swing past them, and below zero.
            line["line"]["shape"] = "linear"
        return {"data": [*lines, *_grounds(lines)], "layout": layout, "config": PLOT_CONFIG}

    def _local(self, at: datetime) -> str:
        return at.astimezone(self._zone).replace(tzinfo=None).isoformat(" ", "milliseconds")

    def _say_now(self) -> None:
        last = self._points[-1] if self._points else None
        has_gaps = any(point.is_gap for point in self._points)
        if self._gaps.visible != has_gaps:
            self._gaps.set_visibility(has_gaps)
        if last is None:
            self._say("Waiting for the first reading", "mute", live=False)
            return
        if last.is_gap:
            self._say_no_answer()
            return
        self._download.set_text(format_bps(last.download_bps or 0))
        self._upload.set_text(format_bps(last.upload_bps or 0))
        self._say("Live", "ok", live=True)

    def _say_no_answer(self) -> None:
        heard = next((point.at for point in reversed(self._points) if not point.is_gap), None)
        self._download.set_text("—")
        self._upload.set_text("—")
        since = f" since {heard.astimezone(self._zone):%H:%M:%S}" if heard else " yet"
        self._say(f"No answer{since}", "bad", live=False)

    def _say(self, words: str, tone: str, *, live: bool) -> None:
        if self._pill_words.text == words:
            return  # a live region that repeats itself is noise
        self._pill_words.set_text(words)
        self._pill.props["data-tone"] = tone
        if live:
            self._pill.props["data-live"] = ""
        else:
            self._pill.props.pop("data-live", None)

    def _check_age(self) -> None:
        silence = asyncio.get_running_loop().time() - self._heard_at
        if self._points and silence > self._patience.total_seconds() and not self._points[-1].is_gap:
            self._say_no_answer()

    def _swap(self) -> None:
        self._shows_table = not self._shows_table
        self._toggle.set_text("Chart" if self._shows_table else "Table")
        self._toggle.props["aria-pressed"] = "true" if self._shows_table else "false"
        self._plot_side.set_visibility(not self._shows_table)
        self._table_side.set_visibility(self._shows_table)
        self._table_side.clear()
        if not self._shows_table:
            return
        newest = list(self._points)[-_TABLE_ROWS:][::-1]
        with self._table_side:
            plain_table(["Time", "Download", "Upload"], [self._table_row(point) for point in newest])

    def _table_row(self, point: Point) -> list[str]:
        at = f"{point.at.astimezone(self._zone):%H:%M:%S}"
        if point.download_bps is None or point.upload_bps is None:
            return [at, "no answer", "no answer"]
        return [at, format_bps(point.download_bps), format_bps(point.upload_bps)]


def _columns(points: Iterable[Point]) -> tuple[list[int | None], list[int | None]]:
    both = [(point.download_bps, point.upload_bps) for point in points]
    return [down for down, _ in both], [up for _, up in both]


def _with_edges(points: Iterable[Point], *, before: Point | None = None) -> list[Point]:
    """Return the points with an end at each side of a gap, so that shades fall straight down to the ground."""
    edged: list[Point] = []
    for point in points:
        if before is not None and before.is_gap != point.is_gap:
            edged.append(Point(before.at if point.is_gap else point.at, None, None))
        edged.append(point)
        before = point
    return edged


def _ground(speeds: list[int | None]) -> list[int | None]:
    return [speed or 0 for speed in speeds]


def _grounds(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the shades below the lines; Plotly would draw a line's own shade across its gaps."""
    shade = {"mode": "none", "fill": "tozeroy", "hoverinfo": "skip", "hovertemplate": None}
    return [{**line, **shade, "y": _ground(line["y"])} for line in lines]


def _unit_and(period: str) -> str:
    return f"bits per second, {period}"
