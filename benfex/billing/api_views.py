"""Invoices as the REST API tells them. What screens show is in `views`."""

from dataclasses import dataclass
from datetime import date, datetime

from benfex.core.actors import narrowed_scope, scope_of
from benfex.core.paging import Slice, SliceRequest, sliced
from benfex.core.policy import billing_today
from benfex.core.unit_of_work import Snapshot
from data.models.invoice import Invoice
from data.queries import api_listing as listing
from data.queries import invoices_listing
from data.queries.invoices import lines_of
from data.values.errors import NotFound
from data.values.identifiers import CustomerId, InvoiceId, PaymentId, SubscriptionId
from data.values.kinds import LineKind
from data.values.money import Money
from data.values.roles import Permission
from data.values.states import InvoiceStatus


@dataclass(frozen=True, slots=True)
class InvoiceRecord:
    """One invoice without its lines; `number` is None for a draft, `outstanding` is 0 unless it is open."""

    id: InvoiceId
    number: str | None
    customer_id: CustomerId
    status: InvoiceStatus
    is_overdue: bool
    subtotal: Money
    tax: Money
    total: Money
    paid: Money
    outstanding: Money
    issued_on: date | None
    due_on: date | None
    paid_at: datetime | None
    voided_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class LineRecord:
    """One charge: net amount and its share of the tax; the period is half-open."""

    kind: LineKind
    description: str
    subscription_id: SubscriptionId | None
    quantity: int
    unit: Money
    net: Money
    tax: Money
    period_starts_on: date | None
    period_ends_on: date | None


@dataclass(frozen=True, slots=True)
class PaidPartRecord:
    """The part of a payment that paid the invoice."""

    payment_id: PaymentId
    amount: Money
    at: datetime
    reversed_at: datetime | None


@dataclass(frozen=True, slots=True)
class WholeInvoice:
    """One invoice with its lines and what paid it."""

    invoice: InvoiceRecord
    lines: tuple[LineRecord, ...]
    payments: tuple[PaidPartRecord, ...]


def invoice_records(
    snapshot: Snapshot,
    *,
    request: SliceRequest,
    customer_id: CustomerId | None = None,
    status: InvoiceStatus | None = None,
) -> Slice[InvoiceRecord]:
    """Return invoices, newest first. Raises NotFound for a customer the actor may not see."""
    rows = listing.invoices(
        snapshot.session,
        listing.Cut(request.limit + 1, request.after_id),
        customer_id=narrowed_scope(snapshot.actor, customer_id, Permission.VIEW_INVOICES),
        status=status,
    )
    today = billing_today(snapshot)
    records = [_record(row, today) for row in rows]
    return sliced(records, limit=request.limit, place=lambda record: record.id)


def whole_invoice(snapshot: Snapshot, *, invoice_id: InvoiceId) -> WholeInvoice:
    """Return one invoice, whole. Raises NotFound, also for a subscriber who asks for somebody else's."""
    scope = scope_of(snapshot.actor, Permission.VIEW_INVOICES)
    rows = listing.invoices(snapshot.session, listing.Cut(only_id=invoice_id), customer_id=scope)
    if not rows:
        raise NotFound("invoice")
    currency = rows[0].currency
    return WholeInvoice(
        invoice=_record(rows[0], billing_today(snapshot)),
        lines=tuple(
            LineRecord(
                kind=line.kind,
                description=line.description,
                subscription_id=SubscriptionId(line.subscription_id) if line.subscription_id else None,
                quantity=line.quantity,
                unit=Money(line.unit_minor, currency),
                net=Money(line.amount_minor, currency),
                tax=Money(line.tax_minor, currency),
                period_starts_on=line.period_starts_on,
                period_ends_on=line.period_ends_on,
            )
            for line in lines_of(snapshot.session, invoice_id)
        ),
        payments=tuple(
            PaidPartRecord(
                PaymentId(part.payment_id), Money(part.amount_minor, currency), part.at, part.reversed_at
            )
            for part in invoices_listing.payments_on(snapshot.session, invoice_id=invoice_id)
        ),
    )


def _record(row: Invoice, today: date) -> InvoiceRecord:
    assert row.id is not None
    assert row.created_at is not None
    is_open = row.status is InvoiceStatus.OPEN
    return InvoiceRecord(
        id=InvoiceId(row.id),
        number=row.number,
        customer_id=CustomerId(row.customer_id),
        status=row.status,
        is_overdue=is_open and row.due_on is not None and row.due_on < today,
        subtotal=Money(row.subtotal_minor, row.currency),
        tax=Money(row.tax_minor, row.currency),
        total=Money(row.total_minor, row.currency),
        paid=Money(row.paid_minor, row.currency),
        outstanding=Money(row.total_minor - row.paid_minor if is_open else 0, row.currency),
        issued_on=row.issued_on,
        due_on=row.due_on,
        paid_at=row.paid_at,
        voided_at=row.voided_at,
        created_at=row.created_at,
    )
