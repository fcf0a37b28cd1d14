"""Overview: is the network well, is money coming in, who needs me?"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from nicegui import ui

from benfex.application import Benfex
from benfex.core.events import (
    ClockStepped,
    ConnectionApplied,
    InvoiceIssued,
    PaymentSettled,
    RouterSampled,
    RouterStatusChanged,
    SubscriptionChanged,
)
from benfex.core.paging import PageRequest
from benfex.network.views import RouterView, list_routers
from benfex.payments.clock import ClockFigures, money_to_packet
from benfex.payments.gateway import name_of_gateway
from benfex.payments.views import PaymentListed, list_payments
from benfex.reporting.operations import OperationFigures, operations
from benfex.reporting.revenue import Compared, RevenueFigures, revenue
from components.charts import Chart, Series
from components.elements import body, box, card, fact, fact_list, link, row, text
from components.empty_state import empty_state
from components.moments import moment, say_day, say_when
from components.money import money_label
from components.stat_card import StatCard
from components.status_badge import UNMATCHED, Look, badge
from components.theme import Tone
from data.values.roles import Permission
from data.values.states import RouterStatus
from pages.admin.dunning_question import DunningQuestion
from pages.admin.lists import Unhurried, on_each
from pages.admin.network_chart import NetworkChart
from pages.admin.phrases import say_change, say_count, say_short, say_span
from pages.admin.router_lines import RouterLines
from pages.admin.shell import console, may
from pages.dependencies import BenfexDep, SignedInStaff, StaffDep
from pages.live import on
from pages.screen import screen

_LATEST = PageRequest(page=1, size=8, sort="received", descending=True)
_ROUTERS_SHOWN = 4
_CLOCK_SPAN = timedelta(days=7)


@screen("/admin")
async def dashboard(benfex: BenfexDep, staff: StaffDep) -> None:
    """Show the overview."""
    today = benfex.clock.now().astimezone(ZoneInfo(benfex.settings.timezone))
    with console(
        benfex,
        staff,
        title="Overview",
        active="/admin",
        need=Permission.VIEW_DASHBOARD,
        subtitle=f"{today:%a} {today.day} {today:%b}",
    ):
        money = await benfex.read(revenue, staff.actor)
        house = await benfex.read(operations, staff.actor)
        routers = await benfex.read(list_routers, staff.actor) if may(staff, Permission.VIEW_NETWORK) else ()
        await DunningQuestion(benfex, staff).build()
        overview = _Overview(benfex, staff)
        overview.build(routers)
        overview.set_money(money)
        overview.set_house(house, routers)
        await overview.refresh_payments()
        overview.follow()


class _Overview:
    """The cards of the page; each group is read again when something moved it."""

    def __init__(self, benfex: Benfex, staff: SignedInStaff) -> None:
        self._benfex, self._staff = benfex, staff
        self._zone = benfex.settings.timezone

    def build(self, routers: tuple[RouterView, ...]) -> None:
        """Create the cards, empty."""
        with box("bf-grid bf-kpis"):
            self._collected = StatCard("Collected this month", "—", symbol="banknote", href="/admin/payments")
            self._billed = StatCard("Billed this month", "—", symbol="receipt-text", href="/admin/invoices")
            self._online_card = StatCard("Online now", "—", symbol="wifi", href="/admin/routers")
            self._overdue = StatCard("Overdue", "—", symbol="triangle-alert", href="/admin/invoices")
        with box("bf-grid bf-main"):
            if may(self._staff, Permission.VIEW_NETWORK):
                NetworkChart(self._benfex, title="Network traffic")
            with box("bf-stack"):
                with card("Needs a look", classes="clip"):
                    self._needs = box("bf-rows", role="status", aria_live="polite")
                if may(self._staff, Permission.VIEW_NETWORK):
                    self._build_routers(routers)
        with box("bf-grid bf-main"):
            with card(classes="clip"):
                with box("bf-ch"):
                    text("Latest payments", "bf-ct bf-grow", "h2")
                    link("All payments", "/admin/payments")
                self._payments = box("bf-rows", role="log", aria_live="polite")
            with box("bf-stack"):
                with card("Money to packet", note="last 7 days"):
                    self._clock = body()
                self._daily = Chart(
                    "Money in",
                    [],
                    [],
                    unit=self._benfex.settings.currency,
                    period="last 30 days",
                    height=200,
                )

    def _build_routers(self, routers: tuple[RouterView, ...]) -> None:
        with card(classes="clip"):
            with box("bf-ch"):
                text("Routers", "bf-ct bf-grow", "h2")
                link("All routers", "/admin/routers")
            self._routers = RouterLines(self._benfex, _gravest(routers))
            if not routers:
                empty_state("No router yet", symbol="router")

    def set_money(self, figures: RevenueFigures) -> None:
        """Show what was billed and collected."""
        trend = [float(amount) for amount in figures.daily_whole]
        self._collected.set(
            say_short(figures.collected.now),
            delta=say_change(figures.collected.change_permille),
            tone=_tone(figures.collected),
            note=_against(figures.collected),
            trend=trend,
        )
        self._billed.set(
            say_short(figures.billed.now),
            delta=say_change(figures.billed.change_permille),
            tone=_tone(figures.billed),
            note=_against(figures.billed),
            trend=[float(amount) for amount in figures.billed_whole],
        )
        late = figures.overdue
        words = f"{say_count(late.invoices, 'invoice')} of {say_count(late.customers, 'customer')}"
        self._overdue.set(say_short(late.outstanding), note=words if late.invoices else "everybody has paid")
        today = figures.days[-1]
        self._daily.set(
            [say_day(day, today=today) for day in figures.days],
            [
                Series(
                    "Collected",
                    figures.daily_whole,
                    [str(day) for day in figures.daily],
                    "accent",
                )
            ],
        )

    def set_house(self, figures: OperationFigures, routers: tuple[RouterView, ...]) -> None:
        """Show services and what needs somebody."""
        self._services = figures.services_on + figures.services_suspended
        self._say_online()
        self._needs.clear()
        with self._needs:
            found = self._router_needs(routers) + self._money_needs(figures) + self._job_needs(figures)
            if figures.waiting_tasks and figures.oldest_task_at is not None:
                since = say_when(figures.oldest_task_at, now=self._benfex.clock.now(), timezone=self._zone)
                words = f"the oldest since {since}"
                found.append(
                    (f"{say_count(figures.waiting_tasks, 'router task')} waiting", words, "/admin/routers")
                )
            for title, note, href in found:
                row(title, note, symbol="triangle-alert", href=href)
            if not found:
                row("All is well", "Routers answer and jobs run.", symbol="circle-check")

    def set_clock(self, figures: ClockFigures) -> None:
        """Show how fast money brings service back."""
        self._clock.clear()
        with self._clock:
            if not figures.restored and not figures.waiting:
                text("Nobody had to be put back online.", "bf-sub", "p")
                text("It is the time from the proof of a payment to the router read back.", "bf-sub", "p")
                return
            with box("bf-line wide nowrap num"):
                with box("bf-grow"):
                    text("Half restored within", "bf-sub")
                    text(say_span(figures.p50_ms), "bf-money hero")
                with box("bf-grow"):
                    text("19 of 20 within", "bf-sub")
                    text(say_span(figures.p95_ms), "bf-money hero")
            with fact_list():
                fact("Restored", f"{figures.restored:,}")
                with fact("Waiting now"):
                    if figures.waiting:
                        badge(Look(f"{figures.waiting:,}", "warn", "hourglass"))
                    else:
                        text("none", tag="span")
                fact("Half have a new session within", say_span(figures.session_p50_ms))

    async def refresh_payments(self) -> None:
        """Read what just came in, and the clock."""
        actor = await self._staff.fresh()
        if may(self._staff, Permission.VIEW_PAYMENTS):
            page = await self._benfex.read(list_payments, actor, request=_LATEST)
            self._payments.clear()
            with self._payments:
                for line in page.rows:
                    _payment_line(line, self._benfex.clock.now(), self._zone)
                if not page.rows:
                    empty_state(
                        "No money yet", "Payments appear here the moment they come in.", symbol="wallet"
                    )
        since = self._benfex.clock.now() - _CLOCK_SPAN
        self.set_clock(await self._benfex.read(money_to_packet, actor, since=since))

    def follow(self) -> None:
        """Keep the cards true for as long as the page is open."""

        async def money_moved() -> None:
            await self.refresh_payments()
            self.set_money(await self._benfex.read(revenue, await self._staff.fresh()))

        async def house_moved() -> None:
            actor = await self._staff.fresh()
            routers: tuple[RouterView, ...] = ()
            if may(self._staff, Permission.VIEW_NETWORK):
                routers = await self._benfex.read(list_routers, actor)
                self._routers.set(_gravest(routers))
            self.set_house(await self._benfex.read(operations, actor), routers)

        money = Unhurried(money_moved, seconds=0.3)
        on_each(self._benfex, (PaymentSettled, ClockStepped, ConnectionApplied, InvoiceIssued), money.ask)
        house = Unhurried(house_moved, seconds=2)
        on_each(self._benfex, (RouterStatusChanged, SubscriptionChanged, ConnectionApplied), house.ask)
        ui.timer(60, house.ask)
        on(self._benfex, RouterSampled, self._say_online)

    def _say_online(self, _: RouterSampled | None = None) -> None:
        services = say_count(self._services, "service")
        self._online_card.set(f"{self._benfex.live.network().online:,}", note=f"of {services}")

    def _router_needs(self, routers: tuple[RouterView, ...]) -> list[tuple[str, str, str | None]]:
        words = {
            RouterStatus.UNREACHABLE: "does not answer",
            RouterStatus.AUTH_FAILED: "refuses our password",
        }
        return [
            (
                f"{view.name} {words[view.status]}",
                f"{say_count(view.connections, 'line')} on it",
                f"/admin/routers/{view.router_id}",
            )
            for view in routers
            if view.status in words
        ]

    def _money_needs(self, figures: OperationFigures) -> list[tuple[str, str, str | None]]:
        if not may(self._staff, Permission.MATCH_PAYMENTS):
            return []
        found: list[tuple[str, str, str | None]] = []
        if figures.differences:
            title = say_count(figures.differences, "difference") + " with gateways"
            found.append((title, "what they received and what is booked", "/admin/reconciliation"))
        if figures.messages:
            title = say_count(figures.messages, "message") + " of gateways not placed"
            found.append((title, "tried again, and to be looked at", "/admin/payments"))
        return found

    def _job_needs(self, figures: OperationFigures) -> list[tuple[str, str, str | None]]:
        now = self._benfex.clock.now()
        return [
            (
                f"{job.job.replace('_', ' ').capitalize()} failed",
                f"{say_when(job.last_failed_at, now=now, timezone=self._zone)}: {job.detail}",
                None,
            )
            for job in figures.failed_jobs
            if not job.has_recovered
        ]


def _gravest(routers: tuple[RouterView, ...]) -> tuple[RouterView, ...]:
    """Return the routers that fit the card, those that hurt first."""
    return tuple(sorted(routers, key=lambda view: view.status is RouterStatus.REACHABLE)[:_ROUTERS_SHOWN])


def _payment_line(line: PaymentListed, now: datetime, zone: str) -> None:
    who = line.customer_name or line.payer_name or "Unknown payer"
    how = f"{name_of_gateway(line.gateway)} · {line.transaction_id}"
    if line.back_after_ms is not None:
        how += f" · restored in {say_span(line.back_after_ms)}"
    elif line.is_restoring:
        how += " · being restored"
    href = f"/admin/customers/{line.customer_id}" if line.customer_id is not None else "/admin/payments"
    with row(who, how, symbol="banknote", href=href):
        if line.customer_id is None:
            badge(UNMATCHED)
        with box("bf-right"):
            money_label(line.amount)
            moment(line.received_at, now=now, timezone=zone)


def _tone(compared: Compared) -> Tone:
    permille = compared.change_permille
    return "mute" if permille is None or permille == 0 else "ok" if permille > 0 else "bad"


def _against(compared: Compared) -> str:
    return "vs same days last month" if compared.change_permille is not None else "nothing last month"
