"""Messages of gateways that could not be placed, tried again or set aside; and those that were refused."""

from collections.abc import Awaitable, Callable

from benfex.application import Benfex
from benfex.payments.delivery_desk import (
    DeliveryRecord,
    RefusedDelivery,
    list_deliveries,
    list_refused,
    refused_delivery,
    set_aside,
    try_again,
    whole_delivery,
)
from benfex.payments.gateway import name_of_gateway
from components.data_table import Column, DataTable, Empty, Row, RowAction, TableQuery, TableTab
from components.dialogs import ask_reason, form_dialog
from components.elements import text
from components.feedback import toast_error, toast_ok
from components.moments import say_exactly, say_when
from components.status_badge import status_cell
from data.values.errors import BenfexError
from data.values.identifiers import WebhookId
from data.values.states import WebhookStatus
from pages.admin.lists import page_request
from pages.dependencies import SignedInStaff

After = Callable[[], Awaitable[None]]
_COLUMNS = (
    Column("title", "Message"),
    Column("at", "Came", "note"),
    Column("why", "Why", "note"),
    Column("again", "Tried again", "note"),
    Column("status", "Status", "badge"),
)


_REFUSED = (Column("title", "Message"), Column("at", "Came", "note"), Column("why", "Why", "note"))


def messages_table(benfex: Benfex, staff: SignedInStaff, zone: str, after: After) -> DataTable:
    """Return the table of messages, those that failed first in its tabs."""

    async def fetch(query: TableQuery) -> tuple[list[Row], int]:
        page = await benfex.read(list_deliveries, await staff.fresh(), request=page_request(query))
        return [_row(one, benfex, zone) for one in page.rows], page.total

    async def look(key: str) -> None:
        await _look(benfex, staff, WebhookId(int(key)))

    async def again(key: str) -> None:
        try:
            await benfex.transact(try_again, await staff.fresh(), webhook_id=WebhookId(int(key)))
        except BenfexError as error:
            toast_error(error.message)
            return
        toast_ok("It is tried now.")
        await after()

    async def aside(key: str) -> None:
        reason = await ask_reason(
            "Set this message aside?", "It is kept, and not tried again.", action="Set aside"
        )
        if not reason:
            return
        try:
            await benfex.transact(
                set_aside, await staff.fresh(), webhook_id=WebhookId(int(key)), reason=reason
            )
        except BenfexError as error:
            toast_error(error.message)
            return
        toast_ok("It is set aside.")
        await after()

    return DataTable(
        _COLUMNS,
        fetch,
        label="Messages of gateways",
        sort="",
        tabs=[
            TableTab(WebhookStatus.FAILED, "Could not be placed"),
            TableTab(WebhookStatus.RECEIVED, "Waiting"),
            TableTab("", "All"),
        ],
        row_actions=[
            RowAction("look", "What it says", "eye", look),
            RowAction("again", "Try again", "refresh-cw", again),
            RowAction("aside", "Set aside", "circle-slash", aside),
        ],
        empty=Empty("Nothing here", "What gateways tell us and we cannot place is listed here.", "inbox"),
    )


def refused_table(benfex: Benfex, staff: SignedInStaff, zone: str) -> DataTable:
    """Return the table of what was sent to our addresses and proved nothing: forged, or settings that are wrong."""

    async def fetch(query: TableQuery) -> tuple[list[Row], int]:
        page = await benfex.read(list_refused, await staff.fresh(), request=page_request(query))
        return [_refused_row(one, benfex, zone) for one in page.rows], page.total

    async def look(key: str) -> None:
        try:
            found = await benfex.read(refused_delivery, await staff.fresh(), refused_id=int(key))
        except BenfexError as error:
            toast_error(error.message)
            return
        with form_dialog("What was sent", f"Refused: {found.reason}. Only its beginning is kept."):
            text(found.body, "bf-pre num", "pre")

    return DataTable(
        _REFUSED,
        fetch,
        label="Refused messages",
        sort="",
        row_actions=[RowAction("look", "What it says", "eye", look)],
        empty=Empty(
            "Nothing was refused",
            "What comes to our addresses and proves nothing is listed here, the last thousand of it.",
            "shield-check",
        ),
    )


async def _look(benfex: Benfex, staff: SignedInStaff, webhook_id: WebhookId) -> None:
    try:
        found = await benfex.read(whole_delivery, await staff.fresh(), webhook_id=webhook_id)
    except BenfexError as error:
        toast_error(error.message)
        return
    with form_dialog("What the gateway said", found.delivery.reason or "It was worked off."):
        text(found.body, "bf-pre num", "pre")


def _refused_row(one: RefusedDelivery, benfex: Benfex, zone: str) -> Row:
    return {
        "id": str(one.id),
        "title": f"{name_of_gateway(one.gateway)} · {one.path}" if one.path else name_of_gateway(one.gateway),
        "at": say_when(one.received_at, now=benfex.clock.now(), timezone=zone),
        "at_title": say_exactly(one.received_at, timezone=zone),
        "why": one.reason[:1].upper() + one.reason[1:],
    }


def _row(one: DeliveryRecord, benfex: Benfex, zone: str) -> Row:
    now = benfex.clock.now()
    row: Row = {
        "id": str(one.id),
        "title": f"{name_of_gateway(one.gateway)} · {one.kind}",
        "at": say_when(one.received_at, now=now, timezone=zone),
        "at_title": say_exactly(one.received_at, timezone=zone),
        "why": one.reason[:1].upper() + one.reason[1:],
        "again": say_when(one.next_try_at, now=now, timezone=zone) if one.next_try_at else "",
    }
    return row | status_cell("status", one.status)
