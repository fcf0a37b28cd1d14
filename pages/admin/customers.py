"""The customer list: find anybody among thousands, and register somebody new."""

from nicegui import ui

from benfex.application import Benfex
from benfex.core.events import CustomerChanged, PaymentSettled, SubscriptionChanged
from benfex.core.policy import current_terms
from benfex.customers.registration import locate_customer, register_customer
from benfex.customers.views import CustomerListed, customer_counts, list_customers
from components.avatar import who_cell
from components.data_table import Column, DataTable, Empty, Row, TableQuery, TableTab
from components.dialogs import form_dialog
from components.elements import button
from components.feedback import toast_ok
from components.form import Form, Values
from components.moments import say_day, say_when
from components.money import money_cell
from components.status_badge import Look, status_cell
from data.values.identifiers import parse_phone
from data.values.kinds import CustomerKind
from data.values.roles import Permission
from data.values.states import CustomerStatus
from pages.admin.lists import Unhurried, on_each, page_request
from pages.admin.map_places import ask_place
from pages.admin.phrases import say_balance
from pages.admin.shell import console, may
from pages.dependencies import BenfexDep, SignedInStaff, StaffDep
from pages.screen import screen

_NO_SERVICE = Look("No service", "mute", "circle-dashed")
_TABS = (
    ("all", "All"),
    ("active", "Active"),
    ("overdue", "Overdue"),
    ("suspended", "Suspended"),
    ("none", "No service"),
    ("archived", "Archived"),
)
_COLUMNS = (
    Column("name", "Customer", "who", sort="name"),
    Column("plan", "Plan", "tag"),
    Column("status", "Service", "badge"),
    Column("seen", "Last online", "note", on_card=False),
    Column("renews", "Period ends", "note", on_card=False),
    Column("balance", "Balance", "money", sort="balance"),
)


@screen("/admin/customers")
async def customers(benfex: BenfexDep, staff: StaffDep) -> None:
    """Show the list."""

    def actions() -> None:
        if may(staff, Permission.EDIT_CUSTOMERS):
            button("New customer", lambda: open_new_customer(benfex, staff), icon="user-plus")

    with console(
        benfex,
        staff,
        title="Customers",
        active="/admin/customers",
        need=Permission.VIEW_CUSTOMERS,
        actions=actions,
    ):
        zone = (await benfex.read(current_terms, staff.actor)).timezone

        async def fetch(query: TableQuery) -> tuple[list[Row], int]:
            actor = await staff.fresh()
            page = await benfex.read(list_customers, actor, request=page_request(query))
            return [_row(line, benfex, zone) for line in page.rows], page.total

        table = DataTable(
            _COLUMNS,
            fetch,
            label="Customers",
            sort="name",
            search_hint="Name, phone or account",
            tabs=[TableTab(key, label) for key, label in _TABS],
            empty=Empty("Nobody here", "Customers who fit this tab are listed here.", "users"),
        )

        async def count() -> None:
            counts = await benfex.read(customer_counts, await staff.fresh())
            for key, _ in _TABS:
                table.set_count(key, f"{getattr(counts, key):,}")

        async def refresh() -> None:
            await table.refresh()
            await count()

        await refresh()
        soon = Unhurried(refresh)
        on_each(benfex, (CustomerChanged, SubscriptionChanged, PaymentSettled), soon.ask)


def open_new_customer(benfex: Benfex, staff: SignedInStaff) -> None:
    """Open the dialog that registers a customer, and go to the new customer's page."""

    async def register(values: Values) -> None:
        actor = await staff.fresh()
        customer_id = await benfex.transact(
            register_customer,
            actor,
            name=values["name"],
            phone=parse_phone(values["phone"]),
            email=values["email"] or None,
            kind=CustomerKind(values["kind"]),
            address=values["address"],
            tax_number=values["tax_number"] or None,
        )
        if values["place"] is not None:
            await benfex.transact(
                locate_customer, await staff.fresh(), customer_id=customer_id, place=values["place"]
            )
        dialog.close()
        toast_ok(f"{values['name']} is registered.")
        ui.navigate.to(f"/admin/customers/{customer_id}")

    words = "They get an account number at once; a service comes next."
    with form_dialog("New customer", words) as dialog, Form(register) as form:
        form.text("name", "Name", props="autofocus autocomplete=off")
        form.text("phone", "Phone", hint="Like 0712 345 678; M-Pesa asks are sent here.", props="type=tel")
        form.text("email", "E-mail", required=False, props="type=email")
        with form.pair():
            form.choice("kind", "Kind", {"person": "Person", "business": "Business"}, "person")
            form.text("tax_number", "Tax number", required=False)
        form.text("address", "Address", required=False)
        ask_place(benfex, staff, form)
        form.submit("Register")


def _row(line: CustomerListed, benfex: Benfex, zone: str) -> Row:
    now = benfex.clock.now()
    archived = line.status is CustomerStatus.ARCHIVED
    seen = say_when(line.last_online_at, now=now, timezone=zone) if line.last_online_at else ""
    row: Row = {
        "id": str(line.customer_id),
        "href": f"/admin/customers/{line.customer_id}",
        "plan": line.plans[0]
        if len(line.plans) == 1
        else (f"{len(line.plans)} services" if line.plans else ""),
        "seen": seen or "—",
        "renews": say_day(line.renews_on, today=now.date()) if line.renews_on else "—",
    }
    row |= who_cell("name", line.name, f"{line.account_number} · {line.phone}")
    row |= status_cell("status", line.status if archived else (line.service or _NO_SERVICE))
    row |= money_cell("balance", line.balance)
    row["balance"] = say_balance(line.balance)
    return row
