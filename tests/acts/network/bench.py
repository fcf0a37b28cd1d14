"""A small ISP for tests of the network: simulated routers and the flows that serve them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TypeVar

from benfex.core.clock import Clock, SystemClock
from benfex.core.events import Event, EventBus, RouterTaskQueued
from benfex.core.paging import PageRequest
from benfex.core.transactor import Transactor
from benfex.network.health import RouterWatch
from benfex.network.inventory import edit_router
from benfex.network.provisioning import Provisioner
from benfex.network.registry import make_drivers, make_pool
from benfex.network.write_journal import writes_of_router
from benfex.simulation.routeros.options import RouterOptions
from benfex.simulation.routeros.server import SimulatedRouter
from benfex.usage.live import LiveUsage
from benfex.usage.polling import UsagePoller
from data.engine import Database
from data.values.identifiers import ConnectionId, RouterId
from data.values.kinds import AccessMethod
from data.values.states import SubscriptionStatus, TaskStatus
from tests.acts.network.rows import (
    PASSWORD,
    SYSTEM,
    VAULT,
    LineState,
    TaskState,
    connect,
    line_state,
    move,
    new_router,
    pay_and_restore,
    recorded_bytes,
    restoration_steps,
    router_status,
    sell_plan,
    task_states,
)
from tests.contract.router_clients import ask, signed_in

T = TypeVar("T")

DEADLINE_SECONDS = 10.0


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

    async def connect(
        self,
        username: str = "amina",
        *,
        number: int = 1,
        at: int = 0,
        static_ip: str | None = None,
        mac: str | None = None,
        method: AccessMethod = AccessMethod.PPPOE,
    ) -> ConnectionId:
        return await self.transactor.transact(
            connect,
            SYSTEM,
            router_id=self.router_ids[at],
            plan_price_id=self.plan_price_id,
            username=username,
            number=number,
            static_ip=static_ip,
            mac=mac,
            method=method,
        )

    async def move(self, connection_id: ConnectionId, to: SubscriptionStatus) -> None:
        await self.transactor.transact(move, SYSTEM, connection_id=connection_id, to=to)

    async def line(self, connection_id: ConnectionId) -> LineState:
        return await self.transactor.read(line_state, SYSTEM, connection_id=connection_id)

    async def tasks(self, connection_id: ConnectionId) -> tuple[TaskState, ...]:
        return await self.transactor.read(task_states, SYSTEM, connection_id=connection_id)

    async def written(self, at: int = 0) -> list[tuple[str | None, str, bool]]:
        """Return (user name, what, whether it was kept) of what was written to a router, oldest first."""
        page = await self.transactor.read(
            writes_of_router, SYSTEM, router_id=self.router_ids[at], request=PageRequest(size=100)
        )
        return [(one.username, one.what, one.is_confirmed) for one in reversed(page.rows)]

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

    async def all_applied(self, connection_ids: Iterable[ConnectionId]) -> None:
        """Wait until the routers agree about all of them."""
        for connection_id in connection_ids:
            await until(partial(self.is_applied, connection_id))

    def secret(self, username: str, at: int = 0) -> dict[str, str] | None:
        rows = self.routers[at].table("ppp.secret")
        return next((row for row in rows if row["name"] == username), None)

    def session(self, username: str, at: int = 0) -> dict[str, object] | None:
        rows = self.routers[at].sessions()
        return next((row for row in rows if row["user"] == username), None)

    def of_kind(self, kind: type[T]) -> list[T]:
        return [event for event in self.events if isinstance(event, kind)]


async def usage_of(bench: Bench, connection_id: ConnectionId) -> tuple[int, int]:
    """Return all bytes recorded for a connection: download, upload."""
    return await bench.transactor.read(recorded_bytes, SYSTEM, connection_id=connection_id)


@asynccontextmanager
async def bench_of(
    database: Database,
    *,
    routers: int = 1,
    retry_seconds: Sequence[float] = (0.05,),
    timeout_seconds: float = 1.0,
    record_seconds: float = 0.0,
    watch_interval_seconds: float = 0.2,
) -> AsyncIterator[Bench]:
    """Yield running flows over a database and simulated routers whose homes dial at once."""
    bus, clock = EventBus(), SystemClock()
    transactor = Transactor(database, clock, bus)
    await transactor.start()
    simulated = await _switch_on(routers)
    pools = make_pool(8), make_pool(8)
    watch, live = RouterWatch(transactor=transactor, bus=bus, probe_seconds=0.05), LiveUsage()
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

    router_ids = await _register(transactor, simulated)
    plan_price_id = await transactor.transact(sell_plan, SYSTEM)
    flows = (watch, provisioner, live, make_poller(live))
    places = (simulated, router_ids, plan_price_id, make_poller)
    bench = Bench(transactor, bus, clock, *flows, *places)
    try:
        async with _running(bench):
            yield bench
    finally:
        for router in simulated:
            await router.stop()
        for pool in pools:
            pool.shutdown()


async def _switch_on(count: int) -> tuple[SimulatedRouter, ...]:
    simulated = tuple(_router(number) for number in range(1, count + 1))
    for router in simulated:
        await router.start()
    return simulated


async def _register(transactor: Transactor, simulated: Sequence[SimulatedRouter]) -> tuple[RouterId, ...]:
    ids = [
        await transactor.transact(new_router, SYSTEM, name=router.options.name, port=router.port)
        for router in simulated
    ]
    return tuple(ids)


@asynccontextmanager
async def _running(bench: Bench) -> AsyncIterator[None]:
    bench.bus.subscribe(RouterTaskQueued, lambda event: bench.provisioner.wake(event.router_id))
    for kind in Event.__subclasses__():
        bench.bus.subscribe(kind, bench.events.append)
    await bench.provisioner.start()
    await bench.poller.start()
    try:
        yield
    finally:
        await bench.poller.stop()
        await bench.provisioner.stop()
        await bench.transactor.stop()


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
