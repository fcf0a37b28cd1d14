"""A page of ours: NiceGUI's, with the patience that a busy small server needs."""

from collections.abc import Callable
from typing import Any

from nicegui import ui

# NiceGUI gives up after three seconds, and the person sees an error in place of a page that was nearly there.
_PATIENCE_SECONDS = 20.0


def screen(path: str, *, title: str | None = None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the decorator of a page at this path, with its title where the frame does not set one."""
    return ui.page(path, title=title, response_timeout=_PATIENCE_SECONDS)
