"""The rehearsal of a day: what it would invoice and which prepaid time ends, compared with the last cycle.

The evening before, and when a person asks; nothing is billed. Who is suspended is foreseen by dunning.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from benfex.billing.breaker import invoicing_question
from benfex.core.actors import Actor, name_of, require
from benfex.core.clock import local_date
from benfex.core.policy import current_terms
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.notifications.outbox import enqueue_owner_message, say_date
from benfex.subscriptions import bill_runs
from benfex.subscriptions.bill_run import BillRunner, Foreseen
from benfex.usage.allowance import period_begins_at
from data.queries import bill_runs as run_queries
from data.values.identifiers import BillRunId
from data.values.money import Money
from data.values.roles import Permission

_CHANGES_SHOWN = 10
_PARKED_SHOWN = 20


def day_to_rehearse(snapshot: Snapshot) -> date | None:
    """Return tomorrow, once it is late enough today and the actor has not rehearsed it yet; else None."""
    terms = current_terms(snapshot)
    local = local_date(snapshot.now - timedelta(hours=terms.rehearsal_hour), terms.timezone)
    if local != local_date(snapshot.now, terms.timezone):
        return None
    tomorrow = local + timedelta(days=1)
    newest = run_queries.newest_rehearsal(snapshot.session, by=name_of(snapshot.actor))
    return None if newest is not None and newest.billed_on >= tomorrow else tomorrow


async def rehearse(
    runner: BillRunner, transactor: Transactor, actor: Actor, *, on: date, suspensions: int | None = None
) -> BillRunId:
    """Foresee a day, keep what was found and write it to the owners; `suspensions` as in `foresee`."""
    summary = await foresee(runner, transactor, actor, on=on, suspensions=suspensions)
    return await transactor.transact(keep_and_tell, actor, on=on, summary=summary)


async def foresee(
    runner: BillRunner, transactor: Transactor, actor: Actor, *, on: date, suspensions: int | None = None
) -> dict[str, Any]:
    """Return what a day would bring, ready to be kept; `suspensions` is how many services dunning would suspend."""
    found = await runner.foresee(actor, on=on)
    summary = await transactor.read(compared, actor, on=on, found=found)
    if suspensions is not None:
        summary["suspended"] = suspensions
    return summary


def keep_and_tell(uow: UnitOfWork, *, on: date, summary: Mapping[str, Any]) -> BillRunId:
    """Keep what a rehearsal foresaw, and write it to the owners; once per day that was rehearsed."""
    run_id = bill_runs.record_rehearsal(uow, on=on, summary=summary)
    enqueue_owner_message(
        uow,
        template="rehearsal",
        facts={"day": say_date(on), "summary": in_words(summary)},
        dedupe_key=f"rehearsal:{on.isoformat()}",
    )
    return run_id


def in_words(summary: Mapping[str, Any]) -> str:
    """Return what a rehearsal foresaw as sentences for its owner."""
    count = int(summary["invoices"])
    said = [f"{_count(count, 'invoice')} over {_sums(summary['totals'])}." if count else "No invoice."]
    last = summary.get("last")
    if last:
        said.append(
            f"In the last cycle: {_count(int(last['invoices']), 'invoice')} over {_sums(last['totals'])}."
        )
    if summary.get("suspended"):
        said.append(f"{_count(int(summary['suspended']), 'service')} will be suspended.")
    if summary["expiring"]:
        said.append(f"{_count(int(summary['expiring']), 'prepaid service')} will run out of time.")
    if summary["parked"]:
        said.append(f"{_count(len(summary['parked']), 'customer')} cannot be billed; see the console.")
    if summary["question"]:
        said.append(f"The run will stop and ask: {summary['question']}")
    return "\n".join(said)


def _count(count: int, one: str) -> str:
    return f"{count:,} {one}" if count == 1 else f"{count:,} {one}s"


def _sums(totals: Mapping[str, int]) -> str:
    return " and ".join(Money(minor, currency).format() for currency, minor in totals.items()) or "nothing"


def compared(snapshot: Snapshot, *, on: date, found: Foreseen) -> dict[str, Any]:
    """Return what a day would bill beside the last cycle, ready to be kept; changes are the largest first."""
    require(snapshot.actor, Permission.RUN_BILLING)
    terms = current_terms(snapshot)
    last = bill_runs.last_cycle(snapshot, on=on)
    day_ends_at = period_begins_at(on + timedelta(days=1), terms.timezone)
    summary: dict[str, Any] = {
        "customers": found.customers,
        "invoices": found.figures.invoices,
        "totals": dict(found.figures.totals),
        "expiring": run_queries.count_expiring(snapshot.session, before=day_ends_at),
        "parked": [
            {"customer_id": row.customer_id, "reason": row.reason} for row in found.parked[:_PARKED_SHOWN]
        ],
        "question": invoicing_question(found.figures, last, share_percent=terms.breaker_invoice_percent)
        or "",
    }
    if last is not None:
        summary["last"] = {
            "since": last.since.isoformat(),
            "invoices": last.invoices,
            "totals": dict(last.totals),
        }
        summary["changes"] = _changes(snapshot, on, found)
    return summary


def _changes(snapshot: Snapshot, on: date, found: Foreseen) -> list[dict[str, Any]]:
    days = bill_runs.like_days(on)
    assert days is not None
    before = run_queries.invoiced_by_customer(snapshot.session, since=days[0], before=days[1])
    now = {
        (int(customer_id), currency): minor for (customer_id, currency), minor in found.by_customer.items()
    }
    keys = sorted({*before, *now}, key=lambda key: (-abs(now.get(key, 0) - before.get(key, 0)), key))
    changed = [key for key in keys if now.get(key, 0) != before.get(key, 0)][:_CHANGES_SHOWN]
    names = run_queries.names_of(snapshot.session, [key[0] for key in changed])
    return [
        {
            "customer_id": key[0],
            "name": names.get(key[0], ""),
            "currency": key[1],
            "before_minor": before.get(key, 0),
            "now_minor": now.get(key, 0),
        }
        for key in changed
    ]
