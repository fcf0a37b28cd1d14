"""Money on screens: a right-aligned label with the currency once, and a field that reads amounts."""

from __future__ import annotations

from nicegui import ui

from components.elements import text
from data.values.money import Money, parse_money

NO_AMOUNT = "—"


class MoneyLabel:
    """An amount with tabular figures; `set` changes it in place."""

    def __init__(self, amount: Money | None, *, hero: bool = False, owed_is_bad: bool = False) -> None:
        self._owed_is_bad = owed_is_bad
        self.element = text("", "bf-money num" + (" hero" if hero else ""))
        self.set(amount)

    def set(self, amount: Money | None) -> None:
        """Show another amount; None shows a dash."""
        nothing = amount is None or amount.is_zero
        owed = self._owed_is_bad and amount is not None and amount.is_positive
        self.element.set_text(NO_AMOUNT if amount is None else amount.format())
        self.element.classes(remove="zero owed")
        self.element.classes(add="owed" if owed else ("zero" if nothing else ""))


def money_label(amount: Money | None, *, hero: bool = False, owed_is_bad: bool = False) -> MoneyLabel:
    """Create an amount; `hero` is the one big figure of a page, `owed_is_bad` reddens what is above zero."""
    return MoneyLabel(amount, hero=hero, owed_is_bad=owed_is_bad)


def money_cell(name: str, amount: Money | None) -> dict[str, str | bool]:
    """Return the entries of a `DataTable` row for a money column called `name`."""
    nothing = amount is None or amount.is_zero
    return {name: NO_AMOUNT if amount is None else amount.format(), f"{name}_muted": nothing}


def money_text(amount: Money | None) -> str:
    """Return digits for a field: "2500" or "2500.50", empty for None."""
    return "" if amount is None else amount.format().split(" ", 1)[-1].replace(",", "")


def money_input(currency: str, value: Money | None = None) -> ui.input:
    """Create the bare control (label it with `Form.money`); read it with `read_money`."""
    control = ui.input(value=money_text(value)).props("outlined dense inputmode=decimal autocomplete=off")
    control.props["prefix"] = currency
    return control.classes("bf-input money")


def read_money(control: ui.input, currency: str, *, field: str = "amount") -> Money:
    """Return what was typed. Raises InvalidInput naming `field`, as `parse_money`."""
    return parse_money(str(control.value or ""), currency, field=field)
