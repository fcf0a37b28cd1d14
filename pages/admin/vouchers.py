"""Vouchers: batches with what became of them, printing new ones, cancelling lost ones, redeeming at the counter."""

from datetime import date

from nicegui import ui

from benfex.application import Benfex
from benfex.catalog.views import Catalog, catalog
from benfex.core.policy import billing_today, current_terms
from benfex.customers.views import search_customers
from benfex.payments.quotes import Quote, quote
from benfex.payments.vouchers import (
    BatchView,
    PrintedBatch,
    cancel_batch,
    print_vouchers,
    redeem_voucher,
    voucher_batches,
)
from components.charts import plain_table
from components.data_table import Column, DataTable, Empty, Row, RowAction, TableQuery
from components.dialogs import ask_reason, form_dialog
from components.elements import box, button, text
from components.feedback import Note, toast_error, toast_ok
from components.form import Form, Values
from components.moments import say_day, say_exactly
from components.status_badge import Look, status_cell
from data.values.errors import BenfexError, InvalidInput
from data.values.identifiers import PlanPriceId, VoucherBatchId
from data.values.kinds import BillingMode
from data.values.roles import Permission
from pages.admin.lists import page_request
from pages.admin.phrases import say_count, say_price
from pages.admin.shell import console, may
from pages.dependencies import BenfexDep, SignedInStaff, StaffDep
from pages.screen import screen

_COLUMNS = (
    Column("name", "Batch"),
    Column("worth", "Worth", "number"),
    Column("status", "Status", "badge"),
    Column("unused", "Unused", "number"),
    Column("redeemed", "Redeemed", "number"),
    Column("until", "Good until", "note"),
)
_IN_USE = Look("In use", "ok", "circle-check")
_USED_UP = Look("Used up", "mute", "archive")


@screen("/admin/vouchers")
async def vouchers(benfex: BenfexDep, staff: StaffDep) -> None:
    """Show the batches of vouchers."""
    may_print = may(staff, Permission.PRINT_VOUCHERS)

    async def open_print() -> None:
        await _open_print(benfex, staff, table)

    async def open_redeem() -> None:
        _open_redeem(benfex, staff, table)

    def actions() -> None:
        if may(staff, Permission.RECORD_PAYMENTS):
            button("Redeem", open_redeem, kind="ghost", icon="circle-check")
        if may_print:
            button("Print vouchers", open_print, icon="plus")

    with console(
        benfex,
        staff,
        title="Vouchers",
        active="/admin/vouchers",
        need=Permission.VIEW_VOUCHERS,
        actions=actions,
    ):

        async def fetch(query: TableQuery) -> tuple[list[Row], int]:
            page = await benfex.read(voucher_batches, await staff.fresh(), request=page_request(query))
            today = await benfex.read(billing_today, await staff.fresh())
            return [_row(batch, today) for batch in page.rows], page.total

        async def cancel(key: str) -> None:
            await _cancel(benfex, staff, VoucherBatchId(int(key)), table)

        table = DataTable(
            _COLUMNS,
            fetch,
            label="Batches of vouchers",
            sort="newest",
            descending=True,
            row_actions=[RowAction("cancel", "Cancel unused", "x", cancel, bad=True)] if may_print else [],
            empty=Empty(
                "No vouchers yet",
                "A voucher opens one period of a prepaid plan. Print a batch for your shops.",
                "tag",
            ),
        )
        await table.refresh()


async def _cancel(benfex: Benfex, staff: SignedInStaff, batch_id: VoucherBatchId, table: DataTable) -> None:
    """Cancel what is unused of a batch, once the person has said why."""
    reason = await ask_reason(
        "Cancel what is unused?",
        "Nobody can redeem these vouchers any more. This cannot be undone.",
        action="Cancel vouchers",
    )
    if reason is None:
        return
    try:
        cancelled = await benfex.transact(cancel_batch, await staff.fresh(), batch_id=batch_id, reason=reason)
    except BenfexError as error:
        toast_error(error.message)
        return
    toast_ok(f"{say_count(cancelled, 'voucher')} cancelled.")
    await table.refresh()


async def _open_print(benfex: Benfex, staff: SignedInStaff, table: DataTable) -> None:
    try:
        goods = await benfex.read(catalog, await staff.fresh())
    except BenfexError as error:
        toast_error(error.message)
        return
    prices = _prepaid_prices(goods)
    if not prices:
        toast_error("Vouchers are for prepaid plans, and none is on sale yet.")
        return

    async def make(values: Values) -> None:
        printed = await benfex.transact(
            print_vouchers,
            await staff.fresh(),
            name=values["name"],
            plan_price_id=PlanPriceId(int(values["price"])),
            quantity=values["quantity"],
            expires_on=_day(values["expires_on"]),
            vault=benfex.vault,
        )
        await table.refresh()
        place.clear()
        with place:
            _show_codes(benfex, staff, printed)

    with form_dialog("Print vouchers", "The codes are shown once and kept nowhere: have the printer ready."):
        place = box("bf-stack")
        with place, Form(make) as form:
            form.text("name", "Batch", hint="Such as the shop that sells them.")
            form.choice("price", "Opens", prices, next(iter(prices)))
            with form.pair():
                form.whole("quantity", "How many", value=24)
                form.date("expires_on", "Good until", required=False, hint="Left out: for good.")
            form.submit("Print")


def _open_redeem(benfex: Benfex, staff: SignedInStaff, table: DataTable) -> None:
    """Redeem a voucher for a customer who is at the counter."""

    async def redeem(values: Values) -> None:
        actor = await staff.fresh()
        account = values["account"].strip().upper()
        found = await benfex.read(search_customers, actor, search=account)
        customer = next((hit for hit in found if hit.account_number == account), None)
        if customer is None:
            raise InvalidInput("account", "Nobody has this account number.")
        await benfex.transact(
            redeem_voucher,
            actor,
            customer_id=customer.customer_id,
            code=values["code"],
            vault=benfex.vault,
        )
        owed = await benfex.read(quote, actor, customer_id=customer.customer_id)
        zone = (await benfex.read(current_terms, actor)).timezone
        dialog.close()
        toast_ok(_what_it_did(customer.name, owed, timezone=zone))
        await table.refresh()

    words = "It is worth its price once, and opens a period at once. Without prepaid service it pays bills."
    with form_dialog("Redeem a voucher", words) as dialog, Form(redeem) as form:
        form.text("account", "Account number", hint="Such as BFX010019.")
        form.text("code", "Voucher code", props="autocomplete=off")
        form.submit("Redeem")


def _what_it_did(name: str, owed: Quote, *, timezone: str) -> str:
    until = [renewal.access_until_at for renewal in owed.renewals if renewal.access_until_at is not None]
    if not until:
        return f"Redeemed. {name} has no prepaid time: it went to the account, for bills."
    return f"Redeemed. {name} is online until {say_exactly(max(until), timezone=timezone)}."


def _show_codes(benfex: Benfex, staff: SignedInStaff, printed: PrintedBatch) -> None:
    async def save() -> None:
        try:
            sheet = await benfex.documents.vouchers(await staff.fresh(), printed)
        except BenfexError as error:
            toast_error(error.message)
            return
        ui.download.content(sheet.content, sheet.file_name, "application/pdf")

    Note(
        f"{say_count(len(printed.vouchers), 'voucher')} over {printed.amount} each. Print or write them down now.",
        tone="ok",
        symbol="circle-check",
    )
    button("Download to print", save, icon="printer")
    with box("bf-scroll"):
        plain_table(["Serial", "Code"], [[voucher.serial, voucher.code] for voucher in printed.vouchers])
    text(printed.plan_name, "bf-sub")


def _prepaid_prices(goods: Catalog) -> dict[str, str]:
    return {
        str(price.plan_price_id): (
            f"{plan.name}: {say_price(price.amount, price.interval, price.interval_count)}"
        )
        for plan in goods.plans
        if not plan.is_archived
        for price in plan.prices
        if price.billing_mode is BillingMode.PREPAID
    }


def _row(batch: BatchView, today: date) -> Row:
    return {
        "id": str(batch.id),
        "name": batch.name,
        "name_note": batch.plan_name,
        "worth": str(batch.amount),
        **status_cell("status", _IN_USE if batch.unused else _USED_UP),
        "unused": f"{batch.unused:,}",
        "redeemed": f"{batch.redeemed:,} of {batch.quantity:,}",
        "until": say_day(batch.expires_on, today=today) if batch.expires_on else "for good",
    }


def _day(written: str | None) -> date | None:
    if not written:
        return None
    try:
        return date.fromisoformat(written)
    except ValueError as cause:
        raise InvalidInput("expires_on", "Choose a day.") from cause
