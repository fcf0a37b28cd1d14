"""Money that goes back to a customer, and money that the bank or gateway took back. Each asks first."""

from collections.abc import Awaitable, Callable

from benfex.application import Benfex
from benfex.payments.gateway import name_of_gateway
from benfex.payments.reversal import reverse_payment
from benfex.payments.views import payment
from components.data_table import RowAction
from components.dialogs import ask_reason
from components.feedback import toast_error, toast_ok
from data.values.errors import BenfexError
from data.values.identifiers import PaymentId
from data.values.roles import Permission
from pages.admin.refund_dialogs import open_refund
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
