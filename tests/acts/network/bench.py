"""A small ISP for tests of the network: simulated routers, sold lines, and the flows that serve them."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TypeVar

from sqlalchemy import func, select

from benfex.core.actors import SystemActor
from benfex.core.clock import Clock, SystemClock
from benfex.core.events import Event, EventBus, RouterTaskQueued
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.core.vault import Vault
from benfex.network.connections import ConnectionSpec, create_connection, request_sync
from benfex.network.health import RouterWatch
from benfex.network.inventory import add_router, edit_router
from benfex.network.provisioning import Provisioner
from benfex.network.registry import make_drivers, make_pool
from benfex.simulation.routeros.options import RouterOptions
from benfex.simulation.routeros.server import SimulatedRouter
from benfex.usage.live import LiveUsage
from benfex.usage.polling import UsagePoller
from data.models.catalog import Plan, PlanPrice
from data.models.customer import Customer
from data.models.payment import Payment, RestorationClock
from data.models.router import Connection, Router, RouterTask
from data.models.subscription import Subscription
from data.models.usage import usage_5m
from data.values.identifiers import ConnectionId, RouterId, SubscriptionId, make_account_number
from data.values.kinds import (
    AccessMethod,
    BillingMode,
    CapAction,
    CustomerKind,
    EvidenceGrade,
    Interval,
    TaxBehavior,
)
from data.values.states import CustomerStatus, PaymentStatus, SubscriptionStatus, TaskStatus
from tests.contract.router_clients import ask, signed_in

T = TypeVar("T")

SYSTEM = SystemActor("tests")
VAULT = Vault("a key of the tests that is long enough")
PASSWORD = "demo-router-1"
PERIOD_STARTS_ON = date(2026, 11, 1)
VALID_FROM = datetime(2020, 1, 1, tzinfo=UTC)
DEADLINE_SECONDS = 10.0


def sell_plan(
    uow: UnitOfWork,
    *,
    code: str = "HOME",
    cap_bytes: int | None = None,
    cap_action: CapAction = CapAction.THROTTLE,
    throttled_bps: int | None = 1_000_000,
) -> int:
    """Publish a plan of 20/5 Mbps at one price; return the price."""
    plan = Plan(
        code=code,
        name=code.title(),
        access_method=AccessMethod.PPPOE,
        download_bps=20_000_000,
        upload_bps=5_000_000,
        data_cap_bytes=cap_bytes,
        cap_action=cap_action,
        throttled_bps=throttled_bps,
    )
    uow.session.add(plan)
    uow.session.flush()
    assert plan.id is not None
    price = PlanPrice(
        plan_id=plan.id,
        amount_minor=250_000,
        currency="KES",
        interval=Interval.MONTH,
        billing_mode=BillingMode.POSTPAID,
        tax_behavior=TaxBehavior.INCLUSIVE,
        valid_from=VALID_FROM,
    )
    uow.session.add(price)
    uow.session.flush()
    assert price.id is not None
    return price.id


def subscribe(uow: UnitOfWork, *, plan_price_id: int, number: int = 1) -> SubscriptionId:
    """Give a new customer an active subscription without a line."""
    msisdn = f"25470000{number:04d}"
    customer = Customer(
        account_number=make_account_number(number),
        kind=CustomerKind.PERSON,
        name=f"Customer {number}",
        phone=f"+{msisdn}",
        phone_sha256=hashlib.sha256(msisdn.encode()).hexdigest(),
        currency="KES",
        status=CustomerStatus.ACTIVE,
    )
    uow.session.add(customer)
    uow.session.flush()
    assert customer.id is not None
    subscription = Subscription(
        customer_id=customer.id,
        plan_price_id=plan_price_id,
        status=SubscriptionStatus.ACTIVE,
        anchor_day=1,
        starts_on=PERIOD_STARTS_ON,
        period_starts_on=PERIOD_STARTS_ON,
        period_ends_on=date(2026, 12, 1),
        charged_through_on=date(2026, 12, 1),
    )
    uow.session.add(subscription)
    uow.session.flush()
    assert subscription.id is not None
    return SubscriptionId(subscription.id)


def connect(
    uow: UnitOfWork,
    *,
    router_id: RouterId,
    plan_price_id: int,
    username: str = "amina",
    number: int = 1,
    static_ip: str | None = None,
) -> ConnectionId:
    """Give a new customer an active subscription with a line."""
    subscription_id = subscribe(uow, plan_price_id=plan_price_id, number=number)
    spec = ConnectionSpec(router_id, username, f"secret-of-{username}", static_ip=static_ip)
    return create_connection(uow, subscription_id=subscription_id, spec=spec, vault=VAULT)


def move(uow: UnitOfWork, *, connection_id: ConnectionId, to: SubscriptionStatus) -> None:
    """Bring a subscription to a state and ask the router to follow, urgently when service comes back."""
    connection = uow.session.get(Connection, connection_id)
    assert connection is not None
    subscription = uow.session.get(Subscription, connection.subscription_id)
    assert subscription is not None
    subscription.status = to
    uow.session.flush()
    request_sync(uow, connection_id=connection_id, urgent=to is SubscriptionStatus.ACTIVE)


def new_router(
    uow: UnitOfWork, *, name: str = "nakuru-core", host: str = "127.0.0.1", port: int = 8728
) -> RouterId:
    return add_router(
        uow, name=name, host=host, port=port, username="benfex", password=PASSWORD, vault=VAULT
    )


@dataclass(frozen=True, slots=True)
class LineState:
    desired: int
    applied: int
    is_removed: bool
    drift: str | None
    was_online: bool


@dataclass(frozen=True, slots=True)
class TaskState:
    status: TaskStatus
    attempts: int
    generation: int
    is_urgent: bool
    last_error: str | None
    run_after_at: datetime


def line_state(snapshot: Snapshot, *, connection_id: ConnectionId) -> LineState:
    row = snapshot.session.get(Connection, connection_id)
    assert row is not None
    return LineState(
        row.desired_generation,
        row.applied_generation,
        row.removed_at is not None,
        row.drift,
        row.last_online_at is not None,
    )


def task_states(snapshot: Snapshot, *, connection_id: ConnectionId) -> tuple[TaskState, ...]:
    """Return the tasks of a connection, oldest first."""
    chosen = select(RouterTask).where(RouterTask.connection_id == connection_id).order_by(RouterTask.id)
    rows = snapshot.session.scalars(chosen)
    return tuple(
        TaskState(
            row.status, row.attempts, row.generation, row.is_urgent, row.last_error, row.run_after_at
        )
        for row in rows
    )


def pay_and_restore(uow: UnitOfWork, *, connection_id: ConnectionId) -> None:
    """Restore a line as a payment does, with its money-to-packet clock."""
    connection = uow.session.get(Connection, connection_id)
    assert connection is not None
    payment = Payment(
        gateway="mpesa",
        gateway_transaction_id=f"TEST{connection_id}",
        amount_minor=250_000,
        currency="KES",
        status=PaymentStatus.RECEIVED,
        grade=EvidenceGrade.SIGNED,
        source="tests",
        received_at=uow.now,
    )
    uow.session.add(payment)
    uow.session.flush()
    assert payment.id is not None
    clock = RestorationClock(
        payment_id=payment.id,
        subscription_id=connection.subscription_id,
        connection_id=connection_id,
        evidence_at=uow.now,
        matched_at=uow.now,
        settled_at=uow.now,
    )
    uow.session.add(clock)
    move(uow, connection_id=connection_id, to=SubscriptionStatus.ACTIVE)


def restoration_steps(snapshot: Snapshot) -> list[datetime]:
    """Return the instants of the only restoration in the order in which they should come."""
    clock = snapshot.session.scalars(select(RestorationClock)).one()
    steps = (clock.settled_at, clock.written_at, clock.read_back_at, clock.session_at)
    return [step for step in steps if step is not None]


async def usage_of(bench: "Bench", connection_id: ConnectionId) -> tuple[int, int]:
    """Return all bytes recorded for a connection: download, upload."""
    return await bench.transactor.read(recorded_bytes, SYSTEM, connection_id=connection_id)


def recorded_bytes(snapshot: Snapshot, *, connection_id: ConnectionId) -> tuple[int, int]:
    columns = usage_5m.c
    row = snapshot.session.execute(
        select(
            func.coalesce(func.sum(columns.download_bytes), 0), func.coalesce(func.sum(columns.upload_bytes), 0)
        ).where(columns.connection_id == connection_id)
    ).one()
    return int(row[0]), int(row[1])


def router_status(snapshot: Snapshot, *, router_id: RouterId) -> tuple[str, str]:
    row = snapshot.session.get(Router, router_id)
    assert row is not None
    return row.status.value, row.status_reason


@dataclass
class Bench:
    """What a test of the network has at hand."""

    transactor: Transactor
    bus: EventBus
    clock: Clock
    watch: RouterWatch
    provisioner: Provisioner
    live: LiveUsage
    poller: UsagePoller
    routers: tuple[SimulatedRouter, ...]
    router_ids: tuple[RouterId, ...]
    plan_price_id: int
    make_poller: Callable[[LiveUsage], UsagePoller]
    events: list[Event] = field(default_factory=list)

    @property
    def router(self) -> SimulatedRouter:
        return self.routers[0]

    @property
    def router_id(self) -> RouterId:
        return self.router_ids[0]

    async def connect(self, username: str = "amina", *, number: int = 1, at: int = 0) -> ConnectionId:
        return await self.transactor.transact(
            connect,
            SYSTEM,
            router_id=self.router_ids[at],
            plan_price_id=self.plan_price_id,
            username=username,
            number=number,
        )

    async def move(self, connection_id: ConnectionId, to: SubscriptionStatus) -> None:
        await self.transactor.transact(move, SYSTEM, connection_id=connection_id, to=to)

    async def line(self, connection_id: ConnectionId) -> LineState:
        return await self.transactor.read(line_state, SYSTEM, connection_id=connection_id)

    async def tasks(self, connection_id: ConnectionId) -> tuple[TaskState, ...]:
        return await self.transactor.read(task_states, SYSTEM, connection_id=connection_id)

    async def router_status(self, at: int = 0) -> tuple[str, str]:
        return await self.transactor.read(router_status, SYSTEM, router_id=self.router_ids[at])

    async def edit_router(self, *, password: str = PASSWORD) -> None:
        await self.transactor.transact(
            edit_router,
            SYSTEM,
            router_id=self.router_id,
            name=self.router.options.name,
            host="127.0.0.1",
            port=self.router.port,
            username="benfex",
            password=password,
            vault=VAULT,
        )

    def another_poller(self) -> UsagePoller:
        """Return a poller that knows nothing but the rows, as after a restart."""
        return self.make_poller(LiveUsage())

    async def polled_until(self, condition: Callable[[], object]) -> bool:
        """Let the clock look at the routers once, and return whether the condition holds."""
        await self.poller.poll_due()
        return bool(condition())

    async def pay(self, connection_id: ConnectionId) -> None:
        """Restore a suspended line as a payment does: with a money-to-packet clock."""
        await self.transactor.transact(pay_and_restore, SYSTEM, connection_id=connection_id)

    async def restoration(self) -> list[datetime]:
        return await self.transactor.read(restoration_steps, SYSTEM)

    async def set_on_router(self, username: str, changes: dict[str, str]) -> None:
        """Change a secret as an administrator does."""
        async with signed_in(self.router) as admin:
            row = (await ask(admin, "/ppp/secret/print", f"?name={username}"))[0]
            words = [f"={name}={value}" for name, value in changes.items()]
            await ask(admin, "/ppp/secret/set", f"=.id={row['.id']}", *words)

    async def add_on_router(self, secret: dict[str, str]) -> None:
        """Add a secret as an administrator does."""
        async with signed_in(self.router) as admin:
            await ask(admin, "/ppp/secret/add", *(f"={name}={value}" for name, value in secret.items()))

    async def is_applied(self, connection_id: ConnectionId) -> bool:
        line = await self.line(connection_id)
        tasks = await self.tasks(connection_id)
        return line.applied == line.desired and tasks[-1].status is TaskStatus.DONE

    def secret(self, username: str, at: int = 0) -> dict[str, str] | None:
        rows = self.routers[at].table("ppp.secret")
        return next((row for row in rows if row["name"] == username), None)

    def session(self, username: str, at: int = 0) -> dict[str, object] | None:
        rows = self.routers[at].sessions()
        return next((row for row in rows if row["user"] == username), None)

    def of_kind(self, kind: type[T]) -> list[T]:
        return [event for event in self.events if isinstance(event, kind)]


@asynccontextmanager
async def bench_of(
    database: object,
    *,
    routers: int = 1,
    retry_seconds: Sequence[float] = (0.05,),
    timeout_seconds: float = 1.0,
    record_seconds: float = 0.0,
    watch_interval_seconds: float = 0.2,
) -> AsyncIterator[Bench]:
    """Yield running flows over a database and simulated routers whose homes dial at once."""
    bus, clock = EventBus(), SystemClock()
    transactor = Transactor(database, clock, bus)  # type: ignore[arg-type]
    await transactor.start()
    simulated = tuple(_router(number) for number in range(1, routers + 1))
    for router in simulated:
        await router.start()
    pools = make_pool(8), make_pool(8)
    watch = RouterWatch(transactor=transactor, bus=bus, probe_seconds=0.05)
    live = LiveUsage()
    provisioner = Provisioner(
        transactor=transactor,
        clock=clock,
        vault=VAULT,
        drivers=make_drivers(pools[0]),
        watch=watch,
        timeout_seconds=timeout_seconds,
        retry_seconds=retry_seconds,
    )

    def make_poller(live: LiveUsage) -> UsagePoller:
        return UsagePoller(
            transactor=transactor,
            clock=clock,
            bus=bus,
            vault=VAULT,
            drivers=make_drivers(pools[1]),
            watch=watch,
            live=live,
            record_seconds=record_seconds,
            timeout_seconds=timeout_seconds,
            watch_interval_seconds=watch_interval_seconds,
        )

    poller = make_poller(live)
    router_ids = tuple(
        [
            await transactor.transact(new_router, SYSTEM, name=router.options.name, port=router.port)
            for router in simulated
        ]
    )
    bench = Bench(
        transactor,
        bus,
        clock,
        watch,
        provisioner,
        live,
        poller,
        simulated,
        router_ids,
        await transactor.transact(sell_plan, SYSTEM),
        make_poller,
    )
    bus.subscribe(RouterTaskQueued, lambda event: provisioner.wake(event.router_id))
    for kind in Event.__subclasses__():
        bus.subscribe(kind, bench.events.append)
    await provisioner.start()
    await poller.start()
    try:
        yield bench
    finally:
        await poller.stop()
        await provisioner.stop()
        await transactor.stop()
        for router in simulated:
            await router.stop()
        for pool in pools:
            pool.shutdown()


async def until(condition: Callable[[], object], *, within_seconds: float = DEADLINE_SECONDS) -> None:
    """Wait until a condition holds; it may be a coroutine function."""
    async with asyncio.timeout(within_seconds):
        while True:
            found = condition()
            if asyncio.iscoroutine(found):
                found = await found
            if found:
                return
            await asyncio.sleep(0.01)


def _router(number: int) -> SimulatedRouter:
    return SimulatedRouter(
        RouterOptions(
            name=f"router-{number}",
            password=PASSWORD,
            seed=number,
            dial_seconds=(0.01, 0.02),
            redial_seconds=(0.01, 0.02),
        )
    )
