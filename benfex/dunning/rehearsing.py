"""Rehearse tomorrow when a person asks: what it would bill, whom it would suspend, whose time ends.

The evening's own rehearsal is a job; it also writes to the owners. What is foreseen is said in
`subscriptions/rehearsal`.
"""

from datetime import timedelta
from typing import Any

from benfex.core.actors import Actor
from benfex.core.policy import billing_today
from benfex.core.transactor import Transactor
from benfex.dunning.runs import foreseen_suspensions
from benfex.subscriptions.bill_run import BillRunner
from benfex.subscriptions.bill_runs import record_rehearsal
from benfex.subscriptions.rehearsal import foresee


async def rehearse_tomorrow(runner: BillRunner, transactor: Transactor, actor: Actor) -> dict[str, Any]:
    """Foresee tomorrow as things stand now, keep what was found and return its figures.

    Nothing is billed, nobody is told, and the evening's rehearsal comes all the same. Raises NotPermitted.
    """
    tomorrow = await transactor.read(billing_today, actor) + timedelta(days=1)
    suspended = len(await transactor.read(foreseen_suspensions, actor, tomorrow))
    summary = await foresee(runner, transactor, actor, on=tomorrow, suspensions=suspended)
    await transactor.transact(record_rehearsal, actor, on=tomorrow, summary=summary)
    return summary
