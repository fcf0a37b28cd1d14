"""Move a service from state to state: keep the transition, tell who watches, and ask the router to follow.

Which state may follow which is in `data/values/states`; when a service moves is said in `lifecycle` and its
neighbours, which also check who asks.
"""

from benfex.core.actors import name_of
from benfex.core.events import SubscriptionChanged
from benfex.core.unit_of_work import UnitOfWork
from benfex.network.connections import request_sync
from benfex.notifications.outbox import enqueue_message
from data.locks import lock_customer
from data.models.subscription import Subscription, SubscriptionTransition
from data.queries import subscriptions as subscription_queries
from data.queries.subscriptions import ServiceFacts
from data.values.errors import NotFound
from data.values.identifiers import ConnectionId, CustomerId, SubscriptionId
from data.values.states import SubscriptionStatus, advance


def locked_subscription(uow: UnitOfWork, subscription_id: SubscriptionId) -> Subscription:
    """Return a service with its payer's money held, then its customer's. Raises NotFound."""
    subscription = subscription_queries.find_subscription(uow.session, subscription_id)
    if subscription is None:
        raise NotFound("service")
    for customer_id in dict.fromkeys((subscription.billed_customer_id, subscription.customer_id)):
        lock_customer(uow.session, customer_id)
    return subscription


def locked_service(uow: UnitOfWork, subscription_id: SubscriptionId) -> ServiceFacts:
    """Return a service with all that decides its bill, its payer's money held. Raises NotFound."""
    locked_subscription(uow, subscription_id)
    facts = subscription_queries.service_facts(uow.session, subscription_id)
    assert facts is not None
    return facts


def move_to(uow: UnitOfWork, subscription: Subscription, target: SubscriptionStatus, reason: str) -> None:
    """Move a service to another state and keep why. Raises InvalidTransition."""
    before = subscription.status
    subscription.status = advance(before, target)
    subscription.version += 1
    record_transition(uow, subscription, before, reason)


def record_transition(
    uow: UnitOfWork, subscription: Subscription, before: SubscriptionStatus | None, reason: str
) -> None:
    """Keep where a service came from, None for a new one, and tell where it stands now."""
    assert subscription.id is not None
    uow.session.add(
        SubscriptionTransition(
            subscription_id=subscription.id,
            from_status=before,
            to_status=subscription.status,
            reason=reason[:200],
            actor=name_of(uow.actor),
            at=uow.now,
        )
    )
    uow.session.flush()
    tell_changed(uow, subscription)


def tell_changed(uow: UnitOfWork, subscription: Subscription) -> None:
    """Tell whoever watches the service that it is not as it was."""
    assert subscription.id is not None
    uow.emit(
        SubscriptionChanged(
            subscription_id=SubscriptionId(subscription.id),
            customer_id=CustomerId(subscription.customer_id),
            status=subscription.status,
        )
    )


def sync_line(uow: UnitOfWork, subscription_id: SubscriptionId, *, urgent: bool) -> ConnectionId | None:
    """Ask the router to follow, and return the service's connection; None when it has none."""
    connection = subscription_queries.live_connection(uow.session, subscription_id=subscription_id)
    if connection is None:
        return None
    assert connection.id is not None
    request_sync(uow, connection_id=ConnectionId(connection.id), urgent=urgent)
    return ConnectionId(connection.id)


def tell_restored(uow: UnitOfWork, subscription: Subscription) -> None:
    """Write to the customer that the service is back, once each time that it comes back."""
    enqueue_message(
        uow,
        customer_id=CustomerId(subscription.customer_id),
        template="restored",
        facts={},
        dedupe_key=f"subscription:{subscription.id}:{subscription.version}:restored",
    )
