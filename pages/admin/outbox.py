"""What Benfex says to customers: what waits, what failed and why, what left."""

from datetime import datetime

from benfex.core.events import MessageChanged, MessagesQueued
from benfex.core.policy import current_terms
from benfex.notifications.outbox import retry_message
from benfex.notifications.views import MessageView, list_messages, message_counts
from components.data_table import Column, DataTable, Empty, Row, RowAction, TableQuery, TableTab
from components.feedback import Note, toast_error, toast_ok
from components.moments import say_exactly, say_when
from components.status_badge import look_of, status_cell
from data.values.errors import BenfexError
from data.values.roles import Permission
from data.values.states import MessageStatus
from pages.admin.lists import Unhurried, on_each, page_request
from pages.admin.phrases import say_count
from pages.admin.shell import console, may
from pages.dependencies import BenfexDep, StaffDep
from pages.screen import screen

_COLUMNS = (
    Column("title", "Message"),
    Column("who", "To", "note"),
    Column("channel", "By", "note", on_card=False),
    Column("status", "Status", "badge"),
    Column("when", "When", "note"),
    Column("why", "Why not", "note"),
)


@screen("/admin/outbox")
async def outbox(benfex: BenfexDep, staff: StaffDep) -> None:
    """Show the outbox."""
    with console(benfex, staff, title="Outbox", active="/admin/outbox", need=Permission.VIEW_CUSTOMERS):
        zone = (await benfex.read(current_terms, staff.actor)).timezone
        problem = Note(tone="warn", symbol="circle-alert")

        async def fetch(query: TableQuery) -> tuple[list[Row], int]:
            page = await benfex.read(list_messages, await staff.fresh(), request=page_request(query))
            return [_row(view, benfex.clock.now(), zone) for view in page.rows], page.total

        async def retry(key: str) -> None:
            try:
                await benfex.transact(retry_message, await staff.fresh(), message_id=int(key))
            except BenfexError as error:
                toast_error(error.message)
                return
            toast_ok("It is sent now.")
            await refresh()

        may_retry = may(staff, Permission.EDIT_CUSTOMERS)
        table = DataTable(
            _COLUMNS,
            fetch,
            label="Messages",
            sort="newest",
            descending=True,
            tabs=[
                TableTab("waiting", "To be sent"),
                TableTab("failed", "Not sent"),
                TableTab("sent", "Sent"),
            ],
            search_hint="Customer, number or address",
            row_actions=[RowAction("retry", "Send now", "send", retry)] if may_retry else [],
            empty=Empty(
                "No messages here", "Bills, receipts and reminders are listed as they leave.", "send"
            ),
        )

        async def refresh() -> None:
            counts = await benfex.read(message_counts, await staff.fresh())
            for tab in ("waiting", "failed", "sent"):
                table.set_count(tab, f"{getattr(counts, tab):,}")
            failed = say_count(counts.failed, "message")
            problem.set(f"{failed} could not be sent. Look under Not sent." if counts.failed else None)
            await table.refresh()

        await refresh()
        on_each(benfex, (MessageChanged, MessagesQueued), Unhurried(refresh).ask)


def _row(view: MessageView, now: datetime, zone: str) -> Row:
    at = view.sent_at or (view.send_after_at if view.status is MessageStatus.PENDING else view.created_at)
    row: Row = {
        "id": str(view.id),
        "title": view.title,
        "who": f"{view.customer_name or 'Owner'} · {view.recipient}",
        "channel": look_of(view.channel).label,
        "when": say_when(at, now=now, timezone=zone),
        "when_title": say_exactly(at, timezone=zone),
        "why": view.error or "",
        **status_cell("status", view.status),
    }
    if view.customer_id is not None:
        row["href"] = f"/admin/customers/{view.customer_id}"
    return row
