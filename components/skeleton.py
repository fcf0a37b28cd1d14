"""Grey shapes of the size of what comes, so that nothing jumps when it does."""

from __future__ import annotations

from nicegui import ui

from components.elements import box


def skeleton(*, height: int = 16, width: str = "100%") -> ui.element:
    """Create one breathing block; `height` in pixels, `width` as CSS writes it."""
    return box("bf-skel", aria_hidden="true").style(f"height:{height}px;width:{width}")


def skeleton_rows(count: int = 6) -> ui.element:
    """Create `count` rows as a table or a list has them."""
    element = box("", aria_busy="true", aria_label="Loading", role="status")
    with element:
        for _ in range(count):
            with box("bf-row"):
                box("bf-skel bf-av", aria_hidden="true")
                with box("bf-grow bf-stack tight"):
                    skeleton(height=13, width="42%")
                    skeleton(height=11, width="24%")
                skeleton(height=20, width="72px")
    return element


def skeleton_card(*, height: int = 144) -> ui.element:
    """Create a card of `height` pixels."""
    element = box("bf-card clip")
    with element:
        skeleton(height=height)
    return element
