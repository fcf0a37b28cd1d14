"""The simulated router fails in the ways that are asked of it, and keeps its configuration."""

import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from librouteros.api import AsyncApi
from librouteros.exceptions import ConnectionClosed, LibRouterosError, TrapError

from benfex.simulation.routeros.server import SimulatedRouter
from tests.contract.router_clients import (
    OPTIONS,
    Bare,
    add,
    add_subscriber,
    ask,
    connect,
    running,
    session_ids,
    session_of,
    signed_in,
    until,
)


@pytest.fixture
async def router() -> AsyncIterator[SimulatedRouter]:
    async with running() as started:
        yield started


@pytest.fixture
async def api(router: SimulatedRouter) -> AsyncIterator[AsyncApi]:
    async with signed_in(router) as client:
        yield client


# Faults


async def test_an_unreachable_router_refuses_and_comes_back_on_its_port(router: SimulatedRouter) -> None:
    client = await connect(router)
    port = router.port
    router.set_fault("unreachable")
    with pytest.raises((ConnectionClosed, OSError)):
        await ask(client, "/system/identity/print")
    with pytest.raises(ConnectionRefusedError):
        await connect(router)
    router.set_fault("none")
    assert router.port == port
    assert await ask(await connect(router), "/system/identity/print") == [{"name": "nakuru-core"}]


async def test_a_door_that_opens_and_closes_at_once_ends_as_it_was_left(router: SimulatedRouter) -> None:
    router.set_fault("unreachable")
    router.set_fault("none")
    router.set_fault("stalled")
    router.set_fault("unreachable")
    with pytest.raises(ConnectionRefusedError):
        await connect(router)
    router.set_fault("none")
    assert await ask(await connect(router), "/system/identity/print") == [{"name": "nakuru-core"}]


async def test_nobody_gets_the_port_of_a_router_that_is_down(router: SimulatedRouter) -> None:
    router.set_fault("unreachable")
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind((router.host, router.port))


async def test_a_router_can_be_unreachable_a_given_number_of_times(router: SimulatedRouter) -> None:
    router.set_fault("unreachable", 2)
    for _ in range(2):
        with pytest.raises((ConnectionClosed, OSError)):
            await connect(router)
    await connect(router)


async def test_a_stalled_router_accepts_and_never_answers(router: SimulatedRouter, api: AsyncApi) -> None:
    router.set_fault("stalled")
    with pytest.raises(TimeoutError):
        await connect(router, timeout_seconds=0.1)
    router.set_fault("none")
    assert await ask(api, "/system/identity/print") == [{"name": "nakuru-core"}]


async def test_a_refused_password_can_pass(router: SimulatedRouter) -> None:
    router.set_fault("wrong_password", 1)
    with pytest.raises(TrapError, match="invalid user name or password"):
        await connect(router)
    await connect(router)


async def test_counters_can_fall_back_to_zero(router: SimulatedRouter, api: AsyncApi) -> None:
    await add_subscriber(api, "amina")
    await until(lambda: (session_of(router, "amina") or {}).get("download_bytes", 0) > 20_000)
    router.set_fault("counters_reset")
    rows = {row["name"]: row for row in await ask(api, "/interface/print", "=.proplist=name,rx-byte,tx-byte")}
    assert rows["<pppoe-amina>"]["tx-byte"] < 20_000 < rows["ether1"]["rx-byte"]


async def test_a_write_can_be_acknowledged_and_lost(api: AsyncApi, router: SimulatedRouter) -> None:
    router.set_fault("drop_write", 1)
    assert (await add(api, "/ppp/secret", name="lost")).startswith("*")
    await add(api, "/ppp/secret", name="kept")
    assert await ask(api, "/ppp/secret/print", "=.proplist=name") == [{"name": "kept"}]


async def test_the_answer_to_a_write_can_be_lost(api: AsyncApi, router: SimulatedRouter) -> None:
    router.set_fault("close_after_write", 1)
    with pytest.raises((ConnectionClosed, OSError)):
        await add(api, "/ppp/secret", name="amina")
    again = await connect(router)
    assert await ask(again, "/ppp/secret/print", "=.proplist=name") == [{"name": "amina"}]


async def test_answers_can_be_garbage(router: SimulatedRouter) -> None:
    api = await connect(router, timeout_seconds=0.2)
    router.set_fault("garbage", 1)
    with pytest.raises((LibRouterosError, OSError, ValueError, IndexError)):
        await ask(api, "/system/identity/print")
    assert await ask(await connect(router), "/system/identity/print") == [{"name": "nakuru-core"}]


def test_unknown_faults_are_refused() -> None:
    with pytest.raises(ValueError, match="earthquake"):
        SimulatedRouter(OPTIONS).set_fault("earthquake")


async def test_a_reboot_loses_connections_and_sessions_and_uses_ids_again(router: SimulatedRouter) -> None:
    router.populate("home", 2, "default")
    before = {row["name"]: row[".id"] for row in router.table("interface.pppoe-server")}
    earlier = session_ids(router)
    client = await connect(router)
    router.reboot()
    assert router.sessions() == []
    with pytest.raises((ConnectionClosed, OSError)):
        await ask(client, "/system/identity/print")
    await until(lambda: len(router.sessions()) == 2)
    after = {row["name"]: row[".id"] for row in router.table("interface.pppoe-server")}
    assert sorted(after.values()) == sorted(before.values())
    assert not earlier & session_ids(router)
    assert len(router.table("ppp.secret")) == 2
    assert router.table("system.resource")[0]["uptime"] == "0s"


# What is kept


async def test_the_configuration_survives_a_restart_and_the_sessions_do_not(tmp_path: Path) -> None:
    path = tmp_path / "state" / "nakuru-core.json"
    options = replace(OPTIONS, state_path=path)
    async with running(options) as router:
        client = await Bare.open(router)
        for word in (b"=name=jos\xe9", "=name=Ñandú".encode(), b"=name=no"):
            client.send("/ppp/secret/add", word)
            await client.read()
        client.send("/ppp/secret/remove", "=.id=no")
        await client.read()
        await until(path.exists)
        await until(lambda: len(router.sessions()) == 2)
    async with running(options) as router:
        client = await Bare.open(router)
        client.send("/ppp/secret/print", "=.proplist=.id,name")
        assert await client.read_raw() == [b"!re", b"=.id=*1", b"=name=jos\xe9"]
        assert await client.read() == ["!re", "=.id=*2", "=name=Ñandú"]
        await client.read()
        client.send("/ppp/secret/add", "=name=new")
        assert await client.read() == ["!done", "=ret=*4"]
        await until(lambda: len(router.sessions()) == 3)
        assert [row["name"] for row in router.table("ppp.profile")] == ["default", "default-encryption"]
