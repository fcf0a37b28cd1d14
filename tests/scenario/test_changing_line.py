"""A vetted change on many routers: seen first, one alone, read back, stopped at a failure, and put back exactly."""

from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from benfex.core.actors import StaffActor, SystemActor
from benfex.core.paging import PageRequest
from benfex.network.backups import Backups
from benfex.network.change_runs import RunView, begin, list_items, list_runs, run_view, take_step
from benfex.network.changing import Changer
from benfex.network.inventory import manage_router
from benfex.network.registry import make_drivers, make_pool
from benfex.network.snapshots import unexpected_change
from benfex.network.vetted import Change, list_address, set_dns, switch_off
from benfex.simulation.routeros.faults import FaultKind
from data.engine import Database
from data.values.errors import Conflict, InvalidInput, NotFound, NotPermitted
from data.values.identifiers import UserId
from data.values.kinds import ChangeItemState, ChangeRunState
from data.values.roles import Role
from tests.acts.network.bench import Bench, bench_of
from tests.acts.network.rows import VAULT
from tests.contract.router_clients import ask, signed_in

pytestmark = pytest.mark.sqlite_only
TESTS = SystemActor("tests")
SUPPORT = StaffActor(UserId(1), Role.SUPPORT, "Mercy")
OWNER = StaffActor(UserId(2), Role.OWNER, "Brian Kiptoo")
DNS = set_dns("1.1.1.1")


@dataclass
class Fleet:
    bench: Bench
    changer: Changer
    run_id: int = field(default=0)

    async def plan(self, change: Change = DNS) -> RunView:
        self.run_id = await self.changer.plan(OWNER, change=change, router_ids=self.bench.router_ids)
        return await self.view()

    async def go_on(self) -> RunView:
        await self.changer.go_on(OWNER, run_id=self.run_id, seen=(await self.view()).state)
        await self.changer.wait(self.run_id)
        return await self.view()

    async def undo(self) -> RunView:
        await self.changer.undo(OWNER, run_id=self.run_id)
        await self.changer.wait(self.run_id)
        return await self.view()

    async def view(self) -> RunView:
        return await self.bench.transactor.read(run_view, SUPPORT, run_id=self.run_id)

    async def states(self) -> list[ChangeItemState]:
        page = await self.bench.transactor.read(
            list_items, SUPPORT, run_id=self.run_id, request=PageRequest()
        )
        return [item.state for item in page.rows]

    def dns(self) -> list[str]:
        return [router.table("ip.dns")[0]["servers"] for router in self.bench.routers]

    async def set_dns(self, at: int, servers: str) -> None:
        async with signed_in(self.bench.routers[at]) as admin:
            await ask(admin, "/ip/dns/set", f"=servers={servers}")


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    threads = make_pool(4)
    yield threads
    threads.shutdown()


@pytest.fixture
async def fleet(database: Database, pool: ThreadPoolExecutor) -> AsyncIterator[Fleet]:
    async with bench_of(database, routers=4) as bench:
        changer = Changer(
            transactor=bench.transactor, vault=VAULT, drivers=make_drivers(pool), timeout_seconds=0.5
        )
        one = Fleet(bench, changer)
        for at in range(4):
            await one.set_dns(at, f"10.0.0.{at + 1}")
        yield one
        await changer.stop()


async def test_a_change_is_seen_then_tried_alone_then_made_and_put_back(fleet: Fleet) -> None:
    await fleet.set_dns(2, "1.1.1.1")
    planned = await fleet.plan()
    assert (planned.state, planned.what) == (ChangeRunState.PLANNED, "DNS servers: 1.1.1.1")
    page = await fleet.bench.transactor.read(list_items, SUPPORT, run_id=fleet.run_id, request=PageRequest())
    assert [(item.before, item.after) for item in page.rows][:2] == [
        ("10.0.0.1", "1.1.1.1"),
        ("10.0.0.2", "1.1.1.1"),
    ]
    assert fleet.dns() == ["10.0.0.1", "10.0.0.2", "1.1.1.1", "10.0.0.4"]

    assert (await fleet.go_on()).state is ChangeRunState.LOOKING
    assert fleet.dns() == ["1.1.1.1", "10.0.0.2", "1.1.1.1", "10.0.0.4"]

    assert (await fleet.go_on()).state is ChangeRunState.DONE
    assert fleet.dns() == ["1.1.1.1"] * 4
    done, already = ChangeItemState.DONE, ChangeItemState.ALREADY
    assert await fleet.states() == [done, done, already, done]

    assert (await fleet.undo()).state is ChangeRunState.UNDONE
    assert fleet.dns() == ["10.0.0.1", "10.0.0.2", "1.1.1.1", "10.0.0.4"]
    with pytest.raises(Conflict):
        await fleet.go_on()
    with pytest.raises(Conflict):
        await fleet.undo()


async def test_the_first_failure_stops_it_and_it_goes_on_when_that_is_mended(fleet: Fleet) -> None:
    await fleet.plan()
    await fleet.go_on()
    fleet.bench.routers[2].set_fault(FaultKind.DROP_WRITE)

    stopped = await fleet.go_on()

    assert stopped.state is ChangeRunState.STOPPED
    assert "It was written, but the router has 10.0.0.3." in stopped.reason
    assert fleet.dns() == ["1.1.1.1", "1.1.1.1", "10.0.0.3", "10.0.0.4"]
    fleet.bench.routers[2].set_fault(FaultKind.NONE)
    assert (await fleet.go_on()).state is ChangeRunState.DONE
    assert fleet.dns() == ["1.1.1.1"] * 4


async def test_a_router_that_somebody_changed_since_is_left_alone(fleet: Fleet) -> None:
    await fleet.plan()
    await fleet.go_on()
    await fleet.set_dns(1, "9.9.9.9")

    stopped = await fleet.go_on()
    assert "Somebody changed it since: it is 9.9.9.9 now" in stopped.reason
    assert fleet.dns() == ["1.1.1.1", "9.9.9.9", "10.0.0.3", "10.0.0.4"]

    undone = await fleet.undo()
    assert undone.state is ChangeRunState.STOPPED
    assert fleet.dns() == ["10.0.0.1", "9.9.9.9", "10.0.0.3", "10.0.0.4"]


@pytest.mark.parametrize("was_written", [False, True])
async def test_what_a_kill_left_half_done_is_decided_by_reading(fleet: Fleet, was_written: bool) -> None:
    await fleet.plan()
    await fleet.bench.transactor.transact(begin, OWNER, run_id=fleet.run_id, seen=ChangeRunState.PLANNED)
    step = await fleet.bench.transactor.transact(take_step, OWNER, run_id=fleet.run_id, is_undo=False)
    assert step is not None
    if was_written:
        await fleet.set_dns(0, "1.1.1.1")
    assert (await fleet.states())[0] is ChangeItemState.CHANGING

    assert (await fleet.go_on()).state is ChangeRunState.LOOKING
    assert fleet.dns()[0] == "1.1.1.1"

    assert (await fleet.undo()).state is ChangeRunState.UNDONE
    assert fleet.dns()[0] == "10.0.0.1"


async def test_an_answer_that_was_lost_is_undone_too(fleet: Fleet) -> None:
    await fleet.plan()
    fleet.bench.routers[0].set_fault(FaultKind.CLOSE_AFTER_WRITE)
    assert (await fleet.go_on()).state is ChangeRunState.STOPPED
    assert fleet.dns()[0] == "1.1.1.1"

    fleet.bench.routers[0].set_fault(FaultKind.NONE)
    assert (await fleet.undo()).state is ChangeRunState.UNDONE
    assert fleet.dns()[0] == "10.0.0.1"


async def test_a_router_that_cannot_be_read_is_left_out(fleet: Fleet) -> None:
    fleet.bench.routers[1].set_fault(FaultKind.STALLED)
    await fleet.plan(switch_off("telnet"))
    assert (await fleet.states())[1] is ChangeItemState.UNREAD
    fleet.bench.routers[1].set_fault(FaultKind.NONE)

    await fleet.go_on()
    assert (await fleet.go_on()).state is ChangeRunState.DONE
    off = [
        any(row["name"] == "telnet" and row["disabled"] == "true" for row in router.table("ip.service"))
        for router in fleet.bench.routers
    ]
    assert off == [True, False, True, True]


async def test_watched_routers_are_never_changed(fleet: Fleet) -> None:
    watched = fleet.bench.router_ids[3]
    await fleet.plan()
    await fleet.bench.transactor.transact(manage_router, TESTS, router_id=watched, is_managed=False)
    await fleet.go_on()
    stopped = await fleet.go_on()
    assert (stopped.state, "only watched" in stopped.reason) == (ChangeRunState.STOPPED, True)
    assert fleet.dns()[3] == "10.0.0.4"
    with pytest.raises(InvalidInput, match="managed"):
        await fleet.plan()


async def test_a_change_of_ours_is_no_surprise_to_the_backups(fleet: Fleet, pool: ThreadPoolExecutor) -> None:
    backups = Backups(transactor=fleet.bench.transactor, vault=VAULT, drivers=make_drivers(pool))
    router_id = fleet.bench.router_id
    await backups.back_up(OWNER, router_id=router_id)
    await fleet.plan(list_address("friends", "10.9.9.9", is_listed=True))
    await fleet.go_on()

    kept = await backups.back_up(OWNER, router_id=router_id)

    assert (kept.is_new, kept.is_unexpected, kept.added) == (True, False, 1)
    assert await fleet.bench.transactor.read(unexpected_change, OWNER, router_id=router_id) is None


async def test_who_may_not_edit_routers_only_sees_changes(fleet: Fleet) -> None:
    await fleet.plan()
    with pytest.raises(NotPermitted):
        await fleet.changer.go_on(SUPPORT, run_id=fleet.run_id, seen=ChangeRunState.PLANNED)
    with pytest.raises(NotPermitted):
        await fleet.changer.undo(SUPPORT, run_id=fleet.run_id)
    with pytest.raises(NotPermitted):
        await fleet.changer.plan(SUPPORT, change=DNS, router_ids=fleet.bench.router_ids)
    with pytest.raises(NotFound):
        await fleet.changer.go_on(OWNER, run_id=99, seen=ChangeRunState.PLANNED)
    with pytest.raises(InvalidInput):
        await fleet.changer.plan(OWNER, change=DNS, router_ids=[])
    page = await fleet.bench.transactor.read(list_runs, SUPPORT, request=PageRequest())
    assert [run.run_id for run in page.rows] == [fleet.run_id]
    assert fleet.dns() == [f"10.0.0.{at}" for at in (1, 2, 3, 4)]


async def test_a_word_to_begin_that_is_said_twice_goes_no_further_than_the_first_router(fleet: Fleet) -> None:
    await fleet.plan()
    await fleet.go_on()
    with pytest.raises(Conflict, match="went on meanwhile"):
        await fleet.changer.go_on(OWNER, run_id=fleet.run_id, seen=ChangeRunState.PLANNED)
    assert fleet.dns() == ["1.1.1.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"]
