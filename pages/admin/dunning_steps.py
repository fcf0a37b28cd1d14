"""The editor of the dunning steps, with a calendar of what would happen to an invoice that is never paid."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from nicegui import ui

from benfex.application import Benfex
from benfex.core.policy import dunning_schedule, save_policy
from benfex.dunning.schedule import ACCESS, PlannedStep, QuietDays, planned_steps
from benfex.dunning.views import quiet_days
from components.elements import body, box, button, card, icon_button, text
from components.feedback import Note, action_button
from components.moments import say_day
from components.money import money_input, read_money
from components.status_badge import badge, look_of
from components.theme import icon
from data.values.errors import BenfexError, InvalidInput
from data.values.kinds import DunningAction
from data.values.money import Money
from data.values.terms import BillingTerms, DunningSchedule, DunningStep
from pages.dependencies import SignedInStaff

_WEEKS_MAX = 8
_YEARS = range(2000, 2100)
_INITIALS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_WHAT = {
    DunningAction.REMIND: "Remind",
    DunningAction.PROMPT: "Ask to pay",
    DunningAction.LATE_FEE: "Late fee",
    DunningAction.THROTTLE: "Slow down",
    DunningAction.SUSPEND: "Suspend",
    DunningAction.END: "End the service",
}


@dataclass(slots=True)
class _Row:
    """The controls of one step."""

    holder: ui.element
    days: ui.input
    action: ui.select
    amount: ui.input


class StepEditor:
    """Edits the steps; the calendar follows each change, and nothing counts before Save."""

    def __init__(self, benfex: Benfex, staff: SignedInStaff, terms: BillingTerms) -> None:
        self._benfex, self._staff, self._terms = benfex, staff, terms
        self._rows: list[_Row] = []
        self._quiet = QuietDays()

    async def build(self) -> None:
        """Create the card and fill it with the steps in force."""
        actor = await self._staff.fresh()
        schedule = await self._benfex.read(dunning_schedule, actor)
        self._quiet = await self._benfex.read(quiet_days, actor)
        with card("Step by step", note="days from the due date"), body():
            text(
                "Below zero is before the due date. Reminders stop the moment an invoice is paid.",
                "bf-sub",
                "p",
            )
            self._steps = box("bf-stack tight")
            for step in schedule.steps:
                self._add(step)
            with box("bf-acts"):
                button("Add step", self._add_empty, kind="ghost", icon="plus")
                action_button("Save steps", self._save, done="Saved. It counts from now on.")
        with card("What would happen"), body():
            with box("bf-field"):
                caption = text("An invoice due on", tag="label")
                due = self._benfex.clock.now().date() + timedelta(days=7)
                self._due = (
                    ui.input(value=due.isoformat()).props("outlined dense type=date").classes("bf-input")
                )
                self._due.mark("sample-due").on_value_change(self._preview)
                self._due.props["for"] = f"f{self._due.id}"
                caption.props["for"] = f"f{self._due.id}"
            self._problem = Note(tone="bad", symbol="circle-alert")
            self._calendar = box("bf-stack")
        self._preview()

    def _add(self, step: DunningStep) -> None:
        with self._steps, box("bf-step") as holder:
            days = ui.input(value=str(step.days_overdue)).props('outlined dense suffix=days inputmode="text"')
            days.classes("bf-input").props["aria-label"] = "Days from the due date"
            action = ui.select({one.value: words for one, words in _WHAT.items()}, value=step.action.value)
            action.classes("bf-input").props("outlined dense options-dense behavior=menu")
            action.props["aria-label"] = "What happens"
            fee = Money(step.amount_minor, self._terms.currency) if step.amount_minor else None
            amount = money_input(self._terms.currency, fee)
            amount.props["aria-label"] = "The fee"
            amount.bind_visibility_from(
                action, "value", backward=lambda chosen: chosen == DunningAction.LATE_FEE.value
            )
            row = _Row(holder, days, action, amount)
            icon_button("trash-2", "Remove this step", lambda: self._remove(row))
        self._rows.append(row)
        for control in (days, action, amount):
            control.on_value_change(self._preview)

    def _add_empty(self) -> None:
        written = [str(row.days.value or "") for row in self._rows]
        last = max((int(days) for days in written if days.isdecimal()), default=0)
        self._add(DunningStep(last + 1, DunningAction.REMIND))
        self._preview()

    def _remove(self, row: _Row) -> None:
        self._rows.remove(row)
        row.holder.delete()
        self._preview()

    def _read(self) -> tuple[DunningStep, ...]:
        steps = [self._step(row) for row in self._rows]
        return tuple(sorted(steps, key=lambda step: step.days_overdue))

    def _step(self, row: _Row) -> DunningStep:
        written = str(row.days.value or "").strip()
        if not written.removeprefix("-").isdecimal() or len(written) > 4:
            raise InvalidInput("days_overdue", "Write the days as a whole number, such as -3 or 7.")
        action = DunningAction(row.action.value)
        fee = 0
        if action is DunningAction.LATE_FEE:
            fee = read_money(row.amount, self._terms.currency, field="amount_minor").minor
        return DunningStep(int(written), action, "", fee)

    async def _save(self) -> None:
        await self._benfex.transact(save_policy, await self._staff.fresh(), steps=self._read())

    def _preview(self, _: Any = None) -> None:
        self._calendar.clear()
        try:
            due_on = date.fromisoformat(str(self._due.value))
            if due_on.year not in _YEARS:
                raise ValueError(due_on)
            schedule = DunningSchedule(self._read(), self._terms.grace_days)
        except BenfexError as error:
            self._problem.set(error.message)
            return
        except ValueError:
            self._problem.set("Choose a day.")
            return
        self._problem.set(None)
        planned = planned_steps(schedule, due_on=due_on, quiet=self._quiet)
        with self._calendar:
            _calendar(planned, due_on, self._quiet)
            _list(planned, due_on)


def _calendar(planned: tuple[PlannedStep, ...], due_on: date, quiet: QuietDays) -> None:
    """Draw the weeks from the first step to the last; what lies further off is in the list alone."""
    days = [due_on, *(plan.on for plan in planned)]
    first = min(days) - timedelta(days=min(days).weekday())
    by_day: dict[date, list[PlannedStep]] = {}
    for plan in planned:
        by_day.setdefault(plan.on, []).append(plan)
    weeks = min(_WEEKS_MAX, (max(days) - first).days // 7 + 1)
    with box("bf-cal", role="img", aria_label="Calendar of the steps; the list below says the same"):
        for initial in _INITIALS:
            text(initial, "head")
        for offset in range(weeks * 7):
            day = first + timedelta(days=offset)
            with box("day") as cell:
                if day in quiet:
                    cell.classes("quiet")
                if day == due_on:
                    cell.classes("due")
                text(f"{day.day}" if day.day > 1 else f"1 {day:%b}", "num")
                with box("marks"):
                    for plan in by_day.get(day, ()):
                        look = look_of(plan.step.action)
                        with box("mark", title=look.label, data_tone=look.tone):
                            icon(look.icon)
    text(
        "Grey days are quiet: nobody is slowed down or cut off on them. The framed day is the due date.",
        "bf-sub",
    )


def _list(planned: tuple[PlannedStep, ...], due_on: date) -> None:
    if not planned:
        Note("Nothing happens: there is no step.", tone="mute")
    for plan in planned:
        with box("bf-line wide nowrap"):
            day = say_day(plan.on, today=due_on)
            text(f"{plan.on:%a} {day}", "t1 num bf-grow")
            if plan.waited_since is not None and plan.step.action in ACCESS:
                waited = say_day(plan.waited_since, today=due_on)
                text(f"waits from {waited}, a quiet day", "bf-sub")
            badge(plan.step.action, with_icon=True)
