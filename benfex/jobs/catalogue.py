"""The whole timetable on one page: every job, when it runs, and why running it twice does no harm."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from benfex.application import Benfex
from benfex.billing.earning import earn_revenue
from benfex.core.actors import SystemActor
from benfex.core.policy import billing_today, isp_profile
from benfex.dunning.runner import DunningRunner
from benfex.dunning.runs import foreseen_suspensions
from benfex.ledger.verification import verify_ledger
from benfex.network.outages import tell_outages
from benfex.payments.hosted_checkouts import end_run_out_checkouts
from benfex.reporting.purge import purge_old_rows
from benfex.subscriptions.cap_access import cap_access_changes, follow_cap
from benfex.subscriptions.outage_credits import close_outage, credit_outage, outage_credits_due
from benfex.subscriptions.prepaid import services_over
from benfex.subscriptions.prepaid_notices import end_prepaid_time, services_to_warn, warn_of_end
from benfex.subscriptions.rehearsal import day_to_rehearse, rehearse

_CLOCK = SystemActor("scheduler")
_NOT_YET = "waits for the first run"


@dataclass(frozen=True, slots=True)
class Job:
    """One line of the timetable: every so many seconds, or daily at an hour and minute of the ISP."""

    name: str
    run: Callable[[Benfex], Awaitable[str]]
    safe_because: str
    every_seconds: int | None = None
    daily_at: tuple[int, int] | None = None

    @property
    def is_frequent(self) -> bool:
        """Return whether the job runs too often to keep a row of each run."""
        return self.every_seconds is not None and self.every_seconds < 60


async def _poll_routers(benfex: Benfex) -> str:
    return f"{await benfex.poller.poll_due()} polls"


async def _apply_router_tasks(benfex: Benfex) -> str:
    return f"{await benfex.provisioner.apply_due_tasks()} tasks"


async def _process_webhooks(benfex: Benfex) -> str:
    return f"{await benfex.inbox.process_pending()} deliveries"


async def _check_payment_attempts(benfex: Benfex) -> str:
    return f"{await benfex.reconciler.check_due_attempts()} attempts"


async def _follow_refunds(benfex: Benfex) -> str:
    return f"{await benfex.refunds.follow()} refunds"


async def _read_disputes(benfex: Benfex) -> str:
    return f"{await benfex.disputes.read_all()} disputes"


async def _auto_pay(benfex: Benfex) -> str:
    if await benfex.read(isp_profile, _CLOCK) is None:
        return _NOT_YET
    done = await benfex.auto_pay.run(_CLOCK)
    told = f"{done.charged} cards charged, {done.refused} refused, {done.to_confirm} wait for their owner"
    return f"{told}, {done.failed} failed" if done.failed else told


async def _reconcile_gateways(benfex: Benfex) -> str:
    if await benfex.read(isp_profile, _CLOCK) is None:
        return _NOT_YET
    await benfex.gateways.register_callbacks(public_url=benfex.settings.public_url)
    looks = await benfex.reconciliation.run_all()
    booked, red = sum(look.booked for look in looks), sum(look.red_days for look in looks)
    refused = "".join(f", {look.gateway}: {look.problem}" for look in looks if look.problem)
    return f"{booked} payments found, {red} days do not agree{refused}"


async def _register_callbacks(benfex: Benfex) -> str:
    return f"{await benfex.gateways.register_callbacks(public_url=benfex.settings.public_url)} gateways"


async def _send_messages(benfex: Benfex) -> str:
    return f"{await benfex.messages.dispatch_due()} messages"


async def _tell_programs(benfex: Benfex) -> str:
    return f"{await benfex.telling.tell_due()} told"


async def _end_checkouts(benfex: Benfex) -> str:
    return f"{await benfex.transact(end_run_out_checkouts, _CLOCK)} checkouts ran out"


async def _run_dunning(benfex: Benfex) -> str:
    if await benfex.read(isp_profile, _CLOCK) is None:
        return _NOT_YET
    done = await DunningRunner(benfex.transactor).run(_CLOCK)
    waits = ", waits for the owner" if done.is_held else ""
    return f"{done.steps} steps, {done.suspended} services suspended, {done.parked} left aside{waits}"


async def _bill_run(benfex: Benfex) -> str:
    if await benfex.read(isp_profile, _CLOCK) is None:
        return _NOT_YET
    today = await benfex.read(billing_today, _CLOCK)
    # Whom a run of today left aside waits for a person, or for tomorrow.
    result = await benfex.bill_runner.run(_CLOCK, on=today, retries_parked=False)
    if result.question:
        return f"asks: {result.question}"
    return f"{result.invoices} invoices, {len(result.parked)} customers left aside"


async def _rehearse_tomorrow(benfex: Benfex) -> str:
    if await benfex.read(isp_profile, _CLOCK) is None:
        return _NOT_YET
    tomorrow = await benfex.read(day_to_rehearse, _CLOCK)
    if tomorrow is None:
        return "nothing to do"
    suspended = len(await benfex.read(foreseen_suspensions, _CLOCK, tomorrow))
    await rehearse(benfex.bill_runner, benfex.transactor, _CLOCK, on=tomorrow, suspensions=suspended)
    return f"{tomorrow} is foreseen"


async def _expire_prepaid(benfex: Benfex) -> str:
    if await benfex.read(isp_profile, _CLOCK) is None:
        return _NOT_YET
    over = await benfex.read(services_over, _CLOCK)
    for subscription_id in over:
        await benfex.transact(end_prepaid_time, _CLOCK, subscription_id=subscription_id)
    return f"{len(over)} services were over"


async def _warn_prepaid(benfex: Benfex) -> str:
    if await benfex.read(isp_profile, _CLOCK) is None:
        return _NOT_YET
    ending = await benfex.read(services_to_warn, _CLOCK)
    for subscription_id, key in ending:
        await benfex.transact(warn_of_end, _CLOCK, subscription_id=subscription_id, key=key)
    return f"{len(ending)} services end soon"


async def _earn_revenue(benfex: Benfex) -> str:
    if await benfex.read(isp_profile, _CLOCK) is None:
        return _NOT_YET
    earned = await benfex.transact(earn_revenue, _CLOCK)
    return f"{', '.join(str(amount) for amount in earned) or 'nothing'} earned"


async def _roll_up_usage(benfex: Benfex) -> str:
    return f"{await benfex.rollup.run()} rows"


async def _follow_caps(benfex: Benfex) -> str:
    changed = await benfex.read(cap_access_changes, _CLOCK)
    for subscription_id in changed:
        await benfex.transact(follow_cap, _CLOCK, subscription_id=subscription_id)
    return f"{len(changed)} services followed their cap"


async def _keep_gardens(benfex: Benfex) -> str:
    return f"{await benfex.gardens.keep()} written"


async def _reconcile_routers(benfex: Benfex) -> str:
    drifted = 0
    for router_id in benfex.live.reachable_routers():
        report = await benfex.provisioner.reconcile_router(router_id, dry_run=False)
        drifted += report.drifted
        await benfex.gardens.check(router_id)
    return f"{drifted} entries differed"


async def _tell_outages(benfex: Benfex) -> str:
    if await benfex.read(isp_profile, _CLOCK) is None:
        return _NOT_YET
    return f"{await benfex.transact(tell_outages, _CLOCK)} outages told"


async def _credit_outages(benfex: Benfex) -> str:
    if await benfex.read(isp_profile, _CLOCK) is None:
        return _NOT_YET
    due, over = await benfex.read(outage_credits_due, _CLOCK)
    for one in due:
        await benfex.transact(credit_outage, _CLOCK, due=one)
    for outage_id in over:
        await benfex.transact(close_outage, _CLOCK, outage_id=outage_id)
    return f"{len(due)} services looked at"


async def _back_up_routers(benfex: Benfex) -> str:
    done = await benfex.backups.back_up_all(_CLOCK)
    failed = f", {len(done.failed)} could not be read" if done.failed else ""
    return f"{done.read} configurations read, {done.changed} changed, {done.unexpected} by others{failed}"


async def _verify_ledger(benfex: Benfex) -> str:
    report = await benfex.read(verify_ledger, _CLOCK)
    if not report.is_sound:
        first = report.discrepancies[0]
        raise AssertionError(f"the books are wrong: {first.where} {first.what}")
    return f"{report.entries} entries proved"


async def _purge_old_rows(benfex: Benfex) -> str:
    await benfex.transact(purge_old_rows, _CLOCK)
    return "done"


TIMETABLE: tuple[Job, ...] = (
    Job("poll_routers", _poll_routers, "baseline and usage commit together", every_seconds=1),
    Job(
        "apply_router_tasks",
        _apply_router_tasks,
        "a task is claimed and says what to look at",
        every_seconds=5,
    ),
    Job("process_webhooks", _process_webhooks, "a transaction id is booked once", every_seconds=5),
    Job("check_payment_attempts", _check_payment_attempts, "settling is exactly once", every_seconds=3),
    Job("follow_refunds", _follow_refunds, "what was sent is only asked about", every_seconds=15),
    Job(
        "register_callbacks", _register_callbacks, "a gateway takes the same address again", every_seconds=30
    ),
    Job("warn_prepaid", _warn_prepaid, "each notice has a key of its own", every_seconds=60),
    Job("expire_prepaid", _expire_prepaid, "what was renewed is not over", every_seconds=1),
    Job("send_messages", _send_messages, "a message is claimed and written down once", every_seconds=5),
    Job("tell_programs", _tell_programs, "each fact has an id by which it is known again", every_seconds=5),
    Job("end_checkouts", _end_checkouts, "a checkout ends once", every_seconds=60),
    Job("roll_up_usage", _roll_up_usage, "it is worked out anew", every_seconds=300),
    Job("follow_caps", _follow_caps, "it compares states", every_seconds=60),
    Job("tell_outages", _tell_outages, "an outage is told once", every_seconds=30),
    Job("credit_outages", _credit_outages, "a service has one credit an outage", every_seconds=300),
    Job("reconcile_gateways", _reconcile_gateways, "a transaction id is booked once", every_seconds=3600),
    Job("read_disputes", _read_disputes, "a dispute is kept once and moves on once", every_seconds=3600),
    Job("auto_pay", _auto_pay, "an invoice has one charge a day", every_seconds=600),
    Job("run_dunning", _run_dunning, "each step is taken once", every_seconds=900),
    Job("keep_gardens", _keep_gardens, "it compares marks", every_seconds=60),
    Job("reconcile_routers", _reconcile_routers, "it compares states", every_seconds=21_600),
    Job("bill_run", _bill_run, "a period is billed once", every_seconds=1800),
    Job("rehearse_tomorrow", _rehearse_tomorrow, "it only looks, once a day", every_seconds=900),
    Job("earn_revenue", _earn_revenue, "a day is posted once", daily_at=(0, 20)),
    Job("back_up_routers", _back_up_routers, "what did not change is kept once", daily_at=(2, 30)),
    Job("verify_ledger", _verify_ledger, "it only reads", daily_at=(3, 0)),
    Job("purge_old_rows", _purge_old_rows, "it goes by age", daily_at=(4, 0)),
)
