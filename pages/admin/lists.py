"""What lists of the console share: the request behind a table's question, and refreshing without haste."""

from collections.abc import Awaitable, Callable, Iterable

from nicegui import ui

from benfex.application import Benfex
from benfex.core.events import Event
from benfex.core.paging import PageRequest
from components.data_table import TableQuery
from data.values.errors import NotPermitted
from pages.live import on


def page_request(query: TableQuery) -> PageRequest:
    """Return the request for what a table asks."""
    return PageRequest(
        page=query.page,
        size=query.size,
        sort=query.sort,
        descending=query.descending,
        search=query.search,
        filter=query.tab,
    )


def on_each(
    benfex: Benfex,
    kinds: Iterable[type[Event]],
    handler: Callable[[Event], Awaitable[None] | None],
    **about: int,
) -> None:
    """Call `handler` for events of all these kinds; `about` narrows to those whose field has the value."""

    def fits(event: Event) -> bool:
        return all(getattr(event, name, None) == value for name, value in about.items())

    for kind in kinds:
        on(benfex, kind, handler, where=fits)


class Unhurried:
    """Calls `refresh` once for any number of `ask` within a second, so that a burst of events is one reading.

    Make it while the page is built: it belongs to the page.
    """

    def __init__(self, refresh: Callable[[], Awaitable[None]], *, seconds: float = 1.0) -> None:
        self._refresh = refresh
        self._is_asked = False
        self._timer = ui.timer(seconds, self._go, active=False)

    def ask(self, _: object = None) -> None:
        """Refresh soon; takes the event and ignores it."""
        self._is_asked = True
        self._timer.activate()

    async def _go(self) -> None:
        self._timer.deactivate()
        if not self._is_asked:
            return
        self._is_asked = False
        try:
            await self._refresh()
        except NotPermitted:
            ui.navigate.to("/login")  # the tab outlived its session
