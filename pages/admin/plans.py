"""What we sell: the list of plans. Its dialogs are in `plan_dialogs`, what is sold beside in `catalog_extras`."""

from collections.abc import Callable
from typing import Any

from benfex.catalog.views import PlanView, catalog
from components.data_table import Column, DataTable, Empty, Row, RowAction, TableQuery
from components.elements import button, link_button
from components.status_badge import Look, status_cell
from data.values.identifiers import PlanId
from data.values.roles import Permission
from data.values.traffic import format_bytes
from pages.admin.phrases import say_price, say_speed
from pages.admin.plan_dialogs import ask_archive_plan, open_new_plan, open_new_price, open_prices
from pages.admin.shell import console, may
from pages.dependencies import BenfexDep, StaffDep
from pages.screen import screen

_ON_SALE = Look("On sale", "ok", "circle-check")
_NO_PRICE = Look("No price yet", "warn", "tag")
_ARCHIVED = Look("Archived", "mute", "archive")
_COLUMNS = (
    Column("name", "Plan", sort="name"),
    Column("speed", "Speed", "note"),
    Column("cap", "Data", "note"),
    Column("status", "Status", "badge"),
    Column("services", "Services", "number", sort="services", on_card=False),
    Column("price", "Price", "number", sort="price"),
)


@screen("/admin/plans")
async def plans(benfex: BenfexDep, staff: StaffDep) -> None:
    """Show the plans."""
    may_edit = may(staff, Permission.EDIT_PLANS)

    def actions() -> None:
        link_button("Add-ons, discounts, taxes", "/admin/plans/extras", kind="ghost", icon="tag")
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

        async def archive(key: str) -> None:
            await ask_archive_plan(benfex, staff, PlanId(int(key)), table)

        acts = [RowAction("prices", "Prices", "tag", history)]
        if may_edit:
            acts.append(RowAction("price", "New price", "plus", new_price))
            acts.append(RowAction("archive", "Archive", "archive", archive))
        table = DataTable(
            _COLUMNS,
            fetch,
            label="Plans",
            sort="speed",
            row_actions=acts,
            empty=Empty("No plan yet", "A plan is a speed, a data cap and a price.", "package"),
        )
        await table.refresh()


def _row(plan: PlanView) -> Row:
    price = plan.prices[0] if plan.prices else None
    cap = "No limit" if plan.data_cap_bytes is None else f"{format_bytes(plan.data_cap_bytes)} a period"
    terms = plan.data_terms
    notes = [
        f"free from {terms.bonus_hours}" if terms.bonus_hours else "",
        f"fair use from {terms.fair_use_hours}" if terms.fair_use_hours else "",
        "rolls over" if terms.rolls_over else "",
    ]
    row: Row = {
        "id": str(plan.plan_id),
        "name": plan.name,
        "name_note": " · ".join((plan.code, *filter(None, notes))),
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
