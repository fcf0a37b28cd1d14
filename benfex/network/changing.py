"""The Changer: makes a vetted change on many routers, the first one alone, each read back, and puts it back if asked.

A router that has something else than was planned was changed by somebody meanwhile and is left alone. What a kill
left half done is decided by reading the router. The rows are in `change_runs`.
"""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

import structlog

from benfex.core.actors import Actor
from benfex.core.errors import RouterUnreachable
from benfex.core.transactor import Transactor
from benfex.core.vault import Vault
from benfex.network.change_runs import (
    Step,
    begin,
    begin_undo,
    change_of_run,
    check_changeable,
    end_run,
    end_step,
    note_preview,
    plan_run,
    run_view,
    take_step,
)
from benfex.network.device import Values
from benfex.network.driver import RouterDriver
from benfex.network.links import KeptLinks
from benfex.network.vetted import Change, say_values
from data.values.errors import BenfexError, Conflict
from data.values.identifiers import RouterId
from data.values.kinds import ChangeItemState, ChangeRunState

DEADLINE_SECONDS = 30.0
READ_AT_ONCE = 8
_log = structlog.get_logger("changer")


class Changer:
    """Runs changes; one worker a run, and none goes on by itself after a restart."""

    def __init__(
        self,
        *,
        transactor: Transactor,
        vault: Vault,
        drivers: Mapping[str, RouterDriver],
        timeout_seconds: float = 10.0,
    ) -> None:
        self._transactor = transactor
        self._links = KeptLinks(
            transactor=transactor,
            vault=vault,
            drivers=drivers,
            name="changer",
            timeout_seconds=timeout_seconds,
        )
        self._turns: dict[RouterId, asyncio.Lock] = {}
        self._workers: dict[int, asyncio.Task[None]] = {}

    def is_active(self, run_id: int) -> bool:
        """Return whether a run is being worked on here."""
        return run_id in self._workers

    async def stop(self) -> None:
        """End what is under way; the rows say where it stood."""
        workers = tuple(self._workers.values())
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        await self._links.close()

    async def plan(self, actor: Actor, *, change: Change, router_ids: Sequence[RouterId]) -> int:
        """Read how routers have a setting and return the run that would change it. Raises InvalidInput."""
        run_id = await self._transactor.transact(plan_run, actor, change=change, router_ids=router_ids)
        await self.look_again(actor, run_id=run_id)
        return run_id

    async def look_again(self, actor: Actor, *, run_id: int) -> None:
        """Read the routers of a run that has not begun once more. Raises NotFound, Conflict."""
        change, router_ids = await self._transactor.read(change_of_run, actor, run_id=run_id)
        view = await self._transactor.read(run_view, actor, run_id=run_id)
        if view.state is not ChangeRunState.PLANNED or self.is_active(run_id):
            raise Conflict("This change has begun.")
        slots = asyncio.Semaphore(READ_AT_ONCE)

        async def look(router_id: RouterId) -> Values | str:
            async with slots:
                try:
                    return await self._at(actor, router_id, change, wanted=None)
                except BenfexError as error:
                    return error.message

        found = await asyncio.gather(*(look(router_id) for router_id in router_ids))
        seen = dict(zip(router_ids, found, strict=True))
        await self._transactor.transact(note_preview, actor, run_id=run_id, seen=seen)

    async def go_on(self, actor: Actor, *, run_id: int, seen: ChangeRunState) -> None:
        """Begin a run with its first router alone, or go on after that or a stop, if it stands where it was seen.

        Raises NotFound, Conflict.
        """
        self._refuse_active(run_id)
        view = await self._transactor.read(run_view, actor, run_id=run_id)
        await self._transactor.transact(begin, actor, run_id=run_id, seen=seen)
        is_first = not view.counts.get(ChangeItemState.DONE)
        self._work(run_id, self._change(actor, run_id, is_first=is_first))

    async def undo(self, actor: Actor, *, run_id: int) -> None:
        """Put back what a run changed, the last router first. Raises NotFound, Conflict."""
        self._refuse_active(run_id)
        await self._transactor.transact(begin_undo, actor, run_id=run_id)
        self._work(run_id, self._undo(actor, run_id))

    async def wait(self, run_id: int) -> None:
        """Return when a run is not worked on any more."""
        worker = self._workers.get(run_id)
        if worker is not None:
            await asyncio.wait([worker])

    def _refuse_active(self, run_id: int) -> None:
        if self.is_active(run_id):
            raise Conflict("This change is under way.")

    def _work(self, run_id: int, work: Coroutine[Any, Any, None]) -> None:
        worker = asyncio.get_running_loop().create_task(work, name=f"change:{run_id}")
        self._workers[run_id] = worker
        worker.add_done_callback(lambda done: self._rest(run_id, done))

    def _rest(self, run_id: int, worker: "asyncio.Task[None]") -> None:
        del self._workers[run_id]
        if not worker.cancelled() and worker.exception() is not None:
            _log.error("change broke off", run_id=run_id, exc_info=worker.exception())

    async def _change(self, actor: Actor, run_id: int, *, is_first: bool) -> None:
        change, _ = await self._transactor.read(change_of_run, actor, run_id=run_id)
        while True:
            step = await self._transactor.transact(take_step, actor, run_id=run_id, is_undo=False)
            if step is None:
                await self._transactor.transact(end_run, actor, run_id=run_id, state=ChangeRunState.DONE)
                return
            if not await self._carry_out(
                actor, run_id, step, change, wanted=change.values, expected=step.before
            ):
                return
            view = await self._transactor.read(run_view, actor, run_id=run_id)
            if is_first and view.counts.get(ChangeItemState.WAITING):
                await self._transactor.transact(end_run, actor, run_id=run_id, state=ChangeRunState.LOOKING)
                return
            is_first = False

    async def _undo(self, actor: Actor, run_id: int) -> None:
        """Put back every router that can be; one that cannot keeps nobody else from it."""
        change, _ = await self._transactor.read(change_of_run, actor, run_id=run_id)
        failed = 0
        while True:
            step = await self._transactor.transact(take_step, actor, run_id=run_id, is_undo=True)
            if step is None:
                break
            failed += not await self._carry_out(
                actor, run_id, step, change, wanted=step.before, expected=change.values
            )
        state = ChangeRunState.STOPPED if failed else ChangeRunState.UNDONE
        reason = f"{failed} of the routers could not be put back." if failed else ""
        await self._transactor.transact(end_run, actor, run_id=run_id, state=state, reason=reason)

    async def _carry_out(
        self, actor: Actor, run_id: int, step: Step, change: Change, *, wanted: Values, expected: Values
    ) -> bool:
        """Bring one router from `expected` to `wanted`, and return whether it has that now."""
        done = ChangeItemState.DONE if wanted is change.values else ChangeItemState.UNDONE
        reason = ""
        try:
            await self._at(actor, step.router_id, change, wanted=wanted, expected=expected)
        except BenfexError as error:
            done, reason = ChangeItemState.FAILED, error.message
        await self._transactor.transact(
            end_step, actor, run_id=run_id, router_id=step.router_id, state=done, reason=reason
        )
        return done is not ChangeItemState.FAILED

    async def _at(
        self,
        actor: Actor,
        router_id: RouterId,
        change: Change,
        *,
        wanted: Values | None,
        expected: Values | None = None,
    ) -> Values:
        """Read a router, bring it to `wanted` unless it has that, read it back. Raises Conflict, RouterError."""
        await self._transactor.read(check_changeable, actor, router_id=router_id)
        turn = self._turns.setdefault(router_id, asyncio.Lock())
        try:
            async with turn, asyncio.timeout(DEADLINE_SECONDS):
                link, _ = await self._links.take(router_id)
                found = await link.read_setting(change.kind, change.target)
                if wanted is None or _is_met(wanted, found):
                    return found
                if expected is not None and not _is_met(expected, found):
                    raise Conflict(
                        f"Somebody changed it since: it is {say_values(change.kind, found)} now. Left alone."
                    )
                await link.write_setting(change.kind, change.target, {**found, **wanted})
                found = await link.read_setting(change.kind, change.target)
        except TimeoutError as late:
            raise RouterUnreachable("The router did not answer in time.") from late
        finally:
            await self._links.drop(router_id)
        if not _is_met(wanted, found):
            raise Conflict(f"It was written, but the router has {say_values(change.kind, found)}.")
        return found


def _is_met(wanted: Values, found: Values) -> bool:
    return all(found.get(name) == value for name, value in wanted.items())
