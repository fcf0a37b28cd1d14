"""The leak report asks simulated routers: what others opened, what is not ours, and what cannot be asked."""

import asyncio

import pytest

from benfex.core.actors import SystemActor
from benfex.network.leaks import Leaks
from data.engine import Database
from data.values.kinds import LeakKind
from data.values.states import SubscriptionStatus
from tests.acts.network.bench import bench_of, until
from tests.conftest import Run
from tests.factories.isp import set_up_isp

pytestmark = pytest.mark.sqlite_only
TESTS = SystemActor("tests")


async def test_what_others_opened_is_found_and_a_router_that_is_away_is_named(database: Database) -> None:
    async with bench_of(database, routers=2) as bench:
        await asyncio.to_thread(set_up_isp, Run(bench.transactor, TESTS))
        amina = await bench.connect("amina", number=1)
        juma = await bench.connect("juma", number=2)
        for line in (amina, juma):
            await until(lambda line=line: bench.is_applied(line))  # type: ignore[misc]
        await bench.move(juma, SubscriptionStatus.SUSPENDED)
        await until(lambda: bench.is_applied(juma))
        report = await Leaks(bench.transactor, bench.provisioner).report(TESTS)
        assert (report.leaks, report.not_asked) == ((), ())

        await bench.set_on_router("juma", {"profile": "benfex-home"})
        await bench.add_on_router({"name": "cousin", "password": "x", "service": "pppoe"})
        bench.routers[1].set_fault("unreachable")
        report = await Leaks(bench.transactor, bench.provisioner).report(TESTS)
        assert [(leak.kind, leak.username) for leak in report.leaks] == [
            (LeakKind.NOT_OURS, "cousin"),
            (LeakKind.NOT_PAYING, "juma"),
        ]
        assert report.leaks[1].customer_id is not None
        assert [name for name, _ in report.not_asked] == [bench.routers[1].options.name]
        assert report.monthly == report.leaks[0].monthly + report.leaks[1].monthly
        assert (bench.secret("juma") or {})["profile"] == "benfex-home"  # it only looks
