"""The homes behind a simulated router dial, use traffic and obey their profile as real ones do."""

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import pairwise

import pytest
from librouteros.api import AsyncApi
from librouteros.exceptions import TrapError

from benfex.simulation.routeros.formats import format_duration, parse_duration, parse_rate_limit
from benfex.simulation.routeros.server import SimulatedRouter
from benfex.simulation.routeros.traffic import (
    Limits,
    day_level,
    make_appetite,
    make_noise,
    make_random,
    rates_at,
)
from tests.contract.router_clients import (
    OPTIONS,
    PLAN,
    SUSPENDED,
    Bare,
    add,
    add_profile,
    add_subscriber,
    ask,
    online,
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


# Homes that dial


async def test_a_new_secret_is_soon_online_with_an_address_and_an_interface(
    router: SimulatedRouter, api: AsyncApi
) -> None:
    await add_profile(api, PLAN)
    await add_subscriber(api, "amina", "benfex-home")
    session = await online(router, "amina")
    (active,) = await ask(api, "/ppp/active/print")
    (server,) = await ask(api, "/interface/pppoe-server/print")
    (interface,) = await ask(api, "/interface/print", "?type=pppoe-in")
    assert session["portal_only"] is False
    assert active["address"] == session["address"]
    assert not [name for name in active if "byte" in name and "limit" not in name]
    assert server["name"] == interface["name"] == "<pppoe-amina>"
    assert server["user"] == active["name"] == "amina"
    assert server[".id"] != interface[".id"]
    (queue,) = await ask(api, "/queue/simple/print", "?dynamic=yes")
    assert (queue["name"], queue["max-limit"]) == ("<pppoe-amina>", "5000000/20000000")


async def test_counters_grow_on_the_interface_and_on_the_uplink_within_the_limit(
    router: SimulatedRouter, api: AsyncApi
) -> None:
    await add_profile(api, {"name": "slow", "rate-limit": "100k/400k"})
    for number in range(5):
        await add_subscriber(api, f"home{number}", "slow")
    await until(lambda: len(router.sessions()) == 5)

    async def read() -> dict[str, tuple[int, int]]:
        rows = await ask(api, "/interface/print", "=.proplist=name,rx-byte,tx-byte")
        return {row["name"]: (row["rx-byte"], row["tx-byte"]) for row in rows}

    before, started = await read(), time.monotonic()
    await until(lambda: time.monotonic() - started > 0.3)
    after = await read()
    seconds = time.monotonic() - started + 0.05
    for name in (f"<pppoe-home{number}>" for number in range(5)):
        upload, download = (after[name][side] - before[name][side] for side in (0, 1))
        assert 0 < upload <= 100_000 / 8 * seconds
        assert 0 < download <= 400_000 / 8 * seconds
    downloads = sum(after[name][1] for name in after if name.startswith("<"))
    assert after["ether1"][0] == pytest.approx(downloads, abs=5)


def test_no_home_ever_exceeds_its_limit_and_seconds_resemble_each_other() -> None:
    noise, limits = make_noise("1"), Limits(20_000_000, 5_000_000)
    for seed in range(20):
        appetite = make_appetite(make_random(str(seed)))
        rates = [rates_at(1e9 + t, appetite=appetite, limits=limits, noise=noise) for t in range(600)]
        assert all(0 < download <= 20_000_000 and 0 < upload <= 5_000_000 for download, upload in rates)
        jumps = [abs(a[0] - b[0]) for a, b in pairwise(rates)]
        assert max(jumps) < 0.3 * 20_000_000


def test_evenings_in_nairobi_are_busier_than_nights() -> None:
    midnight_in_nairobi = 1_700_000_000 // 86400 * 86400 - 3 * 3600
    evening, night = (day_level(midnight_in_nairobi + hour * 3600) for hour in (20.5, 4))
    assert evening > 5 * night


async def test_a_changed_profile_waits_for_the_next_dial(router: SimulatedRouter, api: AsyncApi) -> None:
    await add_profile(api, PLAN)
    await add_profile(api, SUSPENDED)
    await add_subscriber(api, "amina", "benfex-home")
    await online(router, "amina")
    await ask(api, "/ppp/secret/set", "=.id=amina", "=profile=benfex-suspended")
    assert (session_of(router, "amina") or {})["profile"] == "benfex-home"
    (active,) = await ask(api, "/ppp/active/print", "=.proplist=.id")
    await ask(api, "/ppp/active/remove", f"=.id={active['.id']}")
    assert session_of(router, "amina") is None
    suspended = await online(router, "amina")
    assert suspended["portal_only"] is True
    assert suspended["download_bps"] < 10_000
    (listed,) = await ask(api, "/ip/firewall/address-list/print", "?list=benfex-suspended")
    assert (listed["address"], listed["dynamic"]) == (suspended["address"], True)
    with pytest.raises(TrapError, match="dynamic"):
        await ask(api, "/ip/firewall/address-list/remove", f"=.id={listed['.id']}")


async def test_a_restored_customer_dials_into_the_full_service(
    router: SimulatedRouter, api: AsyncApi
) -> None:
    await add_profile(api, PLAN)
    await add_profile(api, SUSPENDED)
    await add_subscriber(api, "amina", "benfex-suspended")
    assert (await online(router, "amina"))["portal_only"] is True
    await ask(api, "/ppp/secret/set", "=.id=amina", "=profile=benfex-home")
    assert router.drop("amina") == 1
    assert (await online(router, "amina"))["portal_only"] is False
    assert await ask(api, "/ip/firewall/address-list/print") == []


@pytest.mark.parametrize("command", ["disable", "remove"])
async def test_a_barred_secret_ends_with_its_session_and_not_before(
    router: SimulatedRouter, api: AsyncApi, command: str
) -> None:
    await add_subscriber(api, "amina")
    await add_subscriber(api, "other")
    await online(router, "amina")
    await ask(api, f"/ppp/secret/{command}", "=.id=amina")
    assert session_of(router, "amina") is not None
    first_other = (await online(router, "other"))["address"]
    assert router.drop("amina") == router.drop("other") == 1
    assert (await online(router, "other"))["address"] != first_other
    assert session_of(router, "amina") is None
    assert router.drop("amina") == 0


async def test_an_enabled_secret_dials_again(router: SimulatedRouter, api: AsyncApi) -> None:
    await add(api, "/ppp/secret", name="amina", disabled="yes")
    await add(api, "/ppp/secret", name="fax", service="l2tp")
    await add_subscriber(api, "other")
    await online(router, "other")
    assert [session["user"] for session in router.sessions()] == ["other"]
    await ask(api, "/ppp/secret/enable", "=.id=amina")
    await online(router, "amina")


async def test_sessions_end_by_themselves_and_come_back() -> None:
    async with running(replace(OPTIONS, mean_session_seconds=0.05)) as router:
        router.populate("home", 3, "default")
        first = {row["session-id"] for row in router.table("ppp.active")}
        await until(lambda: len(router.sessions()) == 3 and not first & session_ids(router))
        row = router.table("ppp.secret")[0]
        assert row["last-disconnect-reason"] == "hung-up"


async def test_a_second_session_of_one_name_gets_a_number(router: SimulatedRouter, api: AsyncApi) -> None:
    await add_subscriber(api, "amina")
    await online(router, "amina")
    assert router.dial_again("amina") == "<pppoe-amina-1>"
    rows = await ask(api, "/interface/pppoe-server/print", "=.proplist=name", "?user=amina")
    assert [row["name"] for row in rows] == ["<pppoe-amina>", "<pppoe-amina-1>"]
    assert router.drop("amina") == 2


async def test_rates_can_be_watched_live(router: SimulatedRouter, api: AsyncApi) -> None:
    await add_subscriber(api, "amina")
    await online(router, "amina")
    rows = await ask(api, "/interface/monitor-traffic", "=interface=ether1,<pppoe-amina>", "=once=")
    assert [row["name"] for row in rows] == ["ether1", "<pppoe-amina>"]
    assert rows[0]["rx-bits-per-second"] == rows[1]["tx-bits-per-second"] > 0


async def test_a_hotspot_user_comes_online_with_his_own_counters(
    router: SimulatedRouter, api: AsyncApi
) -> None:
    await add(api, "/ip/hotspot/user", name="voucher1", password="x")
    session = await online(router, "voucher1")
    await until(lambda: (session_of(router, "voucher1") or {}).get("upload_bytes"))
    (active,) = await ask(api, "/ip/hotspot/active/print")
    assert (active["user"], active["address"]) == ("voucher1", session["address"])
    await ask(api, "/ip/hotspot/active/remove", f"=.id={active['.id']}")
    (user,) = await ask(api, "/ip/hotspot/user/print")
    assert user["bytes-out"] >= active["bytes-out"] > 0


async def test_two_hundred_homes_are_read_in_a_few_milliseconds(router: SimulatedRouter) -> None:
    assert len(router.populate("sub", 200, "default")) == 200
    client = await Bare.open(router)
    await until(lambda: sum(int(str(session["upload_bytes"])) for session in router.sessions()) > 200)
    best = 1.0
    for _ in range(5):
        started = time.perf_counter()
        client.send("/interface/print", "=.proplist=name,rx-byte,tx-byte", "?type=pppoe-in")
        data = b""
        while not data.endswith(b"\x05!done\x00"):
            data += await client.reader.read(1 << 20)
        best = min(best, time.perf_counter() - started)
    assert data.count(b"!re") == 200
    assert best < 0.05
    assert router.requests()["commands"] == {"/login": 1, "/interface/print": 5}


@pytest.mark.parametrize(
    ("seconds", "text"), [(788645, "1w2d3h4m5s"), (93784, "1d2h3m4s"), (0, "0s"), (61, "1m1s"), (3600, "1h")]
)
def test_durations_are_written_and_read(seconds: int, text: str) -> None:
    assert format_duration(seconds) == text
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("5M/20M", (5_000_000, 20_000_000)),
        ("64k", (64_000, 64_000)),
        ("64k 256k", (64_000, 64_000)),
        ("5M/20M 8M/30M 4M/15M 10/10 8 1M/2M", (5_000_000, 20_000_000)),
        ("", (0, 0)),
    ],
)
def test_rate_limits_are_read_upload_first(text: str, pair: tuple[int, int]) -> None:
    assert parse_rate_limit(text) == pair
