"""Dialogs that hold a form. Plain questions are in `components/dialogs`."""

from collections.abc import Iterator
from contextlib import contextmanager

from nicegui import ui

from components.elements import box, icon_button, text


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
