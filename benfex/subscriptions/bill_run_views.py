"""Pictures of bill runs for screens and programs: how far, what was issued, whom they left aside, what is foreseen."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from benfex.core.actors import require
from benfex.core.paging import Slice, SliceRequest, sliced
from benfex.core.unit_of_work import Snapshot
from benfex.subscriptions.bill_runs import summary_of
from data.models.invoice import BillRun
from data.queries import bill_runs as run_queries
from data.values.errors import NotFound
from data.values.identifiers import BillRunId, CustomerId
from data.values.money import Money
from data.values.roles import Permission
from data.values.states import BillRunStatus

_RUNS_SHOWN = 12
_PARKED_SHOWN = 200


@dataclass(frozen=True, slots=True)
class ParkedView:
    """A customer whom a run left aside, and why."""

    customer_id: CustomerId
    name: str
    account_number: str
    reason: str


@dataclass(frozen=True, slots=True)
class BillRunView:
    """One run: how many customers it saw, of how many, and what it issued by currency. Newest first in lists."""

    id: BillRunId
    billed_on: date
    status: BillRunStatus
    started_by: str
    started_at: datetime
    finished_at: datetime | None
    customers_seen: int
    customers: int
    invoices: int
    totals: tuple[Money, ...]
    question: str
    answered_by: str
    parked: tuple[ParkedView, ...]


@dataclass(frozen=True, slots=True)
class ChangeView:
    """A customer who would be billed another sum than in the last cycle."""

    customer_id: CustomerId
    name: str
    before: Money
    now: Money


@dataclass(frozen=True, slots=True)
class RehearsalView:
    """What a day will bring, as foreseen the evening before. `last_*` is None and empty without a last cycle.

    `suspended` is None when dunning was not asked; `changes` are the largest first.
    """

    billed_on: date
    made_at: datetime
    invoices: int
    totals: tuple[Money, ...]
    last_since: date | None
    last_invoices: int
    last_totals: tuple[Money, ...]
    suspended: int | None
    expiring: int
    question: str
    changes: tuple[ChangeView, ...]


def recent_bill_runs(snapshot: Snapshot) -> tuple[BillRunView, ...]:
    """Return the newest runs."""
    return _views(snapshot, before_id=None, limit=_RUNS_SHOWN)


def bill_run_records(snapshot: Snapshot, *, request: SliceRequest) -> Slice[BillRunView]:
    """Return runs, newest first."""
    rows = _views(snapshot, before_id=request.after_id, limit=request.limit + 1)
    return sliced(rows, limit=request.limit, place=lambda view: view.id)


def bill_run_record(snapshot: Snapshot, *, run_id: BillRunId) -> BillRunView:
    """Return one run. Raises NotFound."""
    require(snapshot.actor, Permission.VIEW_INVOICES)
    run = run_queries.find_run(snapshot.session, run_id)
    if run is None:
        raise NotFound("bill run")
    return _view(run, _parked(snapshot, [run_id]))


def last_rehearsal(snapshot: Snapshot) -> RehearsalView | None:
    """Return what was foreseen last, None before the first evening."""
    require(snapshot.actor, Permission.VIEW_INVOICES)
    run = run_queries.newest_rehearsal(snapshot.session)
    if run is None:
        return None
    summary = summary_of(run)
    last = summary.get("last") or {}
    return RehearsalView(
        billed_on=run.billed_on,
        made_at=run.started_at,
        invoices=run.invoices,
        totals=_totals(summary),
        last_since=date.fromisoformat(last["since"]) if last else None,
        last_invoices=last.get("invoices", 0),
        last_totals=_totals(last),
        suspended=summary.get("suspended"),
        expiring=summary["expiring"],
        question=summary["question"],
        changes=tuple(
            ChangeView(
                CustomerId(row["customer_id"]),
                row["name"],
                Money(row["before_minor"], row["currency"]),
                Money(row["now_minor"], row["currency"]),
            )
            for row in summary.get("changes", ())
        ),
    )


def _views(snapshot: Snapshot, *, before_id: int | None, limit: int) -> tuple[BillRunView, ...]:
    require(snapshot.actor, Permission.VIEW_INVOICES)
    runs = run_queries.list_runs(snapshot.session, before_id=before_id, limit=limit)
    parked = _parked(snapshot, [run.id for run in runs if run.id is not None])
    return tuple(_view(run, parked) for run in runs)


def _parked(snapshot: Snapshot, run_ids: list[int]) -> dict[int, list[ParkedView]]:
    found: dict[int, list[ParkedView]] = {}
    for row in run_queries.parked_in(snapshot.session, run_ids, limit=_PARKED_SHOWN):
        view = ParkedView(CustomerId(row.customer_id), row.name, row.account_number, row.reason)
        found.setdefault(row.bill_run_id, []).append(view)
    return found


def _view(run: BillRun, parked: Mapping[int, list[ParkedView]]) -> BillRunView:
    assert run.id is not None
    summary = summary_of(run)
    return BillRunView(
        id=BillRunId(run.id),
        billed_on=run.billed_on,
        status=run.status,
        started_by=run.started_by,
        started_at=run.started_at,
        finished_at=run.finished_at,
        customers_seen=run.customers_seen,
        customers=max(int(summary.get("customers", 0)), run.customers_seen),
        invoices=run.invoices,
        totals=_totals(summary),
        question=run.question,
        answered_by=run.answered_by,
        parked=tuple(parked.get(run.id, ())),
    )


def _totals(summary: Mapping[str, Any]) -> tuple[Money, ...]:
    return tuple(Money(minor, currency) for currency, minor in sorted((summary.get("totals") or {}).items()))
