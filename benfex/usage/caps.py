"""Compare what was used in a period with the plan's cap, and throttle or release where that changed.

The rule is in `allowance`; hours are worked out in `rollup`.
"""

from dataclasses import dataclass

from benfex.core.actors import require
from benfex.core.audit import record_audit
from benfex.core.policy import current_terms
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.network.connections import request_sync
from benfex.usage.allowance import counts_from, is_over
from data.locks import lock_customer
from data.queries import subscriptions as subscription_queries
from data.queries import usage as usage_queries
from data.values.identifiers import ConnectionId, SubscriptionId
from data.values.kinds import CapAction
from data.values.roles import Permission


@dataclass(frozen=True, slots=True)
class CapChange:
    """A line that went over its cap, or is under it (again), as in a new period."""

    subscription_id: SubscriptionId
    connection_id: ConnectionId
    is_over: bool
    cap_action: CapAction


def cap_changes(snapshot: Snapshot) -> tuple[CapChange, ...]:
    """Return the lines whose mark for the cap is not what their usage says, by subscription."""
    require(snapshot.actor, Permission.OPERATE_NETWORK)
    lines = usage_queries.capped_lines(snapshot.session)
    if not lines:
        return ()
    zone = current_terms(snapshot).timezone
    bounds = [
        (
            line.connection_id,
            counts_from(line.period_starts_on, line.bought_from, now=snapshot.now, zone=zone),
        )
        for line in lines
    ]
    used = usage_queries.used_by(snapshot.session, bounds)
    changes = []
    for line in lines:
        over = is_over(used.get(line.connection_id, 0), line.cap_bytes)
        if over != line.is_over_cap:
            changes.append(
                CapChange(
                    SubscriptionId(line.subscription_id),
                    ConnectionId(line.connection_id),
                    over,
                    line.cap_action,
                )
            )
    return tuple(changes)


def note_cap(uow: UnitOfWork, *, change: CapChange) -> None:
    """Mark a line as over or under its cap; a plan that throttles asks the router to follow."""
    require(uow.actor, Permission.OPERATE_NETWORK)
    subscription = subscription_queries.find_subscription(uow.session, change.subscription_id)
    if subscription is None:
        return
    lock_customer(uow.session, subscription.customer_id)
    if subscription.is_over_cap == change.is_over:
        return
    subscription.is_over_cap = change.is_over
    uow.session.flush()
    record_audit(
        uow,
        action="over_cap" if change.is_over else "under_cap",
        entity="subscription",
        entity_id=change.subscription_id,
    )
    if change.cap_action is CapAction.THROTTLE:
        request_sync(uow, connection_id=change.connection_id)
