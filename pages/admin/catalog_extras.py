"""What is sold beside plans and taken off prices: add-ons and discounts. The taxes on them are in `tax_cards`."""

from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import ui

from benfex.application import Benfex
from benfex.catalog.extras import (
    AddOnView,
    add_ons,
    archive_add_on,
    archive_discount,
    create_add_on,
    create_discount,
    discounts,
)
from benfex.catalog.views import catalog
from components.dialogs import form_dialog
from components.elements import body, box, button, card, text
from components.feedback import action_button, toast_ok
from components.form import Form, Values
from data.values.kinds import DiscountKind, TaxBehavior
from data.values.roles import Permission
from data.values.traffic import format_bytes
from pages.admin.extra_dialogs import say_discount
from pages.admin.plan_dialogs import read_day
from pages.admin.shell import console, may
from pages.admin.tax_cards import TaxCards
from pages.dependencies import BenfexDep, SignedInStaff, StaffDep
from pages.screen import screen

_CHARGED = {"period": "each period", "once": "once", "data": "once, for more data"}
_GB = 1_000_000_000
_BEHAVIORS = {"inclusive": "holds the tax", "exclusive": "comes without tax"}


@screen("/admin/plans/extras")
async def catalog_extras(benfex: BenfexDep, staff: StaffDep) -> None:
    """Show add-ons, discounts and taxes."""
    with console(
        benfex,
        staff,
        title="Add-ons, discounts, taxes",
        active="/admin/plans",
        need=Permission.VIEW_PLANS,
        back=("Plans", "/admin/plans"),
    ):
        await _Extras(benfex, staff).build()


class _Extras:
    """Add-ons and discounts, filled anew after each change, and the cards of taxes."""

    def __init__(self, benfex: Benfex, staff: SignedInStaff) -> None:
        self._benfex, self._staff = benfex, staff
        self._may_edit = may(staff, Permission.EDIT_PLANS)

    async def build(self) -> None:
        """Create the cards and fill them."""
        with box("bf-stack"):
            self._add_ons = self._card("Add-ons", "New add-on", self._new_add_on)
            self._discounts = self._card("Discounts", "New discount", self._new_discount)
            await TaxCards(self._benfex, self._staff).build()
        await self.refresh()

    async def refresh(self) -> None:
        """Show what there is now."""
        actor = await self._staff.fresh()
        sold, given = await self._benfex.read(add_ons, actor), await self._benfex.read(discounts, actor)
        self._fill(
            self._add_ons,
            [
                (
                    row.name,
                    f"{row.code} · {row.amount} {_how(row)}",
                    None if row.archived_at else self._archiver(archive_add_on, add_on_id=row.id),
                )
                for row in sold
            ],
            "No add-on yet: a fixed address, a router for rent, work at the house.",
        )
        self._fill(
            self._discounts,
            [
                (
                    row.name,
                    f"{row.code} · {say_discount(row.kind, row.basis_points, str(row.amount), row.periods)}",
                    None if row.archived_at else self._archiver(archive_discount, discount_id=row.id),
                )
                for row in given
            ],
            "No discount yet: a share of the price, or a sum, for some periods or for good.",
        )

    def _card(self, title: str, label: str, act: Callable[[], Awaitable[None]]) -> ui.element:
        with card():
            with box("bf-ch"):
                text(title, "bf-ct bf-grow", "h2")
                if self._may_edit:
                    button(label, act, kind="ghost", icon="plus", classes="small")
            with body():
                return box("bf-stack")

    def _fill(
        self, place: ui.element, rows: list[tuple[str, str, Callable[[], Any] | None]], empty: str
    ) -> None:
        place.clear()
        with place:
            if not rows:
                text(empty, "bf-sub")
            for title, words, archive in rows:
                with box("bf-line wide nowrap"):
                    with box("bf-grow"):
                        text(title, "t1")
                        text(words, "t2 num")
                    if archive is None:
                        text("Archived", "t2")
                    elif self._may_edit:
                        action_button(
                            "Archive",
                            archive,
                            kind="ghost",
                            classes="small",
                            done="Archived. What has it keeps it.",
                        )

    def _archiver(self, act: Callable[..., None], **which: Any) -> Callable[[], Awaitable[None]]:
        async def archive() -> None:
            await self._benfex.transact(act, await self._staff.fresh(), **which)
            await self.refresh()

        return archive

    async def _done(self, dialog: ui.dialog, words: str) -> None:
        dialog.close()
        await self.refresh()
        toast_ok(words)

    async def _new_add_on(self) -> None:
        goods = await self._benfex.read(catalog, await self._staff.fresh())
        taxes = {"": "No tax"} | {tax.code: tax.name for tax in goods.taxes}

        async def create(values: Values) -> None:
            await self._benfex.transact(
                create_add_on,
                await self._staff.fresh(),
                code=values["code"],
                name=values["name"],
                amount=values["amount"],
                is_recurring=values["charged"] == "period",
                data_bytes=values["gigabytes"] * _GB if values["charged"] == "data" else None,
                tax_code=values["tax_code"] or None,
                tax_behavior=TaxBehavior(values["tax_behavior"]),
            )
            await self._done(dialog, f"{values['name']} can be sold.")

        with form_dialog("New add-on") as dialog, Form(create) as form:
            with form.pair():
                form.text("name", "Name", hint="As it stands on invoices.")
                form.text("code", "Code")
            with form.pair():
                form.money("amount", "Price", goods.currency)
                charged = form.choice("charged", "Charged", _CHARGED, "period")
            form.whole("gigabytes", "Data", 10, unit="GB", hint="For the period in which it is sold.")
            form.show_while("gigabytes", charged, lambda value: value == "data")
            with form.pair():
                form.choice("tax_code", "Tax", taxes, "", required=False)
                form.choice("tax_behavior", "The price", _BEHAVIORS, "inclusive")
            form.submit("Create add-on")

    async def _new_discount(self) -> None:
        goods = await self._benfex.read(catalog, await self._staff.fresh())

        async def create(values: Values) -> None:
            until = values["valid_until_on"]
            await self._benfex.transact(
                create_discount,
                await self._staff.fresh(),
                code=values["code"],
                name=values["name"],
                kind=DiscountKind(values["kind"]),
                basis_points=(values["percent"] or 0) * 100,
                amount=values["amount"],
                periods=values["periods"],
                valid_until_on=read_day(until, "valid_until_on") if until else None,
            )
            await self._done(dialog, f"{values['name']} can be given.")

        with form_dialog("New discount") as dialog, Form(create) as form:
            with form.pair():
                form.text("name", "Name", hint="As it stands on invoices.")
                form.text("code", "Code")
            kinds = {DiscountKind.PERCENT.value: "a share", DiscountKind.FIXED.value: "a sum each period"}
            kind = form.choice("kind", "Takes off", kinds, DiscountKind.PERCENT.value)
            form.whole("percent", "Share", unit="%")
            form.money("amount", "Sum", goods.currency)
            form.show_while("percent", kind, lambda value: value == DiscountKind.PERCENT.value)
            form.show_while("amount", kind, lambda value: value == DiscountKind.FIXED.value)
            with form.pair():
                form.whole("periods", "For", unit="periods", required=False, hint="Left out: for good.")
                form.date("valid_until_on", "Given until before", required=False)
            form.submit("Create discount")


def _how(row: AddOnView) -> str:
    if row.data_bytes is not None:
        return f"for {format_bytes(row.data_bytes)}"
    return "a period" if row.is_recurring else "once"
