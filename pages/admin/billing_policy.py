"""Settings: how the ISP bills and chases, in people's words. The editor of the steps is in `dunning_steps`."""

from datetime import date
from typing import Any

from benfex.application import Benfex
from benfex.core.policy import (
    billing_today,
    current_terms,
    holidays,
    remove_holiday,
    save_holiday,
    save_policy,
)
from components.elements import body, box, card, icon_button, text
from components.feedback import Note, run_action, toast_ok
from components.form import Form, Values
from components.moments import say_day
from data.values.errors import InvalidInput
from data.values.kinds import CycleAlignment
from data.values.money import Money
from data.values.roles import Permission
from data.values.terms import BillingTerms
from pages.admin.dunning_question import DunningQuestion
from pages.admin.dunning_steps import StepEditor
from pages.admin.sections import Section, Sections
from pages.admin.shell import console
from pages.dependencies import BenfexDep, SignedInStaff, StaffDep
from pages.screen import screen

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_ALIGNMENTS = {
    CycleAlignment.ANNIVERSARY.value: "keeps the day of its start",
    CycleAlignment.PRORATE.value: "pays the days until the billing day first",
    CycleAlignment.PART_PLUS_FULL.value: "pays those days and a full period at once",
    CycleAlignment.FREE_UNTIL.value: "is free until the billing day",
}


@screen("/admin/settings/billing")
async def billing_policy(benfex: BenfexDep, staff: StaffDep) -> None:
    """Show the policy, a part at a time; each part is saved by itself, as a new version."""
    with console(
        benfex,
        staff,
        title="Billing policy",
        active="/admin/settings/billing",
        need=Permission.EDIT_PROFILE,
        subtitle="What you change counts from now on; what was billed stays as it is.",
    ):
        await DunningQuestion(benfex, staff).build()
        page = _Policy(benfex, staff)
        sections = Sections(
            [
                Section("bills", "Bills", page.bills),
                Section("overdue", "When somebody does not pay", page.overdue),
                Section("quiet", "Quiet times", page.quiet),
                Section("prepaid", "Prepaid", page.prepaid),
                Section("safety", "Safety", page.safety),
            ],
            label="Billing policy",
        )
        await sections.show("bills")


class _Policy:
    """The parts of the page, each a form over the terms in force."""

    def __init__(self, benfex: Benfex, staff: SignedInStaff) -> None:
        self._benfex, self._staff = benfex, staff

    async def bills(self) -> None:
        """Create what decides about bills."""
        terms = await self._terms()

        async def save(values: Values) -> None:
            day = values["billing_day"]
            await self._save(
                invoice_due_days=values["invoice_due_days"],
                invoice_prefix=values["invoice_prefix"],
                credit_note_prefix=values["credit_note_prefix"],
                billing_day=day,
                alignment=CycleAlignment(values["alignment"]) if day else CycleAlignment.ANNIVERSARY,
                fixed_month_days=30 if values["is_fixed_month"] else None,
                bills_while_suspended=values["bills_while_suspended"],
                credits_on_pause=values["credits_on_pause"],
                credits_on_end=values["credits_on_end"],
                defers_revenue=values["defers_revenue"],
            )

        with card("Bills"), body(), Form(save) as form:
            with form.pair():
                form.whole(
                    "invoice_due_days", "An invoice is to be paid within", terms.invoice_due_days, unit="days"
                )
                form.whole(
                    "billing_day",
                    "Everybody is billed on day",
                    terms.billing_day,
                    required=False,
                    hint="1 to 31, or empty: each service on its own day.",
                )
            form.choice(
                "alignment",
                "A new service that starts on another day",
                _ALIGNMENTS,
                terms.alignment.value,
                hint="Counts only with a common billing day.",
            )
            with form.pair():
                form.text("invoice_prefix", "Invoice numbers begin with", terms.invoice_prefix)
                form.text("credit_note_prefix", "Credit notes begin with", terms.credit_note_prefix)
            form.switch(
                "is_fixed_month", "Count every month as 30 days for parts of it", terms.fixed_month_days == 30
            )
            form.switch(
                "bills_while_suspended", "Bill a service while it is suspended", terms.bills_while_suspended
            )
            form.switch(
                "credits_on_pause", "Credit unused days when a service is paused", terms.credits_on_pause
            )
            form.switch("credits_on_end", "Credit unused days when a service ends", terms.credits_on_end)
            form.switch("defers_revenue", "Book revenue day by day (deferred)", terms.defers_revenue)
            form.submit("Save")

    async def overdue(self) -> None:
        """Create what happens when an invoice is not paid."""
        terms = await self._terms()

        async def save(values: Values) -> None:
            tolerated: Money = values["debt_tolerated"]
            await self._save(
                grace_days=values["grace_days"],
                debt_tolerated_minor=tolerated.minor,
                promise_days_max=values["promise_days_max"],
            )

        await StepEditor(self._benfex, self._staff, terms).build()
        with card("Patience"), body(), Form(save) as form:
            with form.pair():
                form.whole(
                    "grace_days",
                    "Days of grace",
                    terms.grace_days,
                    unit="days",
                    hint="Pushes back fees and cuts, no reminder.",
                )
                form.money(
                    "debt_tolerated",
                    "Let pass a debt of",
                    terms.currency,
                    Money(terms.debt_tolerated_minor, terms.currency),
                    hint="Nobody is cut off for as little as this.",
                )
            form.whole(
                "promise_days_max",
                "A customer may promise to pay within",
                terms.promise_days_max,
                unit="days",
                hint="0 switches promises off. It must be earned: none broken in 90 days, and no more than was "
                "paid in them.",
            )
            form.submit("Save")

    async def quiet(self) -> None:
        """Create the days on which nobody is cut off, and the hours in which messages leave."""
        terms = await self._terms()

        async def save(values: Values) -> None:
            weekdays = frozenset(day for day in range(1, 8) if values[f"day{day}"])
            await self._save(
                quiet_weekdays=weekdays,
                sends_from_hour=values["sends_from_hour"],
                sends_until_hour=values["sends_until_hour"],
            )

        with card("Every week"), body(), Form(save) as form:
            text(
                "Nobody is slowed down or cut off on these days; it waits for the next other day.",
                "bf-sub",
                "p",
            )
            for day, name in enumerate(_WEEKDAYS, 1):
                form.switch(f"day{day}", name, day in terms.quiet_weekdays)
            with form.pair():
                form.whole("sends_from_hour", "Reminders leave from", terms.sends_from_hour, unit="o'clock")
                form.whole(
                    "sends_until_hour",
                    "until",
                    terms.sends_until_hour,
                    unit="o'clock",
                    hint="Receipts leave at any hour.",
                )
            form.submit("Save")
        await _Holidays(self._benfex, self._staff).build()

    async def prepaid(self) -> None:
        """Create what decides about prepaid services."""
        terms = await self._terms()

        async def save(values: Values) -> None:
            await self._save(
                prepaid_grace_hours=values["prepaid_grace_hours"],
                pays_part_periods=values["pays_part_periods"],
                part_hours_min=values["part_hours_min"],
            )

        with card("Prepaid"), body(), Form(save) as form:
            form.whole(
                "prepaid_grace_hours",
                "Stay online after the time is over",
                terms.prepaid_grace_hours,
                unit="hours",
            )
            form.switch(
                "pays_part_periods", "A short payment buys a part of the period", terms.pays_part_periods
            )
            form.whole("part_hours_min", "That part is at least", terms.part_hours_min, unit="hours")
            form.submit("Save")

    async def safety(self) -> None:
        """Create what stops a run that would do too much."""
        terms = await self._terms()

        async def save(values: Values) -> None:
            await self._save(**{**values, "usage_warnings": _shares(values["usage_warnings"])})

        with card("Safety"), body(), Form(save) as form:
            text("A run that would do more than this stops, and asks you.", "bf-sub", "p")
            form.whole(
                "breaker_suspend_percent",
                "Suspend at most, of the services that are on",
                terms.breaker_suspend_percent,
                unit="%",
            )
            form.whole(
                "breaker_invoice_percent",
                "Invoice a total that differs from last time by at most",
                terms.breaker_invoice_percent,
                unit="%",
            )
            form.whole(
                "outage_credit_minutes",
                "Credit outages of a router that last at least",
                terms.outage_credit_minutes,
                unit="minutes",
                hint="Each service that had paid is credited by itself, to the second. 0 is never.",
            )
            form.text(
                "usage_warnings",
                "Warn customers when so much of their data is used, in percent",
                ", ".join(str(share) for share in terms.usage_warnings),
                required=False,
                hint="Rising, such as 80, 95. When all is used they are told in any case.",
            )
            form.whole("rehearsal_hour", "Rehearse tomorrow's run at", terms.rehearsal_hour, unit="o'clock")
            form.submit("Save")

    async def _terms(self) -> BillingTerms:
        return await self._benfex.read(current_terms, await self._staff.fresh())

    async def _save(self, **changes: Any) -> None:
        await self._benfex.transact(save_policy, await self._staff.fresh(), **changes)
        toast_ok("Saved. It counts from now on.")


class _Holidays:
    """The days that are quiet once."""

    def __init__(self, benfex: Benfex, staff: SignedInStaff) -> None:
        self._benfex, self._staff = benfex, staff

    async def build(self) -> None:
        """Create the card and fill it."""

        async def add(values: Values) -> None:
            try:
                day = date.fromisoformat(values["day"])
            except ValueError as cause:
                raise InvalidInput("day", "Choose a day.") from cause
            await self._benfex.transact(save_holiday, await self._staff.fresh(), day=day, name=values["name"])
            toast_ok("Nobody is cut off on that day.")
            await self._refresh()

        with card("Holidays"), body():
            self._place = box("bf-stack tight")
            with Form(add) as form:
                with form.pair():
                    form.date("day", "Day")
                    form.text("name", "Name")
                form.submit("Add holiday", kind="ghost")
        await self._refresh()

    async def _refresh(self) -> None:
        today = await self._benfex.read(billing_today, await self._staff.fresh())
        found = await self._benfex.read(holidays, await self._staff.fresh(), from_on=today)
        self._place.clear()
        with self._place:
            if not found:
                Note("No holiday to come.", tone="mute", symbol="calendar")
            for holiday in found:
                with box("bf-line wide nowrap"):
                    text(f"{say_day(holiday.day, today=today)} · {holiday.name}", "t1 bf-grow")
                    self._remove_button(holiday.day, holiday.name)

    def _remove_button(self, day: date, name: str) -> None:
        async def remove() -> None:
            async def act() -> None:
                await self._benfex.transact(remove_holiday, await self._staff.fresh(), day=day)

            if await run_action(control, act, done=f"{name} is no holiday any more."):
                await self._refresh()

        control = icon_button("x", f"Remove {name}", remove)


def _shares(written: str) -> tuple[int, ...]:
    words = written.replace("%", " ").replace(",", " ").split()
    if not all(word.isascii() and word.isdecimal() and len(word) <= 3 for word in words):
        raise InvalidInput("usage_warnings", "Give shares in percent, such as 80, 95.")
    return tuple(int(word) for word in words)
