"""SELECTs of the books for reports: sums by account as of an instant, open invoices, credit notes in lists."""

from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import case, func, select

from data.models.customer import Customer
from data.models.invoice import CreditNote, CreditNoteLine, Invoice
from data.models.ledger import JournalEntry, LedgerAccount, Posting
from data.models.payment import PaymentAllocation
from data.session import Session
from data.values.states import InvoiceStatus


class AccountSum(NamedTuple):
    """One account's debits and credits, both positive."""

    code: str
    currency: str
    owner: str
    debit_minor: int
    credit_minor: int


def account_sums(session: Session, *, before: datetime) -> list[AccountSum]:
    """Return what was posted to each account for facts before an instant, by code, currency and owner."""
    amount = Posting.amount_minor
    rows = session.execute(
        select(
            LedgerAccount.code,
            LedgerAccount.currency,
            LedgerAccount.owner,
            func.sum(case((amount > 0, amount), else_=0)),
            func.sum(case((amount < 0, -amount), else_=0)),
        )
        .join(LedgerAccount, LedgerAccount.id == Posting.account_id)
        .join(JournalEntry, JournalEntry.id == Posting.entry_id)
        .where(JournalEntry.occurred_at < before)
        .group_by(LedgerAccount.code, LedgerAccount.currency, LedgerAccount.owner)
        .order_by(LedgerAccount.code, LedgerAccount.currency, LedgerAccount.owner)
    )
    return [AccountSum(row[0], row[1], row[2], int(row[3]), int(row[4])) for row in rows]


class OpenSum(NamedTuple):
    """What one customer owes on the open invoices of one due date."""

    customer_id: int
    customer_name: str
    account_number: str
    currency: str
    due_on: date
    open_minor: int


def open_sums(session: Session) -> list[OpenSum]:
    """Return what is open by customer, currency and due date, by customer's name."""
    rows = session.execute(
        select(
            Customer.id,
            Customer.name,
            Customer.account_number,
            Invoice.currency,
            Invoice.due_on,
            func.sum(Invoice.total_minor - Invoice.paid_minor),
        )
        .join(Customer, Customer.id == Invoice.customer_id)
        .where(Invoice.status == InvoiceStatus.OPEN)
        .group_by(Customer.id, Customer.name, Customer.account_number, Invoice.currency, Invoice.due_on)
        .order_by(func.lower(Customer.name), Customer.id)
    )
    return [OpenSum(row[0], row[1], row[2], row[3], row[4], int(row[5])) for row in rows]


class CreditNoteRow(NamedTuple):
    """A credit note with the number of its invoice, and what of it settles invoices."""

    id: int
    number: str
    invoice_id: int
    invoice_number: str | None
    customer_id: int
    currency: str
    subtotal_minor: int
    tax_minor: int
    total_minor: int
    settled_minor: int
    reason: str
    issued_on: date
    created_at: datetime


def credit_notes(
    session: Session,
    *,
    credit_note_id: int | None = None,
    invoice_id: int | None = None,
    customer_id: int | None = None,
    before_id: int | None = None,
    limit: int = 100,
) -> list[CreditNoteRow]:
    """Return credit notes that fit, newest first."""
    settled = (
        select(func.coalesce(func.sum(PaymentAllocation.amount_minor), 0))
        .where(PaymentAllocation.credit_note_id == CreditNote.id, PaymentAllocation.reversed_at.is_(None))
        .scalar_subquery()
    )
    query = (
        select(
            CreditNote.id,
            CreditNote.number,
            CreditNote.invoice_id,
            Invoice.number,
            CreditNote.customer_id,
            CreditNote.currency,
            CreditNote.subtotal_minor,
            CreditNote.tax_minor,
            CreditNote.total_minor,
            settled,
            CreditNote.reason,
            CreditNote.issued_on,
            CreditNote.created_at,
        )
        .join(Invoice, Invoice.id == CreditNote.invoice_id)
        .order_by(CreditNote.id.desc())
        .limit(limit)
    )
    for column, value in (
        (CreditNote.id, credit_note_id),
        (CreditNote.invoice_id, invoice_id),
        (CreditNote.customer_id, customer_id),
    ):
        if value is not None:
            query = query.where(column == value)
    if before_id is not None:
        query = query.where(CreditNote.id < before_id)
    return [CreditNoteRow._make(row) for row in session.execute(query)]


def credit_note_lines(session: Session, *, credit_note_id: int) -> list[CreditNoteLine]:
    """Return what a credit note takes back, line by line."""
    return list(
        session.scalars(
            select(CreditNoteLine)
            .where(CreditNoteLine.credit_note_id == credit_note_id)
            .order_by(CreditNoteLine.id)
        )
    )


class SettlingNote(NamedTuple):
    """The part of a credit note that settles an invoice."""

    credit_note_id: int
    number: str
    amount_minor: int
    at: datetime
    reversed_at: datetime | None


def notes_on(session: Session, *, invoice_id: int) -> list[SettlingNote]:
    """Return the credit notes that settle an invoice, first to last."""
    rows = session.execute(
        select(
            CreditNote.id,
            CreditNote.number,
            PaymentAllocation.amount_minor,
            PaymentAllocation.at,
            PaymentAllocation.reversed_at,
        )
        .join(CreditNote, CreditNote.id == PaymentAllocation.credit_note_id)
        .where(PaymentAllocation.invoice_id == invoice_id)
        .order_by(PaymentAllocation.id)
    )
    return [SettlingNote._make(row) for row in rows]
