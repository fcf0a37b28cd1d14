"""The configuration of a router as text: without secrets, whole, and without a trace on the router."""

from dataclasses import replace

import pytest

from benfex.core.errors import RouterRejected
from benfex.network.driver import AccessEntry, AddAccess, RouterDriver, RouterLink
from benfex.simulation.routeros.server import SimulatedRouter
from data.values.identifiers import ConnectionId
from tests.contract.router_clients import OPTIONS, running
from tests.contract.router_drivers import address_of


async def test_a_configuration_is_told_without_secrets(link: RouterLink, router: SimulatedRouter) -> None:
    await link.apply(AddAccess(AccessEntry(ConnectionId(7), "josé", "very-secret", "benfex-home")))

    text = await link.export_configuration()

    assert text.startswith("# 20")
    assert "by RouterOS 7.18.2\n" in text
    assert "/ppp secret\n" in text
    assert "comment=benfex:7" in text
    assert r'name="jos\C3\A9"' in text
    assert "very-secret" not in text
    assert router.table("file") == []


async def test_routeros_6_is_told_to_hide_secrets(driver: RouterDriver) -> None:
    async with (
        running(replace(OPTIONS, version="6.49.17 (long-term)")) as router,
        driver.open(address_of(router)) as link,
    ):
        router.populate("home", 3, "default")  # whose passwords are their names
        text = await link.export_configuration()

    assert "name=home0002" in text
    assert "password" not in text


async def test_a_large_configuration_is_read_in_pieces(link: RouterLink, router: SimulatedRouter) -> None:
    router.populate("home", 2000, "benfex-home")

    text = await link.export_configuration()

    assert len(text) > 100_000
    assert text.count("name=home") == 2000


async def test_a_version_that_cannot_tell_as_much_says_so(driver: RouterDriver) -> None:
    async with (
        running(replace(OPTIONS, version="6.49.17 (long-term)")) as router,
        driver.open(address_of(router)) as link,
    ):
        router.populate("home", 200, "default")
        with pytest.raises(RouterRejected, match="too large") as refusal:
            await link.export_configuration()
        assert router.table("file") == []

    assert refusal.value.code == "too_large"
