"""The money of one customer: invoices, payments, and the statement that ties them together."""

from benfex.application import Benfex
from benfex.billing.views import InvoiceListed, list_invoices
from benfex.customers.statements import StatementLine, statement_of_account
from benfex.customers.views import CustomerView
from benfex.payments.gateway import name_of_gateway
from benfex.payments.views import PaymentListed, list_payments
from components.data_table import Column, DataTable, Empty, Row, TableQuery
from components.elements import box, button, text
from components.moments import say_day, say_exactly, say_when
from components.money import money_cell
from components.status_badge import OVERDUE, status_cell
from data.values.money import Money
from data.values.roles import Permission
from pages.admin.lists import page_request
from pages.admin.paper_dialogs import RECEIPT, open_proforma, open_statement
from pages.admin.phrases import say_balance, say_span
from pages.admin.refund_dialogs import open_payout
from pages.admin.refunds import RefundLists
from pages.admin.sections import Section, Sections
from pages.admin.shell import may
from pages.dependencies import SignedInStaff

_INVOICES = (
    Column("number", "Invoice"),
    Column("status", "Status", "badge"),
    Column("due", "Due", "note", sort="due"),
    Column("total", "Total", "money", sort="total"),
    Column("open", "To pay", "money", on_card=False),
)
_PAYMENTS = (
    Column("how", "Payment"),
    Column("at", "Received", "note", sort="received"),
    Column("back", "Access restored", "note"),
    Column("amount", "Amount", "money", sort="amount"),
)
_STATEMENT = (
    Column("word", "What"),
    Column("at", "When", "note"),
    Column("amount", "Amount", "money"),
    Column("balance", "Balance", "money"),
)


class MoneySection:
    """Three lists of which one shows; `refresh` reads again those that were opened."""

    def __init__(self, benfex: Benfex, staff: SignedInStaff, view: CustomerView) -> None:
        self._benfex, self._staff, self._view = benfex, staff, view
        self._tables: list[DataTable | RefundLists] = []

    async def build(self) -> None:
        """Create the lists that the person may see."""
        sections = []
        if may(self._staff, Permission.VIEW_INVOICES):
            sections.append(Section("invoices", "Invoices", self._invoices))
        if may(self._staff, Permission.VIEW_PAYMENTS):
            sections.append(Section("payments", "Payments", self._payments))
            sections.append(Section("refunds", "Refunds", self._refunds))
        if may(self._staff, Permission.VIEW_INVOICES):
            sections.append(Section("statement", "Statement", self._statement))
        if sections:
            await Sections(sections, label="Money").show(sections[0].key)

    async def refresh(self) -> None:
        """Read the opened lists again."""
        for table in self._tables:
            await table.refresh()

    async def _invoices(self) -> None:
        async def fetch(query: TableQuery) -> tuple[list[Row], int]:
            page = await self._benfex.read(
                list_invoices,
                await self._staff.fresh(),
                request=page_request(query),
                customer_id=self._view.customer_id,
            )
            return [self._invoice_row(line) for line in page.rows], page.total

        await self._keep(
            DataTable(
                _INVOICES,
                fetch,
                label="Invoices",
                sort="issued",
                descending=True,
                size=10,
                empty=Empty("No invoice yet", "The first one comes with the first service.", "receipt-text"),
            )
        )

    async def _payments(self) -> None:
        async def fetch(query: TableQuery) -> tuple[list[Row], int]:
            page = await self._benfex.read(
                list_payments,
                await self._staff.fresh(),
                request=page_request(query),
                customer_id=self._view.customer_id,
            )
            return [self._payment_row(line) for line in page.rows], page.total

        await self._keep(
            DataTable(
                _PAYMENTS,
                fetch,
                label="Payments",
                sort="received",
                descending=True,
                size=10,
                row_actions=[RECEIPT],
                empty=Empty("No payment yet", "Money that comes in is listed here.", "wallet"),
            )
        )

    async def _refunds(self) -> None:
        lists = RefundLists(
            self._benfex, self._staff, self._view.timezone, customer_id=self._view.customer_id
        )
        if may(self._staff, Permission.MATCH_PAYMENTS):
            with box("bf-line wide"):
                text("Money that goes back, by hand or by a gateway.", "bf-sub bf-grow")
                button(
                    "Pay out credit",
                    lambda: open_payout(self._benfex, self._staff, self._view.customer_id, lists.refresh),
                    kind="ghost",
                    icon="undo-2",
                    classes="small",
                )
        await lists.everything()
        self._tables.append(lists)

    async def _statement(self) -> None:
        with box("bf-line wide"):
            balance = text("", "bf-sub num bf-grow")
            button(
                "Statement",
                lambda: open_statement(self._view.customer_id, today=self._view.today),
                kind="ghost",
                icon="download",
                classes="small",
            )
            button(
                "Proforma",
                lambda: open_proforma(self._view.customer_id),
                kind="ghost",
                icon="file-text",
                classes="small",
            )

        async def fetch(query: TableQuery) -> tuple[list[Row], int]:
            statement = await self._benfex.read(
                statement_of_account, await self._staff.fresh(), customer_id=self._view.customer_id
            )
            balance.set_text(f"Balance now: {say_balance(statement.balance)}. A minus lowers what is owed.")
            newest_first = statement.lines[::-1]
            start = (query.page - 1) * query.size
            shown = enumerate(newest_first[start : start + query.size], start)
            return [self._statement_row(place, line) for place, line in shown], len(newest_first)

        with box("bf-stack"):
            await self._keep(
                DataTable(
                    _STATEMENT,
                    fetch,
                    label="Statement of account",
                    sort="",
                    size=10,
                    empty=Empty(
                        "Nothing booked yet", "Every invoice and payment is a line here.", "book-open"
                    ),
                )
            )

    async def _keep(self, table: DataTable) -> None:
        self._tables.append(table)
        await table.refresh()

    def _invoice_row(self, line: InvoiceListed) -> Row:
        today = self._view.today
        row: Row = {
            "id": str(line.invoice_id),
            "href": f"/admin/invoices/{line.invoice_id}",
            "number": line.number or "Draft",
            "due": say_day(line.due_on, today=today) if line.due_on else "—",
        }
        row |= status_cell("status", OVERDUE if line.is_overdue else line.status)
        return row | money_cell("total", line.total) | money_cell("open", _or_none(line.outstanding))

    def _payment_row(self, line: PaymentListed) -> Row:
        now, zone = self._benfex.clock.now(), self._view.timezone
        back = f"in {say_span(line.back_after_ms)}" if line.back_after_ms is not None else ""
        row: Row = {
            "id": str(line.payment_id),
            "at": say_when(line.received_at, now=now, timezone=zone),
            "at_title": say_exactly(line.received_at, timezone=zone),
            "back": "under way" if line.is_restoring else back,
        }
        row |= {"how": name_of_gateway(line.gateway), "how_note": line.transaction_id}
        return row | money_cell("amount", line.amount)

    def _statement_row(self, place: int, line: StatementLine) -> Row:
        zone = self._view.timezone
        row: Row = {
            "id": str(place),
            "at": say_when(line.at, now=self._benfex.clock.now(), timezone=zone),
            "at_title": say_exactly(line.at, timezone=zone),
        }
        row |= {"word": line.word, "word_note": line.memo}
        row |= money_cell("amount", line.amount) | money_cell("balance", line.balance)
        row["balance"] = say_balance(line.balance)
        return row


def _or_none(amount: Money) -> Money | None:
    return None if amount.is_zero else amount
