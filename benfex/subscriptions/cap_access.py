"""Take access where a plan's data is used up and the plan says so, and give it back with the new period.

Who is over a cap is worked out in `usage/caps`; throttling at the cap is a matter of the router alone.
"""

from benfex.core.actors import require
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.subscriptions.lifecycle import reactivate_subscription, suspend_subscription
from data.queries import subscriptions as subscription_queries
from data.values.errors import NotFound
from data.values.identifiers import SubscriptionId
from data.values.kinds import CapAction, SuspensionReason
from data.values.roles import Permission
from data.values.states import SubscriptionStatus

_OPEN = (SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE)


def cap_access_changes(snapshot: Snapshot, *, limit: int = 200) -> tuple[SubscriptionId, ...]:
    """Return services whose access is not what their cap says, by id."""
    require(snapshot.actor, Permission.OPERATE_NETWORK)
    found = subscription_queries.cap_access_to_follow(snapshot.session, limit=limit)
    return tuple(SubscriptionId(row) for row in found)


def follow_cap(uow: UnitOfWork, *, subscription_id: SubscriptionId) -> None:
    """Suspend a service over a cap that suspends, or lift that when it is under again; else do nothing."""
    require(uow.actor, Permission.SUSPEND_SUBSCRIPTIONS)
    facts = subscription_queries.service_facts(uow.session, subscription_id)
    if facts is None:
        raise NotFound("service")
    subscription = facts.subscription
    is_taken = subscription.is_over_cap and facts.plan.cap_action is CapAction.SUSPEND
    if is_taken and subscription.status in _OPEN:
        suspend_subscription(
            uow,
            subscription_id=subscription_id,
            reason=SuspensionReason.DATA_CAP,
            note="the data of this period is used up",
        )
    elif (
        not is_taken
        and subscription.status is SubscriptionStatus.SUSPENDED
        and subscription.suspension_reason is SuspensionReason.DATA_CAP
    ):
        reactivate_subscription(uow, subscription_id=subscription_id, note="new data")
