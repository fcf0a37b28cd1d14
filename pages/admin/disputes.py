"""Disputes on the refunds page: who wants money back by their bank, and how many days are left to answer."""

from benfex.application import Benfex
from benfex.payments.dispute_following import Answer
from benfex.payments.dispute_views import DisputeRecord, dispute_record, list_disputes
from benfex.payments.gateway import name_of_gateway
from components.avatar import who_cell
from components.data_table import Column, DataTable, Empty, Row, RowAction, TableQuery, TableTab
from components.dialogs import form_dialog
from components.elements import fact, fact_list
from components.feedback import toast_error, toast_ok
from components.form import Form, Values
from components.moments import say_exactly, say_when
from components.money import money_cell
from components.status_badge import status_cell
from data.values.errors import BenfexError
from data.values.identifiers import DisputeId
from data.values.roles import Permission
from data.values.states import DisputeStatus
from pages.admin.lists import page_request
from pages.admin.phrases import say_count
from pages.admin.refund_dialogs import After
from pages.admin.shell import may
from pages.dependencies import SignedInStaff

_COLUMNS = (
    Column("who", "Payer", "who"),
    Column("payment", "Payment", "note"),
    Column("why", "Why", "note"),
    Column("due", "Answer within", "note"),
    Column("status", "Status", "badge"),
    Column("amount", "Amount", "money"),
)
_KEEP, _GIVE = "keep", "give"


class DisputeLists:
    """The table of disputes."""

    def __init__(self, benfex: Benfex, staff: SignedInStaff, zone: str) -> None:
        self._benfex, self._staff, self._zone = benfex, staff, zone
        self._table: DataTable | None = None
        self.after: After = self.refresh

    async def refresh(self) -> None:
        """Read the table again, if it was opened."""
        if self._table is not None:
            await self._table.refresh()

    async def build(self) -> None:
        """Create the table."""

        async def fetch(query: TableQuery) -> tuple[list[Row], int]:
            page = await self._benfex.read(
                list_disputes, await self._staff.fresh(), request=page_request(query)
            )
            return [self._row(line) for line in page.rows], page.total

        async def answer(key: str) -> None:
            await open_answer(self._benfex, self._staff, DisputeId(int(key)), self.after)

        acts = [RowAction("answer", "Answer", "message-square", answer)] if self._may_answer() else []
        words = "A payer who asks their bank for the money back is listed here, with the days left to answer."
        self._table = DataTable(
            _COLUMNS,
            fetch,
            label="Disputes",
            sort="due",
            tabs=[TableTab("open", "Not decided"), TableTab("ended", "Decided")],
            row_actions=acts,
            empty=Empty("No dispute", words, "shield"),
        )
        await self._table.refresh()

    def _may_answer(self) -> bool:
        can = any(
            gateway.capabilities.can_answer_disputes for gateway in self._benfex.gateways.running.values()
        )
        return can and may(self._staff, Permission.MATCH_PAYMENTS)

    def _row(self, line: DisputeRecord) -> Row:
        row: Row = {
            "id": str(line.id),
            "payment": f"{name_of_gateway(line.gateway)} · {line.transaction_id or 'not known here'}",
            "why": line.reason.replace("_", " ") or "not said",
            "due": _say_left(line),
        }
        if line.due_at is not None:
            row["due_title"] = say_exactly(line.due_at, timezone=self._zone)
        if line.resolved_at is not None:
            row["due"] = say_when(line.resolved_at, now=self._benfex.clock.now(), timezone=self._zone)
        if line.customer_id is not None:
            row["href"] = f"/admin/customers/{line.customer_id}"
        row |= who_cell("who", line.customer_name or "Unknown payer", line.account_number)
        return row | status_cell("status", line.status) | money_cell("amount", line.amount)


async def open_answer(benfex: Benfex, staff: SignedInStaff, dispute_id: DisputeId, after: After) -> None:
    """Ask what is said to a dispute, and say it to the gateway."""
    try:
        dispute = await benfex.read(dispute_record, await staff.fresh(), dispute_id=dispute_id)
    except BenfexError as error:
        toast_error(error.message)
        return
    if dispute.status not in (DisputeStatus.OPEN, DisputeStatus.ANSWERED):
        toast_error("This dispute is decided.")
        return

    async def send(values: Values) -> None:
        said = Answer(values["answer"] == _GIVE, values["message"], values.get("file") or "")
        await benfex.disputes.answer(await staff.fresh(), dispute_id, said)
        dialog.close()
        toast_ok(f"{name_of_gateway(dispute.gateway)} has our answer.")
        await after()

    with form_dialog("Answer this dispute") as dialog:
        with fact_list():
            fact("Amount", str(dispute.amount))
            fact("Why", dispute.reason.replace("_", " ") or "not said")
            fact("Answer within", _say_left(dispute))
        with Form(send) as form:
            ways = {_KEEP: "We keep the money", _GIVE: f"We give {dispute.amount} back"}
            form.choice("answer", "Answer", ways, _KEEP)
            form.area("message", "Why", required=True, hint="For whoever decides at the bank.")
            hint = f"As {name_of_gateway(dispute.gateway)} named the file that was handed in there."
            form.text("file", "Proof", required=False, hint=hint)
            form.submit("Send answer")


def _say_left(line: DisputeRecord) -> str:
    if line.days_left is None:
        return "—"
    return "today" if line.days_left == 0 else say_count(line.days_left, "day")
