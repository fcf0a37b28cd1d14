"""A sheet of vouchers to print and cut: A4, three by eight. Pure."""

from dataclasses import dataclass
from typing import Final

from benfex.documents.codes import qr_code
from benfex.documents.colours import parse_colour, readable
from benfex.documents.paper import BOLD, PAGE_HEIGHT, PAGE_WIDTH, Paper, clean, drawn_alone, wrap

ACROSS: Final = 3
DOWN: Final = 8
_EDGE: Final = 17.0
_WIDTH: Final = (PAGE_WIDTH - 2 * _EDGE) / ACROSS
_HEIGHT: Final = (PAGE_HEIGHT - 2 * _EDGE) / DOWN
_INSET: Final = 11.0
_CODE_SIDE: Final = 56.0
_INK: Final = parse_colour("#11151d")
_SOFT: Final = parse_colour("#4a5263")
_CUT: Final = parse_colour("#a9afbb")


@dataclass(frozen=True, slots=True)
class VoucherCard:
    """One voucher: its serial number, and its code in groups of four. `scan` is what its QR code says."""

    serial: str
    code: str
    scan: str = ""


@dataclass(frozen=True, slots=True)
class VoucherSheet:
    """A batch for the printer: what each voucher opens, what it is worth, until when, and who sells it."""

    isp_name: str
    accent: str
    title: str
    worth: str
    until: str
    note: str
    cards: tuple[VoucherCard, ...]


@drawn_alone
def render_vouchers(sheet: VoucherSheet) -> bytes:
    """Return the vouchers as PDF, 24 a page in their order; the same sheet gives the same bytes."""
    paper = Paper(title=f"Vouchers {sheet.title}", author=sheet.isp_name)
    accent = readable(parse_colour(sheet.accent))
    for place, card in enumerate(sheet.cards):
        page, spot = divmod(place, ACROSS * DOWN)
        if spot == 0:
            if page:
                paper.turn()
            _cuts(paper)
        row, column = divmod(spot, ACROSS)
        x, y = _EDGE + column * _WIDTH, _EDGE + row * _HEIGHT
        paper.block(x + 4, y + 8, width=2.5, height=_HEIGHT - 16, colour=accent)
        right = x + _WIDTH - _INSET
        paper.code(qr_code(card.scan or card.code), right - _CODE_SIDE, y + 10, side=_CODE_SIDE, colour=_INK)
        left, room = x + _INSET + 2, _WIDTH - 2 * _INSET - _CODE_SIDE - 10
        _head(paper, sheet, left, y, room=room)
        paper.words(clean(card.code), left, y + _HEIGHT - 25, size=11, font=BOLD, colour=_INK, spacing=0.2)
        _foot(paper, (sheet.until, sheet.note), card.serial, left, right, y + _HEIGHT - 15)
    return paper.done()


def _head(paper: Paper, sheet: VoucherSheet, x: float, y: float, *, room: float) -> None:
    accent = readable(parse_colour(sheet.accent))
    name = wrap(sheet.isp_name, width=room, size=8, font=BOLD, lines_max=1)[0]
    paper.words(name, x, y + 17, size=8, font=BOLD, colour=accent)
    title = wrap(sheet.title, width=room, size=8, lines_max=2)
    after = paper.lines(title, x, y + 29, size=8, leading=10, colour=_SOFT)
    paper.words(clean(sheet.worth), x, after + 6, size=13, font=BOLD, colour=_INK)


def _foot(paper: Paper, notes: tuple[str, ...], serial: str, left: float, right: float, y: float) -> None:
    paper.words(clean(serial), right, y, size=6, colour=_SOFT, align="right")
    for place, note in enumerate(part for part in notes if part):
        room = right - left - (0 if place else 60)
        paper.words(wrap(note, width=room, size=6, lines_max=1)[0], left, y + place * 8, size=6, colour=_SOFT)


def _cuts(paper: Paper) -> None:
    for column in range(ACROSS + 1):
        x = _EDGE + column * _WIDTH
        paper.dashes(x, _EDGE, to_x=x, to_y=PAGE_HEIGHT - _EDGE, colour=_CUT)
    for row in range(DOWN + 1):
        y = _EDGE + row * _HEIGHT
        paper.dashes(_EDGE, y, to_x=PAGE_WIDTH - _EDGE, to_y=y, colour=_CUT)
