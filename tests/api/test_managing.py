"""A router over REST is only watched until somebody takes the fingerprint of its plan back."""

from tests.api.conftest import Caller, add_router, problem


async def test_a_new_router_is_watched_and_its_plan_needs_an_answer(owner: Caller, support: Caller) -> None:
    router_id = await add_router(owner)
    path = f"/routers/{router_id}"
    assert (await owner.get(path)).json()["is_managed"] is False
    problem(await owner.get(f"{path}/plan"), 502, "router_unreachable")
    problem(await owner.post(f"{path}/manage", {"fingerprint": "x"}), 502, "router_unreachable")
    assert (await owner.get(path)).json()["is_managed"] is False
    assert (await owner.post(f"{path}/observe")).json()["is_managed"] is False
    assert (await support.post(f"{path}/observe")).status_code == 403
    assert (await owner.get("/routers/99/plan")).status_code == 404


async def test_taking_over_asks_the_router_and_checks_what_it_is_given(owner: Caller) -> None:
    path = f"/routers/{await add_router(owner)}/adoption"
    problem(await owner.get(path), 502, "router_unreachable")
    problem(await owner.post(path, {"picks": []}), 422, "invalid_input")
    problem(
        await owner.post(path, {"picks": [{"key": "pppoe:amina", "customer_id": 0}]}), 422, "invalid_input"
    )


async def test_outages_and_downtime_are_told(owner: Caller) -> None:
    router_id = await add_router(owner)
    placed = await owner.patch(f"/routers/{router_id}", {"site": "Hill"})
    assert placed.json()["site"] == "Hill"
    assert (await owner.get("/network/outages", state="open")).json() == {"data": [], "total": 0}
    told = (await owner.get("/network/downtime")).json()
    assert [(one["name"], one["seconds"]) for one in told["routers"]] == [("nakuru-core", 0)]
    assert [one["name"] for one in told["sites"]] == ["Hill"]
    assert (await owner.get("/network/outages", state="never")).status_code == 422
