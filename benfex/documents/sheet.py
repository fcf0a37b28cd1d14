"""The parts of a document in words that are ready to be written. How they are drawn is in `layout`. Pure."""

from dataclasses import dataclass
from typing import Literal

Tone = Literal["ok", "warn", "bad", "mute"]


@dataclass(frozen=True, slots=True)
class Brand:
    """Who the ISP is on paper: its name, colour "#rrggbb", contact lines, tax number and perhaps a picture."""

    name: str
    accent: str = "#3e57da"
    lines: tuple[str, ...] = ()
    tax_number: str = ""
    logo: bytes | None = None


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody the document is about, under a heading such as "Bill to"."""

    heading: str
    name: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Badge:
    """One word on how things stand."""

    word: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class Card:
    """The one figure that matters, and how to act on it. `url` becomes a QR code and a link."""

    label: str
    figure: str
    note: str = ""
    heading: str = ""
    steps: tuple[tuple[str, str], ...] = ()
    url: str = ""
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table; `share` of the width, figures on the right."""

    title: str
    share: float
    is_figure: bool = False


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row: a text per column, and smaller ones under them."""

    cells: tuple[str, ...]
    notes: tuple[str, ...] = ()
    is_strong: bool = False


@dataclass(frozen=True, slots=True)
class Sum:
    """A line of the sums under the table; the strong one is what they come to."""

    label: str
    value: str
    is_strong: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """A whole document, in words."""

    brand: Brand
    kind: str
    number: str
    facts: tuple[tuple[str, str], ...]
    party: Party
    columns: tuple[Column, ...]
    rows: tuple[TableRow, ...]
    sums: tuple[Sum, ...]
    closing: str = ""
    badge: Badge | None = None
    card: Card | None = None
    empty: str = ""
