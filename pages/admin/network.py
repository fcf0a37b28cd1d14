"""The traffic of the whole network: now, today beside a week ago, who is online where, and who moves most."""

from nicegui import ui

from benfex.application import Benfex
from benfex.core.events import RouterSampled, RouterStatusChanged
from benfex.usage.live import LiveRouter
from benfex.usage.network_views import (
    TopTalker,
    TrafficCompared,
    compared_with_last_week,
    lines_named,
    top_talkers,
)
from benfex.usage.percentile import busy_months_of_network
from components.elements import box, card, text
from components.ranking import Ranked, Ranking
from components.stat_card import StatCard
from data.values.roles import Permission
from data.values.states import RouterStatus
from data.values.traffic import format_bps, format_bytes
from pages.admin.lists import Unhurried, on_each
from pages.admin.network_chart import NEW_FIGURES_SECONDS, BusyMonthWords, NetworkChart, TrafficOfDay
from pages.admin.phrases import say_change, say_count
from pages.admin.shell import console
from pages.dependencies import BenfexDep, SignedInStaff, StaffDep
from pages.live import on
from pages.screen import screen

_TALKERS = 8
_ROUTERS = 12


@screen("/admin/network")
async def network(benfex: BenfexDep, staff: StaffDep) -> None:
    """Show the network's traffic."""
    with console(
        benfex,
        staff,
        title="Traffic",
        subtitle="All routers together",
        active="/admin/network",
        need=Permission.VIEW_NETWORK,
    ):
        now = _Now(benfex, staff)
        now.build()
        with box("bf-grid bf-main"):
            with box("bf-stack"):
                day = TrafficOfDay(benfex)
                busy = BusyMonthWords()
            with card("Most today", classes="clip"):
                today = Ranking(
                    limit=_TALKERS,
                    label="Who moved most today",
                    empty="Nothing counted today",
                    message="Whoever moves something appears here within five minutes.",
                )

        async def refresh() -> None:
            actor = await staff.fresh()
            compared = await benfex.read(compared_with_last_week, actor)
            day.set(compared)
            busy.set(await benfex.read(busy_months_of_network, actor))
            now.set_today(compared)
            today.set(_of_today(await benfex.read(top_talkers, actor, limit=_TALKERS)))

        await refresh()
        await now.refresh()
        ui.timer(NEW_FIGURES_SECONDS, Unhurried(refresh).ask, immediate=False)
        now.follow()


class _Now:
    """What changes with every poll: totals, the live chart, who is online where, who moves most now."""

    def __init__(self, benfex: Benfex, staff: SignedInStaff) -> None:
        self._benfex, self._staff = benfex, staff

    def build(self) -> None:
        """Create the cards."""
        with box("bf-grid bf-kpis bf-brief"):
            self._down = StatCard("Download now", "—", symbol="arrow-down")
            self._up = StatCard("Upload now", "—", symbol="arrow-up")
            self._online = StatCard("Online now", "—", symbol="wifi", href="/admin/online")
            self._today = StatCard("Moved today", "—", symbol="activity")
        with box("bf-grid bf-main"):
            with box("bf-stack"):
                NetworkChart(self._benfex, title="Now")
                with card("Online by router", classes="clip"):
                    self._routers = Ranking(
                        limit=_ROUTERS,
                        label="Online by router",
                        empty="No router in use",
                        message="Add one, and who is online appears here.",
                        symbol="router",
                    )
                    self._more = text("", "bf-sub")
            with card("Most now", classes="clip"):
                self._talkers = Ranking(
                    limit=_TALKERS,
                    label="Who moves most now",
                    empty="Nothing moves",
                    message="Nobody who is online moved anything at the last reading.",
                )

    def set_today(self, compared: TrafficCompared) -> None:
        """Show what was moved today so far."""
        weekday = f"{compared.week_ago.day:%A}"
        self._today.set(
            format_bytes(compared.today.total_bytes),
            delta=say_change(compared.change_permille),
            tone="mute",
            note=f"against last {weekday}" if compared.change_permille is not None else "down and up",
        )

    async def refresh(self) -> None:
        """Show what the last polls found."""
        live = self._benfex.live
        seen = live.network()
        self._down.set(format_bps(seen.download_bps) if seen.download_bps is not None else "—")
        self._up.set(format_bps(seen.upload_bps) if seen.upload_bps is not None else "—")
        self._online.set(
            f"{seen.online:,}", note=f"{seen.reachable} of {say_count(seen.routers, 'router')} answer"
        )
        routers = sorted(live.routers(), key=lambda one: (-(one.online or 0), one.name))
        most = max((one.online or 0 for one in routers), default=0)
        self._routers.set([_router_line(one, most) for one in routers[:_ROUTERS]])
        hidden = len(routers) - _ROUTERS
        self._more.set_visibility(hidden > 0)
        self._more.set_text(f"and {say_count(hidden, 'router')} with fewer")
        busiest = live.busiest(_TALKERS)
        names = await self._benfex.read(
            lines_named, await self._staff.fresh(), connection_ids=[key for key, _ in busiest]
        )
        top = busiest[0][1].total_bps if busiest else 0
        self._talkers.set(
            [
                Ranked(
                    names[key].customer_name,
                    f"{format_bps(point.download_bps or 0)} down · {format_bps(point.upload_bps or 0)} up"
                    f" · {names[key].router_name}",
                    format_bps(point.total_bps),
                    point.total_bps * 100 // top,
                    f"/admin/customers/{names[key].customer_id}",
                )
                for key, point in busiest
                if key in names
            ]
        )

    def follow(self) -> None:
        """Keep them true for as long as the page is open."""
        soon = Unhurried(self.refresh, seconds=2)
        on(self._benfex, RouterSampled, soon.ask)
        on_each(self._benfex, (RouterStatusChanged,), soon.ask)


def _router_line(one: LiveRouter, most: int) -> Ranked:
    answers = one.status is RouterStatus.REACHABLE and one.online is not None
    flow = f"{format_bps(one.download_bps or 0)} down · {format_bps(one.upload_bps or 0)} up"
    return Ranked(
        one.name,
        flow if answers else "does not answer",
        f"{one.online:,}" if answers else "—",
        (one.online or 0) * 100 // most if most else 0,
        f"/admin/routers/{one.router_id}",
        "accent" if answers else "bad",
    )


def _of_today(talkers: tuple[TopTalker, ...]) -> list[Ranked]:
    most = max((one.download_bytes + one.upload_bytes for one in talkers), default=0)
    return [
        Ranked(
            one.customer_name,
            f"{one.username} · {one.router_name} · {one.share_permille / 10:.1f}% of all",
            format_bytes(one.download_bytes + one.upload_bytes),
            (one.download_bytes + one.upload_bytes) * 100 // most if most else 0,
            f"/admin/customers/{one.customer_id}",
        )
        for one in talkers
    ]
