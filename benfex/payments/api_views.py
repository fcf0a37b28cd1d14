"""Payments and attempts as the REST API tells them. What screens show is in `views`."""

from dataclasses import dataclass
from datetime import datetime

from benfex.core.actors import narrowed_scope, scope_of
from benfex.core.paging import Slice, SliceRequest, sliced
from benfex.core.unit_of_work import Snapshot
from benfex.payments.matching import read_match, shown_phone
from data.models.payment import Payment
from data.queries import api_listing as listing
from data.queries.payment_marks import Marks, marks_of
from data.values.errors import NotFound
from data.values.identifiers import (
    ConnectionId,
    CustomerId,
    InvoiceId,
    PaymentAttemptId,
    PaymentId,
    ShiftId,
    SubscriptionId,
)
from data.values.kinds import EvidenceGrade, PaymentMark
from data.values.money import Money
from data.values.roles import Permission
from data.values.states import AttemptStatus, PaymentStatus


@dataclass(frozen=True, slots=True)
class PaymentRecord:
    """Money that came; no customer means that nobody knows whose it is yet.

    `sent_by_customer_id` is who sent it to the account of the customer who pays for them. `given_back` is how much
    went back or is on its way; `is_disputed` that a dispute is not decided.
    """

    id: PaymentId
    customer_id: CustomerId | None
    sent_by_customer_id: CustomerId | None
    attempt_id: PaymentAttemptId | None
    gateway: str
    transaction_id: str
    amount: Money
    fee: Money
    status: PaymentStatus
    grade: EvidenceGrade
    source: str
    received_at: datetime
    reversed_at: datetime | None
    payer_name: str
    payer_phone: str
    account_reference: str
    match_reason: str
    match_score: int | None
    match_reasons: tuple[str, ...]
    matched_by: str
    receipt_number: str | None
    shift_id: ShiftId | None
    given_back: Money
    is_disputed: bool


@dataclass(frozen=True, slots=True)
class AllocationRecord:
    """The part of a payment that pays an invoice."""

    invoice_id: InvoiceId
    invoice_number: str | None
    amount: Money
    at: datetime
    reversed_at: datetime | None


@dataclass(frozen=True, slots=True)
class RestorationRecord:
    """Money to packet for one service, an instant per step; None for what has not happened yet."""

    subscription_id: SubscriptionId
    connection_id: ConnectionId
    evidence_at: datetime
    matched_at: datetime
    settled_at: datetime
    written_at: datetime | None
    read_back_at: datetime | None
    session_at: datetime | None


@dataclass(frozen=True, slots=True)
class WholePayment:
    """A payment with what it paid and the services it brought back."""

    payment: PaymentRecord
    allocations: tuple[AllocationRecord, ...]
    restorations: tuple[RestorationRecord, ...]


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """A payment that a gateway was asked for; `payment_id` is None until money came."""

    id: PaymentAttemptId
    customer_id: CustomerId
    invoice_id: InvoiceId | None
    gateway: str
    reference: str
    gateway_reference: str | None
    amount: Money
    status: AttemptStatus
    payer: str
    redirect_url: str | None
    channel: str | None
    customer_message: str | None
    failure_code: str | None
    failure_message: str | None
    needs_review: bool
    started_at: datetime | None
    expires_at: datetime
    payment_id: PaymentId | None


def payment_records(
    snapshot: Snapshot,
    *,
    request: SliceRequest,
    customer_id: CustomerId | None = None,
    status: PaymentStatus | None = None,
    mark: PaymentMark | None = None,
) -> Slice[PaymentRecord]:
    """Return payments, newest first, only those with a mark where one is named.

    Raises NotFound for a customer the actor may not see.
    """
    rows = listing.payments(
        snapshot.session,
        listing.Cut(request.limit + 1, request.after_id),
        customer_id=narrowed_scope(snapshot.actor, customer_id, Permission.VIEW_PAYMENTS),
        status=status,
        mark=mark,
    )
    marks = marks_of(snapshot.session, [row.id for row in rows if row.id is not None])
    records = [_payment(row, marks.get(row.id or 0, Marks())) for row in rows]
    return sliced(records, limit=request.limit, place=lambda record: record.id)


def whole_payment(snapshot: Snapshot, *, payment_id: PaymentId) -> WholePayment:
    """Return one payment, whole. Raises NotFound, also for a subscriber who asks for somebody else's."""
    scope = scope_of(snapshot.actor, Permission.VIEW_PAYMENTS)
    rows = listing.payments(snapshot.session, listing.Cut(only_id=payment_id), customer_id=scope)
    if not rows:
        raise NotFound("payment")
    currency = rows[0].currency
    return WholePayment(
        payment=_payment(rows[0], marks_of(snapshot.session, [payment_id]).get(payment_id, Marks())),
        allocations=tuple(
            AllocationRecord(
                InvoiceId(part.invoice_id),
                part.number,
                Money(part.amount_minor, currency),
                part.at,
                part.reversed_at,
            )
            for part in listing.allocations_of(snapshot.session, payment_id=payment_id)
        ),
        restorations=tuple(
            RestorationRecord(
                subscription_id=SubscriptionId(clock.subscription_id),
                connection_id=ConnectionId(clock.connection_id),
                evidence_at=clock.evidence_at,
                matched_at=clock.matched_at,
                settled_at=clock.settled_at,
                written_at=clock.written_at,
                read_back_at=clock.read_back_at,
                session_at=clock.session_at,
            )
            for clock in listing.restorations_of(snapshot.session, payment_id=payment_id)
        ),
    )


def attempt_records(
    snapshot: Snapshot, *, request: SliceRequest, customer_id: CustomerId | None = None
) -> Slice[AttemptRecord]:
    """Return attempts, newest first. Raises NotFound for a customer the actor may not see."""
    rows = listing.attempts(
        snapshot.session,
        listing.Cut(request.limit + 1, request.after_id),
        customer_id=narrowed_scope(snapshot.actor, customer_id, Permission.VIEW_PAYMENTS),
    )
    records = [_attempt(row) for row in rows]
    return sliced(records, limit=request.limit, place=lambda record: record.id)


def attempt_record(snapshot: Snapshot, *, attempt_id: PaymentAttemptId) -> AttemptRecord:
    """Return one attempt. Raises NotFound, also for a subscriber who asks for somebody else's."""
    scope = scope_of(snapshot.actor, Permission.VIEW_PAYMENTS)
    rows = listing.attempts(snapshot.session, listing.Cut(only_id=attempt_id), customer_id=scope)
    if not rows:
        raise NotFound("payment attempt")
    return _attempt(rows[0])


def _payment(row: Payment, marks: Marks) -> PaymentRecord:
    assert row.id is not None
    return PaymentRecord(
        id=PaymentId(row.id),
        customer_id=CustomerId(row.customer_id) if row.customer_id is not None else None,
        sent_by_customer_id=CustomerId(row.sent_by_customer_id) if row.sent_by_customer_id else None,
        attempt_id=PaymentAttemptId(row.attempt_id) if row.attempt_id is not None else None,
        gateway=row.gateway,
        transaction_id=row.gateway_transaction_id,
        amount=Money(row.amount_minor, row.currency),
        fee=Money(row.fee_minor, row.currency),
        status=row.status,
        grade=row.grade,
        source=row.source,
        received_at=row.received_at,
        reversed_at=row.reversed_at,
        payer_name=row.payer_name,
        payer_phone=shown_phone(row.payer_phone),
        account_reference=row.account_reference,
        match_reason=row.match_reason,
        match_score=row.match_score,
        match_reasons=read_match(row.match_reasons)[0],
        matched_by=row.matched_by,
        receipt_number=row.receipt_number,
        shift_id=ShiftId(row.shift_id) if row.shift_id is not None else None,
        given_back=Money(marks.given_back_minor, row.currency),
        is_disputed=marks.is_disputed,
    )


def _attempt(row: listing.AttemptWithPayment) -> AttemptRecord:
    attempt = row.attempt
    assert attempt.id is not None
    return AttemptRecord(
        id=PaymentAttemptId(attempt.id),
        customer_id=CustomerId(attempt.customer_id),
        invoice_id=InvoiceId(attempt.invoice_id) if attempt.invoice_id is not None else None,
        gateway=attempt.gateway,
        reference=attempt.reference,
        gateway_reference=attempt.gateway_reference,
        amount=Money(attempt.amount_minor, attempt.currency),
        status=attempt.status,
        payer=attempt.payer,
        redirect_url=attempt.redirect_url,
        channel=attempt.channel,
        customer_message=attempt.customer_message,
        failure_code=attempt.failure_code,
        failure_message=attempt.failure_message,
        needs_review=attempt.needs_review,
        started_at=attempt.started_at,
        expires_at=attempt.expires_at,
        payment_id=PaymentId(row.payment_id) if row.payment_id is not None else None,
    )
