"""Routers as devices over REST: asked now, within a deadline, and restarted only by name."""

from typing import TYPE_CHECKING

from data.values.identifiers import RouterId
from tests.api.conftest import Caller, add_router, problem
from tests.contract.router_clients import OPTIONS, running

if TYPE_CHECKING:
    from benfex.application import Benfex


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
    for call in (
        owner.post(f"{path}/1/go-on", {"seen": "planned"}),
        owner.post(f"{path}/1/undo"),
        owner.get(f"{path}/1/routers"),
    ):
        assert (await call).status_code == 404


async def test_a_router_that_answers_is_told_whole(owner: Caller) -> None:
    async with running(OPTIONS) as tower:
        door = {"host": "127.0.0.1", "port": tower.port, "username": "benfex", "password": "demo-router-1"}
        router_id = (await owner.made("/routers", {"name": "tower", **door}))["id"]
        path = f"/routers/{router_id}"

        assert (await owner.get(f"{path}/resources")).json()["sensors"][1]["unit"] == "C"
        interfaces = (await owner.get(f"{path}/interfaces")).json()["data"]
        assert (interfaces[0]["received_bps"], interfaces[4]["received_bps"]) == (0, None)
        assert len((await owner.get(f"{path}/neighbours")).json()["data"]) == 3
        assert (await owner.get(f"{path}/leases")).json()["data"][0]["status"] == "bound"
        assert (await owner.get(f"{path}/log")).json() == {"data": []}
        pings = (await owner.post(f"{path}/ping", {"address": "8.8.8.8", "count": 2})).json()["data"]
        assert [one["sequence"] for one in pings] == [0, 1]
        hops = (await owner.post(f"{path}/trace", {"address": "8.8.8.8"})).json()["data"]
        assert hops[-1]["host"] == "8.8.8.8"
        assert (await owner.get("/network/firmware")).json()["data"][0]["version"] == "7.18.2 (stable)"

        first = (await owner.post(f"{path}/backups")).json()
        assert (first["is_new"], first["is_unexpected"]) == (True, False)
        text = (await owner.get(f"{path}/backups/{first['snapshot_id']}")).json()["text"]
        assert "/ip pool" in text

        restarted = (await owner.post(f"{path}/restart", {"confirm": "tower"})).json()
        assert restarted["restarted_by"] != ""
        assert tower.device.boots == 2


async def test_a_change_is_made_and_put_back_over_rest(owner: Caller, benfex: "Benfex") -> None:
    from benfex.core.actors import SystemActor
    from benfex.network.inventory import manage_router

    async with running(OPTIONS) as tower:
        door = {"host": "127.0.0.1", "port": tower.port, "username": "benfex", "password": "demo-router-1"}
        router_id = (await owner.made("/routers", {"name": "tower", **door}))["id"]
        await benfex.transact(
            manage_router, SystemActor("tests"), router_id=RouterId(router_id), is_managed=True
        )
        asked = {"kind": "dns", "value": "1.1.1.1", "router_ids": [router_id]}
        run = await owner.made("/network/changes", asked)
        assert (run["what"], run["state"], run["counts"]) == (
            "DNS servers: 1.1.1.1",
            "planned",
            {"waiting": 1},
        )
        path = f"/network/changes/{run['run_id']}"
        (item,) = (await owner.get(f"{path}/routers")).json()["data"]
        assert (item["before"], item["after"]) == ("none", "1.1.1.1")

        assert (await owner.post(f"{path}/go-on", {"seen": "looking"})).status_code == 409
        assert (await owner.post(f"{path}/go-on", {"seen": "planned"})).status_code == 200
        await benfex.changer.wait(run["run_id"])
        assert (await owner.get(path)).json()["state"] == "done"
        assert tower.table("ip.dns")[0]["servers"] == "1.1.1.1"
        assert (await owner.post(f"{path}/undo")).status_code == 200
        await benfex.changer.wait(run["run_id"])
        assert (await owner.get(path)).json()["state"] == "undone"
        assert tower.table("ip.dns")[0]["servers"] == ""


async def test_what_was_written_is_paged(owner: Caller, support: Caller) -> None:
    router_id = await add_router(owner)
    assert (await support.get(f"/routers/{router_id}/writes")).json() == {"data": [], "total": 0}
    problem(await owner.get(f"/routers/{router_id}/writes", state="perhaps"), 422, "invalid_input")
    problem(await owner.get("/routers/99/writes"), 404, "not_found")
    problem(await owner.get("/subscriptions/99/router-writes"), 404, "not_found")


async def test_the_garden_is_told_and_switched_by_who_may(owner: Caller, support: Caller) -> None:
    path = f"/routers/{await add_router(owner)}/garden"
    seen = (await support.get(path)).json()
    assert (seen["is_on"], seen["agrees"]) == (False, None)  # nobody answers there
    assert seen["reason"]
    assert (await support.call("PUT", path, body={"is_on": True})).status_code == 403
    problem(await owner.call("PUT", path, body={"is_on": "yes"}), 422, "invalid_input")
    problem(await owner.call("PUT", path, body={"is_on": True}), 409, "conflict")  # it is only watched
