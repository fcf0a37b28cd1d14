"""Give unmatched money to its customer: search, check, confirm in numbers."""

from collections.abc import Awaitable, Callable

from nicegui import ui

from benfex.application import Benfex
from benfex.customers.views import CustomerFound, customer, search_customers
from benfex.payments.gateway import name_of_gateway
from benfex.payments.settlement import match_payment
from benfex.payments.views import PaymentListed, payment
from components.dialogs import confirm
from components.elements import box, button, text
from components.empty_state import empty_state
from components.feedback import toast_error, toast_ok
from components.search import LENGTH_MIN
from data.values.errors import BenfexError
from data.values.identifiers import PaymentId
from pages.admin.dialogs import form_dialog
from pages.admin.phrases import say_balance
from pages.dependencies import SignedInStaff


async def open_match(
    benfex: Benfex, staff: SignedInStaff, payment_id: PaymentId, after: Callable[[], Awaitable[None]]
) -> None:
    """Open the dialog for one payment; `after` runs when it was placed."""
    try:
        money = await benfex.read(payment, await staff.fresh(), payment_id=payment_id)
    except BenfexError as error:
        toast_error(error.message)
        return
    words = f"{money.amount} by {name_of_gateway(money.gateway)}, receipt {money.transaction_id}."
    if money.account_reference:
        words += f" The payer typed “{money.account_reference}”."
    if money.payer_name:
        words += f" The payer is called {money.payer_name}."
    with form_dialog("Place this money", words) as dialog:
        _Matcher(benfex, staff, money, dialog, after)


class _Matcher:
    """Searches customers and places the money with the one that is chosen."""

    def __init__(
        self,
        benfex: Benfex,
        staff: SignedInStaff,
        money: PaymentListed,
        dialog: ui.dialog,
        after: Callable[[], Awaitable[None]],
    ) -> None:
        self._benfex, self._staff, self._money = benfex, staff, money
        self._dialog, self._after = dialog, after
        self._field = ui.input(placeholder="Name, phone or account", value="").classes("bf-input")
        self._field.props("outlined dense autofocus clearable debounce=250")
        self._field.props["aria-label"] = "Find the customer"
        self._field.mark("find-customer")
        self._hits = box("bf-stack tight", role="region", aria_label="Customers", aria_live="polite")
        self._field.on_value_change(self._search)

    async def _search(self) -> None:
        asked = str(self._field.value or "").strip()
        found: tuple[CustomerFound, ...] = ()
        if len(asked) >= LENGTH_MIN:
            found = await self._benfex.read(
                search_customers, await self._staff.fresh(), search=asked, limit=6
            )
        if asked != str(self._field.value or "").strip() or self._hits.is_deleted:
            return
        self._hits.clear()
        with self._hits:
            if len(asked) >= LENGTH_MIN and not found:
                empty_state("Nobody found", f"Nothing fits “{asked}”.", symbol="search")
            for hit in found:
                self._show(hit)

    def _show(self, hit: CustomerFound) -> None:
        with box("bf-row"):
            with box("bf-grow"):
                text(hit.name, "t1")
                text(f"{hit.account_number} · {hit.phone}", "t2 num")
            button("Choose", lambda: self._choose(hit), kind="ghost", classes="small")

    async def _choose(self, hit: CustomerFound) -> None:
        try:
            actor = await self._staff.fresh()
            view = await self._benfex.read(customer, actor, customer_id=hit.customer_id)
            owed = (
                f"They owe {view.balance}."
                if view.balance.is_positive
                else f"Their balance is {say_balance(view.balance)}."
            )
            words = f"{owed} The money pays their oldest invoices first; the rest becomes credit."
            title = f"Give {self._money.amount} to {hit.name}?"
            if not await confirm(title, words, action="Place the money"):
                return
            await self._benfex.transact(
                match_payment,
                await self._staff.fresh(),
                payment_id=self._money.payment_id,
                customer_id=hit.customer_id,
            )
        except BenfexError as error:
            toast_error(error.message)
            return
        self._dialog.close()
        toast_ok(f"{self._money.amount} went to {hit.name}.")
        await self._after()
