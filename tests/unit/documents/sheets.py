"""Documents to draw in tests, and what a reader sees of a PDF: its text, its pages, the codes on them."""

from dataclasses import replace
from datetime import date

import pypdfium2
import zxingcpp

from benfex.documents.invoices import InvoiceDocument, SettledSum
from benfex.documents.parts import ChargedLine, HowToPay, Payer, TaxedSum
from benfex.documents.sheet import Badge, Brand
from data.values.identifiers import CustomerId
from data.values.money import Money
from data.values.periods import Period

URL = "https://billing.example/pay/0123456789abcdef0123456789abcdef"
BRAND = Brand(
    "Rift Valley Net", "#3e57da", ("Kenyatta Avenue 12, Nakuru", "0712 345 678"), tax_number="P051234567X"
)
PERIOD = Period(date(2026, 11, 25), date(2026, 12, 25))


def kes(minor: int) -> Money:
    return Money(minor, "KES")


def an_invoice(**changes: object) -> InvoiceDocument:
    """Return an invoice over KES 2,800 of which KES 800 is paid; whatever is named is different."""
    return replace(_INVOICE, **changes)  # type: ignore[arg-type]  # the fields are those of the document


_INVOICE = InvoiceDocument(
    brand=BRAND,
    customer_id=CustomerId(1),
    number="INV-2026-00042",
    payer=Payer("Amina Wanjirũ", "BFX000014", ("Plot 7, Nakuru", "+254 712 345 126")),
    issued_on=date(2026, 11, 25),
    due_on=date(2026, 12, 2),
    badge=Badge("To be paid", "warn"),
    lines=(
        ChargedLine("Home 10", kes(215_517), kes(34_483), PERIOD),
        ChargedLine("Static address", kes(47_414), kes(7_586), PERIOD, note="2 × KES 275.00"),
        ChargedLine("Loyal customer", kes(-21_552), kes(-3_448), PERIOD),
    ),
    subtotal=kes(241_379),
    taxes=(TaxedSum("VAT 16%", kes(38_621), kes(241_379)),),
    total=kes(280_000),
    settled=(SettledSum("M-Pesa SFF6XYZ123, 26 Nov 2026", kes(80_000)),),
    amount_due=kes(200_000),
    closing="Thank you for being with Rift Valley Net.",
    pay=HowToPay(URL, "174379"),
)


def text_of(pdf: bytes) -> str:
    """Return all text as a reader copies it, page after page."""
    with pypdfium2.PdfDocument(pdf) as opened:
        return "\n".join(page.get_textpage().get_text_range() for page in opened)


def pages_of(pdf: bytes) -> list[str]:
    """Return the text of each page."""
    with pypdfium2.PdfDocument(pdf) as opened:
        return [page.get_textpage().get_text_range() for page in opened]


def codes_on(pdf: bytes) -> list[str]:
    """Return what the QR codes on the first page say, as a phone reads them off the paper."""
    with pypdfium2.PdfDocument(pdf) as opened:
        picture = opened[0].render(scale=2.5).to_pil()
    return [found.text for found in zxingcpp.read_barcodes(picture)]


def facts_of(pdf: bytes) -> dict[str, str]:
    """Return title, author and the rest of what a PDF says of itself."""
    with pypdfium2.PdfDocument(pdf) as opened:
        found: dict[str, str] = opened.get_metadata_dict()
        return found
