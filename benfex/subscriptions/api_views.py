"""Subscriptions as the REST API tells them. What screens show is in `views`."""

from dataclasses import dataclass
from datetime import date, datetime

from benfex.core.actors import narrowed_scope, scope_of
from benfex.core.paging import Slice, SliceRequest, sliced
from benfex.core.unit_of_work import Snapshot
from data.queries import api_listing as listing
from data.values.errors import NotFound
from data.values.identifiers import ConnectionId, CustomerId, PlanId, PlanPriceId, SubscriptionId
from data.values.kinds import Interval, SuspensionReason
from data.values.money import Money
from data.values.roles import Permission
from data.values.states import SubscriptionStatus


@dataclass(frozen=True, slots=True)
class SubscriptionRecord:
    """One subscription; `connection_id` is None when its access was taken off the router.

    `charged_through_on` is the first day that is not billed yet; all dates are of the ISP, periods half-open.
    """

    id: SubscriptionId
    customer_id: CustomerId
    plan_id: PlanId
    plan_code: str
    plan_price_id: PlanPriceId
    price: Money
    interval: Interval
    interval_count: int
    status: SubscriptionStatus
    starts_on: date
    period_starts_on: date
    period_ends_on: date
    charged_through_on: date
    suspended_at: datetime | None
    suspension_reason: SuspensionReason | None
    is_over_cap: bool
    ended_at: datetime | None
    connection_id: ConnectionId | None
    created_at: datetime

    @property
    def can_be_resumed(self) -> bool:
        """Return whether it is off and may be put on again."""
        return self.status in (SubscriptionStatus.SUSPENDED, SubscriptionStatus.PAUSED)


def subscription_records(
    snapshot: Snapshot,
    *,
    request: SliceRequest,
    customer_id: CustomerId | None = None,
    status: SubscriptionStatus | None = None,
) -> Slice[SubscriptionRecord]:
    """Return subscriptions, newest first. Raises NotFound for a customer the actor may not see."""
    rows = listing.subscriptions(
        snapshot.session,
        listing.Cut(request.limit + 1, request.after_id),
        customer_id=narrowed_scope(snapshot.actor, customer_id, Permission.VIEW_SUBSCRIPTIONS),
        status=status,
    )
    records = [_record(row) for row in rows]
    return sliced(records, limit=request.limit, place=lambda record: record.id)


def subscription_record(snapshot: Snapshot, *, subscription_id: SubscriptionId) -> SubscriptionRecord:
    """Return one subscription. Raises NotFound, also for a subscriber who asks for somebody else's."""
    scope = scope_of(snapshot.actor, Permission.VIEW_SUBSCRIPTIONS)
    rows = listing.subscriptions(snapshot.session, listing.Cut(only_id=subscription_id), customer_id=scope)
    if not rows:
        raise NotFound("subscription")
    return _record(rows[0])


def _record(row: listing.SoldSubscription) -> SubscriptionRecord:
    subscription, price, plan, connection_id = row
    assert subscription.id is not None
    assert subscription.created_at is not None
    assert price.id is not None
    assert plan.id is not None
    return SubscriptionRecord(
        id=SubscriptionId(subscription.id),
        customer_id=CustomerId(subscription.customer_id),
        plan_id=PlanId(plan.id),
        plan_code=plan.code,
        plan_price_id=PlanPriceId(price.id),
        price=Money(price.amount_minor, price.currency),
        interval=price.interval,
        interval_count=price.interval_count,
        status=subscription.status,
        starts_on=subscription.starts_on,
        period_starts_on=subscription.period_starts_on,
        period_ends_on=subscription.period_ends_on,
        charged_through_on=subscription.charged_through_on,
        suspended_at=subscription.suspended_at,
        suspension_reason=subscription.suspension_reason,
        is_over_cap=subscription.is_over_cap,
        ended_at=subscription.ended_at,
        connection_id=ConnectionId(connection_id) if connection_id is not None else None,
        created_at=subscription.created_at,
    )
