"""The invoice list, and the bill run that makes invoices."""

from datetime import date

from benfex.billing.views import InvoiceListed, invoice_counts, list_invoices
from benfex.core.events import InvoiceIssued, InvoicePaid
from benfex.core.policy import billing_today
from components.avatar import who_cell
from components.data_table import Column, DataTable, Empty, Row, TableQuery, TableTab
from components.elements import box, button
from components.moments import say_day
from components.money import money_cell
from components.stat_card import StatCard
from components.status_badge import OVERDUE, status_cell
from data.values.roles import Permission
from pages.admin.bill_run import open_bill_run
from pages.admin.lists import Unhurried, on_each, page_request
from pages.admin.phrases import say_count
from pages.admin.shell import console, may
from pages.dependencies import BenfexDep, StaffDep
from pages.screen import screen

_TABS = (("all", "All"), ("open", "To pay"), ("overdue", "Overdue"), ("paid", "Paid"), ("void", "Void"))
_COLUMNS = (
    Column("customer", "Customer", "who", sort="customer"),
    Column("number", "Invoice", "note", sort="number"),
    Column("status", "Status", "badge"),
    Column("issued", "Issued", "note", sort="issued", on_card=False),
    Column("due", "Due", "note", sort="due"),
    Column("open", "To pay", "money", on_card=False),
    Column("total", "Total", "money", sort="total"),
)


@screen("/admin/invoices")
async def invoices(benfex: BenfexDep, staff: StaffDep) -> None:
    """Show the list."""

    def actions() -> None:
        if may(staff, Permission.RUN_BILLING):
            button("Bill run", lambda: open_bill_run(benfex, staff), icon="calendar-clock")

    with console(
        benfex,
        staff,
        title="Invoices",
        active="/admin/invoices",
        need=Permission.VIEW_INVOICES,
        actions=actions,
    ):
        today = await benfex.read(billing_today, staff.actor)
        with box("bf-grid bf-kpis bf-brief"):
            to_come = StatCard("To come in", "—", symbol="receipt-text")
            late = StatCard("Overdue", "—", symbol="triangle-alert")

        async def fetch(query: TableQuery) -> tuple[list[Row], int]:
            page = await benfex.read(list_invoices, await staff.fresh(), request=page_request(query))
            return [invoice_row(line, today) for line in page.rows], page.total

        table = DataTable(
            _COLUMNS,
            fetch,
            label="Invoices",
            sort="issued",
            descending=True,
            search_hint="Number, customer or account",
            tabs=[TableTab(key, label) for key, label in _TABS],
            empty=Empty(
                "No invoice here", "Invoices come from new services and from bill runs.", "receipt-text"
            ),
        )

        async def refresh() -> None:
            await table.refresh()
            counts = await benfex.read(invoice_counts, await staff.fresh())
            for key, _ in _TABS:
                table.set_count(key, f"{getattr(counts, key):,}")
            to_come.set(str(counts.to_come), note=f"on {say_count(counts.open, 'invoice')}")
            late.set(str(counts.late), note=f"on {say_count(counts.overdue, 'invoice')}")

        await refresh()
        soon = Unhurried(refresh)
        on_each(benfex, (InvoiceIssued, InvoicePaid), soon.ask)


def invoice_row(line: InvoiceListed, today: date) -> Row:
    """Return the row of an invoice with its customer in front."""
    row: Row = {
        "id": str(line.invoice_id),
        "href": f"/admin/invoices/{line.invoice_id}",
        "number": line.number or "Draft",
        "issued": say_day(line.issued_on, today=today) if line.issued_on else "—",
        "due": say_day(line.due_on, today=today) if line.due_on else "—",
    }
    row |= who_cell("customer", line.customer_name, line.account_number)
    row |= status_cell("status", OVERDUE if line.is_overdue else line.status)
    outstanding = None if line.outstanding.is_zero else line.outstanding
    return row | money_cell("total", line.total) | money_cell("open", outstanding)
