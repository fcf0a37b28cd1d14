"""Bill runs: how the running one is, what the last ones did and left aside, and what tomorrow will bring."""

from datetime import date

from benfex.application import Benfex
from benfex.core.events import BillRunProgressed
from benfex.core.policy import billing_today, current_terms
from benfex.dunning.rehearsing import rehearse_tomorrow
from benfex.subscriptions.bill_run_views import (
    BillRunView,
    RehearsalView,
    last_rehearsal,
    recent_bill_runs,
)
from benfex.subscriptions.bill_runs import answer_bill_run
from components.charts import plain_table
from components.elements import body, box, button, card, fact, fact_list, row, text
from components.empty_state import empty_state
from components.feedback import Note, Progress, action_button, toast_error, toast_ok
from components.moments import say_day, say_when
from components.status_badge import badge
from data.values.errors import BenfexError
from data.values.identifiers import BillRunId
from data.values.money import Money
from data.values.roles import Permission
from data.values.states import BillRunStatus
from pages.admin.bill_run import open_bill_run
from pages.admin.phrases import say_count
from pages.admin.shell import console, may
from pages.dependencies import BenfexDep, SignedInStaff, StaffDep
from pages.live import on
from pages.screen import screen

_PARKED_SHOWN = 20


@screen("/admin/billing")
async def billing(benfex: BenfexDep, staff: StaffDep) -> None:
    """Show bill runs."""

    async def start() -> None:
        await open_bill_run(benfex, staff)

    async def rehearse() -> None:
        await rehearse_tomorrow(benfex.bill_runner, benfex.transactor, await staff.fresh())
        await page.redraw()

    def actions() -> None:
        if may(staff, Permission.RUN_BILLING):
            action_button("Rehearse tomorrow", rehearse, kind="ghost", icon="eye")
            button("Bill run", start, icon="calendar-clock")

    with console(
        benfex,
        staff,
        title="Bill runs",
        active="/admin/billing",
        need=Permission.VIEW_INVOICES,
        actions=actions,
    ):
        page = _Billing(benfex, staff)
        await page.redraw()
        on(benfex, BillRunProgressed, page.moved)


class _Billing:
    """The page: a bar while a run is at work, then everything that is read anew when it ends."""

    def __init__(self, benfex: Benfex, staff: SignedInStaff) -> None:
        self._benfex, self._staff = benfex, staff
        self._progress_place = box("bf-stack")
        self._progress: Progress | None = None
        self._place = box("bf-stack")

    async def moved(self, event: BillRunProgressed) -> None:
        """Show how far the run is; when it ends or asks, all of it."""
        if event.finished or event.asks:
            self._progress_place.clear()
            self._progress = None
            await self.redraw()
            return
        if self._progress is None:
            with self._progress_place:
                self._progress = Progress("Bill run", total=max(event.total, 1))
        self._progress.set(event.done, event.total, f"{event.done:,} of {event.total:,} customers seen")

    async def redraw(self) -> None:
        """Read and show everything."""
        actor = await self._staff.fresh()
        today = await self._benfex.read(billing_today, actor)
        runs = await self._benfex.read(recent_bill_runs, actor)
        rehearsal = await self._benfex.read(last_rehearsal, actor)
        self._place.clear()
        with self._place:
            for run in runs:
                if run.status is BillRunStatus.ASKING:
                    self._ask(run)
            if rehearsal is not None:
                timezone = (await self._benfex.read(current_terms, actor)).timezone
                made = say_when(rehearsal.made_at, now=self._benfex.clock.now(), timezone=timezone)
                _show_rehearsal(rehearsal, today, made)
            self._show_runs(runs, today)

    def _ask(self, run: BillRunView) -> None:
        with card("The bill run waits for a word"), body("bf-stack"):
            Note(run.question, tone="warn", symbol="hourglass")
            with box("bf-line"):
                if may(self._staff, Permission.OVERRIDE_BREAKERS):
                    action_button("Go on", lambda: self._answer(run, go_on=True))
                else:
                    text("Only the owner can let it go on.", "bf-sub")
                if may(self._staff, Permission.RUN_BILLING):
                    action_button("Stop", lambda: self._answer(run, go_on=False), kind="ghost")

    async def _answer(self, run: BillRunView, *, go_on: bool) -> None:
        actor = await self._staff.fresh()
        try:
            await self._benfex.transact(answer_bill_run, actor, run_id=BillRunId(run.id), go_on=go_on)
            if go_on:
                result = await self._benfex.bill_runner.run(actor, on=run.billed_on)
                toast_ok(f"{say_count(result.invoices, 'invoice')} issued.")
        except BenfexError as error:
            toast_error(error.message)
        await self.redraw()

    def _show_runs(self, runs: tuple[BillRunView, ...], today: date) -> None:
        if not runs:
            empty_state(
                "No bill run yet", "Each night what is due is invoiced by itself.", symbol="calendar-clock"
            )
            return
        for run in runs:
            if run.parked:
                _show_parked(run, today)
        with card("Latest runs"), box("bf-rows"):
            for run in runs:
                by = "by itself" if run.started_by.islower() else f"by {run.started_by}"
                seen = f"{run.customers_seen:,} of {say_count(run.customers, 'customer')} seen"
                note = f"{say_count(run.invoices, 'invoice')} · {seen} · {by}"
                with row(f"Bills of {say_day(run.billed_on, today=today)}", note):
                    text(_say_totals(run.totals), "t1 num")
                    badge(run.status, with_icon=True)


def _show_parked(run: BillRunView, today: date) -> None:
    day = say_day(run.billed_on, today=today)
    with card(f"Left aside on {day}", note=say_count(len(run.parked), "customer")), box("bf-rows"):
        for parked in run.parked[:_PARKED_SHOWN]:
            row(
                f"{parked.name}, {parked.account_number}",
                parked.reason,
                href=f"/admin/customers/{parked.customer_id}",
            )


def _show_rehearsal(rehearsal: RehearsalView, today: date, made: str) -> None:
    day = say_day(rehearsal.billed_on, today=today)
    with card(f"Foreseen for {day}", note=f"rehearsed {made}; nothing is billed by it"), body("bf-stack"):
        if rehearsal.question:
            Note(rehearsal.question.removesuffix(" Go on?"), tone="warn", symbol="hourglass")
        with fact_list():
            fact("Will be invoiced", _say_invoices(rehearsal.invoices, rehearsal.totals))
            if rehearsal.last_since is not None:
                fact("Last cycle", _say_invoices(rehearsal.last_invoices, rehearsal.last_totals))
            if rehearsal.suspended is not None:
                fact("Will be suspended", f"{rehearsal.suspended:,}")
            fact("Prepaid time ends", f"{rehearsal.expiring:,}")
        if rehearsal.changes:
            text("Largest changes since the last cycle", "bf-sub")
            rows = [[row.name, str(row.before), str(row.now)] for row in rehearsal.changes]
            with box("bf-scroll"):
                plain_table(["Customer", "Last cycle", "Now"], rows)


def _say_invoices(count: int, totals: tuple[Money, ...]) -> str:
    return f"{say_count(count, 'invoice')} over {_say_totals(totals)}" if count else "nothing"


def _say_totals(totals: tuple[Money, ...]) -> str:
    return " and ".join(str(total) for total in totals) or "nothing"
