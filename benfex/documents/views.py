"""What documents say, read in one snapshot and checked at the door. How it looks is in the renderers."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from benfex.billing.views import InvoiceView, LineView
from benfex.billing.views import invoice as invoice_view
from benfex.core.actors import require
from benfex.core.clock import local_date
from benfex.core.policy import billing_today, current_terms, isp_profile
from benfex.core.unit_of_work import Snapshot
from benfex.documents.invoices import InvoiceDocument, SettledSum
from benfex.documents.letterhead import brand, letterhead
from benfex.documents.parts import ChargedLine, Payer, TaxedSum
from benfex.documents.sheet import Badge
from benfex.documents.texts import document_text, fill_text
from benfex.documents.vouchers import VoucherCard, VoucherSheet
from benfex.documents.wording import say_amount, say_date, say_phone, say_tax
from benfex.payments.gateway import name_of_gateway
from benfex.payments.vouchers import PrintedBatch
from data.queries import documents as document_queries
from data.values.errors import Conflict
from data.values.identifiers import CustomerId, InvoiceId
from data.values.money import Money
from data.values.periods import Period
from data.values.roles import Permission
from data.values.states import InvoiceStatus


def invoice_document(snapshot: Snapshot, *, invoice_id: InvoiceId) -> InvoiceDocument:
    """Return an invoice as it is printed, without its way to pay.

    Raises NotFound, to a subscriber for others' invoices too; Conflict for a draft, which is no document yet.
    """
    seen = invoice_view(snapshot, invoice_id=invoice_id)
    if seen.issued_on is None or seen.due_on is None:
        raise Conflict("The invoice is not issued yet, so there is nothing to print.")
    customer = customer_of(snapshot, seen.customer_id)
    written_at = document_queries.invoice_written_at(snapshot.session, invoice_id=invoice_id)
    facts = isp_facts(snapshot) | {
        "customer_name": customer.name,
        "account_number": customer.account_number,
        "number": seen.number,
        "amount_due": say_amount(seen.outstanding),
        "due_on": say_date(seen.due_on),
    }
    footer = document_text(snapshot, "invoice_footer", language=customer.language, until=written_at)
    wording = document_text(snapshot, "invoice_line", language=customer.language, until=written_at)
    return InvoiceDocument(
        brand=brand(snapshot),
        customer_id=seen.customer_id,
        number=seen.number,
        payer=payer_of(customer),
        issued_on=seen.issued_on,
        due_on=seen.due_on,
        badge=_badge(seen),
        lines=tuple(_line(line, wording) for line in seen.lines),
        subtotal=seen.subtotal,
        taxes=tuple(TaxedSum(say_tax(tax.name, tax.basis_points), tax.tax, tax.base) for tax in seen.taxes),
        total=seen.total,
        settled=_settled(snapshot, seen),
        amount_due=seen.outstanding,
        closing=fill_text("invoice_footer", footer, facts),
    )


def voucher_sheet(snapshot: Snapshot, *, batch: PrintedBatch) -> VoucherSheet:
    """Return a batch that was just made as it is printed. Raises NotPermitted."""
    require(snapshot.actor, Permission.PRINT_VOUCHERS)
    looks, facts = brand(snapshot), isp_facts(snapshot)
    return VoucherSheet(
        isp_name=looks.name,
        accent=looks.accent,
        title=batch.plan_name,
        worth=say_amount(batch.amount),
        until=f"Good until {say_date(batch.expires_on)}" if batch.expires_on else "",
        note=fill_text("voucher_card", document_text(snapshot, "voucher_card"), facts),
        cards=tuple(VoucherCard(voucher.serial, voucher.code) for voucher in batch.vouchers),
    )


def sample_invoice(snapshot: Snapshot) -> InvoiceDocument:
    """Return an invoice that nobody owes, with the letterhead and the texts of now. Raises NotPermitted."""
    require(snapshot.actor, Permission.EDIT_PROFILE)
    terms, today = current_terms(snapshot), billing_today(snapshot)
    net, tax = Money(215_517, terms.currency), Money(34_483, terms.currency)
    period = Period(today, today + timedelta(days=30))
    due_on = today + timedelta(days=terms.invoice_due_days)
    facts = isp_facts(snapshot) | {
        "customer_name": "Amina Wanjirũ",
        "account_number": "BFX000000",
        "number": "SAMPLE",
        "amount_due": say_amount(net + tax),
        "due_on": say_date(due_on),
    }
    return InvoiceDocument(
        brand=brand(snapshot),
        customer_id=CustomerId(0),
        number="SAMPLE",
        payer=Payer("Amina Wanjirũ", "BFX000000", ("Plot 7, Section 58", "a sample, nobody owes this")),
        issued_on=today,
        due_on=due_on,
        badge=Badge("Sample", "mute"),
        lines=(
            ChargedLine(
                line_text(document_text(snapshot, "invoice_line"), "Home 10", period), net, tax, period
            ),
        ),
        subtotal=net,
        taxes=(TaxedSum("VAT 16%", tax, net),),
        total=net + tax,
        settled=(),
        amount_due=net + tax,
        closing=fill_text("invoice_footer", document_text(snapshot, "invoice_footer"), facts),
    )


def line_text(template: str, description: str, period: Period | None) -> str:
    """Return the words of a charge by the ISP's template."""
    facts = {
        "description": description,
        "first_day": say_date(period.starts_on) if period else "",
        "last_day": say_date(period.last_day) if period else "",
        "days": str(period.days) if period else "",
    }
    return fill_text("invoice_line", template, facts)


def isp_facts(snapshot: Snapshot) -> dict[str, str]:
    """Return what every text may say of the ISP."""
    profile, paper = isp_profile(snapshot), letterhead(snapshot)
    if profile is None:
        raise Conflict("The ISP's profile is not set up yet. Open the first-run page.")
    return {"isp_name": profile.name, "isp_phone": profile.support_phone, "isp_email": paper.email}


def customer_of(snapshot: Snapshot, customer_id: int) -> document_queries.CustomerHead:
    """Return whom a document is for; who asks was checked before."""
    customer = document_queries.customer_head(snapshot.session, customer_id)
    assert customer is not None, "a document is for somebody"
    return customer


def payer_of(customer: document_queries.CustomerHead) -> Payer:
    """Return the customer as documents address them."""
    tax = f"Tax number {customer.tax_number}" if customer.tax_number else ""
    lines = (customer.address, say_phone(customer.phone), tax)
    return Payer(customer.name, customer.account_number, tuple(line for line in lines if line))


def closing_text(
    snapshot: Snapshot,
    code: str,
    customer: document_queries.CustomerHead,
    facts: Mapping[str, str],
    *,
    until: datetime | None = None,
) -> str:
    """Return the words at the end of a document, in the customer's language when there are some."""
    named = {"customer_name": customer.name, "account_number": customer.account_number}
    template = document_text(snapshot, code, language=customer.language, until=until)
    return fill_text(code, template, isp_facts(snapshot) | named | dict(facts))


def _line(line: LineView, wording: str) -> ChargedLine:
    note = f"{line.quantity} × {say_amount(line.unit)}" if line.quantity != 1 else ""
    return ChargedLine(
        text=line_text(wording, line.description, line.period),
        net=line.net,
        tax=line.tax,
        period=line.period,
        note=note,
    )


def _settled(snapshot: Snapshot, seen: InvoiceView) -> tuple[SettledSum, ...]:
    parts = document_queries.settled_parts(snapshot.session, invoice_id=seen.invoice_id)
    currency = seen.total.currency
    found = []
    for part in parts:
        day = say_date(local_date(part.at, seen.timezone))
        how = name_of_gateway(part.gateway) if part.gateway is not None else "Credit note"
        found.append(SettledSum(f"{how} {part.reference}, {day}", Money(part.amount_minor, currency)))
    return tuple(found)


def _badge(seen: InvoiceView) -> Badge:
    if seen.is_overdue:
        return Badge("Overdue", "bad")
    words: dict[InvoiceStatus, Badge] = {
        InvoiceStatus.OPEN: Badge("To be paid", "warn"),
        InvoiceStatus.PAID: Badge("Paid", "ok"),
        InvoiceStatus.VOID: Badge("Void", "mute"),
        InvoiceStatus.UNCOLLECTIBLE: Badge("Written off", "mute"),
    }
    return words.get(seen.status, Badge(str(seen.status).capitalize(), "mute"))
