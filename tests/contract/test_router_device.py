"""What every router driver tells of the device itself, and what it finds out from there."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from benfex.core.errors import RouterProtocolError, RouterRejected, RouterUnreachable
from benfex.network.device import Hop, PingReply
from benfex.network.driver import RouterDriver, RouterLink
from benfex.simulation.routeros.faults import FaultKind
from benfex.simulation.routeros.server import SimulatedRouter
from tests.contract.router_clients import OPTIONS, online, running, until
from tests.contract.router_drivers import address_of, commands

OLD = replace(OPTIONS, version="6.49.17 (long-term)")


@pytest.fixture
async def old(driver: RouterDriver) -> AsyncIterator[RouterLink]:
    async with running(OLD) as router, driver.open(address_of(router)) as link:
        yield link


async def test_a_router_says_how_it_is(link: RouterLink, router: SimulatedRouter) -> None:
    found = await link.read_resources()

    assert (found.name, found.board) == ("nakuru-core", router.options.board)
    assert found.serial == router.table("system.routerboard")[0]["serial-number"]
    assert (found.firmware, found.firmware_offered) == ("7.18.2", "7.18.2")
    assert found.total_disk_bytes > found.free_disk_bytes > 0
    assert found.cpu_count == 4


async def test_sensors_are_read_in_both_forms(link: RouterLink, old: RouterLink) -> None:
    for asked in (link, old):
        sensors = {sensor.name: sensor for sensor in (await asked.read_resources()).sensors}

        assert set(sensors) == {"temperature", "voltage"}
        assert 30 <= float(sensors["temperature"].value) <= 60
        assert (sensors["temperature"].unit, sensors["voltage"].unit) == ("C", "V")


async def test_interfaces_leave_sessions_out(link: RouterLink, router: SimulatedRouter) -> None:
    router.populate("home", 3, "benfex-home")

    found = await link.read_interfaces()

    assert [one.name for one in found] == [f"ether{number}" for number in range(1, 6)]
    assert [one.is_running for one in found] == [True, True, False, False, False]


async def test_rates_are_one_question(link: RouterLink, router: SimulatedRouter) -> None:
    router.populate("home", 20, "benfex-home")
    before = commands(router)

    uplink, access, idle = await link.read_rates(["ether1", "ether2", "ether5"])

    assert commands(router) == before + 1
    assert uplink.received_bps > uplink.sent_bps
    assert access.sent_bps > access.received_bps
    assert (idle.received_bps, idle.sent_bps) == (0, 0)
    assert await link.read_rates([]) == ()


async def test_neighbours_and_leases_are_told(link: RouterLink) -> None:
    assert [one.identity for one in await link.read_neighbours()] == [
        "tower-switch",
        "sector-north",
        "sector-south",
    ]
    lease = (await link.read_leases())[0]
    assert (lease.host_name, lease.status, lease.is_dynamic) == ("tower-switch", "bound", True)
    assert lease.expires_seconds is not None


async def test_the_log_begins_with_what_happened_last(link: RouterLink, router: SimulatedRouter) -> None:
    router.populate("home", 3, "benfex-home")
    await online(router, "home0003")
    router.drop("home0002")

    newest, *older = await link.read_log(lines_max=3)

    assert newest.message.startswith("<pppoe-home0002>: disconnected")
    assert len(older) == 2


async def test_pings_are_heard_one_by_one(link: RouterLink) -> None:
    replies: list[PingReply] = []

    await link.ping("8.8.8.8", count=3, heard=replies.append)
    await asyncio.sleep(0)

    assert [reply.sequence for reply in replies] == [0, 1, 2]
    assert all(reply.milliseconds is not None and 6 <= reply.milliseconds < 31 for reply in replies)


async def test_a_ping_that_nobody_answers_says_so(link: RouterLink) -> None:
    replies: list[PingReply] = []

    await link.ping("192.0.2.9", count=2, heard=replies.append)
    await asyncio.sleep(0)

    assert [(reply.milliseconds, reply.problem) for reply in replies] == [(None, "timeout")] * 2


async def test_what_is_no_address_is_refused_and_the_link_stays(link: RouterLink) -> None:
    with pytest.raises(RouterRejected):
        await link.ping("nowhere", count=1, heard=lambda _: None)

    assert (await link.identify()).name == "nakuru-core"


async def test_a_ping_that_is_cancelled_ends_at_the_router(driver: RouterDriver) -> None:
    async with running(replace(OPTIONS, tool_seconds=0.2)) as router:
        link = await driver.connect(address_of(router))
        replies: list[PingReply] = []
        asking = asyncio.ensure_future(link.ping("8.8.8.8", count=20, heard=replies.append))
        await until(lambda: replies)

        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)

        assert link.is_closed
        assert len(replies) < 20


async def test_the_way_to_an_address_grows(link: RouterLink) -> None:
    ways: list[tuple[Hop, ...]] = []

    await link.trace("8.8.8.8", heard=ways.append)
    await asyncio.sleep(0)

    assert [hop.host for hop in ways[-1]] == ["10.255.0.1", "", "197.248.3.1", "8.8.8.8"]
    assert ways[-1][1].milliseconds is None
    assert len(ways[0]) == 1


async def test_a_router_restarts(link: RouterLink, router: SimulatedRouter) -> None:
    before = router.device.boots

    await link.reboot()

    assert router.device.boots == before + 1
    assert link.is_closed


@pytest.mark.parametrize("fault", [FaultKind.STALLED, FaultKind.GARBAGE])
async def test_a_router_that_is_ill_is_told_within_the_deadline(
    driver: RouterDriver, router: SimulatedRouter, fault: FaultKind
) -> None:
    link = await driver.connect(replace(address_of(router, timeout_seconds=0.2), deadline_seconds=0.4))
    router.set_fault(fault)

    with pytest.raises((RouterUnreachable, RouterProtocolError)):
        await link.read_interfaces()

    assert link.is_closed
    with pytest.raises(RouterUnreachable):
        await link.read_log()
