"""Money that goes back: what waits for a second person, what is under way, what ended; and disputes."""

from benfex.application import Benfex
from benfex.core.events import DisputeMoved, RefundMoved
from benfex.core.policy import current_terms
from benfex.payments.dispute_views import open_disputes
from benfex.payments.gateway import name_of_gateway
from benfex.payments.refund_views import RefundListed, list_refunds, refund_counts
from components.avatar import who_cell
from components.data_table import Column, DataTable, Empty, Row, RowAction, TableQuery
from components.feedback import Note
from components.moments import say_exactly, say_when
from components.money import money_cell
from components.status_badge import status_cell
from data.values.identifiers import CustomerId, RefundId
from data.values.kinds import RefundWay
from data.values.roles import Permission
from data.values.states import RefundStatus
from pages.admin.disputes import DisputeLists
from pages.admin.lists import Unhurried, on_each, page_request
from pages.admin.phrases import say_count, shortened
from pages.admin.refund_dialogs import (
    After,
    open_account,
    open_approval,
    open_arrived,
    open_decline,
    open_not_arrived,
)
from pages.admin.sections import Section, Sections
from pages.admin.shell import console, may
from pages.dependencies import BenfexDep, SignedInStaff, StaffDep
from pages.screen import screen

_COLUMNS = (
    Column("who", "Customer", "who"),
    Column("how", "How", "note"),
    Column("why", "Reason", "note"),
    Column("by", "Asked for by", "note", on_card=False),
    Column("at", "Asked", "note", sort="asked"),
    Column("status", "Status", "badge"),
    Column("amount", "Amount", "money", sort="amount"),
)
_NOT_THEIRS = {"who", "why", "by"}  # of a customer's own list, which is narrow: why stands under how
_WORDS_MAX = 40  # what a line of the table has room for; the whole is shown on hover
_WAYS = {RefundWay.GATEWAY: "by", RefundWay.PAYOUT: "payout by", RefundWay.BY_HAND: "by hand, paid by"}


@screen("/admin/refunds")
async def refunds(benfex: BenfexDep, staff: StaffDep) -> None:
    """Show what goes back."""
    with console(benfex, staff, title="Refunds", active="/admin/refunds", need=Permission.VIEW_PAYMENTS):
        zone = (await benfex.read(current_terms, staff.actor)).timezone
        lists = RefundLists(benfex, staff, zone)
        contested = DisputeLists(benfex, staff, zone)
        waiting = Note(tone="warn", symbol="hourglass")
        sections = Sections(
            [
                Section("waiting", "Waiting for approval", lists.waiting),
                Section("under_way", "Under way", lists.under_way),
                Section("done", "Done", lists.done),
                Section("disputes", "Disputes", contested.build),
            ],
            label="Refunds",
        )

        async def count() -> None:
            actor = await staff.fresh()
            counts = await benfex.read(refund_counts, actor)
            for key in ("waiting", "under_way", "done"):
                sections.set_count(key, f"{counts[key]:,}")
            sections.set_count("disputes", f"{await benfex.read(open_disputes, actor):,}")
            some = say_count(counts["waiting"], "refund")
            wait = "waits" if counts["waiting"] == 1 else "wait"
            waiting.set(
                f"{some} {wait} for another member of staff than who asked." if counts["waiting"] else None
            )

        async def refresh() -> None:
            await lists.refresh()
            await contested.refresh()
            await count()

        lists.after = contested.after = refresh
        counts = await benfex.read(refund_counts, staff.actor)
        await sections.show(next((key for key in ("waiting", "under_way") if counts[key]), "done"))
        await count()
        on_each(benfex, (RefundMoved, DisputeMoved), Unhurried(refresh, seconds=0.4).ask)


class RefundLists:
    """Tables of refunds; those that were opened are read again when one moves. A customer's own with their id."""

    def __init__(
        self, benfex: Benfex, staff: SignedInStaff, zone: str, *, customer_id: CustomerId | None = None
    ) -> None:
        self._benfex, self._staff, self._zone = benfex, staff, zone
        self._customer_id = customer_id
        self._tables: list[DataTable] = []
        self.after: After = self.refresh

    async def refresh(self) -> None:
        """Read the opened tables again."""
        for table in self._tables:
            await table.refresh()

    async def waiting(self) -> None:
        """Create the table of what a second person has to decide."""
        acts = [
            RowAction("approve", "Approve", "circle-check", self._approve),
            RowAction("decline", "Decline", "circle-x", self._decline, bad=True),
        ]
        await self._keep(
            self._table(
                "waiting", "Waiting for approval", acts, Empty("Nothing waits", "All is decided.", "undo-2")
            )
        )

    async def under_way(self) -> None:
        """Create the table of what is on its way."""
        acts = [
            RowAction("decline", "Call off, if not sent", "circle-x", self._decline, bad=True),
            *(
                [RowAction("account", "Send to a bank account", "landmark", self._elsewhere)]
                if any(one.capabilities.can_send_elsewhere for one in self._benfex.gateways.running.values())
                else []
            ),
            RowAction("arrived", "It went back", "circle-check", self._arrived),
            RowAction("failed", "It did not go back", "circle-slash", self._not_arrived, bad=True),
        ]
        words = "What gateways give back is listed here until it arrives."
        await self._keep(
            self._table("under_way", "Under way", acts, Empty("Nothing is under way", words, "undo-2"))
        )

    async def done(self) -> None:
        """Create the table of what ended."""
        words = "Give money back from the menu of a payment."
        await self._keep(self._table("done", "Done", [], Empty("Nothing went back yet", words, "undo-2")))

    async def everything(self) -> None:
        """Create the table of all refunds, to look at."""
        words = "Money that goes back is listed here."
        await self._keep(self._table("", "Refunds", [], Empty("No refund yet", words, "undo-2")))

    def _table(self, tab: str, label: str, acts: list[RowAction], empty: Empty) -> DataTable:
        async def fetch(query: TableQuery) -> tuple[list[Row], int]:
            page = await self._benfex.read(
                list_refunds,
                await self._staff.fresh(),
                request=page_request(query),
                customer_id=self._customer_id,
            )
            return [self._row(line) for line in page.rows], page.total

        is_own = self._customer_id is not None
        return DataTable(
            tuple(column for column in _COLUMNS if not (is_own and column.name in _NOT_THEIRS)),
            fetch,
            label=label,
            sort="asked",
            descending=True,
            size=10 if is_own else 25,
            tab=tab,
            search_hint=None if is_own else "Customer, receipt or slip",
            row_actions=acts if may(self._staff, Permission.MATCH_PAYMENTS) else (),
            empty=empty,
        )

    async def _keep(self, table: DataTable) -> None:
        self._tables.append(table)
        await table.refresh()

    async def _approve(self, key: str) -> None:
        await open_approval(self._benfex, self._staff, RefundId(int(key)), self.after)

    async def _decline(self, key: str) -> None:
        await open_decline(self._benfex, self._staff, RefundId(int(key)), self.after)

    async def _elsewhere(self, key: str) -> None:
        await open_account(self._benfex, self._staff, RefundId(int(key)), self.after)

    async def _arrived(self, key: str) -> None:
        await open_arrived(self._benfex, self._staff, RefundId(int(key)), self.after)

    async def _not_arrived(self, key: str) -> None:
        await open_not_arrived(self._benfex, self._staff, RefundId(int(key)), self.after)

    def _row(self, line: RefundListed) -> Row:
        refund = line.refund
        number = f" · {refund.reference}" if refund.reference else ""
        row: Row = {
            "id": str(refund.id),
            "href": f"/admin/customers/{refund.customer_id}",
            "how": f"{_WAYS[refund.way]} {name_of_gateway(refund.gateway)}{number}",
            "how_note": shortened(_why(line), _WORDS_MAX) if self._customer_id is not None else "",
            "why": shortened(_why(line), _WORDS_MAX),
            "why_title": f"{refund.reason} · {_why(line)}",
            "by": refund.made_by,
            "by_title": f"Decided by {refund.decided_by}" if refund.decided_by else "",
            "at": say_when(refund.created_at, now=self._benfex.clock.now(), timezone=self._zone),
            "at_title": say_exactly(refund.created_at, timezone=self._zone),
        }
        row |= who_cell("who", line.customer_name, line.account_number)
        return row | status_cell("status", refund.status) | money_cell("amount", refund.amount)


def _why(line: RefundListed) -> str:
    """Return what became of it where that was not as wished, else the reason."""
    refund = line.refund
    if line.is_stuck:
        return "No answer: look at the gateway's own screen"
    if refund.failure_message and refund.status is not RefundStatus.SUCCEEDED:
        return refund.failure_message
    return refund.reason
