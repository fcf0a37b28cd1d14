"""What staff can put right about an invoice: credit, void, bill again, write off, recover. Each asks first."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from benfex.application import Benfex
from benfex.billing.crediting import CreditPreview, preview_credit_lines, preview_credit_note
from benfex.billing.note_views import CreditableLine, InvoiceCorrections
from benfex.billing.views import InvoiceView
from benfex.billing.write_offs import recover_invoice, write_off_invoice
from benfex.subscriptions.corrections import cancel_invoice, credit_invoice, credit_invoice_lines
from components.dialogs import ask_reason, confirm, form_dialog
from components.elements import box, button
from components.feedback import Note, action_button, toast_error, toast_ok
from components.form import Form, Values
from data.values.errors import BenfexError, InvalidInput
from data.values.money import Money
from data.values.roles import Permission
from data.values.states import InvoiceStatus
from pages.admin.phrases import say_count
from pages.admin.shell import may
from pages.dependencies import SignedInStaff

Refresh = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Correcting:
    """The invoice on the screen, who corrects it, and what shows it anew."""

    benfex: Benfex
    staff: SignedInStaff
    view: InvoiceView
    known: InvoiceCorrections
    refresh: Refresh

    async def do(self, act: Any, done: str, **values: Any) -> None:
        """Run an act on the invoice, tell how it went, and show the invoice anew."""
        try:
            await self.benfex.transact(
                act, await self.staff.fresh(), invoice_id=self.view.invoice_id, **values
            )
        except BenfexError as error:
            toast_error(error.message)
            return
        toast_ok(done)
        await self.refresh()


def correction_buttons(correcting: Correcting) -> None:
    """Create the buttons of what can be done about the invoice now by this person."""
    view, known = correcting.view, correcting.known
    if not may(correcting.staff, Permission.EDIT_INVOICES):
        return
    is_open = view.status is InvoiceStatus.OPEN
    with box("bf-line"):
        if view.status in (InvoiceStatus.OPEN, InvoiceStatus.PAID) and known.left.is_positive:
            button("Credit note", lambda: open_credit_note(correcting), kind="ghost", icon="file-text")
        if view.can_be_void:
            button("Void", lambda: _void(correcting), kind="ghost", icon="circle-slash")
            if not all(line.is_once for line in known.lines):
                button("Void and bill again", lambda: _bill_again(correcting), kind="ghost", icon="repeat")
        if is_open:
            button("Write off", lambda: _write_off(correcting), kind="ghost", icon="ban")
        if view.status is InvoiceStatus.UNCOLLECTIBLE and known.customer_credit.is_positive:
            button("Recover", lambda: _recover(correcting), kind="ghost", icon="hand-coins")


def open_credit_note(correcting: Correcting) -> None:
    """Open the dialog of a credit note."""
    words = f"Up to {correcting.known.left} of {correcting.view.number} can be credited, tax included."
    with form_dialog("Credit note", words) as dialog:
        _CreditNote(correcting, dialog.close)


class _CreditNote:
    """Asks how much and why, shows what it would do, and issues it; each step replaces the one before."""

    def __init__(self, correcting: Correcting, close: Callable[[], object]) -> None:
        self._of, self._close = correcting, close
        self._lines = [line for line in correcting.known.lines if not line.left.is_zero]
        self._place = box("bf-stack")
        self._ask()

    def _ask(self) -> None:
        known = self._of.known
        with self._place, Form(self._look) as form:
            how = form.choice("how", "Credit", {"amount": "An amount", "lines": "Charge by charge"}, "amount")
            form.money(
                "amount",
                "Amount",
                known.left.currency,
                known.left,
                hint="It is spread over the charges in proportion.",
            )
            form.show_while("amount", how, lambda value: value == "amount")
            for line in self._lines:
                name = f"line{line.line_id}"
                form.money(
                    name, line.description, line.left.currency, required=False, hint=f"{line.left} left"
                )
                form.show_while(name, how, lambda value: value == "lines")
            reason = form.area("reason", "Reason", required=True, hint="It stands on the credit note.")
            reason.props("maxlength=200")
            form.submit("See what it does")

    async def _look(self, values: Values) -> None:
        actor = await self._of.staff.fresh()
        invoice_id, reason = self._of.view.invoice_id, str(values["reason"])
        if values["how"] == "amount":
            amount: Money = values["amount"]
            seen = await self._of.benfex.read(
                preview_credit_note, actor, invoice_id=invoice_id, amount=amount
            )
            self._show(seen, lambda: self._issue(credit_invoice, seen, amount=amount, reason=reason))
            return
        amounts = self._chosen(values)
        seen = await self._of.benfex.read(preview_credit_lines, actor, invoice_id=invoice_id, amounts=amounts)
        self._show(seen, lambda: self._issue(credit_invoice_lines, seen, amounts=amounts, reason=reason))

    def _chosen(self, values: Values) -> dict[int, Money]:
        found = {}
        for line in self._lines:
            written: Money | None = values[f"line{line.line_id}"]
            if written is not None and not written.is_zero:
                found[line.line_id] = _within(line, written)
        if not found:
            raise InvalidInput(f"line{self._lines[0].line_id}", "Give an amount for one charge at least.")
        return found

    def _show(self, seen: CreditPreview, issue: Callable[[], Awaitable[None]]) -> None:
        parts = [f"{seen.total} is credited, of it {seen.tax} tax."]
        if seen.settles.is_positive:
            parts.append(f"{seen.settles} of this invoice is settled by it.")
        if seen.credit.is_positive:
            parts.append(f"{seen.credit} becomes credit; it pays other open invoices at once.")
        self._place.clear()
        with self._place:
            Note(" ".join(parts), tone="accent", symbol="file-text")
            action_button(f"Issue credit note over {seen.total}", issue, classes="wide")

    async def _issue(self, act: Any, seen: CreditPreview, **values: Any) -> None:
        self._close()
        await self._of.do(act, f"{seen.total} is credited.", **values)


def _within(line: CreditableLine, amount: Money) -> Money:
    # People write what a discount gives back without its sign.
    signed = -abs(amount) if line.left.is_negative else amount
    if signed.minor * line.left.minor < 0 or abs(signed) > abs(line.left):
        raise InvalidInput(f"line{line.line_id}", f"No more than {line.left} is left of it.")
    return signed


async def _void(correcting: Correcting) -> None:
    view = correcting.view
    reason = await ask_reason(
        f"Void invoice {view.number}?",
        f"{view.customer_name} no longer owes {view.outstanding} on it. Its number stays, "
        "and its periods are not billed again.",
        action="Void invoice",
        danger=True,
    )
    if reason is not None:
        await correcting.do(cancel_invoice, f"Invoice {view.number} is void.", reason=reason)


async def _bill_again(correcting: Correcting) -> None:
    view = correcting.view
    once = [line.description for line in correcting.known.lines if line.is_once]
    words = (
        f"{view.customer_name} no longer owes {view.outstanding} on it, and the next bill run "
        "invoices its periods again under a new number."
    )
    if once:
        words += f" {say_count(len(once), 'charge')} without a period will not come again: {', '.join(once)}."
    reason = await ask_reason(
        f"Void {view.number} and bill again?", words, action="Void and bill again", danger=True
    )
    if reason is not None:
        done = f"Invoice {view.number} is void. The next bill run bills it again."
        await correcting.do(cancel_invoice, done, reason=reason, bill_again=True)


async def _write_off(correcting: Correcting) -> None:
    view = correcting.view
    reason = await ask_reason(
        f"Write off {view.outstanding}?",
        f"Invoice {view.number} of {view.customer_name} becomes bad debt and takes no more money by itself. "
        "It can be recovered from credit later.",
        action="Write it off",
        danger=True,
    )
    if reason is not None:
        await correcting.do(write_off_invoice, f"Invoice {view.number} is written off.", reason=reason)


async def _recover(correcting: Correcting) -> None:
    view, credit = correcting.view, correcting.known.customer_credit
    amount = min(credit, view.total - view.paid)
    words = f"{view.customer_name} has {credit} of credit. {amount} of it pays invoice {view.number}."
    if await confirm(f"Recover {amount}?", words, action="Recover"):
        await correcting.do(recover_invoice, f"{amount} is recovered.")
