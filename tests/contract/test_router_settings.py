"""The settings that may be changed on many routers: read as they are, written, and put back exactly."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from benfex.core.errors import RouterRejected
from benfex.network.driver import RouterDriver, RouterLink
from benfex.simulation.routeros.server import SimulatedRouter
from data.values.kinds import SettingKind
from tests.contract.router_clients import OPTIONS, ask, running, signed_in
from tests.contract.router_drivers import address_of

WRITTEN = [
    (SettingKind.NTP, "", {"enabled": "yes", "servers": "10.0.0.1,10.0.0.2"}),
    (SettingKind.DNS, "", {"servers": "1.1.1.1,8.8.8.8"}),
    (SettingKind.NOTE, "", {"note": "Tower 7, key at the shop"}),
    (SettingKind.SERVICE, "telnet", {"enabled": "no"}),
    (SettingKind.LISTED, "friends 10.9.9.9", {"present": "yes"}),
    (SettingKind.RADIUS_INCOMING, "", {"accept": "yes", "port": "1700"}),
]


@pytest.mark.parametrize(("kind", "target", "values"), WRITTEN)
@pytest.mark.parametrize("version", [OPTIONS.version, "6.49.17 (long-term)"])
async def test_a_setting_is_written_and_put_back(
    driver: RouterDriver, version: str, kind: SettingKind, target: str, values: Mapping[str, str]
) -> None:
    async with (
        running(replace(OPTIONS, version=version)) as router,
        driver.open(address_of(router)) as link,
    ):
        before = await link.read_setting(kind, target)
        assert before != values
        for _ in range(2):
            await link.write_setting(kind, target, values)
            assert await link.read_setting(kind, target) == values
        await link.write_setting(kind, target, before)
        assert await link.read_setting(kind, target) == before


async def test_a_service_that_is_switched_off_leaves_the_others_on(
    link: RouterLink, router: SimulatedRouter
) -> None:
    await link.write_setting(SettingKind.SERVICE, "ftp", {"enabled": "no"})

    assert [row["name"] for row in router.table("ip.service") if row["disabled"] == "true"] == ["ftp"]


async def test_an_entry_that_is_put_back_keeps_its_remark(link: RouterLink, router: SimulatedRouter) -> None:
    async with signed_in(router) as admin:
        words = ("=list=friends", "=address=10.9.9.9", "=comment=Mama Njeri", "=disabled=yes")
        await ask(admin, "/ip/firewall/address-list/add", *words)
    before = await link.read_setting(SettingKind.LISTED, "friends 10.9.9.9")
    await link.write_setting(SettingKind.LISTED, "friends 10.9.9.9", {"present": "no"})
    assert router.table("ip.firewall.address-list") == []

    await link.write_setting(SettingKind.LISTED, "friends 10.9.9.9", before)

    (row,) = router.table("ip.firewall.address-list")
    assert (row["comment"], row["disabled"]) == ("Mama Njeri", "true")


async def test_a_service_that_is_not_there_is_refused(link: RouterLink) -> None:
    with pytest.raises(RouterRejected) as refusal:
        await link.read_setting(SettingKind.SERVICE, "gopher")
    assert refusal.value.code == "missing_setting"
