"""What we sell: plans with their prices, new plans, and new prices."""

from collections.abc import Callable
from typing import Any

from nicegui import ui

from benfex.application import Benfex
from benfex.catalog.plans import create_plan, publish_price
from benfex.catalog.views import Catalog, PlanView, PriceView, catalog
from components.data_table import Column, DataTable, Empty, Row, RowAction, TableQuery
from components.elements import button, text
from components.feedback import toast_error, toast_ok
from components.form import Form, Values
from components.moments import say_day
from components.status_badge import Look, status_cell
from data.values.errors import BenfexError, NotFound
from data.values.identifiers import PlanId
from data.values.kinds import CapAction, Interval, TaxBehavior
from data.values.roles import Permission
from data.values.traffic import format_bytes
from pages.admin.dialogs import form_dialog
from pages.admin.phrases import say_count, say_price, say_speed
from pages.admin.shell import console, may
from pages.dependencies import BenfexDep, SignedInStaff, StaffDep

_ON_SALE = Look("On sale", "ok", "circle-check")
_NO_PRICE = Look("No price yet", "warn", "tag")
_ARCHIVED = Look("Archived", "mute", "archive")
_MEGABIT, _GIGABYTE = 1_000_000, 1_000_000_000
_COLUMNS = (
    Column("name", "Plan", sort="name"),
    Column("speed", "Speed", "note"),
    Column("cap", "Data", "note"),
    Column("status", "Status", "badge"),
    Column("services", "Services", "number", sort="services", on_card=False),
    Column("price", "Price", "number", sort="price"),
)


@ui.page("/admin/plans")
async def plans(benfex: BenfexDep, staff: StaffDep) -> None:
    """Show the plans."""
    may_edit = may(staff, Permission.EDIT_PLANS)

    def actions() -> None:
        if may_edit:
            button("New plan", lambda: open_new_plan(benfex, staff, table), icon="plus")

    with console(
        benfex, staff, title="Plans", active="/admin/plans", need=Permission.VIEW_PLANS, actions=actions
    ):

        async def fetch(query: TableQuery) -> tuple[list[Row], int]:
            goods = await benfex.read(catalog, await staff.fresh())
            shown = sorted(goods.plans, key=_sort_key(query.sort), reverse=query.descending)
            start = (query.page - 1) * query.size
            return [_row(plan) for plan in shown[start : start + query.size]], len(shown)

        async def new_price(key: str) -> None:
            await open_new_price(benfex, staff, PlanId(int(key)), table)

        async def history(key: str) -> None:
            await open_prices(benfex, staff, PlanId(int(key)))

        acts = [RowAction("prices", "Prices", "tag", history)]
        if may_edit:
            acts.append(RowAction("price", "New price", "plus", new_price))
        table = DataTable(
            _COLUMNS,
            fetch,
            label="Plans",
            sort="speed",
            row_actions=acts,
            empty=Empty("No plan yet", "A plan is a speed, a data cap and a price.", "package"),
        )
        await table.refresh()


def open_new_plan(benfex: Benfex, staff: SignedInStaff, table: DataTable) -> None:
    """Create a plan, then ask for its first price."""

    async def create(values: Values) -> None:
        cap = values["data_cap_bytes"]
        slow = values["throttled_bps"]
        plan_id = await benfex.transact(
            create_plan,
            await staff.fresh(),
            code=values["code"],
            name=values["name"],
            download_bps=values["download_bps"] * _MEGABIT,
            upload_bps=values["upload_bps"] * _MEGABIT,
            data_cap_bytes=cap * _GIGABYTE if cap is not None else None,
            cap_action=CapAction(values["cap_action"]),
            throttled_bps=slow * _MEGABIT if slow is not None else None,
        )
        dialog.close()
        await table.refresh()
        await open_new_price(benfex, staff, plan_id, table)

    with form_dialog("New plan", "The next step asks for its price.") as dialog, Form(create) as form:
        with form.pair():
            form.text("name", "Name", hint="As customers see it.")
            form.text("code", "Code", hint="Like HOME-10; names the profile on routers.")
        with form.pair():
            form.whole("download_bps", "Download", unit="Mbps")
            form.whole("upload_bps", "Upload", unit="Mbps")
        with form.pair():
            form.whole(
                "data_cap_bytes", "Data in a period", unit="GB", required=False, hint="Left out: no limit."
            )
            form.whole("throttled_bps", "Speed after that", unit="Mbps", required=False)
        form.choice(
            "cap_action",
            "When the data is used up",
            {"notify": "Tell the customer", "throttle": "Slow down"},
            "notify",
        )
        form.submit("Create plan")


async def open_new_price(benfex: Benfex, staff: SignedInStaff, plan_id: PlanId, table: DataTable) -> None:
    """Sell a plan at a new price from now on."""
    try:
        goods, plan = await _find(benfex, staff, plan_id)
    except BenfexError as error:
        toast_error(error.message)
        return
    words = "New services pay this from now on."
    if plan.services:
        words += f" The {say_count(plan.services, 'service')} sold before keep their price."

    async def publish(values: Values) -> None:
        await benfex.transact(
            publish_price,
            await staff.fresh(),
            plan_id=plan_id,
            amount=values["amount"],
            interval=Interval(values["interval"]),
            interval_count=values["interval_count"],
            setup_fee=values["setup_fee"],
            tax_code=values["tax_code"] or None,
            tax_behavior=TaxBehavior(values["tax_behavior"]),
        )
        dialog.close()
        await table.refresh()
        toast_ok(f"{plan.name} is sold at {values['amount']} from now on.")

    taxes = {"": "No tax"} | {tax.code: f"{tax.name} {_say_rate(tax.basis_points)}" for tax in goods.taxes}
    with form_dialog(f"New price for {plan.name}", words) as dialog, Form(publish) as form:
        with form.pair():
            form.money("amount", "Price", goods.currency)
            form.money("setup_fee", "Set-up fee", goods.currency, required=False)
        with form.pair():
            form.choice(
                "interval", "Billed by the", {"month": "month", "week": "week", "day": "day"}, "month"
            )
            form.whole("interval_count", "How many at once", 1)
        with form.pair():
            form.choice("tax_code", "Tax", taxes, next((code for code in taxes if code), ""), required=False)
            form.choice(
                "tax_behavior",
                "The price",
                {"inclusive": "holds the tax", "exclusive": "comes without tax"},
                "inclusive",
            )
        form.submit("Publish price")


async def open_prices(benfex: Benfex, staff: SignedInStaff, plan_id: PlanId) -> None:
    """Show the prices a plan is sold at."""
    try:
        _, plan = await _find(benfex, staff, plan_id)
    except BenfexError as error:
        toast_error(error.message)
        return
    today = benfex.clock.now().date()
    with form_dialog(
        f"Prices of {plan.name}", "" if plan.prices else "It has no price yet, so it cannot be sold."
    ):
        for price in plan.prices:
            text(say_price(price.amount, price.interval, price.interval_count), "t1 num")
            text(f"{_say_tax(price)} · since {say_day(price.since.date(), today=today)}", "t2 num")


async def _find(benfex: Benfex, staff: SignedInStaff, plan_id: PlanId) -> tuple[Catalog, PlanView]:
    goods = await benfex.read(catalog, await staff.fresh())
    plan = next((plan for plan in goods.plans if plan.plan_id == plan_id), None)
    if plan is None:
        raise NotFound("plan")
    return goods, plan


def _row(plan: PlanView) -> Row:
    price = plan.prices[0] if plan.prices else None
    cap = "No limit" if plan.data_cap_bytes is None else f"{format_bytes(plan.data_cap_bytes)} a period"
    row: Row = {
        "id": str(plan.plan_id),
        "name": plan.name,
        "name_note": plan.code,
        "speed": say_speed(plan.download_bps, plan.upload_bps),
        "cap": cap,
        "services": f"{plan.services:,}",
        "price": say_price(price.amount, price.interval, price.interval_count) if price else "—",
    }
    return row | status_cell("status", _ARCHIVED if plan.is_archived else _ON_SALE if price else _NO_PRICE)


def _sort_key(sort: str) -> Callable[[PlanView], tuple[Any, ...]]:
    match sort:
        case "name":
            return lambda plan: (plan.is_archived, plan.name.casefold())
        case "services":
            return lambda plan: (plan.services, plan.plan_id)
        case "price":
            return lambda plan: (plan.prices[0].amount.minor if plan.prices else 0, plan.plan_id)
        case _:
            return lambda plan: (plan.is_archived, plan.download_bps, plan.plan_id)


def _say_tax(price: PriceView) -> str:
    if price.tax_name is None or price.tax_basis_points is None:
        return "no tax"
    inside = "with" if price.tax_behavior is TaxBehavior.INCLUSIVE else "plus"
    return f"{inside} {price.tax_name} {_say_rate(price.tax_basis_points)}"


def _say_rate(basis_points: int) -> str:
    whole, rest = divmod(basis_points, 100)
    return f"{whole}%" if not rest else f"{whole}.{rest:02d}%"
