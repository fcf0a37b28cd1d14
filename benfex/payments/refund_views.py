"""Refunds as screens and the API show them. Acts are in `refund_requests` and `refund_steps`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from benfex.core.actors import narrowed_scope, require, require_customer_access, scope_of
from benfex.core.paging import Page, PageRequest, Slice, SliceRequest, sliced
from benfex.core.policy import current_terms
from benfex.core.unit_of_work import Snapshot
from benfex.payments.policy import payment_terms
from benfex.payments.refunds import asked_for, refundable
from data.queries import credit as credit_queries
from data.queries import customers as customer_queries
from data.queries import payments as payment_queries
from data.queries import refunds_listing as listing
from data.values.errors import NotFound
from data.values.identifiers import CustomerId, PaymentId, RefundId
from data.values.kinds import RefundWay
from data.values.money import Money
from data.values.roles import Permission
from data.values.states import RefundStatus

TABS: Final[Mapping[str, tuple[RefundStatus, ...]]] = MappingProxyType(
    {
        "waiting": (RefundStatus.AWAITING,),
        "under_way": (RefundStatus.APPROVED, RefundStatus.PENDING),
        "done": (RefundStatus.SUCCEEDED, RefundStatus.FAILED, RefundStatus.DECLINED),
        "": tuple(RefundStatus),
    }
)


@dataclass(frozen=True, slots=True)
class RefundRecord:
    """Money that goes back. `reference` is the number on its slip or the gateway's name of it, None until it has one.

    `failure_message` is why it did not go back, or what the gateway said last; `next_check_at` is when the gateway
    is asked again.
    """

    id: RefundId
    payment_id: PaymentId
    customer_id: CustomerId
    gateway: str
    amount: Money
    status: RefundStatus
    way: RefundWay
    reason: str
    reference: str | None
    recipient: str
    made_by: str
    decided_by: str
    created_at: datetime
    decided_at: datetime | None
    sent_at: datetime | None
    finished_at: datetime | None
    next_check_at: datetime | None
    failure_message: str | None


@dataclass(frozen=True, slots=True)
class RefundOffer:
    """What a person needs to know before they ask for money to go back.

    `free` is how much can go; above `alone` it waits for a second person; `phone` is the customer's.
    """

    free: Money
    alone: Money
    phone: str


@dataclass(frozen=True, slots=True)
class RefundListed:
    """A line of the refund list. `is_mine`: the person looking asked for it, and so may not approve it.

    `is_stuck`: the gateway gave no answer to the end, so a person has to look there.
    """

    refund: RefundRecord
    customer_name: str
    account_number: str
    transaction_id: str
    is_mine: bool

    @property
    def is_stuck(self) -> bool:
        """Return whether it waits for a person."""
        return self.refund.status is RefundStatus.PENDING and self.refund.next_check_at is None


def refund_records(
    snapshot: Snapshot,
    *,
    request: SliceRequest,
    customer_id: CustomerId | None = None,
    payment_id: PaymentId | None = None,
    status: RefundStatus | None = None,
) -> Slice[RefundRecord]:
    """Return refunds, newest first; a subscriber's own only."""
    rows = listing.refunds(
        snapshot.session,
        customer_id=narrowed_scope(snapshot.actor, customer_id, Permission.VIEW_PAYMENTS),
        payment_id=payment_id,
        statuses=None if status is None else (status,),
        before_id=request.after_id,
        limit=request.limit + 1,
    )
    return sliced([_record(row) for row in rows], limit=request.limit, place=lambda record: record.id)


def refunds_given(
    snapshot: Snapshot, *, customer_id: CustomerId, request: SliceRequest
) -> Slice[RefundRecord]:
    """Return what went back to a customer or is on its way, newest first; what was declined never left."""
    require_customer_access(snapshot.actor, customer_id, Permission.VIEW_PAYMENTS)
    rows = listing.refunds(
        snapshot.session,
        customer_id=customer_id,
        statuses=[status for status in RefundStatus if status is not RefundStatus.DECLINED],
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


def list_refunds(
    snapshot: Snapshot, *, request: PageRequest, customer_id: CustomerId | None = None
) -> Page[RefundListed]:
    """Return one page of refunds; `filter` is one of `TABS`, `sort` asked or amount."""
    require(snapshot.actor, Permission.VIEW_PAYMENTS)
    statuses, search = TABS.get(request.filter, TABS[""]), request.search.strip()
    rows = listing.refunds_page(
        snapshot.session,
        statuses=statuses,
        search=search,
        customer_id=customer_id,
        sort=request.sort,
        descending=request.descending,
        limit=request.limit,
        offset=request.offset,
    )
    total = listing.count_refunds(snapshot.session, statuses=statuses, search=search, customer_id=customer_id)
    return Page(tuple(_listed(snapshot, row) for row in rows), total)


def refund_listed(snapshot: Snapshot, *, refund_id: RefundId) -> RefundListed:
    """Return one refund as the list shows it. Raises NotFound."""
    require(snapshot.actor, Permission.VIEW_PAYMENTS)
    rows = listing.refunds(snapshot.session, refund_id=refund_id)
    if not rows:
        raise NotFound("refund")
    return _listed(snapshot, rows[0])


def refund_offer(snapshot: Snapshot, *, payment_id: PaymentId) -> RefundOffer:
    """Return what can go back of a payment, and what that needs. Raises NotFound."""
    free = refundable(snapshot, payment_id=payment_id)
    payment = payment_queries.find_payment(snapshot.session, payment_id)
    assert payment is not None
    customer = customer_queries.find_customer(snapshot.session, payment.customer_id or 0)
    return RefundOffer(free, _alone(snapshot), customer.phone if customer is not None else "")


def payout_offer(snapshot: Snapshot, *, customer_id: CustomerId) -> RefundOffer:
    """Return what of a customer's credit can go back, and what that needs. Raises NotFound."""
    require(snapshot.actor, Permission.VIEW_PAYMENTS)
    customer = customer_queries.find_customer(snapshot.session, customer_id)
    if customer is None:
        raise NotFound("customer")
    credit = credit_queries.credit_of(snapshot.session, [customer_id]).get(customer_id, [])
    minor = sum(source.remainder_minor for source in credit if source.currency == customer.currency)
    return RefundOffer(Money(minor, customer.currency), _alone(snapshot), customer.phone)


def refund_counts(snapshot: Snapshot) -> Mapping[str, int]:
    """Return how many refunds each tab has."""
    require(snapshot.actor, Permission.VIEW_PAYMENTS)
    return {tab: listing.count_refunds(snapshot.session, statuses=statuses) for tab, statuses in TABS.items()}


def _alone(snapshot: Snapshot) -> Money:
    return Money(payment_terms(snapshot).second_person_above_minor, current_terms(snapshot).currency)


def _listed(snapshot: Snapshot, row: listing.RefundRow) -> RefundListed:
    return RefundListed(
        refund=_record(row),
        customer_name=row.customer_name,
        account_number=row.account_number,
        transaction_id=row.transaction_id,
        is_mine=asked_for(snapshot, made_by=row.made_by, made_by_id=row.made_by_id),
    )


def _record(row: listing.RefundRow) -> RefundRecord:
    return RefundRecord(
        id=RefundId(row.id),
        payment_id=PaymentId(row.payment_id),
        customer_id=CustomerId(row.customer_id),
        gateway=row.gateway,
        amount=Money(row.amount_minor, row.currency),
        status=row.status,
        way=row.way,
        reason=row.reason,
        reference=row.reference,
        recipient=row.recipient,
        made_by=row.made_by,
        decided_by=row.decided_by,
        created_at=row.created_at,
        decided_at=row.decided_at,
        sent_at=row.sent_at,
        finished_at=row.finished_at,
        next_check_at=row.next_check_at,
        failure_message=row.failure_message,
    )
