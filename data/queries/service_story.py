"""SELECTs of what happened to one service, for its timeline: states, changes, invoices and credit notes."""

from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import func, select

from data.models.invoice import CreditNote, CreditNoteLine, Invoice, InvoiceLine
from data.models.operations import AuditEvent
from data.models.subscription import SubscriptionTransition
from data.session import Session
from data.values.states import SubscriptionStatus


class MoveRow(NamedTuple):
    """One change of state; `from_status` None for the start."""

    at: datetime
    from_status: SubscriptionStatus | None
    to_status: SubscriptionStatus
    reason: str
    actor: str


class ChangeRow(NamedTuple):
    """One change that staff made; `changes` is JSON."""

    at: datetime
    action: str
    actor: str
    changes: str


class DocumentRow(NamedTuple):
    """What of an invoice or credit note concerns the service, tax included."""

    at: datetime
    id: int
    number: str
    issued_on: date
    gross_minor: int
    currency: str


def moves(session: Session, *, subscription_id: int, limit: int) -> list[MoveRow]:
    """Return the newest changes of state, newest first."""
    rows = session.execute(
        select(
            SubscriptionTransition.at,
            SubscriptionTransition.from_status,
            SubscriptionTransition.to_status,
            SubscriptionTransition.reason,
            SubscriptionTransition.actor,
        )
        .where(SubscriptionTransition.subscription_id == subscription_id)
        .order_by(SubscriptionTransition.id.desc())
        .limit(limit)
    )
    return [MoveRow(*row) for row in rows]


def changes(
    session: Session, *, subscription_id: int, actions: tuple[str, ...], limit: int
) -> list[ChangeRow]:
    """Return the newest audited changes of some kinds, newest first."""
    rows = session.execute(
        select(AuditEvent.at, AuditEvent.action, AuditEvent.actor, AuditEvent.changes)
        .where(
            AuditEvent.entity == "subscription",
            AuditEvent.entity_id == subscription_id,
            AuditEvent.action.in_(actions),
        )
        .order_by(AuditEvent.id.desc())
        .limit(limit)
    )
    return [ChangeRow(*row) for row in rows]


def invoices(session: Session, *, subscription_id: int, limit: int) -> list[DocumentRow]:
    """Return the newest invoices that bill the service, newest first."""
    rows = session.execute(
        select(
            Invoice.created_at,
            Invoice.id,
            func.coalesce(Invoice.number, ""),
            Invoice.issued_on,
            func.sum(InvoiceLine.amount_minor + InvoiceLine.tax_minor),
            Invoice.currency,
        )
        .join(InvoiceLine, InvoiceLine.invoice_id == Invoice.id)
        .where(InvoiceLine.subscription_id == subscription_id)
        .group_by(Invoice.id, Invoice.created_at, Invoice.number, Invoice.issued_on, Invoice.currency)
        .order_by(Invoice.id.desc())
        .limit(limit)
    )
    return [DocumentRow(row[0], row[1], row[2], row[3], int(row[4]), row[5]) for row in rows]


def credit_notes(session: Session, *, subscription_id: int, limit: int) -> list[DocumentRow]:
    """Return the newest credit notes that take back of the service's lines, newest first; `id` is the invoice's."""
    rows = session.execute(
        select(
            CreditNote.created_at,
            CreditNote.invoice_id,
            CreditNote.number,
            CreditNote.issued_on,
            func.sum(CreditNoteLine.amount_minor + CreditNoteLine.tax_minor),
            CreditNote.currency,
        )
        .join(CreditNoteLine, CreditNoteLine.credit_note_id == CreditNote.id)
        .join(InvoiceLine, InvoiceLine.id == CreditNoteLine.invoice_line_id)
        .where(InvoiceLine.subscription_id == subscription_id)
        .group_by(
            CreditNote.id,
            CreditNote.created_at,
            CreditNote.invoice_id,
            CreditNote.number,
            CreditNote.issued_on,
            CreditNote.currency,
        )
        .order_by(CreditNote.id.desc())
        .limit(limit)
    )
    return [DocumentRow(row[0], row[1], row[2], row[3], int(row[4]), row[5]) for row in rows]
