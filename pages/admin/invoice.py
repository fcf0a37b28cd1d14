"""One invoice: what is owed, why each line, what paid it."""

import re
from collections.abc import Awaitable, Callable

from nicegui import ui

from benfex.application import Benfex
from benfex.billing.invoicing import void_invoice
from benfex.billing.views import InvoiceView, LineView, invoice
from benfex.core.events import InvoicePaid, PaymentSettled
from benfex.payments.gateway import name_of_gateway
from benfex.payments.pay_links import create_pay_link
from components.copyable import copyable
from components.dialogs import ask_reason
from components.elements import body, box, button, card, fact, fact_list, link, link_button, row, text
from components.empty_state import empty_state
from components.feedback import note, toast_error, toast_ok
from components.moments import moment, say_day, say_exactly
from components.money import money_label
from components.status_badge import OVERDUE, badge, look_of
from data.values.errors import BenfexError, DomainError
from data.values.identifiers import InvoiceId
from data.values.money import Money
from data.values.roles import Permission
from pages.admin.customer_dialogs import pay_address, show_pay_link
from pages.admin.lists import Unhurried
from pages.admin.phrases import say_count
from pages.admin.shell import console, may
from pages.dependencies import BenfexDep, SignedInStaff, StaffDep
from pages.live import on

Refresh = Callable[[], Awaitable[None]]


@ui.page("/admin/invoices/{invoice_id}")
async def invoice_page(benfex: BenfexDep, staff: StaffDep, invoice_id: int) -> None:
    """Show one invoice."""
    key = InvoiceId(invoice_id)
    try:
        seen = await benfex.read(invoice, staff.actor, invoice_id=key)
    except DomainError:
        seen = None  # the page says so, in its frame
    with console(
        benfex,
        staff,
        title=f"Invoice {seen.number}" if seen else "Invoice",
        active="/admin/invoices",
        need=Permission.VIEW_INVOICES,
        subtitle=f"for {seen.customer_name}" if seen else "",
        back=("Invoices", "/admin/invoices"),
    ):
        view = seen if seen is not None else await benfex.read(invoice, staff.actor, invoice_id=key)
        paper = box("bf-stack")

        async def refresh() -> None:
            fresh = await benfex.read(invoice, await staff.fresh(), invoice_id=key)
            paper.clear()
            with paper:
                _show(benfex, staff, fresh, refresh)

        with paper:
            _show(benfex, staff, view, refresh)

        soon = Unhurried(refresh, seconds=0.3)
        on(benfex, InvoicePaid, soon.ask, where=lambda event: event.invoice_id == key)
        on(benfex, PaymentSettled, soon.ask, where=lambda event: event.customer_id == view.customer_id)


def _show(benfex: Benfex, staff: SignedInStaff, view: InvoiceView, refresh: Refresh) -> None:
    with box("bf-grid bf-main"):
        with box("bf-stack"):
            _lines_card(view)
            _payments_card(benfex, view)
        with box("bf-stack bf-side"):
            _standing_card(benfex, staff, view, refresh)
            _facts_card(benfex, view)


def _standing_card(benfex: Benfex, staff: SignedInStaff, view: InvoiceView, refresh: Refresh) -> None:
    with card(), body():
        with box("bf-line wide"):
            text("To pay", "bf-sub bf-grow")
            badge(OVERDUE if view.is_overdue else view.status)
        money_label(view.outstanding, hero=True, owed_is_bad=view.is_overdue)
        if view.is_overdue:
            late = say_count(view.days_overdue, "day")
            note(f"Overdue for {late}.", tone="bad", symbol="triangle-alert")
        _actions(benfex, staff, view, refresh)
        if view.issued_on is not None:
            link_button("PDF", f"/documents/invoices/{view.invoice_id}.pdf", kind="ghost", icon="download")


def _actions(benfex: Benfex, staff: SignedInStaff, view: InvoiceView, refresh: Refresh) -> None:
    if view.outstanding.is_zero:
        return

    async def pay_link() -> None:
        try:
            token = await benfex.transact(
                create_pay_link, await staff.fresh(), customer_id=view.customer_id, invoice_id=view.invoice_id
            )
        except BenfexError as error:
            toast_error(error.message)
            return
        show_pay_link(pay_address(benfex, token), view.customer_name)

    with box("bf-line"):
        button("Pay link", pay_link, icon="link")
        if may(staff, Permission.EDIT_INVOICES) and view.can_be_void:
            button("Void", lambda: _void(benfex, staff, view, refresh), kind="ghost", icon="circle-slash")


async def _void(benfex: Benfex, staff: SignedInStaff, view: InvoiceView, refresh: Refresh) -> None:
    reason = await ask_reason(
        f"Void invoice {view.number}?",
        f"{view.customer_name} no longer owes {view.outstanding} on it. Its number stays, "
        "and the next bill run invoices its periods again.",
        action="Void invoice",
        danger=True,
    )
    if reason is None:
        return
    try:
        await benfex.transact(void_invoice, await staff.fresh(), invoice_id=view.invoice_id, reason=reason)
    except BenfexError as error:
        toast_error(error.message)
        return
    toast_ok(f"Invoice {view.number} is void.")
    await refresh()


def _lines_card(view: InvoiceView) -> None:
    with card("Charges", classes="clip"):
        for line in view.lines:
            with row(line.description, _line_note(view, line)):
                money_label(line.net)
        with body():
            _sum("Without tax", view.subtotal)
            for tax in view.taxes:
                whole, rest = divmod(tax.basis_points, 100)
                rate = f"{whole}.{rest:02d}".rstrip("0").rstrip(".") if rest else str(whole)
                says_rate = rate in re.findall(r"[\d.]+", tax.name)
                _sum(
                    f"{tax.name} of {tax.base}" if says_rate else f"{tax.name} {rate}% of {tax.base}", tax.tax
                )
            _sum("Total", view.total, strong=True)
            if view.paid.is_positive:
                _sum("Paid", -view.paid)


def _line_note(view: InvoiceView, line: LineView) -> str:
    parts = [look_of(line.kind).label]
    if line.period is not None:
        starts = say_day(line.period.starts_on, today=view.today)
        parts.append(f"{starts} to {say_day(line.period.last_day, today=view.today)}")
    if line.quantity != 1:
        parts.append(f"{line.quantity} × {line.unit}")
    if line.tax.is_positive:
        parts.append(f"tax {line.tax}")
    return " · ".join(parts)


def _sum(label: str, amount: Money, *, strong: bool = False) -> None:
    with box("bf-line wide nowrap"):
        text(label, "t1 bf-grow" if strong else "bf-sub bf-grow num")
        money_label(amount)


def _payments_card(benfex: Benfex, view: InvoiceView) -> None:
    with card("What paid it", classes="clip"):
        if not view.payments:
            empty_state("Nothing yet", "Payments that go to this invoice are listed here.", symbol="wallet")
        for part in view.payments:
            words = f"{part.transaction_id} · {say_exactly(part.at, timezone=view.timezone)}"
            title = name_of_gateway(part.gateway) + (" (reversed)" if part.is_reversed else "")
            with row(title, words, symbol="undo-2" if part.is_reversed else "banknote"):
                money_label(part.amount)


def _facts_card(benfex: Benfex, view: InvoiceView) -> None:
    with card("Details"), body(), fact_list():
        with fact("Customer"):
            link(view.customer_name, f"/admin/customers/{view.customer_id}")
        with fact("Account"):
            copyable(view.account_number, what="account number")
        fact("Phone", str(view.customer_phone))
        if view.customer_tax_number:
            fact("Tax number", view.customer_tax_number)
        if view.customer_address:
            fact("Address", view.customer_address)
        fact("Issued", say_day(view.issued_on, today=view.today) if view.issued_on else "—")
        fact("Due", say_day(view.due_on, today=view.today) if view.due_on else "—")
        now = benfex.clock.now()
        if view.paid_at is not None:
            with fact("Paid"):
                moment(view.paid_at, now=now, timezone=view.timezone, classes="num")
        if view.voided_at is not None:
            with fact("Void since"):
                moment(view.voided_at, now=now, timezone=view.timezone, classes="num")
        for step, at in view.reminders:
            with fact(_step_word(step)):
                moment(at, now=now, timezone=view.timezone, classes="num")


def _step_word(step: str) -> str:
    words = {
        "remind": "Reminded",
        "throttle": "Slowed down",
        "suspend": "Suspended for it",
        "end": "Ended for it",
    }
    return words.get(step.partition(":")[0], step)
