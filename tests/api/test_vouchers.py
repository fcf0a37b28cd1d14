"""Prepaid services and vouchers, as a program uses them."""

from benfex.application import Benfex
from tests.api.conftest import Caller, add_router, kes, problem


async def sell_day_plan(owner: Caller) -> int:
    plan = await owner.made(
        "/plans", {"code": "DAY", "name": "Day", "download_bps": 10_000_000, "upload_bps": 5_000_000}
    )
    price = await owner.made(
        f"/plans/{plan['id']}/prices",
        {"amount": kes(10_000), "interval": "day", "billing_mode": "prepaid"},
    )
    return int(price["id"])


async def test_a_voucher_opens_a_prepaid_service_and_its_code_is_told_once(
    owner: Caller, support: Caller, benfex: Benfex
) -> None:
    price_id = await sell_day_plan(owner)
    customer = await owner.made("/customers", {"name": "Amina Wanjiru", "phone": "0712345678"})
    line = {"router_id": await add_router(owner), "username": "amina", "secret": "s3cret"}
    service = await owner.made(
        "/subscriptions", {"customer_id": customer["id"], "plan_price_id": price_id, "connection": line}
    )
    quote = (await owner.get(f"/subscriptions/{service['id']}/renewal")).json()
    assert quote["price"] == quote["missing"] == kes(10_000)
    problem(await owner.post(f"/subscriptions/{service['id']}/renew"), 409, "conflict")

    asked = {"name": "Kiosk", "plan_price_id": price_id, "quantity": 2}
    batch = (await owner.post("/voucher-batches", asked, key="k1")).json()
    assert (await owner.post("/voucher-batches", asked, key="k1")).json() == batch | {"vouchers": []}
    code = batch["vouchers"][0]["code"]
    problem(
        await support.post("/voucher-batches", {"name": "Mine", "plan_price_id": price_id, "quantity": 1}),
        403,
        "not_permitted",
    )
    payment = await owner.made("/vouchers/redeem", {"customer_id": customer["id"], "code": code})
    assert (payment["gateway"], payment["amount"]) == ("voucher", kes(10_000))
    again = await owner.post("/vouchers/redeem", {"customer_id": customer["id"], "code": code})
    problem(again, 409, "conflict")

    opened = (await owner.get(f"/subscriptions/{service['id']}")).json()
    assert opened["status"] == "active"
    (listed,) = (await owner.get("/voucher-batches")).json()["items"]
    assert (listed["redeemed"], listed["unused"]) == (1, 1)
    assert code not in (await owner.get("/voucher-batches")).text
    answer = await owner.post(f"/voucher-batches/{listed['id']}/cancel", {"reason": "lost"})
    assert answer.json() == {"cancelled": 1}
