"""Give unmatched money to its customer: accept who is suggested, or search; and take it back again."""

from collections.abc import Awaitable, Callable, Sequence

from nicegui import ui

from benfex.application import Benfex
from benfex.customers.views import CustomerFound, customer, search_customers
from benfex.payments.gateway import name_of_gateway
from benfex.payments.placing import match_payment, undo_match
from benfex.payments.views import PaymentListed, SuggestionListed, payment, suggestions_of
from components.data_table import RowAction
from components.dialogs import ask_reason, confirm, form_dialog
from components.elements import box, button, text
from components.empty_state import empty_state
from components.feedback import toast_error, toast_ok, toast_undo
from components.search import LENGTH_MIN
from data.values.errors import BenfexError
from data.values.identifiers import CustomerId, PaymentId
from data.values.roles import Permission
from pages.admin.phrases import say_balance
from pages.admin.shell import may
from pages.dependencies import SignedInStaff

After = Callable[[], Awaitable[None]]


async def open_match(benfex: Benfex, staff: SignedInStaff, payment_id: PaymentId, after: After) -> None:
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
    suggested = await benfex.read(suggestions_of, await staff.fresh(), payment_id=payment_id)
    with form_dialog("Place this money", words) as dialog:
        _Matcher(benfex, staff, money, dialog, after, suggested)


async def accept_best(benfex: Benfex, staff: SignedInStaff, payment_id: PaymentId, after: After) -> None:
    """Place money with whom most speaks for, without another question; the toast has the way back."""
    try:
        found = await benfex.read(suggestions_of, await staff.fresh(), payment_id=payment_id)
        if not found:
            toast_error("Nothing speaks for any customer. Place it with one yourself.")
            return
        await _place(benfex, staff, payment_id, found[0].customer_id)
        money = await benfex.read(payment, await staff.fresh(), payment_id=payment_id)
    except BenfexError as error:
        toast_error(error.message)
        return

    async def undo() -> None:
        await _take_back(benfex, staff, payment_id, "accepted by mistake", after)

    toast_undo(f"{money.amount} went to {found[0].customer_name}.", undo)
    await after()


def undo_actions(benfex: Benfex, staff: SignedInStaff, after: After) -> list[RowAction]:
    """Return the row action that takes placed money back, for those who may."""
    if not may(staff, Permission.MATCH_PAYMENTS):
        return []

    async def undo(key: str) -> None:
        try:
            money = await benfex.read(payment, await staff.fresh(), payment_id=PaymentId(int(key)))
        except BenfexError as error:
            toast_error(error.message)
            return
        if money.customer_id is None:
            toast_error("This money waits for its customer already.")
            return
        reason = await ask_reason(
            "Whose money is it?",
            "The money waits again as not placed; what it paid is open again.",
            action="Take it back",
            label="Why it is not theirs",
            danger=True,
        )
        if reason is not None:
            await _take_back(benfex, staff, PaymentId(int(key)), reason, after)

    return [RowAction("undo", "Not theirs: place anew", "undo-2", undo)]


async def _place(
    benfex: Benfex, staff: SignedInStaff, payment_id: PaymentId, customer_id: CustomerId
) -> None:
    await benfex.transact(match_payment, await staff.fresh(), payment_id=payment_id, customer_id=customer_id)


async def _take_back(
    benfex: Benfex, staff: SignedInStaff, payment_id: PaymentId, reason: str, after: After
) -> None:
    try:
        await benfex.transact(undo_match, await staff.fresh(), payment_id=payment_id, reason=reason)
    except BenfexError as error:
        toast_error(error.message)
        return
    toast_ok("The money waits for its customer again.")
    await after()


class _Matcher:
    """Searches customers and places the money with the one that is chosen."""

    def __init__(
        self,
        benfex: Benfex,
        staff: SignedInStaff,
        money: PaymentListed,
        dialog: ui.dialog,
        after: After,
        suggested: Sequence[SuggestionListed],
    ) -> None:
        self._benfex, self._staff, self._money = benfex, staff, money
        self._dialog, self._after = dialog, after
        for one in suggested:
            self._suggest(one)
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

    def _suggest(self, one: SuggestionListed) -> None:
        with box("bf-row"):
            with box("bf-grow"):
                text(f"{one.customer_name} · {one.account_number}", "t1")
                text(f"{one.score} of 100: {', '.join(one.reasons)}", "t2 bf-wrap")
            button("Accept", lambda: self._choose(one.customer_id, one.customer_name), classes="small")

    def _show(self, hit: CustomerFound) -> None:
        with box("bf-row"):
            with box("bf-grow"):
                text(hit.name, "t1")
                text(f"{hit.account_number} · {hit.phone}", "t2 num")
            button("Choose", lambda: self._choose(hit.customer_id, hit.name), kind="ghost", classes="small")

    async def _choose(self, customer_id: CustomerId, name: str) -> None:
        try:
            actor = await self._staff.fresh()
            view = await self._benfex.read(customer, actor, customer_id=customer_id)
            owed = (
                f"They owe {view.balance}."
                if view.balance.is_positive
                else f"Their balance is {say_balance(view.balance)}."
            )
            words = f"{owed} The money pays their oldest invoices first; the rest becomes credit."
            title = f"Give {self._money.amount} to {name}?"
            if not await confirm(title, words, action="Place the money"):
                return
            await _place(self._benfex, self._staff, self._money.payment_id, customer_id)
        except BenfexError as error:
            toast_error(error.message)
            return
        self._dialog.close()
        toast_ok(f"{self._money.amount} went to {name}.")
        await self._after()
