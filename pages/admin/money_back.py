"""Money that goes back to a customer, and money that the bank or gateway took back. Each asks first."""

from collections.abc import Awaitable, Callable

from benfex.application import Benfex
from benfex.payments.gateway import name_of_gateway
from benfex.payments.refund_requests import refund_payment
from benfex.payments.refunds import refundable
from benfex.payments.reversal import reverse_payment
from benfex.payments.views import payment
from components.data_table import RowAction
from components.dialogs import ask_reason
from components.feedback import toast_error, toast_ok
from components.form import Form, Values
from data.values.errors import BenfexError
from data.values.identifiers import PaymentId
from data.values.money import Money
from data.values.roles import Permission
from pages.admin.dialogs import form_dialog
from pages.admin.shell import may
from pages.dependencies import SignedInStaff

After = Callable[[], Awaitable[None]]


def money_back_actions(benfex: Benfex, staff: SignedInStaff, after: After) -> list[RowAction]:
    """Return the row actions of a list of payments that this person may take."""
    if not may(staff, Permission.MATCH_PAYMENTS):
        return []

    async def refund(key: str) -> None:
        await open_refund(benfex, staff, PaymentId(int(key)), after)

    async def reverse(key: str) -> None:
        await open_reversal(benfex, staff, PaymentId(int(key)), after)

    return [
        RowAction("refund", "Refund", "hand-coins", refund),
        RowAction("reverse", "Reverse", "circle-slash", reverse),
    ]


async def open_refund(benfex: Benfex, staff: SignedInStaff, payment_id: PaymentId, after: After) -> None:
    """Ask how much of a payment was given back, against which slip."""
    try:
        money = await benfex.read(payment, await staff.fresh(), payment_id=payment_id)
        free = await benfex.read(refundable, await staff.fresh(), payment_id=payment_id)
    except BenfexError as error:
        toast_error(error.message)
        return
    if free.is_zero:
        toast_error("None of this money is free: it pays invoices, or went back already. Credit one first.")
        return

    async def note_refund(values: Values) -> None:
        amount: Money = values["amount"]
        await benfex.transact(
            refund_payment,
            await staff.fresh(),
            payment_id=payment_id,
            amount=amount,
            reason=values["reason"],
            reference=values["reference"],
        )
        dialog.close()
        toast_ok(f"{amount} went back.")
        await after()

    words = (
        f"Up to {free} of {money.amount} by {name_of_gateway(money.gateway)} {money.transaction_id} can go back. "
        "Send the money yourself, then note it here."
    )
    with form_dialog("Refund", words) as dialog, Form(note_refund) as form:
        form.money("amount", "Amount", free.currency, free)
        form.text("reference", "Number on the slip", hint="Of the transfer that sent it back; used once.")
        form.area("reason", "Reason", required=True)
        form.submit("Note refund")


async def open_reversal(benfex: Benfex, staff: SignedInStaff, payment_id: PaymentId, after: After) -> None:
    """Ask why a payment is taken out of the books."""
    try:
        money = await benfex.read(payment, await staff.fresh(), payment_id=payment_id)
    except BenfexError as error:
        toast_error(error.message)
        return
    reason = await ask_reason(
        f"Reverse {money.amount}?",
        f"{name_of_gateway(money.gateway)} {money.transaction_id} leaves the books. What it paid is open again, "
        "and services may be suspended for it.",
        action="Reverse payment",
        danger=True,
    )
    if reason is None:
        return
    try:
        await benfex.transact(reverse_payment, await staff.fresh(), payment_id=payment_id, reason=reason)
    except BenfexError as error:
        toast_error(error.message)
        return
    toast_ok(f"{money.amount} is reversed.")
    await after()
