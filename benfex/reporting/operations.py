"""How the house runs: services per state, jobs that failed, and router work that waits."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from benfex.core.actors import require
from benfex.core.policy import current_terms
from benfex.core.unit_of_work import Snapshot
from data.queries import reports_listing, routers_listing, subscriptions_listing
from data.values.roles import Permission
from data.values.states import SubscriptionStatus

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
    """Services that should be on and that are suspended, waiting router work, failed jobs newest first."""

    services_on: int
    services_suspended: int
    waiting_tasks: int
    oldest_task_at: datetime | None
    failed_jobs: tuple[FailedJob, ...]
    timezone: str


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
    )
