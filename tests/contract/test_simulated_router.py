"""The simulated router speaks RouterOS: driven by raw librouteros clients and by bare sentences."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import librouteros
import pytest
from librouteros.api import AsyncApi
from librouteros.exceptions import TrapError
from librouteros.query import And, Key, Or

from benfex.simulation.routeros.server import SimulatedRouter
from benfex.simulation.routeros.wire import encode_length
from tests.contract.router_clients import (
    OPTIONS,
    PLAN,
    Bare,
    add,
    add_profile,
    add_subscriber,
    ask,
    connect,
    online,
    running,
    signed_in,
)


@pytest.fixture
async def router() -> AsyncIterator[SimulatedRouter]:
    async with running() as started:
        yield started


@pytest.fixture
async def api(router: SimulatedRouter) -> AsyncIterator[AsyncApi]:
    async with signed_in(router) as client:
        yield client


# The wire


@pytest.mark.parametrize(
    ("length", "encoded"),
    [
        (0, "00"),
        (127, "7f"),
        (128, "8080"),
        (16383, "bfff"),
        (16384, "c04000"),
        (2097151, "dfffff"),
        (2097152, "e0200000"),
        (0x10000000, "f010000000"),
    ],
)
def test_lengths_are_encoded_as_the_manual_says(length: int, encoded: str) -> None:
    assert encode_length(length).hex() == encoded


async def test_a_comment_of_every_length_class_comes_back_whole(api: AsyncApi) -> None:
    for length in (127, 128, 20_000):
        await add(
            api,
            "/ip/firewall/address-list",
            list="long",
            address=f"10.9.9.{length % 251}",
            comment="x" * length,
        )
    rows = await ask(api, "/ip/firewall/address-list/print", "=.proplist=comment")
    assert [len(row["comment"]) for row in rows] == [127, 128, 20_000]


async def test_bytes_that_arrive_one_by_one_are_understood(router: SimulatedRouter) -> None:
    client = await Bare.open(router)
    for byte in b"\x16/system/identity/print\x00":
        client.writer.write(bytes((byte,)))
        await client.writer.drain()
    assert await client.read() == ["!re", "=name=nakuru-core"]


async def test_answers_carry_the_tag_of_their_command(router: SimulatedRouter) -> None:
    client = await Bare.open(router)
    client.send("/system/identity/print", ".tag=7")
    client.send("/nonsense/print", ".tag=8")
    assert await client.read() == ["!re", ".tag=7", "=name=nakuru-core"]
    assert await client.read() == ["!done", ".tag=7"]
    assert await client.read() == ["!trap", ".tag=8", "=category=0", "=message=no such command prefix"]
    assert await client.read() == ["!done", ".tag=8"]


async def test_an_empty_listing_says_so_before_it_is_done(router: SimulatedRouter) -> None:
    client = await Bare.open(router)
    client.send("/ppp/active/print")
    assert [await client.read(), await client.read()] == [["!empty"], ["!done"]]


async def test_routers_before_7_18_do_not_say_empty() -> None:
    async with running(replace(OPTIONS, version="7.14.3 (stable)")) as router:
        client = await Bare.open(router)
        client.send("/ppp/active/print")
        assert await client.read() == ["!done"]


async def test_a_stream_goes_on_until_it_is_cancelled(router: SimulatedRouter) -> None:
    client = await Bare.open(router)
    client.send("/interface/monitor-traffic", "=interface=ether1", ".tag=live")
    assert (await client.read())[:3] == ["!re", ".tag=live", "=name=ether1"]
    client.send("/cancel", "=tag=live", ".tag=stop")
    assert await client.read() == ["!trap", ".tag=live", "=category=2", "=message=interrupted"]
    assert await client.read() == ["!done", ".tag=live"]
    assert await client.read() == ["!done", ".tag=stop"]


async def test_quitting_ends_with_a_bare_reason(router: SimulatedRouter) -> None:
    client = await Bare.open(router)
    client.send("/quit")
    assert await client.read() == ["!fatal", "session terminated on request"]
    assert await client.reader.read() == b""


async def test_a_reserved_control_byte_ends_the_connection(router: SimulatedRouter) -> None:
    client = await Bare.open(router)
    client.writer.write(b"\xf9")
    with pytest.raises(ConnectionResetError):
        await client.reader.readexactly(1)


# Signing in


async def test_a_wrong_password_is_refused_in_the_words_of_routeros(router: SimulatedRouter) -> None:
    with pytest.raises(TrapError, match=r"invalid user name or password \(6\)"):
        await connect(router, password="wrong")


async def test_nothing_is_told_to_those_who_did_not_sign_in(router: SimulatedRouter) -> None:
    client = await Bare.open(router, signed_in=False)
    client.send("/ppp/secret/print")
    assert await client.read() == ["!fatal", "not logged in"]


async def test_the_sync_client_reads_and_writes(router: SimulatedRouter) -> None:
    def work() -> list[str]:
        client = librouteros.connect(router.host, "benfex", "demo-router-1", port=router.port)
        secrets = client.path("ppp", "secret")
        row_id = secrets.add(name="amina", password="pw", service="pppoe")
        secrets.update(**{".id": row_id, "comment": "benfex:1"})
        name, comment = Key("name"), Key("comment")
        found = [row["comment"] for row in secrets.select(name, comment).where(name == "amina")]
        secrets.remove(row_id)
        found += [row["name"] for row in secrets]
        client.close()
        return found

    assert await asyncio.to_thread(work) == ["benfex:1"]


# Reading


async def test_a_property_list_picks_and_orders_the_properties(api: AsyncApi) -> None:
    await add_subscriber(api, "amina")
    rows = await ask(api, "/ppp/secret/print", "=.proplist=profile,name,comment,nothing-like-it")
    assert [list(row.items()) for row in rows] == [[("profile", "default"), ("name", "amina")]]


@pytest.mark.parametrize(
    ("queries", "names"),
    [
        (["?name=b"], ["b"]),
        (["?=name=b"], ["b"]),
        (["?comment"], ["a", "c"]),
        (["?-comment"], ["b"]),
        (["?>comment="], ["a"]),
        (["?disabled=yes"], ["c"]),
        (["?=disabled=false"], ["a", "b"]),
        (["?<name=b"], ["a"]),
        (["?>limit-bytes-in=9"], ["b"]),
        (["?name=a", "?name=b", "?#|"], ["a", "b"]),
        (["?name=a", "?#!"], ["b", "c"]),
        (["?name=a", "?name=b", "?#|!"], ["c"]),
        (["?name=a", "?name=c", "?#|", "?disabled=true", "?#&"], ["c"]),
        (["?name=a", "?disabled=yes", "?#0"], ["c"]),
        (["?name=a", "?disabled=yes", "?#1"], ["a"]),
        (["?name=a", "?#.", "?#|"], ["a"]),
        (["?name=a", "?disabled=yes"], []),
    ],
)
async def test_queries_choose_rows(api: AsyncApi, queries: list[str], names: list[str]) -> None:
    await add(api, "/ppp/secret", name="a", comment="x", limit_bytes_in="5")
    await add(api, "/ppp/secret", name="b", limit_bytes_in="1000")
    await add(api, "/ppp/secret", name="c", comment="", disabled="yes")
    rows = await ask(api, "/ppp/secret/print", "=.proplist=name", *queries)
    assert [row["name"] for row in rows] == names


async def test_the_queries_of_librouteros_work_as_it_sends_them(api: AsyncApi) -> None:
    for name in ("a", "b", "c"):
        await add(api, "/ppp/secret", name=name, disabled="yes" if name == "c" else "no")
    name, disabled = Key("name"), Key("disabled")
    path = api.path("ppp", "secret")
    assert [r["name"] async for r in path.select(name).where(name.In("a", "c"), disabled == True)] == ["c"]  # noqa: E712
    assert [
        r["name"] async for r in path.select(name).where(Or(name == "a", And(name != "a", name != "b")))
    ] == [
        "a",
        "c",
    ]


async def test_rows_can_be_counted(api: AsyncApi) -> None:
    await add(api, "/ppp/secret", name="a")
    await add(api, "/ppp/secret", name="b")
    assert await ask(api, "/ppp/secret/print", "=count-only=") == [{"ret": 2}]
    assert await ask(api, "/ppp/secret/getall", "=count-only=", "?name=a") == [{"ret": 1}]


async def test_the_nameplate_tells_what_the_router_is(router: SimulatedRouter, api: AsyncApi) -> None:
    (resource,) = await ask(api, "/system/resource/print")
    (board,) = await ask(api, "/system/routerboard/print")
    await ask(api, "/system/identity/set", "=name=tower-7")
    assert resource["version"] == "7.18.2 (stable)"
    assert 0 <= resource["cpu-load"] <= 100
    assert board["model"] == resource["board-name"] == OPTIONS.board
    assert board["serial-number"]
    assert await ask(api, "/system/identity/print") == [{"name": "tower-7"}]
    assert router.table("system.identity") == [{"name": "tower-7"}]


# Writing


@pytest.mark.parametrize(
    ("command", "words", "message"),
    [
        ("/ppp/secret/add", ["=name=amina"], "already have user with this name for this service"),
        ("/ppp/secret/add", ["=name=x", "=rate-limit=5M"], "unknown parameter rate-limit"),
        ("/ppp/secret/add", ["=name=x", "=profile=gone"], "input does not match any value of profile"),
        ("/ppp/secret/add", ["=name=x", "=service=fax"], "input does not match any value of service"),
        ("/ppp/secret/add", ["=name=x", "=disabled=maybe"], "input does not match any value of disabled"),
        ("/ppp/secret/add", ["=name=x", "=remote-address="], "invalid value for argument remote-address"),
        ("/ppp/secret/add", ["=password=x"], "missing value"),
        ("/ppp/secret/set", ["=comment=x"], "missing =.id="),
        ("/ppp/secret/set", ["=.id=*99", "=comment=x"], "no such item"),
        ("/ppp/secret/remove", ["=.id=*99"], "no such item"),
        ("/ppp/secret/explode", [], "no such command"),
        ("/ppp/active/add", ["=name=x"], "no such command"),
        ("/user-manager/user/print", [], "no such command prefix"),
        ("/ppp/profile/remove", ["=.id=default"], "can not remove"),
        ("/ppp/profile/add", ["=name=x", "=rate-limit=fast"], "invalid value for argument rate-limit"),
        ("/ppp/profile/add", ["=name=default"], "already have profile with such name"),
        ("/queue/simple/add", ["=name=q", "=target=nowhere at all"], "invalid value for argument target"),
        (
            "/interface/monitor-traffic",
            ["=interface=ether99", "=once="],
            "input does not match any value of interface",
        ),
        ("/ppp/secret/print", ["=colour=red"], "unknown parameter colour"),
    ],
)
async def test_refusals_use_the_words_of_routeros(
    api: AsyncApi, command: str, words: list[str], message: str
) -> None:
    await add(api, "/ppp/secret", name="amina")
    with pytest.raises(TrapError, match=message):
        await ask(api, command, *words)
    assert await ask(api, "/ppp/secret/print", "=count-only=") == [{"ret": 1}]


async def test_one_command_changes_many_rows_or_none(api: AsyncApi) -> None:
    first, second = await add_subscriber(api, "a"), await add_subscriber(api, "b")
    await ask(api, "/ppp/secret/set", f"=.id={first},{second}", "=comment=benfex:9")
    with pytest.raises(TrapError, match="no such item"):
        await ask(api, "/ppp/secret/remove", f"=.id={first},*77")
    rows = await ask(api, "/ppp/secret/print", "=.proplist=name,comment")
    assert rows == [{"name": "a", "comment": "benfex:9"}, {"name": "b", "comment": "benfex:9"}]
    await ask(api, "/ppp/secret/remove", f"=.id={first},{second}")
    assert await ask(api, "/ppp/secret/print") == []


async def test_rows_are_disabled_enabled_and_freed_of_a_property(api: AsyncApi) -> None:
    await add(api, "/ppp/secret", name="a", remote_address="10.1.1.1")
    await ask(api, "/ppp/secret/disable", "=.id=a")
    assert (await ask(api, "/ppp/secret/print"))[0]["disabled"] is True
    await ask(api, "/ppp/secret/enable", "=.id=a")
    await ask(api, "/ppp/secret/unset", "=.id=a", "=value-name=remote-address")
    (row,) = await ask(api, "/ppp/secret/print")
    assert row["disabled"] is False
    assert "remote-address" not in row


async def test_rates_and_targets_read_back_as_the_router_writes_them(api: AsyncApi) -> None:
    await add(api, "/queue/simple", name="q", target="192.168.120.251", max_limit="5M/20M")
    (row,) = await ask(api, "/queue/simple/print", "?name=q")
    assert (row["max-limit"], row["target"]) == ("5000000/20000000", "192.168.120.251/32")


async def test_a_reference_follows_a_rename_and_dangles_after_a_removal(api: AsyncApi) -> None:
    profile_id = await add_profile(api, PLAN)
    await add_subscriber(api, "amina", "benfex-home")
    await ask(api, "/ppp/profile/set", f"=.id={profile_id}", "=name=renamed")
    assert (await ask(api, "/ppp/secret/print", "=.proplist=profile")) == [{"profile": "renamed"}]
    await ask(api, "/ppp/profile/remove", f"=.id={profile_id}")
    assert (await ask(api, "/ppp/secret/print", "=.proplist=profile")) == [{"profile": profile_id}]


@pytest.mark.parametrize(
    "name", ["00123", "12345", "true", "no", "José Ñandú", "two words", "<angle>", "a=b", "0x1f"]
)
async def test_awkward_names_arrive_and_return_byte_for_byte(router: SimulatedRouter, name: str) -> None:
    client = await Bare.open(router)
    client.send("/ppp/secret/add", f"=name={name}", "=service=pppoe")
    assert (await client.read())[0] == "!done"
    await online(router, name)
    client.send("/interface/pppoe-server/print", "=.proplist=name,user", f"?user={name}")
    assert await client.read() == ["!re", f"=name=<pppoe-{name}>", f"=user={name}"]


async def test_names_that_are_not_utf_8_keep_their_bytes(router: SimulatedRouter) -> None:
    client = await Bare.open(router)
    client.send("/ppp/secret/add", b"=name=jos\xe9")
    await client.read()
    client.send("/ppp/secret/print", "=.proplist=name", b"?name=jos\xe9")
    assert await client.read_raw() == [b"!re", b"=name=jos\xe9"]
    assert router.table("ppp.secret")[0]["name"] == "jos\N{REPLACEMENT CHARACTER}"
