"""Telling a person what happened: toasts, inline errors, progress, and running an action with both."""

from __future__ import annotations

import inspect
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Literal

from nicegui import ui

from components.elements import ButtonKind, box, button, text
from components.theme import Tone, icon, icon_name
from data.values.errors import BenfexError
from data.values.identifiers import new_token

StepState = Literal["todo", "now", "done", "failed"]
WENT_WRONG = "Something went wrong on our side. It is logged; please try again."


def toast_ok(message: str) -> None:
    """Say for four seconds that it worked."""
    _toast(message, "circle-check", "", 4000)


def toast_undo(message: str, undo: Callable[[], Awaitable[None]]) -> None:
    """Say for nine seconds that it worked, with a button that takes it back."""
    event = f"undo-{new_token(8)}"
    ui.on(event, undo)
    options = {
        "message": message,
        "icon": icon_name("circle-check"),
        "position": "bottom",
        "timeout": 9000,
        "classes": "bf-toast",
        "attrs": {"role": "status"},
    }
    handler = f"() => emitEvent({json.dumps(event)})"
    ui.run_javascript(
        f"Quasar.Notify.create({{...{json.dumps(options)}, actions: [{{label: 'Undo', handler: {handler}}}]}})"
    )


def toast_error(message: str) -> None:
    """Say that it did not work, long enough to read and with a button to close."""
    _toast(message, "circle-alert", "bad", 9000)


def say_error(error: Exception) -> str:
    """Return what to tell a person about `error`: our own errors speak for themselves, others stay vague."""
    return error.message if isinstance(error, BenfexError) else WENT_WRONG


async def run_action(
    control: ui.button, action: Callable[[], Awaitable[Any] | Any], *, done: str | None = None
) -> bool:
    """Run `action` with `control` disabled and spinning; return whether it worked.

    Toasts `done` or the refusal. Errors that are not ours are raised, for the page's handler to tell.
    """
    if "loading" in control.props:
        return False
    control.props("loading disable")
    try:
        outcome = action()
        if inspect.isawaitable(outcome):
            await outcome
    except BenfexError as error:
        toast_error(error.message)
        return False
    finally:
        if not control.is_deleted:
            control.props(remove="loading disable")
    if done is not None:
        toast_ok(done)
    return True


def action_button(
    label: str,
    action: Callable[[], Awaitable[Any] | Any],
    *,
    kind: ButtonKind = "primary",
    icon: str | None = None,
    done: str | None = None,
    classes: str = "",
) -> ui.button:
    """Create a button that is disabled while `action` runs and tells the outcome."""

    async def clicked() -> None:
        await run_action(control, action, done=done)

    control = button(label, clicked, kind=kind, icon=icon, classes=classes)
    return control


class Note:
    """A coloured line of words in the page; hidden when it says nothing."""

    def __init__(self, message: str | None = None, *, tone: Tone = "mute", symbol: str = "info") -> None:
        role = "alert" if tone == "bad" else "status"
        self.element = box("bf-note", role=role, data_tone=tone)
        with self.element:
            icon(symbol)
            self._words = text(message or "", "bf-grow")
        self.set(message)

    def set(self, message: str | None) -> None:
        """Say `message`; None hides the note."""
        self._words.set_text(message or "")
        self.element.set_visibility(bool(message))


def note(message: str, *, tone: Tone = "mute", symbol: str = "info") -> Note:
    """Create a line of explanation or warning."""
    return Note(message, tone=tone, symbol=symbol)


def inline_error(message: str | None = None) -> Note:
    """Create a place for an error, announced when it appears; hidden while there is none."""
    return Note(message, tone="bad", symbol="circle-alert")


class Progress:
    """A bar with a live line of words: for bill runs and other work of known length."""

    def __init__(self, label: str, *, done: int = 0, total: int | None = None) -> None:
        with box("bf-stack tight"):
            self._words = text("", "num", role="status", aria_live="polite")
            self.element = box("bf-bar", role="progressbar", aria_label=label)
            with self.element:
                box()
        self.set(done, total)

    def set(self, done: int, total: int | None, words: str | None = None) -> None:
        """Show `done` of `total`; None for a total nobody knows yet."""
        props = self.element.props
        if total is None:
            self.element.classes(add="unknown")
            props.pop("aria-valuenow", None)
            self._words.set_text(words or "Starting")
            return
        share = 100 if total == 0 else min(100, done * 100 // total)
        self.element.classes(remove="unknown").style(f"--share:{share}")
        props.update({"aria-valuenow": str(share), "aria-valuemin": "0", "aria-valuemax": "100"})
        self._words.set_text(words or f"{done:,} of {total:,}")


class Steps:
    """A short fixed list of steps with one under way: asked, confirmed, received, back online."""

    def __init__(self, labels: Sequence[str]) -> None:
        self._labels = labels
        self.element = box("bf-steps", "ol", role="status", aria_live="polite")
        self._items: list[tuple[ui.element, ui.icon, Any]] = []
        with self.element:
            for label in labels:
                item = box("", "li")
                with item:
                    with box("dot"):
                        symbol = icon("circle")
                    words = text(label, "w")
                self._items.append((item, symbol, words))
        self.set(0)

    def set(self, current: int, *, failed: bool = False, words: str | None = None) -> None:
        """Put step `current` (from 0) under way, `words` in place of its label; `len(labels)` is all done."""
        symbols = {"done": "check", "now": "hourglass", "failed": "x", "todo": "circle"}
        for index, (item, symbol, line) in enumerate(self._items):
            state: StepState = "done" if index < current else "todo"
            if index == current:
                state = "failed" if failed else "now"
            item.props["data-step"] = state
            symbol.set_name(symbols[state])
            line.set_text(words if words and index == current else self._labels[index])


def _toast(message: str, symbol: str, classes: str, milliseconds: int) -> None:
    ui.notify(
        message,
        icon=icon_name(symbol),
        position="bottom",
        timeout=milliseconds,
        classes=f"bf-toast {classes}",
        close_button="Close" if classes else False,
        attrs={"role": "alert" if classes else "status"},
    )
