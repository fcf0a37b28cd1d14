"""Refunds as screens and the API show them. Acts are in `refunds`."""

from dataclasses import dataclass
from datetime import datetime

from benfex.core.actors import narrowed_scope, scope_of
from benfex.core.paging import Slice, SliceRequest, sliced
from benfex.core.unit_of_work import Snapshot
from data.queries import books_listing as listing
from data.values.errors import NotFound
from data.values.identifiers import CustomerId, PaymentId, RefundId
from data.values.money import Money
from data.values.roles import Permission
from data.values.states import RefundStatus


@dataclass(frozen=True, slots=True)
class RefundRecord:
    """Money that went back; `reference` is the number on its slip, None until it has one."""

    id: RefundId
    payment_id: PaymentId
    customer_id: CustomerId
    gateway: str
    amount: Money
    status: RefundStatus
    reason: str
    reference: str | None
    made_by: str
    created_at: datetime


def refund_records(
    snapshot: Snapshot,
    *,
    request: SliceRequest,
    customer_id: CustomerId | None = None,
    payment_id: PaymentId | None = None,
) -> Slice[RefundRecord]:
    """Return refunds, newest first; a subscriber's own only."""
    rows = listing.refunds(
        snapshot.session,
        customer_id=narrowed_scope(snapshot.actor, customer_id, Permission.VIEW_PAYMENTS),
        payment_id=payment_id,
        before_id=request.after_id,
        limit=request.limit + 1,
    )
    return sliced([_record(row) for row in rows], limit=request.limit, place=lambda record: record.id)


def refund_record(snapshot: Snapshot, *, refund_id: RefundId) -> RefundRecord:
    """Return one refund. Raises NotFound, to a subscriber for others' too."""
    scope = scope_of(snapshot.actor, Permission.VIEW_PAYMENTS)
    rows = listing.refunds(snapshot.session, refund_id=refund_id, customer_id=scope)
    if not rows:
        raise NotFound("refund")
    return _record(rows[0])


def _record(row: listing.RefundRow) -> RefundRecord:
    return RefundRecord(
        id=RefundId(row.id),
        payment_id=PaymentId(row.payment_id),
        customer_id=CustomerId(row.customer_id),
        gateway=row.gateway,
        amount=Money(row.amount_minor, row.currency),
        status=row.status,
        reason=row.reason,
        reference=row.reference,
        made_by=row.made_by,
        created_at=row.created_at,
    )
