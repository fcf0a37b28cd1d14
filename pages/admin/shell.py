"""The frame of every page of the console: menu by role, search, and what stands for a refused page."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from nicegui import ui

from benfex.application import Benfex
from benfex.billing.views import search_invoices
from benfex.customers.views import search_customers
from benfex.network.views import search_routers
from components.elements import text
from components.empty_state import empty_state
from components.frame import MenuEntry, console_frame
from components.search import Hit, Search
from components.status_badge import look_of
from data.values.errors import BenfexError, NotFound, NotPermitted
from data.values.roles import Permission, permissions_of
from pages.dependencies import SignedInStaff
from pages.errors import status_of, words_of
from pages.live import leave_with_session


@dataclass(frozen=True, slots=True)
class _Place:
    """An entry of the menu and who sees it."""

    entry: MenuEntry
    need: Permission


_MENU = (
    _Place(MenuEntry("Overview", "layout-dashboard", "/admin", on_phone=True), Permission.VIEW_DASHBOARD),
    _Place(
        MenuEntry("Customers", "users", "/admin/customers", section="Customers", on_phone=True),
        Permission.VIEW_CUSTOMERS,
    ),
    _Place(MenuEntry("Plans", "package", "/admin/plans", section="Customers"), Permission.VIEW_PLANS),
    _Place(MenuEntry("Outbox", "send", "/admin/outbox", section="Customers"), Permission.VIEW_CUSTOMERS),
    _Place(
        MenuEntry("Invoices", "receipt-text", "/admin/invoices", section="Money"), Permission.VIEW_INVOICES
    ),
    _Place(
        MenuEntry("Payments", "wallet", "/admin/payments", section="Money", on_phone=True),
        Permission.VIEW_PAYMENTS,
    ),
    _Place(MenuEntry("Cashier", "hand-coins", "/admin/cashier", section="Money"), Permission.RECORD_PAYMENTS),
    _Place(
        MenuEntry("Statements", "table-2", "/admin/statements", section="Money"), Permission.MATCH_PAYMENTS
    ),
    _Place(
        MenuEntry("Reconciliation", "scale", "/admin/reconciliation", section="Money"),
        Permission.VIEW_PAYMENTS,
    ),
    _Place(MenuEntry("Refunds", "undo-2", "/admin/refunds", section="Money"), Permission.VIEW_PAYMENTS),
    _Place(MenuEntry("Vouchers", "tag", "/admin/vouchers", section="Money"), Permission.VIEW_VOUCHERS),
    _Place(
        MenuEntry("Bill runs", "calendar-clock", "/admin/billing", section="Money"), Permission.VIEW_INVOICES
    ),
    _Place(MenuEntry("Books", "book-open", "/admin/books", section="Money"), Permission.VIEW_LEDGER),
    _Place(MenuEntry("Traffic", "activity", "/admin/network", section="Network"), Permission.VIEW_NETWORK),
    _Place(
        MenuEntry("Routers", "router", "/admin/routers", section="Network", on_phone=True),
        Permission.VIEW_NETWORK,
    ),
    _Place(MenuEntry("Map", "map-pin", "/admin/map", section="Network"), Permission.VIEW_NETWORK),
    _Place(MenuEntry("Online now", "wifi", "/admin/online", section="Network"), Permission.VIEW_NETWORK),
    _Place(MenuEntry("Outages", "wifi-off", "/admin/outages", section="Network"), Permission.VIEW_NETWORK),
    _Place(MenuEntry("Leaks", "unplug", "/admin/leaks", section="Network"), Permission.VIEW_NETWORK),
    _Place(
        MenuEntry("Billing policy", "sliders-horizontal", "/admin/settings/billing", section="Settings"),
        Permission.EDIT_PROFILE,
    ),
    _Place(
        MenuEntry("Ways to pay", "plug", "/admin/settings/gateways", section="Settings"),
        Permission.EDIT_PROFILE,
    ),
    _Place(
        MenuEntry("Webhooks", "link", "/admin/settings/webhooks", section="Settings"),
        Permission.EDIT_PROFILE,
    ),
    _Place(
        MenuEntry("Messages", "mail", "/admin/settings/messages", section="Settings"),
        Permission.EDIT_PROFILE,
    ),
    _Place(
        MenuEntry("Documents", "file-text", "/admin/settings/documents", section="Settings"),
        Permission.EDIT_PROFILE,
    ),
)


def may(staff: SignedInStaff, permission: Permission) -> bool:
    """Return whether the page may offer this to the person; the act checks again."""
    return permission in permissions_of(staff.actor.role)


@contextmanager
def console(
    benfex: Benfex,
    staff: SignedInStaff,
    *,
    title: str,
    active: str,
    need: Permission,
    subtitle: str = "",
    back: tuple[str, str] | None = None,
    actions: Callable[[], object] | None = None,
) -> Iterator[ui.element]:
    """Build the console around a page and yield its main column.

    What the page may not show, or cannot find, is said in its place: the refusal ends here.
    """
    ui.page_title(f"{title} · Benfex")
    leave_with_session(benfex, staff.actor.user_id, staff.fresh)
    refused: BenfexError | None = None if may(staff, need) else NotPermitted()
    with console_frame(
        title,
        user_name=staff.actor.name,
        role_label=look_of(staff.actor.role).label,
        menu=[place.entry for place in _MENU if may(staff, place.need)],
        active=active,
        subtitle=subtitle,
        back=back,
        actions=actions if refused is None else None,
        search=_search(benfex, staff),
    ) as main:
        try:
            yield main
        except BenfexError as error:
            refused = refused or error
        if refused is not None:
            main.clear()
            with main:
                _say_refusal(title, refused)


def _say_refusal(title: str, error: BenfexError) -> None:
    ui.context.client.status_code = status_of(error)
    text(title, "bf-sr", "h1")
    if isinstance(error, NotPermitted):
        empty_state(
            "This is not for your role",
            "Ask an owner or an administrator if you need it.",
            symbol="lock",
            action=("Back to the start", "/admin"),
        )
    elif isinstance(error, NotFound):
        empty_state(
            "Not here",
            f"{error.message} It may have been removed.",
            symbol="search",
            action=("Back", "/admin"),
        )
    else:
        empty_state("No answer", words_of(error), symbol="circle-alert", action=("Back", "/admin"))


def _search(benfex: Benfex, staff: SignedInStaff) -> Search:
    async def search(words: str) -> Sequence[Hit]:
        actor = await staff.fresh()
        hits: list[Hit] = []
        if may(staff, Permission.VIEW_CUSTOMERS):
            hits += [
                Hit(
                    found.name,
                    f"{found.account_number} · {found.phone}",
                    f"/admin/customers/{found.customer_id}",
                    "user",
                )
                for found in await benfex.read(search_customers, actor, search=words)
            ]
        if may(staff, Permission.VIEW_INVOICES):
            hits += [
                Hit(number, f"{customer} · {look_of(status).label}", f"/admin/invoices/{key}", "receipt-text")
                for key, number, customer, status in await benfex.read(search_invoices, actor, search=words)
            ]
        if may(staff, Permission.VIEW_NETWORK):
            hits += [
                Hit(name, f"{host} · {look_of(status).label}", f"/admin/routers/{key}", "router")
                for key, name, host, status in await benfex.read(search_routers, actor, search=words)
            ]
        return hits

    return search
