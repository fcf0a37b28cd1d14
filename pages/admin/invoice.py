"""One invoice: what is owed, why each line, what paid it."""

import re

from benfex.application import Benfex
from benfex.billing.note_views import invoice_corrections
from benfex.billing.views import InvoiceView, LineView, invoice
from benfex.core.events import CreditNoteIssued, InvoicePaid, PaymentSettled
from benfex.payments.gateway import name_of_gateway
from benfex.payments.pay_links import create_pay_link
from components.copyable import copyable
from components.elements import body, box, button, card, fact, fact_list, link, link_button, row, text
from components.empty_state import empty_state
from components.feedback import note, toast_error
from components.moments import moment, say_day, say_exactly
from components.money import money_label
from components.status_badge import OVERDUE, badge, look_of
from data.values.errors import BenfexError, DomainError
from data.values.identifiers import InvoiceId
from data.values.money import Money
from data.values.roles import Permission
from pages.admin.customer_dialogs import pay_address, show_pay_link
from pages.admin.invoice_corrections import Correcting, correction_buttons
from pages.admin.lists import Unhurried
from pages.admin.phrases import say_count
from pages.admin.shell import console
from pages.dependencies import BenfexDep, StaffDep
from pages.live import on
from pages.screen import screen


@screen("/admin/invoices/{invoice_id}")
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
        known = await benfex.read(invoice_corrections, staff.actor, invoice_id=key)
        paper = box("bf-stack")

        async def refresh() -> None:
            actor = await staff.fresh()
            fresh = await benfex.read(invoice, actor, invoice_id=key)
            corrections = await benfex.read(invoice_corrections, actor, invoice_id=key)
            paper.clear()
            with paper:
                _show(Correcting(benfex, staff, fresh, corrections, refresh))

        with paper:
            _show(Correcting(benfex, staff, view, known, refresh))

        soon = Unhurried(refresh, seconds=0.3)
        on(benfex, InvoicePaid, soon.ask, where=lambda event: event.invoice_id == key)
        on(benfex, CreditNoteIssued, soon.ask, where=lambda event: event.customer_id == view.customer_id)
        on(benfex, PaymentSettled, soon.ask, where=lambda event: event.customer_id == view.customer_id)


def _show(shown: Correcting) -> None:
    benfex, view = shown.benfex, shown.view
    with box("bf-grid bf-main"):
        with box("bf-stack"):
            _lines_card(shown)
            _payments_card(shown)
            if shown.known.notes:
                _notes_card(shown)
        with box("bf-stack bf-side"):
            _standing_card(shown)
            _facts_card(benfex, view)


def _standing_card(shown: Correcting) -> None:
    view = shown.view
    with card(), body():
        with box("bf-line wide"):
            text("To pay", "bf-sub bf-grow")
            badge(OVERDUE if view.is_overdue else view.status)
        money_label(view.outstanding, hero=True, owed_is_bad=view.is_overdue)
        if view.is_overdue:
            late = say_count(view.days_overdue, "day")
            note(f"Overdue for {late}.", tone="bad", symbol="triangle-alert")
        _pay_link(shown)
        correction_buttons(shown)
        if view.issued_on is not None:
            link_button("PDF", f"/documents/invoices/{view.invoice_id}.pdf", kind="ghost", icon="download")


def _pay_link(shown: Correcting) -> None:
    view = shown.view
    if view.outstanding.is_zero:
        return

    async def pay_link() -> None:
        try:
            token = await shown.benfex.transact(
                create_pay_link,
                await shown.staff.fresh(),
                customer_id=view.customer_id,
                invoice_id=view.invoice_id,
            )
        except BenfexError as error:
            toast_error(error.message)
            return
        show_pay_link(pay_address(shown.benfex, token), view.customer_name)

    with box("bf-line"):
        button("Pay link", pay_link, icon="link")


def _lines_card(shown: Correcting) -> None:
    view = shown.view
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
            credited = view.total - shown.known.left
            if credited.is_positive:
                _sum("Credited", -credited)
            if view.paid.is_positive:
                _sum("Settled", -view.paid)


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


def _payments_card(shown: Correcting) -> None:
    view, settled = shown.view, shown.known.settled
    with card("What paid it", classes="clip"):
        if not view.payments and not settled:
            empty_state("Nothing yet", "Payments that go to this invoice are listed here.", symbol="wallet")
        for part in view.payments:
            words = f"{part.transaction_id} · {say_exactly(part.at, timezone=view.timezone)}"
            title = name_of_gateway(part.gateway) + (" (reversed)" if part.is_reversed else "")
            with row(title, words, symbol="circle-slash" if part.is_reversed else "banknote"):
                money_label(part.amount)
        for note_part in settled:
            title = f"Credit note {note_part.number}" + (" (reversed)" if note_part.is_reversed else "")
            with row(title, say_exactly(note_part.at, timezone=view.timezone), symbol="file-text"):
                money_label(note_part.amount)


def _notes_card(shown: Correcting) -> None:
    view = shown.view
    with card("Credit notes", classes="clip"):
        for given in shown.known.notes:
            words = f"{say_day(given.issued_on, today=view.today)} · {given.reason}"
            with row(given.number, words, symbol="file-text"):
                money_label(-given.total)
            for line in given.lines:
                with row(line.description, f"tax {-line.tax}" if not line.tax.is_zero else ""):
                    money_label(-line.net)
            with body(), box("bf-line wide"):
                left = (
                    f"{given.credit} of it is credit still." if given.credit.is_positive else "It is used up."
                )
                text(left, "bf-sub bf-grow")
                link_button("PDF", f"/documents/credit-notes/{given.id}.pdf", kind="ghost", icon="download")


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
