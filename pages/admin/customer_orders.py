"""Standing orders of one customer, asking for one, and the code that a gateway's app pays from."""

from base64 import b64encode
from datetime import date

from nicegui import ui

from benfex.application import Benfex
from benfex.customers.views import CustomerView
from benfex.payments.gateway import name_of_gateway
from benfex.payments.standing_orders import (
    FREQUENCIES,
    NewStandingOrder,
    StandingOrderView,
    end_standing_order,
    gateways_for_orders,
    standing_order,
    standing_orders_of,
)
from components.dialogs import confirm, form_dialog
from components.elements import body, box, card, text
from components.feedback import action_button, toast_error, toast_ok
from components.form import Form, Values
from components.moments import say_day
from components.status_badge import badge
from data.values.errors import InvalidInput
from data.values.identifiers import parse_phone
from data.values.roles import Permission
from data.values.states import StandingOrderStatus
from pages.admin.shell import may
from pages.dependencies import SignedInStaff


class CustomerOrders:
    """A card that shows while there are standing orders; `refresh` reads them again."""

    def __init__(self, benfex: Benfex, staff: SignedInStaff, view: CustomerView) -> None:
        self._benfex, self._staff, self._view = benfex, staff, view

    async def build(self) -> None:
        """Create the card and fill it."""
        with card("Standing orders").mark("standing-orders") as self._card:
            self._place = body()
        await self.refresh()

    async def refresh(self) -> None:
        """Show what stands now."""
        orders: tuple[StandingOrderView, ...] = ()
        if may(self._staff, Permission.VIEW_PAYMENTS):
            actor = await self._staff.fresh()
            orders = await self._benfex.read(standing_orders_of, actor, customer_id=self._view.customer_id)
        self._card.set_visibility(bool(orders))
        self._place.clear()
        with self._place:
            for order in orders:
                self._row(order)

    def _row(self, order: StandingOrderView) -> None:
        pays = order.status in {StandingOrderStatus.CREATED, StandingOrderStatus.ACTIVE}
        with box("bf-line wide"):
            with box("bf-grow"):
                text(f"{order.amount}, {FREQUENCIES[order.frequency]}", "t1 bf-wrap")
                span = " to ".join(
                    say_day(day, today=self._view.today) for day in (order.starts_on, order.ends_on)
                )
                text(f"{order.gateway_name} {order.payer}, {span}", "t2 bf-wrap")
                if order.failure_message:
                    text(order.failure_message, "t2 bf-wrap")
            badge(order.status)
            if pays and may(self._staff, Permission.RECORD_PAYMENTS):
                action_button("Ended", lambda: self._end(order), kind="ghost")

    async def _end(self, order: StandingOrderView) -> None:
        consequence = "Only the payer can end it, in their own menu. Say so here once they did."
        if not await confirm(f"Did {self._view.name} end this order?", consequence, action="Yes, it ended"):
            return
        await self._benfex.transact(end_standing_order, await self._staff.fresh(), order_id=order.id)
        toast_ok("The standing order has ended.")
        await self.refresh()


def gateways_for_codes(benfex: Benfex) -> dict[str, str]:
    """Return the gateways that draw codes, by name, as people call them."""
    book = benfex.gateways
    return {name: name_of_gateway(name) for name in book.names() if book.get(name).capabilities.can_draw_code}


async def open_standing_order(benfex: Benfex, staff: SignedInStaff, view: CustomerView) -> None:
    """Ask the payer for a standing order; they agree on their phone."""
    able = gateways_for_orders(benfex.gateways)

    async def ask(values: Values) -> None:
        order_id = await benfex.standing_orders.start(
            await staff.fresh(),
            NewStandingOrder(
                customer_id=view.customer_id,
                gateway=values["gateway"],
                amount=values["amount"],
                phone=parse_phone(values["phone"]),
                frequency=values["frequency"],
                starts_on=_day(values, "starts_on"),
                ends_on=_day(values, "ends_on"),
            ),
        )
        order = await benfex.read(standing_order, await staff.fresh(), order_id=order_id)
        dialog.close()
        if order.status is StandingOrderStatus.FAILED:
            toast_error(order.failure_message or "It was not taken.")
        else:
            toast_ok(f"{view.name} is asked on {order.payer}.")

    words = "The payer is asked on their phone and pays by themselves from then on. Only they can end it."
    with form_dialog("Standing order", words) as dialog, Form(ask) as form:
        form.choice("gateway", "Gateway", able, next(iter(able)))
        form.text("phone", "Phone that pays", str(view.phone), props="type=tel")
        owed = view.balance if view.balance.is_positive else None
        form.money("amount", "Amount each time", view.balance.currency, owed)
        form.choice(
            "frequency",
            "How often",
            {key: words.capitalize() for key, words in FREQUENCIES.items()},
            "monthly",
        )
        with form.pair():
            form.date("starts_on", "First day", view.today.isoformat())
            form.date("ends_on", "Last day", f"{view.today.year + 1}-{view.today.month:02d}-01")
        form.submit("Ask the payer")


async def open_pay_code(benfex: Benfex, staff: SignedInStaff, view: CustomerView) -> None:
    """Show a code that the gateway's app pays the customer's account from."""
    able = gateways_for_codes(benfex)

    async def draw(values: Values) -> None:
        drawn = await benfex.inquiries.draw_code(
            await staff.fresh(),
            gateway=values["gateway"],
            customer_id=view.customer_id,
            amount=values["amount"],
        )
        place.clear()
        with place:
            address = f"data:image/png;base64,{b64encode(drawn).decode()}"
            ui.image(address).props(
                f'alt="Code that pays {values["amount"]} for {view.account_number}"'
            ).style("width: min(300px, 100%)")

    words = f"Scanned with the gateway's app it pays for account {view.account_number}."
    with form_dialog("Pay by code", words):
        with Form(draw) as form:
            form.choice("gateway", "Gateway", able, next(iter(able)))
            owed = view.balance if view.balance.is_positive else None
            form.money("amount", "Amount", view.balance.currency, owed)
            form.submit("Draw the code")
        place = box("bf-stack")


def _day(values: Values, field: str) -> date:
    try:
        return date.fromisoformat(values[field])
    except ValueError as cause:
        raise InvalidInput(field, "Give a day.") from cause
