"""The one gate to the database: all or nothing, in order, off the loop."""

import asyncio
from datetime import date, datetime

import pytest
from sqlalchemy import text

from benfex.core.actors import SystemActor
from benfex.core.events import CustomerChanged, EventBus
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from data.models.operations import JobRun
from data.models.policy import Holiday
from data.queries import operations
from data.values.errors import Conflict, InvalidInput
from data.values.identifiers import CustomerId
from tests.conftest import Run

ME = SystemActor("tests")


def note(uow: UnitOfWork, *, job: str) -> None:
    uow.session.add(JobRun(job=job, started_at=uow.now))
    uow.emit(CustomerChanged(customer_id=CustomerId(int(job))))


def note_and_fail(uow: UnitOfWork, *, job: str) -> None:
    note(uow, job=job)
    uow.session.flush()
    raise InvalidInput("job", "no")


def jobs(snapshot: Snapshot) -> list[str]:
    return [row[0] for row in snapshot.session.execute(text("SELECT job FROM job_run ORDER BY id"))]


def test_an_act_that_fails_leaves_nothing_behind(run: Run) -> None:
    run(note, job="1")
    with pytest.raises(InvalidInput):
        run(note_and_fail, job="2")
    assert run.read(jobs) == ["1"]


async def test_acts_beside_a_failing_one_are_kept(transactor: Transactor) -> None:
    acts = [note_and_fail if number % 5 == 0 else note for number in range(40)]
    results = await asyncio.gather(
        *(transactor.transact(act, ME, job=str(number)) for number, act in enumerate(acts)),
        return_exceptions=True,
    )
    assert sum(isinstance(result, InvalidInput) for result in results) == 8
    kept = await transactor.read(jobs, ME)
    assert sorted(map(int, kept)) == [number for number in range(40) if number % 5]


@pytest.mark.sqlite_only
async def test_waiting_acts_share_a_commit(transactor: Transactor) -> None:
    commits = 0

    def count(_: object) -> None:
        nonlocal commits
        commits += 1

    transactor.set_before_commit(count)
    await asyncio.gather(*(transactor.transact(note, ME, job=str(number)) for number in range(200)))
    assert len(await transactor.read(jobs, ME)) == 200
    assert commits < 100


async def test_events_are_told_after_the_commit_and_in_order(transactor: Transactor, bus: EventBus) -> None:
    told: list[int] = []
    kept: dict[int, int] = {}

    async def hear(event: CustomerChanged) -> None:
        told.append(event.customer_id)
        kept[event.customer_id] = len(await transactor.read(jobs, ME))

    bus.subscribe(CustomerChanged, hear)
    for number in (1, 2, 3):
        await transactor.transact(note, ME, job=str(number))
    await bus.idle()
    assert told == [1, 2, 3]
    assert all(rows >= number for number, rows in kept.items())


async def test_a_failed_act_tells_no_event(transactor: Transactor, bus: EventBus) -> None:
    seen: list[CustomerChanged] = []
    bus.subscribe(CustomerChanged, seen.append)
    with pytest.raises(InvalidInput):
        await transactor.transact(note_and_fail, ME, job="1")
    assert seen == []


async def test_a_caller_who_goes_away_does_not_stop_the_gate(transactor: Transactor) -> None:
    waiting = [asyncio.ensure_future(transactor.transact(note, ME, job=str(n))) for n in range(50)]
    await asyncio.sleep(0)
    for task in waiting[::2]:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    await transactor.transact(note, ME, job="99")
    kept = await transactor.read(jobs, ME)
    assert kept[-1] == "99"
    assert {str(n) for n in range(1, 50, 2)} <= set(kept)


def test_reading_cannot_write(run: Run) -> None:
    def sneak(snapshot: Snapshot) -> None:
        snapshot.session.execute(text("DELETE FROM job_run"))

    run(note, job="1")
    with pytest.raises(Exception, match=r"(?i)read.?only"):
        run.read(sneak)
    assert run.read(jobs) == ["1"]


def test_an_act_cannot_commit_by_itself(run: Run) -> None:
    def commits(uow: UnitOfWork) -> None:
        uow.session.commit()

    def says_commit(uow: UnitOfWork) -> None:
        uow.session.execute(text("COMMIT"))

    for act in (commits, says_commit):
        with pytest.raises(AssertionError):
            run(act)


def test_no_row_leaves_its_transaction(run: Run) -> None:
    def leak(uow: UnitOfWork) -> tuple[JobRun, ...]:
        row = JobRun(job="1", started_at=uow.now)
        uow.session.add(row)
        return (row,)

    with pytest.raises(AssertionError, match="no row"):
        run(leak)
    assert run.read(jobs) == []


def test_a_clash_of_unique_values_is_a_conflict_in_words(run: Run) -> None:
    def close_on_christmas(uow: UnitOfWork) -> None:
        uow.session.add(Holiday(day=date(2026, 12, 25), name="Christmas"))

    run(close_on_christmas)
    with pytest.raises(Conflict, match="saved just before"):
        run(close_on_christmas)


def test_a_naive_instant_is_refused(run: Run) -> None:
    def naive(uow: UnitOfWork) -> None:
        uow.session.add(JobRun(job="1", started_at=datetime(2026, 1, 1)))  # noqa: DTZ001

    with pytest.raises(Exception, match="aware"):
        run(naive)


def test_rows_carry_the_instant_of_their_transaction(run: Run) -> None:
    run(note, job="1")

    def created(snapshot: Snapshot) -> bool:
        row = operations.failed_runs(snapshot.session, since=snapshot.now)
        assert row == []
        found = snapshot.session.get(JobRun, 1)
        return found is not None and found.created_at == found.updated_at == found.started_at == snapshot.now

    assert run.read(created)
