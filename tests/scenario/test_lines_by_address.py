"""A line where nobody signs in, from its sale to its end: let through, held, counted, and put right."""

from collections.abc import AsyncIterator

import pytest

from data.engine import Database
from data.values.kinds import AccessMethod
from data.values.states import SubscriptionStatus
from tests.acts.network.bench import Bench, bench_of, until, usage_of

pytestmark = pytest.mark.sqlite_only


@pytest.fixture
async def bench(database: Database) -> AsyncIterator[Bench]:
    async with bench_of(database) as running:
        yield running


@pytest.mark.parametrize("method", [AccessMethod.STATIC, AccessMethod.DHCP])
async def test_a_line_known_by_its_address_is_held_and_let_through(
    bench: Bench, method: AccessMethod
) -> None:
    connection_id = await bench.connect("shop", method=method, static_ip="10.40.0.7", mac="AA:BB:CC:00:11:22")
    await until(lambda: bench.is_applied(connection_id))
    assert _speed_and_list(bench) == ("5000000/20000000", ["benfex-active"])
    assert len(bench.router.table("ip.dhcp-server.lease")) >= (method is AccessMethod.DHCP)

    await bench.move(connection_id, SubscriptionStatus.SUSPENDED)
    await until(lambda: _speed_and_list(bench) == ("256000/256000", ["benfex-suspended"]))
    await bench.move(connection_id, SubscriptionStatus.ACTIVE)
    await until(lambda: _speed_and_list(bench) == ("5000000/20000000", ["benfex-active"]))
    await bench.move(connection_id, SubscriptionStatus.ENDED)
    await until(lambda: not _rows(bench, "queue.simple") and not _rows(bench, "ip.firewall.address-list"))
    await until(lambda: bench.is_applied(connection_id))
    opened = (
        "list benfex-suspended → benfex-active, speed 256 kbps down, 256 kbps up → 20 Mbps down, 5 Mbps up"
    )
    assert ("shop", opened, True) in await bench.written()


async def test_what_its_queue_counts_is_its_usage_and_moving_is_being_online(bench: Bench) -> None:
    connection_id = await bench.connect("shop", method=AccessMethod.STATIC, static_ip="10.40.0.7")
    await until(lambda: bench.is_applied(connection_id))
    await bench.poller.poll(bench.router_id)
    assert bench.live.online(connection_id) is False  # nothing is known to have moved yet
    before = _downloaded(bench)
    await until(lambda: _downloaded(bench) > before + 10_000)
    await bench.poller.poll(bench.router_id)

    assert bench.live.online(connection_id) is True
    counted = await usage_of(bench, connection_id)
    assert 0 < counted[0] <= _downloaded(bench)
    bench.router.set_fault("counters_reset")
    await bench.poller.poll(bench.router_id)
    assert (await usage_of(bench, connection_id))[0] >= counted[0]


async def test_what_somebody_changed_on_the_router_is_put_right(bench: Bench) -> None:
    connection_id = await bench.connect("shop", method=AccessMethod.STATIC, static_ip="10.40.0.7")
    await until(lambda: bench.is_applied(connection_id))
    (queue,) = _rows(bench, "queue.simple")
    bench.router.device.tables["/queue/simple"].set([queue[".id"]], {"max-limit": "1M/1M"})

    report = await bench.provisioner.reconcile_router(bench.router_id, dry_run=False)

    assert [drift.what for drift in report.drifts] == [
        "rate is 1 Mbps down, 1 Mbps up, not 20 Mbps down, 5 Mbps up"
    ]
    assert report.repaired == 1
    assert _speed_and_list(bench) == ("5000000/20000000", ["benfex-active"])


def _rows(bench: Bench, menu: str) -> list[dict[str, str]]:
    return [row for row in bench.router.table(menu) if row.get("comment", "").startswith("benfex:")]


def _speed_and_list(bench: Bench) -> tuple[str, list[str]]:
    (queue,) = _rows(bench, "queue.simple")
    return queue["max-limit"], [row["list"] for row in _rows(bench, "ip.firewall.address-list")]


def _downloaded(bench: Bench) -> int:
    (queue,) = _rows(bench, "queue.simple")
    return int(queue["bytes"].split("/")[1])
