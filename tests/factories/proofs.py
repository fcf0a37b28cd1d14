"""What must hold of all bills and money, whatever was done: proofs that return what is wrong."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta

from sqlalchemy import select
from sqlmodel import col

from benfex.core.clock import local_date
from benfex.core.unit_of_work import Snapshot
from data.models.invoice import (
    CreditNote,
    CreditNoteLine,
    CreditNoteLineTax,
    Invoice,
    InvoiceLine,
    InvoiceLineTax,
)
from data.models.ledger import Posting
from data.models.payment import Payment, PaymentAllocation, Refund
from data.models.subscription import Subscription, SubscriptionTransition
from data.queries import ledger as ledger_queries
from data.values.states import InvoiceStatus, RefundStatus, SubscriptionStatus

DAY = timedelta(days=1)


def proofs(snapshot: Snapshot) -> list[str]:
    """Return everything that is wrong with postings, documents, money and periods."""
    return [
        *_postings(snapshot),
        *_invoices(snapshot),
        *_credit_notes(snapshot),
        *_receivables(snapshot),
        *_periods(snapshot),
    ]


def _postings(snapshot: Snapshot) -> Iterator[str]:
    sums = defaultdict[int, int](int)
    for posting in snapshot.session.scalars(select(Posting)):
        sums[posting.entry_id] += posting.amount_minor
    for entry_id, total in sums.items():
        if total:
            yield f"the postings of entry {entry_id} come to {total}"


def _invoices(snapshot: Snapshot) -> Iterator[str]:
    session = snapshot.session
    lines = defaultdict[int, list[InvoiceLine]](list)
    for line in session.scalars(select(InvoiceLine)):
        lines[line.invoice_id].append(line)
    taxes = defaultdict[int, int](int)
    for tax in session.scalars(select(InvoiceLineTax)):
        taxes[tax.line_id] += tax.tax_minor
    settled = defaultdict[int, int](int)
    for allocation in session.scalars(select(PaymentAllocation)):
        if allocation.reversed_at is None:
            settled[allocation.invoice_id] += allocation.amount_minor
    for invoice in session.scalars(select(Invoice)):
        assert invoice.id is not None
        own = lines[invoice.id]
        nets, grosses = sum(line.amount_minor for line in own), sum(_gross(line) for line in own)
        if (nets, grosses) != (invoice.subtotal_minor, invoice.total_minor):
            yield f"the lines of {invoice.number} come to {grosses}, it says {invoice.total_minor}"
        if sum(line.credited_minor for line in own) != invoice.credited_minor:
            yield f"the credits of {invoice.number} do not add up"
        if not 0 <= invoice.paid_minor <= invoice.total_minor or settled[invoice.id] != invoice.paid_minor:
            yield f"{invoice.number} is paid {invoice.paid_minor}, its parts come to {settled[invoice.id]}"
        for line in own:
            if taxes[line.id or 0] != line.tax_minor:
                yield f"the taxes of line {line.id} come to {taxes[line.id or 0]}, it says {line.tax_minor}"
            if not 0 <= line.credited_minor * (1 if _gross(line) >= 0 else -1) <= abs(_gross(line)):
                yield f"line {line.id} of {_gross(line)} is credited {line.credited_minor}"


def _credit_notes(snapshot: Snapshot) -> Iterator[str]:
    session = snapshot.session
    taxes = defaultdict[int, int](int)
    for tax in session.scalars(select(CreditNoteLineTax)):
        taxes[tax.line_id] += tax.tax_minor
    nets, sums, by_line = defaultdict[int, int](int), defaultdict[int, int](int), defaultdict[int, int](int)
    for line in session.scalars(select(CreditNoteLine)):
        nets[line.credit_note_id] += line.amount_minor
        sums[line.credit_note_id] += line.tax_minor
        by_line[line.invoice_line_id] += line.amount_minor + line.tax_minor
        if taxes[line.id or 0] != line.tax_minor:
            yield f"the taxes of credit line {line.id} do not add up"
    for note in session.scalars(select(CreditNote)):
        if (nets[note.id or 0], sums[note.id or 0]) != (note.subtotal_minor, note.tax_minor):
            yield f"the lines of {note.number} do not come to what it says"
    for billed in session.scalars(select(InvoiceLine)):
        if by_line[billed.id or 0] != billed.credited_minor:
            yield f"line {billed.id} says {billed.credited_minor} credited, its notes {by_line[billed.id or 0]}"


def _refunds(snapshot: Snapshot, used_money: dict[int, int]) -> dict[int, int]:
    """Add what went back to what payments are used for; return what of them is to go back."""
    set_aside = defaultdict[int, int](int)
    for refund in snapshot.session.scalars(select(Refund)):
        if refund.status in (RefundStatus.PENDING, RefundStatus.SUCCEEDED):
            used_money[refund.payment_id] += refund.amount_minor
        elif refund.status in (RefundStatus.AWAITING, RefundStatus.APPROVED):
            set_aside[refund.payment_id] += refund.amount_minor
    return set_aside


def _receivables(snapshot: Snapshot) -> Iterator[str]:
    session = snapshot.session
    expected = defaultdict[int, int](int)
    used_money, used_notes = defaultdict[int, int](int), defaultdict[int, int](int)
    for allocation in session.scalars(select(PaymentAllocation)):
        if allocation.reversed_at is None and allocation.payment_id is not None:
            used_money[allocation.payment_id] += allocation.amount_minor
        elif allocation.reversed_at is None:
            used_notes[allocation.credit_note_id or 0] += allocation.amount_minor
    set_aside = _refunds(snapshot, used_money)
    for invoice in session.scalars(select(Invoice)):
        if invoice.status is InvoiceStatus.OPEN:
            expected[invoice.customer_id] += invoice.total_minor - invoice.paid_minor
    for payment in session.scalars(select(Payment)):
        if payment.reversed_at is None and payment.customer_id is not None:
            free = payment.amount_minor - used_money[payment.id or 0]
            expected[payment.customer_id] -= free
            if free < set_aside[payment.id or 0]:
                yield f"payment {payment.id} is used beyond its amount by {set_aside[payment.id or 0] - free}"
    for note in session.scalars(select(CreditNote)):
        free = note.total_minor - used_notes[note.id or 0]
        expected[note.customer_id] -= free
        if free < 0:
            yield f"{note.number} is used beyond its amount by {-free}"
    for customer_id, minor in expected.items():
        booked = ledger_queries.receivable_balance(session, customer_id=customer_id, currency="KES")
        if booked != minor:
            yield f"customer {customer_id} owes {minor} by the documents, {booked} by the books"


def _periods(snapshot: Snapshot) -> Iterator[str]:
    """Say where days of an item were billed twice, or not at all while it was charged."""
    session = snapshot.session
    void = set(session.scalars(select(col(Invoice.id)).where(col(Invoice.status) == InvoiceStatus.VOID)))
    credited = defaultdict[int, set[date]](set)
    for note in session.scalars(select(CreditNoteLine)):
        if note.period_starts_on is not None and note.period_ends_on is not None:
            credited[note.invoice_line_id] |= _days(note.period_starts_on, note.period_ends_on)
    live = defaultdict[tuple[int, str], set[date]](set)
    excused = defaultdict[tuple[int, str], set[date]](set)
    for line in session.scalars(select(InvoiceLine).order_by(col(InvoiceLine.id))):
        if line.period_starts_on is None or line.period_ends_on is None or line.subscription_id is None:
            continue
        if line.item.startswith("discount:"):
            continue
        key = (line.subscription_id, line.item)
        days = _days(line.period_starts_on, line.period_ends_on)
        days -= credited[line.id or 0]
        if line.invoice_id in void or line.credited_minor == _gross(line):
            excused[key] |= days
            continue
        if days & live[key]:
            yield f"{line.item} of service {key[0]} is billed twice for {min(days & live[key])}"
        live[key] |= days
    for service in session.scalars(select(Subscription)):
        until = service.charged_through_on
        paused = _paused_days(snapshot, service.id or 0, until)
        key = (service.id or 0, "price")
        missing = _days(service.starts_on, until) - live[key] - excused[key] - paused
        charged_while_paused = live[key] & paused
        if charged_while_paused:
            yield f"service {service.id} is billed for {min(charged_while_paused)}, when it was paused"
        if missing:
            yield f"service {service.id} is not billed for {min(missing)}, charged through {until}"


def _paused_days(snapshot: Snapshot, subscription_id: int, until: date) -> set[date]:
    found: set[date] = set()
    since: date | None = None
    for moved in snapshot.session.scalars(
        select(SubscriptionTransition)
        .where(col(SubscriptionTransition.subscription_id) == subscription_id)
        .order_by(col(SubscriptionTransition.id))
    ):
        if since is not None:
            found |= _days(since, local_date(moved.at, "Africa/Nairobi"))
        is_paused = moved.to_status is SubscriptionStatus.PAUSED
        since = local_date(moved.at, "Africa/Nairobi") if is_paused else None
    return found | _days(since, until) if since is not None else found


def _days(start: date, end: date) -> set[date]:
    return {start + number * DAY for number in range((end - start).days)}


def _gross(line: InvoiceLine) -> int:
    return line.amount_minor + line.tax_minor
