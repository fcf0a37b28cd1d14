"""What several documents have in common: whom they are for, charges and their taxes, and how to pay. Pure."""

from dataclasses import dataclass

from benfex.documents.sheet import Card, Column, Sum, TableRow
from benfex.documents.wording import say_amount, say_days, say_figure, say_period
from data.values.money import Money
from data.values.periods import Period


@dataclass(frozen=True, slots=True)
class Payer:
    """Whom a document is for."""

    name: str
    account_number: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChargedLine:
    """One charge, net, and its share of the tax; a discount or a credit is negative."""

    text: str
    net: Money
    tax: Money
    period: Period | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class TaxedSum:
    """The tax of one rate over the whole document, in words with its rate; `base` None where it is not told."""

    text: str
    tax: Money
    base: Money | None = None


@dataclass(frozen=True, slots=True)
class HowToPay:
    """The ways to pay: the link behind the QR code, and the Paybill; each may be missing."""

    url: str = ""
    paybill: str = ""


def charge_columns(currency: str) -> tuple[Column, ...]:
    """Return the columns of a table of charges."""
    return (
        Column("DESCRIPTION", 0.43),
        Column("PERIOD", 0.27),
        Column(f"TAX, {currency}", 0.13, is_figure=True),
        Column(f"NET, {currency}", 0.17, is_figure=True),
    )


def charge_row(line: ChargedLine) -> TableRow:
    """Return a charge as a row of that table."""
    period = line.period
    return TableRow(
        cells=(line.text, say_period(period) if period else "", say_figure(line.tax), say_figure(line.net)),
        notes=(line.note, say_days(period.days) if period else ""),
    )


def tax_sums(taxes: tuple[TaxedSum, ...]) -> list[Sum]:
    """Return the taxes as lines under a table."""
    return [
        Sum(
            f"{tax.text} of {say_figure(tax.base)}" if tax.base is not None else tax.text, say_amount(tax.tax)
        )
        for tax in taxes
    ]


def pay_card(
    pay: HowToPay | None, *, label: str, amount: Money, note: str, account_number: str
) -> Card | None:
    """Return the card that says what to pay and how; None when there is nothing to pay."""
    if pay is None or not amount.is_positive:
        return None
    steps = (("Paybill", pay.paybill), ("Account", account_number), ("Amount", amount.format()))
    return Card(
        label=label,
        figure=say_amount(amount),
        note=note,
        heading="Pay by M-Pesa" if pay.paybill else "",
        steps=steps if pay.paybill else (("Reference", account_number),),
        url=pay.url,
        caption="Scan to pay" if pay.url else "",
    )
