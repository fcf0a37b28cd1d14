"""Whatever is asked of a router and whatever goes wrong on the way, it ends in an error of ours, and in time."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from benfex.core.errors import RouterError, RouterRejected
from benfex.network.driver import AccessEntry, AddAccess, RemoveAccess, RouterDriver, RouterLink, SetAccess
from benfex.simulation.routeros.server import SimulatedRouter
from data.values.identifiers import ConnectionId
from data.values.kinds import SettingKind
from tests.contract.router_clients import until
from tests.contract.router_drivers import address_of

AMINA = AccessEntry(ConnectionId(7), "amina", "s3cret-of-amina", "default")
NTP = {"enabled": "yes", "servers": "10.0.0.1"}
ASKED: dict[str, Callable[[RouterLink], Awaitable[object]]] = {
    "identify": lambda link: link.identify(),
    "read_poll": lambda link: link.read_poll(),
    "read_sessions": lambda link: link.read_sessions("amina"),
    "read_access": lambda link: link.read_access(),
    "read_entry": lambda link: link.read_entry("amina"),
    "read_foreign": lambda link: link.read_foreign(),
    "read_refusals": lambda link: link.read_refusals("amina"),
    "read_resources": lambda link: link.read_resources(),
    "read_interfaces": lambda link: link.read_interfaces(),
    "read_rates": lambda link: link.read_rates(["ether1"]),
    "read_neighbours": lambda link: link.read_neighbours(),
    "read_leases": lambda link: link.read_leases(),
    "read_log": lambda link: link.read_log(),
    "add": lambda link: link.apply(AddAccess(AMINA)),
    "set": lambda link: link.apply(SetAccess((AMINA.connection_id,), enabled=False)),
    "remove": lambda link: link.apply(RemoveAccess(AMINA.connection_id)),
    "disconnect": lambda link: link.disconnect("amina"),
    "ping": lambda link: link.ping("10.0.0.1", count=1, heard=lambda _: None),
    "trace": lambda link: link.trace("10.0.0.1", heard=lambda _: None),
    "export": lambda link: link.export_configuration(),
    "read_setting": lambda link: link.read_setting(SettingKind.DNS, ""),
    "write_setting": lambda link: link.write_setting(SettingKind.NTP, "", NTP),
}


@pytest.mark.parametrize("fault", ["stalled", "garbage", "cut"])
@pytest.mark.parametrize("asked", ASKED)
async def test_a_broken_answer_ends_the_link_and_another_one_works(
    driver: RouterDriver, router: SimulatedRouter, asked: str, fault: str
) -> None:
    async with driver.open(address_of(router, timeout_seconds=0.3)) as link:
        await link.apply(AddAccess(AMINA))
        await until(router.sessions)
        router.set_fault(fault)
        with pytest.raises(RouterError) as refused:
            await ASKED[asked](link)
        assert not isinstance(refused.value, RouterRejected)
        assert link.is_closed
        assert "s3cret" not in str(refused.value)
    router.set_fault("none")
    async with driver.open(address_of(router)) as again:
        await ASKED[asked](again)


@pytest.mark.parametrize("asked", ASKED)
async def test_a_router_that_refuses_every_command_is_told_from_a_broken_one(
    link: RouterLink, router: SimulatedRouter, asked: str
) -> None:
    await link.apply(AddAccess(AMINA))
    await until(router.sessions)
    router.set_fault("trap")
    with pytest.raises(RouterRejected, match="not now"):
        await ASKED[asked](link)
    router.set_fault("none")
    assert not link.is_closed
    await ASKED[asked](link)


@pytest.mark.parametrize("asked", ASKED)
async def test_an_answer_that_trickles_is_read_whole(
    driver: RouterDriver, router: SimulatedRouter, asked: str
) -> None:
    async with driver.open(address_of(router)) as link:
        await link.apply(AddAccess(AMINA))
        await until(router.sessions)
        router.set_fault("trickle")
        await ASKED[asked](link)


async def test_rows_that_come_twice_are_taken_once(link: RouterLink, router: SimulatedRouter) -> None:
    router.populate("home", 3, "default")
    await link.apply(AddAccess(AMINA))
    await until(lambda: len(router.sessions()) == 4)
    plain = await link.read_access(), await link.read_foreign(), await link.read_sessions()
    keys = sorted(reading.session_key for reading in (await link.read_poll()).counters)
    router.set_fault("repeats")
    poll = await link.read_poll()
    assert sorted(reading.session_key for reading in poll.counters) == keys
    assert len(poll.sessions) == 4
    access, foreign, sessions = (
        await link.read_access(),
        await link.read_foreign(),
        await link.read_sessions(),
    )
    assert (access, foreign) == plain[:2]
    assert [session.username for session in sessions] == [session.username for session in plain[2]]
    assert await link.disconnect("amina") == 1
    await link.apply(SetAccess((AMINA.connection_id,), enabled=False))
    assert (await link.read_entry("amina")) == replace(AMINA, enabled=False)


async def test_five_thousand_entries_and_sessions_are_read_whole(
    link: RouterLink, router: SimulatedRouter
) -> None:
    router.populate("home", 5_000, "default")
    await until(lambda: len(router.sessions()) == 5_000)
    await link.apply(AddAccess(AMINA))
    access, poll = await link.read_access(), await link.read_poll()
    assert (len(access.foreign_usernames), [entry.username for entry in access.entries]) == (5_000, ["amina"])
    keys = [reading.session_key for reading in poll.counters]
    assert len(keys) == len(set(keys))
    # Homes hang up and dial while 5,000 rows are printed; amina may not have dialled yet.
    assert 4_990 <= len(keys) <= len(poll.sessions) <= 5_001
