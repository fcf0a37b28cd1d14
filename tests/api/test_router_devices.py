"""Routers as devices over REST: asked now, within a deadline, and restarted only by name."""

from tests.api.conftest import Caller, add_router, problem


async def test_a_router_that_does_not_answer_is_a_bad_gateway(owner: Caller, support: Caller) -> None:
    path = f"/routers/{await add_router(owner)}"
    for what in ("resources", "interfaces", "neighbours", "leases", "log"):
        assert (await support.get(f"{path}/{what}")).status_code == 502
        assert (await owner.get(f"/routers/99/{what}")).status_code == 404
    problem(await support.post(f"{path}/ping", {"address": "8.8.8.8", "count": 21}), 422, "invalid_input")
    problem(await support.post(f"{path}/trace", {"address": "a b"}), 422, "invalid_input")


async def test_a_restart_needs_the_name_and_the_right(owner: Caller, support: Caller) -> None:
    path = f"/routers/{await add_router(owner)}/restart"
    problem(await owner.post(path, {"confirm": "another"}), 422, "invalid_input")
    assert (await support.post(path, {"confirm": "nakuru-core"})).status_code == 403
    assert (await owner.post(path, {"confirm": "nakuru-core"})).status_code == 502


async def test_firmware_is_listed(owner: Caller) -> None:
    router_id = await add_router(owner)
    found = (await owner.get("/network/firmware")).json()
    assert (found["total"], found["data"][0]["router_id"]) == (1, router_id)
    assert found["data"][0]["is_behind"] is False


async def test_backups_are_listed_and_what_is_not_there_is_said(owner: Caller, support: Caller) -> None:
    path = f"/routers/{await add_router(owner)}/backups"
    assert (await support.get(path)).json() == {"data": [], "total": 0}
    assert (await owner.post(path)).status_code == 502
    assert (await owner.get(f"{path}/1")).status_code == 404
    problem(await owner.get(f"{path}/compare?older=1&newer=1"), 422, "invalid_input")
    assert (await owner.post(f"{path}/1/accept")).status_code == 404
    assert (await owner.get("/routers/99/backups")).status_code == 404


async def test_a_change_is_planned_for_managed_routers_only(owner: Caller, support: Caller) -> None:
    router_id = await add_router(owner)
    path = "/network/changes"
    asked = {"kind": "dns", "value": "1.1.1.1", "router_ids": [router_id]}
    problem(await owner.post(path, asked), 422, "invalid_input")  # it is only watched
    problem(await owner.post(path, {**asked, "value": "x"}), 422, "invalid_input")
    problem(await owner.post(path, {**asked, "kind": "reboot"}), 422, "invalid_input")
    assert (await support.post(path, asked)).status_code == 403
    assert (await support.get(path)).json() == {"data": [], "total": 0}
    for call in (owner.post(f"{path}/1/go-on"), owner.post(f"{path}/1/undo"), owner.get(f"{path}/1/routers")):
        assert (await call).status_code == 404
