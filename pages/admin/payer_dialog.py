"""Who pays for a customer: themselves, or another customer who gets the invoices."""

from benfex.application import Benfex
from benfex.customers.views import CustomerView
from benfex.subscriptions.payers import payer_by_account, payment_circle, set_payer
from components.dialogs import form_dialog
from components.feedback import toast_error, toast_ok
from components.form import Form, Values
from data.values.errors import BenfexError
from pages.dependencies import SignedInStaff


async def open_payer(benfex: Benfex, staff: SignedInStaff, view: CustomerView) -> None:
    """Choose who pays, by account number."""
    try:
        circle = await benfex.read(payment_circle, await staff.fresh(), customer_id=view.customer_id)
    except BenfexError as error:
        toast_error(error.message)
        return
    if circle.pays_for:
        names = ", ".join(found.name for found in circle.pays_for)
        words = f"{view.name} pays for {names}, and so cannot have a payer."
    elif circle.payer is not None:
        words = f"{circle.payer.name} pays for {view.name}. Invoices that are open stay where they are."
    else:
        words = f"{view.name} pays for themselves. A payer gets the invoices from now on; open ones stay."

    async def choose(values: Values) -> None:
        payer = None
        if values["account_number"]:
            payer = await benfex.read(
                payer_by_account, await staff.fresh(), account_number=values["account_number"]
            )
        await benfex.transact(
            set_payer,
            await staff.fresh(),
            customer_id=view.customer_id,
            payer_id=payer.customer_id if payer else None,
        )
        dialog.close()
        toast_ok(f"{payer.name if payer else view.name} is billed from now on.")

    with form_dialog(f"Who pays for {view.name}?", words) as dialog, Form(choose) as form:
        known = circle.payer.account_number if circle.payer else ""
        form.text(
            "account_number",
            "Account number of the payer",
            known,
            required=False,
            hint="Left out: the customer pays.",
        )
        form.submit("Set payer")
