"""A credit note on paper. Pure: what it says is read in `views`."""

from dataclasses import dataclass
from datetime import date

from benfex.documents.layout import draw_sheet
from benfex.documents.paper import drawn_alone
from benfex.documents.parts import ChargedLine, Payer, TaxedSum, charge_columns, charge_row, tax_sums
from benfex.documents.sheet import Brand, Party, Sheet, Sum
from benfex.documents.wording import say_amount, say_date
from data.values.money import Money


@dataclass(frozen=True, slots=True)
class CreditNoteDocument:
    """A credit note as it is printed; what it takes back is positive."""

    brand: Brand
    number: str
    invoice_number: str
    payer: Payer
    issued_on: date
    reason: str
    lines: tuple[ChargedLine, ...]
    subtotal: Money
    taxes: tuple[TaxedSum, ...]
    total: Money
    closing: str = ""


@drawn_alone
def render_credit_note(document: CreditNoteDocument) -> bytes:
    """Return the credit note as PDF; the same document gives the same bytes."""
    reason = f"Reason: {document.reason}" if document.reason else ""
    return draw_sheet(
        Sheet(
            brand=document.brand,
            kind="Credit note",
            number=document.number,
            facts=(
                ("Issued", say_date(document.issued_on)),
                ("For invoice", document.invoice_number),
                ("Account", document.payer.account_number),
            ),
            party=Party("CREDIT TO", document.payer.name, document.payer.lines),
            columns=charge_columns(document.total.currency),
            rows=tuple(charge_row(line) for line in document.lines),
            sums=(
                Sum("Subtotal", say_amount(document.subtotal)),
                *tax_sums(document.taxes),
                Sum("Total credited", say_amount(document.total), is_strong=True),
            ),
            closing="\n".join(part for part in (reason, document.closing) if part),
        )
    )
