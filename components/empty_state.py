"""Nothing here (yet), no match, no permission, no answer: what it means and what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nicegui import ui

from components.elements import box, button, link_button, text
from components.theme import icon


def empty_state(
    title: str,
    message: str = "",
    *,
    symbol: str = "inbox",
    action: tuple[str, str | Callable[..., Any]] | None = None,
) -> ui.element:
    """Create the state; `action` is a label with an address to go to, or with a handler."""
    element = box("bf-empty", role="status")
    with element:
        with box("bf-ico"):
            icon(symbol)
        text(title, "bf-ct", "h3")
        if message:
            text(message, tag="p")
        if action is not None:
            with box("acts"):
                label, target = action
                if isinstance(target, str):
                    link_button(label, target, kind="ghost")
                else:
                    button(label, target, kind="ghost")
    return element
