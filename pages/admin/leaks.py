"""Leaks: who is on the network and not paying, or known to nobody, in money a month."""

from benfex.network.leaks import Leak, LeakReport
from components.avatar import who_cell
from components.data_table import Column, DataTable, Empty, Row, TableQuery
from components.elements import box, text
from components.feedback import Note, action_button
from components.money import money_cell
from components.stat_card import StatCard
from components.status_badge import status_cell
from data.values.kinds import LeakKind
from data.values.roles import Permission
from pages.admin.shell import console
from pages.dependencies import BenfexDep, StaffDep
from pages.screen import screen

_COLUMNS = (
    Column("who", "Who", "who"),
    Column("router", "Router", "note"),
    Column("what", "What was seen", "note"),
    Column("now", "Now", "note"),
    Column("kind", "Kind", "badge"),
    Column("monthly", "A month", "money"),
)


@screen("/admin/leaks")
async def leaks(benfex: BenfexDep, staff: StaffDep) -> None:
    """Ask all routers now, and show what nobody pays for."""
    with console(
        benfex,
        staff,
        title="Leaks",
        subtitle="Who is on the network and not paying, by what the routers hold and who is online now",
        active="/admin/leaks",
        need=Permission.VIEW_NETWORK,
    ):
        report = await benfex.leaks.report(staff.actor)
        with box("bf-grid bf-kpis bf-brief"):
            money = StatCard("A month", "—", symbol="wallet")
            ours = StatCard("Not paying", "—", symbol="ban")
            others = StatCard("Not ours", "—", symbol="circle-alert")
        missing = Note(tone="warn", symbol="wifi-off")

        async def fetch(query: TableQuery) -> tuple[list[Row], int]:
            first = (query.page - 1) * query.size
            return [_row(leak) for leak in report.leaks[first : first + query.size]], len(report.leaks)

        def figures(found: LeakReport) -> None:
            paying = sum(leak.kind is LeakKind.NOT_PAYING for leak in found.leaks)
            money.set(found.monthly.format(), note="what these lines cost, or a usual plan")
            ours.set(f"{paying}", note="own lines that are open")
            others.set(f"{len(found.leaks) - paying}", note="entries and names that are not ours")
            lost = ", ".join(f"{name}: {why}" for name, why in found.not_asked)
            nobody = None if found.asked else "No router is in use, so none was asked."
            missing.set(f"Not asked: {lost}" if lost else nobody)

        async def again() -> None:
            nonlocal report
            report = await benfex.leaks.report(await staff.fresh())
            figures(report)
            await table.refresh()

        with box("bf-line"):
            action_button("Ask the routers again", again, kind="ghost", icon="refresh-cw")
            text("Nothing is changed by this.", "bf-sub")
        table = DataTable(
            _COLUMNS,
            fetch,
            label="Leaks",
            sort="",
            empty=Empty(
                "No leak", "Everybody on the routers that answered is known and pays.", "circle-check"
            ),
        )
        figures(report)
        await table.refresh()


def _row(leak: Leak) -> Row:
    row: Row = {
        "id": f"{leak.router_id}:{leak.username}",
        "router": leak.router_name,
        "what": leak.what,
        "now": "online" if leak.is_online else "",
    }
    if leak.customer_id is not None:
        row["href"] = f"/admin/customers/{leak.customer_id}"
    row |= who_cell("who", leak.customer_name or leak.username, leak.username if leak.customer_name else "")
    return row | status_cell("kind", leak.kind) | money_cell("monthly", leak.monthly)
