"""A router is asked about itself while somebody looks, and never holds up who does."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from benfex.core.actors import StaffActor, SystemActor
from benfex.core.errors import RouterRejected, RouterUnreachable
from benfex.core.paging import PageRequest
from benfex.network.device import PingReply
from benfex.network.driver import RouterIdentity
from benfex.network.firmware import count_behind, firmware_overview
from benfex.network.health import note_identity
from benfex.network.inspecting import Inspector
from benfex.network.registry import make_drivers, make_pool
from benfex.network.views import router
from benfex.simulation.routeros.faults import FaultKind
from data.engine import Database
from data.values.errors import Conflict, InvalidInput, NotFound, NotPermitted
from data.values.identifiers import RouterId, UserId
from data.values.roles import Role
from tests.acts.network.bench import Bench, bench_of
from tests.acts.network.rows import VAULT
from tests.contract.router_drivers import commands

pytestmark = pytest.mark.sqlite_only
TESTS = SystemActor("tests")
SUPPORT = StaffActor(UserId(1), Role.SUPPORT, "Support")
OWNER = StaffActor(UserId(2), Role.OWNER, "Brian Kiptoo")


@dataclass
class Looking:
    bench: Bench
    inspector: Inspector

    @property
    def router_id(self) -> RouterId:
        return self.bench.router_id


@asynccontextmanager
async def refusing(looking: Looking) -> AsyncIterator[None]:
    """A router that is connected to, and refuses whatever it is told from then on."""
    await looking.inspector.resources(OWNER, router_id=looking.router_id)
    looking.bench.router.set_fault(FaultKind.TRAP)
    try:
        yield
    finally:
        looking.bench.router.set_fault(FaultKind.NONE)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    threads = make_pool(4)
    yield threads
    threads.shutdown()


@pytest.fixture
async def looking(database: Database, pool: ThreadPoolExecutor) -> AsyncIterator[Looking]:
    async with bench_of(database) as bench:
        inspector = Inspector(
            transactor=bench.transactor, vault=VAULT, drivers=make_drivers(pool), timeout_seconds=0.3
        )
        yield Looking(bench, inspector)
        await inspector.stop()


async def test_a_hundred_watchers_are_one_question(looking: Looking) -> None:
    looking.bench.router.populate("home", 5, "default")
    ask = looking.inspector.interfaces
    first = await ask(SUPPORT, router_id=looking.router_id)
    before = commands(looking.bench.router, "/interface/monitor-traffic")

    seen = await asyncio.gather(*(ask(SUPPORT, router_id=looking.router_id) for _ in range(100)))

    assert commands(looking.bench.router, "/interface/monitor-traffic") == before
    assert all(one == first for one in seen)
    uplink = first[0]
    assert uplink.rate is not None
    assert uplink.rate.received_bps > 0
    assert first[4].rate is None  # it does not run, so it is not asked for


async def test_a_router_that_is_silent_is_told_soon_and_found_again(looking: Looking) -> None:
    assert (await looking.inspector.resources(SUPPORT, router_id=looking.router_id)).cpu_count == 4
    looking.bench.router.set_fault(FaultKind.STALLED)
    async with asyncio.timeout(3):
        with pytest.raises(RouterUnreachable):
            await looking.inspector.log(SUPPORT, router_id=looking.router_id)

    looking.bench.router.set_fault(FaultKind.NONE)
    assert await looking.inspector.leases(SUPPORT, router_id=looking.router_id)
    assert await looking.inspector.neighbours(SUPPORT, router_id=looking.router_id)


async def test_a_router_that_was_restarted_says_by_whom(looking: Looking) -> None:
    boots = looking.bench.router.device.boots
    restart = looking.inspector.restart
    name = looking.bench.router.options.name
    with pytest.raises(NotPermitted):
        await restart(SUPPORT, router_id=looking.router_id, confirm=name)
    with pytest.raises(InvalidInput, match=f"Type {name}"):
        await restart(OWNER, router_id=looking.router_id, confirm="another")
    with pytest.raises(NotFound):
        await restart(OWNER, router_id=RouterId(99), confirm=name)
    assert looking.bench.router.device.boots == boots

    await restart(OWNER, router_id=looking.router_id, confirm=name)

    assert looking.bench.router.device.boots == boots + 1
    view = await looking.bench.transactor.read(router, TESTS, router_id=looking.router_id)
    assert view.restarted_by == "Brian Kiptoo"
    assert view.restarted_at is not None
    log = await looking.inspector.log(OWNER, router_id=looking.router_id)
    assert log[-1].message == "router rebooted"


async def test_a_restart_that_is_asked_twice_is_one(looking: Looking) -> None:
    name = looking.bench.router.options.name
    await looking.inspector.restart(OWNER, router_id=looking.router_id, confirm=name)
    boots = looking.bench.router.device.boots
    with pytest.raises(Conflict, match="just been restarted"):
        await looking.inspector.restart(OWNER, router_id=looking.router_id, confirm=name)
    assert looking.bench.router.device.boots == boots


async def test_a_restart_that_the_router_refuses_is_none(looking: Looking) -> None:
    name = looking.bench.router.options.name
    with pytest.raises(RouterRejected):
        async with refusing(looking):
            await looking.inspector.restart(OWNER, router_id=looking.router_id, confirm=name)

    view = await looking.bench.transactor.read(router, TESTS, router_id=looking.router_id)
    assert (view.restarted_at, view.restarted_by) == (None, "")


async def test_pings_are_bounded_and_addresses_checked(looking: Looking) -> None:
    heard: list[PingReply] = []
    ping = looking.inspector.ping
    for count in (0, 21):
        with pytest.raises(InvalidInput, match="1 to 20"):
            await ping(
                SUPPORT, router_id=looking.router_id, address="8.8.8.8", count=count, heard=heard.append
            )
    for address in ("", "not an address", "=count=1", "300.1.1.1"):
        with pytest.raises(InvalidInput, match="address"):
            await ping(SUPPORT, router_id=looking.router_id, address=address, heard=heard.append)
    assert commands(looking.bench.router, "/ping") == 0


async def test_who_is_behind_is_told_by_the_newest_of_the_same_release(looking: Looking) -> None:
    async def is_now(version: str, offered: str) -> None:
        await looking.bench.transactor.transact(
            note_identity,
            TESTS,
            router_id=looking.router_id,
            identity=RouterIdentity("a", version, "hEX", "A1", 1, 1, 1, 1, "7.9", offered),
        )

    async def states() -> list[tuple[bool, bool, str]]:
        page = await looking.bench.transactor.read(
            firmware_overview, SUPPORT, request=PageRequest(sort="version")
        )
        return [(one.is_behind, one.waits_for_restart, one.newest) for one in page.rows]

    await is_now("7.9 (stable)", "7.9")
    assert await states() == [(False, False, "7.9")]
    await is_now("7.9 (stable)", "7.10")
    assert await states() == [(False, True, "7.9")]
    assert await looking.bench.transactor.read(count_behind, SUPPORT) == 1


async def test_the_newest_version_sorts_after_an_older_one_with_a_larger_digit(database: Database) -> None:
    async with bench_of(database, routers=3) as bench:
        for router_id, version in zip(bench.router_ids, ("7.18.2", "7.9", "6.49.17"), strict=True):
            await bench.transactor.transact(
                note_identity,
                TESTS,
                router_id=router_id,
                identity=RouterIdentity("a", version, "hEX", None, 1, 1, 1, 1),
            )
        page = await bench.transactor.read(firmware_overview, TESTS, request=PageRequest(sort="version"))
        behind = await bench.transactor.read(firmware_overview, TESTS, request=PageRequest(filter="behind"))

    assert [(one.version, one.is_behind) for one in page.rows] == [
        ("6.49.17", False),
        ("7.9", True),
        ("7.18.2", False),
    ]
    assert [(one.version, one.newest) for one in behind.rows] == [("7.9", "7.18.2")]
