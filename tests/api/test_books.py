"""What a program does with bills that were wrong: credit, void, write off, give back, and read the books."""

import pytest

from tests.api.conftest import Caller, Home, add_home, add_router, fields, kes, problem, sell_plan


async def test_an_invoice_is_credited_written_off_and_the_books_stay_even(owner: Caller) -> None:
    home = await _home(owner)
    note = await owner.made(
        "/credit-notes", {"invoice_id": home.invoice["id"], "amount": kes(50_000), "reason": "two days down"}
    )
    assert (note["number"], note["total"], note["credit"]) == ("CN-2026-00001", kes(50_000), kes(0))
    assert [line["net"] for line in note["lines"]] == [kes(50_000)]
    too_much = {"invoice_id": home.invoice["id"], "amount": kes(200_001), "reason": "more"}
    assert fields(await owner.post("/credit-notes", too_much)) == ["amount"]
    listed = (await owner.get("/credit-notes", customer_id=home.customer["id"])).json()["items"]
    assert [row["id"] for row in listed] == [note["id"]]
    path = f"/invoices/{home.invoice['id']}"
    problem(await owner.post(f"{path}/void", {"reason": "x"}), 409, "conflict")
    ageing = (await owner.get("/reports/ageing")).json()
    assert ageing["totals"] == [[kes(200_000), kes(0), kes(0), kes(0), kes(0)]]
    lost = (await owner.post(f"{path}/write-off", {"reason": "moved away"})).json()
    assert lost["status"] == "uncollectible"
    balance = (await owner.get("/reports/trial-balance")).json()
    sums = {
        line["code"]: (line["debit"]["amount_minor"], line["credit"]["amount_minor"])
        for line in balance["lines"]
    }
    assert sums == {"4000": (0, 250_000), "4090": (50_000, 0), "5100": (200_000, 0)}
    assert balance["is_balanced"]


@pytest.mark.usefixtures("drawer")
async def test_unused_days_are_credited_and_money_goes_back(owner: Caller) -> None:
    home = await _home(owner)
    paid = {"customer_id": home.customer["id"], "amount": kes(250_000), "reference": "R 1"}
    payment = await owner.made("/payments", paid)
    unused = {
        "subscription_id": home.subscription["id"],
        "from_on": "2026-12-03",
        "reason": "moved out",
    }
    (note,) = (await owner.made("/credit-notes/unused", unused))["items"]
    assert note["credit"] == kes(166_667)
    back = {"payment_id": payment["id"], "amount": kes(166_667), "reason": "moved out", "reference": "S 1"}
    refund = await owner.made("/refunds", back)
    assert (refund["status"], refund["amount"]) == ("succeeded", kes(166_667))
    assert (await owner.get(f"/refunds/{refund['id']}")).json() == refund
    assert (await owner.get("/refunds", payment_id=payment["id"])).json()["items"] == [refund]
    assert (await owner.get(f"/customers/{home.customer['id']}")).json()["balance"] == kes(0)
    problem(await owner.post(f"/payments/{payment['id']}/reverse", {"reason": "bounced"}), 409, "conflict")


async def test_a_void_invoice_is_billed_again_when_that_is_asked_for(owner: Caller) -> None:
    home = await _home(owner)
    path = f"/invoices/{home.invoice['id']}/void"
    void = (await owner.post(path, {"reason": "wrong name", "bill_again": True})).json()
    assert void["status"] == "void"
    again = (await owner.post(f"/customers/{home.customer['id']}/bill")).json()["invoice"]
    assert again["total"] == kes(250_000)


@pytest.mark.usefixtures("drawer")
async def test_a_reversed_payment_opens_its_invoice_and_support_sees_no_books(
    owner: Caller, support: Caller
) -> None:
    home = await _home(owner)
    paid = {"customer_id": home.customer["id"], "amount": kes(250_000), "reference": "R 1"}
    payment = await owner.made("/payments", paid)
    back = (await owner.post(f"/payments/{payment['id']}/reverse", {"reason": "bounced"})).json()
    assert back["status"] == "reversed"
    assert (await owner.get(f"/invoices/{home.invoice['id']}")).json()["status"] == "open"
    problem(await support.get("/reports/trial-balance"), 403, "not_permitted")


async def _home(owner: Caller) -> Home:
    return await add_home(
        owner, name="Amina Wanjiru", price_id=await sell_plan(owner), router_id=await add_router(owner)
    )
