"""One customer: who this is, whether they are online, what they owe, and what happened last."""

from collections.abc import Callable
from typing import Any

from nicegui import ui

from benfex.application import Benfex
from benfex.core.events import (
    ConnectionApplied,
    CustomerChanged,
    InvoiceIssued,
    PaymentSettled,
    RefundMoved,
    SessionReturned,
    SubscriptionChanged,
)
from benfex.customers.views import CustomerView, customer
from benfex.payments.standing_orders import gateways_for_orders
from components.avatar import avatar
from components.copyable import copyable
from components.elements import body, box, button, card, fact, fact_list, icon_button, text
from components.feedback import note
from components.moments import say_day
from components.money import money_label
from components.status_badge import badge, look_of
from components.theme import icon
from data.values.errors import DomainError
from data.values.identifiers import CustomerId
from data.values.kinds import CustomerKind
from data.values.roles import Permission
from data.values.states import CustomerStatus
from pages.admin.customer_cards import CustomerCards
from pages.admin.customer_dialogs import (
    archive,
    open_cash_payment,
    open_edit,
    open_pay_link,
    open_portal_password,
)
from pages.admin.customer_history import History
from pages.admin.customer_messages import CustomerMessages
from pages.admin.customer_money import MoneySection
from pages.admin.customer_orders import (
    CustomerOrders,
    gateways_for_codes,
    open_pay_code,
    open_standing_order,
)
from pages.admin.customer_services import Services
from pages.admin.lists import Unhurried, on_each
from pages.admin.map_places import place_fact
from pages.admin.payer_dialog import open_payer
from pages.admin.phrases import say_count
from pages.admin.shell import console, may
from pages.dependencies import BenfexDep, SignedInStaff, StaffDep
from pages.screen import screen


@screen("/admin/customers/{customer_id}")
async def customer_page(benfex: BenfexDep, staff: StaffDep, customer_id: int) -> None:
    """Show one customer."""
    key = CustomerId(customer_id)
    seen = await _known(benfex, staff, key)
    actions = _Actions(benfex, staff, seen)
    with console(
        benfex,
        staff,
        title=seen.name if seen else "Customer",
        active="/admin/customers",
        need=Permission.VIEW_CUSTOMERS,
        back=("Customers", "/admin/customers"),
        actions=actions.build,
    ):
        view = seen if seen is not None else await benfex.read(customer, staff.actor, customer_id=key)
        with box("bf-grid bf-main"):
            with box("bf-stack"):
                services = Services(benfex, staff, view)
                await services.build()
                money = MoneySection(benfex, staff, view)
                await money.build()
            with box("bf-stack bf-side"):
                identity = _Identity()
                identity.set(view)
                cards = CustomerCards(benfex, staff, view)
                await cards.build()
                orders = CustomerOrders(benfex, staff, view)
                await orders.build()
                messages = CustomerMessages(benfex, staff, view)
                await messages.build()
                history = History(benfex, staff, view)
                await history.build()

        async def refresh() -> None:
            fresh = await benfex.read(customer, await staff.fresh(), customer_id=key)
            identity.set(fresh)
            actions.view = fresh
            await services.refresh(fresh)
            await money.refresh()
            await cards.refresh()
            await orders.refresh()
            await messages.refresh()
            await history.refresh()

        soon = Unhurried(refresh, seconds=0.3)
        on_each(
            benfex,
            (
                CustomerChanged,
                SubscriptionChanged,
                InvoiceIssued,
                PaymentSettled,
                RefundMoved,
                ConnectionApplied,
                SessionReturned,
            ),
            soon.ask,
            customer_id=key,
        )


async def _known(benfex: Benfex, staff: SignedInStaff, customer_id: CustomerId) -> CustomerView | None:
    try:
        return await benfex.read(customer, staff.actor, customer_id=customer_id)
    except DomainError:
        return None  # the page says so, in its frame


class _Actions:
    """The buttons beside the name; what the person may not do is not offered."""

    def __init__(self, benfex: Benfex, staff: SignedInStaff, view: CustomerView | None) -> None:
        self._benfex, self._staff, self.view = benfex, staff, view

    def build(self) -> None:
        """Create the buttons."""
        if self.view is None:
            return
        may_edit = may(self._staff, Permission.EDIT_CUSTOMERS)
        if may(self._staff, Permission.VIEW_INVOICES):
            button(
                "Pay link",
                lambda: open_pay_link(self._benfex, self._staff, self._now),
                kind="ghost",
                icon="link",
            )
        if may(self._staff, Permission.RECORD_PAYMENTS):
            button(
                "Record payment",
                lambda: open_cash_payment(self._benfex, self._staff, self._now),
                icon="hand-coins",
            )
        if may_edit:
            self._build_menu()

    @property
    def _now(self) -> CustomerView:
        assert self.view is not None
        return self.view

    def _build_menu(self) -> None:
        with icon_button("ellipsis", "More actions"), ui.menu().classes("bf-menu-pop"):
            _menu_item("Edit details", "pencil", lambda: open_edit(self._benfex, self._staff, self._now))
            _menu_item(
                "Set portal password",
                "key-round",
                lambda: open_portal_password(self._benfex, self._staff, self._now),
            )
            self._build_paying()
            _menu_item("Who pays", "users", lambda: open_payer(self._benfex, self._staff, self._now))
            if self._now.status is CustomerStatus.ACTIVE:
                _menu_item("Archive", "archive", lambda: archive(self._benfex, self._staff, self._now))

    def _build_paying(self) -> None:
        if gateways_for_codes(self._benfex):
            _menu_item(
                "Pay by code", "smartphone", lambda: open_pay_code(self._benfex, self._staff, self._now)
            )
        if gateways_for_orders(self._benfex.gateways) and may(self._staff, Permission.RECORD_PAYMENTS):
            _menu_item(
                "Standing order",
                "repeat",
                lambda: open_standing_order(self._benfex, self._staff, self._now),
            )


class _Identity:
    """Who the customer is and where they stand; `set` shows them as they are now."""

    def __init__(self) -> None:
        with card() as self.element:
            self._place = body()

    def set(self, view: CustomerView) -> None:
        """Show the customer."""
        self._place.clear()
        with self._place:
            with box("bf-line nowrap"):
                avatar(view.name, big=True)
                with box("bf-grow"):
                    text(view.name, "bf-ct bf-wrap", "h2")
                    copyable(view.account_number, what="account number")
                if view.status is CustomerStatus.ARCHIVED:
                    badge(view.status)
            self._standing(view)
            self._facts(view)

    def _standing(self, view: CustomerView) -> None:
        with box("bf-stack tight"):
            text("In credit" if view.balance.is_negative else "Owes", "bf-sub")
            money_label(abs(view.balance), hero=True, owed_is_bad=not view.overdue.is_zero)
        if not view.overdue.is_zero and view.oldest_due_on is not None:
            late = say_count(view.overdue_invoices, "invoice")
            since = say_day(view.oldest_due_on, today=view.today)
            note(
                f"{view.overdue} overdue on {late}, the oldest since {since}.",
                tone="bad",
                symbol="triangle-alert",
            )

    def _facts(self, view: CustomerView) -> None:
        with fact_list():
            with fact("Phone"):
                copyable(str(view.phone), what="phone number")
            if view.email:
                with fact("E-mail"):
                    copyable(view.email, what="e-mail address")
            fact("Kind", look_of(view.kind).label)
            if view.kind is CustomerKind.BUSINESS and view.tax_number:
                fact("Tax number", view.tax_number)
            if view.address:
                fact("Address", view.address)
            if view.place is not None:
                with fact("Place"):
                    place_fact(view.place, f"/admin/map?customer={view.customer_id}")
            fact("Customer since", say_day(view.since.date(), today=view.today))
            with fact("Portal"):
                text("Can sign in" if view.has_login else "No password yet", tag="span")


def _menu_item(label: str, symbol: str, act: Callable[[], Any]) -> None:
    with ui.menu_item(on_click=act).mark(label.lower().replace(" ", "-")):
        icon(symbol)
        text(label, tag="span")
