"""Configurations are kept once for as long as they do not change, and staff hear of what they did not do."""

from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from benfex.core.actors import StaffActor, SystemActor
from benfex.core.paging import PageRequest
from benfex.network.backups import Backups
from benfex.network.inventory import manage_router
from benfex.network.registry import make_drivers, make_pool
from benfex.network.snapshots import (
    SnapshotView,
    accept_change,
    compare_snapshots,
    configuration_text,
    list_snapshots,
    unexpected_change,
)
from benfex.simulation.routeros.faults import FaultKind
from data.engine import Database
from data.values.errors import InvalidInput, NotFound, NotPermitted
from data.values.identifiers import UserId
from data.values.kinds import DiffKind
from data.values.roles import Role
from tests.acts.network.bench import Bench, bench_of
from tests.acts.network.rows import VAULT
from tests.contract.router_clients import ask, signed_in

pytestmark = pytest.mark.sqlite_only
TESTS = SystemActor("tests")
SUPPORT = StaffActor(UserId(1), Role.SUPPORT, "Mercy")
ACCOUNTANT = StaffActor(UserId(2), Role.ACCOUNTANT, "Otieno")


@dataclass
class Keeping:
    bench: Bench
    backups: Backups

    async def now(self) -> SnapshotView:
        await self.backups.back_up(SUPPORT, router_id=self.bench.router_id)
        return (await self.kept())[0]

    async def kept(self) -> tuple[SnapshotView, ...]:
        page = await self.bench.transactor.read(
            list_snapshots, SUPPORT, router_id=self.bench.router_id, request=PageRequest()
        )
        return page.rows

    async def somebody(self, command: str, *words: str) -> None:
        async with signed_in(self.bench.router) as admin:
            await ask(admin, command, *words)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    threads = make_pool(4)
    yield threads
    threads.shutdown()


@pytest.fixture
async def keeping(database: Database, pool: ThreadPoolExecutor) -> AsyncIterator[Keeping]:
    async with bench_of(database) as bench:
        yield Keeping(
            bench,
            Backups(
                transactor=bench.transactor, vault=VAULT, drivers=make_drivers(pool), timeout_seconds=1.0
            ),
        )


async def test_what_does_not_change_is_kept_once(keeping: Keeping) -> None:
    first = await keeping.now()
    again = await keeping.now()

    assert len(await keeping.kept()) == 1
    assert again.last_seen_at > first.last_seen_at
    assert again.taken_at == first.taken_at
    assert not first.is_unexpected


async def test_what_we_change_is_expected(keeping: Keeping) -> None:
    await keeping.now()
    amina = await keeping.bench.connect("amina")
    await keeping.bench.all_applied([amina])

    second = await keeping.now()

    assert len(await keeping.kept()) == 2
    assert (second.is_unexpected, second.added, second.removed) == (False, 0, 0)


async def test_what_somebody_else_changes_is_told_until_it_was_looked_at(keeping: Keeping) -> None:
    older = await keeping.now()
    await keeping.somebody("/ip/firewall/address-list/add", "=list=friends", "=address=10.9.9.9")
    newer = await keeping.now()
    read = keeping.bench.transactor.read
    router_id = keeping.bench.router_id

    assert (newer.is_unexpected, newer.added, newer.removed) == (True, 1, 0)
    assert await read(unexpected_change, SUPPORT, router_id=router_id) == newer
    lines = await read(
        compare_snapshots,
        SUPPORT,
        router_id=router_id,
        older=older.snapshot_id,
        newer=newer.snapshot_id,
        vault=VAULT,
    )
    assert [line.text for line in lines if line.kind is DiffKind.ADDED] == [
        "/ip firewall address-list",
        "add list=friends address=10.9.9.9",
    ]

    await keeping.bench.transactor.transact(
        accept_change, SUPPORT, router_id=router_id, snapshot_id=newer.snapshot_id
    )
    assert await read(unexpected_change, SUPPORT, router_id=router_id) is None
    assert (await keeping.kept())[0].seen_by == "Mercy"


async def test_what_is_kept_is_read_by_who_works_on_routers_only(keeping: Keeping) -> None:
    kept = await keeping.now()
    read, router_id = keeping.bench.transactor.read, keeping.bench.router_id
    text = await read(
        configuration_text, SUPPORT, router_id=router_id, snapshot_id=kept.snapshot_id, vault=VAULT
    )
    assert "/ip pool" in text
    with pytest.raises(NotPermitted):
        await read(
            configuration_text, ACCOUNTANT, router_id=router_id, snapshot_id=kept.snapshot_id, vault=VAULT
        )
    with pytest.raises(NotFound):
        await read(configuration_text, SUPPORT, router_id=router_id, snapshot_id=99, vault=VAULT)
    with pytest.raises(InvalidInput):
        await read(compare_snapshots, SUPPORT, router_id=router_id, older=1, newer=1, vault=VAULT)
    with pytest.raises(NotPermitted):
        await keeping.backups.back_up(ACCOUNTANT, router_id=router_id)


async def test_the_clock_reads_managed_routers_and_goes_on_after_one_that_is_ill(
    database: Database, pool: ThreadPoolExecutor
) -> None:
    async with bench_of(database, routers=3) as bench:
        backups = Backups(
            transactor=bench.transactor, vault=VAULT, drivers=make_drivers(pool), timeout_seconds=0.3
        )
        watched = bench.router_ids[2]
        await bench.transactor.transact(manage_router, TESTS, router_id=watched, is_managed=False)
        bench.routers[0].set_fault(FaultKind.STALLED)

        done = await backups.back_up_all(TESTS)

    assert (done.read, done.changed, done.unexpected) == (1, 1, 0)
    assert [router_id for router_id, _ in done.failed] == [bench.router_ids[0]]
