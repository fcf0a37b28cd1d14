"""Questions that stop a person before what cannot be undone, each awaited in a handler; and forms in a dialog."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from nicegui import ui

from components.elements import ButtonKind, box, button, icon_button, text


async def confirm(
    title: str, consequence: str, *, action: str, danger: bool = False, cancel: str = "Cancel"
) -> bool:
    """Ask once. `consequence` says exactly what will happen, in numbers; `action` is the button's verb."""
    with _dialog(title, consequence) as dialog:
        _answers(dialog, action, "danger" if danger else "primary", cancel, lambda: True)
    return bool(await _answer(dialog))


async def ask_reason(
    title: str,
    consequence: str = "",
    *,
    action: str,
    label: str = "Reason",
    danger: bool = False,
    length_min: int = 3,
) -> str | None:
    """Ask for a reason that will be kept; return it stripped, or None when the person steps back."""
    with _dialog(title, consequence) as dialog:
        field, problem = _field(label, area=True)

        def reason() -> str | None:
            written = str(field.value or "").strip()
            if len(written) >= length_min:
                return written
            problem.set_text("Write a few words, for whoever reads this later.")
            return None

        _answers(dialog, action, "danger" if danger else "primary", "Cancel", reason)
    answer = await _answer(dialog)
    return answer if isinstance(answer, str) else None


async def confirm_by_name(title: str, consequence: str, *, name: str, action: str) -> bool:
    """Ask before something grave: the person must write `name`."""
    with _dialog(title, consequence) as dialog:
        field, problem = _field(f"Write {name} to go on", area=False)

        def written() -> bool | None:
            if str(field.value or "").strip().casefold() == name.strip().casefold():
                return True
            problem.set_text(f"This does not read {name}.")
            return None

        field.on("keydown.enter", lambda: dialog.submit(True) if written() else None)
        _answers(dialog, action, "danger", "Cancel", written)
    return bool(await _answer(dialog))


@contextmanager
def form_dialog(title: str, words: str = "") -> Iterator[ui.dialog]:
    """Open a dialog with what the block creates in it; it is gone for good once it is closed."""
    with ui.context.client.content, ui.dialog() as dialog:
        dialog.props["aria-label"] = title
        with box("bf-dialog q-card"):
            with box("bf-line wide nowrap"):
                text(title, "bf-ct bf-grow", "h2")
                icon_button("x", "Close", dialog.close)
            if words:
                text(words, tag="p")
            yield dialog
    dialog.on("hide", dialog.delete)
    dialog.open()


@contextmanager
def _dialog(title: str, words: str) -> Iterator[ui.dialog]:
    with ui.context.client.content, ui.dialog() as dialog:
        dialog.props["aria-label"] = title
        with box("bf-dialog q-card"):
            text(title, "bf-ct", "h2")
            if words:
                text(words, tag="p")
            yield dialog


def _field(label: str, *, area: bool) -> tuple[ui.input | ui.textarea, ui.label]:
    with box("bf-field"):
        caption = text(label, tag="label")
        control: ui.input | ui.textarea = ui.textarea() if area else ui.input()
        control.props(
            "outlined dense autofocus rows=3" if area else "outlined dense autofocus autocomplete=off"
        )
        control.classes("bf-input")
        control.props["for"] = f"f{control.id}"
        caption.props["for"] = f"f{control.id}"
        problem = ui.label().classes("err")
        problem.props["role"] = "alert"
    return control, problem


def _answers(
    dialog: ui.dialog, action: str, kind: ButtonKind, cancel: str, answer: Callable[[], str | bool | None]
) -> None:
    def accept() -> None:
        given = answer()
        if given is not None:
            dialog.submit(given)

    with box("bf-acts"):
        button(cancel, lambda: dialog.submit(None), kind="ghost")
        button(action, accept, kind=kind)


async def _answer(dialog: ui.dialog) -> object:
    try:
        answer: object = await dialog
    finally:
        if not dialog.is_deleted:
            dialog.delete()
    return answer
