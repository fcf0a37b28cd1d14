"""The add-ons and discounts of one service: what it has, and what joins or leaves, with the exact sums."""

from typing import Any

from benfex.application import Benfex
from benfex.catalog.extras import add_ons, discounts
from benfex.customers.views import CustomerView
from benfex.subscriptions.add_ons import AddOnSale
from benfex.subscriptions.extras import add_add_on, give_discount, remove_add_on, take_discount
from benfex.subscriptions.story import AddOnOnService, DiscountOnService, service_story
from benfex.subscriptions.views import ServiceView
from components.dialogs import confirm, form_dialog
from components.elements import box, button, text
from components.feedback import toast_error, toast_ok
from components.form import Form, Values
from components.moments import say_day
from data.values.errors import BenfexError, InvalidInput
from data.values.identifiers import AddOnId, DiscountId
from data.values.kinds import ChangeTiming, DiscountKind
from pages.admin.change_dialogs import Act, Consequence
from pages.admin.change_words import say_outcome
from pages.admin.phrases import say_count, say_percent
from pages.dependencies import SignedInStaff


async def open_add_ons(
    benfex: Benfex, staff: SignedInStaff, service: ServiceView, view: CustomerView
) -> None:
    """Show the add-ons of a service; put one on it, or take one off."""
    actor = await staff.fresh()
    story = await benfex.read(service_story, actor, subscription_id=service.subscription_id)
    goods = {
        row.id: f"{row.name} · {row.amount} {'a period' if row.is_recurring else 'once'}"
        for row in await benfex.read(add_ons, actor)
        if row.archived_at is None and row.amount.currency == view.currency
    }

    def asked() -> tuple[Act, dict[str, Any]] | None:
        written = str(quantity.value or "")
        if add_on.value is None or not written.isdecimal():
            return None
        sale = AddOnSale(AddOnId(add_on.value), int(written))
        return add_add_on, {"subscription_id": service.subscription_id, "sale": sale}

    async def add(values: Values) -> None:
        if values["add_on_id"] is None:
            raise InvalidInput("add_on_id", "Choose an add-on.")
        sale = AddOnSale(AddOnId(values["add_on_id"]), values["quantity"])
        outcome = await benfex.transact(
            add_add_on, await staff.fresh(), subscription_id=service.subscription_id, sale=sale
        )
        dialog.close()
        toast_ok(say_outcome(outcome, today=view.today))

    async def take_off(row: AddOnOnService) -> None:
        dialog.close()
        await _take_off(benfex, staff, row, view)

    with form_dialog(f"Add-ons of {service.plan_name}") as dialog:
        for row in story.add_ons:
            _show_add_on(row, view, take_off)
        if not goods:
            text("No add-on is sold yet. Add one under Plans, Add-ons.", "bf-sub")
            return
        with Form(add) as form:
            with form.pair():
                add_on = form.choice("add_on_id", "Add", goods, search=len(goods) > 8)
                quantity = form.whole("quantity", "How many", 1)
            consequence = Consequence(benfex, staff, view.today, asked)
            add_on.on_value_change(consequence.refresh)
            quantity.on_value_change(consequence.refresh)
            form.submit("Add to the service")
    await consequence.refresh()


def _show_add_on(row: AddOnOnService, view: CustomerView, take_off: Any) -> None:
    with box("bf-line wide nowrap"):
        with box("bf-grow"):
            text(f"{row.name}{f' × {row.quantity}' if row.quantity > 1 else ''}", "t1")
            since = say_day(row.starts_on, today=view.today)
            until = f" until {say_day(row.ends_on, today=view.today)}" if row.ends_on else ""
            how = f"{row.unit} a period, since {since}{until}" if row.is_recurring else f"once, on {since}"
            text(how, "t2 num")
        if row.is_recurring and row.ends_on is None:
            button("Take off", lambda: take_off(row), kind="ghost", classes="small")


async def _take_off(benfex: Benfex, staff: SignedInStaff, row: AddOnOnService, view: CustomerView) -> None:
    def asked() -> tuple[Act, dict[str, Any]]:
        return remove_add_on, {"subscription_add_on_id": row.id, "when": ChangeTiming(when.value)}

    async def take_off(values: Values) -> None:
        outcome = await benfex.transact(
            remove_add_on,
            await staff.fresh(),
            subscription_add_on_id=row.id,
            when=ChangeTiming(values["when"]),
        )
        dialog.close()
        toast_ok(say_outcome(outcome, today=view.today))

    timings = {ChangeTiming.NOW.value: "Today", ChangeTiming.PERIOD_END.value: "When the period is over"}
    with form_dialog(f"Take {row.name} off?") as dialog, Form(take_off) as form:
        when = form.choice("when", "When", timings, ChangeTiming.NOW.value)
        consequence = Consequence(benfex, staff, view.today, asked)
        when.on_value_change(consequence.refresh)
        form.submit("Take off")
    await consequence.refresh()


async def open_discounts(
    benfex: Benfex, staff: SignedInStaff, service: ServiceView, view: CustomerView
) -> None:
    """Show the discounts of a service; give one, or take one back."""
    actor = await staff.fresh()
    story = await benfex.read(service_story, actor, subscription_id=service.subscription_id)
    offers = {
        row.id: f"{row.name} · {say_discount(row.kind, row.basis_points, str(row.amount), row.periods)}"
        for row in await benfex.read(discounts, actor)
        if row.is_given
    }

    async def give(values: Values) -> None:
        if values["discount_id"] is None:
            raise InvalidInput("discount_id", "Choose a discount.")
        await benfex.transact(
            give_discount,
            await staff.fresh(),
            subscription_id=service.subscription_id,
            discount_id=DiscountId(values["discount_id"]),
        )
        dialog.close()
        toast_ok(f"{service.plan_name} of {view.name} has the discount from its next bill on.")

    async def take(row: DiscountOnService) -> None:
        dialog.close()
        consequence = "Periods that are billed already keep it; the next ones are charged without it."
        if not await confirm(f"Take {row.name} back?", consequence, action="Take back"):
            return
        try:
            await benfex.transact(take_discount, await staff.fresh(), subscription_discount_id=row.id)
        except BenfexError as error:
            toast_error(error.message)
            return
        toast_ok(f"{row.name} is taken back.")

    words = "A discount takes off every period that is not billed yet, from the next one on."
    with form_dialog(f"Discounts of {service.plan_name}", words) as dialog:
        for row in story.discounts:
            _show_discount(row, view, take)
        if not offers:
            text("No discount is given at the moment. Add one under Plans, Discounts.", "bf-sub")
            return
        with Form(give) as form:
            form.choice("discount_id", "Give", offers, search=len(offers) > 8)
            form.submit("Give discount")


def _show_discount(row: DiscountOnService, view: CustomerView, take: Any) -> None:
    with box("bf-line wide nowrap"):
        with box("bf-grow"):
            text(row.name, "t1")
            since = say_day(row.starts_on, today=view.today)
            left = say_discount(row.kind, row.basis_points, str(row.amount), row.periods_left)
            text(f"over · since {since}" if row.is_over else f"{left} · since {since}", "t2 num")
        if not row.is_over:
            button("Take back", lambda: take(row), kind="ghost", classes="small")


def say_discount(kind: DiscountKind, basis_points: int, amount: str, periods: int | None) -> str:
    """Return "20% off for 3 periods", "KES 500 off each period"."""
    off = f"{say_percent(basis_points)} off" if kind is DiscountKind.PERCENT else f"{amount} off"
    return f"{off} each period" if periods is None else f"{off} for {say_count(periods, 'period')}"
