"""SELECTs of what stands on documents: letterhead, texts, receipts, credit notes. Invoices: `invoices_listing`."""

from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import func, select

from data.models.catalog import TaxRate
from data.models.customer import Customer
from data.models.invoice import CreditNote, CreditNoteLine, CreditNoteLineTax, Invoice
from data.models.message import MessageTemplate
from data.models.payment import Payment, PaymentAllocation, Refund
from data.models.policy import IspLetterhead
from data.queries.refunds import POSTED
from data.session import Session
from data.values.kinds import MessageChannel
from data.values.states import PaymentStatus


def newest_letterhead(session: Session) -> IspLetterhead | None:
    """Return the letterhead, or None before one was saved."""
    return session.scalars(select(IspLetterhead).order_by(IspLetterhead.version.desc()).limit(1)).first()


def newest_text(
    session: Session, *, code: str, language: str, until: datetime | None = None
) -> MessageTemplate | None:
    """Return the text of a document that was in force at an instant, now when none is named; None for none."""
    query = select(MessageTemplate).where(
        MessageTemplate.code == code,
        MessageTemplate.channel == MessageChannel.DOCUMENT,
        MessageTemplate.language == language,
    )
    if until is not None:
        query = query.where(MessageTemplate.created_at <= until)
    return session.scalars(query.order_by(MessageTemplate.version.desc()).limit(1)).first()


class CustomerHead(NamedTuple):
    """Whom a document is for."""

    id: int
    name: str
    account_number: str
    phone: str
    address: str
    tax_number: str | None
    currency: str
    language: str


_CUSTOMER = (
    Customer.id,
    Customer.name,
    Customer.account_number,
    Customer.phone,
    Customer.address,
    Customer.tax_number,
    Customer.currency,
    Customer.language,
)


def customer_head(session: Session, customer_id: int) -> CustomerHead | None:
    """Return the customer, or None."""
    row = session.execute(select(*_CUSTOMER).where(Customer.id == customer_id)).one_or_none()
    return CustomerHead(*row) if row else None


class SettledPart(NamedTuple):
    """What settled a part of an invoice: money, or a credit note's amount when `gateway` is None."""

    gateway: str | None
    reference: str
    at: datetime
    amount_minor: int


def settled_parts(session: Session, *, invoice_id: int) -> list[SettledPart]:
    """Return what settled an invoice and still does, first to last."""
    rows = session.execute(
        select(
            Payment.gateway,
            func.coalesce(Payment.gateway_transaction_id, CreditNote.number),
            PaymentAllocation.at,
            PaymentAllocation.amount_minor,
        )
        .outerjoin(Payment, Payment.id == PaymentAllocation.payment_id)
        .outerjoin(CreditNote, CreditNote.id == PaymentAllocation.credit_note_id)
        .where(PaymentAllocation.invoice_id == invoice_id, PaymentAllocation.reversed_at.is_(None))
        .order_by(PaymentAllocation.id)
    )
    return [SettledPart(*row) for row in rows]


class CreditedTax(NamedTuple):
    """The tax of one rate that a credit note takes back."""

    name: str
    basis_points: int
    tax_minor: int


def credited_taxes(session: Session, *, credit_note_id: int) -> list[CreditedTax]:
    """Return the taxes of a credit note, a row per rate, by name."""
    rows = session.execute(
        select(TaxRate.name, TaxRate.basis_points, func.sum(CreditNoteLineTax.tax_minor))
        .join(CreditNoteLineTax, CreditNoteLineTax.tax_rate_id == TaxRate.id)
        .join(CreditNoteLine, CreditNoteLine.id == CreditNoteLineTax.line_id)
        .where(CreditNoteLine.credit_note_id == credit_note_id)
        .group_by(TaxRate.id, TaxRate.name, TaxRate.basis_points)
        .order_by(TaxRate.name, TaxRate.id)
    )
    return [CreditedTax(row[0], row[1], int(row[2])) for row in rows]


class ReceivedPayment(NamedTuple):
    """A payment as its receipt tells it; no customer means nobody knows whose money it is."""

    id: int
    customer_id: int | None
    gateway: str
    transaction_id: str
    amount_minor: int
    currency: str
    status: PaymentStatus
    received_at: datetime
    payer_name: str
    receipt_number: str | None


def received_payment(session: Session, payment_id: int) -> ReceivedPayment | None:
    """Return the payment, or None."""
    row = session.execute(
        select(
            Payment.id,
            Payment.customer_id,
            Payment.gateway,
            Payment.gateway_transaction_id,
            Payment.amount_minor,
            Payment.currency,
            Payment.status,
            Payment.received_at,
            Payment.payer_name,
            Payment.receipt_number,
        ).where(Payment.id == payment_id)
    ).one_or_none()
    return ReceivedPayment(*row) if row else None


class PaidInvoice(NamedTuple):
    """The part of a payment that went to an invoice."""

    number: str | None
    issued_on: date | None
    total_minor: int
    amount_minor: int


def invoices_paid_by(session: Session, *, payment_id: int) -> list[PaidInvoice]:
    """Return where a payment went and still is, first to last."""
    rows = session.execute(
        select(Invoice.number, Invoice.issued_on, Invoice.total_minor, PaymentAllocation.amount_minor)
        .join(Invoice, Invoice.id == PaymentAllocation.invoice_id)
        .where(PaymentAllocation.payment_id == payment_id, PaymentAllocation.reversed_at.is_(None))
        .order_by(PaymentAllocation.id)
    )
    return [PaidInvoice(*row) for row in rows]


def refunded_of(session: Session, *, payment_id: int) -> int:
    """Return what of a payment was given back or is on its way, in minor units."""
    return int(
        session.execute(
            select(func.coalesce(func.sum(Refund.amount_minor), 0)).where(
                Refund.payment_id == payment_id, Refund.status.in_(POSTED)
            )
        ).scalar_one()
    )


def invoice_written_at(session: Session, *, invoice_id: int) -> datetime | None:
    """Return the instant at which an invoice was written, None when there is none."""
    return session.execute(select(Invoice.created_at).where(Invoice.id == invoice_id)).scalar_one_or_none()
