"""The ISP's colour on paper: as text on white, as ground for white text, and as a tint. Pure."""

from typing import Final, NamedTuple

CONTRAST_MIN: Final = 4.5  # WCAG 2.2, 1.4.3: text against its ground


class Colour(NamedTuple):
    """Red, green and blue from 0 to 1."""

    red: float
    green: float
    blue: float


WHITE: Final = Colour(1, 1, 1)
_BLACK: Final = Colour(0, 0, 0)


def parse_colour(text: str) -> Colour:
    """Return the colour of "#rrggbb". Raises ValueError for anything else."""
    if len(text) != 7 or not text.startswith("#"):
        raise ValueError(f"{text!r} is no colour like #rrggbb")
    return Colour(*(int(text[place : place + 2], 16) / 255 for place in (1, 3, 5)))


def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """Return `share` of the other colour in the first."""
    return Colour(*(a + (b - a) * share for a, b in zip(one, other, strict=True)))


def readable(colour: Colour, *, on: Colour = WHITE) -> Colour:
    """Return the colour, darkened as little as makes it readable on a light ground, and white readable on it."""
    for step in range(21):
        darker = mix(colour, _BLACK, step / 20)
        if contrast(darker, on) >= CONTRAST_MIN:
            return darker
    return _BLACK


def _luminance(colour: Colour) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
