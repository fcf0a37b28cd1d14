"""A QR code as an SVG: dark on white in both themes, since readers want it so."""

from __future__ import annotations

from collections.abc import Sequence

from nicegui import ui

from components.elements import box

_QUIET = 4  # modules of white around it, as the standard asks


def qr(size: int, runs: Sequence[tuple[int, int, int]], *, label: str) -> ui.element:
    """Draw a code of `size` modules a side from its dark runs (row, column, length); `label` says what it opens."""
    path = "".join(f"M{column + _QUIET} {row + _QUIET}h{length}v1h-{length}z" for row, column, length in runs)
    side = size + 2 * _QUIET
    element = box("bf-qr", role="img", aria_label=label)
    with element:
        ui.html(
            f'<svg viewBox="0 0 {side} {side}" shape-rendering="crispEdges" aria-hidden="true">'
            f'<path fill="#fff" d="M0 0h{side}v{side}H0z"/><path fill="#000" d="{path}"/></svg>',
            sanitize=False,
        )
    return element
