"""Standing orders: the subscriber's own gateway pays us again and again."""

from datetime import date

from nicegui import ui

from benfex.core.events import CustomerChanged
from benfex.payments.quotes import Quote
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
from data.values.errors import InvalidInput
from data.values.identifiers import parse_phone
from data.values.states import StandingOrderStatus
from pages.dependencies import BenfexDep, SubscriberDep
from pages.live import on

_OFFERED = ("weekly", "monthly", "quarterly")
_PAYS = (StandingOrderStatus.CREATED, StandingOrderStatus.ACTIVE)


async def standing_orders(
    benfex: BenfexDep, subscriber: SubscriberDep, owed: Quote, *, phone: str, today: date
) -> None:
    """Create the card with what stands and the button for a new one; nothing where no gateway takes orders."""
    customer_id = subscriber.actor.customer_id
    able = gateways_for_orders(benfex.gateways)
    known = await benfex.read(standing_orders_of, subscriber.actor, customer_id=customer_id)
    if not able and not known:
        return
    with card("Pay by itself").mark("standing-orders"), body():
        orders = _Orders(benfex, subscriber, owed, phone=phone, today=today)
    await orders.show()
    on(benfex, CustomerChanged, orders.show, where=lambda event: event.customer_id == customer_id)


class _Orders:
    """What stands, and asking for one."""

    def __init__(
        self, benfex: BenfexDep, subscriber: SubscriberDep, owed: Quote, *, phone: str, today: date
    ) -> None:
        self._benfex, self._subscriber, self._owed = benfex, subscriber, owed
        self._phone, self._today = phone, today
        self._able = gateways_for_orders(benfex.gateways)
        self._place: ui.element = box("bf-stack")

    async def show(self, _: object = None) -> None:
        """Show what stands now."""
        actor = await self._subscriber.fresh()
        orders = await self._benfex.read(standing_orders_of, actor, customer_id=actor.customer_id)
        self._place.clear()
        with self._place:
            for order in orders:
                self._order(order)
            if self._able and not any(order.status in _PAYS for order in orders):
                text(f"{_either(self._able)} can pay us by itself, as often as you say.", "bf-sub", "p")
                action_button("Set up a standing order", self._ask, kind="ghost", classes="wide")

    def _order(self, order: StandingOrderView) -> None:
        with box("bf-stack tight"):
            text(f"{order.amount}, {FREQUENCIES[order.frequency]}", "bf-ct", "h3")
            text(_standing(order, today=self._today), "bf-sub", "p")
            if order.status in _PAYS:
                action_button("I ended it", lambda: self._end(order), kind="ghost", classes="wide")

    async def _end(self, order: StandingOrderView) -> None:
        words = f"Only you can end it, in your {order.gateway_name} menu. Say so here once you did."
        if await confirm("Did you end this order?", words, action="Yes, I ended it"):
            await self._benfex.transact(end_standing_order, await self._subscriber.fresh(), order_id=order.id)
            toast_ok("Noted. It pays no more.")
            await self.show()

    async def _ask(self) -> None:
        async def send(values: Values) -> None:
            order = await self._start(values)
            dialog.close()
            if order.status is StandingOrderStatus.FAILED:
                toast_error(order.failure_message or "It was not taken.")
            else:
                toast_ok("Look at your phone and agree there.")
            await self.show()

        words = "You are asked on your phone. Only you can end it, in the same menu."
        with form_dialog("Standing order", words) as dialog, Form(send) as form:
            form.element.mark("form", "order-form")
            if len(self._able) > 1:
                form.choice("gateway", "By", self._able, next(iter(self._able)))
            suggested = self._owed.suggested
            form.money(
                "amount", "Amount each time", suggested.currency, suggested if suggested.is_positive else None
            )
            often = {key: FREQUENCIES[key].capitalize() for key in _OFFERED}
            form.choice("frequency", "How often", often, "monthly")
            form.text("phone", "Phone that pays", self._phone, props="type=tel autocomplete=tel")
            form.date("starts_on", "First day", self._today.isoformat())
            form.date("ends_on", "Last day", _in_a_year(self._today).isoformat())
            form.submit("Ask my phone", classes="big wide")

    async def _start(self, values: Values) -> StandingOrderView:
        actor = await self._subscriber.fresh()
        order_id = await self._benfex.standing_orders.start(
            actor,
            NewStandingOrder(
                customer_id=actor.customer_id,
                gateway=values.get("gateway") or next(iter(self._able)),
                amount=values["amount"],
                phone=parse_phone(values["phone"]),
                frequency=values["frequency"],
                starts_on=_day(values, "starts_on"),
                ends_on=_day(values, "ends_on"),
            ),
        )
        return await self._benfex.read(standing_order, actor, order_id=order_id)


def _either(able: dict[str, str]) -> str:
    return " or ".join(able.values())


def _standing(order: StandingOrderView, *, today: date) -> str:
    match order.status:
        case StandingOrderStatus.CREATED:
            return "Look at your phone and agree there."
        case StandingOrderStatus.ACTIVE:
            first, last = (say_day(day, today=today) for day in (order.starts_on, order.ends_on))
            return f"{order.gateway_name} pays it from {order.payer}, {first} to {last}."
        case StandingOrderStatus.FAILED:
            return f"Not taken. {order.failure_message or ''}".strip()
        case _:
            return "Ended. It pays no more."


def _in_a_year(day: date) -> date:
    return day.replace(year=day.year + 1, day=min(day.day, 28))


def _day(values: Values, field: str) -> date:
    try:
        return date.fromisoformat(values[field])
    except ValueError as cause:
        raise InvalidInput(field, "Give a day.") from cause
