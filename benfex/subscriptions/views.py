"""Services as screens show them: plan, state, line, and how much of the period's data is used."""

from dataclasses import dataclass
from datetime import date, datetime

from benfex.catalog.plans import DataTerms
from benfex.core.actors import require_customer_access
from benfex.core.unit_of_work import Snapshot
from data.queries import subscriptions_listing as listing
from data.values.daily_hours import kept_hours
from data.values.identifiers import ConnectionId, CustomerId, RouterId, SubscriptionId
from data.values.kinds import CapAction, Interval, SuspensionReason
from data.values.money import Money
from data.values.roles import Permission
from data.values.states import SUBSCRIPTION, RouterStatus, SubscriptionStatus


@dataclass(frozen=True, slots=True)
class LineOfService:
    """The connection of a service: where it is, and whether the router has what it should have."""

    connection_id: ConnectionId
    username: str
    router_id: RouterId
    router_name: str
    router_status: RouterStatus
    is_applied: bool
    drift: str
    mac: str | None
    last_online_at: datetime | None


@dataclass(frozen=True, slots=True)
class ServiceView:
    """One service; `line` is None when its access was taken off the router."""

    subscription_id: SubscriptionId
    customer_id: CustomerId
    status: SubscriptionStatus
    starts_on: date
    period_starts_on: date
    period_ends_on: date
    suspended_at: datetime | None
    suspension_reason: SuspensionReason | None
    is_over_cap: bool
    ended_at: datetime | None
    plan_name: str
    plan_code: str
    download_bps: int
    upload_bps: int
    data_cap_bytes: int | None
    cap_action: CapAction
    throttled_bps: int | None
    price: Money
    interval: Interval
    interval_count: int
    pending_change_on: date | None
    ends_on: date | None
    resumes_on: date | None
    line: LineOfService | None
    data_terms: DataTerms

    @property
    def can_be_suspended(self) -> bool:
        """Return whether it may be suspended now."""
        return SubscriptionStatus.SUSPENDED in SUBSCRIPTION[self.status]

    @property
    def can_be_resumed(self) -> bool:
        """Return whether it is off and may be put on again."""
        return self.status in (SubscriptionStatus.SUSPENDED, SubscriptionStatus.PAUSED)

    @property
    def has_arrangement(self) -> bool:
        """Return whether a change of plan or the end is arranged for a day."""
        is_running = self.status is not SubscriptionStatus.ENDED
        return is_running and (self.pending_change_on is not None or self.ends_on is not None)

    @property
    def can_be_ended(self) -> bool:
        """Return whether it may be ended now."""
        return SubscriptionStatus.ENDED in SUBSCRIPTION[self.status]


def services_of(snapshot: Snapshot, *, customer_id: CustomerId) -> tuple[ServiceView, ...]:
    """Return the services, those that ended last. Raises NotFound for what the actor may not see."""
    require_customer_access(snapshot.actor, customer_id, Permission.VIEW_SUBSCRIPTIONS)
    rows = listing.services_in_list(snapshot.session, customer_id=customer_id)
    return tuple(_service(row) for row in rows)


def _service(row: listing.ServiceRow) -> ServiceView:
    return ServiceView(
        subscription_id=SubscriptionId(row.id),
        customer_id=CustomerId(row.customer_id),
        status=row.status,
        starts_on=row.starts_on,
        period_starts_on=row.period_starts_on,
        period_ends_on=row.period_ends_on,
        suspended_at=row.suspended_at,
        suspension_reason=row.suspension_reason,
        is_over_cap=row.is_over_cap,
        ended_at=row.ended_at,
        plan_name=row.plan_name,
        plan_code=row.plan_code,
        download_bps=row.download_bps,
        upload_bps=row.upload_bps,
        data_cap_bytes=row.data_cap_bytes,
        cap_action=row.cap_action,
        throttled_bps=row.throttled_bps,
        price=Money(
            row.amount_minor if row.agreed_price_minor is None else row.agreed_price_minor, row.currency
        ),
        interval=row.interval,
        interval_count=row.interval_count,
        pending_change_on=row.pending_change_on,
        ends_on=row.ends_on,
        resumes_on=row.resumes_on,
        line=_line(row),
        data_terms=DataTerms(
            kept_hours(row.bonus_from_hour, row.bonus_until_hour),
            kept_hours(row.fair_use_from_hour, row.fair_use_until_hour),
            row.rolls_over,
        ),
    )


def _line(row: listing.ServiceRow) -> LineOfService | None:
    if row.connection_id is None or row.router_id is None or row.router_status is None:
        return None
    return LineOfService(
        connection_id=ConnectionId(row.connection_id),
        username=row.username or "",
        router_id=RouterId(row.router_id),
        router_name=row.router_name or "",
        router_status=row.router_status,
        is_applied=row.desired_generation == row.applied_generation,
        drift=row.drift or "",
        mac=row.mac,
        last_online_at=row.last_online_at,
    )
