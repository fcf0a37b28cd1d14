"""Benfex: everything a running system has, how it starts and stops, and which event wakes which work."""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor
from functools import cached_property
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from benfex.core.actors import Actor, SubscriberActor
from benfex.core.clock import Clock
from benfex.core.events import (
    AttemptCheckDue,
    EventBus,
    MessagesQueued,
    ProgramsToTell,
    RefundMoved,
    RouterTaskQueued,
    WebhookStored,
)
from benfex.core.settings import Settings
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.core.vault import Vault
from benfex.documents.printing import Documents
from benfex.identity.login import SignIn
from benfex.identity.passwords import PasswordKeeper
from benfex.network.backups import Backups
from benfex.network.changing import Changer
from benfex.network.finding import Finder
from benfex.network.gardening import Gardens
from benfex.network.health import RouterWatch
from benfex.network.inspecting import Inspector
from benfex.network.inventory import RouterProbe
from benfex.network.leaks import Leaks
from benfex.network.looks import NameLooks
from benfex.network.managing import Managing
from benfex.network.provisioning import Provisioner
from benfex.notifications.accounts import ChannelBook
from benfex.notifications.dispatching import MessageDispatcher
from benfex.outgoing.telling import Telling
from benfex.payments.accounts import GatewayBook
from benfex.payments.auto_pay import AutoPay
from benfex.payments.checkout import Checkout
from benfex.payments.claims import Claims
from benfex.payments.dispute_following import Disputes
from benfex.payments.gateway_checks import GatewayChecks
from benfex.payments.gateway_reconciliation import GatewayReconciliation
from benfex.payments.inquiries import Inquiries
from benfex.payments.reconciliation import PaymentReconciler
from benfex.payments.refund_following import Refunds
from benfex.payments.standing_orders import StandingOrders
from benfex.payments.statement_imports import StatementImporter
from benfex.payments.webhooks import WebhookInbox
from benfex.subscriptions.adoption import Adoption
from benfex.subscriptions.bill_run import BillRunner
from benfex.subscriptions.diagnosis import Diagnosis, diagnose
from benfex.subscriptions.previews import preview
from benfex.subscriptions.views import services_of
from benfex.usage.live import LiveUsage
from benfex.usage.polling import UsagePoller
from benfex.usage.rollup import UsageRollup
from data.values.identifiers import CustomerId, SubscriptionId
from data.values.states import RefundStatus, RouterStatus

P = ParamSpec("P")
T = TypeVar("T")


class Service(Protocol):
    """Something that runs beside the flows while Benfex runs, such as the scheduler."""

    async def start(self) -> None:
        """Begin."""

    async def stop(self) -> None:
        """End, and leave nothing running."""


class Timetable(Service, Protocol):
    """The service that runs jobs, as the events wake it."""

    @property
    def is_running(self) -> bool:
        """Return whether jobs are being run."""

    def wake(self, name: str) -> None:
        """Run a job now."""


class Benfex:
    """A running system. Pages, routes, jobs and the command line all go through it."""

    telling: Telling
    inspector: Inspector
    backups: Backups
    changer: Changer
    first_run_token: str | None = None
    phone_url: str | None = None

    def __init__(  # noqa: PLR0913 - the one list of everything that is plugged together
        self,
        *,
        settings: Settings,
        clock: Clock,
        bus: EventBus,
        vault: Vault,
        transactor: Transactor,
        passwords: PasswordKeeper,
        sign_in: SignIn,
        gateways: GatewayBook,
        checkout: Checkout,
        auto_pay: AutoPay,
        inbox: WebhookInbox,
        reconciler: PaymentReconciler,
        reconciliation: GatewayReconciliation,
        refunds: Refunds,
        disputes: Disputes,
        channels: ChannelBook,
        messages: MessageDispatcher,
        documents: Documents,
        bill_runner: BillRunner,
        probe: RouterProbe,
        watch: RouterWatch,
        router_pools: Sequence[Executor],
        provisioner: Provisioner,
        poller: UsagePoller,
        live: LiveUsage,
        rollup: UsageRollup,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.bus = bus
        self.vault = vault
        self.transactor = transactor
        self.passwords = passwords
        self.sign_in = sign_in
        self.gateways = gateways
        self.checkout = checkout
        self.auto_pay = auto_pay
        self.inbox = inbox
        self.reconciler = reconciler
        self.reconciliation = reconciliation
        self.refunds = refunds
        self.disputes = disputes
        self.channels = channels
        self.messages = messages
        self.documents = documents
        self.bill_runner = bill_runner
        self.probe = probe
        self.watch = watch
        self._router_pools = tuple(router_pools)
        self.provisioner = provisioner
        self.poller = poller
        self.live = live
        self.rollup = rollup
        self.timetable: Timetable | None = None
        self._to_begin: list[Callable[[], Awaitable[None]]] = []
        self.storage_secret = hashlib.sha256(f"screens {settings.master_key}".encode()).hexdigest()
        self.demo_accounts: tuple[tuple[str, str, str], ...] = ()

    @property
    def gardens(self) -> Gardens:
        """Return what keeps our rules for who has not paid on routers."""
        return Gardens(
            self.transactor,
            self.provisioner,
            hosts=self._payer_hosts,
            public_url=self.settings.public_url,
            door=self.settings.garden_door,
        )

    def _payer_hosts(self) -> set[str]:
        """Return what who has not paid needs to reach to pay, besides the portal."""
        more = (host.strip() for host in self.settings.garden_hosts.split(","))
        used = (self.gateways.get(name).capabilities.payer_hosts for name in self.gateways.names())
        return {host for host in (*more, *(host for hosts in used for host in hosts)) if host}

    @property
    def statements(self) -> StatementImporter:
        """Return what reads statements from files."""
        return StatementImporter(self.transactor)

    @property
    def gateway_checks(self) -> GatewayChecks:
        """Return what tries settings of gateways out, on or off, beside those that run."""
        return GatewayChecks(
            self.transactor, self.vault, self.gateways.build, public_url=self.settings.public_url
        )

    @property
    def standing_orders(self) -> StandingOrders:
        """Return what asks payers for standing orders."""
        return StandingOrders(self.transactor, self.gateways, public_url=self.settings.public_url)

    @property
    def inquiries(self) -> Inquiries:
        """Return what asks gateways about single receipts and for codes."""
        return Inquiries(self.transactor, self.gateways, public_url=self.settings.public_url)

    @property
    def claims(self) -> Claims:
        """Return what takes receipts that customers say are theirs."""
        return Claims(self.transactor, self.gateways, self.inquiries)

    @property
    def finder(self) -> Finder:
        """Return what asks the routers who is online."""
        return Finder(self.transactor, self.provisioner)

    @cached_property
    def looks(self) -> NameLooks:
        """Return what asks routers about single names."""
        return NameLooks(self.provisioner)

    @property
    def managing(self) -> Managing:
        """Return what plans and begins the first write to a router."""
        return Managing(self.transactor, self.provisioner, self.vault)

    @property
    def adoption(self) -> Adoption:
        """Return what takes over the entries that a router holds already."""
        return Adoption(self.transactor, self.provisioner, self.vault)

    @property
    def leaks(self) -> Leaks:
        """Return what asks the routers who is on the network and not paying."""
        return Leaks(self.transactor, self.provisioner)

    async def diagnose(self, actor: Actor, *, customer_id: CustomerId) -> dict[SubscriptionId, Diagnosis]:
        """Return why each service of a customer is offline, by what the routers say now. Raises NotFound.

        Routers that answer are asked about the names of lines that should work; for the subscriber only about those
        that are not online, so that opening the portal costs a router nothing.
        """
        services = await self.read(services_of, actor, customer_id=customer_id)
        lines = [service.line for service in services if service.line is not None]
        online = {line.connection_id: self.live.online(line.connection_id) for line in lines}
        asked = {
            line.connection_id: (line.router_id, line.username)
            for line in lines
            if line.router_status is RouterStatus.REACHABLE
            and not (isinstance(actor, SubscriberActor) and online[line.connection_id])
        }
        seen = await self.looks.ask(asked)
        return await self.read(diagnose, actor, customer_id=customer_id, online=online, asked=seen)

    async def transact(
        self, act: Callable[Concatenate[UnitOfWork, P], T], actor: Actor, /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run one act in one transaction and publish its events after the commit."""
        return await self.transactor.transact(act, actor, *args, **kwargs)

    async def preview(
        self, act: Callable[Concatenate[UnitOfWork, P], T], actor: Actor, /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Return what an act would return, and change nothing."""
        return await preview(self.transactor, act, actor, *args, **kwargs)

    async def read(
        self, look: Callable[Concatenate[Snapshot, P], T], actor: Actor, /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run one view on one snapshot."""
        return await self.transactor.read(look, actor, *args, **kwargs)

    async def start(self) -> None:
        """Start everything: what answers gateways, then what works."""
        await self.open_doors()
        await self.begin_work()

    async def open_doors(self) -> None:
        """Start what takes in what gateways tell; it is kept as a row and waits for the work."""
        await self.transactor.start()
        await self.gateways.load()
        await self.channels.load()
        self.bus.subscribe(WebhookStored, lambda _: self._wake("process_webhooks"))
        self.bus.subscribe(AttemptCheckDue, lambda _: self._wake("check_payment_attempts"))
        self.bus.subscribe(MessagesQueued, lambda _: self._wake("send_messages"))
        self.bus.subscribe(ProgramsToTell, lambda _: self._wake("tell_programs"))
        self.bus.subscribe(RefundMoved, self._send_refund)
        self.bus.subscribe(RouterTaskQueued, lambda event: self.provisioner.wake(event.router_id))
        self._to_begin = [self.provisioner.start, self.poller.start]
        if self.timetable is not None:
            self._to_begin.append(self.timetable.start)

    async def begin_work(self) -> None:
        """Start the flows, then the timetable. After an error it goes on where it stopped."""
        while self._to_begin:
            await self._to_begin[0]()
            del self._to_begin[0]

    async def stop(self) -> None:
        """Stop in the opposite order; whatever was not done is a row and waits."""
        if self.timetable is not None:
            await self.timetable.stop()
        await self.changer.stop()
        await self.inspector.stop()
        await self.poller.stop()
        await self.provisioner.stop()
        await self.watch.stop()
        await self.channels.close()
        await self.gateways.close()
        for pool in self._router_pools:
            pool.shutdown(wait=False, cancel_futures=True)
        self.documents.close()
        self.passwords.close()
        await self.transactor.stop()

    async def missing(self) -> list[str]:
        """Return what keeps Benfex from being ready, in words; nothing when it is."""
        return (
            [] if self.timetable is not None and self.timetable.is_running else ["the timetable does not run"]
        )

    def _send_refund(self, event: RefundMoved) -> None:
        if event.status is RefundStatus.APPROVED:
            self._wake("follow_refunds")

    def _wake(self, job: str) -> None:
        if self.timetable is not None:
            self.timetable.wake(job)
