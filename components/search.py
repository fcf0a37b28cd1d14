"""The search palette: one box for everything, opened by Ctrl or Cmd and K."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from nicegui import ui

from components.elements import box, checked_href, text
from components.empty_state import empty_state
from components.feedback import say_error
from components.theme import icon
from data.values.errors import BenfexError

LENGTH_MIN = 2
HITS_MAX = 20


@dataclass(frozen=True, slots=True)
class Hit:
    """One answer: what it is called, what it is, where it is."""

    title: str
    note: str
    href: str
    symbol: str = "search"


Search = Callable[[str], Awaitable[Sequence[Hit]]]


def search_palette(
    search: Search, *, hint: str = "Name, phone, account, invoice, router"
) -> Callable[[], None]:
    """Create the (closed) palette and return the function that opens it."""
    with ui.dialog().props('position=top aria-label="Search"') as dialog, box("bf-dialog bf-palette q-card"):
        field = (
            ui.input(placeholder=hint)
            .classes("bf-input")
            .props("borderless debounce=250 autofocus clearable")
        )
        field.props["aria-label"] = hint
        with field.add_slot("prepend"):
            icon("search")
        results = box("hits", role="region", aria_label="Results", aria_live="polite")
    latest = _Latest()

    async def ask() -> None:
        asked = str(field.value or "").strip()
        ticket = latest.next()
        if len(asked) < LENGTH_MIN:
            results.clear()
            return
        try:
            hits, problem = await search(asked), ""
        except BenfexError as error:
            hits, problem = (), say_error(error)
        if latest.is_current(ticket) and not results.is_deleted:
            _show(results, hits, asked, problem)

    field.on_value_change(ask)

    def open_palette() -> None:
        dialog.open()

    return open_palette


class _Latest:
    """Only the answer to the last question is shown."""

    def __init__(self) -> None:
        self._ticket = 0

    def next(self) -> int:
        self._ticket += 1
        return self._ticket

    def is_current(self, ticket: int) -> bool:
        return ticket == self._ticket


def _show(results: ui.element, hits: Sequence[Hit], asked: str, problem: str) -> None:
    results.clear()
    with results:
        if problem:
            empty_state("No answer", problem, symbol="circle-alert")
        elif not hits:
            empty_state("Nothing found", f"Nothing fits “{asked}”.", symbol="search")
        for hit in hits[:HITS_MAX]:
            with box("bf-hit", "a", href=checked_href(hit.href)):
                icon(hit.symbol)
                with box("bf-grow"):
                    text(hit.title, "t1")
                    text(hit.note, "t2")
