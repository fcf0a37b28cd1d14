"""Slow a service down and give it its full speed back. What that speed is, is said in `network/wanted`."""

from benfex.core.actors import require
from benfex.core.audit import record_audit
from benfex.core.unit_of_work import UnitOfWork
from benfex.subscriptions.transitions import sync_line
from data.locks import lock_customer
from data.queries import subscriptions as subscription_queries
from data.values.errors import NotFound
from data.values.identifiers import SubscriptionId
from data.values.roles import Permission


def throttle_subscription(uow: UnitOfWork, *, subscription_id: SubscriptionId) -> None:
    """Slow a service down; it does nothing when it is slow already. Raises NotFound."""
    require(uow.actor, Permission.SUSPEND_SUBSCRIPTIONS)
    _set(uow, subscription_id, is_throttled=True)


def unthrottle_subscription(uow: UnitOfWork, *, subscription_id: SubscriptionId) -> None:
    """Give a service its full speed back, before other router work. Raises NotFound."""
    # Who may take money in gives back what it pays for, as with suspensions.
    require(uow.actor, Permission.RECORD_PAYMENTS)
    _set(uow, subscription_id, is_throttled=False)


def _set(uow: UnitOfWork, subscription_id: SubscriptionId, *, is_throttled: bool) -> None:
    subscription = subscription_queries.find_subscription(uow.session, subscription_id)
    if subscription is None:
        raise NotFound("service")
    lock_customer(uow.session, subscription.billed_customer_id)
    if subscription.is_throttled == is_throttled:
        return
    subscription.is_throttled = is_throttled
    subscription.version += 1
    uow.session.flush()
    record_audit(
        uow,
        action="throttle" if is_throttled else "unthrottle",
        entity="subscription",
        entity_id=subscription_id,
    )
    sync_line(uow, subscription_id, urgent=not is_throttled)
