"""The services of one customer: state, live traffic, use of the cap, and what staff can do to them."""

from nicegui import ui

from benfex.application import Benfex
from benfex.core.events import UsageSampled
from benfex.customers.views import CustomerView
from benfex.subscriptions.diagnosis import NOT_BY_BILLING, Diagnosis
from benfex.subscriptions.views import ServiceView, services_of
from benfex.usage.views import PeriodUsage, usage_of_customer
from components.elements import body, box, button, card, text
from components.empty_state import empty_state
from components.feedback import Note
from components.live_chart import LiveChart
from components.moments import say_day, say_when
from components.status_badge import Badge, look_of
from components.usage_bar import UsageBar
from data.values.identifiers import ConnectionId, SubscriptionId
from data.values.roles import Permission
from data.values.states import CustomerStatus, SubscriptionStatus
from pages.admin.change_dialogs import open_change_plan, open_return
from pages.admin.network_chart import chart_points
from pages.admin.phrases import say_price, say_speed
from pages.admin.service_dialogs import (
    open_new_service,
    open_resume,
    open_suspend,
    sync_now,
)
from pages.admin.service_menu import ServiceMenu
from pages.admin.shell import may
from pages.dependencies import SignedInStaff
from pages.live import hold, on

_Watched = set[ConnectionId]


class Services:
    """The cards of all services. `refresh` changes them in place, and rebuilds only when one came or went."""

    def __init__(self, benfex: Benfex, staff: SignedInStaff, view: CustomerView) -> None:
        self._benfex, self._staff, self._view = benfex, staff, view
        self._cards: dict[SubscriptionId, ServiceCard] = {}
        self._watched: _Watched = set()

    async def build(self) -> None:
        """Create the cards."""
        self._place = box("bf-stack")
        await self.refresh(self._view)

    async def refresh(self, view: CustomerView) -> None:
        """Show the services as they are now."""
        self._view = view
        if not may(self._staff, Permission.VIEW_SUBSCRIPTIONS):
            return
        actor = await self._staff.fresh()
        services = await self._benfex.read(services_of, actor, customer_id=view.customer_id)
        usage = await self._benfex.read(usage_of_customer, actor, customer_id=view.customer_id)
        why = await self._benfex.diagnose(actor, customer_id=view.customer_id)
        if {service.subscription_id for service in services} != set(self._cards) or not services:
            self._rebuild(services)
        for service in services:
            key = service.subscription_id
            self._cards[key].set(service, usage.get(key), view, diagnosis=why.get(key))

    def _rebuild(self, services: tuple[ServiceView, ...]) -> None:
        self._place.clear()
        self._cards.clear()
        with self._place:
            for service in services:
                self._cards[service.subscription_id] = ServiceCard(
                    self._benfex, self._staff, service, self._view, self._watched
                )
            self._offer(has_services=bool(services))

    def _offer(self, *, has_services: bool) -> None:
        may_sell = (
            may(self._staff, Permission.EDIT_SUBSCRIPTIONS) and self._view.status is CustomerStatus.ACTIVE
        )

        async def sell() -> None:
            await open_new_service(self._benfex, self._staff, self._view)

        if not has_services:
            with card():
                empty_state(
                    "No service yet",
                    "A service is a plan on a line of one of the routers.",
                    symbol="plug",
                    action=("New service", sell) if may_sell else None,
                )
        elif may_sell:
            with box("bf-line"):
                button("New service", sell, kind="ghost", icon="plus")


class ServiceCard:
    """One service; `set` shows it as it is now."""

    def __init__(
        self,
        benfex: Benfex,
        staff: SignedInStaff,
        service: ServiceView,
        view: CustomerView,
        watched: _Watched,
    ) -> None:
        self._benfex, self._staff, self._service, self._view = benfex, staff, service, view
        with card(classes="clip").mark("service"):
            with box("bf-ch"):
                text(service.plan_name, "bf-ct", "h2")
                self._badge = Badge(service.status)
                ui.space()
                self._actions = box("bf-line")
            with body():
                self._why = Note(tone="bad", symbol="ban")
                self._offline = Note(tone="warn", symbol="wifi-off")
                with box("bf-stack tight"):
                    self._facts = text("", "bf-sub num")
                    self._line = text("", "bf-sub num")
                self._usage = UsageBar(0, service.data_cap_bytes, label=f"Data used on {service.plan_name}")
            if service.line is not None and service.status is not SubscriptionStatus.ENDED:
                self._watch(service.line.connection_id, watched)

    def set(
        self,
        service: ServiceView,
        usage: PeriodUsage | None,
        view: CustomerView,
        *,
        diagnosis: Diagnosis | None,
    ) -> None:
        """Show the service."""
        self._service, self._view = service, view
        now, zone, today = self._benfex.clock.now(), view.timezone, view.today
        self._badge.set(service.status)
        price = say_price(service.price, service.interval, service.interval_count)
        ends = say_day(service.period_ends_on, today=today)
        speed = say_speed(service.download_bps, service.upload_bps)
        if service.status is SubscriptionStatus.ENDED:
            when = say_day(service.ended_at.date(), today=today) if service.ended_at else "—"
            self._facts.set_text(f"{price} · ended {when}")
        else:
            self._facts.set_text(f"{price} · {speed} · {self._say_arranged(service, ends)}")
        self._line.set_text(self._line_words(service))
        self._why.set(
            self._why_words(
                service,
                say_when(service.suspended_at, now=now, timezone=zone) if service.suspended_at else "",
            )
        )
        is_news = diagnosis is not None and diagnosis.cause in NOT_BY_BILLING
        self._offline.set(diagnosis.sentence if diagnosis is not None and is_news else None)
        data = usage.allowance(service.data_cap_bytes) if usage else service.data_cap_bytes
        self._usage.set(usage.total_bytes if usage else 0, data)
        self._offer(service)

    def _say_arranged(self, service: ServiceView, ends: str) -> str:
        today = self._view.today
        if service.ends_on is not None:
            return f"ends for good on {say_day(service.ends_on, today=today)}"
        if service.status is SubscriptionStatus.PAUSED:
            back = service.resumes_on
            return f"paused until {say_day(back, today=today)}" if back else "paused until staff resume it"
        if service.pending_change_on is not None:
            return f"plan changes on {say_day(service.pending_change_on, today=today)}"
        return f"period ends {ends}"

    def _line_words(self, service: ServiceView) -> str:
        line = service.line
        if line is None:
            return "No line on a router."
        words = f"{line.username} on {line.router_name}"
        if not line.is_applied:
            words += " · the router is being told"
        elif line.drift:
            words += f" · {line.drift}"
        return words

    def _why_words(self, service: ServiceView, since: str) -> str | None:
        if service.status is SubscriptionStatus.SUSPENDED and service.suspension_reason is not None:
            why = look_of(service.suspension_reason).label.lower()
            return f"Suspended {since}: {why}. Only the payment page can be reached."
        if service.is_over_cap and service.status is not SubscriptionStatus.ENDED:
            return "The data of this period is used up."
        return None

    def _offer(self, service: ServiceView) -> None:
        self._actions.clear()
        with self._actions:
            if may(self._staff, Permission.SUSPEND_SUBSCRIPTIONS):
                if service.can_be_resumed:
                    button("Resume", self._resume, icon="play", classes="small")
                elif service.can_be_suspended:
                    button("Suspend", self._suspend, kind="ghost", icon="pause", classes="small")
            if may(self._staff, Permission.OPERATE_NETWORK) and service.line is not None:
                button("Sync", self._sync, kind="ghost", icon="refresh-cw", classes="small")
            if may(self._staff, Permission.EDIT_SUBSCRIPTIONS) and service.can_be_ended:
                button(
                    "Change plan", self._change_plan, kind="ghost", icon="arrow-left-right", classes="small"
                )
            ServiceMenu(self._benfex, self._staff, service, self._view)

    def _suspend(self) -> None:
        open_suspend(self._benfex, self._staff, self._service, self._view)

    async def _resume(self) -> None:
        if self._service.status is SubscriptionStatus.PAUSED:
            await open_return(self._benfex, self._staff, self._service, self._view)
            return
        await open_resume(self._benfex, self._staff, self._service, self._view)

    async def _sync(self) -> None:
        await sync_now(self._benfex, self._staff, self._service)

    async def _change_plan(self) -> None:
        await open_change_plan(self._benfex, self._staff, self._service, self._view)

    def _watch(self, connection_id: ConnectionId, watched: _Watched) -> None:
        history = chart_points(self._benfex.live.recent_connection(connection_id))
        chart = LiveChart("Traffic now", history, timezone=self._view.timezone, height=200)

        def push(event: UsageSampled) -> None:
            for sample in event.samples:
                if sample.connection_id == connection_id:
                    chart.push(event.at, sample.download_bps, sample.upload_bps)
                    return

        router_id = self._service.line.router_id if self._service.line else None
        on(self._benfex, UsageSampled, push, where=lambda event: event.router_id == router_id)
        if connection_id not in watched:
            watched.add(connection_id)
            hold(self._benfex.live.watch_connection(connection_id))
