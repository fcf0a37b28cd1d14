"""The Provisioner: carries out router tasks, a router at a time, and makes sure by reading back.

The acts around it are in `tasks`, the wire work in `writing`, what is wanted in `wanted`. An event only makes
it sooner: whatever is due is a row.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import TypeVar

import structlog

from benfex.core.actors import SystemActor
from benfex.core.clock import Clock
from benfex.core.errors import RouterAuthFailed, RouterError, RouterRejected
from benfex.core.transactor import Transactor
from benfex.core.vault import Vault
from benfex.network.driver import ActiveSession, ForeignEntry, RouterDriver, RouterLink, Seen, SeenName
from benfex.network.garden import Garden, GardenReading
from benfex.network.health import RouterWatch
from benfex.network.inventory import may_write
from benfex.network.links import KeptLinks
from benfex.network.reconciliation import DriftReport, reconcile
from benfex.network.tasks import (
    RETRY_SECONDS,
    Applied,
    ClaimedTask,
    claim_tasks,
    finish_tasks,
    has_stale,
    mark_applied,
    next_task_at,
    note_refusals,
    put_back_stale,
    put_back_tasks,
    routers_with_work,
)
from benfex.network.wanted import Wanted, wanted_access
from benfex.network.writing import Written, end_sessions, end_sessions_of, write_access
from data.values.errors import BenfexError, Conflict
from data.values.identifiers import ConnectionId, RouterId, RouterTaskId
from data.values.kinds import AccessMethod

ROUNDS_MAX = 100
ONLY_WATCHED = "This router is only watched: start managing it first."
_SYSTEM = SystemActor("provisioner")
Answer = TypeVar("Answer")
_log = structlog.get_logger("provisioner")


class Provisioner:
    """Makes routers agree with the rows. Its `drivers` have threads apart from those that poll."""

    def __init__(
        self,
        *,
        transactor: Transactor,
        clock: Clock,
        vault: Vault,
        drivers: Mapping[str, RouterDriver],
        watch: RouterWatch,
        timeout_seconds: float = 10.0,
        concurrent_routers: int = 16,
        retry_seconds: Sequence[float] = RETRY_SECONDS,
    ) -> None:
        self._transactor = transactor
        self._clock = clock
        self._vault = vault
        self._watch = watch
        self._retry_seconds = tuple(retry_seconds)
        self._links = KeptLinks(
            transactor=transactor,
            vault=vault,
            drivers=drivers,
            name="provisioner",
            timeout_seconds=timeout_seconds,
        )
        self._slots = asyncio.Semaphore(concurrent_routers)
        self._turns: dict[RouterId, asyncio.Lock] = {}
        self._workers: dict[RouterId, asyncio.Task[int]] = {}
        self._again: set[RouterId] = set()
        self._half_done: set[RouterId] = set()  # a worker broke off, such as when the database went away
        self._alarms: dict[RouterId, asyncio.TimerHandle] = {}
        self._is_running = False
        watch.on_return(self.wake)

    async def start(self) -> None:
        """Take back what a former process left half done, and begin."""
        self._is_running = True
        await self._transactor.transact(put_back_stale, _SYSTEM, older_than=timedelta(0))
        await self._wake_due()

    async def stop(self) -> None:
        """Let go of every router, and of the watch; half done tasks wait for the next start."""
        self._is_running = False
        for alarm in self._alarms.values():
            alarm.cancel()
        self._alarms.clear()
        workers = tuple(self._workers.values())
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        await self._watch.stop()
        await self._links.close()
        await self._transactor.transact(put_back_stale, _SYSTEM, older_than=timedelta(0))

    def wake(self, router_id: RouterId) -> None:
        """Work off what is due at a router now; if that is being done, once more right after."""
        if not self._is_running:
            return
        if router_id in self._workers:
            self._again.add(router_id)
            return
        worker = asyncio.get_running_loop().create_task(self._work(router_id), name=f"write:{router_id}")
        self._workers[router_id] = worker
        worker.add_done_callback(lambda _: self._rest(router_id))

    async def apply_due_tasks(self, *, limit: int = 200, wait_seconds: float = 2.0) -> int:
        """Work off what is due at up to `limit` routers and return how many tasks were done by then.

        It waits `wait_seconds` at most; a router that takes longer is worked on beyond that.
        """
        self._is_running = True
        if await self._transactor.read(has_stale, _SYSTEM):
            await self._transactor.transact(put_back_stale, _SYSTEM)
        for router_id in tuple(self._half_done):
            self.wake(router_id)
        workers = await self._wake_due(limit=limit)
        if not workers:
            return 0
        done, _ = await asyncio.wait(workers, timeout=wait_seconds)
        return sum(worker.result() for worker in done if not worker.cancelled() and not worker.exception())

    async def reconcile_router(
        self, router_id: RouterId, *, dry_run: bool, approved: bool = False
    ) -> DriftReport:
        """Compare everything on a router with the rows, and repair it unless this is a dry run.

        It stops and asks when it would change more than a fifth of the entries and more than ten, unless a person
        `approved` that. A router that is only watched is compared and left as it is. One that cannot be read is
        reported as not reached; nothing is concluded from that.
        """
        dry_run = dry_run or not await self._transactor.read(may_write, _SYSTEM, router_id=router_id)
        async with self._turn(router_id), self._slots:
            try:
                link, _ = await self._links.take(router_id)
                report = await reconcile(
                    self._transactor,
                    link,
                    router_id=router_id,
                    vault=self._vault,
                    clock=self._clock,
                    dry_run=dry_run,
                    approved=approved,
                )
            except RouterRejected as error:
                return DriftReport(router_id, reason=error.message)
            except RouterError as error:
                await self._lose(router_id, error)
                return DriftReport(router_id, is_reached=False, reason=error.message)
        await self._watch.note_reached(router_id)
        return report

    async def look(self, router_id: RouterId) -> Seen | str:
        """Return what a router holds and who is online there; why not, in words, where it cannot be read."""

        async def question(link: RouterLink) -> Seen:
            return Seen(await link.read_access(), await link.read_sessions())

        return await self._ask(router_id, question)

    async def look_at_others(
        self, router_id: RouterId
    ) -> tuple[tuple[ForeignEntry, ...], tuple[ActiveSession, ...]] | str:
        """Return a router's entries without our mark, and who is online; why not, in words, where it is not read."""

        async def question(link: RouterLink) -> tuple[tuple[ForeignEntry, ...], tuple[ActiveSession, ...]]:
            return await link.read_foreign(), await link.read_sessions()

        return await self._ask(router_id, question)

    async def look_at_garden(self, router_id: RouterId) -> GardenReading | str:
        """Return the rules for who has not paid as a router holds them; why not, in words, where it is not read."""
        return await self._ask(router_id, lambda link: link.read_garden())

    async def write_garden(self, router_id: RouterId, wanted: Garden | None) -> GardenReading | str:
        """Write these rules and read them back; why not, in words. Nothing is written to a watched router."""
        if not await self._transactor.read(may_write, _SYSTEM, router_id=router_id):
            return ONLY_WATCHED

        async def work(link: RouterLink) -> GardenReading:
            await link.write_garden(wanted)
            return await link.read_garden()

        return await self._ask(router_id, work)

    async def _ask(
        self, router_id: RouterId, question: Callable[[RouterLink], Awaitable[Answer]]
    ) -> Answer | str:
        """Ask a router in its turn; return why it was not answered, in words."""
        async with self._turn(router_id), self._slots:
            try:
                link, _ = await self._links.take(router_id)
                answer = await question(link)
            except RouterRejected as error:
                return error.message
            except RouterError as error:
                await self._lose(router_id, error)
                return error.message
        await self._watch.note_reached(router_id)
        return answer

    async def look_at_name(self, router_id: RouterId, username: str) -> SeenName | None:
        """Return who is online with a name and which logins of it were refused; None where the router is not read."""

        async def question(link: RouterLink) -> SeenName:
            return SeenName(await link.read_sessions(username), await link.read_refusals(username))

        seen = await self._ask(router_id, question)
        return None if isinstance(seen, str) else seen

    async def end_sessions_of(self, router_id: RouterId, username: str) -> int:
        """End the sessions of a name, by whatever method, and return how many.

        Raises RouterError, Conflict at a router that is only watched.
        """
        if not await self._transactor.read(may_write, _SYSTEM, router_id=router_id):
            raise Conflict(ONLY_WATCHED)
        async with self._turn(router_id), self._slots:
            link, _ = await self._links.take(router_id)
            return await end_sessions(link, [(method, username) for method in AccessMethod])

    async def _wake_due(self, *, limit: int = 200) -> list[asyncio.Task[int]]:
        due = await self._transactor.read(routers_with_work, _SYSTEM, limit=limit)
        for router_id in due:
            self.wake(router_id)
        return [self._workers[router_id] for router_id in due if router_id in self._workers]

    def _rest(self, router_id: RouterId) -> None:
        worker = self._workers.pop(router_id)
        if worker.cancelled():
            return
        error = worker.exception()
        if error is not None:
            self._half_done.add(router_id)
            _log.error("router worker failed", router_id=router_id, exc_info=error)
        elif router_id in self._again:
            self.wake(router_id)

    def _turn(self, router_id: RouterId) -> asyncio.Lock:
        return self._turns.setdefault(router_id, asyncio.Lock())

    async def _work(self, router_id: RouterId) -> int:
        done = 0
        async with self._turn(router_id), self._slots:
            await self._take_back(router_id)
            for _ in range(ROUNDS_MAX):
                self._again.discard(router_id)
                if self._watch.is_lost(router_id):
                    return done
                tasks = await self._transactor.transact(claim_tasks, _SYSTEM, router_id=router_id)
                if not tasks:
                    break
                done += await self._carry_out(router_id, tasks)
        await self._set_alarm(router_id)
        return done

    async def _take_back(self, router_id: RouterId) -> None:
        """Have what a worker of ours left half done wait again; nobody else holds tasks of a router."""
        if router_id in self._half_done:
            now = timedelta(0)
            await self._transactor.transact(put_back_stale, _SYSTEM, older_than=now, router_id=router_id)
            self._half_done.discard(router_id)

    async def _set_alarm(self, router_id: RouterId) -> None:
        """Wake for the next try of a task that failed, when that comes before the clock looks anyway."""
        at = await self._transactor.read(next_task_at, _SYSTEM, router_id=router_id)
        former = self._alarms.pop(router_id, None)
        if former is not None:
            former.cancel()
        if at is None or not self._is_running:
            return
        wait_seconds = max(0.01, (at - self._clock.now()).total_seconds())
        self._alarms[router_id] = asyncio.get_running_loop().call_later(wait_seconds, self.wake, router_id)

    async def _carry_out(self, router_id: RouterId, tasks: tuple[ClaimedTask, ...]) -> int:
        try:
            return await self._try(router_id, tasks)
        except RouterRejected as error:
            await self._refuse({task.task_id: error.message for task in tasks})
        except RouterError as error:
            ids = [task.task_id for task in tasks]
            await self._transactor.transact(put_back_tasks, _SYSTEM, task_ids=ids, reason=error.message)
            await self._lose(router_id, error)
        except BenfexError as error:
            _log.error("router tasks failed", router_id=router_id, error=error.message)
            await self._refuse({task.task_id: error.message for task in tasks})
        return 0

    async def _lose(self, router_id: RouterId, error: RouterError) -> None:
        await self._links.drop(router_id)
        if isinstance(error, RouterAuthFailed):
            await self._watch.note_refused(router_id, error.message)
        elif error.code != "not_in_use":
            await self._watch.note_lost(router_id, error.message)

    async def _try(self, router_id: RouterId, tasks: tuple[ClaimedTask, ...]) -> int:
        """Write, confirm, end sessions. Raises RouterError."""
        link, wanted, written, is_repeated = await self._write(
            router_id, [task.connection_id for task in tasks]
        )
        task_of = {task.connection_id: task for task in tasks}
        gone = task_of.keys() - {item.connection_id for item in wanted}
        await self._note(router_id, written)
        await self._watch.note_reached(router_id)
        refused = {task_of[item].task_id: reason for item, reason in written.refused.items()}
        users = {
            item.connection_id: _users_to_drop(
                item, written, drops_any=is_repeated or task_of[item.connection_id].drops_session
            )
            for item in written.confirmed
        }
        held = await end_sessions_of(link, users)
        stuck = {task_of[item].task_id: reason for item, reason in held.items()}
        finished = [task_of[item].task_id for item in (*gone, *users) if item not in held]
        done = await self._transactor.transact(finish_tasks, _SYSTEM, task_ids=finished) if finished else 0
        await self._refuse(refused)
        await self._refuse(stuck, drops_session=True)
        return done

    async def _write(
        self, router_id: RouterId, connection_ids: Sequence[ConnectionId]
    ) -> tuple[RouterLink, tuple[Wanted, ...], Written, bool]:
        """Write over the kept link; when it turns out to be dead, once more over a new one, and say so."""
        link, is_fresh = await self._links.take(router_id)
        try:
            return link, *await self._write_over(link, router_id, connection_ids), False
        except RouterRejected:
            raise
        except RouterError:
            await self._links.drop(router_id)
            if is_fresh:
                raise
        link, _ = await self._links.take(router_id)
        return link, *await self._write_over(link, router_id, connection_ids), True

    async def _write_over(
        self, link: RouterLink, router_id: RouterId, connection_ids: Sequence[ConnectionId]
    ) -> tuple[tuple[Wanted, ...], Written]:
        wanted = await self._transactor.read(
            wanted_access, _SYSTEM, router_id=router_id, vault=self._vault, connection_ids=connection_ids
        )
        return wanted, await write_access(link, wanted, clock=self._clock)

    async def _note(self, router_id: RouterId, written: Written) -> None:
        if not (written.confirmed or written.writes):
            return
        await self._transactor.transact(
            mark_applied,
            _SYSTEM,
            router_id=router_id,
            applied=[Applied(item.connection_id, item.generation) for item in written.confirmed],
            written_at=written.written_at,
            read_back_at=written.read_back_at,
            writes=written.writes,
        )

    async def _refuse(self, refusals: dict[RouterTaskId, str], *, drops_session: bool = False) -> None:
        if not refusals:
            return
        failed = await self._transactor.transact(
            note_refusals,
            _SYSTEM,
            refusals=refusals,
            retry_seconds=self._retry_seconds,
            drops_session=drops_session,
        )
        if failed:
            _log.error("router tasks given up", count=failed, reason=next(iter(refusals.values())))


def _users_to_drop(item: Wanted, written: Written, *, drops_any: bool) -> set[tuple[AccessMethod, str]]:
    """Return whose sessions to end; `drops_any` where an earlier write may have been cut short."""
    users = set(written.redial.get(item.connection_id, ()))
    if drops_any:
        method = item.entry.method if item.entry is not None else AccessMethod.PPPOE
        users.add((method, item.username))
    return users
