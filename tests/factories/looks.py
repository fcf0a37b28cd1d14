"""What became of money, invoices and services: looks for assertions, each one row or a sum."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import col

from benfex.core.unit_of_work import Snapshot
from benfex.ledger.chart import AccountCode
from benfex.ledger.verification import verify_ledger
from data.models.invoice import Invoice
from data.models.ledger import LedgerAccount, Posting
from data.models.payment import Payment, PaymentAllocation, PaymentAttempt, RestorationClock
from data.models.subscription import Subscription
from data.models.webhook import InboundWebhook, QuarantinedWebhook
from data.queries import ledger as ledger_queries
from data.values.identifiers import CustomerId, InvoiceId, PaymentAttemptId, SubscriptionId
from data.values.kinds import SuspensionReason
from data.values.money import Money
from data.values.states import AttemptStatus, InvoiceStatus, SubscriptionStatus, WebhookStatus
from tests.conftest import Run


@dataclass(frozen=True, slots=True)
class AttemptLook:
    status: AttemptStatus
    failure_code: str | None
    failure_message: str | None
    needs_review: bool
    review_reason: str | None
    next_check_at: datetime | None
    paid_reported_at: datetime | None
    gateway_reference: str | None


@dataclass(frozen=True, slots=True)
class PaymentLook:
    gateway: str
    transaction_id: str
    amount: Money
    customer_id: CustomerId | None
    attempt_id: PaymentAttemptId | None
    allocated: Money
    match_reason: str


def attempt_look(snapshot: Snapshot, *, attempt_id: PaymentAttemptId) -> AttemptLook:
    row = snapshot.session.get(PaymentAttempt, attempt_id)
    assert row is not None
    return AttemptLook(
        row.status,
        row.failure_code,
        row.failure_message,
        row.needs_review,
        row.review_reason,
        row.next_check_at,
        row.paid_reported_at,
        row.gateway_reference,
    )


def payments(snapshot: Snapshot) -> tuple[PaymentLook, ...]:
    """Return all payments by gateway and transaction."""
    allocated = (
        select(func.coalesce(func.sum(col(PaymentAllocation.amount_minor)), 0))
        .where(col(PaymentAllocation.payment_id) == col(Payment.id))
        .scalar_subquery()
    )
    rows = snapshot.session.execute(
        select(Payment, allocated).order_by(col(Payment.gateway), col(Payment.gateway_transaction_id))
    )
    return tuple(
        PaymentLook(
            row.gateway,
            row.gateway_transaction_id,
            Money(row.amount_minor, row.currency),
            CustomerId(row.customer_id) if row.customer_id is not None else None,
            PaymentAttemptId(row.attempt_id) if row.attempt_id is not None else None,
            Money(int(paid), row.currency),
            row.match_reason,
        )
        for row, paid in rows
    )


def invoice_status(snapshot: Snapshot, *, invoice_id: InvoiceId) -> tuple[InvoiceStatus, int]:
    """Return status and minor units paid."""
    row = snapshot.session.get(Invoice, invoice_id)
    assert row is not None
    return row.status, row.paid_minor


def invoices_of(
    snapshot: Snapshot, *, customer_id: CustomerId
) -> tuple[tuple[str, InvoiceStatus, int, int], ...]:
    """Return (number, status, total, paid) of a customer's invoices, oldest first."""
    rows = snapshot.session.scalars(
        select(Invoice).where(col(Invoice.customer_id) == customer_id).order_by(col(Invoice.id))
    )
    return tuple((row.number or "", row.status, row.total_minor, row.paid_minor) for row in rows)


def service_state(
    snapshot: Snapshot, *, subscription_id: SubscriptionId
) -> tuple[SubscriptionStatus, SuspensionReason | None]:
    row = snapshot.session.get(Subscription, subscription_id)
    assert row is not None
    return row.status, row.suspension_reason


def restoration_clocks(snapshot: Snapshot) -> tuple[tuple[datetime, datetime], ...]:
    """Return (evidence, settled) of each restoration."""
    rows = snapshot.session.scalars(select(RestorationClock).order_by(col(RestorationClock.id)))
    return tuple((row.evidence_at, row.settled_at) for row in rows)


def owed(snapshot: Snapshot, *, customer_id: CustomerId) -> Money:
    """Return what the books say a customer owes; below nothing is their credit."""
    minor = ledger_queries.receivable_balance(snapshot.session, customer_id=customer_id, currency="KES")
    return Money(minor, "KES")


def balance(snapshot: Snapshot, *, code: AccountCode, currency: str = "KES") -> Money:
    """Return the sum of the postings on every account of a code."""
    minor = snapshot.session.execute(
        select(func.coalesce(func.sum(col(Posting.amount_minor)), 0))
        .join(LedgerAccount, col(LedgerAccount.id) == col(Posting.account_id))
        .where(col(LedgerAccount.code) == code, col(LedgerAccount.currency) == currency)
    ).scalar_one()
    return Money(int(minor), currency)


def assert_books_sound(run: Run) -> None:
    """Fail with what is wrong with the books."""
    report = run.read(verify_ledger)
    assert report.is_sound, report.discrepancies


@dataclass(frozen=True, slots=True)
class DeliveryLook:
    gateway: str
    kind: str
    status: WebhookStatus
    tries: int
    error: str | None
    body: bytes
    is_done: bool


def deliveries(snapshot: Snapshot) -> tuple[DeliveryLook, ...]:
    """Return what is in the inbox, oldest first."""
    rows = snapshot.session.scalars(select(InboundWebhook).order_by(col(InboundWebhook.id)))
    return tuple(
        DeliveryLook(
            row.gateway, row.kind, row.status, row.attempts, row.error, row.body, row.processed_at is not None
        )
        for row in rows
    )


def quarantined(snapshot: Snapshot) -> tuple[tuple[str, bytes], ...]:
    """Return (reason, body) of what proved nothing, oldest first."""
    rows = snapshot.session.scalars(select(QuarantinedWebhook).order_by(col(QuarantinedWebhook.id)))
    return tuple((row.reason, row.body) for row in rows)
