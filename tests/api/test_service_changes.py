"""What a program changes of a service: it asks what it comes to first, then does it."""

import httpx

from benfex.application import Benfex
from tests.api.conftest import (
    Caller,
    add_home,
    add_router,
    fields,
    kes,
    problem,
    sell_plan,
    sign_in_subscriber,
)


async def test_a_change_comes_to_what_its_preview_said(owner: Caller) -> None:
    home = await add_home(
        owner, name="Amina Wanjiru", price_id=await sell_plan(owner), router_id=await add_router(owner)
    )
    path = f"/subscriptions/{home.subscription['id']}"
    add_on = await owner.made(
        "/add-ons", {"code": "IP", "name": "Fixed address", "amount": kes(30_000), "is_recurring": True}
    )
    asked = {"add_on_id": add_on["id"], "quantity": 2}
    foreseen = (await owner.post(f"{path}/add-ons?preview=true", asked)).json()
    assert (await owner.get(f"{path}/arrangements")).json()["add_ons"] == []
    done = (await owner.post(f"{path}/add-ons", asked)).json()
    assert done == foreseen
    assert done["invoiced"] == kes(60_000)
    (row,) = (await owner.get(f"{path}/arrangements")).json()["add_ons"]
    left = (await owner.post(f"{path}/add-ons/{row['id']}/remove", {"when": "now"})).json()
    assert (left["credited"], left["to_pay"]) == (kes(60_000), kes(-60_000))
    assert (await owner.post(f"{path}/add-ons/{row['id'] + 1}/remove")).status_code == 404

    foreseen = (await owner.post(f"{path}/pause?preview=true")).json()
    assert (await owner.post(f"{path}/pause")).json() == foreseen
    assert (await owner.post(f"{path}/return")).json()["status"] == "active"

    ending = {"reason": "moves", "when": "period_end"}
    assert (await owner.post(f"{path}/end", ending)).json()["status"] == "active"
    assert (await owner.post(f"{path}/keep")).json()["ends_on"] is None
    assert (await owner.post(f"{path}/keep")).status_code == 409


async def test_a_plan_with_terms_is_sold_changed_and_archived(owner: Caller) -> None:
    home = await add_home(
        owner, name="Amina Wanjiru", price_id=await sell_plan(owner), router_id=await add_router(owner)
    )
    path = f"/subscriptions/{home.subscription['id']}"
    plan = await owner.made(
        "/plans",
        {
            "code": "FAST",
            "name": "Fast",
            "download_bps": 50_000_000,
            "upload_bps": 20_000_000,
            "burst": {
                "download_bps": 80_000_000,
                "upload_bps": 30_000_000,
                "threshold_download_bps": 40_000_000,
                "threshold_upload_bps": 10_000_000,
                "seconds": 10,
            },
        },
    )
    assert plan["burst_seconds"] == 10
    price = await owner.made(
        f"/plans/{plan['id']}/prices",
        {
            "amount": kes(600_000),
            "minimum_term_months": 12,
            "early_termination_fee": kes(100_000),
        },
    )
    changed = (await owner.post(f"{path}/change-plan", {"plan_price_id": price["id"]})).json()
    assert changed["to_pay"] == kes(350_000)
    ended = (await owner.post(f"{path}/end", {"reason": "moves"})).json()
    assert ended["invoiced"] == kes(100_000)
    assert (await owner.post(f"/plans/{plan['id']}/archive")).json()["is_archived"] is True


async def test_a_discount_is_given_and_taken_back(owner: Caller) -> None:
    home = await add_home(
        owner, name="Amina Wanjiru", price_id=await sell_plan(owner), router_id=await add_router(owner)
    )
    path = f"/subscriptions/{home.subscription['id']}"
    discount = await owner.made(
        "/discounts", {"code": "HALF", "name": "Half", "kind": "percent", "basis_points": 5_000}
    )
    given = (await owner.post(f"{path}/discounts", {"discount_id": discount["id"]})).json()
    (row,) = given["discounts"]
    assert row["periods_left"] is None
    taken = (await owner.post(f"{path}/discounts/{row['id']}/take")).json()
    assert taken["discounts"][0]["ends_on"] is not None
    agreed = (await owner.post(f"{path}/agreed-price", {"price": kes(200_000)})).json()
    assert agreed["agreed_price"] == kes(200_000)
    assert (await owner.post(f"/discounts/{discount['id']}/archive")).json()["is_given"] is False
    assert [row["code"] for row in (await owner.get("/discounts")).json()["items"]] == ["HALF"]


async def test_one_customer_pays_for_another(owner: Caller) -> None:
    home = await add_home(
        owner, name="Amina Wanjiru", price_id=await sell_plan(owner), router_id=await add_router(owner)
    )
    landlord = await owner.made("/customers", {"name": "Nakuru Flats", "phone": "+254711000001"})
    path = f"/customers/{home.customer['id']}/payer"
    circle = (await owner.call("PUT", path, body={"payer_id": landlord["id"]})).json()
    assert circle["payer"]["account_number"] == landlord["account_number"]
    refused = await owner.call(
        "PUT", f"/customers/{landlord['id']}/payer", body={"payer_id": home.customer["id"]}
    )
    assert refused.status_code == 422
    assert (await owner.call("PUT", path, body={"payer_id": None})).json()["payer"] is None


async def test_why_a_service_is_offline_is_said_with_its_evidence(owner: Caller) -> None:
    home = await add_home(
        owner, name="Amina Wanjiru", price_id=await sell_plan(owner), router_id=await add_router(owner)
    )
    path = f"/subscriptions/{home.subscription['id']}"
    waits = (await owner.get(f"{path}/diagnosis")).json()
    assert (waits["subscription_id"], waits["cause"]) == (home.subscription["id"], "not_written")
    assert waits["evidence"][0] == "The service is active"
    await owner.post(f"{path}/suspend", {"reason": "abuse"})
    assert (await owner.get(f"{path}/diagnosis")).json()["cause"] == "stopped"
    assert (await owner.get("/subscriptions/99/diagnosis")).status_code == 404


async def test_a_leak_report_names_routers_that_do_not_answer(owner: Caller, support: Caller) -> None:
    await add_router(owner)
    report = (await owner.get("/network/leaks")).json()
    assert (report["leaks"], report["monthly"]) == ([], kes(0))
    ((name, why),) = report["not_asked"]
    assert (name, bool(why)) == ("nakuru-core", True)
    assert (await support.get("/network/leaks")).status_code == 200


async def test_who_is_online_is_asked_of_staff_only(
    owner: Caller, http: httpx.AsyncClient, benfex: Benfex
) -> None:
    router_id = await add_router(owner)
    found = (await owner.get("/network/sessions", search="amina")).json()
    assert (found["sessions"], found["total"]) == ([], 0)
    assert [name for name, _ in found["not_asked"]] == ["nakuru-core"]
    asked = {"router_id": router_id, "username": "amina"}
    assert (await owner.post("/network/sessions/disconnect", {**asked, "router_id": 99})).status_code == 404
    assert (await owner.post("/network/sessions/disconnect", asked)).status_code == 409  # only watched
    amina = await owner.made("/customers", {"name": "Amina Wanjiru", "phone": "0712345678"})
    subscriber = await sign_in_subscriber(benfex, http, amina)
    assert (await subscriber.get("/network/sessions")).status_code == 403
    assert (await subscriber.post("/network/sessions/disconnect", asked)).status_code == 403


async def test_traffic_is_told_beside_a_week_ago_and_to_staff_only(
    owner: Caller, http: httpx.AsyncClient
) -> None:
    router_id = await add_router(owner)
    told = (await owner.get("/network/traffic", router_id=router_id)).json()
    assert (told["today"]["download_bytes"], told["change_permille"]) == (0, None)
    assert set(told["week_ago"]["download_bps"]) == {
        None
    }  # nothing was counted: not the same as nothing moved
    assert (await owner.get("/network/top-talkers", limit=5)).json() == {"data": []}
    assert (await owner.get("/network/top-talkers", limit=0)).status_code == 422
    assert (await owner.get("/network/percentile")).status_code == 200
    problem(await owner.get("/network/percentile", connection_id=99), 404, "not_found")
    assert fields(await owner.get("/network/percentile", connection_id=1, router_id=1)) == ["router_id"]
    assert (await http.get("/api/v1/network/traffic")).status_code == 401


async def test_data_is_sold_as_a_pack_and_bought_from_credit_only(
    owner: Caller, http: httpx.AsyncClient, benfex: Benfex
) -> None:
    plan = await owner.made(
        "/plans",
        {
            "code": "CAPPED",
            "name": "Capped",
            "download_bps": 10_000_000,
            "upload_bps": 5_000_000,
            "data_cap_bytes": 10**10,
        },
    )
    price = await owner.made(f"/plans/{plan['id']}/prices", {"amount": kes(300_000)})
    home = await add_home(
        owner, name="Amina Wanjiru", price_id=price["id"], router_id=await add_router(owner)
    )
    pack = {"code": "DATA5", "name": "5 GB more", "amount": kes(20_000), "is_recurring": False}
    problem(await owner.post("/add-ons", {**pack, "data_bytes": 0}, key="k0"), 422, "invalid_input")
    sold = await owner.made("/add-ons", {**pack, "data_bytes": 5 * 10**9})
    assert sold["data_bytes"] == 5 * 10**9
    path = f"/subscriptions/{home.subscription['id']}/data"
    subscriber = await sign_in_subscriber(benfex, http, home.customer)
    short = problem(await subscriber.post(path, {"add_on_id": sold["id"]}, key="k1"), 409, "conflict")
    assert "KES 200 is missing" in short["detail"]
    told = await owner.post(
        f"/subscriptions/{home.subscription['id']}/add-ons", {"add_on_id": sold["id"]}, key="k2"
    )
    assert told.json()["invoiced"] == kes(20_000)
