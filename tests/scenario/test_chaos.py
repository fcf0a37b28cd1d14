"""Routers that come and go while customers pay and lapse: at the end each holds the books, and nobody waited in vain.

A simulated hour passes in hundredths of a second, while ours reacts in real ones: what is late here is far later there.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random

import pytest

from benfex.network.desired_state import SUSPENDED_PROFILE
from benfex.simulation.routeros.server import SimulatedRouter
from data.engine import Database
from data.values.identifiers import ConnectionId
from data.values.states import SubscriptionStatus
from tests.acts.network.bench import Bench, bench_of, until

pytestmark = pytest.mark.sqlite_only

ANSWERS_LATE_SECONDS = 10.0
HOURS = 24
# What happens to a router; a fault that strikes once is over by itself.
FAULTS = ("unreachable", "stalled", "garbage", "cut")
SLIPS = ("close_after_write", "drop_write")
STAFF = ("name", "password", "profile", "comment", "disabled")


@dataclass(slots=True)
class Line:
    """A line as the books have it."""

    connection_id: ConnectionId
    username: str
    at: int
    is_paid: bool = True


@dataclass(slots=True)
class Chaos:
    """What happens, and what is noted of it."""

    bench: Bench
    dice: Random
    lines: list[Line]
    owed: dict[str, float] = field(default_factory=dict)  # since when a paid line waits for its router
    waited: list[float] = field(default_factory=list)
    down_since: dict[int, float] = field(default_factory=dict)
    downs: list[tuple[int, float, float]] = field(default_factory=list)

    async def hour(self) -> None:
        """Let some things happen at once, and an hour pass."""
        for _ in range(self.dice.randrange(1, 4)):
            if self.dice.random() < 0.5:
                await self.turn(self.dice.choice(self.lines))
            else:
                self.shake(self.dice.randrange(len(self.bench.routers)))
        await asyncio.sleep(self.dice.uniform(0.005, 0.04))

    async def turn(self, line: Line) -> None:
        """Have a customer pay who has not, or lapse who has."""
        line.is_paid = not line.is_paid
        to = SubscriptionStatus.ACTIVE if line.is_paid else SubscriptionStatus.SUSPENDED
        await self.bench.move(line.connection_id, to)
        self.owed.pop(line.username, None)
        if line.is_paid:
            self.owed[line.username] = time.monotonic()

    def shake(self, at: int) -> None:
        """Break a router, restart it, or repair it."""
        router = self.bench.routers[at]
        if at in self.down_since:
            self.repair(at)
        elif self.dice.random() < 0.25:
            router.reboot()
        elif self.dice.random() < 0.4:
            router.set_fault(self.dice.choice(SLIPS), 1)
        else:
            router.set_fault(self.dice.choice(FAULTS))
            self.down_since[at] = time.monotonic()

    def repair(self, at: int) -> None:
        self.bench.routers[at].set_fault("none")
        self.downs.append((at, self.down_since.pop(at), time.monotonic()))

    def look(self) -> None:
        """Note which paid lines are let in now, and how long they waited beside their router's own faults."""
        now = time.monotonic()
        for line in self.lines:
            since = self.owed.get(line.username)
            if (
                since is not None
                and profile_of(self.bench.routers[line.at], line.username) != SUSPENDED_PROFILE
            ):
                del self.owed[line.username]
                self.waited.append(now - since - self.down_within(line.at, since, now))

    def down_within(self, at: int, since: float, until_: float) -> float:
        spans = [(begins, ends) for place, begins, ends in self.downs if place == at]
        if at in self.down_since:
            spans.append((self.down_since[at], until_))
        return sum(max(0.0, min(ends, until_) - max(begins, since)) for begins, ends in spans)

    def is_settled(self) -> bool:
        """Return whether every router holds what the books say."""
        return all(
            (profile_of(self.bench.routers[line.at], line.username) == SUSPENDED_PROFILE) is not line.is_paid
            for line in self.lines
        )


def profile_of(router: SimulatedRouter, username: str) -> str:
    return next(row["profile"] for row in router.table("ppp.secret") if row["name"] == username)


def staff_of(router: SimulatedRouter) -> list[tuple[str, ...]]:
    """Return the entries that are not ours, as they stand."""
    rows = [row for row in router.table("ppp.secret") if not row.get("comment", "").startswith("benfex:")]
    return [tuple(row.get(name, "") for name in STAFF) for row in rows]


@asynccontextmanager
async def looking(chaos: Chaos) -> AsyncIterator[None]:
    """Look again and again while the block lasts."""

    async def look() -> None:
        while True:
            chaos.look()
            await asyncio.sleep(0.005)

    async with asyncio.TaskGroup() as group:
        task = group.create_task(look())
        try:
            yield
        finally:
            task.cancel()


async def test_two_days_of_three_routers_that_come_and_go(database: Database) -> None:
    await _live(database, routers=3, lines=3, days=2)


@pytest.mark.deep
@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_ten_days_of_ten_routers_that_come_and_go(database: Database, seed: int) -> None:
    await _live(database, routers=10, lines=10, days=10, seed=seed)


async def _live(database: Database, *, routers: int, lines: int, days: int, seed: int = 7) -> None:
    async with bench_of(
        database, routers=routers, retry_seconds=(0.05, 0.1, 0.2), timeout_seconds=0.5
    ) as bench:
        for router in bench.routers:
            router.populate("staff", 5, "default")
        staff = [staff_of(router) for router in bench.routers]
        sold = []
        for number in range(1, routers * lines + 1):
            name, at = f"home{number}", number % routers
            sold.append(Line(await bench.connect(name, number=number, at=at), name, at))
        await bench.all_applied([line.connection_id for line in sold])
        chaos = Chaos(bench, Random(seed), sold)
        async with looking(chaos):
            for _ in range(days * HOURS):
                await chaos.hour()
            for at in tuple(chaos.down_since):
                chaos.repair(at)
            await until(chaos.is_settled, within_seconds=30)
            await bench.all_applied([line.connection_id for line in sold])
            await until(lambda: not chaos.owed)

        assert chaos.downs
        assert len(chaos.waited) > days * 4
        assert max(chaos.waited) <= ANSWERS_LATE_SECONDS
        assert [staff_of(router) for router in bench.routers] == staff
        for router_id in bench.router_ids:
            report = await bench.provisioner.reconcile_router(router_id, dry_run=True)
            assert report.drifts == ()
