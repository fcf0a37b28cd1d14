"""Charts of traffic, of the whole network and of one router: live, fed by polls while somebody looks, and of today."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from nicegui import ui

from benfex.application import Benfex
from benfex.core.events import RouterSampled
from benfex.usage.live import LivePoint
from benfex.usage.network_views import TrafficCompared, TrafficDay, compared_with_last_week
from benfex.usage.percentile import BusyMonth, busy_months_of_network
from components.charts import Chart, Series
from components.elements import text
from components.live_chart import LiveChart, Point
from components.theme import Ink
from data.values.identifiers import RouterId
from data.values.traffic import format_bps
from pages.admin.lists import Unhurried
from pages.dependencies import SignedInStaff
from pages.live import hold, on

NEW_FIGURES_SECONDS = 60
_WEEK = timedelta(days=7)
_Speeds = dict[str, tuple[int | None, int | None]]  # download and upload by the time on the wall


class NetworkChart:
    """The traffic of all routers as one sum."""

    def __init__(self, benfex: Benfex, *, title: str, height: int = 268) -> None:
        self._benfex = benfex
        self._pushed_at: datetime | None = None
        self.chart = LiveChart(
            title,
            chart_points(benfex.live.recent_network()),
            timezone=benfex.settings.timezone,
            interval_seconds=benfex.settings.watch_interval_seconds,
            height=height,
        )
        hold(benfex.live.watch_network())
        on(benfex, RouterSampled, self._sampled)

    def _sampled(self, _: RouterSampled) -> None:
        for point in self._benfex.live.recent_network()[-1:]:
            if point.at != self._pushed_at:
                self._pushed_at = point.at
                self.chart.push(point.at, point.download_bps, point.upload_bps)


class RouterChart:
    """The traffic of one router."""

    def __init__(self, benfex: Benfex, router_id: RouterId) -> None:
        self.chart = LiveChart(
            "Traffic now",
            chart_points(benfex.live.recent_router(router_id)),
            timezone=benfex.settings.timezone,
            interval_seconds=benfex.settings.watch_interval_seconds,
        )
        hold(benfex.live.watch_router(router_id))
        on(benfex, RouterSampled, self._sampled, where=lambda event: event.router_id == router_id)

    def _sampled(self, event: RouterSampled) -> None:
        self.chart.push(event.at, event.download_bps, event.upload_bps)


def chart_points(points: Iterable[LivePoint]) -> list[Point]:
    """Return what was seen as points of a chart."""
    return [Point(point.at, point.download_bps, point.upload_bps) for point in points]


class TrafficOfDay:
    """A chart of today beside the same day last week; a gap is a time in which nothing was counted."""

    def __init__(self, benfex: Benfex) -> None:
        self._zone = ZoneInfo(benfex.settings.timezone)
        today = benfex.clock.now().astimezone(self._zone)
        self._chart = Chart(
            "Today beside a week ago",
            [],
            [],
            kind="line",
            unit="bits per second",
            period=f"{today:%A}, means of five minutes",
            axis_is_time=True,
            height=268,
        )

    def set(self, compared: TrafficCompared) -> None:
        """Show these days over each other, by the time of the day."""
        today, before = self._by_time(compared.today), self._by_time(compared.week_ago, later=_WEEK)
        times = sorted(today.keys() | before.keys())
        lines: list[tuple[str, _Speeds, int, Ink, bool]] = [
            ("Download", today, 0, "down", False),
            ("Upload", today, 1, "up", False),
        ]
        if not compared.week_ago.is_empty:
            weekday = f"{compared.week_ago.day:%A}"
            lines += [
                (f"Download last {weekday}", before, 0, "down", True),
                (f"Upload last {weekday}", before, 1, "up", True),
            ]
        self._chart.set(times, [_line(times, *line) for line in lines])

    def _by_time(self, day: TrafficDay, *, later: timedelta = timedelta()) -> _Speeds:
        """Return the speeds by the time on the wall, which is what both days have in common."""
        walls = (at.astimezone(self._zone).replace(tzinfo=None) + later for at in day.starts_at)
        speeds = zip(day.download_bps, day.upload_bps, strict=True)
        return {wall.isoformat(" ", "minutes"): both for wall, both in zip(walls, speeds, strict=True)}


class BusyMonthWords:
    """The 95th percentile of this month and the last, by which an uplink is bought, in a line of words."""

    def __init__(self) -> None:
        self._words = text("", "bf-sub num", "p")

    def set(self, months: Sequence[BusyMonth]) -> None:
        """Show these months, this one first; nothing for none."""
        self._words.set_text(" ".join(map(say_busy_month, months)))


def say_busy_month(month: BusyMonth) -> str:
    """Return the 95th percentile of a month in words."""
    return (
        f"95th percentile {month.month:%B %Y}: {format_bps(month.download_bps)} down, "
        f"{format_bps(month.upload_bps)} up."
    )


async def router_day(benfex: Benfex, staff: SignedInStaff, router_id: RouterId) -> None:
    """Show today of one router beside a week ago, and read it anew each minute."""
    chart = TrafficOfDay(benfex)
    words = BusyMonthWords()

    async def refresh() -> None:
        actor = await staff.fresh()
        chart.set(await benfex.read(compared_with_last_week, actor, router_id=router_id))
        words.set(await benfex.read(busy_months_of_network, actor, router_id=router_id))

    await refresh()
    ui.timer(NEW_FIGURES_SECONDS, Unhurried(refresh).ask, immediate=False)


def _line(
    times: Sequence[str],
    name: str,
    speeds: _Speeds,
    direction: int,
    ink: Ink,
    quiet: bool,
) -> Series:
    values = [speeds.get(time, (None, None))[direction] for time in times]
    texts = ["—" if value is None else format_bps(value) for value in values]
    return Series(name, values, texts, ink, quiet)
