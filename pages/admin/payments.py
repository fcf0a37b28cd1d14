"""Money that came in, what was asked for, and what could not be placed."""

from datetime import datetime

from benfex.application import Benfex
from benfex.core.events import (
    AttemptChanged,
    CheckoutEnded,
    ClockStepped,
    ConnectionApplied,
    PaymentRefunded,
    PaymentReversed,
    PaymentSettled,
)
from benfex.core.policy import current_terms
from benfex.payments.delivery_desk import count_failed
from benfex.payments.gateway import name_of_gateway
from benfex.payments.views import (
    AttemptListed,
    PaymentListed,
    list_attempts,
    list_payments,
    payment_counts,
)
from components.avatar import who_cell
from components.data_table import Column, DataTable, Empty, Row, RowAction, TableQuery, TableTab
from components.feedback import Note
from components.moments import say_exactly, say_when
from components.money import money_cell
from components.status_badge import (
    DISPUTED,
    GIVEN_BACK,
    GIVEN_BACK_PARTLY,
    UNMATCHED,
    Look,
    status_cell,
)
from data.values.identifiers import PaymentId
from data.values.kinds import PaymentMark
from data.values.roles import Permission
from data.values.states import PaymentStatus
from pages.admin.checkouts import checkouts_table
from pages.admin.gateway_messages import messages_table, refused_table
from pages.admin.lists import Unhurried, on_each, page_request
from pages.admin.money_back import money_back_actions
from pages.admin.paper_dialogs import RECEIPT
from pages.admin.payment_matching import accept_best, open_match, undo_actions
from pages.admin.phrases import say_count, say_span
from pages.admin.sections import Section, Sections
from pages.admin.shell import console, may
from pages.dependencies import BenfexDep, SignedInStaff, StaffDep
from pages.screen import screen

_RECEIVED = (
    Column("who", "From", "who"),
    Column("how", "How", "note"),
    Column("at", "Received", "note", sort="received"),
    Column("back", "Access restored", "note"),
    Column("status", "Status", "badge"),
    Column("amount", "Amount", "money", sort="amount"),
)
_ATTEMPTS = (
    Column("who", "Customer", "who"),
    Column("how", "How", "note"),
    Column("at", "Asked", "note", sort="asked"),
    Column("why", "Why", "note"),
    Column("status", "Status", "badge"),
    Column("amount", "Amount", "money"),
)
_WAITING = (
    Column("who", "From", "who"),
    Column("typed", "Account typed", "note"),
    Column("perhaps", "Perhaps", "who"),
    Column("at", "Received", "note", sort="received"),
    Column("amount", "Amount", "money", sort="amount"),
)


@screen("/admin/payments")
async def payments(benfex: BenfexDep, staff: StaffDep) -> None:
    """Show the payments."""
    with console(benfex, staff, title="Payments", active="/admin/payments", need=Permission.VIEW_PAYMENTS):
        zone = (await benfex.read(current_terms, staff.actor)).timezone
        lists = _Lists(benfex, staff, zone)
        waiting = Note(tone="warn", symbol="circle-alert")
        may_place = may(staff, Permission.MATCH_PAYMENTS)
        found = [
            Section("received", "Received", lists.received),
            Section("attempts", "Attempts", lists.attempts),
            Section("unmatched", "Not placed", lists.unmatched),
        ]
        found.append(Section("checkouts", "Checkouts", lists.checkouts))
        if may_place:
            found.append(Section("messages", "Messages", lists.messages))
            found.append(Section("refused", "Refused", lists.refused))
        sections = Sections(found, label="Payments")
        await sections.show("received")

        async def count() -> None:
            counts = await benfex.read(payment_counts, await staff.fresh())
            for key in ("received", "attempts", "unmatched"):
                sections.set_count(key, f"{getattr(counts, key):,}")
            if may_place:
                sections.set_count("messages", f"{await benfex.read(count_failed, await staff.fresh()):,}")
            some = say_count(counts.unmatched, "payment")
            words = f"{counts.unmatched_sum} in {some} has no customer yet. Place it so that it pays."
            waiting.set(words if counts.unmatched else None)

        async def refresh() -> None:
            await lists.refresh()
            await count()

        lists.after_match = refresh
        await count()
        soon = Unhurried(refresh, seconds=0.4)
        on_each(
            benfex,
            (
                PaymentSettled,
                PaymentReversed,
                PaymentRefunded,
                AttemptChanged,
                CheckoutEnded,
                ClockStepped,
                ConnectionApplied,
            ),
            soon.ask,
        )


class _Lists:
    """The three tables; those that were opened are read again when money moves."""

    def __init__(self, benfex: Benfex, staff: SignedInStaff, zone: str) -> None:
        self._benfex, self._staff, self._zone = benfex, staff, zone
        self._tables: list[DataTable] = []
        self.after_match = self.refresh

    async def refresh(self) -> None:
        """Read the opened tables again."""
        for table in self._tables:
            await table.refresh()

    async def received(self) -> None:
        """Create the table of money that came."""

        async def fetch(query: TableQuery) -> tuple[list[Row], int]:
            page = await self._benfex.read(
                list_payments, await self._staff.fresh(), request=page_request(query)
            )
            return [payment_row(line, self._benfex, self._zone) for line in page.rows], page.total

        await self._keep(
            DataTable(
                _RECEIVED,
                fetch,
                label="Received",
                sort="received",
                descending=True,
                search_hint="Receipt, customer or payer",
                tabs=[
                    TableTab("", "All"),
                    TableTab(PaymentMark.DISPUTED, "Disputed"),
                    TableTab(PaymentMark.GIVEN_BACK, "Given back"),
                    TableTab(PaymentMark.TAKEN_BACK, "Reversed"),
                ],
                row_actions=[
                    RECEIPT,
                    *money_back_actions(self._benfex, self._staff, self.refresh),
                    *undo_actions(self._benfex, self._staff, self.after_match),
                ],
                empty=Empty("No money yet", "Payments appear here the moment they come in.", "wallet"),
            )
        )

    async def attempts(self) -> None:
        """Create the table of what was asked for."""

        async def fetch(query: TableQuery) -> tuple[list[Row], int]:
            page = await self._benfex.read(
                list_attempts, await self._staff.fresh(), request=page_request(query)
            )
            return [self._attempt_row(line) for line in page.rows], page.total

        await self._keep(
            DataTable(
                _ATTEMPTS,
                fetch,
                label="Attempts",
                sort="asked",
                descending=True,
                search_hint="Reference, customer or phone",
                empty=Empty(
                    "Nothing asked yet", "Each ask on a phone or a card page is listed here.", "smartphone"
                ),
            )
        )

    async def unmatched(self) -> None:
        """Create the table of money nobody claimed."""

        async def fetch(query: TableQuery) -> tuple[list[Row], int]:
            request = page_request(query)
            page = await self._benfex.read(list_payments, await self._staff.fresh(), request=request)
            return [self._waiting_row(line) for line in page.rows], page.total

        async def place(key: str) -> None:
            await open_match(self._benfex, self._staff, PaymentId(int(key)), self.after_match)

        async def accept(key: str) -> None:
            await accept_best(self._benfex, self._staff, PaymentId(int(key)), self.after_match)

        acts = [
            RowAction("accept", "Accept the suggestion", "circle-check", accept),
            RowAction("place", "Place with a customer", "user", place),
        ]
        await self._keep(
            DataTable(
                _WAITING,
                fetch,
                label="Not placed",
                sort="received",
                descending=True,
                tab="unmatched",
                row_actions=acts if may(self._staff, Permission.MATCH_PAYMENTS) else (),
                empty=Empty(
                    "All money is placed", "Money without a known account waits here.", "circle-check"
                ),
            )
        )

    async def checkouts(self) -> None:
        """Create the table of what other programs ask for."""
        await self._keep(checkouts_table(self._benfex, self._staff, self._zone, self.refresh))

    async def messages(self) -> None:
        """Create the table of what gateways told us."""
        await self._keep(messages_table(self._benfex, self._staff, self._zone, self.after_match))

    async def refused(self) -> None:
        """Create the table of what proved nothing."""
        await self._keep(refused_table(self._benfex, self._staff, self._zone))

    async def _keep(self, table: DataTable) -> None:
        self._tables.append(table)
        await table.refresh()

    def _attempt_row(self, line: AttemptListed) -> Row:
        row: Row = {
            "id": str(line.attempt_id),
            "href": f"/admin/customers/{line.customer_id}",
            "how": f"{name_of_gateway(line.gateway)} · {line.payer}"
            if line.payer
            else name_of_gateway(line.gateway),
            "why": line.review_reason or line.failure_message,
        }
        row |= _when(line.asked_at, self._benfex, self._zone)
        row |= who_cell("who", line.customer_name, line.account_number)
        return row | status_cell("status", line.status) | money_cell("amount", line.amount)

    def _waiting_row(self, line: PaymentListed) -> Row:
        row: Row = {
            "id": str(line.payment_id),
            "typed": line.account_reference or "nothing",
        }
        row |= _when(line.received_at, self._benfex, self._zone)
        row |= who_cell("who", line.payer_name or "Unknown payer", _note(line))
        row |= _perhaps(line)
        return row | money_cell("amount", line.amount)


def payment_row(line: PaymentListed, benfex: Benfex, zone: str) -> Row:
    """Return the row of a payment with who paid in front."""
    back = f"in {say_span(line.back_after_ms)}" if line.back_after_ms is not None else ""
    row: Row = {
        "id": str(line.payment_id),
        "how": _how(line),
        "back": "under way" if line.is_restoring else back,
    }
    if line.customer_id is None:
        row |= who_cell("who", line.payer_name or "Unknown payer", line.account_reference)
    else:
        row["href"] = f"/admin/customers/{line.customer_id}"
        sender = f" · sent by {line.sent_by}" if line.sent_by else ""
        row |= who_cell("who", line.customer_name, f"{line.account_number}{sender}")
    row |= _when(line.received_at, benfex, zone)
    row |= status_cell("status", _standing(line))
    return row | money_cell("amount", line.amount)


def _how(line: PaymentListed) -> str:
    back = f" · {line.given_back} given back" if line.given_back.is_positive else ""
    return f"{name_of_gateway(line.gateway)} · {line.transaction_id}{back}"


def _standing(line: PaymentListed) -> PaymentStatus | Look:
    if line.status is PaymentStatus.REVERSED:
        return line.status
    if line.is_disputed:
        return DISPUTED
    if line.given_back.is_positive:
        return GIVEN_BACK if line.given_back == line.amount else GIVEN_BACK_PARTLY
    return UNMATCHED if line.customer_id is None else line.status


def _when(at: datetime, benfex: Benfex, zone: str) -> Row:
    return {
        "at": say_when(at, now=benfex.clock.now(), timezone=zone),
        "at_title": say_exactly(at, timezone=zone),
    }


def _perhaps(line: PaymentListed) -> Row:
    if not line.suggestions:
        return who_cell("perhaps", "Nobody we know", line.match_reason)
    best = line.suggestions[0]
    more = len(line.suggestions) - 1
    why = f"{best.score} of 100: {best.reasons[0]}" + (f"; {more} more" if more else "")
    return who_cell("perhaps", best.customer_name, why)


def _note(line: PaymentListed) -> str:
    return f"{name_of_gateway(line.gateway)} · {line.transaction_id}"
