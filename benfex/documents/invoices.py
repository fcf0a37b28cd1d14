"""An invoice on paper. Pure: what it says is read in `views`."""

from dataclasses import dataclass
from datetime import date

from benfex.documents.layout import draw_sheet
from benfex.documents.paper import drawn_alone
from benfex.documents.parts import (
    ChargedLine,
    HowToPay,
    Payer,
    TaxedSum,
    charge_columns,
    charge_row,
    pay_card,
    tax_sums,
)
from benfex.documents.sheet import Badge, Brand, Party, Sheet, Sum
from benfex.documents.wording import say_amount, say_date
from data.values.identifiers import CustomerId
from data.values.money import Money


@dataclass(frozen=True, slots=True)
class SettledSum:
    """A part of the total that is settled: the words say by what and when."""

    text: str
    amount: Money


@dataclass(frozen=True, slots=True)
class InvoiceDocument:
    """An invoice as it is printed. `pay` is None when nothing is to be paid."""

    brand: Brand
    customer_id: CustomerId
    number: str
    payer: Payer
    issued_on: date
    due_on: date
    badge: Badge
    lines: tuple[ChargedLine, ...]
    subtotal: Money
    taxes: tuple[TaxedSum, ...]
    total: Money
    settled: tuple[SettledSum, ...]
    amount_due: Money
    closing: str = ""
    pay: HowToPay | None = None


@drawn_alone
def render_invoice(document: InvoiceDocument) -> bytes:
    """Return the invoice as PDF; the same document gives the same bytes."""
    currency = document.total.currency
    sums = [Sum("Subtotal", say_amount(document.subtotal)), *tax_sums(document.taxes)]
    if document.settled or document.amount_due != document.total:
        sums.append(Sum("Total", say_amount(document.total)))
        sums += [Sum(part.text, say_amount(-part.amount)) for part in document.settled]
        sums.append(Sum("Amount due", say_amount(document.amount_due), is_strong=True))
    else:
        sums.append(Sum("Total due", say_amount(document.total), is_strong=True))
    return draw_sheet(
        Sheet(
            brand=document.brand,
            kind="Invoice",
            number=document.number,
            facts=(
                ("Issued", say_date(document.issued_on)),
                ("Due", say_date(document.due_on)),
                ("Account", document.payer.account_number),
            ),
            party=Party("BILL TO", document.payer.name, document.payer.lines),
            columns=charge_columns(currency),
            rows=tuple(charge_row(line) for line in document.lines),
            sums=tuple(sums),
            closing=document.closing,
            badge=document.badge,
            card=pay_card(
                document.pay,
                label="Amount due",
                amount=document.amount_due,
                note=f"Please pay by {say_date(document.due_on)}",
                account_number=document.payer.account_number,
            ),
        )
    )
