"""Data beside a plan's: granted for the running period, and access given back where that is what it lacked."""

from benfex.core.actors import SystemActor, name_of
from benfex.core.policy import current_terms
from benfex.core.unit_of_work import UnitOfWork
from benfex.usage.allowance import counts_from
from benfex.usage.caps import CapChange, note_cap, standings
from data.models.subscription import Subscription
from data.models.usage_limits import DataGrant
from data.queries import usage_limits as limit_queries
from data.values.identifiers import ConnectionId, SubscriptionId
from data.values.kinds import GrantKind


def grant_data(
    uow: UnitOfWork,
    subscription: Subscription,
    *,
    granted_bytes: int,
    kind: GrantKind,
    key: str,
    note: str = "",
) -> bool:
    """Give a service data for its running period, once for each `key`; return whether it was given now.

    Of an hour that a prepaid period has begun in it counts from the next one, as what is used does. Who may is
    checked by the caller.
    """
    assert subscription.id is not None
    if limit_queries.has_grant(uow.session, subscription_id=subscription.id, key=key):
        return False
    zone = current_terms(uow).timezone
    begins = counts_from(subscription.period_starts_on, subscription.bought_from, now=uow.now, zone=zone)
    uow.session.add(
        DataGrant(
            subscription_id=subscription.id,
            counts_from_at=max(begins, uow.now),
            granted_bytes=granted_bytes,
            kind=kind,
            key=key[:80],
            note=note[:120],
            granted_by=name_of(uow.actor),
        )
    )
    uow.session.flush()
    return True


def reconsider_cap(uow: UnitOfWork, *, subscription_id: SubscriptionId) -> bool:
    """Compare a service with its data now, and return whether its mark for the cap changed.

    What was slowed down is full speed again with the same act; who took access at the cap gives it back after it.
    """
    house = UnitOfWork(uow.session, SystemActor(f"data of service {subscription_id}"), uow.now)
    is_changed = False
    for one in standings(house, subscription_id=subscription_id):
        if one.is_over != one.line.is_over_cap:
            is_changed = True
            change = CapChange(
                subscription_id, ConnectionId(one.line.connection_id), one.is_over, one.line.cap_action
            )
            note_cap(house, change=change)
    for event in house.events:
        uow.emit(event)
    return is_changed
