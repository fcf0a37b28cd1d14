"""Routers are added, edited, paused and retired, and tried before they are trusted."""

import pytest

from benfex.core.actors import StaffActor
from benfex.core.errors import RouterAuthFailed, RouterUnreachable
from benfex.core.transactor import Transactor
from benfex.network.driver import RouterAddress, RouterIdentity
from benfex.network.health import note_identity, note_router_status
from benfex.network.inventory import (
    RouterProbe,
    add_router,
    edit_router,
    enable_router,
    retire_router,
    router_address,
)
from benfex.network.links import router_door
from benfex.network.registry import make_drivers, make_pool
from data.values.errors import AlreadyExists, Conflict, InvalidInput, NotPermitted
from data.values.identifiers import UserId
from data.values.roles import Role
from data.values.states import RouterStatus
from tests.acts.network.rows import PASSWORD, VAULT, connect, new_router, router_status, sell_plan
from tests.conftest import Run
from tests.contract.router_clients import running

IDENTITY = RouterIdentity("nakuru-core", "7.18", "CCR", "ABC", 60, 1, 1, 2, "7.18", "7.18.2")


def test_a_router_is_kept_with_its_password_sealed(run: Run) -> None:
    router_id = run(new_router)
    address = run.read(router_address, router_id=router_id, vault=VAULT)
    assert (address.host, address.port, address.password) == ("127.0.0.1", 8728, PASSWORD)
    door = run.read(router_door, router_id=router_id)
    assert door is not None
    assert PASSWORD not in door.password_sealed
    assert run.read(router_status, router_id=router_id) == ("unknown", "")


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("name", {"name": " "}),
        ("host", {"host": "no host"}),
        ("host", {"host": "10.0.0.256"}),
        ("host", {"host": "-bad.example"}),
        ("port", {"port": 0}),
        ("port", {"port": 70_000}),
        ("username", {"username": ""}),
        ("password", {"password": ""}),
        ("poll_seconds", {"poll_seconds": 1}),
        ("tls_fingerprint", {"tls_fingerprint": "abc"}),
    ],
)
@pytest.mark.sqlite_only
def test_a_router_that_cannot_be_is_refused_by_field(
    run: Run, field: str, changes: dict[str, str | int]
) -> None:
    given = {"name": "a", "host": "10.0.0.1", "username": "benfex", "password": "p"} | changes
    with pytest.raises(InvalidInput) as refusal:
        run(add_router, vault=VAULT, **given)  # type: ignore[arg-type]
    assert refusal.value.field == field


def test_two_routers_have_two_names(run: Run) -> None:
    run(new_router, name="tower")
    with pytest.raises(AlreadyExists):
        run(new_router, name="tower")


def test_an_edit_opens_the_door_that_a_wrong_password_closed(run: Run) -> None:
    router_id = run(new_router)
    assert run(
        note_router_status, router_id=router_id, status=RouterStatus.AUTH_FAILED, reason="wrong password"
    )
    assert not run(note_router_status, router_id=router_id, status=RouterStatus.REACHABLE)
    assert run.read(router_door, router_id=router_id) is None
    run(note_identity, router_id=router_id, identity=IDENTITY)
    run(
        edit_router,
        router_id=router_id,
        name="nakuru-core",
        host="127.0.0.1",
        port=8728,
        username="benfex",
        password="another",
        vault=VAULT,
    )
    door = run.read(router_door, router_id=router_id)
    assert door is not None
    assert door.nameplate[:3] == ("CCR", "7.18", "")  # whoever saves it says that this is the router
    assert run.read(router_address, router_id=router_id, vault=VAULT).password == "another"


def test_a_router_with_lines_cannot_be_retired(run: Run) -> None:
    router_id = run(new_router)
    run(connect, router_id=router_id, plan_price_id=run(sell_plan))
    with pytest.raises(Conflict, match="1 connections"):
        run(retire_router, router_id=router_id)


def test_a_retired_or_paused_router_is_left_alone(run: Run) -> None:
    paused, retired = run(new_router, name="a"), run(new_router, name="b")
    run(enable_router, router_id=paused, is_enabled=False)
    run(retire_router, router_id=retired)
    assert run.read(router_door, router_id=paused) is None
    assert run.read(router_door, router_id=retired) is None
    run(enable_router, router_id=paused, is_enabled=True)
    assert run.read(router_door, router_id=paused) is not None


@pytest.mark.sqlite_only
def test_support_may_not_add_routers(run: Run) -> None:
    with pytest.raises(NotPermitted):
        run.by(StaffActor(UserId(1), Role.SUPPORT, "Wanjiru"))(new_router)


@pytest.mark.sqlite_only
async def test_the_test_button_says_who_answers_or_why_nobody_does(transactor: Transactor) -> None:
    pool = make_pool(2)
    probe = RouterProbe(transactor=transactor, vault=VAULT, drivers=make_drivers(pool), timeout_seconds=1.0)
    async with running() as router:
        address = RouterAddress(router.host, router.port, "benfex", PASSWORD)
        assert (await probe.check(address)).name == "nakuru-core"
        with pytest.raises(RouterAuthFailed):
            await probe.check(RouterAddress(router.host, router.port, "benfex", "wrong"))
        closed = router.port
    with pytest.raises(RouterUnreachable):
        await probe.check(RouterAddress("127.0.0.1", closed, "benfex", PASSWORD))
    pool.shutdown()
