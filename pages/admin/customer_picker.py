"""A field that finds customers by name, phone or account, and hands the chosen one on."""

from collections.abc import Awaitable, Callable

from nicegui import ui

from benfex.application import Benfex
from benfex.customers.views import CustomerFound, search_customers
from components.elements import box, button, text
from components.empty_state import empty_state
from components.search import LENGTH_MIN
from data.values.identifiers import CustomerId
from pages.dependencies import SignedInStaff

_HITS_MAX = 6


class CustomerPicker:
    """The field and its hits; `action` is the word on the button of each, `choose` gets who it is."""

    def __init__(
        self,
        benfex: Benfex,
        staff: SignedInStaff,
        choose: Callable[[CustomerId], Awaitable[None]],
        *,
        action: str,
    ) -> None:
        self._benfex, self._staff, self._choose, self._action = benfex, staff, choose, action
        self._field = ui.input(placeholder="Name, phone or account", value="").classes("bf-input")
        self._field.props("outlined dense clearable debounce=250")
        self._field.props["aria-label"] = "Find the customer"
        self._field.mark("find-customer")
        self._hits = box("bf-stack tight", role="region", aria_label="Customers", aria_live="polite")
        self._field.on_value_change(self._search)

    async def _search(self) -> None:
        asked = str(self._field.value or "").strip()
        found: tuple[CustomerFound, ...] = ()
        if len(asked) >= LENGTH_MIN:
            actor = await self._staff.fresh()
            found = await self._benfex.read(search_customers, actor, search=asked, limit=_HITS_MAX)
        if asked != str(self._field.value or "").strip() or self._hits.is_deleted:
            return
        self._hits.clear()
        with self._hits:
            if len(asked) >= LENGTH_MIN and not found:
                empty_state("Nobody found", f"Nothing fits “{asked}”.", symbol="search")
            for hit in found:
                self._show(hit)

    def _show(self, hit: CustomerFound) -> None:
        async def choose() -> None:
            await self._choose(hit.customer_id)

        with box("bf-row"):
            with box("bf-grow"):
                text(hit.name, "t1")
                text(f"{hit.account_number} · {hit.phone}", "t2 num")
            button(self._action, choose, kind="ghost", classes="small")
