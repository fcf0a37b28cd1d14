"""Invoices as screens show them: the list and one invoice. Acts are in `invoicing`."""

from dataclasses import dataclass
from datetime import date, datetime

from benfex.core.actors import require, require_customer_access, scope_of
from benfex.core.paging import Page, PageRequest
from benfex.core.policy import billing_today, current_terms
from benfex.core.unit_of_work import Snapshot
from data.queries import invoices_listing as listing
from data.values.errors import NotFound
from data.values.identifiers import CustomerId, InvoiceId, PaymentId, PhoneNumber
from data.values.kinds import LineKind
from data.values.money import Money
from data.values.periods import Period
from data.values.roles import Permission
from data.values.states import InvoiceStatus


@dataclass(frozen=True, slots=True)
class InvoiceListed:
    """A line of an invoice list; `number` is empty for a draft."""

    invoice_id: InvoiceId
    number: str
    customer_id: CustomerId
    customer_name: str
    account_number: str
    status: InvoiceStatus
    is_overdue: bool
    total: Money
    outstanding: Money
    issued_on: date | None
    due_on: date | None


@dataclass(frozen=True, slots=True)
class InvoiceCounts:
    """How many invoices each tab has, and what is still to come in."""

    all: int
    open: int
    overdue: int
    paid: int
    void: int
    to_come: Money
    late: Money


@dataclass(frozen=True, slots=True)
class LineView:
    """One charge: net amount and its share of the tax."""

    kind: LineKind
    description: str
    quantity: int
    unit: Money
    net: Money
    tax: Money
    period: Period | None


@dataclass(frozen=True, slots=True)
class TaxView:
    """The tax of one rate over the whole invoice."""

    name: str
    basis_points: int
    base: Money
    tax: Money


@dataclass(frozen=True, slots=True)
class PaidPartView:
    """The part of a payment that paid the invoice."""

    payment_id: PaymentId
    gateway: str
    transaction_id: str
    amount: Money
    at: datetime
    is_reversed: bool


@dataclass(frozen=True, slots=True)
class InvoiceView:
    """One invoice, whole."""

    invoice_id: InvoiceId
    number: str
    customer_id: CustomerId
    customer_name: str
    account_number: str
    customer_phone: PhoneNumber
    customer_address: str
    customer_tax_number: str | None
    status: InvoiceStatus
    is_overdue: bool
    days_overdue: int
    subtotal: Money
    tax: Money
    total: Money
    paid: Money
    outstanding: Money
    issued_on: date | None
    due_on: date | None
    paid_at: datetime | None
    voided_at: datetime | None
    lines: tuple[LineView, ...]
    taxes: tuple[TaxView, ...]
    payments: tuple[PaidPartView, ...]
    reminders: tuple[tuple[str, datetime], ...]
    timezone: str
    today: date

    @property
    def can_be_void(self) -> bool:
        """Return whether `void_invoice` would take it: open, and nobody paid on it."""
        return self.status is InvoiceStatus.OPEN and self.paid.is_zero


def list_invoices(
    snapshot: Snapshot, *, request: PageRequest, customer_id: CustomerId | None = None
) -> Page[InvoiceListed]:
    """Return one page of invoices, of one customer when one is named.

    `filter` is all, open, overdue, paid or void; `sort` issued, due, total, number or customer.
    """
    if customer_id is None:
        require(snapshot.actor, Permission.VIEW_INVOICES)
    else:
        require_customer_access(snapshot.actor, customer_id, Permission.VIEW_INVOICES)
    today, search = billing_today(snapshot), request.search.strip()
    rows = listing.invoices_page(
        snapshot.session,
        state=request.filter,
        search=search,
        customer_id=customer_id,
        on=today,
        sort=request.sort,
        descending=request.descending,
        limit=request.limit,
        offset=request.offset,
    )
    total = listing.count_invoices(
        snapshot.session, state=request.filter, on=today, search=search, customer_id=customer_id
    )
    return Page(tuple(_listed(row, today) for row in rows), total)


def invoice_counts(snapshot: Snapshot) -> InvoiceCounts:
    """Return how many invoices each tab has; sums are in the ISP's currency."""
    require(snapshot.actor, Permission.VIEW_INVOICES)
    today, currency = billing_today(snapshot), current_terms(snapshot).currency
    counts = {
        state: listing.count_invoices(snapshot.session, state=state, on=today) for state in listing.FILTERS
    }
    to_come, late = (
        Money(listing.outstanding_sum(snapshot.session, state=state, on=today, currency=currency), currency)
        for state in ("open", "overdue")
    )
    return InvoiceCounts(**counts, to_come=to_come, late=late)


def invoice(snapshot: Snapshot, *, invoice_id: InvoiceId) -> InvoiceView:
    """Return one invoice with its lines, taxes and payments. Raises NotFound, to a subscriber for others' too."""
    row = listing.invoice_head(snapshot.session, invoice_id)
    if row is None:
        scope_of(snapshot.actor, Permission.VIEW_INVOICES)
        raise NotFound("invoice")
    require_customer_access(snapshot.actor, CustomerId(row.customer_id), Permission.VIEW_INVOICES)
    today = billing_today(snapshot)
    is_overdue = _is_overdue(row.status, row.due_on, today)
    return InvoiceView(
        invoice_id=invoice_id,
        number=row.number or "",
        customer_id=CustomerId(row.customer_id),
        customer_name=row.customer_name,
        account_number=row.account_number,
        customer_phone=PhoneNumber(row.customer_phone),
        customer_address=row.customer_address,
        customer_tax_number=row.customer_tax_number,
        status=row.status,
        is_overdue=is_overdue,
        days_overdue=(today - row.due_on).days if is_overdue and row.due_on else 0,
        subtotal=Money(row.subtotal_minor, row.currency),
        tax=Money(row.tax_minor, row.currency),
        total=Money(row.total_minor, row.currency),
        paid=Money(row.paid_minor, row.currency),
        outstanding=_outstanding(row.status, row.total_minor - row.paid_minor, row.currency),
        issued_on=row.issued_on,
        due_on=row.due_on,
        paid_at=row.paid_at,
        voided_at=row.voided_at,
        lines=_lines(snapshot, invoice_id, row.currency),
        taxes=tuple(
            TaxView(
                tax.name,
                tax.basis_points,
                Money(tax.base_minor, row.currency),
                Money(tax.tax_minor, row.currency),
            )
            for tax in listing.taxes_of(snapshot.session, invoice_id=invoice_id)
        ),
        payments=_payments(snapshot, invoice_id, row.currency),
        reminders=tuple(listing.reminder_times(snapshot.session, invoice_id=invoice_id)),
        timezone=current_terms(snapshot).timezone,
        today=today,
    )


def search_invoices(
    snapshot: Snapshot, *, search: str, limit: int = 5
) -> tuple[tuple[InvoiceId, str, str, InvoiceStatus], ...]:
    """Return (id, number, customer, status) of invoices whose number holds the words, newest first."""
    require(snapshot.actor, Permission.VIEW_INVOICES)
    found = listing.find_invoices(snapshot.session, search=search.strip(), limit=limit)
    return tuple((InvoiceId(row[0]), row[1], row[2], row[3]) for row in found)


def _lines(snapshot: Snapshot, invoice_id: InvoiceId, currency: str) -> tuple[LineView, ...]:
    return tuple(
        LineView(
            kind=line.kind,
            description=line.description,
            quantity=line.quantity,
            unit=Money(line.unit_minor, currency),
            net=Money(line.amount_minor, currency),
            tax=Money(line.tax_minor, currency),
            period=(
                Period(line.period_starts_on, line.period_ends_on)
                if line.period_starts_on and line.period_ends_on
                else None
            ),
        )
        for line in listing.lines_in_list(snapshot.session, invoice_id=invoice_id)
    )


def _payments(snapshot: Snapshot, invoice_id: InvoiceId, currency: str) -> tuple[PaidPartView, ...]:
    return tuple(
        PaidPartView(
            payment_id=PaymentId(part.payment_id),
            gateway=part.gateway,
            transaction_id=part.transaction_id,
            amount=Money(part.amount_minor, currency),
            at=part.at,
            is_reversed=part.reversed_at is not None,
        )
        for part in listing.payments_on(snapshot.session, invoice_id=invoice_id)
    )


def _listed(row: listing.InvoiceRow, today: date) -> InvoiceListed:
    return InvoiceListed(
        invoice_id=InvoiceId(row.id),
        number=row.number or "",
        customer_id=CustomerId(row.customer_id),
        customer_name=row.customer_name,
        account_number=row.account_number,
        status=row.status,
        is_overdue=_is_overdue(row.status, row.due_on, today),
        total=Money(row.total_minor, row.currency),
        outstanding=_outstanding(row.status, row.total_minor - row.paid_minor, row.currency),
        issued_on=row.issued_on,
        due_on=row.due_on,
    )


def _is_overdue(status: InvoiceStatus, due_on: date | None, today: date) -> bool:
    return status is InvoiceStatus.OPEN and due_on is not None and due_on < today


def _outstanding(status: InvoiceStatus, minor: int, currency: str) -> Money:
    return Money(minor if status is InvoiceStatus.OPEN else 0, currency)
