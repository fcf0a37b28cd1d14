"""Lines that are known by their address, on RouterOS 6 and 7: a queue, a row of a list, and a lease for DHCP."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from benfex.core.errors import RouterRejected
from benfex.network.difference import difference, is_applied
from benfex.network.driver import QUEUE, AccessEntry, AddAccess, RemoveAccess, RouterDriver, RouterLink
from benfex.simulation.routeros.server import SimulatedRouter
from data.values.identifiers import ConnectionId
from data.values.kinds import AccessMethod
from data.values.traffic import Burst, Rate
from tests.contract.router_clients import OPTIONS, add, ask, running, signed_in, until
from tests.contract.router_drivers import address_of

FAST = Rate(20_000_000, 5_000_000)
SHOP = AccessEntry(
    ConnectionId(7),
    "shop",
    None,
    "",
    remote_address="10.40.0.7",
    method=AccessMethod.STATIC,
    rate=FAST,
    address_list="benfex-active",
)
CAFE = replace(
    SHOP,
    connection_id=ConnectionId(8),
    username="café",
    remote_address="10.40.0.8",
    caller_id="AA:BB:CC:00:11:22",
    method=AccessMethod.DHCP,
)
FOREIGN_QUEUE = {"name": "office", "target": "10.40.9.0/24", "max-limit": "1M/1M", "comment": "by hand"}


@pytest.fixture(params=["6.49.17 (long-term)", "7.18.2 (stable)"])
async def router(request: pytest.FixtureRequest) -> AsyncIterator[SimulatedRouter]:
    async with running(replace(OPTIONS, version=request.param)) as simulated:
        async with signed_in(simulated) as api:
            await add(api, "/queue/simple", **FOREIGN_QUEUE)
            await add(api, "/ip/firewall/address-list", list="benfex-suspended", address="10.40.9.9")
        yield simulated


@pytest.fixture
async def link(driver: RouterDriver, router: SimulatedRouter) -> AsyncIterator[RouterLink]:
    async with driver.open(address_of(router)) as opened:
        yield opened


@pytest.mark.parametrize("entry", [SHOP, CAFE], ids=["static", "dhcp"])
async def test_a_line_comes_back_as_it_was_given(link: RouterLink, entry: AccessEntry) -> None:
    await link.apply(AddAccess(entry))
    await link.apply(AddAccess(entry))

    reading = await link.read_access()
    assert reading.entries == (entry,)
    assert (AccessMethod.STATIC, "office") in reading.foreign_usernames
    assert await link.read_entry(entry.username, method=entry.method) == entry
    assert difference([entry], reading) == ()


@pytest.mark.parametrize(
    "wanted",
    [
        replace(SHOP, rate=Rate(256_000, 256_000), address_list="benfex-suspended"),
        replace(SHOP, username="shop-2", remote_address="10.40.0.17"),
        replace(SHOP, burst=Burst(Rate(30_000_000, 8_000_000), Rate(15_000_000, 4_000_000), 10)),
        replace(SHOP, rate=Rate(0, 0)),
        replace(CAFE, connection_id=SHOP.connection_id),
    ],
    ids=["suspended", "another address", "with a burst", "without limit", "over DHCP"],
)
async def test_a_line_is_changed_as_a_whole(
    link: RouterLink, router: SimulatedRouter, wanted: AccessEntry
) -> None:
    await link.apply(AddAccess(SHOP))
    for change in difference([wanted], await link.read_access()):
        await link.apply(change)

    (read_back,) = (await link.read_access()).entries
    assert is_applied(wanted, read_back)
    assert _rows_of_others(router) == 2


@pytest.mark.parametrize(
    ("menu", "change"),
    [
        ("/queue/simple", {"max-limit": "1M/1M"}),
        ("/queue/simple", {"disabled": "yes"}),
        ("/ip/firewall/address-list", {"list": "benfex-suspended"}),
        ("/ip/firewall/address-list", {"disabled": "yes"}),
        ("/ip/dhcp-server/lease", {"mac-address": "AA:BB:CC:99:99:99"}),
        ("/ip/dhcp-server/lease", {"address": "10.40.0.99"}),
    ],
)
async def test_what_somebody_changed_by_hand_differs_and_is_put_right(
    link: RouterLink, router: SimulatedRouter, menu: str, change: dict[str, str]
) -> None:
    await link.apply(AddAccess(CAFE))
    async with signed_in(router) as api:
        (row,) = await ask(api, f"{menu}/print", "?comment=benfex:8")
        await ask(
            api, f"{menu}/set", f"=.id={row['.id']}", *(f"={key}={value}" for key, value in change.items())
        )

    changes = difference([CAFE], await link.read_access())
    assert changes == (AddAccess(CAFE),)
    for one in changes:
        await link.apply(one)
    assert (await link.read_access()).entries == (CAFE,)


@pytest.mark.parametrize("menu", ["/queue/simple", "/ip/firewall/address-list", "/ip/dhcp-server/lease"])
async def test_a_row_that_somebody_removed_is_made_again(
    link: RouterLink, router: SimulatedRouter, menu: str
) -> None:
    await link.apply(AddAccess(CAFE))
    async with signed_in(router) as api:
        (row,) = await ask(api, f"{menu}/print", "?comment=benfex:8")
        await ask(api, f"{menu}/remove", f"=.id={row['.id']}")

    for change in difference([CAFE], await link.read_access()):
        await link.apply(change)
    (read_back,) = (await link.read_access()).entries
    assert is_applied(CAFE, read_back)


async def test_a_line_goes_with_all_its_rows_and_nothing_else(
    link: RouterLink, router: SimulatedRouter
) -> None:
    await link.apply(AddAccess(SHOP))
    await link.apply(AddAccess(CAFE))
    await link.apply(RemoveAccess(CAFE.connection_id, CAFE.method, CAFE.username))
    await link.apply(RemoveAccess(CAFE.connection_id, CAFE.method, CAFE.username))

    assert (await link.read_access()).entries == (SHOP,)
    assert _rows_of_others(router) == 2


async def test_a_queue_that_others_made_is_refused_and_taken_over_only_when_told(link: RouterLink) -> None:
    office = replace(SHOP, username="office")
    with pytest.raises(RouterRejected) as refused:
        await link.apply(AddAccess(office))
    assert refused.value.code == "foreign_entry"

    await link.apply(AddAccess(replace(office, takes_over=True)))
    (read_back,) = (await link.read_access()).entries
    assert is_applied(office, read_back)


async def test_the_queue_counts_what_the_line_moves(link: RouterLink, router: SimulatedRouter) -> None:
    await link.apply(AddAccess(SHOP))
    first = await link.read_poll()
    await until(lambda: _queue(router, "shop")["bytes"] != "0/0")
    second = await link.read_poll()

    (session,) = second.sessions
    (counted,) = second.counters
    assert (session.username, session.interface, session.address) == ("shop", QUEUE, "10.40.0.7")
    assert counted.session_key == first.counters[0].session_key == session.session_key
    assert counted.download_bytes > 0
    assert second.is_complete


async def test_who_is_on_a_line_is_found_with_its_device(link: RouterLink) -> None:
    await link.apply(AddAccess(SHOP))
    await link.apply(AddAccess(CAFE))

    found = {one.username: (one.address, one.caller_id) for one in await link.read_sessions()}
    assert found == {"shop": ("10.40.0.7", None), "café": ("10.40.0.8", "AA:BB:CC:00:11:22")}
    assert [one.username for one in await link.read_sessions("café")] == ["café"]
    assert await link.disconnect("café", method=AccessMethod.DHCP) == 0


def _queue(router: SimulatedRouter, name: str) -> dict[str, str]:
    return next(row for row in router.table("queue.simple") if row["name"] == name)


def _rows_of_others(router: SimulatedRouter) -> int:
    rows = [*router.table("queue.simple"), *router.table("ip.firewall.address-list")]
    return sum(not row.get("comment", "").startswith("benfex:") for row in rows)
