"""The books: the trial balance of a day, how old the debts are, and the proof that all of it is right."""

from datetime import date

from nicegui import ui

from benfex.application import Benfex
from benfex.core.policy import billing_today
from benfex.ledger.verification import LedgerReport, verify_ledger
from benfex.reporting.ageing import BUCKETS, AgedDebt, Ageing, ageing
from benfex.reporting.trial_balance import TrialBalance, trial_balance
from components.charts import plain_table
from components.elements import body, box, card, text
from components.empty_state import empty_state
from components.feedback import Note, action_button
from components.form import Form, Values
from data.values.errors import InvalidInput
from data.values.money import Money
from data.values.roles import Permission
from pages.admin.phrases import say_count
from pages.admin.sections import Section, Sections
from pages.admin.shell import console
from pages.dependencies import BenfexDep, SignedInStaff, StaffDep

_DEBTS_SHOWN = 200


@ui.page("/admin/books")
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
        found = await self._benfex.read(ageing, await self._staff.fresh())
        with card("What customers owe", note="By days overdue"):
            _show_ageing(found)

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
    rows = [[f"{line.code} {line.name}", _cell(line.debit), _cell(line.credit)] for line in found.lines]
    rows += [["Total", _cell(debit), _cell(credit)] for debit, credit in found.totals]
    with body("bf-scroll"):
        plain_table(["Account", "Debit", "Credit"], rows)
    if not found.is_balanced:
        Note("Debits and credits differ. Prove the books.", tone="bad", symbol="triangle-alert")


def _show_ageing(found: Ageing) -> None:
    if not found.debts:
        empty_state("Nobody owes anything", "Open invoices are listed here by age.", symbol="circle-check")
        return
    rows = [["Total", *_parts(parts)] for parts in found.totals]
    rows += [_debt_row(debt) for debt in found.debts[:_DEBTS_SHOWN]]
    with body("bf-scroll"):
        plain_table(["Customer", *(bucket.capitalize() for bucket in BUCKETS), "In all"], rows)
    if len(found.debts) > _DEBTS_SHOWN:
        more = say_count(len(found.debts) - _DEBTS_SHOWN, "customer")
        text(f"{more} with smaller debts are left out here; the API lists all.", "bf-sub")


def _debt_row(debt: AgedDebt) -> list[str]:
    name = f"{debt.customer_name} · {debt.account_number}"
    return [name, *(_cell(part) for part in debt.parts), debt.total.format_exact()]


def _parts(parts: tuple[Money, ...]) -> list[str]:
    whole = sum(parts[1:], parts[0])
    return [*(_cell(part) for part in parts), whole.format_exact()]


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


def _cell(amount: Money) -> str:
    return "" if amount.is_zero else amount.format_exact()
