"""SELECTs of invoice lists and of one invoice on a screen. What acts read is in `invoices`."""

from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, or_, select

from data.models.catalog import TaxRate
from data.models.customer import Customer
from data.models.invoice import Invoice, InvoiceLine, InvoiceLineTax, InvoiceReminder
from data.models.payment import Payment, PaymentAllocation
from data.session import Session
from data.values.kinds import LineKind
from data.values.states import InvoiceStatus

FILTERS = ("all", "open", "overdue", "paid", "void")


class InvoiceRow(NamedTuple):
    """One line of an invoice list."""

    id: int
    number: str | None
    customer_id: int
    customer_name: str
    account_number: str
    status: InvoiceStatus
    currency: str
    total_minor: int
    paid_minor: int
    issued_on: date | None
    due_on: date | None


_COLUMNS = (
    Invoice.id,
    Invoice.number,
    Invoice.customer_id,
    Customer.name,
    Customer.account_number,
    Invoice.status,
    Invoice.currency,
    Invoice.total_minor,
    Invoice.paid_minor,
    Invoice.issued_on,
    Invoice.due_on,
)


def invoices_page(
    session: Session,
    *,
    state: str,
    search: str,
    customer_id: int | None,
    on: date,
    sort: str,
    descending: bool,
    limit: int,
    offset: int,
) -> list[InvoiceRow]:
    """Return one page of the invoices that fit; `sort` is issued, due, total, number or customer."""
    keys = {
        "issued": Invoice.issued_on,
        "due": Invoice.due_on,
        "total": Invoice.total_minor,
        "number": Invoice.number,
        "customer": func.lower(Customer.name),
    }
    key = keys.get(sort, keys["issued"])
    query = (
        select(*_COLUMNS)
        .join(Customer, Customer.id == Invoice.customer_id)
        .where(*_fits(state, on, customer_id), *_found(search))
        .order_by(key.desc() if descending else key.asc(), Invoice.id.desc())
        .limit(limit)
        .offset(offset)
    )
    return [InvoiceRow(*row) for row in session.execute(query)]


def count_invoices(
    session: Session, *, state: str, on: date, search: str = "", customer_id: int | None = None
) -> int:
    """Return how many invoices fit."""
    query = select(func.count()).select_from(Invoice).where(*_fits(state, on, customer_id))
    if search:
        query = query.join(Customer, Customer.id == Invoice.customer_id).where(*_found(search))
    return session.execute(query).scalar_one()


def outstanding_sum(session: Session, *, state: str, on: date, currency: str) -> int:
    """Return what the fitting invoices in a currency still lack, in minor units."""
    return int(
        session.execute(
            select(func.coalesce(func.sum(Invoice.total_minor - Invoice.paid_minor), 0)).where(
                Invoice.currency == currency, *_fits(state, on, None)
            )
        ).scalar_one()
    )


class InvoiceHead(NamedTuple):
    """An invoice without its lines, and whom it is for."""

    id: int
    number: str | None
    customer_id: int
    customer_name: str
    account_number: str
    customer_phone: str
    customer_address: str
    customer_tax_number: str | None
    status: InvoiceStatus
    currency: str
    subtotal_minor: int
    tax_minor: int
    total_minor: int
    paid_minor: int
    issued_on: date | None
    due_on: date | None
    paid_at: datetime | None
    voided_at: datetime | None


def invoice_head(session: Session, invoice_id: int) -> InvoiceHead | None:
    """Return the invoice, or None."""
    row = session.execute(
        select(
            Invoice.id,
            Invoice.number,
            Invoice.customer_id,
            Customer.name,
            Customer.account_number,
            Customer.phone,
            Customer.address,
            Customer.tax_number,
            Invoice.status,
            Invoice.currency,
            Invoice.subtotal_minor,
            Invoice.tax_minor,
            Invoice.total_minor,
            Invoice.paid_minor,
            Invoice.issued_on,
            Invoice.due_on,
            Invoice.paid_at,
            Invoice.voided_at,
        )
        .join(Customer, Customer.id == Invoice.customer_id)
        .where(Invoice.id == invoice_id)
    ).one_or_none()
    return InvoiceHead(*row) if row else None


class LineRow(NamedTuple):
    """One charge of an invoice."""

    id: int
    kind: LineKind
    description: str
    quantity: int
    unit_minor: int
    amount_minor: int
    tax_minor: int
    period_starts_on: date | None
    period_ends_on: date | None


def lines_in_list(session: Session, *, invoice_id: int) -> list[LineRow]:
    """Return the invoice's charges in the order they were written."""
    rows = session.execute(
        select(
            InvoiceLine.id,
            InvoiceLine.kind,
            InvoiceLine.description,
            InvoiceLine.quantity,
            InvoiceLine.unit_minor,
            InvoiceLine.amount_minor,
            InvoiceLine.tax_minor,
            InvoiceLine.period_starts_on,
            InvoiceLine.period_ends_on,
        )
        .where(InvoiceLine.invoice_id == invoice_id)
        .order_by(InvoiceLine.id)
    )
    return [LineRow(*row) for row in rows]


class TaxRow(NamedTuple):
    """The tax of one rate on a whole invoice."""

    name: str
    basis_points: int
    base_minor: int
    tax_minor: int


def taxes_of(session: Session, *, invoice_id: int) -> list[TaxRow]:
    """Return the invoice's taxes, a row per rate, by name."""
    rows = session.execute(
        select(
            TaxRate.name,
            TaxRate.basis_points,
            func.sum(InvoiceLineTax.base_minor),
            func.sum(InvoiceLineTax.tax_minor),
        )
        .join(InvoiceLineTax, InvoiceLineTax.tax_rate_id == TaxRate.id)
        .join(InvoiceLine, InvoiceLine.id == InvoiceLineTax.line_id)
        .where(InvoiceLine.invoice_id == invoice_id)
        .group_by(TaxRate.id, TaxRate.name, TaxRate.basis_points)
        .order_by(TaxRate.name, TaxRate.id)
    )
    return [TaxRow(row[0], row[1], int(row[2]), int(row[3])) for row in rows]


class PaidPart(NamedTuple):
    """The part of a payment that paid the invoice."""

    payment_id: int
    gateway: str
    transaction_id: str
    amount_minor: int
    at: datetime
    reversed_at: datetime | None


def payments_on(session: Session, *, invoice_id: int) -> list[PaidPart]:
    """Return what paid the invoice, first to last, reversed parts too."""
    rows = session.execute(
        select(
            Payment.id,
            Payment.gateway,
            Payment.gateway_transaction_id,
            PaymentAllocation.amount_minor,
            PaymentAllocation.at,
            PaymentAllocation.reversed_at,
        )
        .join(Payment, Payment.id == PaymentAllocation.payment_id)
        .where(PaymentAllocation.invoice_id == invoice_id)
        .order_by(PaymentAllocation.id)
    )
    return [PaidPart(*row) for row in rows]


def reminder_times(session: Session, *, invoice_id: int) -> list[tuple[str, datetime]]:
    """Return (step, when) of the dunning steps taken for the invoice, first to last."""
    rows = session.execute(
        select(InvoiceReminder.step, InvoiceReminder.at)
        .where(InvoiceReminder.invoice_id == invoice_id)
        .order_by(InvoiceReminder.id)
    )
    return [(row[0], row[1]) for row in rows]


def find_invoices(session: Session, *, search: str, limit: int) -> list[tuple[int, str, str, InvoiceStatus]]:
    """Return (id, number, customer, status) of invoices whose number holds the words, newest first."""
    rows = session.execute(
        select(Invoice.id, Invoice.number, Customer.name, Invoice.status)
        .join(Customer, Customer.id == Invoice.customer_id)
        .where(Invoice.number.icontains(search, autoescape=True))
        .order_by(Invoice.id.desc())
        .limit(limit)
    )
    return [(row[0], row[1] or "", row[2], row[3]) for row in rows]


def _fits(state: str, on: date, customer_id: int | None) -> list[ColumnElement[bool]]:
    fits: list[ColumnElement[bool]] = []
    if customer_id is not None:
        fits.append(Invoice.customer_id == customer_id)
    match state:
        case "open":
            fits += [Invoice.status == InvoiceStatus.OPEN]
        case "overdue":
            fits += [Invoice.status == InvoiceStatus.OPEN, Invoice.due_on < on]
        case "paid":
            fits += [Invoice.status == InvoiceStatus.PAID]
        case "void":
            fits += [Invoice.status.in_((InvoiceStatus.VOID, InvoiceStatus.UNCOLLECTIBLE))]
        case _:
            pass
    return fits


def _found(search: str) -> list[ColumnElement[bool]]:
    if not search:
        return []
    return [
        or_(
            Invoice.number.icontains(search, autoescape=True),
            Customer.name.icontains(search, autoescape=True),
            Customer.account_number.istartswith(search, autoescape=True),
        )
    ]
