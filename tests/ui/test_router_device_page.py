"""The part of a router's page that asks the router, its tools, and the table of firmware."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from nicegui import ui
from nicegui.testing import User

from benfex.simulation.routeros.server import SimulatedRouter
from tests.contract.router_clients import OPTIONS, running
from tests.contract.router_drivers import commands
from tests.ui.isp import Isp, rows, sign_in, until


@pytest.fixture
async def tower(isp: Isp) -> AsyncIterator[SimulatedRouter]:
    """The ISP's router, switched on."""
    from benfex.network.inventory import edit_router, enable_router

    async with running(OPTIONS) as router:
        await isp.do(
            edit_router,
            router_id=isp.router_id,
            name="nakuru-core",
            host="127.0.0.1",
            port=router.port,
            username="benfex",
            password="demo-router-1",
            vault=isp.benfex.vault,
        )
        await isp.do(enable_router, router_id=isp.router_id, is_enabled=True)
        yield router


def send(user: User, at: int) -> None:
    """Send one of the forms of the page."""
    forms = user.find(kind=ui.element, marker="form")
    forms.elements = {sorted(forms.elements, key=lambda form: form.id)[at]}
    forms.trigger("submit.prevent")


async def test_a_router_tells_how_it_is(user: User, isp: Isp, tower: SimulatedRouter) -> None:
    await sign_in(user)
    await user.open(f"/admin/routers/{isp.router_id}")
    user.find(marker="section-device").click()
    await user.should_see("Temperature", retries=60)
    await user.should_see("ARM64".lower())
    user.find(marker="section-log").click()
    await user.should_see("Log", retries=30)


async def test_a_router_that_is_not_asked_says_so(user: User, isp: Isp) -> None:
    await sign_in(user)
    await user.open(f"/admin/routers/{isp.router_id}")
    user.find(marker="section-device").click()
    await user.should_see("nakuru-core is not asked", retries=60)


async def test_pings_are_shown_as_they_come(user: User, isp: Isp, tower: SimulatedRouter) -> None:
    await sign_in(user, "support")
    await user.open(f"/admin/routers/{isp.router_id}")
    user.find(marker="section-tools").click()
    await user.should_see("Ping from here", retries=30)
    send(user, 0)
    await user.should_see("5 of 5 answered", retries=100)
    send(user, 1)
    await user.should_see("2. —: no answer", retries=100)


async def test_firmware_is_one_table(user: User, isp: Isp, tower: SimulatedRouter) -> None:
    await isp.benfex.inspector.resources(await isp.staff(), router_id=isp.router_id)
    await sign_in(user, "support")
    await user.open("/admin/firmware")
    (row,) = rows(user)
    assert (row["name"], row["version"], row["state"]) == ("nakuru-core", "7.18.2 (stable)", "Newest seen")


async def test_a_change_by_somebody_else_is_seen_and_compared(
    user: User, isp: Isp, tower: SimulatedRouter
) -> None:
    from tests.contract.router_clients import ask, signed_in

    await sign_in(user)
    await user.open(f"/admin/routers/{isp.router_id}")
    user.find(marker="section-backups").click()
    await user.should_see("No backup yet", retries=30)
    user.find(kind=ui.button, content="Back up now").click()
    await user.should_see("A new copy is kept.", retries=60)
    async with signed_in(tower) as admin:
        await ask(admin, "/ip/firewall/address-list/add", "=list=friends", "=address=10.9.9.9")
    user.find(kind=ui.button, content="Back up now").click()
    await user.should_see("Somebody else changed this router: 1 line came, 0 lines went.", retries=60)

    await user.open(f"/admin/routers/{isp.router_id}/compare")
    await user.should_see("add list=friends address=10.9.9.9")
    await user.should_see("2 lines came, 0 lines went")


async def test_what_interfaces_move_is_asked_only_while_they_are_looked_at(
    user: User, isp: Isp, tower: SimulatedRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pages.admin import router_device

    monkeypatch.setattr(router_device, "LIVE_SECONDS", 0.05)
    monkeypatch.setattr("benfex.network.inspecting._FRESH_SECONDS", 0.0)
    monitor = "/interface/monitor-traffic"
    await sign_in(user)
    await user.open(f"/admin/routers/{isp.router_id}")
    assert commands(tower, monitor) == 0
    user.find(marker="section-device").click()
    await until(lambda: commands(tower, monitor) > 3, tries=100)

    user.find(marker="section-lines").click()
    await user.should_see("All lines")
    await isp.benfex.inspector.leases(
        await isp.staff(), router_id=isp.router_id
    )  # what was under way is over
    before = commands(tower, monitor)
    await asyncio.sleep(0.3)
    assert commands(tower, monitor) == before
