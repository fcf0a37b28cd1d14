"""What staff do to one customer, each in a dialog: edit, portal password, cash, pay link, note, archive."""

from nicegui import ui

from benfex.application import Benfex
from benfex.customers.notes import add_note
from benfex.customers.registration import archive_customer, edit_customer, locate_customer
from benfex.customers.views import CustomerView
from benfex.documents.codes import qr_code
from benfex.identity.passwords import check_password
from benfex.identity.staff import create_subscriber_login
from benfex.payments.cash import receipt_number_of, record_cash_payment
from benfex.payments.pay_links import create_pay_link
from components.copyable import copyable
from components.dialogs import ask_reason, form_dialog
from components.elements import text
from components.feedback import toast_error, toast_ok
from components.form import Form, Values
from components.qr import qr
from components.status_badge import look_of
from data.values.errors import BenfexError
from data.values.identifiers import InvoiceId, parse_phone
from data.values.kinds import CashMethod
from data.values.money import Money
from pages.admin.map_places import ask_place
from pages.dependencies import SignedInStaff

SLIP_HINT = "Cash needs none: Benfex gives it a receipt number."


def open_edit(benfex: Benfex, staff: SignedInStaff, view: CustomerView) -> None:
    """Change who the customer is and how to reach them."""

    async def save(values: Values) -> None:
        await benfex.transact(
            edit_customer,
            await staff.fresh(),
            customer_id=view.customer_id,
            name=values["name"],
            phone=parse_phone(values["phone"]),
            email=values["email"] or None,
            address=values["address"],
            tax_number=values["tax_number"] or None,
        )
        await benfex.transact(
            locate_customer, await staff.fresh(), customer_id=view.customer_id, place=values["place"]
        )
        dialog.close()
        toast_ok("Saved.")

    with form_dialog("Edit details") as dialog, Form(save) as form:
        form.text("name", "Name", view.name)
        form.text("phone", "Phone", str(view.phone), props="type=tel")
        form.text("email", "E-mail", view.email or "", required=False, props="type=email")
        form.text("address", "Address", view.address, required=False)
        form.text("tax_number", "Tax number", view.tax_number or "", required=False)
        ask_place(benfex, staff, form, view.place)
        form.submit("Save")


def open_portal_password(benfex: Benfex, staff: SignedInStaff, view: CustomerView) -> None:
    """Let the customer sign in to the portal, with a password that staff tell them."""
    words = f"{view.name} signs in with the account number {view.account_number} or their phone number."
    if view.has_login:
        words += " The old password stops working, and they are signed out everywhere."

    async def save(values: Values) -> None:
        actor = await staff.fresh()
        password_hash = await benfex.passwords.hash(check_password(values["password"]))
        await benfex.transact(
            create_subscriber_login, actor, customer_id=view.customer_id, password_hash=password_hash
        )
        dialog.close()
        toast_ok(f"{view.name} can sign in to the portal.")

    with form_dialog("Set portal password", words) as dialog, Form(save) as form:
        form.password("password", "New password", hint="At least 8 letters.")
        form.submit("Set password")


def open_cash_payment(benfex: Benfex, staff: SignedInStaff, view: CustomerView) -> None:
    """Book money that was taken by hand."""
    owed = view.balance if view.balance.is_positive else None
    words = f"{view.name} owes {owed}." if owed else f"{view.name} owes nothing; the money becomes credit."
    words += " It pays the oldest invoices first, and a service that was suspended for it comes back at once."

    async def book(values: Values) -> None:
        amount: Money = values["amount"]
        payment_id = await benfex.transact(
            record_cash_payment,
            await staff.fresh(),
            customer_id=view.customer_id,
            amount=amount,
            method=CashMethod(values["method"]),
            reference=values["reference"],
            is_other_money=bool(values["is_other_money"]),
        )
        number = await benfex.read(receipt_number_of, await staff.fresh(), payment_id=payment_id)
        dialog.close()
        toast_ok(f"{amount} is booked. Receipt {number}.")

    with form_dialog("Record payment", words) as dialog, Form(book) as form:
        form.money("amount", "Amount", view.currency, owed)
        method = form.choice(
            "method", "How it came", {method.value: look_of(method).label for method in CashMethod}, "cash"
        )
        form.text("reference", "Number on the slip or cheque", required=False, hint=SLIP_HINT)
        form.switch("is_other_money", "Book it though a statement told of the same amount")
        form.show_while("is_other_money", method, lambda chosen: chosen != CashMethod.CASH.value)
        form.submit("Book payment")


async def open_pay_link(
    benfex: Benfex, staff: SignedInStaff, view: CustomerView, *, invoice_id: InvoiceId | None = None
) -> None:
    """Make a link that pays without signing in, and show it for copying."""
    try:
        token = await benfex.transact(
            create_pay_link, await staff.fresh(), customer_id=view.customer_id, invoice_id=invoice_id
        )
    except BenfexError as error:
        toast_error(error.message)
        return
    show_pay_link(pay_address(benfex, token), view.name)


def show_pay_link(address: str, name: str) -> None:
    """Show a pay link for copying; it cannot be read again."""
    with form_dialog("Pay link", f"Whoever has this link can pay for {name}. It works for 90 days."):
        copyable(address, what="pay link")
        code = qr_code(address)
        qr(code.size, code.runs, label="The pay link as a code")
        text("Send it by SMS, WhatsApp or e-mail. It is shown only now; make another one any time.", "bf-sub")


def pay_address(benfex: Benfex, token: str) -> str:
    """Return the address of a pay link as the customer will type or tap it."""
    base = benfex.settings.base_url or str(ui.context.client.request.base_url)
    return f"{str(base).rstrip('/')}/pay/{token}"


def open_note(benfex: Benfex, staff: SignedInStaff, view: CustomerView) -> None:
    """Write something down for colleagues."""

    async def save(values: Values) -> None:
        await benfex.transact(
            add_note, await staff.fresh(), customer_id=view.customer_id, body=values["body"]
        )
        dialog.close()
        toast_ok("Noted.")

    with form_dialog("Add note", "Colleagues see it; the customer does not.") as dialog, Form(save) as form:
        form.area("body", "Note", required=True)
        form.submit("Save note")


async def archive(benfex: Benfex, staff: SignedInStaff, view: CustomerView) -> None:
    """Put a customer without services away."""
    reason = await ask_reason(
        f"Archive {view.name}?",
        "They leave the lists. Invoices, payments and history stay.",
        action="Archive",
        danger=True,
    )
    if reason is None:
        return
    try:
        await benfex.transact(
            archive_customer, await staff.fresh(), customer_id=view.customer_id, reason=reason
        )
    except BenfexError as error:
        toast_error(error.message)
        return
    toast_ok(f"{view.name} is archived.")
