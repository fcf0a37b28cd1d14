"""Who is online is found across simulated routers, and cut off."""

import asyncio

import pytest

from benfex.core.actors import SystemActor
from benfex.network.finding import Finder
from data.engine import Database
from tests.acts.network.bench import bench_of, until
from tests.conftest import Run
from tests.factories.isp import set_up_isp

pytestmark = pytest.mark.sqlite_only
TESTS = SystemActor("tests")


async def test_a_subscriber_is_found_by_address_and_disconnected(database: Database) -> None:
    async with bench_of(database, routers=2) as bench:
        await asyncio.to_thread(set_up_isp, Run(bench.transactor, TESTS))
        await bench.connect("amina", number=1, at=0)
        await bench.connect("juma", number=2, at=1)
        await until(lambda: bench.session("amina", 0))
        await until(lambda: bench.session("juma", 1))
        finder = Finder(bench.transactor, bench.provisioner)
        everybody = await finder.find(TESTS, search="")
        assert sorted(one.username for one in everybody.sessions) == ["amina", "juma"]
        (juma,) = (await finder.find(TESTS, search="JUMA")).sessions
        assert (juma.router_id, juma.customer_id is None) == (bench.router_ids[1], False)
        assert juma.address
        assert (await finder.find(TESTS, search=juma.address)).sessions[0].username == "juma"
        before = bench.session("juma", 1)
        assert await finder.disconnect(TESTS, router_id=juma.router_id, username="juma") == 1
        await until(lambda: bench.session("juma", 1) not in (None, before))
        assert await finder.disconnect(TESTS, router_id=juma.router_id, username="nobody") == 0

        bench.routers[0].set_fault("unreachable")
        found = await finder.find(TESTS, search="a")
        assert [name for name, _ in found.not_asked] == [bench.routers[0].options.name]
