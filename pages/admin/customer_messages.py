"""What was said with a customer, and what holds dunning off for them: a promise or a deferral."""

from datetime import date

from benfex.application import Benfex
from benfex.core.events import CustomerChanged, MessageChanged
from benfex.core.paging import SliceRequest
from benfex.customers.views import CustomerView
from benfex.dunning.promises import defer_dunning, make_promise
from benfex.dunning.views import ChasingView, chasing
from benfex.notifications.views import communications, unsent_messages
from components.dialogs import form_dialog
from components.elements import body, box, button, card, text
from components.feedback import Note, action_button, toast_ok
from components.form import Form, Values
from components.moments import say_day
from components.status_badge import badge, look_of
from components.timeline import Happening, Timeline
from data.values.errors import InvalidInput
from data.values.roles import Permission
from data.values.states import MessageStatus
from pages.admin.lists import Unhurried, on_each
from pages.admin.shell import may
from pages.dependencies import SignedInStaff

_SHOWN = SliceRequest(limit=20)


class CustomerMessages:
    """Two cards: how the customer is chased, and what was said."""

    def __init__(self, benfex: Benfex, staff: SignedInStaff, view: CustomerView) -> None:
        self._benfex, self._staff, self._view = benfex, staff, view

    async def build(self) -> None:
        """Create the cards, fill them, and follow what is sent."""
        with card("Reminders and cuts").mark("chasing"):
            self._chasing = body()
        with card("Messages").mark("communications"), body():
            self._unsent = box("bf-stack tight")
            self._log = Timeline(
                (),
                now=self._benfex.clock.now(),
                timezone=self._view.timezone,
                empty=("No message yet", "Bills, receipts and reminders are kept here."),
            )
        await self.refresh()
        soon = Unhurried(self.refresh, seconds=0.3)
        on_each(self._benfex, (MessageChanged, CustomerChanged), soon.ask, customer_id=self._view.customer_id)

    async def refresh(self) -> None:
        """Show both as they are now."""
        actor = await self._staff.fresh()
        key = self._view.customer_id
        view = await self._benfex.read(chasing, actor, customer_id=key)
        waiting = await self._benfex.read(unsent_messages, actor, customer_id=key)
        said = await self._benfex.read(communications, actor, customer_id=key, request=_SHOWN)
        self._chasing.clear()
        with self._chasing:
            self._show_chasing(view)
        self._unsent.clear()
        with self._unsent:
            for message in waiting:
                with box("bf-line wide"):
                    text(f"{message.title} · {look_of(message.channel).label}", "t2 bf-grow")
                    badge(message.status)
                if message.status is MessageStatus.FAILED and message.error:
                    text(message.error, "bf-sub bf-wrap")
        self._log.set(
            [
                Happening(
                    one.at,
                    one.subject or one.body,
                    one.body if one.subject else "",
                    look_of(one.channel).icon,
                )
                for one in said.rows
            ],
            now=self._benfex.clock.now(),
        )

    def _show_chasing(self, view: ChasingView) -> None:
        may_edit = may(self._staff, Permission.EDIT_CUSTOMERS)
        deferred = view.deferred_until_on is not None and view.deferred_until_on > view.today
        if view.offer.promised_until_on is not None:
            until = say_day(view.offer.promised_until_on, today=view.today)
            Note(f"Promised to pay by {until}. Nobody is cut off until then.", tone="warn", symbol="clock")
        if deferred and view.deferred_until_on is not None:
            until = say_day(view.deferred_until_on, today=view.today)
            Note(f"Left alone until {until}.", tone="warn", symbol="clock")
        if view.offer.promised_until_on is None and not deferred:
            text("By the usual steps of the billing policy.", "bf-sub", "p")
        for promise in view.promises[:5]:
            with box("bf-line wide"):
                until = say_day(promise.until_on, today=view.today)
                text(f"{promise.amount} by {until}, taken by {promise.made_by}", "t2 num bf-grow")
                badge(promise.status)
        if not may_edit:
            return
        with box("bf-acts"):
            if view.offer.is_allowed:
                button("Promise to pay", lambda: self._open_promise(view), kind="ghost", icon="calendar")
            if deferred:
                action_button("Chase again now", lambda: self._defer(None), kind="ghost")
            else:
                button("Leave alone until…", lambda: self._open_deferral(view), kind="ghost", icon="clock")

    def _open_promise(self, view: ChasingView) -> None:
        async def save(values: Values) -> None:
            await self._benfex.transact(
                make_promise,
                await self._staff.fresh(),
                customer_id=self._view.customer_id,
                until_on=_day(values["until_on"]),
            )
            dialog.close()
            toast_ok("Noted. What was cut off comes back now.")
            await self.refresh()

        words = (
            f"{view.offer.owed} is overdue. The service comes back at once, and is cut off again by itself "
            "when the promise is not kept."
        )
        with form_dialog("Promise to pay", words) as dialog, Form(save) as form:
            form.date("until_on", "Pays by", view.offer.latest_on.isoformat())
            form.submit("Take the promise")

    def _open_deferral(self, view: ChasingView) -> None:
        async def save(values: Values) -> None:
            await self._defer(_day(values["until_on"]))
            dialog.close()

        words = "No reminder, fee or cut until that day. What is cut off already stays so."
        with form_dialog("Leave alone", words) as dialog, Form(save) as form:
            form.date("until_on", "Goes on on")
            form.submit("Leave alone")

    async def _defer(self, until_on: date | None) -> None:
        await self._benfex.transact(
            defer_dunning,
            await self._staff.fresh(),
            customer_id=self._view.customer_id,
            until_on=until_on,
        )
        toast_ok("Saved.")
        await self.refresh()


def _day(written: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError as cause:
        raise InvalidInput("until_on", "Choose a day.") from cause
