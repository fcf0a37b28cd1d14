"""What a poll puts on screens: a point or a gap, kept in `live` and told on the bus. Polling is in `polling`."""

from collections.abc import Sequence
from datetime import datetime

from benfex.core.events import EventBus, RouterSampled, UsageSample, UsageSampled
from benfex.network.driver import PollReading
from benfex.usage.live import LiveRouter, LiveUsage
from benfex.usage.rates import Rates
from benfex.usage.timetable import RouterToPoll
from data.values.identifiers import RouterId
from data.values.states import RouterStatus


class Screens:
    """Shows what polls found; every point comes from a poll."""

    def __init__(self, *, live: LiveUsage, bus: EventBus) -> None:
        self._live = live
        self._bus = bus

    def show(self, router: RouterToPoll, reading: PollReading, rates: Rates, *, read_at: datetime) -> None:
        """Show a router that was read, and the point of each of its connections."""
        health, total = reading.health, rates.total
        view = LiveRouter(
            router.router_id,
            router.name,
            RouterStatus.REACHABLE,
            is_enabled=router.is_enabled,
            online=len(rates.online),
            download_bps=total.download_bps if total else None,
            upload_bps=total.upload_bps if total else None,
            cpu_percent=health.cpu_percent,
            free_memory_bytes=health.free_memory_bytes,
            total_memory_bytes=health.total_memory_bytes,
            uptime_seconds=health.uptime_seconds,
            last_seen_at=read_at,
        )
        self._live.take(view, online=rates.online, samples=rates.samples)
        self._bus.publish(
            RouterSampled(
                router_id=router.router_id,
                at=read_at,
                download_bps=view.download_bps,
                upload_bps=view.upload_bps,
                online=view.online,
                cpu_percent=view.cpu_percent,
            )
        )
        self._bus.publish(UsageSampled(router_id=router.router_id, at=read_at, samples=rates.samples))

    def show_gap(self, router_id: RouterId, samples: Sequence[UsageSample], *, at: datetime) -> None:
        """Show that a router gave no point; `samples` are the gaps of its connections."""
        self._live.take_gap(router_id, at=at, samples=samples)
        self._bus.publish(
            RouterSampled(
                router_id=router_id, at=at, download_bps=None, upload_bps=None, online=None, cpu_percent=None
            )
        )
        self._bus.publish(UsageSampled(router_id=router_id, at=at, samples=tuple(samples)))
