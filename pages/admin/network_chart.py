"""Live traffic charts: of the whole network and of one router, fed by polls while somebody looks."""

from collections.abc import Iterable
from datetime import datetime

from benfex.application import Benfex
from benfex.core.events import RouterSampled
from benfex.usage.live import LivePoint
from components.live_chart import LiveChart, Point
from data.values.identifiers import RouterId
from pages.live import hold, on


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
