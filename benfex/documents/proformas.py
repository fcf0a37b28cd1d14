"""A proforma on paper: a quote, and no invoice. Pure: what it says is read in `proforma_views`."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from benfex.documents.layout import draw_sheet
from benfex.documents.paper import drawn_alone
from benfex.documents.parts import HowToPay, Payer, TaxedSum, pay_card, tax_sums
from benfex.documents.sheet import Brand, Column, Party, Sheet, Sum, TableRow
from benfex.documents.wording import say_amount, say_date, say_days, say_figure, say_period
from data.values.identifiers import CustomerId
from data.values.money import Money
from data.values.periods import Period


class ProformaScope(StrEnum):
    """What is quoted: what brings a customer online again, or the next period as well."""

    BACK_ONLINE = "back_online"
    NEXT_PERIOD = "next_period"


@dataclass(frozen=True, slots=True)
class QuotedLine:
    """What would be paid for: an open invoice with all that is open of it, or a charge, tax included."""

    text: str
    amount: Money
    period: Period | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class ProformaDocument:
    """A quote as it is printed; it has no number, for only invoices are numbered."""

    brand: Brand
    customer_id: CustomerId
    payer: Payer
    made_on: date
    lines: tuple[QuotedLine, ...]
    taxes: tuple[TaxedSum, ...]
    credit: Money
    to_pay: Money
    closing: str = ""
    pay: HowToPay | None = None


@drawn_alone
def render_proforma(document: ProformaDocument) -> bytes:
    """Return the proforma as PDF; the same document gives the same bytes."""
    currency = document.to_pay.currency
    sums = [Sum(f"{line.label}, in the new charges", line.value) for line in tax_sums(document.taxes)]
    if document.credit.is_positive:
        sums.append(Sum("Your credit with us", say_amount(-document.credit)))
    return draw_sheet(
        Sheet(
            brand=document.brand,
            kind="Proforma",
            number="a quote, not an invoice",
            facts=(
                ("Made on", say_date(document.made_on)),
                ("Account", document.payer.account_number),
            ),
            party=Party("QUOTE FOR", document.payer.name, document.payer.lines),
            columns=(
                Column("DESCRIPTION", 0.5),
                Column("PERIOD", 0.3),
                Column(f"WITH TAX, {currency}", 0.2, is_figure=True),
            ),
            rows=tuple(_row(line) for line in document.lines),
            sums=(*sums, Sum("To pay", say_amount(document.to_pay), is_strong=True)),
            closing=document.closing,
            card=pay_card(
                document.pay,
                label="To pay",
                amount=document.to_pay,
                note="",
                account_number=document.payer.account_number,
            ),
            empty="There is nothing to pay.",
        )
    )


def _row(line: QuotedLine) -> TableRow:
    period = line.period
    return TableRow(
        (line.text, say_period(period) if period else "", say_figure(line.amount)),
        (line.note, say_days(period.days) if period else ""),
    )
