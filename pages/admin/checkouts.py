"""Checkouts that other programs made: whose, for what, and how each stands."""

from collections.abc import Awaitable, Callable

from benfex.application import Benfex
from benfex.documents.codes import qr_code
from benfex.payments.hosted_checkouts import (
    CheckoutListed,
    checkout_record,
    close_checkout,
    list_checkouts,
)
from components.avatar import who_cell
from components.copyable import copyable
from components.data_table import Column, DataTable, Empty, Row, RowAction, TableQuery, TableTab
from components.dialogs import confirm, form_dialog
from components.feedback import note, toast_error, toast_ok
from components.moments import say_exactly, say_when
from components.money import money_cell
from components.qr import qr
from components.status_badge import status_cell
from data.values.errors import BenfexError
from data.values.identifiers import PayLinkId
from data.values.roles import Permission
from data.values.states import CheckoutStatus
from pages.admin.customer_dialogs import pay_address
from pages.admin.lists import page_request
from pages.admin.shell import may
from pages.dependencies import SignedInStaff

After = Callable[[], Awaitable[None]]
_COLUMNS = (
    Column("who", "Who pays", "who"),
    Column("what", "For", "note"),
    Column("at", "Made", "note"),
    Column("paid", "Paid", "money", on_card=False),
    Column("status", "Status", "badge"),
    Column("amount", "Amount", "money"),
)


def checkouts_table(benfex: Benfex, staff: SignedInStaff, zone: str, after: After) -> DataTable:
    """Return the table of checkouts; with the right to, each is shown as a code and closed."""

    async def fetch(query: TableQuery) -> tuple[list[Row], int]:
        page = await benfex.read(
            list_checkouts, await staff.fresh(), request=page_request(query), vault=benfex.vault
        )
        return [_row(line, benfex, zone) for line in page.rows], page.total

    async def show(key: str) -> None:
        await _show(benfex, staff, PayLinkId(int(key)))

    async def close(key: str) -> None:
        words = "Nobody can begin to pay it any more. The program that made it is told."
        if not await confirm("Close this checkout?", words, action="Close it"):
            return
        try:
            await benfex.transact(close_checkout, await staff.fresh(), checkout_id=PayLinkId(int(key)))
        except BenfexError as error:
            toast_error(error.message)
            return
        toast_ok("It is closed.")
        await after()

    acts = [RowAction("show", "Show its address", "link", show)]
    if may(staff, Permission.RECORD_PAYMENTS):
        acts.append(RowAction("close", "Close", "circle-x", close))
    return DataTable(
        _COLUMNS,
        fetch,
        label="Checkouts",
        sort="",
        search_hint="Reference, words or customer",
        tabs=[TableTab("", "All"), TableTab(CheckoutStatus.OPEN, "Open")],
        row_actions=acts,
        empty=Empty("No checkout", "Payments that other programs ask for are listed here.", "link"),
    )


async def _show(benfex: Benfex, staff: SignedInStaff, checkout_id: PayLinkId) -> None:
    try:
        found = await benfex.read(
            checkout_record, await staff.fresh(), checkout_id=checkout_id, vault=benfex.vault
        )
    except BenfexError as error:
        toast_error(error.message)
        return
    with form_dialog("Checkout", f"Whoever has this address can pay for account {found.account_number}."):
        if found.status is not CheckoutStatus.OPEN:
            note("It has ended. Its page says so.")
        address = pay_address(benfex, found.token)
        copyable(address, what="address of the checkout")
        code = qr_code(address)
        qr(code.size, code.runs, label="The checkout as a code")


def _row(line: CheckoutListed, benfex: Benfex, zone: str) -> Row:
    one = line.checkout
    row: Row = {
        "id": str(one.id),
        "href": f"/admin/customers/{one.customer_id}",
        "what": " · ".join(part for part in (one.client_reference or "", one.description) if part),
        "at": say_when(one.created_at, now=benfex.clock.now(), timezone=zone),
        "at_title": f"until {say_exactly(one.expires_at, timezone=zone)}",
    }
    row |= who_cell("who", line.customer_name, one.account_number)
    row |= money_cell("paid", one.paid) | status_cell("status", one.status)
    return row | (money_cell("amount", one.amount) if one.amount is not None else {})
