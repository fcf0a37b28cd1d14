"""PDF: an invoice with a logo, an embedded Unicode font and a QR code, as the product draws it.

The floor is the library's bare canvas with the same words in a built-in font, the same logo and no QR code. The
peer is WeasyPrint with the same content, where it can be loaded: it needs Pango, and is no requirement of ours.
Rounds alternate; figures are medians of processor time, since the machine may have other work.
"""

import html
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Final

import pypdfium2
import zxingcpp
from PIL import Image, ImageDraw
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from benchmarks.outcome import Outcome, Target
from benfex.documents.invoices import InvoiceDocument, render_invoice
from benfex.documents.letterhead import as_logo
from benfex.documents.paper import PAGE_HEIGHT, PAGE_WIDTH
from benfex.documents.parts import ChargedLine, HowToPay, Payer, TaxedSum
from benfex.documents.sheet import Badge, Brand
from data.values.identifiers import CustomerId
from data.values.money import Money
from data.values.periods import Period

NAME = "pdf"
DOCUMENTS: Final = 40
ROUNDS: Final = 5
NAMES: Final = ("Wanjirũ wa Kamaũ", "Ọlátúnjí Adébáyọ̀", "Łucja Đặng", "Νίκος Ђорђевић")
FLOOR_TIMES_MAX: Final = 6.0
PEER_TIMES_MIN: Final = 4.0
_URL: Final = "https://billing.riftvalley.example/pay/"


@dataclass(frozen=True, slots=True)
class Rival:
    """Another way to the same page, and whether it could be loaded."""

    draw: Callable[[InvoiceDocument], bytes] | None
    reason: str = ""


async def measure(_: Path) -> Outcome:
    """Draw `DOCUMENTS` invoices `ROUNDS` times each way, then read one back."""
    documents = [_invoice(number) for number in range(DOCUMENTS)]
    peer = _weasyprint()
    ours, floor, theirs = [], [], []
    for way in (render_invoice, _bare, peer.draw):  # the first page pays for fonts and imports
        if way is not None:
            way(documents[0])
    for _round in range(ROUNDS):
        floor.append(_milliseconds(_bare, documents))
        ours.append(_milliseconds(render_invoice, documents))
        if peer.draw is not None:
            theirs.append(_milliseconds(peer.draw, documents[:4]))
    return _outcome(statistics.median(ours), statistics.median(floor), theirs, peer.reason)


def _outcome(ours: float, floor: float, theirs: list[float], reason: str) -> Outcome:
    pdf = render_invoice(_invoice(7))
    names, code = _unreadable_names(), _code_on(pdf)
    times_floor = ours / floor
    targets = [
        Target(f"at most {FLOOR_TIMES_MAX:g} times the bare canvas", times_floor <= FLOOR_TIMES_MAX),
        Target("every Unicode name can be copied", not names),
        Target("a phone reads the QR code", code == f"{_URL}{7:032x}"),
    ]
    table = [
        ("an invoice", f"{ours:.1f} ms, {1000 / ours:.0f} a second, {len(pdf) / 1000:.0f} kB"),
        ("the bare canvas", f"{floor:.1f} ms, so {times_floor:.1f} times"),
    ]
    figures: dict[str, float | int | str | bool | None] = {
        "invoice_ms": round(ours, 2),
        "floor_ms": round(floor, 2),
        "times_floor": round(times_floor, 2),
        "bytes": len(pdf),
        "peer_ms": None,
        "peer_times": None,
    }
    if theirs:
        peer = statistics.median(theirs)
        table.append(("WeasyPrint", f"{peer:.1f} ms, so {peer / ours:.1f} times ours"))
        targets.append(
            Target(f"at least {PEER_TIMES_MIN:g} times faster than WeasyPrint", peer / ours >= PEER_TIMES_MIN)
        )
        figures |= {"peer_ms": round(peer, 1), "peer_times": round(peer / ours, 2)}
    else:
        table.append(("WeasyPrint", f"not compared: {reason}"))
    return Outcome(NAME, table, figures, targets)


def _milliseconds(draw: Callable[[InvoiceDocument], bytes], documents: list[InvoiceDocument]) -> float:
    began = time.process_time()
    for document in documents:
        draw(document)
    return (time.process_time() - began) * 1000 / len(documents)


def _invoice(number: int) -> InvoiceDocument:
    period = Period(date(2026, 11, 25), date(2026, 12, 25))
    lines = tuple(
        ChargedLine(text, _kes(net), _kes(tax), period)
        for text, net, tax in (
            ("Home 20, fibre to the house", 301_724, 48_276),
            ("Static address", 43_103, 6_897),
            ("Second router, rented", 25_862, 4_138),
            ("Loyal customer, 10 %", -30_172, -4_828),
            ("Work at the house", 86_207, 13_793),
        )
    )
    return InvoiceDocument(
        brand=replace(_BRAND, logo=_LOGO),
        customer_id=CustomerId(number),
        number=f"INV-2026-{number:05}",
        payer=Payer(NAMES[number % len(NAMES)], f"BFX{number:06}", ("Plot 7, Nakuru", "+254 712 345 126")),
        issued_on=period.starts_on,
        due_on=date(2026, 12, 2),
        badge=Badge("To be paid", "warn"),
        lines=lines,
        subtotal=_kes(426_724),
        taxes=(TaxedSum("VAT 16%", _kes(68_276), _kes(426_724)),),
        total=_kes(495_000),
        settled=(),
        amount_due=_kes(495_000),
        closing="Thank you for being with Rift Valley Net. Questions about this invoice? Call 0712 345 678.",
        pay=HowToPay(f"{_URL}{number:032x}", "174379"),
    )


def _bare(document: InvoiceDocument) -> bytes:
    """Return the words of the document on a bare canvas: no layout, no embedded font, no QR code."""
    buffer = BytesIO()
    canvas = Canvas(buffer, pagesize=(PAGE_WIDTH, PAGE_HEIGHT))
    assert document.brand.logo is not None
    canvas.drawImage(_picture(document.brand.logo), 48, 760, 190, 46)
    canvas.setFont("Helvetica", 9)
    y = 740.0
    for text in _words_of(document):
        canvas.drawString(48, y, text.encode("ascii", "replace").decode())
        y -= 10
    for place in range(8):
        canvas.line(48, 500 - place * 20, 547, 500 - place * 20)
    canvas.showPage()
    canvas.save()
    return buffer.getvalue()


@cache
def _picture(data: bytes) -> ImageReader:
    return ImageReader(BytesIO(data))


def _words_of(document: InvoiceDocument) -> list[str]:
    words = [document.brand.name, *document.brand.lines, "Invoice", document.number, document.badge.word]
    words += ["BILL TO", document.payer.name, *document.payer.lines, document.payer.account_number]
    words += ["Issued", str(document.issued_on), "Due", str(document.due_on), "Account"]
    words += ["Amount due", str(document.amount_due), "Pay by M-Pesa", "Paybill", "174379", "Scan to pay"]
    words += ["DESCRIPTION", "PERIOD", "TAX, KES", "NET, KES"]
    for line in document.lines:
        words += [line.text, str(line.period), "30 days", str(line.tax), str(line.net)]
    words += ["Subtotal", str(document.subtotal), "Total due", str(document.total), document.closing]
    return [*words, *(part for tax in document.taxes for part in (tax.text, str(tax.tax))), "Page 1 of 1"]


def _weasyprint() -> Rival:
    try:
        from weasyprint import HTML
    except (ImportError, OSError) as cause:
        return Rival(None, f"{cause}".splitlines()[0][:120] or "it cannot be loaded")

    def draw(document: InvoiceDocument) -> bytes:
        pdf: bytes = HTML(string=_page_of(document)).write_pdf()
        return pdf

    return Rival(draw)


def _page_of(document: InvoiceDocument) -> str:
    """Return the same content as a web page, with the same logo and a QR code as an SVG."""
    import base64

    import segno

    def escape(text: object) -> str:
        return html.escape(str(text))

    assert document.brand.logo is not None
    assert document.pay is not None
    logo = base64.b64encode(document.brand.logo).decode()
    code = segno.make_qr(document.pay.url, error="m", mask=3, boost_error=False).svg_inline(scale=2)
    rows = "".join(
        f"<tr><td>{escape(line.text)}<td>{escape(line.period)}<td>{line.tax}<td>{line.net}"
        for line in document.lines
    )
    words = "".join(f"<p>{escape(word)}" for word in _words_of(document)[:16])
    return (
        "<style>@page{size:A4;margin:17mm}body{font:9pt 'DejaVu Sans'}table{width:100%}"
        "td{border-bottom:1px solid #ddd}p{margin:2pt}</style>"
        f"<img width=190 src='data:image/jpeg;base64,{logo}'>{words}{code}<table>{rows}</table>"
        f"<p>{document.subtotal}<p>{document.total}<p>{escape(document.closing)}"
    )


def _unreadable_names() -> list[str]:
    unread = []
    for number, name in enumerate(NAMES):
        with pypdfium2.PdfDocument(render_invoice(_invoice(number))) as opened:
            if name not in opened[0].get_textpage().get_text_range():
                unread.append(name)
    return unread


def _code_on(pdf: bytes) -> str:
    with pypdfium2.PdfDocument(pdf) as opened:
        picture = opened[0].render(scale=2.5).to_pil()
    found = zxingcpp.read_barcodes(picture)
    return found[0].text if found else ""


def _kes(minor: int) -> Money:
    return Money(minor, "KES")


def _drawn_logo() -> bytes:
    picture = Image.new("RGBA", (760, 184), (0, 0, 0, 0))
    pen = ImageDraw.Draw(picture)
    pen.ellipse((4, 4, 180, 180), fill="#3e57da")
    for left in range(220, 740, 60):
        pen.rectangle((left, 60 + left % 50, left + 36, 140), fill="#11151d")
    written = BytesIO()
    picture.save(written, "PNG")
    return as_logo(written.getvalue())


_BRAND: Final = Brand(
    "Rift Valley Net", "#3e57da", ("Kenyatta Avenue 12, Nakuru", "0712 345 678"), "P051234567X"
)
_LOGO: Final = _drawn_logo()
