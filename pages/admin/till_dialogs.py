"""What is asked at a drawer: what was counted in it, and what of it is handed in to the bank."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

from nicegui import ui

from benfex.application import Benfex
from benfex.core.policy import billing_today, current_terms
from benfex.payments.gateway import name_of_gateway
from benfex.payments.shift_views import ShiftRecord, whole_shift
from benfex.payments.shifts import close_shift
from benfex.payments.sweeps import Held, held_in_clearing, sweep
from components.dialogs import form_dialog
from components.elements import box, text
from components.feedback import toast_error, toast_ok
from components.form import Form, Values
from components.money import money_text
from data.values.errors import BenfexError, InvalidInput
from data.values.identifiers import ShiftId
from data.values.money import Money
from pages.dependencies import SignedInStaff

After = Callable[[], Awaitable[None]]
# The notes and coins of a currency, in whole units, largest first; others are counted as a sum.
_NOTES: dict[str, tuple[int, ...]] = {
    "KES": (1000, 500, 200, 100, 50, 20, 10, 5, 1),
    "UGX": (50000, 20000, 10000, 5000, 2000, 1000, 500, 200, 100),
    "TZS": (10000, 5000, 2000, 1000, 500, 200, 100, 50),
}


async def open_count(benfex: Benfex, staff: SignedInStaff, shift_id: ShiftId, after: After) -> None:
    """Ask what lies in a drawer, by notes and coins or as a sum, and close it with that."""
    try:
        shift = (await benfex.read(whole_shift, await staff.fresh(), shift_id=shift_id)).shift
    except BenfexError as error:
        toast_error(error.message)
        return
    if shift.closed_at is not None:
        toast_error("This shift is closed already.")
        return

    async def close(values: Values) -> None:
        actor = await staff.fresh()
        over: Money = await benfex.transact(
            close_shift, actor, shift_id=shift_id, counted=values["counted"], note=values["note"]
        )
        dialog.close()
        toast_ok(say_difference(over))
        await after()

    title = "Count and close" if shift.cashier_id == staff.actor.user_id else f"Close {shift.cashier_name}'s"
    words = f"There should be {shift.expected} in the drawer. Count it, then write what you found."
    with form_dialog(title, words) as dialog, Form(close) as form:
        form.money("counted", "Counted", shift.opening.currency)
        _Notes(form, shift)
        form.area("note", "Note", hint="What may explain a difference.")
        form.submit("Close shift")


def say_difference(over: Money) -> str:
    """Return what a count came to, in words."""
    if over.is_zero:
        return "The drawer is right. The shift is closed."
    return f"{abs(over)} too {'much' if over.is_positive else 'little'} is posted. The shift is closed."


class _Notes:
    """Fields for how many there are of each note and coin; what they come to is written into `counted`."""

    def __init__(self, form: Form, shift: ShiftRecord) -> None:
        self._currency = shift.opening.currency
        worths = _NOTES.get(self._currency, ())
        self._total = next(control for control in form.controls())
        self._counts: dict[int, ui.input] = {}
        if not worths:
            return
        wanted = form.switch("by_notes", "Count by notes and coins")
        with box("bf-grid bf-kpis") as grid:
            for worth in worths:
                self._field(worth)
        grid.bind_visibility_from(wanted, "value")

    def _field(self, worth: int) -> None:
        with box("bf-field"):
            control = ui.input().props("outlined dense inputmode=numeric autocomplete=off")
            control.classes("bf-input").mark(f"notes-{worth}")
            caption = text(f"{worth:,} ×", tag="label", _for=f"f{control.id}")
            caption.move(target_index=0)
            control.props["for"] = f"f{control.id}"
            control.on_value_change(self._add_up)
            self._counts[worth] = control

    def _add_up(self) -> None:
        written = {worth: str(control.value or "").strip() for worth, control in self._counts.items()}
        if not any(written.values()) or not all(
            not count or (count.isascii() and count.isdecimal() and len(count) <= 6)
            for count in written.values()
        ):
            return
        whole = sum(worth * int(count or 0) for worth, count in written.items())
        zero = Money.zero(self._currency)
        per_unit = 10 ** (len(zero.format_exact().partition(".")[2]))
        self._total.set_value(money_text(Money(whole * per_unit, self._currency)))


async def open_sweep(benfex: Benfex, staff: SignedInStaff, after: After) -> None:
    """Ask what was handed in to the bank, out of which clearing."""
    try:
        actor = await staff.fresh()
        terms, today = await benfex.read(current_terms, actor), await benfex.read(billing_today, actor)
        found = await benfex.read(held_in_clearing, actor)
    except BenfexError as error:
        toast_error(error.message)
        return
    held = {one.gateway: one for one in found if one.amount.currency == terms.currency}
    if not held:
        toast_error("Nothing has come in yet.")
        return

    async def hand_in(values: Values) -> None:
        amount: Money = values["amount"]
        await benfex.transact(
            sweep,
            await staff.fresh(),
            gateway=values["gateway"],
            amount=amount,
            reference=values["reference"],
            banked_on=_day(values),
        )
        dialog.close()
        toast_ok(f"{amount} is in the bank.")
        await after()

    words = "Cash and cheques that you paid in, or what a gateway paid out to your account."
    with form_dialog("To the bank", words) as dialog, Form(hand_in) as form:
        _ask_sweep(form, held, today)
        form.submit("Hand in")


def _ask_sweep(form: Form, held: dict[str, Held], today: date) -> None:
    first = next((key for key, one in held.items() if one.amount.is_positive), next(iter(held)))
    options = {key: f"{name_of_gateway(one.gateway)} · {one.amount}" for key, one in held.items()}
    source: Any = form.choice("gateway", "Out of", options, first)
    amount = form.money("amount", "Amount", held[first].amount.currency, _positive(held[first]))

    def suggest() -> None:
        amount.set_value(money_text(_positive(held[source.value])))

    source.on_value_change(suggest)
    with form.pair():
        form.date("banked_on", "Day", today.isoformat())
        form.text("reference", "Number on the slip", hint="Or of the payout; used once.")


def _positive(held: Held) -> Money | None:
    return held.amount if held.amount.is_positive else None


def _day(values: Values) -> date:
    try:
        return date.fromisoformat(values["banked_on"])
    except ValueError as cause:
        raise InvalidInput("banked_on", "Choose a day.") from cause
