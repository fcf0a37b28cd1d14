"""SELECTs of refund and dispute lists. What acts read is in `refunds` and `disputes`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, func, or_, select

from data.models.customer import Customer
from data.models.payment import Payment, Refund
from data.models.reconciliation import Dispute
from data.session import Session
from data.values.kinds import RefundWay
from data.values.states import DisputeStatus, RefundStatus


class RefundRow(NamedTuple):
    """Money that goes back, with whose it is and the payment it comes from."""

    id: int
    payment_id: int
    customer_id: int
    customer_name: str
    account_number: str
    gateway: str
    transaction_id: str
    amount_minor: int
    currency: str
    status: RefundStatus
    way: RefundWay
    reason: str
    reference: str | None
    recipient: str
    made_by: str
    made_by_id: int | None
    decided_by: str
    created_at: datetime
    decided_at: datetime | None
    sent_at: datetime | None
    finished_at: datetime | None
    next_check_at: datetime | None
    failure_message: str | None


_REFUND = (
    Refund.id,
    Refund.payment_id,
    Refund.customer_id,
    Customer.name,
    Customer.account_number,
    Payment.gateway,
    Payment.gateway_transaction_id,
    Refund.amount_minor,
    Refund.currency,
    Refund.status,
    Refund.way,
    Refund.reason,
    Refund.gateway_reference,
    Refund.recipient,
    Refund.made_by,
    Refund.made_by_id,
    Refund.decided_by,
    Refund.created_at,
    Refund.decided_at,
    Refund.sent_at,
    Refund.finished_at,
    Refund.next_check_at,
    Refund.failure_message,
)


def refunds(
    session: Session,
    *,
    refund_id: int | None = None,
    payment_id: int | None = None,
    customer_id: int | None = None,
    statuses: Sequence[RefundStatus] | None = None,
    before_id: int | None = None,
    limit: int = 100,
) -> list[RefundRow]:
    """Return refunds that fit, in any of the states, newest first."""
    query = _joined(select(*_REFUND)).order_by(Refund.id.desc()).limit(limit)
    for column, value in (
        (Refund.id, refund_id),
        (Refund.payment_id, payment_id),
        (Refund.customer_id, customer_id),
    ):
        if value is not None:
            query = query.where(column == value)
    if statuses is not None:
        query = query.where(Refund.status.in_(statuses))
    if before_id is not None:
        query = query.where(Refund.id < before_id)
    return [RefundRow(*row) for row in session.execute(query)]


def refunds_page(
    session: Session,
    *,
    statuses: Sequence[RefundStatus],
    search: str,
    customer_id: int | None,
    sort: str,
    descending: bool,
    limit: int,
    offset: int,
) -> list[RefundRow]:
    """Return one page of refunds in these states; `sort` is amount, else by when they were asked for."""
    key = Refund.amount_minor if sort == "amount" else Refund.id
    query = _joined(select(*_REFUND)).where(*_fits(statuses, search, customer_id))
    query = query.order_by(key.desc() if descending else key.asc(), Refund.id.desc())
    return [RefundRow(*row) for row in session.execute(query.limit(limit).offset(offset))]


def count_refunds(
    session: Session,
    *,
    statuses: Sequence[RefundStatus],
    search: str = "",
    customer_id: int | None = None,
) -> int:
    """Return how many refunds fit."""
    query = select(func.count()).select_from(Refund)
    if search:
        query = _joined(query)
    return session.execute(query.where(*_fits(statuses, search, customer_id))).scalar_one()


class DisputeRow(NamedTuple):
    """A dispute, with the payment and whose it is where we know them."""

    id: int
    gateway: str
    gateway_dispute_id: str
    payment_id: int | None
    transaction_id: str | None
    customer_id: int | None
    customer_name: str | None
    account_number: str | None
    amount_minor: int
    currency: str
    status: DisputeStatus
    reason: str
    created_at: datetime
    due_at: datetime | None
    resolved_at: datetime | None


_DISPUTE = (
    Dispute.id,
    Dispute.gateway,
    Dispute.gateway_dispute_id,
    Dispute.payment_id,
    Payment.gateway_transaction_id,
    Payment.customer_id,
    Customer.name,
    Customer.account_number,
    Dispute.amount_minor,
    Dispute.currency,
    Dispute.status,
    Dispute.reason,
    Dispute.created_at,
    Dispute.due_at,
    Dispute.resolved_at,
)


def disputes_page(
    session: Session, *, statuses: Sequence[DisputeStatus], limit: int, offset: int
) -> list[DisputeRow]:
    """Return one page of disputes in these states, those to be answered first in front."""
    query = (
        _disputes()
        .where(Dispute.status.in_(statuses))
        .order_by(Dispute.due_at.is_(None), Dispute.due_at, Dispute.id)
        .limit(limit)
        .offset(offset)
    )
    return [DisputeRow(*row) for row in session.execute(query)]


def count_disputes(session: Session, *, statuses: Sequence[DisputeStatus]) -> int:
    """Return how many disputes are in these states."""
    query = select(func.count()).select_from(Dispute).where(Dispute.status.in_(statuses))
    return session.execute(query).scalar_one()


def disputes(
    session: Session,
    *,
    dispute_id: int | None = None,
    status: DisputeStatus | None = None,
    before_id: int | None = None,
    limit: int = 100,
) -> list[DisputeRow]:
    """Return disputes that fit, newest first."""
    query = _disputes().order_by(Dispute.id.desc()).limit(limit)
    if dispute_id is not None:
        query = query.where(Dispute.id == dispute_id)
    if status is not None:
        query = query.where(Dispute.status == status)
    if before_id is not None:
        query = query.where(Dispute.id < before_id)
    return [DisputeRow(*row) for row in session.execute(query)]


def _joined(query: Select[Any]) -> Select[Any]:
    return query.join(Payment, Payment.id == Refund.payment_id).join(
        Customer, Customer.id == Refund.customer_id
    )


def _disputes() -> Select[Any]:
    return (
        select(*_DISPUTE)
        .outerjoin(Payment, Payment.id == Dispute.payment_id)
        .outerjoin(Customer, Customer.id == Payment.customer_id)
    )


def _fits(
    statuses: Sequence[RefundStatus], search: str, customer_id: int | None
) -> list[ColumnElement[bool]]:
    fits: list[ColumnElement[bool]] = [Refund.status.in_(statuses)]
    if customer_id is not None:
        fits.append(Refund.customer_id == customer_id)
    if search:
        fits.append(
            or_(
                Customer.name.icontains(search, autoescape=True),
                Customer.account_number.icontains(search, autoescape=True),
                Payment.gateway_transaction_id.icontains(search, autoescape=True),
                Refund.gateway_reference.icontains(search, autoescape=True),
            )
        )
    return fits
