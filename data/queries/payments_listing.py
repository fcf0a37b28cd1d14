"""SELECTs of payment and attempt lists. What acts read is in `payments`."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import aliased

from data.models.customer import Customer
from data.models.payment import Payment, PaymentAttempt, RestorationClock
from data.queries.payment_marks import has_mark
from data.session import Session
from data.values.kinds import EvidenceGrade, PaymentMark
from data.values.states import AttemptStatus, PaymentStatus


class PaymentRow(NamedTuple):
    """One line of a payment list; no customer means nobody knows whose money it is.

    `sent_by` is the name of a customer for whom somebody else pays, None where the customer themselves paid.
    """

    id: int
    customer_id: int | None
    customer_name: str | None
    account_number: str | None
    gateway: str
    transaction_id: str
    amount_minor: int
    currency: str
    status: PaymentStatus
    grade: EvidenceGrade
    received_at: datetime
    payer_name: str
    payer_phone: str
    account_reference: str
    match_reason: str
    match_score: int | None
    match_reasons: str
    sent_by: str | None


_Sender = aliased(Customer)
_COLUMNS = (
    Payment.id,
    Payment.customer_id,
    Customer.name,
    Customer.account_number,
    Payment.gateway,
    Payment.gateway_transaction_id,
    Payment.amount_minor,
    Payment.currency,
    Payment.status,
    Payment.grade,
    Payment.received_at,
    Payment.payer_name,
    Payment.payer_phone,
    Payment.account_reference,
    Payment.match_reason,
    Payment.match_score,
    Payment.match_reasons,
    _Sender.name,
)


def payments_page(
    session: Session,
    *,
    mark: PaymentMark | None = None,
    search: str,
    customer_id: int | None,
    sort: str,
    descending: bool,
    limit: int,
    offset: int,
) -> list[PaymentRow]:
    """Return one page of the payments that fit; `sort` is received or amount.

    Those of a customer are what is on their account, and what they sent to the account of who pays for them.
    """
    key = Payment.amount_minor if sort == "amount" else Payment.received_at
    query = (
        select(*_COLUMNS)
        .outerjoin(Customer, Customer.id == Payment.customer_id)
        .outerjoin(_Sender, _Sender.id == Payment.sent_by_customer_id)
        .where(*has_mark(mark), *_fits(customer_id), *_found(search))
        .order_by(key.desc() if descending else key.asc(), Payment.id.desc() if descending else Payment.id)
        .limit(limit)
        .offset(offset)
    )
    return [PaymentRow(*row) for row in session.execute(query)]


def count_payments(
    session: Session,
    *,
    mark: PaymentMark | None = None,
    search: str = "",
    customer_id: int | None = None,
) -> int:
    """Return how many payments fit."""
    query = select(func.count()).select_from(Payment).where(*has_mark(mark), *_fits(customer_id))
    if search:
        query = query.outerjoin(Customer, Customer.id == Payment.customer_id).where(*_found(search))
    return session.execute(query).scalar_one()


def payment_row(session: Session, payment_id: int) -> PaymentRow | None:
    """Return one payment, or None."""
    row = session.execute(
        select(*_COLUMNS)
        .outerjoin(Customer, Customer.id == Payment.customer_id)
        .outerjoin(_Sender, _Sender.id == Payment.sent_by_customer_id)
        .where(Payment.id == payment_id)
    ).one_or_none()
    return PaymentRow(*row) if row else None


def unmatched_sum(session: Session, *, currency: str) -> int:
    """Return how much money waits for its customer, in minor units."""
    return int(
        session.execute(
            select(func.coalesce(func.sum(Payment.amount_minor), 0)).where(
                Payment.currency == currency, *has_mark(PaymentMark.UNMATCHED)
            )
        ).scalar_one()
    )


class Restoration(NamedTuple):
    """How far one payment has brought a suspended service back; None for what has not happened yet."""

    payment_id: int
    evidence_at: datetime
    read_back_at: datetime | None
    session_at: datetime | None


def restorations_of(session: Session, payment_ids: Sequence[int]) -> list[Restoration]:
    """Return the money-to-packet clocks of these payments, oldest first."""
    rows = session.execute(
        select(
            RestorationClock.payment_id,
            RestorationClock.evidence_at,
            RestorationClock.read_back_at,
            RestorationClock.session_at,
        )
        .where(RestorationClock.payment_id.in_(payment_ids))
        .order_by(RestorationClock.id)
    )
    return [Restoration(*row) for row in rows]


class AttemptRow(NamedTuple):
    """One line of the attempt list."""

    id: int
    customer_id: int
    customer_name: str
    account_number: str
    gateway: str
    reference: str
    amount_minor: int
    currency: str
    status: AttemptStatus
    payer: str
    created_at: datetime
    failure_message: str | None
    needs_review: bool
    review_reason: str | None


def attempts_page(
    session: Session, *, search: str, customer_id: int | None, descending: bool, limit: int, offset: int
) -> list[AttemptRow]:
    """Return one page of attempts in the order they were made."""
    query = (
        select(
            PaymentAttempt.id,
            PaymentAttempt.customer_id,
            Customer.name,
            Customer.account_number,
            PaymentAttempt.gateway,
            PaymentAttempt.reference,
            PaymentAttempt.amount_minor,
            PaymentAttempt.currency,
            PaymentAttempt.status,
            PaymentAttempt.payer,
            PaymentAttempt.created_at,
            PaymentAttempt.failure_message,
            PaymentAttempt.needs_review,
            PaymentAttempt.review_reason,
        )
        .join(Customer, Customer.id == PaymentAttempt.customer_id)
        .where(*_attempt_found(search), *_of_customer(customer_id))
        .order_by(PaymentAttempt.id.desc() if descending else PaymentAttempt.id)
        .limit(limit)
        .offset(offset)
    )
    return [AttemptRow(*row) for row in session.execute(query)]


def count_attempts(session: Session, *, search: str = "") -> int:
    """Return how many attempts fit."""
    query = select(func.count()).select_from(PaymentAttempt)
    if search:
        query = query.join(Customer, Customer.id == PaymentAttempt.customer_id).where(*_attempt_found(search))
    return session.execute(query).scalar_one()


def _of_customer(customer_id: int | None) -> list[ColumnElement[bool]]:
    return [] if customer_id is None else [PaymentAttempt.customer_id == customer_id]


def _fits(customer_id: int | None) -> list[ColumnElement[bool]]:
    if customer_id is None:
        return []
    return [or_(Payment.customer_id == customer_id, Payment.sent_by_customer_id == customer_id)]


def _found(search: str) -> list[ColumnElement[bool]]:
    if not search:
        return []
    return [
        or_(
            Payment.gateway_transaction_id.icontains(search, autoescape=True),
            Customer.name.icontains(search, autoescape=True),
            Customer.account_number.istartswith(search, autoescape=True),
            Payment.payer_name.icontains(search, autoescape=True),
            Payment.account_reference.icontains(search, autoescape=True),
        )
    ]


def _attempt_found(search: str) -> list[ColumnElement[bool]]:
    if not search:
        return []
    return [
        or_(
            PaymentAttempt.reference.icontains(search, autoescape=True),
            Customer.name.icontains(search, autoescape=True),
            Customer.account_number.istartswith(search, autoescape=True),
            PaymentAttempt.payer.contains(search, autoescape=True),
        )
    ]
