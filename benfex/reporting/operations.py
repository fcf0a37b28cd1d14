"""How the house runs: services per state, jobs that failed, and router work that waits."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from benfex.core.actors import require
from benfex.core.policy import current_terms
from benfex.core.unit_of_work import Snapshot
from data.queries import (
    reconciling_listing,
    reports_listing,
    routers_listing,
    subscriptions_listing,
    webhooks,
)
from data.values.roles import Permission
from data.values.states import SubscriptionStatus, WebhookStatus

_LATELY = timedelta(hours=24)
_ON = (SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE)


@dataclass(frozen=True, slots=True)
class FailedJob:
    """A job with a failure in the last 24 hours; `has_recovered` when it ran well since."""

    job: str
    failures: int
    last_failed_at: datetime
    detail: str
    has_recovered: bool


@dataclass(frozen=True, slots=True)
class OperationFigures:
    """Services that should be on and that are suspended, waiting router work, failed jobs newest first.

    `differences` with gateways and `messages` of theirs that could not be placed wait for a person.
    """

    services_on: int
    services_suspended: int
    waiting_tasks: int
    oldest_task_at: datetime | None
    failed_jobs: tuple[FailedJob, ...]
    timezone: str
    differences: int = 0
    messages: int = 0


def operations(snapshot: Snapshot) -> OperationFigures:
    """Return how the house runs; what failed is of the last 24 hours."""
    require(snapshot.actor, Permission.VIEW_DASHBOARD)
    session = snapshot.session
    states = subscriptions_listing.count_by_status(session)
    tasks = routers_listing.tasks_per_router(session)
    failures = reports_listing.job_failures(session, since=snapshot.now - _LATELY)
    return OperationFigures(
        services_on=sum(states.get(state, 0) for state in _ON),
        services_suspended=states.get(SubscriptionStatus.SUSPENDED, 0),
        waiting_tasks=sum(tasks.values()),
        oldest_task_at=routers_listing.oldest_waiting_task(session),
        failed_jobs=tuple(
            FailedJob(row.job, row.failures, row.last_failed_at, row.detail, row.recovered_at is not None)
            for row in failures
        ),
        timezone=current_terms(snapshot).timezone,
        differences=reconciling_listing.count_differences(session, is_open=True),
        messages=webhooks.count_deliveries(session, status=WebhookStatus.FAILED),
    )
