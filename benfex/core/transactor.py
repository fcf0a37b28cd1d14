"""Run one act in one transaction, off the event loop, and publish its events after the commit.

SQLite: every act goes to one writer thread, which takes all that waits (at most 64), runs each in a
savepoint unless it is alone, commits once, and only then answers. So acts must be re-runnable: no effect outside
the session but events.
PostgreSQL: a pool of threads, one SERIALIZABLE transaction an act, run again when it lost a race.
"""

import asyncio
import dataclasses
import queue
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

import structlog

from benfex.core.actors import Actor
from benfex.core.clock import Clock
from benfex.core.events import Event, EventBus
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from data.base import Row
from data.engine import INTEGRITY_ERROR, Database, is_busy, is_in_transaction, is_worth_retrying
from data.session import Session, act_session, begin_read, begin_write
from data.values.errors import Conflict, LockBusy

P = ParamSpec("P")
T = TypeVar("T")

_BATCH_MAX = 64
_TRIES_MAX = 8
# An act over the first is noted for those who read the log by machine, over the second for everybody.
_SLOW_SECONDS = 0.05
_TOO_SLOW_SECONDS = 0.25
_log = structlog.get_logger("transactor")


class _TransactionLostError(Exception):
    """The database ended the transaction under an act."""


class _ActFailedError(Exception):
    """The only act of a transaction failed, so the transaction is undone."""


class _Work:
    """An act that waits, and what came of it."""

    def __init__(self, run: Callable[[UnitOfWork], Any], actor: Actor, name: str) -> None:
        self.run = run
        self.actor = actor
        self.name = name
        self.future: Future[Any] = Future()
        self.result: Any = None
        self.error: BaseException | None = None
        self.events: list[Event] = []

    def is_wanted(self) -> bool:
        """Return whether the caller still waits; from here on a caller that goes away changes nothing."""
        return self.future.set_running_or_notify_cancel()


class Transactor:
    """The one gate to the database. `transact` and `read` for the loop, the `_sync` twins without one."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        bus: EventBus,
        *,
        before_commit: Callable[[Session], None] | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._bus = bus
        self._before_commit = before_commit
        self._after_act: Callable[[UnitOfWork], None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._writer: threading.Thread | None = None
        self._writer_lock = threading.Lock()
        self._closing = threading.Event()
        self._writers = ThreadPoolExecutor(max_workers=8, thread_name_prefix="write")
        self._readers = ThreadPoolExecutor(max_workers=4, thread_name_prefix="read")

    @property
    def database(self) -> Database:
        """Return the database behind the gate."""
        return self._database

    def set_before_commit(self, hook: Callable[[Session], None]) -> None:
        """Run another hook just before each commit."""
        self._before_commit = hook

    def set_after_act(self, hook: Callable[[UnitOfWork], None]) -> None:
        """Run a hook at the end of each act that emitted something, in the act's own transaction."""
        self._after_act = hook

    async def start(self) -> None:
        """Publish events on this loop from now on."""
        self._loop = asyncio.get_running_loop()

    async def stop(self) -> None:
        """Finish what waits and let the threads and connections go."""
        self._loop = None
        await asyncio.get_running_loop().run_in_executor(None, self.close)

    def close(self) -> None:
        """Finish what waits and let the threads and connections go."""
        self._closing.set()
        with self._writer_lock:
            writer, self._writer = self._writer, None
        if writer is not None:
            self._waiting.put(None)
            writer.join()
        self._writers.shutdown(wait=True)
        self._readers.shutdown(wait=True)
        self._database.dispose()

    async def transact(
        self, act: Callable[Concatenate[UnitOfWork, P], T], actor: Actor, /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run an act and return its result after the commit."""
        work = self._submit(lambda uow: act(uow, *args, **kwargs), actor, act.__name__)
        return cast(T, await asyncio.wrap_future(work.future))

    async def read(
        self, look: Callable[Concatenate[Snapshot, P], T], actor: Actor, /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a view on one state of the database."""
        return await asyncio.get_running_loop().run_in_executor(
            self._readers, lambda: self.read_sync(look, actor, *args, **kwargs)
        )

    def run_sync(
        self, act: Callable[Concatenate[UnitOfWork, P], T], actor: Actor, /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run an act and wait for its commit, without an event loop."""
        work = self._submit(lambda uow: act(uow, *args, **kwargs), actor, act.__name__)
        return cast(T, work.future.result())

    def submit(
        self, act: Callable[Concatenate[UnitOfWork, P], T], actor: Actor, /, *args: P.args, **kwargs: P.kwargs
    ) -> "Future[T]":
        """Hand an act over without waiting: on SQLite those that wait together share a commit, in order."""
        return self._submit(lambda uow: act(uow, *args, **kwargs), actor, act.__name__).future

    def read_sync(
        self, look: Callable[Concatenate[Snapshot, P], T], actor: Actor, /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a view without an event loop."""
        now = self._clock.now()
        with begin_read(self._database, now=now) as session:
            result = look(Snapshot(session, actor, now), *args, **kwargs)
            _check_leaves_no_row(result)
            return result

    def _submit(self, run: Callable[[UnitOfWork], Any], actor: Actor, name: str) -> _Work:
        work = _Work(run, actor, name)
        if not self._database.is_sqlite:
            self._writers.submit(self._run_on_server, work)
            return work
        with self._writer_lock:
            if self._writer is None:
                self._writer = threading.Thread(target=self._write_batches, name="writer", daemon=True)
                self._writer.start()
        self._waiting.put(work)
        return work

    # SQLite

    def _write_batches(self) -> None:
        while True:
            batch = self._next_batch()
            if batch is None:
                return
            if not batch:
                continue
            try:
                self._run_batch(batch)
            except BaseException as cause:  # noqa: BLE001 - the database failed as a whole: each act alone once more
                if len(batch) > 1 or isinstance(cause, _TransactionLostError):
                    self._run_each_alone(batch)
                else:
                    self._fail(batch[0], cause)
            self._answer(batch)

    def _next_batch(self) -> list[_Work] | None:
        work = self._waiting.get()
        batch: list[_Work] = []
        while work is not None:
            if work.is_wanted():
                batch.append(work)
            if len(batch) == _BATCH_MAX:
                return batch
            try:
                work = self._waiting.get_nowait()
            except queue.Empty:
                return batch
        if not batch:
            return None
        self._waiting.put(None)
        return batch

    def _run_batch(self, batch: list[_Work]) -> None:
        is_alone = len(batch) == 1
        with suppress(_ActFailedError), begin_write(self._database) as connection:
            for work in batch:
                self._run_one(connection, work, is_alone=is_alone)
                if not is_in_transaction(connection):
                    connection.invalidate()
                    raise _TransactionLostError
            if is_alone and batch[0].error is not None:
                raise _ActFailedError
            self._seal(connection)

    def _run_each_alone(self, batch: list[_Work]) -> None:
        for work in batch:
            try:
                self._run_batch([work])
            except BaseException as cause:  # noqa: BLE001 - handed to the caller
                self._fail(work, work.error or cause)

    def _run_one(self, connection: Any, work: _Work, *, is_alone: bool) -> None:
        work.error, work.result, work.events = None, None, []
        started = time.perf_counter()
        try:
            now = self._clock.now()
            with act_session(connection, now=now, is_alone=is_alone) as session:
                uow = UnitOfWork(session, work.actor, now)
                work.result = work.run(uow)
                if uow.events and self._after_act is not None:
                    self._after_act(uow)
                _check_leaves_no_row(work.result)
            work.events = uow.events
        except BaseException as cause:  # noqa: BLE001 - handed to the caller
            work.error = cause
        spent = time.perf_counter() - started
        if spent > _SLOW_SECONDS and self._loop is not None:
            log = _log.info if spent > _TOO_SLOW_SECONDS else _log.debug
            log("slow act", act=work.name, milliseconds=round(spent * 1000))

    def _seal(self, connection: Any) -> None:
        if self._before_commit is not None:
            with act_session(connection, now=self._clock.now(), is_alone=True) as session:
                self._before_commit(session)

    # PostgreSQL

    def _run_on_server(self, work: _Work) -> None:
        if not work.is_wanted():
            return
        for attempt in range(_TRIES_MAX):
            try:
                with begin_write(self._database) as connection:
                    self._run_one(connection, work, is_alone=True)
                    if work.error is not None:
                        raise work.error
                    self._seal(connection)
                break
            except BaseException as cause:  # noqa: BLE001 - handed to the caller
                if is_worth_retrying(cause) and attempt < _TRIES_MAX - 1:
                    self._closing.wait(random.uniform(0.002, 0.02) * 2**attempt)  # noqa: S311 - spreads retries
                    continue
                self._fail(work, cause)
                break
        self._answer([work])

    # Answers

    @staticmethod
    def _fail(work: _Work, cause: BaseException) -> None:
        work.error, work.result, work.events = cause, None, []

    def _answer(self, batch: list[_Work]) -> None:
        loop = self._loop
        events = [event for work in batch for event in work.events]
        if loop is not None and events:
            try:
                loop.call_soon_threadsafe(self._publish, events)
            except RuntimeError:  # the loop is closing; events are hints
                _log.info("events not told", count=len(events))
        for work in batch:
            if work.error is not None:
                work.future.set_exception(_for_people(work.error))
            else:
                work.future.set_result(work.result)

    def _publish(self, events: list[Event]) -> None:
        for event in events:
            self._bus.publish(event)


def _for_people(error: BaseException) -> BaseException:
    if isinstance(error, INTEGRITY_ERROR):
        conflict = Conflict(
            "This clashes with something that was saved just before. Load it again and repeat."
        )
        conflict.__cause__ = error
        return conflict
    if is_busy(error) or is_worth_retrying(error):
        busy = LockBusy()
        busy.__cause__ = error
        return busy
    return error


def _check_leaves_no_row(result: object) -> None:
    values: tuple[object, ...] = (result,)
    if isinstance(result, (tuple, list)):
        values = tuple(result)
    elif dataclasses.is_dataclass(result) and not isinstance(result, type):
        values = tuple(getattr(result, item.name) for item in dataclasses.fields(result))
    assert not any(isinstance(value, Row) for value in values), "no row leaves its transaction"
