"""A table that asks the server for each page: sorting, searching, tabs; cards on a phone.

The markup of its rows is in `static/data_table.js`. Values are plain text and numbers, formatted in Python.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from nicegui import ui
from nicegui.events import GenericEventArguments

from components.elements import box, checked_href, text
from components.empty_state import empty_state
from components.feedback import say_error
from components.skeleton import skeleton_rows
from components.theme import icon, icon_name
from data.values.errors import BenfexError

SIZES: Final = (10, 25, 50, 100)
PAGE_MAX: Final = 1_000_000
SEARCH_LENGTH_MAX: Final = 100
Row = dict[str, Any]
CellKind = Literal["text", "who", "badge", "money", "usage", "number", "tag", "note"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column. `sort` is the key `fetch` gets, None for not sortable; `on_card` False leaves it off phones.

    Kinds and the row entries they read: who (`x`, `x_note`, `x_initials`, `x_hue`: see `who_cell`),
    badge (`x`, `x_tone`: `status_cell`), money (`x`, `x_muted`: `money_cell`), usage (`x` percent or -1,
    `x_text`, `x_tone`: `usage_cell`), and text, number, tag, note (`x`). Any may have `x_title`, shown on
    hover; the first may have `x_note`, a second line. The first column is the link that covers the row.
    """

    name: str
    label: str
    kind: CellKind = "text"
    sort: str | None = None
    on_card: bool = True

    def quasar(self) -> dict[str, Any]:
        """Return the column as QTable and our rows want it."""
        return {
            "name": self.name,
            "label": self.label,
            "field": self.name,
            "align": "right" if self.kind in {"money", "number"} else "left",
            "sortable": self.sort is not None,
            "kind": self.kind,
            "on_card": self.on_card,
        }


@dataclass(frozen=True, slots=True)
class TableQuery:
    """What the table asks for: `page` counts from 1, `sort` is a column's sort key, `tab` a tab's key."""

    page: int
    size: int
    sort: str
    descending: bool
    search: str
    tab: str


Fetch = Callable[[TableQuery], Awaitable[tuple[Sequence[Row], int]]]


@dataclass(frozen=True, slots=True)
class TableTab:
    """A filter above the table."""

    key: str
    label: str
    count: str = ""


@dataclass(frozen=True, slots=True)
class RowAction:
    """An entry of the menu at the end of each row; the handler gets the row's id."""

    key: str
    label: str
    icon: str
    handler: Callable[[str], Awaitable[Any] | Any]
    bad: bool = False


@dataclass(frozen=True, slots=True)
class Empty:
    """What to say when there are no rows at all (not for a search that finds nothing)."""

    title: str = "Nothing here yet"
    message: str = ""
    symbol: str = "inbox"
    action: tuple[str, str | Callable[..., Any]] | None = None


@dataclass(slots=True)
class _Wish:
    """What the person has chosen so far."""

    page: int
    size: int
    sort: str
    descending: bool
    search: str
    tab: str
    ticket: int = field(default=0)


class _Rows(ui.table, component="static/data_table.js"):
    """NiceGUI's table with rows and cards of our own."""


class DataTable:
    """Rows come from `fetch`; each row is a dict with `id`, and `href` where a click leads.

    Build it, then `await table.refresh()` in the page to have rows in the first paint; otherwise it
    loads by itself right after the page is shown.
    """

    def __init__(  # noqa: PLR0913 (a table has that many sides; all but three have defaults)
        self,
        columns: Sequence[Column],
        fetch: Fetch,
        *,
        label: str,
        title: str = "",
        sort: str,
        descending: bool = False,
        size: int = 25,
        search_hint: str | None = None,
        search: str = "",
        tabs: Sequence[TableTab] = (),
        tab: str | None = None,
        empty: Empty | None = None,
        row_actions: Sequence[RowAction] = (),
        tools: Callable[[], object] | None = None,
    ) -> None:
        self._fetch = fetch
        self._sorts = {column.name: column.sort for column in columns if column.sort}
        self._actions = {action.key: action for action in row_actions}
        self._empty = empty or Empty()
        chosen_tab = tab if tab is not None else (tabs[0].key if tabs else "")
        self._wish = _Wish(1, _size(size), sort, descending, search[:SEARCH_LENGTH_MAX], chosen_tab)
        self._tab_marks: dict[str, tuple[ui.element, Any]] = {}
        self._loaded = False
        self._total = 0
        with box("bf-card clip", "section", aria_label=label) as self.element:
            if title or tabs or search_hint is not None or tools is not None:
                self._build_tools(title, tabs, search_hint, tools)
            self._state = box()
            with self._state:
                skeleton_rows()
            self._table = self._build_table(columns, row_actions)
        self._table.set_visibility(False)
        # Not a timer: that would send the page to the browser before the builder is done.
        ui.context.client.on_connect(self._load_once)

    async def refresh(self) -> None:
        """Ask for the present page again."""
        self._wish.ticket += 1
        ticket = self._wish.ticket
        self._loaded = True
        self._table.props("loading")
        try:
            rows, total = await self._fetch(self._query())
        except BenfexError as error:
            if ticket == self._wish.ticket and not self._table.is_deleted:
                self._show_state("No answer", say_error(error), "circle-alert", ("Try again", self.refresh))
            return
        if ticket == self._wish.ticket and not self._table.is_deleted:
            self._show_rows(rows, total)

    async def start_over(self) -> None:
        """Ask for the first page: what the table is about has changed."""
        self._wish.page = 1
        await self.refresh()

    def set_count(self, tab: str, count: str) -> None:
        """Change the number beside a tab."""
        self._tab_marks[tab][1].set_text(count)

    def _query(self) -> TableQuery:
        wish = self._wish
        return TableQuery(wish.page, wish.size, wish.sort, wish.descending, wish.search, wish.tab)

    async def _load_once(self) -> None:
        if not self._loaded:
            await self.refresh()

    def _build_tools(
        self,
        title: str,
        tabs: Sequence[TableTab],
        search_hint: str | None,
        tools: Callable[[], object] | None,
    ) -> None:
        with box("bf-tools"):
            if title:
                text(title, "bf-ct", "h2")
            if tabs:
                with box("bf-tabs", role="group", aria_label="Filter"):
                    for tab in tabs:
                        self._build_tab(tab)
            ui.space()
            if search_hint is not None:
                self._build_search(search_hint)
            if tools is not None:
                tools()

    def _build_tab(self, tab: TableTab) -> None:
        pressed = "true" if tab.key == self._wish.tab else "false"
        element = box("bf-tab", "button", type="button", aria_pressed=pressed).mark(f"tab-{tab.key}")
        with element:
            text(tab.label, tag="span")
            count = text(tab.count, "num", "em")
        element.on("click", lambda: self._choose_tab(tab.key))
        self._tab_marks[tab.key] = (element, count)

    def _build_search(self, hint: str) -> None:
        control = ui.input(placeholder=hint, value=self._wish.search).classes("bf-input bf-find")
        control.props("outlined dense debounce=300 clearable type=search")
        control.props["aria-label"] = hint
        with control.add_slot("prepend"):
            icon("search")
        control.on_value_change(lambda event: self._choose_search(event.value))

    def _build_table(self, columns: Sequence[Column], row_actions: Sequence[RowAction]) -> ui.table:
        table = _Rows(
            columns=[column.quasar() for column in columns] + ([_ACTIONS_COLUMN] if row_actions else []),
            rows=[],
            row_key="id",
            pagination=self._pagination(),
            on_pagination_change=self._keep_pagination,
        ).classes("bf-table")
        table.props('flat binary-state-sort rows-per-page-label="Rows"')
        table.props["rows-per-page-options"] = list(SIZES)
        table.props["acts"] = [
            {"key": action.key, "label": action.label, "icon": icon_name(action.icon), "bad": action.bad}
            for action in row_actions
        ]
        table.on("request", self._requested)
        table.on("act", self._acted)
        return table

    async def _choose_tab(self, key: str) -> None:
        self._wish.tab, self._wish.page = key, 1
        for name, (element, _) in self._tab_marks.items():
            element.props["aria-pressed"] = "true" if name == key else "false"
        await self.refresh()

    async def _choose_search(self, words: str | None) -> None:
        self._wish.search, self._wish.page = (words or "").strip()[:SEARCH_LENGTH_MAX], 1
        await self.refresh()

    async def _requested(self, event: GenericEventArguments) -> None:
        """Take what the browser asks for, and trust none of it."""
        asked = event.args.get("pagination", {}) if isinstance(event.args, Mapping) else {}
        self._wish.page = _whole(asked.get("page"), 1, PAGE_MAX)
        self._wish.size = _size(asked.get("rowsPerPage"))
        sort = self._sorts.get(str(asked.get("sortBy")))
        if sort is not None:
            self._wish.sort, self._wish.descending = sort, asked.get("descending") is True
        await self.refresh()

    async def _acted(self, event: GenericEventArguments) -> None:
        asked = event.args if isinstance(event.args, Mapping) else {}
        action = self._actions.get(str(asked.get("key")))
        known = {str(row["id"]) for row in self._table.rows}
        if action is None or str(asked.get("id")) not in known:
            return
        outcome = action.handler(str(asked["id"]))
        if inspect.isawaitable(outcome):
            await outcome

    def _show_rows(self, rows: Sequence[Row], total: int) -> None:
        for row in rows:
            if row.get("href"):
                checked_href(row["href"])
        self._table.props(remove="loading")
        if not rows and self._wish.page == 1:
            self._show_nothing()
            return
        self._total = total
        self._table.rows = [dict(row) for row in rows]
        self._table.pagination = self._pagination()
        self._state.clear()
        self._table.set_visibility(True)

    def _pagination(self) -> Row:
        wish = self._wish
        return {
            "page": wish.page,
            "rowsPerPage": wish.size,
            "rowsNumber": self._total,
            "sortBy": {sort: name for name, sort in self._sorts.items()}.get(wish.sort),
            "descending": wish.descending,
        }

    def _keep_pagination(self) -> None:
        """Undo what the browser says on its own: on mounting it repeats the numbers of an older answer."""
        if self._table.pagination != self._pagination():
            self._table.pagination = self._pagination()

    def _show_nothing(self) -> None:
        if self._wish.search:
            words = f"Nothing fits “{self._wish.search}”."
            self._show_state("Nothing found", words, "search", None)
            return
        empty = self._empty
        self._show_state(empty.title, empty.message, empty.symbol, empty.action)

    def _show_state(
        self, title: str, message: str, symbol: str, action: tuple[str, str | Callable[..., Any]] | None
    ) -> None:
        self._table.props(remove="loading")
        self._table.set_visibility(False)
        self._state.clear()
        with self._state:
            empty_state(title, message, symbol=symbol, action=action)


_ACTIONS_COLUMN: Final = {"name": "bf_acts", "label": "", "field": "id", "align": "right", "kind": "acts"}


def _whole(asked: object, low: int, high: int) -> int:
    return min(max(asked, low), high) if isinstance(asked, int) else low


def _size(asked: object) -> int:
    """Return the nearest size on offer; the browser's 0 means all, which nobody gets."""
    wanted = asked if isinstance(asked, int) and asked > 0 else SIZES[-1]
    return next((size for size in SIZES if size >= wanted), SIZES[-1])
