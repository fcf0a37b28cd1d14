"""Text that is copied with one click, on plain HTTP too."""

from __future__ import annotations

from nicegui import ui

from components.elements import box, text
from components.theme import icon


def copyable(content: str, *, what: str, shown: str | None = None) -> ui.element:
    """Create text that copies `content`; `what` names it for a screen reader ("account number")."""
    element = box(
        "bf-copy num", "button", type="button", title=f"Copy {what}", aria_label=f"Copy {what}: {content}"
    )
    element.props["data-bf-copy"] = content
    with element:
        text(shown if shown is not None else content, "bf-wrap", "span")
        icon("copy")
        text("", "says", "span", role="status")
    return element
