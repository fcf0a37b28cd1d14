"""Labelled fields with errors where they belong, sent once; and plain HTML forms for sign-in."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Self

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement
from nicegui.elements.mixins.value_element import ValueElement

from components.elements import ButtonKind, box, button, checked_href, link_button, text
from components.feedback import inline_error
from components.money import money_input, read_money
from data.values.errors import AlreadyExists, BenfexError, InvalidInput
from data.values.money import Money
from data.values.places import Place, parse_place

Values = dict[str, Any]
Reader = Callable[[], Any]


class Form:
    """A form: use it in `with`, add fields, end with `submit`. Enter sends it; a second press does nothing.

    The handler gets the values by field name. InvalidInput and AlreadyExists that it raises show at the
    field they name, other errors of ours above the button; anything else goes to the page's handler.
    """

    def __init__(self, on_submit: Callable[[Values], Awaitable[Any] | Any]) -> None:
        self._on_submit = on_submit
        self._readers: dict[str, Reader] = {}
        self._controls: dict[str, ui.element] = {}
        self._errors: dict[str, TextElement] = {}
        self._holders: dict[str, ui.element] = {}
        self._running = False
        self._button: ui.button | None = None
        self.element = box("bf-form", "form", novalidate="true").mark("form")
        self.element.on("submit.prevent", self._submit)
        with self.element:
            self._summary = inline_error()

    def __enter__(self) -> Self:
        self.element.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.element.__exit__(*error)

    def pair(self) -> ui.element:
        """Create a row for two fields; on a phone they stand one over the other."""
        return box("pair")

    def text(
        self,
        name: str,
        label: str,
        value: str = "",
        *,
        required: bool = True,
        hint: str = "",
        props: str = "",
    ) -> ui.input:
        """Add a line of text, stripped when read; `props` are Quasar's (`type=email autocomplete=email`)."""
        control = ui.input(value=value).props(f"outlined dense {props}").classes("bf-input")
        self._add(
            name, label, control, required=required, hint=hint, reader=lambda: _line(control, name, required)
        )
        return control

    def area(
        self, name: str, label: str, value: str = "", *, required: bool = False, hint: str = ""
    ) -> ui.textarea:
        """Add several lines of text."""
        control = ui.textarea(value=value).props("outlined dense rows=3").classes("bf-input")
        self._add(
            name, label, control, required=required, hint=hint, reader=lambda: _line(control, name, required)
        )
        return control

    def password(
        self, name: str, label: str, *, hint: str = "", autocomplete: str = "new-password"
    ) -> ui.input:
        """Add a password, not stripped, with a button that shows it."""
        control = ui.input(password=True, password_toggle_button=True).classes("bf-input")
        control.props(f"outlined dense autocomplete={autocomplete}")
        self._add(name, label, control, hint=hint, reader=lambda: _given(control.value, name))
        return control

    def whole(
        self,
        name: str,
        label: str,
        value: int | None = None,
        *,
        required: bool = True,
        unit: str = "",
        hint: str = "",
    ) -> ui.input:
        """Add a whole number; read as int, or None when empty and not required."""
        control = ui.input(value="" if value is None else str(value)).props(
            "outlined dense inputmode=numeric"
        )
        control.classes("bf-input").props["suffix"] = unit
        self._add(
            name, label, control, required=required, hint=hint, reader=lambda: _whole(control, name, required)
        )
        return control

    def money(
        self,
        name: str,
        label: str,
        currency: str,
        value: Money | None = None,
        *,
        required: bool = True,
        hint: str = "",
    ) -> ui.input:
        """Add an amount; read as Money, or None when empty and not required."""
        control = money_input(currency, value)

        def read() -> Money | None:
            empty = not str(control.value or "").strip()
            return None if empty and not required else read_money(control, currency, field=name)

        self._add(name, label, control, required=required, hint=hint, reader=read)
        return control

    def place(self, name: str, label: str, value: Place | None = None, *, hint: str = "") -> ui.input:
        """Add a place as "latitude, longitude"; read as Place, or None when empty."""
        control = ui.input(value=str(value) if value else "").props("outlined dense autocomplete=off")
        control.classes("bf-input num")
        self._add(
            name,
            label,
            control,
            required=False,
            hint=hint,
            reader=lambda: parse_place(str(control.value or ""), field=name),
        )
        return control

    def date(
        self, name: str, label: str, value: str = "", *, required: bool = True, hint: str = ""
    ) -> ui.input:
        """Add a day, by the browser's own picker; read as `YYYY-MM-DD`."""
        return self.text(name, label, value, required=required, hint=hint, props="type=date")

    def choice(
        self,
        name: str,
        label: str,
        options: Mapping[Any, str] | Sequence[str],
        value: Any = None,
        *,
        required: bool = True,
        hint: str = "",
        search: bool = False,
    ) -> ui.select:
        """Add a choice among `options` (value to label); `search` lets a person type to find one."""
        listed = dict(options) if isinstance(options, Mapping) else list(options)
        control = ui.select(listed, value=value, with_input=search).classes("bf-input")
        control.props("outlined dense options-dense popup-content-class=bf-menu-pop behavior=menu")
        self._add(
            name,
            label,
            control,
            required=required,
            hint=hint,
            reader=lambda: _chosen(control, name, required),
        )
        return control

    def switch(self, name: str, label: str, value: bool = False) -> ui.switch:
        """Add a yes or no."""
        control = ui.switch(label, value=value)
        self._keep(name, control, lambda: bool(control.value))
        self._holders[name] = control
        return control

    def add(self, name: str, label: str, control: ValueElement[Any], *, hint: str = "") -> None:
        """Add a control of the page's own making under `label`; its value is read as it is."""
        self._add(name, label, control, hint=hint, reader=lambda: control.value)

    def show_while(self, name: str, other: ValueElement[Any], fits: Callable[[Any], bool]) -> None:
        """Show a field with its words only while the value of `other` fits; hidden it is read as None."""
        read = self._readers[name]
        self._readers[name] = lambda: read() if fits(other.value) else None
        self._holders[name].bind_visibility_from(other, "value", backward=fits)

    def submit(
        self, label: str, *, kind: ButtonKind = "primary", cancel_href: str | None = None, classes: str = ""
    ) -> ui.button:
        """Add the button that sends the form, and a way back if `cancel_href` is given."""
        with box("bf-acts"):
            if cancel_href:
                link_button("Cancel", cancel_href, kind="ghost")
            self._button = button(label, kind=kind, classes=classes).props("type=submit")
        return self._button

    def values(self) -> Values:
        """Return what the fields hold. Raises InvalidInput naming the first that cannot be read."""
        return {name: read() for name, read in self._readers.items()}

    def show_error(self, error: BenfexError) -> None:
        """Show `error` at the field it names, else above the button."""
        field = error.field if isinstance(error, InvalidInput | AlreadyExists) else None
        if field is None or field not in self._errors:
            self._summary.set(error.message)
            return
        self._errors[field].set_text(error.message)
        control = self._controls[field]
        control.props["error"] = True
        control.props["aria-invalid"] = "true"
        control.run_method("focus")

    def controls(self) -> list[ValueElement[Any]]:
        """Return the controls of all fields, in their order."""
        return [control for control in self._controls.values() if isinstance(control, ValueElement)]

    def _add(
        self,
        name: str,
        label: str,
        control: ui.element,
        *,
        reader: Reader,
        required: bool = True,
        hint: str = "",
    ) -> None:
        with box("bf-field") as holder:
            caption = text(label, tag="label", _for=f"f{control.id}")
            if not required:
                with caption:
                    text(" (optional)", "opt", "span")
            control.move(holder)
            control.props["for"] = f"f{control.id}"
            control.props["aria-describedby"] = f"h{control.id} e{control.id}"
            if required:
                control.props["aria-required"] = "true"
            if hint:
                text(hint, "hint", id=f"h{control.id}")
            self._holders[name] = holder
            self._errors[name] = text("", "err", id=f"e{control.id}", role="alert")
        self._keep(name, control, reader)

    def _keep(self, name: str, control: ui.element, reader: Reader) -> None:
        self._readers[name] = reader
        self._controls[name] = control.mark(f"field-{name}")

    async def _submit(self) -> None:
        if self._running:
            return
        self._running = True
        self._clear_errors()
        if self._button is not None:
            self._button.props("loading disable")
        try:
            values = self._read_all()
            if values is None:
                return
            outcome = self._on_submit(values)
            if inspect.isawaitable(outcome):
                await outcome
        except BenfexError as error:
            self.show_error(error)
        finally:
            self._running = False
            if self._button is not None and not self._button.is_deleted:
                self._button.props(remove="loading disable")

    def _read_all(self) -> Values | None:
        """Return the values, or None when fields refuse; each of them says why, the first gets the focus."""
        values: Values = {}
        refusals: list[InvalidInput] = []
        for name, read in self._readers.items():
            try:
                values[name] = read()
            except InvalidInput as refusal:
                refusals.append(refusal)
        for refused in reversed(refusals):
            self.show_error(refused)
        return None if refusals else values

    def _clear_errors(self) -> None:
        self._summary.set(None)
        for name, line in self._errors.items():
            line.set_text("")
            self._controls[name].props.pop("error", None)
            self._controls[name].props.pop("aria-invalid", None)


def post_form(action: str) -> ui.element:
    """Create a plain HTML form that the browser posts to `action`: password managers and cookies work."""
    return box("bf-form", "form", method="post", action=checked_href(action))


def post_field(
    name: str,
    label: str,
    *,
    value: str = "",
    type: str = "text",
    autocomplete: str = "",
    error: str = "",
    required: bool = True,
    autofocus: bool = False,
) -> ui.element:
    """Add a native field to a `post_form`."""
    with box("bf-field"):
        key = f"p-{name}"
        text(label, tag="label", _for=key)
        control = box(
            "bf-native", "input", id=key, name=name, type=type, value=value, autocomplete=autocomplete
        )
        flags = {"required": required, "autofocus": autofocus}
        control.props.update({flag: True for flag, on in flags.items() if on})
        if error:
            control.props.update({"aria-invalid": "true", "aria-describedby": f"{key}-e"})
            text(error, "err", id=f"{key}-e", role="alert")
    return control


def post_hidden(name: str, value: str) -> None:
    """Add a hidden value to a `post_form`."""
    box("", "input", type="hidden", name=name, value=value)


def post_submit(label: str, *, kind: ButtonKind = "primary", classes: str = "wide") -> ui.button:
    """Add the button of a `post_form`."""
    return button(label, kind=kind, classes=classes).props("type=submit")


def _line(control: ui.input | ui.textarea, name: str, required: bool) -> str:
    written = str(control.value or "").strip()
    return str(_given(written, name)) if required else written


def _given(value: Any, name: str) -> Any:
    if value in (None, ""):
        raise InvalidInput(name, "Please fill this in.")
    return value


def _chosen(control: ui.select, name: str, required: bool) -> Any:
    return control.value if control.value is not None or not required else _given(None, name)


def _whole(control: ui.input, name: str, required: bool) -> int | None:
    written = str(control.value or "").strip().replace(",", "")
    if not written and not required:
        return None
    digits = _given(written, name)
    if not digits.removeprefix("-").isascii() or not digits.removeprefix("-").isdigit() or len(digits) > 18:
        raise InvalidInput(name, "Write a whole number, for example 30.")
    return int(digits)
