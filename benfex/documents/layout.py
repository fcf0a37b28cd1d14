"""The one layout of our documents: head, parties, a card to pay by, a table over pages, sums, closing words.

What an invoice or a receipt says is in the file of that name.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from benfex.documents.codes import qr_code
from benfex.documents.colours import WHITE, mix, parse_colour, readable
from benfex.documents.pagination import paginate
from benfex.documents.paper import (
    BOLD,
    PAGE_HEIGHT,
    PAGE_WIDTH,
    PLAIN,
    Paper,
    clean,
    width_of,
    wrap,
    wrap_paragraphs,
)
from benfex.documents.sheet import Badge, Card, Sheet, Sum, TableRow

MARGIN: Final = 48.0
_RIGHT: Final = PAGE_WIDTH - MARGIN
_WIDTH: Final = _RIGHT - MARGIN
_INK: Final = parse_colour("#11151d")
_SOFT: Final = parse_colour("#4a5263")
_FAINT: Final = parse_colour("#646c7e")
_LINE: Final = parse_colour("#e2e5eb")
_TONES: Final = {
    "ok": (parse_colour("#177a4c"), parse_colour("#e6f6ed")),
    "warn": (parse_colour("#94580a"), parse_colour("#fdf1dc")),
    "bad": (parse_colour("#c02b33"), parse_colour("#fdebec")),
    "mute": (parse_colour("#525b6c"), parse_colour("#eef0f3")),
}
_TABLE_HEAD: Final = 24.0
_SECOND_TOP: Final = 84.0
_BOTTOM: Final = PAGE_HEIGHT - 62.0
_CARD_HEIGHT: Final = 112.0
_LOW_CARD_HEIGHT: Final = 84.0
_SUM_HEIGHT: Final = 17.0
_SUMS_WIDTH: Final = 262.0


@dataclass(frozen=True, slots=True)
class _Set:
    """A row of the table set in lines."""

    cells: tuple[tuple[str, ...], ...]
    notes: tuple[tuple[str, ...], ...]
    height: float
    is_strong: bool


def draw_sheet(sheet: Sheet) -> bytes:
    """Return the document as PDF; the same sheet gives the same bytes."""
    title = f"{sheet.kind} {sheet.number}".strip()
    paper = Paper(title=title, author=sheet.brand.name, subject=f"for {sheet.party.name}")
    writer = _Writer(paper, sheet)
    rows = [writer.set_row(row) for row in sheet.rows]
    closing = wrap_paragraphs(sheet.closing, width=_WIDTH, size=8.5, lines_max=14) if sheet.closing else []
    top = writer.head()
    after = writer.sums_height() + 8 + len(closing) * 12 + (26 if closing else 0)
    pages = paginate(
        [row.height for row in rows],
        first=_BOTTOM - top - _TABLE_HEAD,
        other=_BOTTOM - _SECOND_TOP - _TABLE_HEAD,
        closing=after,
    )
    start = 0
    for place, count in enumerate(pages):
        if place:
            paper.turn()
            top = writer.short_head()
        y = writer.table(top, rows[start : start + count])
        start += count
        if place == len(pages) - 1:
            writer.closing(writer.sums(y + 8), closing)
        writer.foot(place + 1, len(pages))
    return paper.done()


class _Writer:
    """Puts the parts of one sheet on paper."""

    def __init__(self, paper: Paper, sheet: Sheet) -> None:
        self._paper, self._sheet = paper, sheet
        accent = parse_colour(sheet.brand.accent)
        self._bar = accent
        self._accent = readable(accent)
        self._tint = mix(self._accent, WHITE, 0.93)
        edges, x = [], MARGIN
        whole = sum(column.share for column in sheet.columns)
        for column in sheet.columns:
            width = _WIDTH * column.share / whole
            edges.append((x, x + width))
            x += width
        self._edges = edges

    def set_row(self, row: TableRow) -> _Set:
        """Return the row in lines, and how high it is."""
        font = BOLD if row.is_strong else PLAIN
        cells, notes = [], []
        for place, (left, right) in enumerate(self._edges):
            room = right - left - (0 if place == len(self._edges) - 1 else 12)
            cell = row.cells[place] if place < len(row.cells) else ""
            note = row.notes[place] if place < len(row.notes) else ""
            cells.append(tuple(wrap(cell, width=room, size=9.5, font=font, lines_max=12)) if cell else ())
            notes.append(tuple(wrap(note, width=room, size=8, lines_max=12)) if note else ())
        height = max(
            (len(cell) * 13 + len(note) * 11 for cell, note in zip(cells, notes, strict=True)), default=13
        )
        return _Set(tuple(cells), tuple(notes), height + 11, row.is_strong)

    def head(self) -> float:
        """Draw the first page's head down to the table; return where the table begins."""
        paper, sheet = self._paper, self._sheet
        paper.block(0, 0, width=PAGE_WIDTH, height=6, colour=self._bar)
        brand_end = self._brand(44)
        paper.words(clean(sheet.kind), _RIGHT, 63, size=24, font=BOLD, colour=_INK, align="right")
        y = 80.0
        if sheet.number:
            paper.words(clean(sheet.number), _RIGHT, y, size=10.5, colour=_SOFT, align="right")
            y += 10
        if sheet.badge is not None:
            self._badge(sheet.badge, y)
            y += 22
        y = max(brand_end, y) + 14
        paper.rule(MARGIN, y, to=_RIGHT, colour=_LINE)
        y = max(self._party(y + 20), self._facts(y + 20)) + 12
        if sheet.card is not None:
            self._card(sheet.card, y)
            y += _card_height(sheet.card) + 18
        return y

    def short_head(self) -> float:
        """Draw the head of a further page; return where the table goes on."""
        paper, sheet = self._paper, self._sheet
        paper.block(0, 0, width=PAGE_WIDTH, height=6, colour=self._bar)
        name = wrap(sheet.brand.name, width=_WIDTH * 0.55, size=11, font=BOLD, lines_max=1)[0]
        paper.words(name, MARGIN, 48, size=11, font=BOLD, colour=self._accent)
        paper.words(
            clean(f"{sheet.kind} {sheet.number}".strip()), _RIGHT, 48, size=9.5, colour=_SOFT, align="right"
        )
        paper.rule(MARGIN, 62, to=_RIGHT, colour=_LINE)
        return _SECOND_TOP

    def table(self, top: float, rows: Sequence[_Set]) -> float:
        """Draw the heads of the columns and the rows; return where they end."""
        paper = self._paper
        for column, (left, right) in zip(self._sheet.columns, self._edges, strict=True):
            x = right if column.is_figure else left
            align = "right" if column.is_figure else "left"
            paper.words(clean(column.title), x, top + 10, size=7.5, font=BOLD, colour=_FAINT, align=align)
        y = top + _TABLE_HEAD - 6
        paper.rule(MARGIN, y, to=_RIGHT, colour=_INK, thick=0.8)
        if not rows and self._sheet.empty and not self._sheet.rows:
            paper.words(clean(self._sheet.empty), MARGIN, y + 18, size=9.5, colour=_SOFT)
            y += 30
        for row in rows:
            self._row(row, y)
            y += row.height
            paper.rule(MARGIN, y, to=_RIGHT, colour=_LINE)
        return y

    def set_sum(self, line: Sum) -> list[str]:
        """Return the label of a sum in lines beside its value."""
        size, font = (10.0, BOLD) if line.is_strong else (9.0, PLAIN)
        value = width_of(clean(line.value), size=size + 1, font=font)
        return wrap(line.label, width=_SUMS_WIDTH - value - 14, size=size, font=font, lines_max=3)

    def sums_height(self) -> float:
        """Return how much room the sums take."""
        return sum(_sum_height(line, len(self.set_sum(line))) for line in self._sheet.sums)

    def sums(self, y: float) -> float:
        """Draw the sums on the right; return where they end."""
        paper, left = self._paper, _RIGHT - _SUMS_WIDTH
        for line in self._sheet.sums:
            label, value = self.set_sum(line), clean(line.value)
            top = y + (6 if line.is_strong else 0)
            y += _sum_height(line, len(label))
            if line.is_strong:
                paper.block(
                    left - 10,
                    top - 3,
                    width=_SUMS_WIDTH + 18,
                    height=y - top + 1,
                    colour=self._tint,
                    radius=5,
                )
                accent = self._accent
                paper.lines(label, left, top + 13.5, size=10, leading=12, colour=accent, font=BOLD)
                paper.words(value, _RIGHT, top + 13.5, size=11, font=BOLD, colour=accent, align="right")
            else:
                paper.lines(label, left, top + 13.5, size=9, leading=11.5, colour=_SOFT)
                paper.words(value, _RIGHT, top + 13.5, size=9, colour=_INK, align="right")
        return y

    def closing(self, y: float, lines: Sequence[str]) -> None:
        """Write the words at the end."""
        self._paper.lines(lines, MARGIN, y + 26, size=8.5, leading=12, colour=_SOFT)

    def foot(self, page: int, pages: int) -> None:
        """Draw what stands at the foot of each page."""
        paper, brand = self._paper, self._sheet.brand
        paper.rule(MARGIN, PAGE_HEIGHT - 44, to=_RIGHT, colour=_LINE)
        tax = f"Tax number {brand.tax_number}" if brand.tax_number else ""
        left = " · ".join(part for part in (brand.name, tax) if part)
        paper.words(
            wrap(left, width=_WIDTH - 110, size=7.5, lines_max=1)[0],
            MARGIN, PAGE_HEIGHT - 30, size=7.5, colour=_FAINT,
        )  # fmt: skip
        paper.words(
            f"Page {page} of {pages}", _RIGHT, PAGE_HEIGHT - 30, size=7.5, colour=_FAINT, align="right"
        )

    def _brand(self, y: float) -> float:
        paper, brand = self._paper, self._sheet.brand
        if brand.logo is not None:
            _, high = paper.picture(brand.logo, MARGIN, y - 6, width=190, height=46)
            y += max(high, 24) + 8
            names = [brand.name]
        else:
            lines = wrap(brand.name, width=_WIDTH * 0.55, size=18, font=BOLD, lines_max=2)
            y = paper.lines(lines, MARGIN, y + 17, size=18, leading=22, colour=self._accent, font=BOLD) - 4
            names = []
        for text in (*names, *brand.lines):
            for line in wrap(text, width=_WIDTH * 0.55, size=8.5, lines_max=2):
                paper.words(line, MARGIN, y, size=8.5, colour=_SOFT)
                y += 11.5
        return y - 8

    def _badge(self, badge: Badge, y: float) -> None:
        ink, ground = _TONES[badge.tone]
        word = clean(badge.word)
        width = width_of(word, size=8.5, font=BOLD) + 20
        self._paper.block(_RIGHT - width, y, width=width, height=17, colour=ground, radius=8.5)
        self._paper.words(word, _RIGHT - width / 2, y + 11.7, size=8.5, font=BOLD, colour=ink, align="middle")

    def _party(self, y: float) -> float:
        paper, party = self._paper, self._sheet.party
        paper.words(clean(party.heading), MARGIN, y, size=7.5, font=BOLD, colour=_FAINT)
        lines = wrap(party.name, width=_WIDTH * 0.5, size=11.5, font=BOLD, lines_max=4)
        y = paper.lines(lines, MARGIN, y + 16, size=11.5, leading=15, colour=_INK, font=BOLD)
        for text in party.lines:
            lines = wrap(text, width=_WIDTH * 0.5, size=9, lines_max=4)
            y = paper.lines(lines, MARGIN, y, size=9, leading=12.5, colour=_SOFT)
        return y

    def _facts(self, y: float) -> float:
        left = MARGIN + _WIDTH * 0.6
        for label, value in self._sheet.facts:
            self._paper.words(clean(label), left, y, size=9, colour=_FAINT)
            text = wrap(value, width=_RIGHT - left - 62, size=9, font=BOLD, lines_max=1)[0]
            self._paper.words(text, _RIGHT, y, size=9, font=BOLD, colour=_INK, align="right")
            y += 15.5
        return y

    def _card(self, card: Card, y: float) -> None:
        paper = self._paper
        paper.block(MARGIN, y, width=_WIDTH, height=_card_height(card), colour=self._tint, radius=10)
        left = MARGIN + 20
        paper.words(clean(card.label), left, y + 30, size=9, colour=_SOFT)
        size = 24.0 if len(card.figure) <= 14 else 18.0
        paper.words(clean(card.figure), left, y + 60, size=size, font=BOLD, colour=self._accent)
        if card.note:
            note = wrap(card.note, width=190, size=9, lines_max=2)
            paper.lines(note, left, y + 80, size=9, leading=12, colour=_SOFT)
        self._steps(card, y)
        if card.url:
            self._scan(card, y)

    def _steps(self, card: Card, y: float) -> None:
        paper, x = self._paper, MARGIN + 220
        if card.heading:
            paper.words(clean(card.heading), x, y + 30, size=9, font=BOLD, colour=_INK)
        y += 48
        for label, value in card.steps:
            paper.words(clean(label), x, y, size=8.5, colour=_SOFT)
            text = wrap(value, width=100, size=9, font=BOLD, lines_max=1)[0]
            paper.words(text, x + 62, y, size=9, font=BOLD, colour=_INK)
            y += 15

    def _scan(self, card: Card, y: float) -> None:
        paper, side = self._paper, _CARD_HEIGHT - 22
        x = _RIGHT - side - 11
        paper.block(x, y + 11, width=side, height=side, colour=WHITE, radius=6)
        quiet = 8.0
        inner = side - 2 * quiet
        paper.code(qr_code(card.url), x + quiet, y + 11 + quiet, side=inner, colour=_INK)
        paper.link(card.url, x, y + 11, width=side, height=side)
        for place, line in enumerate(wrap(card.caption, width=70, size=8.5, lines_max=1)):
            paper.words(line, x - 10, y + 93 - place * 11, size=8.5, colour=_SOFT, align="right")

    def _row(self, row: _Set, y: float) -> None:
        paper = self._paper
        font = BOLD if row.is_strong else PLAIN
        columns = zip(self._sheet.columns, self._edges, row.cells, row.notes, strict=True)
        for column, (left, right), cell, note in columns:
            x, align = (right, "right") if column.is_figure else (left, "left")
            after = paper.lines(cell, x, y + 15, size=9.5, leading=13, colour=_INK, font=font, align=align)
            paper.lines(note, x, after - 1, size=8, leading=11, colour=_FAINT, align=align)


def _sum_height(line: Sum, lines: int) -> float:
    return _SUM_HEIGHT + (lines - 1) * 11.5 + (13 if line.is_strong else 0)


def _card_height(card: Card) -> float:
    return _CARD_HEIGHT if card.url or len(card.steps) > 2 else _LOW_CARD_HEIGHT
