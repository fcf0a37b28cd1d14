"""Compare what was used in a period with the data there is, warn, and throttle or release where that changed.

The data of a period is the plan's and what was granted beside it. The rule is in `allowance`; hours are worked out
in `rollup`; taking access at a cap is the matter of `subscriptions/cap_access`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from benfex.core.actors import require
from benfex.core.audit import record_audit
from benfex.core.clock import local_date
from benfex.core.policy import current_terms
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.network.connections import request_sync
from benfex.notifications.outbox import enqueue_message
from benfex.usage.allowance import (
    USED_UP,
    counts_from,
    has_effect,
    is_over,
    period_begins_at,
    shares_reached,
)
from benfex.usage.counting import CountedSpan, counted_between
from data.locks import lock_customer
from data.models.usage_limits import UsageWarning
from data.queries import subscriptions as subscription_queries
from data.queries import usage as usage_queries
from data.queries import usage_limits as limit_queries
from data.queries.usage import CappedLine
from data.values.daily_hours import DailyHours
from data.values.identifiers import ConnectionId, CustomerId, SubscriptionId
from data.values.kinds import CapAction
from data.values.roles import Permission
from data.values.traffic import format_bytes

_WHAT_FOLLOWS = {
    CapAction.NOTIFY: "You stay online as before.",
    CapAction.THROTTLE: "You stay online, more slowly{hours}, until your next period or until you buy more data.",
    CapAction.SUSPEND: "You are offline{hours} until your next period or until you buy more data.",
    CapAction.CHARGE: "You stay online; what you use now is billed as your plan says.",
}


@dataclass(frozen=True, slots=True)
class CapChange:
    """A line that went over its cap, or is under it (again), as in a new period."""

    subscription_id: SubscriptionId
    connection_id: ConnectionId
    is_over: bool
    cap_action: CapAction


@dataclass(frozen=True, slots=True)
class DueWarning:
    """A service that reached shares of its data of which it was not told; the largest is the one that is told."""

    subscription_id: SubscriptionId
    customer_id: CustomerId
    plan_name: str
    consequence: str
    counts_from_at: datetime
    allowance_bytes: int
    used_bytes: int
    shares: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class UsageNews:
    """What became of the data that services use: marks that changed, and warnings that are due."""

    changes: tuple[CapChange, ...]
    warnings: tuple[DueWarning, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """How much of its data a line has used in its running period; no allowance is no cap.

    `is_over` tells whether it is used up and that has effect at this hour.
    """

    line: CappedLine
    counts_from_at: datetime
    used_bytes: int
    allowance_bytes: int | None
    is_over: bool


def standings(snapshot: Snapshot, *, subscription_id: SubscriptionId | None = None) -> tuple[Standing, ...]:
    """Return how lines with a cap stand, all or that of one service, by subscription. Who asks is checked before."""
    lines = usage_queries.capped_lines(snapshot.session, subscription_id=subscription_id)
    if not lines:
        return ()
    zone = current_terms(snapshot).timezone
    begins = [
        counts_from(line.period_starts_on, line.bought_from, now=snapshot.now, zone=zone) for line in lines
    ]
    used = _used(snapshot, lines, begins, zone)
    granted = _granted(snapshot, lines, begins)
    return tuple(
        _standing(snapshot.now, line, at, (used.get(line.connection_id, 0), granted, zone))
        for line, at in zip(lines, begins, strict=True)
    )


def _standing(
    now: datetime, line: CappedLine, counts_from_at: datetime, around: tuple[int, Mapping[int, int], str]
) -> Standing:
    used, granted, zone = around
    allowance = None if line.cap_bytes is None else line.cap_bytes + granted.get(line.subscription_id, 0)
    over = is_over(used, allowance) and has_effect(
        now, bonus_hours=line.bonus_hours, fair_use_hours=line.fair_use_hours, zone=zone
    )
    return Standing(line, counts_from_at, used, allowance, over)


def _used(
    snapshot: Snapshot, lines: Sequence[CappedLine], begins: Sequence[datetime], zone: str
) -> dict[int, int]:
    """Return what counts of each connection since its period began."""
    today = local_date(snapshot.now, zone)
    until = period_begins_at(today + timedelta(days=1), zone)
    spans = [
        CountedSpan(line.connection_id, at, until, line.bonus_hours)
        for line, at in zip(lines, begins, strict=True)
    ]
    counted = counted_between(snapshot.session, spans, zone=zone)
    return {line.connection_id: count for line, count in zip(lines, counted, strict=True)}


def say_consequence(
    action: CapAction, fair_use_hours: DailyHours | None, bonus_hours: DailyHours | None
) -> str:
    """Return what follows once the data is used up, as the customer is told."""
    if fair_use_hours is not None:
        hours = f" from {fair_use_hours}"
    else:
        hours = f" but from {bonus_hours}" if bonus_hours is not None else ""
    return _WHAT_FOLLOWS[action].format(hours=hours)


def usage_news(snapshot: Snapshot) -> UsageNews:
    """Return the lines whose mark for the cap is not what their usage says, and who is to be warned."""
    require(snapshot.actor, Permission.OPERATE_NETWORK)
    found = standings(snapshot)
    changes = tuple(
        CapChange(
            SubscriptionId(one.line.subscription_id),
            ConnectionId(one.line.connection_id),
            one.is_over,
            one.line.cap_action,
        )
        for one in found
        if one.is_over != one.line.is_over_cap
    )
    return UsageNews(changes, _due_warnings(snapshot, found))


def cap_changes(snapshot: Snapshot) -> tuple[CapChange, ...]:
    """Return the lines whose mark for the cap is not what their usage says, by subscription."""
    return usage_news(snapshot).changes


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
        request_sync(uow, connection_id=change.connection_id, urgent=not change.is_over)


def warn_of_usage(uow: UnitOfWork, *, due: DueWarning) -> None:
    """Tell a customer how much of their data is used, once for each share of it in a period.

    Where several shares were reached at once only the largest is told. More data in the same period begins anew.
    """
    require(uow.actor, Permission.OPERATE_NETWORK)
    lock_customer(uow.session, due.customer_id)
    told = limit_queries.warnings_since(
        uow.session, subscription_ids=[due.subscription_id], since=due.counts_from_at
    )
    new = [
        share
        for share in due.shares
        if (due.subscription_id, due.counts_from_at, due.allowance_bytes, share) not in told
    ]
    if not new:
        return
    uow.session.add_all(
        UsageWarning(
            subscription_id=due.subscription_id,
            counts_from_at=due.counts_from_at,
            allowance_bytes=due.allowance_bytes,
            percent=share,
            used_bytes=due.used_bytes,
        )
        for share in new
    )
    uow.session.flush()
    largest = max(new)
    enqueue_message(
        uow,
        customer_id=due.customer_id,
        template="data_used_up" if largest == USED_UP else "data_warning",
        facts={
            "plan": due.plan_name,
            "percent": str(largest),
            "data": format_bytes(due.allowance_bytes),
            "left": format_bytes(max(0, due.allowance_bytes - due.used_bytes)),
            "consequence": due.consequence,
        },
        dedupe_key=f"data:{due.subscription_id}:{due.counts_from_at:%Y%m%d%H}:{due.allowance_bytes}:{largest}",
    )


def _due_warnings(snapshot: Snapshot, found: Sequence[Standing]) -> tuple[DueWarning, ...]:
    shares = (*current_terms(snapshot).usage_warnings, USED_UP) if found else ()
    reached = [
        (one, hit)
        for one in found
        if (hit := shares_reached(one.used_bytes, one.allowance_bytes, shares)) and one.allowance_bytes
    ]
    if not reached:
        return ()
    told = limit_queries.warnings_since(
        snapshot.session,
        subscription_ids=[one.line.subscription_id for one, _ in reached],
        since=min(one.counts_from_at for one, _ in reached),
    )
    due = []
    for one, hit in reached:
        allowance = one.allowance_bytes or 0
        new = tuple(
            share
            for share in hit
            if (one.line.subscription_id, one.counts_from_at, allowance, share) not in told
        )
        if new:
            due.append(
                DueWarning(
                    SubscriptionId(one.line.subscription_id),
                    CustomerId(one.line.customer_id),
                    one.line.plan_name,
                    say_consequence(one.line.cap_action, one.line.fair_use_hours, one.line.bonus_hours),
                    one.counts_from_at,
                    allowance,
                    one.used_bytes,
                    new,
                )
            )
    return tuple(due)


def _granted(snapshot: Snapshot, lines: Sequence[CappedLine], begins: Sequence[datetime]) -> dict[int, int]:
    """Return the bytes beside the plan's of each service in its running period."""
    since = {line.subscription_id: at for line, at in zip(lines, begins, strict=True)}
    total: dict[int, int] = {}
    for grant in limit_queries.grants_of(snapshot.session, subscription_ids=list(since), since=min(begins)):
        if grant.counts_from_at >= since[grant.subscription_id]:
            total[grant.subscription_id] = total.get(grant.subscription_id, 0) + grant.granted_bytes
    return total
