"""Initials on a soft coloured disc, the same colour for the same name every time."""

from __future__ import annotations

import zlib

from nicegui.elements.mixins.text_element import TextElement

from components.elements import text

_HUES = 6  # the --h colours in app.css


def avatar(name: str, *, big: bool = False) -> TextElement:
    """Create the disc; it is decoration, the name stands beside it."""
    element = text(initials(name), "bf-av big" if big else "bf-av")
    element.props.update({"aria-hidden": "true", "data-hue": str(hue_of(name))})
    return element


def initials(name: str) -> str:
    """Return one or two capital letters."""
    words = [word for word in name.split() if word[0].isalnum()]
    return "".join(word[0] for word in words[:2]).upper() or "?"


def hue_of(name: str) -> int:
    """Return the number of the colour, 0 to 5."""
    return zlib.crc32(name.encode()) % _HUES


def who_cell(name: str, who: str, note: str = "") -> dict[str, str]:
    """Return the entries of a `DataTable` row for a column of kind "who" called `name`."""
    return {
        name: who,
        f"{name}_note": note,
        f"{name}_initials": initials(who),
        f"{name}_hue": str(hue_of(who)),
    }
