"""A4 sheets to write on: fonts, words in their places, rules, blocks, pictures. What stands where is in `sheet`.

Lengths are points from the left and from the top. What a font cannot show is replaced by a box, visibly.
"""

import threading
import unicodedata
from collections.abc import Callable, Sequence
from functools import wraps
from importlib.resources import files
from io import BytesIO
from typing import Final, ParamSpec

from reportlab import rl_config
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.pdfgen.pathobject import PDFPathObject

from benfex.documents.codes import QrCode
from benfex.documents.colours import Colour

P = ParamSpec("P")

_DRAWING = threading.RLock()
PAGE_WIDTH: Final = 595.28
PAGE_HEIGHT: Final = 841.89
PLAIN: Final = "Inter"
BOLD: Final = "Inter-SemiBold"
UNKNOWN: Final = "□"
_PICTURES_MAX: Final = 4
_FILES: Final = {PLAIN: "Inter-Regular.ttf", BOLD: "Inter-SemiBold.ttf"}


def _load_fonts() -> dict[str, frozenset[int]]:
    """Make the fonts known to the PDF writer; return which characters each can show."""
    known = {}
    for name, file in _FILES.items():
        outlines = files("benfex.documents").joinpath("fonts", file).read_bytes()
        font = TTFont(name, BytesIO(outlines), asciiReadable=0)
        pdfmetrics.registerFont(font)
        known[name] = frozenset(font.face.charToGlyph)
    return known


rl_config.useA85 = 0  # bytes as bytes: a quarter smaller, and no time for coding them as letters
_KNOWN: Final = _load_fonts()
_SHOWN: Final = _KNOWN[PLAIN] & _KNOWN[BOLD]


def drawn_alone(render: Callable[P, bytes]) -> Callable[P, bytes]:
    """Let one thread draw at a time: reportlab's fonts note in a shared place what each paper uses of them.

    Nothing is lost by it: drawing holds the interpreter anyway.
    """

    @wraps(render)
    def alone(*args: P.args, **kwargs: P.kwargs) -> bytes:
        with _DRAWING:
            return render(*args, **kwargs)

    return alone


def clean(text: str) -> str:
    """Return the text as it can be shown: composed, on one line, and a box for what no font of ours has."""
    if text.isascii() and text.isprintable():
        return text
    text = unicodedata.normalize("NFC", " ".join(text.split()))
    return "".join(letter if ord(letter) in _SHOWN else UNKNOWN for letter in text)


def width_of(text: str, *, size: float, font: str = PLAIN) -> float:
    """Return how wide a clean text runs."""
    width: float = pdfmetrics.stringWidth(text, font, size)
    return width


def wrap(text: str, *, width: float, size: float, font: str = PLAIN, lines_max: int = 50) -> list[str]:
    """Return the text in lines no wider than `width`; a word that is wider is cut. At least one line.

    What does not fit in `lines_max` lines ends with an ellipsis.
    """
    text = clean(text)
    if width_of(text, size=size, font=font) <= width:
        return [text]
    lines, line = [], ""
    for word in _pieces(text, width, size, font):
        longer = f"{line} {word}" if line else word
        if line and width_of(longer, size=size, font=font) > width:
            lines.append(line)
            line = word
        else:
            line = longer
    lines.append(line)
    if len(lines) <= lines_max:
        return lines
    last = lines[lines_max - 1]
    while last and width_of(last + "…", size=size, font=font) > width:
        last = last[:-1]
    return [*lines[: lines_max - 1], last.rstrip() + "…"]


def wrap_paragraphs(text: str, *, width: float, size: float, lines_max: int = 50) -> list[str]:
    """Return the text in lines no wider than `width`, keeping the line breaks that its writer set."""
    lines = [line for part in text.splitlines() for line in wrap(part, width=width, size=size)]
    return lines[:lines_max]


def _pieces(text: str, width: float, size: float, font: str) -> list[str]:
    """Return the words of a text, those that are too wide cut into pieces that are not."""
    pieces = []
    for word in text.split(" "):
        rest = word
        while len(rest) > 1 and width_of(rest, size=size, font=font) > width:
            cut = len(rest) - 1
            while cut > 1 and width_of(rest[:cut], size=size, font=font) > width:
                cut = (
                    max(cut * 3 // 4, 1)
                    if width_of(rest[:cut], size=size, font=font) > 2 * width
                    else cut - 1
                )
            pieces.append(rest[:cut])
            rest = rest[cut:]
        pieces.append(rest)
    return pieces


class Paper:
    """The sheets of one document. The same strokes give the same bytes."""

    def __init__(self, *, title: str, author: str, subject: str = "") -> None:
        self._buffer = BytesIO()
        self._canvas = Canvas(
            self._buffer, pagesize=(PAGE_WIDTH, PAGE_HEIGHT), invariant=1, pageCompression=1, lang="en"
        )
        self._canvas.setTitle(clean(title))
        self._canvas.setAuthor(clean(author))
        self._canvas.setSubject(clean(subject))
        self._canvas.setCreator("Benfex")
        self._colour: Colour | None = None

    def turn(self) -> None:
        """Begin the next page."""
        self._canvas.showPage()
        self._colour = None

    def done(self) -> bytes:
        """Close the document and return it."""
        self._canvas.save()
        return self._buffer.getvalue()

    def words(
        self,
        text: str,
        x: float,
        y: float,
        *,
        size: float,
        colour: Colour,
        font: str = PLAIN,
        align: str = "left",
        spacing: float = 0,
    ) -> None:
        """Write clean text on the baseline `y`; `x` is its left end, its right end or its middle."""
        self._use(colour)
        if align != "left":
            width = width_of(text, size=size, font=font) + spacing * max(len(text) - 1, 0)
            x -= width if align == "right" else width / 2
        line = self._canvas.beginText(x, PAGE_HEIGHT - y)
        line.setFont(font, size)
        if spacing:
            line.setCharSpace(spacing)
        line.textOut(text)
        if spacing:
            line.setCharSpace(0)
        self._canvas.drawText(line)

    def lines(
        self,
        lines: Sequence[str],
        x: float,
        y: float,
        *,
        size: float,
        leading: float,
        colour: Colour,
        font: str = PLAIN,
        align: str = "left",
    ) -> float:
        """Write clean lines under each other, the first on baseline `y`; return the baseline after the last."""
        for line in lines:
            self.words(line, x, y, size=size, colour=colour, font=font, align=align)
            y += leading
        return y

    def rule(self, x: float, y: float, *, to: float, colour: Colour, thick: float = 0.6) -> None:
        """Draw a level line."""
        self._use(colour)
        self._canvas.rect(x, PAGE_HEIGHT - y - thick / 2, to - x, thick, stroke=0, fill=1)

    def dashes(self, x: float, y: float, *, to_x: float, to_y: float, colour: Colour) -> None:
        """Draw a fine dashed line, such as one to cut along."""
        self._canvas.setStrokeColorRGB(*colour)
        self._canvas.setLineWidth(0.4)
        self._canvas.setDash(3, 3)
        self._canvas.line(x, PAGE_HEIGHT - y, to_x, PAGE_HEIGHT - to_y)
        self._canvas.setDash()

    def block(
        self, x: float, y: float, *, width: float, height: float, colour: Colour, radius: float = 0
    ) -> None:
        """Fill a rectangle whose top left corner is at (x, y)."""
        self._use(colour)
        bottom = PAGE_HEIGHT - y - height
        if radius:
            self._canvas.roundRect(x, bottom, width, height, radius, stroke=0, fill=1)
        else:
            self._canvas.rect(x, bottom, width, height, stroke=0, fill=1)

    def picture(self, data: bytes, x: float, y: float, *, width: float, height: float) -> tuple[float, float]:
        """Place a picture into a box from its top left corner; return how wide and high it became."""
        reader = _PICTURES.open(data)
        own_width, own_height = reader.getSize()
        scale = min(width / own_width, height / own_height)
        wide, high = own_width * scale, own_height * scale
        self._canvas.drawImage(reader, x, PAGE_HEIGHT - y - high, wide, high, mask="auto")
        return wide, high

    def code(self, code: QrCode, x: float, y: float, *, side: float, colour: Colour) -> None:
        """Draw a QR code whose top left corner is at (x, y); the caller leaves its quiet zone."""
        self._use(colour)
        canvas, top = self._canvas, code.size
        canvas.saveState()
        canvas.translate(x, PAGE_HEIGHT - y - side)
        canvas.scale(side / code.size, side / code.size)
        runs = [f"{column} {top - row - 1} {length} 1 re" for row, column, length in code.runs]
        canvas.drawPath(PDFPathObject(["n", *runs]), stroke=0, fill=1)
        canvas.restoreState()

    def link(self, url: str, x: float, y: float, *, width: float, height: float) -> None:
        """Make a rectangle, from its top left corner, open an address."""
        self._canvas.linkURL(url, (x, PAGE_HEIGHT - y - height, x + width, PAGE_HEIGHT - y))

    def _use(self, colour: Colour) -> None:
        if colour != self._colour:
            self._canvas.setFillColorRGB(*colour)
            self._colour = colour


class _Pictures(threading.local):
    """The pictures that one thread opened: they are read like files, so two threads must not share one."""

    def __init__(self) -> None:
        self._opened: dict[bytes, ImageReader] = {}

    def open(self, data: bytes) -> ImageReader:
        """Return the picture, opened once."""
        if data not in self._opened:
            if len(self._opened) >= _PICTURES_MAX:
                self._opened.clear()
            self._opened[data] = ImageReader(BytesIO(data))
        return self._opened[data]


_PICTURES: Final = _Pictures()
