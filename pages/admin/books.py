"""The books: the trial balance of a day, how old the debts are, and the proof that all of it is right."""

from datetime import date

from benfex.application import Benfex
from benfex.core.policy import billing_today
from benfex.ledger.verification import LedgerReport, verify_ledger
from benfex.reporting.ageing import BUCKETS, AgedDebt, Ageing, ageing
from benfex.reporting.trial_balance import TrialBalance, trial_balance
from components.avatar import who_cell
from components.charts import plain_table
from components.data_table import Column, DataTable, Empty, Row, TableQuery
from components.elements import body, box, card, text
from components.empty_state import empty_state
from components.feedback import Note, action_button
from components.form import Form, Values
from components.money import money_cell
from data.values.errors import InvalidInput
from data.values.money import Money
from data.values.roles import Permission
from pages.admin.phrases import say_count
from pages.admin.sections import Section, Sections
from pages.admin.shell import console
from pages.dependencies import BenfexDep, SignedInStaff, StaffDep
from pages.screen import screen

_AGEING = (
    Column("who", "Customer", "who"),
    *(
        Column(f"part{place}", bucket.capitalize(), "money", on_card=False)
        for place, bucket in enumerate(BUCKETS)
    ),
    Column("total", "In all", "money"),
)


@screen("/admin/books")
async def books(benfex: BenfexDep, staff: StaffDep) -> None:
    """Show the books."""
    with console(
        benfex,
        staff,
        title="Books",
        active="/admin/books",
        need=Permission.VIEW_LEDGER,
        subtitle="What the ledger says, and whether it is right",
    ):
        shown = _Books(benfex, staff)
        await Sections(
            [
                Section("trial-balance", "Trial balance", shown.trial_balance),
                Section("ageing", "Ageing", shown.ageing),
                Section("proof", "Proof", shown.proof),
            ],
            label="Books",
        ).show("trial-balance")


class _Books:
    """The three parts of the page."""

    def __init__(self, benfex: Benfex, staff: SignedInStaff) -> None:
        self._benfex, self._staff = benfex, staff

    async def trial_balance(self) -> None:
        """Create the trial balance and the question of which day it is of."""
        today = await self._benfex.read(billing_today, await self._staff.fresh())
        with card("Trial balance", note="At the end of a day"):
            with body(), Form(self._choose_day) as form:
                form.date("on", "Day", today.isoformat())
                form.submit("Show", kind="ghost")
            self._balance = box()
        await self._show_balance(today)

    async def ageing(self) -> None:
        """Create the table of debts by age."""
        sums = box("bf-stack")

        async def fetch(query: TableQuery) -> tuple[list[Row], int]:
            found = await self._benfex.read(ageing, await self._staff.fresh())
            sums.clear()
            with sums:
                _show_sums(found)
            wanted = query.search.strip().casefold()
            fits = [
                debt
                for debt in found.debts
                if wanted in f"{debt.customer_name} {debt.account_number}".casefold()
            ]
            start = (query.page - 1) * query.size
            return [_debt_row(debt) for debt in fits[start : start + query.size]], len(fits)

        table = DataTable(
            _AGEING,
            fetch,
            label="Debts by age",
            sort="",
            search_hint="Customer or account",
            empty=Empty("Nobody owes anything", "Open invoices are listed here by age.", "circle-check"),
        )
        await table.refresh()

    async def proof(self) -> None:
        """Create the place of the proof; it is made when asked for."""
        with card("Proof", note="Every entry, account, document and number"), body("bf-stack"):
            text("The books are proved each night. Proving them now reads all of them.", "bf-sub")
            action_button("Prove the books", self._prove, icon="shield-check")
            self._proof = box("bf-stack")

    async def _choose_day(self, values: Values) -> None:
        try:
            on = date.fromisoformat(values["on"])
        except ValueError as cause:
            raise InvalidInput("on", "Choose a day.") from cause
        await self._show_balance(on)

    async def _show_balance(self, on: date) -> None:
        found = await self._benfex.read(trial_balance, await self._staff.fresh(), on=on)
        self._balance.clear()
        with self._balance:
            _show_trial_balance(found)

    async def _prove(self) -> None:
        report = await self._benfex.read(verify_ledger, await self._staff.fresh())
        self._proof.clear()
        with self._proof:
            _show_report(report)


def _show_trial_balance(found: TrialBalance) -> None:
    if not found.lines:
        empty_state("Nothing booked by then", "Each invoice and payment is booked here.", symbol="book-open")
        return
    only = found.totals[0][0].currency if len(found.totals) == 1 else ""
    rows = [
        [f"{line.code} {line.name}", _cell(line.debit, only), _cell(line.credit, only)]
        for line in found.lines
    ]
    rows += [["Total", _cell(debit, only), _cell(credit, only)] for debit, credit in found.totals]
    with body("bf-sheet"):
        plain_table(["Account", *(f"{side}, {only}" if only else side for side in ("Debit", "Credit"))], rows)
    if not found.is_balanced:
        Note("Debits and credits differ. Prove the books.", tone="bad", symbol="triangle-alert")


def _show_sums(found: Ageing) -> None:
    for parts in found.totals:
        with card("All customers", note="By days overdue"), body("bf-sheet"):
            rows = [[bucket.capitalize(), _cell(part)] for bucket, part in zip(BUCKETS, parts, strict=True)]
            plain_table(["Overdue", "Owed"], [*rows, ["In all", sum(parts[1:], parts[0]).format_exact()]])


def _debt_row(debt: AgedDebt) -> Row:
    row: Row = {
        "id": f"{debt.customer_id} {debt.total.currency}",
        "href": f"/admin/customers/{debt.customer_id}",
    }
    row |= who_cell("who", debt.customer_name, debt.account_number)
    for place, part in enumerate(debt.parts):
        row |= money_cell(f"part{place}", None if part.is_zero else part)
    return row | money_cell("total", debt.total)


def _show_report(report: LedgerReport) -> None:
    if report.first is None:
        entries = say_count(report.entries, "entry", "entries")
        Note(f"{entries} proved, and everything agrees.", tone="ok", symbol="shield-check")
        return
    Note(
        f"The first wrong row: {report.first.where} {report.first.what}.",
        tone="bad",
        symbol="triangle-alert",
    )
    rows = [[row.where, row.what] for row in report.discrepancies]
    with box("bf-scroll"):
        plain_table(["Row", "What is wrong"], rows)


def _cell(amount: Money, currency: str = "") -> str:
    """Return the amount to the cent; without `currency`, where the heading of its column says it."""
    return "" if amount.is_zero else amount.format_exact().removeprefix(f"{currency} ")
