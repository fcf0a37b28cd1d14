"""The rules for who has not paid: switched on by a person, kept by the clock, on a simulated router."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from benfex.network.gardening import Gardens
from benfex.network.inventory import manage_router
from data.engine import Database
from data.values.errors import Conflict, NotFound
from data.values.identifiers import RouterId
from tests.acts.network.bench import Bench, bench_of, until
from tests.acts.network.rows import SYSTEM

pytestmark = pytest.mark.sqlite_only


@dataclass
class Line:
    """A running network, and what keeps its gardens; `hosts` may be changed."""

    bench: Bench
    gardens: Gardens
    hosts: list[str] = field(default_factory=lambda: ["checkout.paystack.com"])

    def rules(self) -> list[str]:
        """Return the comments of the rules in the way of packets."""
        rows = self.bench.router.table("ip.firewall.filter")
        return [row.get("comment", "") for row in rows]

    def allowed(self) -> set[str]:
        """Return what is let through."""
        rows = self.bench.router.table("ip.firewall.address-list")
        return {row["address"] for row in rows if row["list"] == "benfex-allowed"}


@pytest.fixture
async def line(database: Database) -> AsyncIterator[Line]:
    async with bench_of(database) as bench:
        hosts = ["checkout.paystack.com"]
        gardens = Gardens(
            bench.transactor,
            bench.provisioner,
            hosts=lambda: hosts,
            public_url="https://portal.isp.example",
            door="10.0.0.5:8081",
        )
        yield Line(bench, gardens, hosts)


async def test_it_is_written_kept_and_taken_away(line: Line) -> None:
    key = line.bench.router_id
    assert (await line.gardens.look(SYSTEM, router_id=key)).agrees is True
    done = await line.gardens.switch(SYSTEM, router_id=key, is_on=True)

    assert (done.is_on, done.agrees, done.reason) == (True, True, "")
    assert line.rules() == [f"benfex:wg:{place}" for place in range(1, 5)]
    assert line.allowed() == {"checkout.paystack.com", "portal.isp.example", "10.0.0.5"}
    assert await line.gardens.keep() == 0

    line.hosts.append("pay.pesapal.com")  # another gateway is switched on
    assert await line.gardens.keep() == 1
    assert "pay.pesapal.com" in line.allowed()

    await line.gardens.switch(SYSTEM, router_id=key, is_on=False)
    assert (line.rules(), line.allowed()) == ([], set())
    told = [what for name, what, kept in await line.bench.written() if name is None and kept]
    assert len(told) == 3
    assert told[-1] == "no rules for who has not paid"


async def test_what_somebody_changed_is_written_again_by_the_check(line: Line) -> None:
    key = line.bench.router_id
    await line.gardens.switch(SYSTEM, router_id=key, is_on=True)
    assert await line.gardens.check(key) is False
    table = line.bench.router.device.tables["/ip/firewall/filter"]
    table.remove([next(iter(table.rows))])

    assert (await line.gardens.look(SYSTEM, router_id=key)).agrees is False
    assert await line.gardens.check(key) is True
    assert line.rules() == [f"benfex:wg:{place}" for place in range(1, 5)]


async def test_a_silent_router_gets_them_when_it_is_back(line: Line) -> None:
    key = line.bench.router_id
    line.bench.router.set_fault("unreachable")
    done = await line.gardens.switch(SYSTEM, router_id=key, is_on=True)
    assert done.agrees is None
    assert done.reason
    line.bench.router.set_fault("none")

    async def is_kept() -> bool:
        return await line.gardens.keep() == 1

    await until(is_kept)
    assert len(line.rules()) == 4


async def test_a_watched_router_is_not_written(line: Line) -> None:
    key = line.bench.router_id
    await line.bench.transactor.transact(manage_router, SYSTEM, router_id=key, is_managed=False)
    with pytest.raises(Conflict, match="watched"):
        await line.gardens.switch(SYSTEM, router_id=key, is_on=True)
    with pytest.raises(NotFound):
        await line.gardens.look(SYSTEM, router_id=RouterId(99))
    assert (line.rules(), line.allowed()) == ([], set())
