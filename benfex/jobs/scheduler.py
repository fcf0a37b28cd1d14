"""Run the timetable with APScheduler: one run of a job at a time, missed runs once, failures kept.

The memory store only: what is due stands in our rows, and a pickled job store is a way in (CVE-2026-31072).
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from benfex.application import Benfex
from benfex.core.actors import SystemActor
from benfex.core.unit_of_work import UnitOfWork
from benfex.jobs.catalogue import Job
from data.models.operations import JobRun
from data.values.kinds import JobOutcome

if TYPE_CHECKING:
    from apscheduler.schedulers.asyncio import AsyncIOScheduler

_CLOCK = SystemActor("scheduler")
_log = structlog.get_logger("jobs")


@dataclass(slots=True)
class JobState:
    """How a job is doing, since this process started."""

    job: Job
    is_running: bool = False
    runs_again: bool = False
    runs: int = 0
    last_started_at: datetime | None = None
    last_succeeded_at: datetime | None = None
    last_error: str = ""
    detail: str = ""
    tasks: set[asyncio.Task[None]] = field(default_factory=set)


class Scheduler:
    """Runs every job of a timetable by the clock, and at once when it is woken."""

    def __init__(self, benfex: Benfex, timetable: Sequence[Job]) -> None:
        self._benfex = benfex
        self._states = {job.name: JobState(job) for job in timetable}
        self._apscheduler: AsyncIOScheduler | None = None

    @property
    def is_running(self) -> bool:
        """Return whether the timetable is being followed."""
        return self._apscheduler is not None

    def states(self) -> tuple[JobState, ...]:
        """Return how every job is doing, in the order of the timetable."""
        return tuple(self._states.values())

    async def start(self) -> None:
        """Begin to follow the timetable; what runs it is loaded now, when gateways are answered already."""
        from apscheduler.schedulers.asyncio import AsyncIOScheduler
        from apscheduler.triggers.cron import CronTrigger
        from apscheduler.triggers.interval import IntervalTrigger

        scheduler = AsyncIOScheduler(
            timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": 30}
        )
        zone = self._benfex.settings.timezone
        for state in self._states.values():
            job = state.job
            if job.daily_at is not None:
                hour, minute = job.daily_at
                trigger = CronTrigger(hour=hour, minute=minute, timezone=zone)
            else:
                trigger = IntervalTrigger(seconds=job.every_seconds or 60)
            scheduler.add_job(self._begin_due, trigger, args=(state,), id=job.name)
        scheduler.start()
        self._apscheduler = scheduler
        for state in self._states.values():
            if state.job.every_seconds is not None:
                self.wake(state.job.name)

    async def stop(self) -> None:
        """Stop, and wait for what is running to let go."""
        if self._apscheduler is not None:
            self._apscheduler.shutdown(wait=False)
            self._apscheduler = None
        running = [task for state in self._states.values() for task in state.tasks]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def wake(self, name: str) -> None:
        """Run a job now; if it is running, once more right after."""
        if self._apscheduler is None:
            return
        self._begin(self._states[name])

    async def _begin_due(self, state: JobState) -> None:
        # APScheduler writes a traceback for a run that is cancelled as we stop; hence runs are tasks of ours.
        if not state.is_running:
            self._begin(state)

    def _begin(self, state: JobState) -> None:
        task = asyncio.get_running_loop().create_task(self._run(state), name=f"job:{state.job.name}")
        state.tasks.add(task)
        task.add_done_callback(state.tasks.discard)

    async def _run(self, state: JobState) -> None:
        if state.is_running:
            state.runs_again = True
            return
        state.is_running = True
        try:
            while True:
                state.runs_again = False
                await self._run_once(state)
                if not state.runs_again:
                    return
        finally:
            state.is_running = False

    async def _run_once(self, state: JobState) -> None:
        started_at = self._benfex.clock.now()
        state.last_started_at, state.runs = started_at, state.runs + 1
        error = ""
        try:
            state.detail = await state.job.run(self._benfex)
            state.last_succeeded_at = self._benfex.clock.now()
        except Exception as cause:  # noqa: BLE001 - one broken job must not stop the timetable
            error = f"{type(cause).__name__}: {cause}"[:250]
            if error != state.last_error:
                _log.error("job failed", job=state.job.name, error=error, exc_info=cause)
        was_failing, state.last_error = bool(state.last_error), error
        if not state.job.is_frequent or bool(error) != was_failing:
            outcome = JobOutcome.FAILED if error else JobOutcome.SUCCEEDED
            await self._benfex.transact(
                _note_run,
                _CLOCK,
                job=state.job.name,
                started_at=started_at,
                outcome=outcome,
                detail=error or state.detail,
            )


def _note_run(uow: UnitOfWork, *, job: str, started_at: datetime, outcome: JobOutcome, detail: str) -> None:
    uow.session.add(
        JobRun(job=job, started_at=started_at, finished_at=uow.now, outcome=outcome, detail=detail[:250])
    )
