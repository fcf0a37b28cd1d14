"""The life of router tasks: claimed, noted as applied, finished, or put back with a reason.

Each act is a short transaction around the wire work of `provisioning`. A task says only which connection to
look at; what to tell the router is worked out when it is told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from benfex.core.actors import require
from benfex.core.events import ConnectionApplied
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.network.write_journal import Write, note_writes
from data.models.router import RouterTask
from data.queries import clocks, task_steps
from data.queries import routers as router_queries
from data.queries.task_steps import Generations
from data.values.identifiers import ConnectionId, CustomerId, RouterId, RouterTaskId
from data.values.kinds import TaskKind, WriteCause
from data.values.roles import Permission
from data.values.states import RouterStatus, SubscriptionStatus, TaskStatus, advance

ATTEMPTS_MAX = 24
RETRY_SECONDS = (5, 30, 120, 600, 3600)
URGENT_MAX = 200
ORDINARY_MAX = 50
CLAIM_AGE_MAX = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class ClaimedTask:
    """A task that a worker holds. `drops_session` is true when an earlier try may have been cut short."""

    task_id: RouterTaskId
    connection_id: ConnectionId
    drops_session: bool


@dataclass(frozen=True, slots=True)
class Applied:
    """A connection whose router was read back and agrees with this generation of the rows."""

    connection_id: ConnectionId
    generation: int


def routers_with_work(snapshot: Snapshot, *, limit: int = 200) -> tuple[RouterId, ...]:
    """Return the routers with tasks that are due, those with urgent ones first."""
    require(snapshot.actor, Permission.OPERATE_NETWORK)
    found = router_queries.routers_with_due_tasks(snapshot.session, at=snapshot.now, limit=limit)
    return tuple(RouterId(row) for row in found)


def next_task_at(snapshot: Snapshot, *, router_id: RouterId) -> datetime | None:
    """Return when the next waiting task of a router is due, or None when none waits."""
    require(snapshot.actor, Permission.OPERATE_NETWORK)
    return router_queries.next_task_at(snapshot.session, router_id=router_id)


def claim_tasks(uow: UnitOfWork, *, router_id: RouterId) -> tuple[ClaimedTask, ...]:
    """Take the due tasks of a router, oldest first: all urgent ones, and only without those some others.

    Nothing is claimed at a router that is only watched, retired, disabled or refuses our password.
    """
    require(uow.actor, Permission.OPERATE_NETWORK)
    router = router_queries.find_router(uow.session, router_id)
    if router is None or not (router.is_enabled and router.is_managed):
        return ()
    if router.status in router_queries.CLOSED_DOORS:
        return ()
    due = task_steps.due_tasks(
        uow.session, router_id=router_id, at=uow.now, urgent=True, limit=URGENT_MAX
    ) or task_steps.due_tasks(uow.session, router_id=router_id, at=uow.now, urgent=False, limit=ORDINARY_MAX)
    if due:
        task_steps.begin_tasks(uow.session, [task.task_id for task in due], at=uow.now)
    return tuple(
        ClaimedTask(
            RouterTaskId(task.task_id), ConnectionId(task.connection_id), task.kind is TaskKind.DISCONNECT
        )
        for task in due
    )


def mark_applied(
    uow: UnitOfWork,
    *,
    router_id: RouterId,
    applied: Sequence[Applied],
    written_at: datetime,
    read_back_at: datetime,
    writes: Sequence[Write] = (),
) -> None:
    """Note which generation the router was read back with and what was written, and stop the money-to-packet clocks.

    A clock stops only for the newest wish: what was written may be older than the payment.
    """
    require(uow.actor, Permission.OPERATE_NETWORK)
    generations = {item.connection_id: item.generation for item in applied}
    ids = sorted(generations)
    held = task_steps.lock_generations(uow.session, ids)
    owners = router_queries.owners_of(uow.session, ids)
    restoring = set(router_queries.restoring(uow.session, ids))
    alike: dict[int, list[int]] = {}
    removed: list[int] = []
    for connection_id in map(ConnectionId, held):
        generation = generations[connection_id]
        alike.setdefault(generation, []).append(connection_id)
        is_newest = generation == held[connection_id].desired
        if is_newest and connection_id in restoring:
            clocks.note_written(uow.session, connection_id=connection_id, at=written_at)
            clocks.note_read_back(uow.session, connection_id=connection_id, at=read_back_at)
        customer_id, status = owners[connection_id]
        if is_newest and status is SubscriptionStatus.ENDED:
            removed.append(connection_id)
        uow.emit(
            ConnectionApplied(
                connection_id=connection_id,
                router_id=router_id,
                customer_id=CustomerId(customer_id),
                generation=generation,
            )
        )
    for generation, those in alike.items():
        task_steps.note_applied(
            uow.session, those, generation=generation, read_back_at=read_back_at, at=uow.now
        )
    note_writes(uow, router_id=router_id, cause=WriteCause.WISH, writes=writes)
    if removed:
        task_steps.note_removed(uow.session, removed, at=uow.now)


def finish_tasks(uow: UnitOfWork, *, task_ids: Sequence[RouterTaskId]) -> int:
    """End tasks that were carried out and return how many; where a newer wish came, they wait again."""
    require(uow.actor, Permission.OPERATE_NETWORK)
    running = task_steps.running_tasks(uow.session, task_ids)
    held = task_steps.lock_generations(uow.session, sorted({task.connection_id for task in running}))
    behind = [task.task_id for task in running if _is_behind(held[task.connection_id])]
    for task in router_queries.tasks_by_id(uow.session, behind) if behind else ():
        task.status = advance(task.status, TaskStatus.PENDING)
        task.generation = held[task.connection_id].desired
        task.claimed_at = None
        task.run_after_at = uow.now
        task.attempts = 0
    uow.session.flush()
    done = [task.task_id for task in running if not _is_behind(held[task.connection_id])]
    if done:
        task_steps.end_tasks(uow.session, done, at=uow.now)
    return len(done)


def put_back_tasks(uow: UnitOfWork, *, task_ids: Sequence[RouterTaskId], reason: str) -> None:
    """Have tasks wait for a router that was lost; it costs them no try.

    What became of a write is unknown, so the next try ends the sessions whatever it finds.
    """
    require(uow.actor, Permission.OPERATE_NETWORK)
    for task in _running(uow, task_ids):
        task.status = advance(task.status, TaskStatus.PENDING)
        task.kind = TaskKind.DISCONNECT
        task.claimed_at = None
        task.run_after_at = uow.now
        task.last_error = reason[:250]
    uow.session.flush()


def note_refusals(
    uow: UnitOfWork,
    *,
    refusals: Mapping[RouterTaskId, str],
    retry_seconds: Sequence[float] = RETRY_SECONDS,
    drops_session: bool = False,
) -> int:
    """Have failed tasks wait longer and longer; after 24 tries they fail for good. Return how many did."""
    require(uow.actor, Permission.OPERATE_NETWORK)
    failed = 0
    tasks = _running(uow, tuple(refusals))
    connections = {row.id: row for row in router_queries.lock_connections(uow.session, _connections(tasks))}
    for task in tasks:
        task.attempts += 1
        task.claimed_at = None
        task.last_error = refusals[RouterTaskId(_id(task))][:250]
        if drops_session:
            task.kind = TaskKind.DISCONNECT
        wanted = connections[task.connection_id].desired_generation
        if wanted > task.generation:  # a newer wish starts with fresh tries
            task.generation, task.attempts = wanted, 0
            task.status, task.run_after_at = advance(task.status, TaskStatus.PENDING), uow.now
            continue
        if task.attempts >= ATTEMPTS_MAX:
            task.status = advance(task.status, TaskStatus.FAILED)
            task.finished_at = uow.now
            failed += 1
            continue
        wait_seconds = retry_seconds[min(task.attempts, len(retry_seconds)) - 1]
        task.status = advance(task.status, TaskStatus.PENDING)
        task.run_after_at = uow.now + timedelta(seconds=wait_seconds)
    uow.session.flush()
    return failed


def has_stale(snapshot: Snapshot, *, older_than: timedelta = CLAIM_AGE_MAX) -> bool:
    """Return whether there are tasks whose worker must be gone."""
    require(snapshot.actor, Permission.OPERATE_NETWORK)
    return router_queries.has_running(snapshot.session, claimed_before=snapshot.now - older_than)


def put_back_stale(
    uow: UnitOfWork, *, older_than: timedelta = CLAIM_AGE_MAX, router_id: RouterId | None = None
) -> int:
    """Have tasks wait again whose worker is gone, at one router or at all; return how many."""
    require(uow.actor, Permission.OPERATE_NETWORK)
    return router_queries.put_back_running(
        uow.session, claimed_before=uow.now - older_than, at=uow.now, router_id=router_id
    )


def is_closed_door(status: RouterStatus) -> bool:
    """Return whether a router is left alone until someone edits it."""
    return status in router_queries.CLOSED_DOORS


def _is_behind(line: Generations) -> bool:
    return line.desired > line.applied and not line.is_removed


def _running(uow: UnitOfWork, task_ids: Sequence[RouterTaskId]) -> list[RouterTask]:
    """Return those of the tasks that are still ours to end."""
    tasks = router_queries.tasks_by_id(uow.session, task_ids)
    return [task for task in tasks if task.status is TaskStatus.RUNNING]


def _connections(tasks: Sequence[RouterTask]) -> list[int]:
    return sorted({task.connection_id for task in tasks})


def _id(task: RouterTask) -> int:
    assert task.id is not None
    return task.id
