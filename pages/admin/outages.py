"""Outages: which routers are down, how long each and each site was this month, and what was credited."""

from benfex.core.events import RouterStatusChanged
from benfex.core.policy import billing_today
from benfex.network.outages import Downtime, OutageView, downtime_of_month, list_outages, say_duration
from components.data_table import Column, DataTable, Empty, Row, TableQuery, TableTab
from components.elements import box, card
from components.moments import say_exactly
from components.ranking import Ranked, Ranking
from components.status_badge import Look, status_cell
from data.values.roles import Permission
from pages.admin.lists import Unhurried, on_each, page_request
from pages.admin.phrases import say_count
from pages.admin.shell import console
from pages.dependencies import BenfexDep, StaffDep
from pages.screen import screen

_COLUMNS = (
    Column("router", "Router", "text"),
    Column("state", "", "badge"),
    Column("began", "From", "note"),
    Column("lasted", "For", "note"),
    Column("lines", "Lines", "number"),
    Column("credits", "Credited", "number"),
)
_LASTS = Look("Lasts", "bad", "wifi-off")
_OVER = Look("Over", "mute", "circle-check")
_SHOWN = 12


@screen("/admin/outages")
async def outages(benfex: BenfexDep, staff: StaffDep) -> None:
    """Show outages and downtime."""
    zone = benfex.settings.timezone
    with console(
        benfex,
        staff,
        title="Outages",
        subtitle="Routers that did not answer",
        active="/admin/outages",
        need=Permission.VIEW_NETWORK,
    ):

        async def fetch(query: TableQuery) -> tuple[list[Row], int]:
            page = await benfex.read(list_outages, await staff.fresh(), request=page_request(query))
            return [_row(one, zone) for one in page.rows], page.total

        with box("bf-grid bf-main"):
            table = DataTable(
                _COLUMNS,
                fetch,
                label="Outages",
                sort="",
                tabs=[TableTab("all", "All"), TableTab("open", "Now"), TableTab("ended", "Over")],
                empty=Empty("No outage", "Every router has answered so far.", "circle-check"),
            )
            with box("bf-stack"):
                with card("Sites this month", classes="clip"):
                    sites = Ranking(
                        limit=_SHOWN,
                        label="Availability of sites",
                        empty="No site named",
                        message="Say in a router's settings where it stands.",
                        symbol="map-pin",
                    )
                with card("Routers this month", classes="clip"):
                    routers = Ranking(limit=_SHOWN, label="Availability of routers", empty="No router yet")

        async def refresh() -> None:
            actor = await staff.fresh()
            today = await benfex.read(billing_today, actor)
            by_router, by_site = await benfex.read(downtime_of_month, actor, month=today)
            sites.set(_worst(by_site))
            routers.set(_worst(by_router))
            await table.refresh()

        soon = Unhurried(refresh)  # before the first reading: what changes in between is not missed
        on_each(benfex, (RouterStatusChanged,), soon.ask)
        await refresh()


def _worst(found: tuple[Downtime, ...]) -> list[Ranked]:
    lines = sorted(found, key=lambda one: (one.permille, one.name))[:_SHOWN]
    return [
        Ranked(
            one.name,
            f"down {say_duration(one.seconds)} in {say_count(one.outages, 'outage')}"
            if one.outages
            else "never down",
            f"{one.permille / 10:.1f}%",
            one.permille // 10,
            f"/admin/routers/{one.router_id}" if one.router_id is not None else "/admin/routers",
            "ok" if one.permille >= 995 else "warn" if one.permille >= 970 else "bad",
        )
        for one in lines
    ]


def _row(one: OutageView, zone: str) -> Row:
    row: Row = {
        "id": one.outage_id,
        "href": f"/admin/routers/{one.router_id}",
        "router": one.router_name,
        "router_note": one.site,
        "began": say_exactly(one.began_at, timezone=zone),
        "lasted": say_duration(one.seconds),
        "lines": f"{one.lines:,}",
        "credits": f"{one.credits:,}" if one.credits else "",
        "lasted_title": one.reason,
    }
    return row | status_cell("state", _LASTS if one.ended_at is None else _OVER)
