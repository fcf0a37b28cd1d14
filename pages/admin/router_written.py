"""What was written to a router, line by line: why, and whether the router kept it."""

from benfex.application import Benfex
from benfex.network.views import RouterView
from benfex.network.write_journal import WriteView, writes_of_router
from components.data_table import Column, DataTable, Empty, Row, TableQuery, TableTab
from components.moments import say_exactly, say_when
from components.status_badge import Look, status_cell
from data.values.kinds import WriteCause
from pages.admin.lists import page_request
from pages.dependencies import SignedInStaff

_COLUMNS = (
    Column("line", "Line", "text"),
    Column("what", "Written", "note"),
    Column("why", "Why", "note", on_card=False),
    Column("at", "When", "note"),
    Column("state", "Read back", "badge"),
)
_KEPT = Look("Agrees", "ok", "circle-check")
_REFUSED = Look("Not kept", "bad", "triangle-alert")
_WHY = {
    WriteCause.WISH: "changed here",
    WriteCause.DRIFT: "changed on the router",
    WriteCause.PERSON: "asked for",
}


class RouterWritten:
    """The part of a router's page about what we wrote to it; `refresh` reads it again."""

    def __init__(self, benfex: Benfex, staff: SignedInStaff, view: RouterView) -> None:
        self._benfex, self._staff, self._view = benfex, staff, view
        self._zone = benfex.settings.timezone
        self._table: DataTable | None = None

    async def refresh(self) -> None:
        """Read the table again if it was opened."""
        if self._table is not None:
            await self._table.refresh()

    async def build(self) -> None:
        """Create the table."""
        self._table = DataTable(
            _COLUMNS,
            self._fetch,
            label="Written here",
            sort="",
            tabs=[TableTab("all", "All"), TableTab("refused", "Not kept")],
            empty=Empty(
                "Nothing written", "What Benfex writes to this router is listed here.", "list-checks"
            ),
        )
        await self._table.refresh()

    async def _fetch(self, query: TableQuery) -> tuple[list[Row], int]:
        page = await self._benfex.read(
            writes_of_router,
            await self._staff.fresh(),
            router_id=self._view.router_id,
            request=page_request(query),
        )
        return [self._row(one) for one in page.rows], page.total

    def _row(self, one: WriteView) -> Row:
        row: Row = {
            "id": one.write_id,
            "line": one.username or "the router",
            "what": one.what,
            "what_title": one.reason,
            "why": _WHY[one.cause],
            "at": say_when(one.written_at, now=self._benfex.clock.now(), timezone=self._zone),
            "at_title": say_exactly(one.written_at, timezone=self._zone),
        }
        if one.customer_id is not None:
            row["href"] = f"/admin/customers/{one.customer_id}"
        return row | status_cell("state", _KEPT if one.is_confirmed else _REFUSED)
