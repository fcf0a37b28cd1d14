"""The bill run: bill every customer who is due, in small transactions, so that a kill loses nothing.

What is due for customers is said in `renewal`; the rows of runs are in `bill_runs`; what is foreseen for tomorrow,
in `rehearsal`.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, TypeVar

from benfex.billing.breaker import CycleFigures, invoicing_question
from benfex.core.actors import Actor
from benfex.core.events import BillRunProgressed, EventBus
from benfex.core.policy import current_terms
from benfex.core.transactor import Transactor
from benfex.subscriptions import bill_runs
from benfex.subscriptions.bill_runs import BilledChunk, BillRunStoppedError, DryRunError, OpenedRun
from benfex.subscriptions.planning import BillingBasis, billing_basis
from benfex.subscriptions.renewal import BROKEN_RECORDS, reason_of
from data.locks import hold_bill_run
from data.values.errors import Conflict, LockBusy
from data.values.identifiers import BillRunId, CustomerId
from data.values.money import Money
from data.values.states import BillRunStatus

T = TypeVar("T")
CHUNK = 400  # payers an act: some 30 ms with its commit, and a payment waits no longer beside it
_ASKED_CHUNKS = (
    10  # whose payers are asked for at once; who is no longer due when their turn comes costs nothing
)


@dataclass(frozen=True, slots=True)
class ParkedCustomer:
    """A customer who could not be billed, and why; nobody else is held up."""

    customer_id: CustomerId
    reason: str


@dataclass(frozen=True, slots=True)
class BillRunResult:
    """What a run did: totals per currency, customers left with a reason. It may ask, and then did nothing.

    `run_id` is None for a dry run and when nothing was due.
    """

    billed_on: date
    invoices: int
    totals: tuple[Money, ...]
    parked: tuple[ParkedCustomer, ...]
    run_id: BillRunId | None = None
    question: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: customers seen, of how many."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a day would bill: the totals of each customer by currency, and who would be left aside."""

    figures: CycleFigures
    by_customer: dict[tuple[CustomerId, str], int]
    parked: tuple[ParkedCustomer, ...]
    customers: int


@dataclass(frozen=True, slots=True)
class Step:
    """An act or a view that a run wants done next; its answer is sent back."""

    work: Callable[..., Any]
    arguments: dict[str, Any]
    writes: bool = True


Steps = Generator[Step | Progress, Any, T]


class BillRunner:
    """Bills a day. `run` is for the event loop, `run_sync` for the command line and seeds."""

    def __init__(self, transactor: Transactor, bus: EventBus, *, chunk: int = CHUNK) -> None:
        self._transactor = transactor
        self._bus = bus
        self._chunk = chunk

    async def run(
        self,
        actor: Actor,
        *,
        on: date,
        dry_run: bool = False,
        is_checked: bool = False,
        retries_parked: bool = True,
    ) -> BillRunResult:
        """Bill all that is due on the day; running again finds nothing left.

        With `is_checked` an owner says go on before the breaker asks; without `retries_parked` customers whom a
        run of the day left aside stay aside. Raises Conflict while another run is at work.
        """
        return await self._drive(actor, self._steps(on, dry_run, is_checked, retries_parked))

    def run_sync(
        self,
        actor: Actor,
        *,
        on: date,
        dry_run: bool = False,
        is_checked: bool = False,
        tell: Callable[[Progress], None] | None = None,
    ) -> BillRunResult:
        """Do the same without an event loop; `tell` hears how far it is."""
        return self._drive_sync(actor, self._steps(on, dry_run, is_checked, True), tell)

    async def foresee(self, actor: Actor, *, on: date) -> Foreseen:
        """Return what the day would bill; nothing is changed."""
        return await self._drive(actor, self._foresee(on))

    def _steps(self, on: date, dry_run: bool, is_checked: bool, retries_parked: bool) -> Steps[BillRunResult]:
        return self._dry(on) if dry_run else self._billed(on, is_checked, retries_parked)

    def _dry(self, on: date) -> Steps[BillRunResult]:
        found = yield from self._foresee(on)
        totals = tuple(Money(minor, currency) for currency, minor in sorted(found.figures.totals.items()))
        return BillRunResult(on, found.figures.invoices, totals, found.parked)

    def _billed(self, on: date, is_checked: bool, retries_parked: bool) -> Steps[BillRunResult]:
        with hold_bill_run(self._transactor.database) as is_held:
            if not is_held:
                raise Conflict("A bill run is at work already. Wait until it is finished.")
            tally = _Tally(on)
            run: OpenedRun | None = yield Step(
                bill_runs.open_run,
                {"on": on, "retries_parked": retries_parked, "is_checked": is_checked},
            )
            if run is None:
                return tally.result(None)
            question = run.question if run.status is BillRunStatus.ASKING else ""
            if not question and not run.is_cleared:
                question = yield from self._question(on, run)
            if question:
                return tally.result(run.run_id, question)
            yield from self._bill(on, run, tally, retries_parked)
            yield Step(bill_runs.finish_run, {"run_id": run.run_id})
            return tally.result(run.run_id)

    def _question(self, on: date, run: OpenedRun) -> Steps[str]:
        """Ask a person when what is due is unlike the last cycle; return the question, empty when there is none."""
        last: CycleFigures | None = yield Step(bill_runs.last_cycle, {"on": on}, writes=False)
        if last is None:
            return ""
        terms = yield Step(current_terms, {}, writes=False)
        issued: CycleFigures = yield Step(bill_runs.figures_of_day, {"on": on}, writes=False)
        found = yield from self._foresee(on)
        due = _added(issued, found.figures)
        question = invoicing_question(due, last, share_percent=terms.breaker_invoice_percent)
        if question is None:
            return ""
        yield Step(bill_runs.ask, {"run_id": run.run_id, "question": question})
        return question

    def _bill(self, on: date, run: OpenedRun, tally: "_Tally", retries_parked: bool) -> Steps[None]:
        after, seen = run.after, run.seen
        basis: BillingBasis = yield Step(billing_basis, {}, writes=False)
        yield Progress(seen, run.total)
        waiting: tuple[CustomerId, ...] = ()
        while waiting := waiting or (yield from self._next(on, after, retries_parked)):
            ids, waiting = waiting[: self._chunk], waiting[self._chunk :]
            act: dict[str, Any] = {"run_id": run.run_id, "on": on, "basis": basis}
            try:
                tally.add((yield Step(bill_runs.bill_chunk, act | {"customer_ids": ids})))
            except (BillRunStoppedError, LockBusy):
                raise
            except BROKEN_RECORDS:  # somebody in this chunk: one by one, so that nobody else is held up
                for customer_id in ids:
                    tally.add((yield from self._bill_alone(act, customer_id)))
            after, seen = ids[-1], seen + len(ids)
            yield Progress(seen, max(run.total, seen))

    def _bill_alone(self, act: dict[str, Any], customer_id: CustomerId) -> Steps[BilledChunk]:
        try:
            done: BilledChunk = yield Step(bill_runs.bill_chunk, act | {"customer_ids": [customer_id]})
        except (BillRunStoppedError, LockBusy):
            raise
        except BROKEN_RECORDS as cause:
            done = yield Step(
                bill_runs.park_customer,
                {"run_id": act["run_id"], "customer_id": customer_id, "reason": reason_of(cause)},
            )
        return done

    def _foresee(self, on: date) -> Steps[Foreseen]:
        tally, by_customer = _Tally(on), dict[tuple[CustomerId, str], int]()
        after, customers = CustomerId(0), 0
        basis: BillingBasis = yield Step(billing_basis, {}, writes=False)
        waiting: tuple[CustomerId, ...] = ()
        while waiting := waiting or (yield from self._next(on, after, True)):
            ids, waiting = waiting[: self._chunk], waiting[self._chunk :]
            for part in (yield from self._dry_chunks(on, ids, basis)):
                for customer_id, total in part.totals:
                    key = customer_id, total.currency
                    by_customer[key] = by_customer.get(key, 0) + total.minor
                tally.add(BilledChunk(tuple(total for _, total in part.totals), part.broken))
            after, customers = ids[-1], customers + len(ids)
        result = tally.result(None)
        figures = CycleFigures(on, result.invoices, {total.currency: total.minor for total in result.totals})
        return Foreseen(figures, by_customer, result.parked, customers)

    def _dry_chunks(
        self, on: date, ids: tuple[CustomerId, ...], basis: BillingBasis
    ) -> Steps[list["_DryPart"]]:
        """Work out a chunk, or each customer alone when somebody in it makes it fail."""
        try:
            return [(yield from self._dry_chunk(on, ids, basis))]
        except BROKEN_RECORDS as cause:
            if len(ids) == 1:
                return [_DryPart((), {ids[0]: reason_of(cause)})]
        parts: list[_DryPart] = []
        for customer_id in ids:
            parts += yield from self._dry_chunks(on, (customer_id,), basis)
        return parts

    def _dry_chunk(self, on: date, ids: tuple[CustomerId, ...], basis: BillingBasis) -> Steps["_DryPart"]:
        try:
            yield Step(bill_runs.plan_chunk_dry, {"customer_ids": ids, "on": on, "basis": basis})
        except DryRunError as found:
            return _DryPart(found.totals, found.broken)
        raise AssertionError("a dry act ends with its answer")

    def _next(self, on: date, after: CustomerId, retries_parked: bool) -> Steps[tuple[CustomerId, ...]]:
        ids: tuple[CustomerId, ...] = yield Step(
            bill_runs.next_payers,
            {
                "on": on,
                "after": after,
                "limit": self._chunk * _ASKED_CHUNKS,
                "retries_parked": retries_parked,
            },
            writes=False,
        )
        return ids

    async def _drive(self, actor: Actor, steps: Steps[T]) -> T:
        """Do the steps of a run on the event loop, and tell the screens how far it is."""
        course = _Course(steps, self._tell)
        try:
            while (step := course.next_step()) is not None:
                gate = self._transactor.transact if step.writes else self._transactor.read
                try:
                    course.answer = await gate(step.work, actor, **step.arguments)
                except Exception as cause:  # noqa: BLE001 - handed to the run, which raises what it does not know
                    course.failed = cause
        finally:
            steps.close()
        result = course.result
        if isinstance(result, BillRunResult) and result.run_id is not None:
            done, asks = course.told, bool(result.question)
            self._bus.publish(BillRunProgressed(done.done, done.total, finished=not asks, asks=asks))
        return result

    def _drive_sync(self, actor: Actor, steps: Steps[T], tell: Callable[[Progress], None] | None = None) -> T:
        course = _Course(steps, tell)
        try:
            while (step := course.next_step()) is not None:
                gate = self._transactor.run_sync if step.writes else self._transactor.read_sync
                try:
                    course.answer = gate(step.work, actor, **step.arguments)
                except Exception as cause:  # noqa: BLE001 - handed to the run, which raises what it does not know
                    course.failed = cause
        finally:
            steps.close()
        return course.result

    def _tell(self, progress: Progress) -> None:
        self._bus.publish(BillRunProgressed(progress.done, progress.total, finished=False))


class _Course(Generic[T]):
    """A run on its way: what the last step gave goes in, the next step comes out."""

    def __init__(self, steps: Steps[T], tell: Callable[[Progress], None] | None) -> None:
        self._steps = steps
        self._tell = tell
        self._results: list[T] = []
        self.answer: Any = None
        self.failed: Exception | None = None
        self.told = Progress(0, 0)

    @property
    def result(self) -> T:
        """Return what the run gave, once there is no step left."""
        return self._results[0]

    def next_step(self) -> Step | None:
        """Return what to do next, None at the end. Raises what the run raises."""
        answer, failed = self.answer, self.failed
        while True:
            self.answer = self.failed = None
            try:
                step = self._steps.throw(failed) if failed is not None else self._steps.send(answer)
            except StopIteration as done:
                self._results.append(done.value)
                return None
            if isinstance(step, Step):
                return step
            answer, failed, self.told = None, None, step
            if self._tell is not None:
                self._tell(step)


@dataclass(frozen=True, slots=True)
class _DryPart:
    """What some payers would be billed, invoice by invoice, and who would be left aside."""

    totals: tuple[tuple[CustomerId, Money], ...]
    broken: dict[CustomerId, str]


class _Tally:
    """What a run has done so far, in this process."""

    def __init__(self, billed_on: date) -> None:
        self._billed_on = billed_on
        self._invoices = 0
        self._totals: dict[str, int] = {}
        self._parked: list[ParkedCustomer] = []

    def add(self, done: BilledChunk) -> None:
        self._invoices += len(done.totals)
        for total in done.totals:
            self._totals[total.currency] = self._totals.get(total.currency, 0) + total.minor
        self._parked += [ParkedCustomer(customer_id, reason) for customer_id, reason in done.broken.items()]

    def result(self, run_id: BillRunId | None, question: str = "") -> BillRunResult:
        totals = tuple(Money(minor, currency) for currency, minor in sorted(self._totals.items()))
        return BillRunResult(self._billed_on, self._invoices, totals, tuple(self._parked), run_id, question)


def _added(issued: CycleFigures, due: CycleFigures) -> CycleFigures:
    totals = dict(issued.totals)
    for currency, minor in due.totals.items():
        totals[currency] = totals.get(currency, 0) + minor
    return CycleFigures(due.since, issued.invoices + due.invoices, totals)
