"""The rows of bill runs: begun, moved on with each chunk, asking, answered, finished. `bill_run` drives them.

A run is one row. Killed and run again for the same day, it goes on where it was; what it did is committed with
how far it is.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from benfex.billing.breaker import CycleFigures
from benfex.core.actors import name_of, require
from benfex.core.audit import record_audit
from benfex.core.policy import current_terms
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.subscriptions.planning import BillingBasis
from benfex.subscriptions.renewal import PlannedChunk, issue_plans, plan_customers
from data.models.invoice import BillRun, ParkedCustomer
from data.queries import bill_runs as run_queries
from data.queries import billing_facts as fact_queries
from data.values.errors import Conflict, NotFound
from data.values.identifiers import BillRunId, CustomerId
from data.values.kinds import BillRunKind
from data.values.money import Money
from data.values.periods import add_months
from data.values.roles import Permission
from data.values.states import BillRunStatus, advance


@dataclass(frozen=True, slots=True)
class OpenedRun:
    """A run that is begun or taken up again: how far it is, of how many customers, and whether it may issue.

    `is_cleared` says that a person has said go on.
    """

    run_id: BillRunId
    status: BillRunStatus
    question: str
    after: CustomerId
    seen: int
    total: int
    is_cleared: bool


@dataclass(frozen=True, slots=True)
class BilledChunk:
    """What one act of a run did: the total of each invoice, and whom it left aside with why."""

    totals: tuple[Money, ...]
    broken: Mapping[CustomerId, str]


class BillRunStoppedError(Conflict):
    """Somebody stopped the run while it was at work."""


def open_run(uow: UnitOfWork, *, on: date, retries_parked: bool, is_checked: bool) -> OpenedRun | None:
    """Begin the run of a day, or take up the one that was killed; None when nothing is due.

    A run of another day that never ended is stopped: what it left is due still. With `is_checked` nothing is
    asked. The caller holds the lock of bill runs, so that a run that says it is at work has no process any more.
    """
    require(uow.actor, Permission.RUN_BILLING)
    if is_checked:
        require(uow.actor, Permission.OVERRIDE_BREAKERS)
    found = None
    for row in run_queries.unfinished_runs(uow.session):
        if row.billed_on == on:
            found = row
            continue
        _end(uow, row, BillRunStatus.STOPPED)
    after = found.last_customer_id if found is not None else 0
    due = fact_queries.count_payers_due(
        uow.session,
        on=on,
        while_suspended=current_terms(uow).bills_while_suspended,
        after_id=after,
        without_parked=not retries_parked,
    )
    if found is None:
        if due == 0:
            return None
        found = BillRun(
            kind=BillRunKind.BILLING,
            billed_on=on,
            status=BillRunStatus.RUNNING,
            started_by=name_of(uow.actor),
            started_at=uow.now,
        )
        uow.session.add(found)
    if is_checked and not found.answered_by:
        _clear(uow, found)
    summary = summary_of(found)
    summary["customers"] = found.customers_seen + due
    found.summary = json.dumps(summary)
    uow.session.flush()
    return _opened(found, total=found.customers_seen + due)


def bill_chunk(
    uow: UnitOfWork, *, run_id: BillRunId, customer_ids: Sequence[CustomerId], on: date, basis: BillingBasis
) -> BilledChunk:
    """Bill some payers, park those whose records make no sense, and note how far the run is."""
    run = _running(uow, run_id)
    chunk = plan_customers(uow, customer_ids=customer_ids, on=on, bill_run_id=run_id, basis=basis)
    totals = tuple([total for _, total in chunk.totals])
    for customer_id, reason in chunk.broken.items():
        _park(uow, run_id, customer_id, reason)
    _move_on(uow, run, customer_ids, totals)
    issue_plans(uow, chunk.plans, basis=basis)  # last: after it the session knows no row any more
    return BilledChunk(totals, chunk.broken)


def park_customer(uow: UnitOfWork, *, run_id: BillRunId, customer_id: CustomerId, reason: str) -> BilledChunk:
    """Leave a customer aside whose act failed, and note how far the run is."""
    require(uow.actor, Permission.RUN_BILLING)
    _park(uow, run_id, customer_id, reason)
    _move_on(uow, _running(uow, run_id), [customer_id], ())
    return BilledChunk((), {customer_id: reason})


class DryRunError(Exception):
    """Undoes a dry act, so that nothing is changed; carries what it would have billed."""

    def __init__(self, chunk: PlannedChunk) -> None:
        super().__init__("a dry run changes nothing")
        self.totals = tuple(chunk.totals)
        self.broken = dict(chunk.broken)


def plan_chunk_dry(
    uow: UnitOfWork, *, customer_ids: Sequence[CustomerId], on: date, basis: BillingBasis
) -> None:
    """Work out what some payers would be billed. Raises DryRunError with the answer, always."""
    raise DryRunError(plan_customers(uow, customer_ids=customer_ids, on=on, basis=basis))


def next_payers(
    snapshot: Snapshot, *, on: date, after: CustomerId, limit: int, retries_parked: bool
) -> tuple[CustomerId, ...]:
    """Return the next payers for whom there is something to do on the day, ascending."""
    require(snapshot.actor, Permission.RUN_BILLING)
    found = fact_queries.payers_due(
        snapshot.session,
        on=on,
        while_suspended=current_terms(snapshot).bills_while_suspended,
        after_id=after,
        limit=limit,
        without_parked=not retries_parked,
    )
    return tuple(CustomerId(row) for row in found)


def figures_of_day(snapshot: Snapshot, *, on: date) -> CycleFigures:
    """Return what runs of the day have invoiced already."""
    return _figures(snapshot, on, date.fromordinal(on.toordinal() + 1))


def last_cycle(snapshot: Snapshot, *, on: date) -> CycleFigures | None:
    """Return what runs invoiced on the like day of last month, None when there is none.

    On the last day of a short month the days that come together there count together. A day of March that has
    no day of its own in February is compared with nothing.
    """
    days = like_days(on)
    if days is None:
        return None
    figures = _figures(snapshot, *days)
    return figures if figures.invoices else None


def like_days(on: date) -> tuple[date, date] | None:
    """Return the days `[since, before)` of last month whose customers are billed on the day, None for none."""
    since = add_months(on, -1, on.day)
    if since.day != on.day:
        return None
    next_day = date.fromordinal(on.toordinal() + 1)
    before = add_months(next_day, -1, next_day.day)
    return since, max(before, date.fromordinal(since.toordinal() + 1))


def ask(uow: UnitOfWork, *, run_id: BillRunId, question: str) -> None:
    """Let the run wait for a person."""
    run = _running(uow, run_id)
    run.status = advance(run.status, BillRunStatus.ASKING)
    run.question = question[:250]
    uow.session.flush()


def answer_bill_run(uow: UnitOfWork, *, run_id: BillRunId, go_on: bool) -> None:
    """Let a run that asks go on, or stop it. Going on against the breaker is the owner's.

    Raises NotFound, NotPermitted, Conflict when the run does not ask.
    """
    require(uow.actor, Permission.OVERRIDE_BREAKERS if go_on else Permission.RUN_BILLING)
    run = run_queries.find_run(uow.session, run_id)
    if run is None:
        raise NotFound("bill run")
    if run.status is not BillRunStatus.ASKING:
        raise Conflict("This bill run does not ask anything.")
    if go_on:
        _clear(uow, run)
    else:
        run.answered_by = name_of(uow.actor)
        _end(uow, run, BillRunStatus.STOPPED)
    record_audit(
        uow,
        action="answer",
        entity="bill_run",
        entity_id=run_id,
        changes={"go_on": go_on, "was": run.question},
    )


def finish_run(uow: UnitOfWork, *, run_id: BillRunId) -> None:
    """Note that the run has seen everybody."""
    _end(uow, _running(uow, run_id), BillRunStatus.FINISHED)


def record_rehearsal(uow: UnitOfWork, *, on: date, summary: Mapping[str, Any]) -> BillRunId:
    """Keep what a rehearsal of a day foresaw."""
    require(uow.actor, Permission.RUN_BILLING)
    run = BillRun(
        kind=BillRunKind.REHEARSAL,
        billed_on=on,
        status=BillRunStatus.FINISHED,
        started_by=name_of(uow.actor),
        started_at=uow.now,
        finished_at=uow.now,
        customers_seen=int(summary["customers"]),
        invoices=int(summary["invoices"]),
        summary=json.dumps(summary),
    )
    uow.session.add(run)
    uow.session.flush()
    assert run.id is not None
    return BillRunId(run.id)


def summary_of(run: BillRun) -> dict[str, Any]:
    """Return what a run says of itself."""
    return dict(json.loads(run.summary))


def _opened(run: BillRun, *, total: int) -> OpenedRun:
    assert run.id is not None
    return OpenedRun(
        run_id=BillRunId(run.id),
        status=run.status,
        question=run.question,
        after=CustomerId(run.last_customer_id),
        seen=run.customers_seen,
        total=total,
        is_cleared=bool(run.answered_by),
    )


def _running(uow: UnitOfWork, run_id: BillRunId) -> BillRun:
    require(uow.actor, Permission.RUN_BILLING)
    run = run_queries.find_run(uow.session, run_id)
    if run is None:
        raise NotFound("bill run")
    if run.status is not BillRunStatus.RUNNING:
        raise BillRunStoppedError("This bill run was stopped.")
    return run


def _clear(uow: UnitOfWork, run: BillRun) -> None:
    if run.status is BillRunStatus.ASKING:
        run.status = advance(run.status, BillRunStatus.RUNNING)
    run.answered_by = name_of(uow.actor)
    uow.session.flush()


def _end(uow: UnitOfWork, run: BillRun, status: BillRunStatus) -> None:
    run.status = advance(run.status, status)
    run.finished_at = uow.now
    uow.session.flush()


def _park(uow: UnitOfWork, run_id: BillRunId, customer_id: CustomerId, reason: str) -> None:
    if run_queries.parked_of(uow.session, run_id=run_id, customer_id=customer_id) is None:
        uow.session.add(ParkedCustomer(bill_run_id=run_id, customer_id=customer_id, reason=reason[:250]))


def _move_on(
    uow: UnitOfWork, run: BillRun, customer_ids: Sequence[CustomerId], totals: Sequence[Money]
) -> None:
    run.customers_seen += len(customer_ids)
    run.last_customer_id = max(run.last_customer_id, *customer_ids)
    run.invoices += len(totals)
    summary = summary_of(run)
    sums = summary.setdefault("totals", {})
    for total in totals:
        sums[total.currency] = sums.get(total.currency, 0) + total.minor
    run.summary = json.dumps(summary)
    uow.session.flush()


def _figures(snapshot: Snapshot, since: date, before: date) -> CycleFigures:
    rows = run_queries.invoiced_by_runs(snapshot.session, since=since, before=before)
    return CycleFigures(
        since, sum(row.invoices for row in rows), {row.currency: row.total_minor for row in rows}
    )
