"""The subscriber's bills: what each was for, and what paid it."""

from datetime import date

from starlette.exceptions import HTTPException

from benfex.billing.views import InvoiceListed, InvoiceView, invoice, list_invoices
from benfex.core.paging import PageRequest
from benfex.payments.gateway import name_of_gateway
from components.elements import body, box, card, link, link_button, row, text
from components.empty_state import empty_state
from components.moments import say_day
from components.money import money_label
from components.status_badge import OVERDUE, badge
from data.values.errors import NotFound
from data.values.identifiers import InvoiceId
from data.values.money import Money
from pages.dependencies import BenfexDep, SubscriberDep
from pages.portal.shell import portal, visit
from pages.screen import screen

_SHOWN = 60


@screen("/portal/invoices", title="Bills")
async def invoices(benfex: BenfexDep, subscriber: SubscriberDep) -> None:
    """List the bills, newest first."""
    here = await visit(benfex, subscriber)
    page = await benfex.read(
        list_invoices,
        subscriber.actor,
        request=PageRequest(size=_SHOWN, sort="issued", descending=True, filter="all"),
        customer_id=subscriber.actor.customer_id,
    )
    with portal(here, "Bills", active="/portal/invoices"):
        if not page.rows:
            empty_state("No bill yet", "Your first bill appears here.")
            return
        with card(), box("bf-rows"):
            for item in page.rows:
                with row(
                    item.number, _when(item, today=here.today), href=f"/portal/invoices/{item.invoice_id}"
                ):
                    money_label(item.total)
                    badge(OVERDUE if item.is_overdue else item.status)


@screen("/portal/invoices/{invoice_id}", title="Bill")
async def one_invoice(benfex: BenfexDep, subscriber: SubscriberDep, invoice_id: int) -> None:
    """Show one bill of the subscriber's own."""
    here = await visit(benfex, subscriber)
    try:
        bill = await benfex.read(invoice, subscriber.actor, invoice_id=InvoiceId(invoice_id))
    except NotFound as missing:
        raise HTTPException(404) from missing
    with portal(here, bill.number, active="/portal/invoices", back=("Bills", "/portal/invoices")):
        _bill(bill)
        if bill.outstanding.is_positive:
            link_button(f"Pay {bill.outstanding}", "/portal/pay", kind="primary", classes="big wide")
        link_button(
            "Download as PDF",
            f"/documents/invoices/{invoice_id}.pdf",
            kind="ghost",
            icon="download",
            classes="big wide",
        )


def _when(item: InvoiceListed, *, today: date) -> str:
    if item.outstanding.is_positive and item.due_on is not None:
        return f"due {say_day(item.due_on, today=today)}"
    return say_day(item.issued_on, today=today) if item.issued_on is not None else ""


def _bill(bill: InvoiceView) -> None:
    with card(), body():
        with box("bf-line wide"):
            money_label(bill.total, hero=True)
            badge(OVERDUE if bill.is_overdue else bill.status)
        for line in bill.lines:
            words = line.description
            if line.period is not None:
                first, last = line.period.starts_on, line.period.last_day
                words += f", {say_day(first, today=bill.today)}"
                words += f" to {say_day(last, today=bill.today)}" if last != first else ""
            with box("bf-line wide"):
                text(words, "bf-grow")
                money_label(line.net)
        for tax in bill.taxes:
            _sum(tax.name, tax.tax)
        _sum("Total", bill.total)
        for part in bill.payments:
            with box("bf-line wide"):
                link(
                    f"Paid: {name_of_gateway(part.gateway)} {part.transaction_id}",
                    f"/documents/receipts/{part.payment_id}.pdf",
                )
                text("", "bf-grow")
                money_label(-part.amount)
        if bill.due_on is not None and bill.outstanding.is_positive:
            text(f"Due {say_day(bill.due_on, today=bill.today)}", "bf-sub")


def _sum(words: str, amount: Money) -> None:
    with box("bf-line wide"):
        text(words, "bf-sub bf-grow")
        money_label(amount)
