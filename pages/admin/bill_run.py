"""The bill run: first what it would do, then the run itself with its progress."""

from datetime import date

from benfex.application import Benfex
from benfex.core.events import BillRunProgressed
from benfex.core.policy import billing_today
from benfex.subscriptions.bill_run import BillRunResult
from components.charts import plain_table
from components.dialogs import form_dialog
from components.elements import box, text
from components.feedback import Note, Progress, action_button, toast_error
from components.form import Form, Values
from components.moments import say_day
from data.values.errors import BenfexError, InvalidInput
from pages.admin.phrases import say_count
from pages.dependencies import SignedInStaff

_PARKED_SHOWN = 20


async def open_bill_run(benfex: Benfex, staff: SignedInStaff) -> None:
    """Open the dialog of the bill run."""
    try:
        today = await benfex.read(billing_today, await staff.fresh())
    except BenfexError as error:
        toast_error(error.message)
        return
    with form_dialog(
        "Bill run", "Every period that is due by the day is invoiced. Running it twice bills nothing twice."
    ):
        _BillRun(benfex, staff, today)


class _BillRun:
    """Asks for the day, rehearses, and runs; each step replaces the one before."""

    def __init__(self, benfex: Benfex, staff: SignedInStaff, today: date) -> None:
        self._benfex, self._staff, self._today = benfex, staff, today
        self._place = box("bf-stack")
        with self._place, Form(self._rehearse) as form:
            form.date("on", "Bill what is due by", today.isoformat())
            form.submit("See what it would do")

    async def _rehearse(self, values: Values) -> None:
        on_day = _day(values["on"])
        if on_day > self._today:
            raise InvalidInput("on", "Days to come are billed when they come.")
        actor = await self._staff.fresh()
        result = await self._benfex.bill_runner.run(actor, on=on_day, dry_run=True)
        self._place.clear()
        with self._place:
            self._show(result, would=True)
            if result.invoices:
                label = f"Issue {say_count(result.invoices, 'invoice')}"
                action_button(label, lambda: self._run(on_day, result.invoices), classes="wide")

    async def _run(self, on_day: date, expected: int) -> None:
        actor = await self._staff.fresh()
        self._place.clear()
        with self._place:
            progress = Progress("Bill run", total=expected)

        def moved(event: BillRunProgressed) -> None:
            progress.set(event.done, event.total, f"{event.done:,} of {event.total:,} customers seen")

        # On the bus itself: the dialog is younger than the page, and may be gone before the run is.
        unsubscribe = self._benfex.bus.subscribe(BillRunProgressed, moved)
        try:
            result = await self._benfex.bill_runner.run(actor, on=on_day)
        finally:
            unsubscribe()
        if self._place.is_deleted:
            return
        self._place.clear()
        with self._place:
            self._show(result, would=False)

    def _show(self, result: BillRunResult, *, would: bool) -> None:
        day = say_day(result.billed_on, today=self._today)
        if result.question:
            Note(
                f"{result.question} The owner answers on the page of bill runs.",
                tone="warn",
                symbol="hourglass",
            )
            return
        if not result.invoices and not result.parked:
            Note(f"Nothing is due by {day}: everything is billed already.", tone="ok", symbol="circle-check")
            return
        invoices = say_count(result.invoices, "invoice")
        totals = " and ".join(str(total) for total in result.totals) or "nothing"
        words = (
            f"{invoices} over {totals} would be issued for {day}."
            if would
            else f"{invoices} over {totals} issued for {day}."
        )
        Note(words, tone="accent" if would else "ok", symbol="receipt-text" if would else "circle-check")
        if result.parked:
            text(f"{say_count(len(result.parked), 'customer')} left aside:", "bf-sub")
            rows = [[str(parked.customer_id), parked.reason] for parked in result.parked[:_PARKED_SHOWN]]
            with box("bf-scroll"):
                plain_table(["Customer", "Why"], rows)


def _day(written: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError as cause:
        raise InvalidInput("on", "Choose a day.") from cause
