"""Who is online now, across all routers: found by name, address or MAC, and disconnected."""

from benfex.network.finding import FoundSession, FoundSessions
from components.avatar import who_cell
from components.data_table import Column, DataTable, Empty, Row, RowAction, TableQuery
from components.dialogs import confirm
from components.feedback import Note, toast_error, toast_ok
from data.values.errors import BenfexError
from data.values.identifiers import RouterId
from data.values.roles import Permission
from pages.admin.phrases import say_count, say_span
from pages.admin.shell import console, may
from pages.dependencies import BenfexDep, StaffDep
from pages.screen import screen

_COLUMNS = (
    Column("who", "Who", "who"),
    Column("router", "Router", "note"),
    Column("address", "Address", "note"),
    Column("mac", "MAC", "note"),
    Column("for", "Online for", "note"),
)


@screen("/admin/online")
async def online(benfex: BenfexDep, staff: StaffDep) -> None:
    """Ask all routers on each search."""
    with console(
        benfex,
        staff,
        title="Online now",
        subtitle="Asked of the routers at each search",
        active="/admin/online",
        need=Permission.VIEW_NETWORK,
    ):
        missing = Note(tone="warn", symbol="wifi-off")
        found = FoundSessions((), 0, ())

        async def fetch(query: TableQuery) -> tuple[list[Row], int]:
            nonlocal found
            found = await benfex.finder.find(await staff.fresh(), search=query.search)
            lost = ", ".join(f"{name}: {why}" for name, why in found.not_asked)
            missing.set(f"Not asked: {lost}" if lost else None)
            first = (query.page - 1) * query.size
            return [_row(one) for one in found.sessions[first : first + query.size]], len(found.sessions)

        async def disconnect(key: str) -> None:
            router_id, _, username = key.partition(":")
            words = f"{username} is cut off now and dials in again within seconds, if it may."
            if not await confirm(f"Disconnect {username}?", words, action="Disconnect"):
                return
            try:
                ended = await benfex.finder.disconnect(
                    await staff.fresh(), router_id=RouterId(int(router_id)), username=username
                )
            except BenfexError as error:
                toast_error(error.message)
                return
            toast_ok(f"{say_count(ended, 'session')} ended.")
            await table.refresh()

        acts = [RowAction("disconnect", "Disconnect", "unplug", disconnect)]
        table = DataTable(
            _COLUMNS,
            fetch,
            label="Online now",
            sort="",
            search_hint="Name, address or MAC",
            row_actions=acts if may(staff, Permission.OPERATE_NETWORK) else (),
            empty=Empty("Nobody is found", "Nobody who is online now fits.", "wifi-off"),
        )
        await table.refresh()


def _row(one: FoundSession) -> Row:
    row: Row = {
        "id": f"{one.router_id}:{one.username}",
        "router": one.router_name,
        "address": one.address or "",
        "mac": one.caller_id or "",
        "for": say_span(one.uptime_seconds * 1000),
    }
    if one.customer_id is not None:
        row["href"] = f"/admin/customers/{one.customer_id}"
    return row | who_cell(
        "who", one.customer_name or one.username, one.username if one.customer_name else "not ours"
    )
