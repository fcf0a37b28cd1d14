"""What else staff can do to a service: pause, end, add-ons, discounts, price, and its history."""

from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import ui

from benfex.application import Benfex
from benfex.customers.views import CustomerView
from benfex.subscriptions.views import ServiceView
from components.elements import icon_button, text
from components.theme import icon
from data.values.roles import Permission
from data.values.states import SubscriptionStatus
from pages.admin.change_dialogs import (
    open_agreed_price,
    open_end,
    open_pause,
    open_story,
    take_back,
)
from pages.admin.extra_dialogs import open_add_ons, open_discounts
from pages.admin.percentile_dialog import open_percentile
from pages.admin.shell import may
from pages.dependencies import SignedInStaff

_Dialog = Callable[[Benfex, SignedInStaff, ServiceView, CustomerView], Awaitable[Any]]
_PAUSABLE = (SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE)


class ServiceMenu:
    """The menu of one service card; what the person may not do is not offered."""

    def __init__(
        self, benfex: Benfex, staff: SignedInStaff, service: ServiceView, view: CustomerView
    ) -> None:
        self._benfex, self._staff, self._service, self._view = benfex, staff, service, view
        with icon_button("ellipsis", f"More for {service.plan_name}"), ui.menu().classes("bf-menu-pop"):
            self._item("History", "history", open_story)
            if service.line is not None and may(staff, Permission.VIEW_NETWORK):
                self._item("95th percentile", "gauge", open_percentile)
            if may(staff, Permission.EDIT_SUBSCRIPTIONS) and service.can_be_ended:
                self._changes()

    def _changes(self) -> None:
        if self._service.status in _PAUSABLE:
            self._item("Pause", "pause", open_pause)
        self._item("Add-ons", "package", open_add_ons)
        self._item("Discounts", "tag", open_discounts)
        self._item("Price", "hand-coins", open_agreed_price)
        if self._service.has_arrangement:
            with ui.menu_item(on_click=self._take_back).mark("act-take-back"):
                icon("undo-2")
                text("Take back what is arranged", tag="span")
        self._item("End", "circle-x", open_end)

    async def _take_back(self) -> None:
        await take_back(self._benfex, self._staff, self._service)

    def _item(self, label: str, symbol: str, dialog: _Dialog) -> None:
        async def open_it() -> None:
            # The card may be drawn anew while the dialog is read; the page itself stays.
            with ui.context.client.content:
                await dialog(self._benfex, self._staff, self._service, self._view)

        with ui.menu_item(on_click=open_it).mark(f"act-{label.lower()}"):
            icon(symbol)
            text(label, tag="span")
