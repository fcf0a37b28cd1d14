"""Disputes as screens and the API show them. What a gateway tells of them is kept in `disputes`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from benfex.core.actors import require
from benfex.core.clock import local_date
from benfex.core.paging import Page, PageRequest, Slice, SliceRequest, sliced
from benfex.core.policy import current_terms
from benfex.core.unit_of_work import Snapshot
from data.queries import refunds_listing as listing
from data.values.errors import NotFound
from data.values.identifiers import CustomerId, DisputeId, PaymentId
from data.values.money import Money
from data.values.roles import Permission
from data.values.states import DisputeStatus

OPEN: Final = (DisputeStatus.OPEN, DisputeStatus.ANSWERED)
TABS: Final[Mapping[str, tuple[DisputeStatus, ...]]] = MappingProxyType(
    {"open": OPEN, "ended": (DisputeStatus.WON, DisputeStatus.LOST)}
)


@dataclass(frozen=True, slots=True)
class DisputeRecord:
    """A payer who wants their money back by their bank. Payment and customer are None where we know neither.

    `days_left` counts whole days of the ISP until it is lost by silence, 0 on the last; None when nothing runs.
    """

    id: DisputeId
    gateway: str
    dispute_id: str
    payment_id: PaymentId | None
    transaction_id: str | None
    customer_id: CustomerId | None
    customer_name: str
    account_number: str
    amount: Money
    status: DisputeStatus
    reason: str
    created_at: datetime
    due_at: datetime | None
    days_left: int | None
    resolved_at: datetime | None


def list_disputes(snapshot: Snapshot, *, request: PageRequest) -> Page[DisputeRecord]:
    """Return one page of disputes, those that are due first in front; `filter` is open or ended."""
    require(snapshot.actor, Permission.VIEW_PAYMENTS)
    statuses = TABS.get(request.filter, OPEN)
    rows = listing.disputes_page(
        snapshot.session, statuses=statuses, limit=request.limit, offset=request.offset
    )
    total = listing.count_disputes(snapshot.session, statuses=statuses)
    return Page(tuple(_record(snapshot, row) for row in rows), total)


def dispute_records(
    snapshot: Snapshot, *, request: SliceRequest, status: DisputeStatus | None = None
) -> Slice[DisputeRecord]:
    """Return disputes, newest first."""
    require(snapshot.actor, Permission.VIEW_PAYMENTS)
    rows = listing.disputes(
        snapshot.session, status=status, before_id=request.after_id, limit=request.limit + 1
    )
    found = [_record(snapshot, row) for row in rows]
    return sliced(found, limit=request.limit, place=lambda record: record.id)


def dispute_record(snapshot: Snapshot, *, dispute_id: DisputeId) -> DisputeRecord:
    """Return one dispute. Raises NotFound."""
    require(snapshot.actor, Permission.VIEW_PAYMENTS)
    rows = listing.disputes(snapshot.session, dispute_id=dispute_id)
    if not rows:
        raise NotFound("dispute")
    return _record(snapshot, rows[0])


def open_disputes(snapshot: Snapshot) -> int:
    """Return how many disputes are not decided."""
    require(snapshot.actor, Permission.VIEW_PAYMENTS)
    return listing.count_disputes(snapshot.session, statuses=OPEN)


def _record(snapshot: Snapshot, row: listing.DisputeRow) -> DisputeRecord:
    return DisputeRecord(
        id=DisputeId(row.id),
        gateway=row.gateway,
        dispute_id=row.gateway_dispute_id,
        payment_id=PaymentId(row.payment_id) if row.payment_id is not None else None,
        transaction_id=row.transaction_id,
        customer_id=CustomerId(row.customer_id) if row.customer_id is not None else None,
        customer_name=row.customer_name or "",
        account_number=row.account_number or "",
        amount=Money(row.amount_minor, row.currency),
        status=row.status,
        reason=row.reason,
        created_at=row.created_at,
        due_at=row.due_at,
        days_left=_days_left(snapshot, row),
        resolved_at=row.resolved_at,
    )


def _days_left(snapshot: Snapshot, row: listing.DisputeRow) -> int | None:
    if row.due_at is None or row.status is not DisputeStatus.OPEN:
        return None
    zone = current_terms(snapshot).timezone
    return max((local_date(row.due_at, zone) - local_date(snapshot.now, zone)).days, 0)
