"""The rules for who has not paid, on RouterOS 6 and 7: ours before all others, and none of theirs touched."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from benfex.network.driver import RouterDriver, RouterLink
from benfex.network.garden import Garden, GardenReading
from benfex.simulation.routeros.server import SimulatedRouter
from tests.contract.router_clients import OPTIONS, add, ask, running, signed_in
from tests.contract.router_drivers import address_of

GARDEN = Garden(("checkout.paystack.com", "portal.isp.example"), ("10.0.0.5",), ("10.0.0.5", 8081))
MENUS = (
    "/ip/firewall/filter",
    "/ip/firewall/nat",
    "/ip/firewall/address-list",
    "/ip/hotspot/walled-garden",
    "/ip/hotspot/walled-garden/ip",
)
THEIRS = (
    ("/ip/firewall/filter", {"chain": "input", "action": "accept", "comment": "theirs"}),
    ("/ip/firewall/filter", {"chain": "forward", "action": "fasttrack-connection", "comment": "theirs"}),
    (
        "/ip/firewall/filter",
        {"chain": "forward", "action": "accept", "connection-state": "established,related"},
    ),
    ("/ip/firewall/filter", {"chain": "forward", "action": "drop", "connection-state": "invalid"}),
    ("/ip/firewall/nat", {"chain": "srcnat", "action": "masquerade", "out-interface": "ether1"}),
    (
        "/ip/firewall/nat",
        {"chain": "dstnat", "action": "dst-nat", "to-addresses": "10.0.0.9", "dst-port": "443"},
    ),
    ("/ip/firewall/address-list", {"list": "benfex-allowed", "address": "10.9.9.9"}),
    ("/ip/hotspot/walled-garden", {"dst-host": "*.theirs.example"}),
    ("/ip/hotspot/walled-garden/ip", {"dst-address": "10.9.9.9"}),
)


@pytest.fixture(params=["6.49.17 (long-term)", "7.18.2 (stable)"])
async def router(request: pytest.FixtureRequest) -> AsyncIterator[SimulatedRouter]:
    async with running(replace(OPTIONS, version=request.param)) as simulated:
        async with signed_in(simulated) as api:
            for menu, row in THEIRS:
                await add(api, menu, **row)
        yield simulated


@pytest.fixture
async def link(driver: RouterDriver, router: SimulatedRouter) -> AsyncIterator[RouterLink]:
    async with driver.open(address_of(router)) as opened:
        yield opened


async def test_a_router_without_our_rules_has_no_garden(link: RouterLink) -> None:
    assert await link.read_garden() == GardenReading(None, is_whole=True)


@pytest.mark.parametrize("garden", [GARDEN, replace(GARDEN, door=None), Garden((), ("10.0.0.5",))])
async def test_a_garden_comes_back_as_it_was_given(
    link: RouterLink, router: SimulatedRouter, garden: Garden
) -> None:
    theirs = _others(router)
    await link.write_garden(garden)
    await link.write_garden(garden)

    assert (await link.read_garden()).is_as(garden)
    assert _others(router) == theirs
    forward = [row for row in router.table("ip.firewall.filter") if row["chain"] == "forward"]
    assert [row.get("action") for row in forward][:4] == ["accept", "accept", "accept", "reject"]
    assert len(forward) == 7


async def test_a_garden_changes_and_goes_without_a_trace(link: RouterLink, router: SimulatedRouter) -> None:
    theirs = _others(router)
    await link.write_garden(GARDEN)
    other = Garden(("pay.pesapal.com",), ("10.0.0.6",), ("10.0.0.6", 80))
    await link.write_garden(other)
    assert (await link.read_garden()).is_as(other)

    await link.write_garden(None)
    assert await link.read_garden() == GardenReading(None, is_whole=True)
    assert _others(router) == theirs


@pytest.mark.parametrize("menu", MENUS)
@pytest.mark.parametrize("harm", ["removed", "switched off"])
async def test_a_rule_that_somebody_harmed_is_made_again(
    link: RouterLink, router: SimulatedRouter, menu: str, harm: str
) -> None:
    await link.write_garden(GARDEN)
    async with signed_in(router) as api:
        rows = await ask(api, f"{menu}/print")
        ours = next(row for row in rows if str(row.get("comment", "")).startswith("benfex:wg"))
        words = (f"{menu}/remove",) if harm == "removed" else (f"{menu}/set", "=disabled=yes")
        await ask(api, words[0], f"=.id={ours['.id']}", *words[1:])
    assert not (await link.read_garden()).is_as(GARDEN)

    await link.write_garden(GARDEN)
    assert (await link.read_garden()).is_as(GARDEN)


async def test_a_rule_of_others_that_came_before_ours_is_seen_and_ours_go_before_it(
    link: RouterLink, router: SimulatedRouter
) -> None:
    await link.write_garden(GARDEN)
    async with signed_in(router) as api:
        first = next(row for row in await ask(api, "/ip/firewall/filter/print") if row["chain"] == "forward")
        await ask(
            api,
            "/ip/firewall/filter/add",
            "=chain=forward",
            "=action=accept",
            f"=place-before={first['.id']}",
        )
    assert not (await link.read_garden()).is_whole

    theirs = _others(router)
    await link.write_garden(GARDEN)
    assert (await link.read_garden()).is_as(GARDEN)
    assert _others(router) == theirs


def _others(router: SimulatedRouter) -> list[dict[str, str]]:
    """Return every row that does not carry our mark, in its order."""
    rows = [row for menu in MENUS for row in router.table(menu.replace("/", "."))]
    return [row for row in rows if not row.get("comment", "").startswith("benfex:")]
