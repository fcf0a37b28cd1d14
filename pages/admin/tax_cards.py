"""The taxes on the page of what is sold beside plans: rates by date, and the groups in which they stack."""

from dataclasses import dataclass, field
from datetime import date, timedelta

from nicegui import ui

from benfex.application import Benfex
from benfex.catalog.taxes import (
    DatedRate,
    TaxHistory,
    TaxRecord,
    create_tax_group,
    set_tax_rate,
    tax_histories,
    tax_records,
)
from benfex.core.policy import billing_today
from components.dialogs import form_dialog
from components.elements import body, box, button, card, icon_button, text
from components.feedback import toast_ok
from components.form import Form, Values
from components.moments import say_day
from components.status_badge import Look, badge
from data.values.errors import InvalidInput
from data.values.roles import Permission
from pages.admin.phrases import say_percent
from pages.admin.plan_dialogs import read_day
from pages.admin.shell import may
from pages.dependencies import SignedInStaff

_IN_FORCE = Look("In force", "ok", "circle-check")
_COMING = Look("Coming", "accent", "calendar-clock")
_PAST = Look("Past", "mute", "history")
_PARTS_MAX = 6


class TaxCards:
    """Two cards, filled anew after each change: the rates of each tax, and what a price may carry."""

    def __init__(self, benfex: Benfex, staff: SignedInStaff) -> None:
        self._benfex, self._staff = benfex, staff
        self._may_edit = may(staff, Permission.EDIT_PLANS)
        self._histories: tuple[TaxHistory, ...] = ()

    async def build(self) -> None:
        """Create the cards and fill them."""
        with card():
            with box("bf-ch"):
                text("Taxes", "bf-ct bf-grow", "h2")
                if self._may_edit:
                    button("New rate", self._new_rate, kind="ghost", icon="plus", classes="small")
            with body():
                self._rates = box("bf-stack")
        with card():
            with box("bf-ch"):
                text("On prices", "bf-ct bf-grow", "h2")
                if self._may_edit:
                    button("New group", self._new_group, kind="ghost", icon="plus", classes="small")
            with body():
                self._groups = box("bf-stack")
        await self.refresh()

    async def refresh(self) -> None:
        """Show what there is now."""
        actor = await self._staff.fresh()
        today = await self._benfex.read(billing_today, actor)
        self._histories = await self._benfex.read(tax_histories, actor)
        groups = await self._benfex.read(tax_records, actor)
        self._rates.clear()
        with self._rates:
            if not self._histories:
                text(
                    "No tax yet. A rate is in force from a day on; invoices before it keep the old one.",
                    "bf-sub",
                )
            for history in self._histories:
                _show_history(history, today)
        self._groups.clear()
        with self._groups:
            if not groups:
                text(
                    "Nothing yet. A tax stands here by itself; a group stacks several, as excise and VAT.",
                    "bf-sub",
                )
            for group in groups:
                with box():
                    text(f"{group.name} · {group.code} · {say_percent(group.basis_points)} in all", "t1")
                    text(_say_parts(group), "t2 num bf-wrap")

    async def _new_rate(self) -> None:
        async def set_rate(values: Values) -> None:
            since = values["valid_from_on"]
            await self._benfex.transact(
                set_tax_rate,
                await self._staff.fresh(),
                code=values["code"],
                name=values["name"],
                basis_points=_basis_points(values["percent"]),
                valid_from_on=read_day(since, "valid_from_on") if since else None,
            )
            dialog.close()
            await self.refresh()
            toast_ok(f"{values['name']} is set.")

        words = "A new rate of a tax that exists takes its code; invoices before that day keep the old one."
        with form_dialog("New tax rate", words) as dialog, Form(set_rate) as form:
            with form.pair():
                form.text("name", "Name")
                form.text("code", "Code", hint="Like VAT.")
            with form.pair():
                form.text("percent", "Rate in %", hint="Like 16 or 12.5.")
                form.date("valid_from_on", "In force from", required=False, hint="Left out: today.")
            form.submit("Set rate")

    async def _new_group(self) -> None:
        if not self._histories:
            with form_dialog("New group of taxes", "There is no tax yet. Set a rate first."):
                return

        async def create(values: Values) -> None:
            await self._benfex.transact(
                create_tax_group,
                await self._staff.fresh(),
                code=values["code"],
                name=values["name"],
                parts=stack.parts(),
            )
            dialog.close()
            await self.refresh()
            toast_ok(f"{values['name']} can be put on prices.")

        with form_dialog("New group of taxes") as dialog, Form(create) as form:
            with form.pair():
                form.text("name", "Name")
                form.text("code", "Code")
            stack = _Stack(self._histories)
            form.submit("Create group")


@dataclass(slots=True)
class _Part:
    """A tax in a stack, and the taxes before it that it falls on as well."""

    code: str
    falls_on: set[str] = field(default_factory=set)


class _Stack:
    """Chooses taxes in order; each may fall on any that stand before it, beside the price."""

    def __init__(self, taxes: tuple[TaxHistory, ...]) -> None:
        self._names = {tax.code: f"{tax.name} ({tax.code})" for tax in taxes}
        self._parts = [_Part(taxes[0].code)]
        self._place = box("bf-stack")
        self._draw()

    def parts(self) -> list[tuple[str, list[str]]]:
        """Return the codes in order, each with those it falls on."""
        found: list[tuple[str, list[str]]] = []
        for part in self._parts:
            earlier = [code for code, _ in found]
            found.append((part.code, [code for code in earlier if code in part.falls_on]))
        return found

    def _draw(self) -> None:
        self._place.clear()
        with self._place:
            for place, part in enumerate(self._parts):
                self._draw_part(place, part)
            free = [code for code in self._names if code not in {part.code for part in self._parts}]
            if free and len(self._parts) < _PARTS_MAX:
                button("Add a tax", lambda: self._add(free[0]), kind="ghost", icon="plus", classes="small")

    def _draw_part(self, place: int, part: _Part) -> None:
        taken = {other.code for other in self._parts if other is not part}
        free = {code: name for code, name in self._names.items() if code not in taken}
        with box("bf-field"):
            caption = text(f"{place + 1}. tax", tag="label")
            with box("bf-line wide nowrap"):
                chosen = ui.select(free, value=part.code).classes("bf-input bf-grow").mark(f"tax-{place + 1}")
                chosen.props("outlined dense options-dense popup-content-class=bf-menu-pop behavior=menu")
                chosen.props["for"] = caption.props["for"] = f"f{chosen.id}"
                chosen.on_value_change(lambda event: self._choose(part, event.value))
                if len(self._parts) > 1:
                    icon_button("trash-2", "Take this tax out", lambda: self._remove(part))
            for other in self._parts[:place]:
                box_ = ui.checkbox(
                    f"falls on {self._names[other.code]} as well", value=other.code in part.falls_on
                )
                box_.mark(f"tax-{place + 1}-on-{other.code}")
                box_.on_value_change(lambda event, code=other.code: self._let_fall(part, code, event.value))

    def _add(self, code: str) -> None:
        self._parts.append(_Part(code))
        self._draw()

    def _remove(self, part: _Part) -> None:
        self._parts.remove(part)
        self._draw()

    def _choose(self, part: _Part, code: str) -> None:
        for other in self._parts:
            if part.code in other.falls_on:
                other.falls_on.discard(part.code)
                other.falls_on.add(code)
        part.code = code
        self._draw()

    @staticmethod
    def _let_fall(part: _Part, code: str, falls: bool) -> None:
        (part.falls_on.add if falls else part.falls_on.discard)(code)


def _show_history(history: TaxHistory, today: date) -> None:
    with box("bf-stack tight"):
        text(f"{history.name} · {history.code}", "t1")
        for rate in reversed(history.rates):
            with box("bf-line wide nowrap"):
                text(say_percent(rate.basis_points), "num")
                text(_say_dates(rate, today), "t2 num bf-grow")
                badge(_look(rate, today), with_icon=True)


def _look(rate: DatedRate, today: date) -> Look:
    if rate.is_in_force(today):
        return _IN_FORCE
    return _COMING if rate.valid_from_on > today else _PAST


def _say_dates(rate: DatedRate, today: date) -> str:
    since = say_day(rate.valid_from_on, today=today)
    if rate.valid_until_on is None:
        return f"from {since}"
    return f"{since} to {say_day(rate.valid_until_on - timedelta(days=1), today=today)}"


def _say_parts(group: TaxRecord) -> str:
    if not group.parts:
        return "no rate is in force today"
    return ", ".join(
        f"{part.code} {say_percent(part.basis_points)} on {' and '.join(('the price', *part.compound_on))}"
        for part in group.parts
    )


def _basis_points(percent: str) -> int:
    whole, _, fraction = percent.strip().removesuffix("%").strip().partition(".")
    if not whole.isdecimal() or len(fraction) > 2 or (fraction and not fraction.isdecimal()):
        raise InvalidInput("percent", "Write the rate like 16 or 12.5.")
    return int(whole) * 100 + int(fraction.ljust(2, "0") or 0)
