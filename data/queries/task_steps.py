"""The steps of router tasks, set-based: a thousand lines that change at once are a few statements, not objects."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select, update

from data.models.router import Connection, RouterTask
from data.session import Session
from data.values.kinds import TaskKind
from data.values.states import TaskStatus


class DueTask(NamedTuple):
    """A task that is due, of a connection."""

    task_id: int
    connection_id: int
    kind: TaskKind


class RunningTask(NamedTuple):
    """A task that a worker holds, of a connection."""

    task_id: int
    connection_id: int


class Generations(NamedTuple):
    """Which wish for a connection is the newest and which one its router has; whether it was taken off it."""

    desired: int
    applied: int
    is_removed: bool


def due_tasks(session: Session, *, router_id: int, at: datetime, urgent: bool, limit: int) -> list[DueTask]:
    """Return tasks of a router that are due, urgent ones or the others, oldest first."""
    rows = session.execute(
        select(RouterTask.id, RouterTask.connection_id, RouterTask.kind)
        .where(
            RouterTask.router_id == router_id,
            RouterTask.status == TaskStatus.PENDING,
            RouterTask.run_after_at <= at,
            RouterTask.is_urgent.is_(urgent),
        )
        .order_by(RouterTask.run_after_at, RouterTask.id)
        .limit(limit)
    )
    return [DueTask(*row) for row in rows]


def begin_tasks(session: Session, task_ids: Sequence[int], *, at: datetime) -> None:
    """Have tasks that wait run."""
    session.execute(
        update(RouterTask)
        .where(RouterTask.id.in_(task_ids), RouterTask.status == TaskStatus.PENDING)
        .values(status=TaskStatus.RUNNING, claimed_at=at, updated_at=at)
        .execution_options(synchronize_session=False)
    )


def running_tasks(session: Session, task_ids: Sequence[int]) -> list[RunningTask]:
    """Return those of the tasks that run, by id."""
    rows = session.execute(
        select(RouterTask.id, RouterTask.connection_id)
        .where(RouterTask.id.in_(task_ids), RouterTask.status == TaskStatus.RUNNING)
        .order_by(RouterTask.id)
    )
    return [RunningTask(*row) for row in rows]


def end_tasks(session: Session, task_ids: Sequence[int], *, at: datetime) -> None:
    """Have tasks that run be done."""
    session.execute(
        update(RouterTask)
        .where(RouterTask.id.in_(task_ids), RouterTask.status == TaskStatus.RUNNING)
        .values(status=TaskStatus.DONE, claimed_at=None, finished_at=at, last_error=None, updated_at=at)
        .execution_options(synchronize_session=False)
    )


def lock_generations(session: Session, connection_ids: Sequence[int]) -> dict[int, Generations]:
    """Hold connections until the transaction ends and return how they stand, by id."""
    wanted = (
        select(
            Connection.id, Connection.desired_generation, Connection.applied_generation, Connection.removed_at
        )
        .where(Connection.id.in_(connection_ids))
        .order_by(Connection.id)
    )
    if session.get_bind().dialect.name != "sqlite":
        wanted = wanted.with_for_update()
    rows = session.execute(wanted)
    return {
        row.id: Generations(row.desired_generation, row.applied_generation, row.removed_at is not None)
        for row in rows
    }


def note_applied(
    session: Session, connection_ids: Sequence[int], *, generation: int, read_back_at: datetime, at: datetime
) -> None:
    """Note which wish a router was read back with, of connections of which no newer one is noted."""
    session.execute(
        update(Connection)
        .where(Connection.id.in_(connection_ids), Connection.applied_generation <= generation)
        .values(
            applied_generation=generation,
            applied_at=read_back_at,
            drift=None,
            takes_over=False,
            updated_at=at,
        )
        .execution_options(synchronize_session=False)
    )


def note_removed(session: Session, connection_ids: Sequence[int], *, at: datetime) -> None:
    """Note that connections are taken off their routers for good."""
    session.execute(
        update(Connection)
        .where(Connection.id.in_(connection_ids))
        .values(removed_at=at, updated_at=at)
        .execution_options(synchronize_session=False)
    )
