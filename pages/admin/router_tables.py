"""The tables of one router: who is online with their traffic, all lines sold on it, and its tasks."""

from benfex.application import Benfex
from benfex.core.events import UsageSampled
from benfex.network.views import RouterView, SubscriberLine, TaskView, list_lines, list_tasks, task_counts
from components.avatar import who_cell
from components.data_table import Column, DataTable, Empty, Row, TableQuery, TableTab
from components.moments import say_exactly, say_when
from components.status_badge import Look, status_cell
from data.values.states import SubscriptionStatus
from data.values.traffic import format_bps
from pages.admin.lists import Unhurried, page_request
from pages.dependencies import SignedInStaff
from pages.live import on

_ONLINE = (
    Column("who", "Customer", "who", sort="name"),
    Column("user", "User", "note", sort="user"),
    Column("plan", "Plan", "tag", on_card=False),
    Column("status", "Service", "badge"),
    Column("down", "Download", "number"),
    Column("up", "Upload", "number"),
)
_LINES = (
    Column("who", "Customer", "who", sort="name"),
    Column("user", "User", "note", sort="user"),
    Column("plan", "Plan", "tag", on_card=False),
    Column("seen", "Last online", "note", sort="seen"),
    Column("router", "On the router", "badge"),
    Column("status", "Service", "badge"),
)
_TASKS = (
    Column("who", "Customer", "who"),
    Column("what", "What", "note"),
    Column("at", "Asked", "note"),
    Column("tries", "Tries", "number", on_card=False),
    Column("error", "Last answer", "note"),
    Column("status", "Status", "badge"),
)
_TASK_TABS = (("open", "Waiting"), ("failed", "Failed"), ("all", "All"))
_AGREES = Look("Agrees", "ok", "circle-check")
_TELLING = Look("Being told", "warn", "refresh-cw")
_DRIFTED = Look("Differs", "bad", "triangle-alert")


class RouterTables:
    """Builds the tables; `refresh` reads again those that were opened."""

    def __init__(self, benfex: Benfex, staff: SignedInStaff, view: RouterView) -> None:
        self._benfex, self._staff, self._view = benfex, staff, view
        self._zone = benfex.settings.timezone
        self._tables: list[DataTable] = []
        self._task_table: DataTable | None = None

    async def refresh(self) -> None:
        """Read the opened tables again."""
        for table in self._tables:
            await table.refresh()
        await self._count_tasks()

    async def online(self) -> None:
        """Create the table of who is online, read again every few seconds while polls come."""

        async def fetch(query: TableQuery) -> tuple[list[Row], int]:
            online = self._benfex.live.online_connections(self._view.router_id) or frozenset()
            page = await self._benfex.read(
                list_lines,
                await self._staff.fresh(),
                router_id=self._view.router_id,
                request=page_request(query),
                only=sorted(online),
            )
            return [self._online_row(line) for line in page.rows], page.total

        table = DataTable(
            _ONLINE,
            fetch,
            label="Online now",
            sort="name",
            search_hint="Customer, user or account",
            empty=Empty("Nobody is online", "Sessions appear here with the next poll.", "wifi-off"),
        )
        await table.refresh()
        soon = Unhurried(table.refresh, seconds=4)
        router_id = self._view.router_id
        on(self._benfex, UsageSampled, soon.ask, where=lambda event: event.router_id == router_id)

    async def lines(self) -> None:
        """Create the table of all lines."""

        async def fetch(query: TableQuery) -> tuple[list[Row], int]:
            page = await self._benfex.read(
                list_lines,
                await self._staff.fresh(),
                router_id=self._view.router_id,
                request=page_request(query),
            )
            return [self._line_row(line) for line in page.rows], page.total

        table = DataTable(
            _LINES,
            fetch,
            label="All lines",
            sort="name",
            search_hint="Customer, user or account",
            empty=Empty("No line yet", "Services sold on this router are listed here.", "cable"),
        )
        self._tables.append(table)
        await table.refresh()

    async def tasks(self) -> None:
        """Create the table of tasks."""

        async def fetch(query: TableQuery) -> tuple[list[Row], int]:
            page = await self._benfex.read(
                list_tasks,
                await self._staff.fresh(),
                router_id=self._view.router_id,
                request=page_request(query),
            )
            return [self._task_row(task) for task in page.rows], page.total

        self._task_table = DataTable(
            _TASKS,
            fetch,
            label="Tasks",
            sort="",
            tabs=[TableTab(key, label) for key, label in _TASK_TABS],
            empty=Empty("No task here", "What the router is to be told is listed here.", "list-checks"),
        )
        self._tables.append(self._task_table)
        await self.refresh()

    async def _count_tasks(self) -> None:
        if self._task_table is None:
            return
        counts = await self._benfex.read(
            task_counts, await self._staff.fresh(), router_id=self._view.router_id
        )
        for key, _ in _TASK_TABS:
            self._task_table.set_count(key, f"{counts[key]:,}")

    def _online_row(self, line: SubscriberLine) -> Row:
        row = _line(line)
        point = self._benfex.live.latest(line.connection_id)
        row["down"] = _say_rate(point.download_bps if point else None)
        row["up"] = _say_rate(point.upload_bps if point else None)
        return row | status_cell("status", line.status)

    def _line_row(self, line: SubscriberLine) -> Row:
        row = _line(line) | status_cell("status", line.status) | status_cell("router", _agreement(line))
        row["router_title"] = line.drift
        row |= self._when("seen", line)
        return row

    def _when(self, name: str, line: SubscriberLine) -> Row:
        if line.last_online_at is None:
            return {name: "never"}
        now = self._benfex.clock.now()
        return {
            name: say_when(line.last_online_at, now=now, timezone=self._zone),
            f"{name}_title": say_exactly(line.last_online_at, timezone=self._zone),
        }

    def _task_row(self, task: TaskView) -> Row:
        kinds = {"apply": "Set access", "remove": "Remove access", "disconnect": "Set access, drop session"}
        row: Row = {
            "id": str(task.task_id),
            "href": f"/admin/customers/{task.customer_id}",
            "what": kinds[task.kind.value] + (" (restores service)" if task.is_urgent else ""),
            "at": say_when(task.asked_at, now=self._benfex.clock.now(), timezone=self._zone),
            "at_title": say_exactly(task.asked_at, timezone=self._zone),
            "tries": f"{task.attempts}",
            "error": task.last_error,
        }
        return row | who_cell("who", task.customer_name, task.username) | status_cell("status", task.status)


def _line(line: SubscriberLine) -> Row:
    row: Row = {
        "id": str(line.connection_id),
        "href": f"/admin/customers/{line.customer_id}",
        "user": line.username,
        "plan": line.plan_name,
    }
    return row | who_cell("who", line.customer_name, line.account_number)


def _say_rate(bps: int | None) -> str:
    return "—" if bps is None else format_bps(bps)


def _agreement(line: SubscriberLine) -> Look:
    if not line.is_applied and line.status is not SubscriptionStatus.ENDED:
        return _TELLING
    return _DRIFTED if line.drift else _AGREES
