"""Changes of many routers on screen: planned, begun, gone on with, put back."""

from collections.abc import AsyncIterator

import pytest
from nicegui import ui
from nicegui.testing import User

from benfex.simulation.routeros.server import SimulatedRouter
from tests.contract.router_clients import OPTIONS, running
from tests.ui.isp import Isp, rows, send_form, sign_in


@pytest.fixture
async def towers(isp: Isp) -> AsyncIterator[list[SimulatedRouter]]:
    """Two routers that are managed and switched on."""
    from benfex.network.inventory import add_router

    async with running(OPTIONS) as first, running(OPTIONS) as second:
        for name, router in (("a-tower", first), ("b-tower", second)):
            await isp.do(
                add_router,
                name=name,
                host="127.0.0.1",
                port=router.port,
                username="benfex",
                password="demo-router-1",
                vault=isp.benfex.vault,
                is_managed=True,
            )
        yield [first, second]


def dns(towers: list[SimulatedRouter]) -> list[str]:
    return [router.table("ip.dns")[0]["servers"] for router in towers]


async def test_a_change_is_planned_made_and_put_back(
    user: User, isp: Isp, towers: list[SimulatedRouter]
) -> None:
    await sign_in(user)
    await user.open("/admin/plan-change")
    user.find(marker="field-servers").type("1.1.1.1")
    send_form(user)
    await user.should_see("Nothing is written yet", retries=100)
    assert dns(towers) == ["", ""]
    assert [(row["router"], row["before"], row["after"]) for row in rows(user)] == [
        ("a-tower", "none", "1.1.1.1"),
        ("b-tower", "none", "1.1.1.1"),
    ]

    user.find(kind=ui.button, content="Begin with the first router").click()
    await user.should_see("The first router is changed and read back", retries=100)
    assert dns(towers) == ["1.1.1.1", ""]

    user.find(kind=ui.button, content="Go on with 1 router").click()
    await user.should_see("Done", retries=100)
    assert dns(towers) == ["1.1.1.1", "1.1.1.1"]

    await user.open("/admin/changes")
    (row,) = rows(user)
    assert (row["what"], row["routers"], row["state"]) == (
        "DNS servers: 1.1.1.1",
        "2 changed of 2 routers",
        "Done",
    )


async def test_support_sees_changes_and_makes_none(user: User, isp: Isp) -> None:
    await sign_in(user, "support")
    await user.open("/admin/changes")
    await user.should_see("No change yet")
    await user.should_not_see("Plan a change")
    assert (await user.http_client.get("/admin/plan-change")).status_code == 403
