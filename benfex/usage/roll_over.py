"""What is left of a period's data goes over to the next one, where the plan says so.

The period that runs is kept for each such service, with its plan; when another has begun where that one ended, what
was left of it is granted, once. It is worked out a little later, when the last minutes of the old period are in.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from benfex.core.actors import name_of, require
from benfex.core.policy import current_terms
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.usage.allowance import counts_from, left_over, period_begins_at
from benfex.usage.counting import CountedSpan, bonus_hours_of, counted_between
from data.locks import lock_customer
from data.models.catalog import Plan
from data.models.usage_limits import DataGrant, DataPeriod
from data.queries import usage as usage_queries
from data.queries import usage_limits as limit_queries
from data.queries.usage import CappedLine
from data.values.identifiers import CustomerId, SubscriptionId
from data.values.kinds import GrantKind
from data.values.roles import Permission
from data.values.traffic import format_bytes

_LATE = timedelta(minutes=15)  # by then what routers counted before midnight is read and rolled up
_FOLLOWS_WITHIN = timedelta(hours=1)  # bought time counts from the next whole hour


@dataclass(frozen=True, slots=True)
class DuePeriod:
    """The running period of a service whose data rolls over, which is not the one that is kept of it."""

    subscription_id: SubscriptionId
    customer_id: CustomerId
    connection_id: int
    plan_id: int
    counts_from_at: datetime
    ends_at: datetime


def due_periods(snapshot: Snapshot) -> tuple[DuePeriod, ...]:
    """Return the services whose running period is not kept as it is."""
    require(snapshot.actor, Permission.OPERATE_NETWORK)
    lines = [line for line in usage_queries.capped_lines(snapshot.session) if line.rolls_over]
    if not lines:
        return ()
    zone = current_terms(snapshot).timezone
    kept = limit_queries.data_periods_of(
        snapshot.session, subscription_ids=[line.subscription_id for line in lines]
    )
    due = []
    for line in lines:
        running = _running(line, now=snapshot.now, zone=zone)
        if _is_due(kept.get(line.subscription_id), running, now=snapshot.now):
            due.append(running)
    return tuple(due)


def _is_due(known: DataPeriod | None, running: DuePeriod, *, now: datetime) -> bool:
    if known is None:
        return True
    if known.counts_from_at != running.counts_from_at:
        return now >= running.counts_from_at + _LATE
    return (known.plan_id, known.ends_at) != (running.plan_id, running.ends_at)


def roll_over(uow: UnitOfWork, *, due: DuePeriod) -> int:
    """Keep the running period of a service, and grant what was left where it follows another; return the bytes."""
    require(uow.actor, Permission.OPERATE_NETWORK)
    lock_customer(uow.session, due.customer_id)
    kept = limit_queries.data_periods_of(uow.session, subscription_ids=[due.subscription_id])
    known = kept.get(due.subscription_id)
    if known is None:
        uow.session.add(
            DataPeriod(
                subscription_id=due.subscription_id,
                plan_id=due.plan_id,
                counts_from_at=due.counts_from_at,
                ends_at=due.ends_at,
            )
        )
        uow.session.flush()
        return 0
    granted = 0
    if known.counts_from_at < due.counts_from_at <= known.ends_at + _FOLLOWS_WITHIN:
        granted = _grant_rest(uow, known, due)
    known.plan_id, known.counts_from_at, known.ends_at = due.plan_id, due.counts_from_at, due.ends_at
    uow.session.flush()
    return granted


def _grant_rest(uow: UnitOfWork, known: DataPeriod, due: DuePeriod) -> int:
    plan = uow.session.get_one(Plan, known.plan_id)
    span = CountedSpan(due.connection_id, known.counts_from_at, due.counts_from_at, bonus_hours_of(plan))
    used = counted_between(uow.session, [span], zone=current_terms(uow).timezone)[0]
    grants = [
        grant
        for grant in limit_queries.grants_of(
            uow.session, subscription_ids=[due.subscription_id], since=known.counts_from_at
        )
        if grant.counts_from_at < due.counts_from_at
    ]
    rolled = sum(grant.granted_bytes for grant in grants if grant.kind is GrantKind.ROLL_OVER)
    rest = left_over(
        cap_bytes=plan.data_cap_bytes or 0,
        granted_bytes=sum(grant.granted_bytes for grant in grants) - rolled,
        rolled_bytes=rolled,
        used_bytes=used,
    )
    key = f"roll-over:{due.counts_from_at:%Y%m%d%H%M}"
    if not rest or limit_queries.has_grant(uow.session, subscription_id=due.subscription_id, key=key):
        return 0
    uow.session.add(
        DataGrant(
            subscription_id=due.subscription_id,
            counts_from_at=due.counts_from_at,
            granted_bytes=rest,
            kind=GrantKind.ROLL_OVER,
            key=key,
            note=f"{format_bytes(rest)} left of the period before",
            granted_by=name_of(uow.actor),
        )
    )
    return rest


def _running(line: CappedLine, *, now: datetime, zone: str) -> DuePeriod:
    ends_at = line.access_until_at if line.bought_from else None
    return DuePeriod(
        SubscriptionId(line.subscription_id),
        CustomerId(line.customer_id),
        line.connection_id,
        line.plan_id,
        counts_from(line.period_starts_on, line.bought_from, now=now, zone=zone),
        ends_at or period_begins_at(line.period_ends_on, zone),
    )
