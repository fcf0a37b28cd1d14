"""A receipt for a payment on paper. Pure: what it says is read in `views`."""

from dataclasses import dataclass
from datetime import date

from benfex.documents.layout import draw_sheet
from benfex.documents.paper import drawn_alone
from benfex.documents.parts import Payer
from benfex.documents.sheet import Badge, Brand, Card, Column, Party, Sheet, Sum, TableRow
from benfex.documents.wording import say_amount, say_date, say_figure
from data.values.money import Money


@dataclass(frozen=True, slots=True)
class PaidPart:
    """What of the payment went to one invoice."""

    invoice_number: str
    issued_on: date | None
    total: Money
    paid: Money


@dataclass(frozen=True, slots=True)
class ReceiptDocument:
    """A receipt as it is printed. `number` is ours where money was taken by hand, `reference` of who sent it;
    `received` is the moment in words of the ISP's timezone.

    `kept` is the part that no invoice took, `refunded` what went back; `is_reversed` when the gateway took it back.
    """

    brand: Brand
    number: str
    reference: str
    payer: Payer
    received: str
    method: str
    amount: Money
    parts: tuple[PaidPart, ...]
    kept: Money
    refunded: Money
    is_reversed: bool = False
    closing: str = ""


@drawn_alone
def render_receipt(document: ReceiptDocument) -> bytes:
    """Return the receipt as PDF; the same document gives the same bytes."""
    currency = document.amount.currency
    sums = []
    if document.refunded.is_positive:
        sums.append(Sum("Given back", say_amount(document.refunded)))
    if document.kept.is_positive:
        sums.append(Sum("Kept for your next invoices", say_amount(document.kept)))
    badge = Badge("Reversed", "bad") if document.is_reversed else Badge("Received", "ok")
    return draw_sheet(
        Sheet(
            brand=document.brand,
            kind="Receipt",
            number=document.number,
            facts=(("Received", document.received), ("Account", document.payer.account_number)),
            party=Party("RECEIVED FROM", document.payer.name, document.payer.lines),
            columns=(
                Column("PAID TO INVOICE", 0.34),
                Column("ISSUED", 0.26),
                Column(f"INVOICE TOTAL, {currency}", 0.2, is_figure=True),
                Column(f"PAID, {currency}", 0.2, is_figure=True),
            ),
            rows=tuple(
                TableRow(
                    (
                        part.invoice_number,
                        say_date(part.issued_on) if part.issued_on else "",
                        say_figure(part.total),
                        say_figure(part.paid),
                    )
                )
                for part in document.parts
            ),
            sums=(*sums, Sum("Amount received", say_amount(document.amount), is_strong=True)),
            closing=document.closing,
            badge=badge,
            card=Card(
                label="Amount received",
                figure=say_amount(document.amount),
                heading=document.method,
                steps=(("Reference", document.reference), ("Received", document.received)),
            ),
            empty="No invoice took this payment yet; it is kept for your next ones.",
        )
    )
