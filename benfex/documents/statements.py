"""A statement of account on paper. Pure: what it says is read in `views`."""

from dataclasses import dataclass
from datetime import date

from benfex.documents.layout import draw_sheet
from benfex.documents.paper import drawn_alone
from benfex.documents.parts import HowToPay, Payer, pay_card
from benfex.documents.sheet import Brand, Column, Party, Sheet, Sum, TableRow
from benfex.documents.wording import say_amount, say_date, say_figure
from data.values.identifiers import CustomerId
from data.values.money import Money


@dataclass(frozen=True, slots=True)
class StatementEntry:
    """One booking: what is owed more (positive) or less (negative), and what is owed after it."""

    on: date
    text: str
    note: str
    amount: Money
    balance: Money


@dataclass(frozen=True, slots=True)
class StatementDocument:
    """A statement of both days and all between them, oldest first; a negative balance is the customer's credit.

    `pay` is None when nothing is owed now.
    """

    brand: Brand
    customer_id: CustomerId
    payer: Payer
    first_on: date
    last_on: date
    made_on: date
    opening: Money
    entries: tuple[StatementEntry, ...]
    closing_balance: Money
    owed_now: Money
    closing: str = ""
    pay: HowToPay | None = None


@drawn_alone
def render_statement(document: StatementDocument) -> bytes:
    """Return the statement as PDF; the same document gives the same bytes."""
    currency, zero = document.opening.currency, Money.zero(document.opening.currency)
    charged = sum((entry.amount for entry in document.entries if entry.amount.is_positive), zero)
    paid = sum((entry.amount for entry in document.entries if entry.amount.is_negative), zero)
    balance = document.closing_balance
    opening = TableRow(
        ("Brought forward", "", "", "", say_figure(document.opening)), (say_date(document.first_on),)
    )
    return draw_sheet(
        Sheet(
            brand=document.brand,
            kind="Statement",
            number=f"{say_date(document.first_on)} – {say_date(document.last_on)}",
            facts=(("Made on", say_date(document.made_on)), ("Account", document.payer.account_number)),
            party=Party("ACCOUNT OF", document.payer.name, document.payer.lines),
            columns=(
                Column("WHAT", 0.38),
                Column("DATE", 0.17),
                Column(f"CHARGED, {currency}", 0.15, is_figure=True),
                Column(f"PAID, {currency}", 0.15, is_figure=True),
                Column(f"BALANCE, {currency}", 0.15, is_figure=True),
            ),
            rows=(opening, *(_row(entry) for entry in document.entries)),
            sums=(
                Sum("Brought forward", say_amount(document.opening)),
                Sum("Charged", say_amount(charged)),
                Sum("Paid and credited", say_amount(paid)),
                Sum(
                    f"{'Your credit' if balance.is_negative else 'Balance'} on {say_date(document.last_on)}",
                    say_amount(abs(balance)),
                    is_strong=True,
                ),
            ),
            closing=document.closing,
            card=pay_card(
                document.pay,
                label="Owed now",
                amount=document.owed_now,
                note=f"as of {say_date(document.made_on)}",
                account_number=document.payer.account_number,
            ),
        )
    )


def _row(entry: StatementEntry) -> TableRow:
    charged = say_figure(entry.amount) if entry.amount.is_positive else ""
    paid = say_figure(-entry.amount) if not entry.amount.is_positive else ""
    return TableRow((entry.text, say_date(entry.on), charged, paid, say_figure(entry.balance)), (entry.note,))
