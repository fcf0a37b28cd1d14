"""Live traffic charts: of the whole network and of one router, fed by polls while somebody looks."""

from collections.abc import Sequence

from benfex.application import Benfex
from benfex.core.events import RouterSampled
from components.live_chart import LiveChart, Point
from data.values.identifiers import RouterId
from pages.live import hold, on

# Watching asks a router every 2 s; a big network is shown at the pace of its ordinary polls.
WATCHED_MAX = 8


class NetworkChart:
    """The traffic of several routers as one sum."""

    def __init__(
        self, benfex: Benfex, router_ids: Sequence[RouterId], *, title: str, height: int = 268
    ) -> None:
        self._benfex = benfex
        zone = benfex.settings.timezone
        watched = len(router_ids) <= WATCHED_MAX
        history = [Point(point.at, point.download_bps, point.upload_bps) for point in benfex.live.network()]
        self.chart = LiveChart(
            title,
            history,
            timezone=zone,
            interval_seconds=benfex.settings.watch_interval_seconds
            if watched
            else benfex.settings.usage_interval_seconds,
            height=height,
        )
        for router_id in router_ids if watched else ():
            hold(benfex.live.watch_router(router_id))
        on(benfex, RouterSampled, self._sampled)

    def _sampled(self, _: RouterSampled) -> None:
        newest = self._benfex.live.network()[-1:]
        for point in newest:
            self.chart.push(point.at, point.download_bps, point.upload_bps)


class RouterChart:
    """The traffic of one router."""

    def __init__(self, benfex: Benfex, router_id: RouterId) -> None:
        history = [
            Point(point.at, point.download_bps, point.upload_bps)
            for point in benfex.live.recent_router(router_id)
        ]
        self.chart = LiveChart(
            "Traffic now",
            history,
            timezone=benfex.settings.timezone,
            interval_seconds=benfex.settings.watch_interval_seconds,
        )
        hold(benfex.live.watch_router(router_id))
        on(benfex, RouterSampled, self._sampled, where=lambda event: event.router_id == router_id)

    def _sampled(self, event: RouterSampled) -> None:
        self.chart.push(event.at, event.download_bps, event.upload_bps)
