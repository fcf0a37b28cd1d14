"""What a program does at a drawer: open it, take cash, count it, and bring the money to the bank."""

from typing import Any

from tests.api.conftest import Caller, fields, kes, problem

AMINA = {"name": "Amina Wanjiru", "phone": "0712345679"}


async def test_cash_is_taken_in_a_shift_counted_and_brought_to_the_bank(owner: Caller) -> None:
    customer = await owner.made("/customers", AMINA)
    cash: dict[str, Any] = {"customer_id": customer["id"], "amount": kes(120_000)}
    problem(await owner.post("/payments", cash), 409, "no_open_shift")
    shift = await owner.made("/shifts", {"opening": kes(50_000)})
    problem(await owner.post("/shifts", {"opening": kes(0)}), 409, "already_exists")
    payment = await owner.made("/payments", cash)
    assert (payment["receipt_number"], payment["shift_id"]) == ("RCT-2026-00001", shift["id"])

    drawer = (await owner.get("/shifts/current")).json()
    assert (drawer["expected"], drawer["counted"]) == (kes(170_000), None)
    assert [taking["payment_id"] for taking in drawer["payments"]] == [payment["id"]]

    path = f"/shifts/{shift['id']}"
    closed = (await owner.post(f"{path}/close", {"counted": kes(169_000), "note": "change"})).json()
    assert (closed["difference"], closed["note"]) == (kes(-1_000), "change")
    problem(await owner.post(f"{path}/close", {"counted": kes(0)}), 409, "conflict")
    problem(await owner.get("/shifts/current"), 404, "not_found")
    assert (await owner.get(path)).json()["closed_at"]
    assert [row["id"] for row in (await owner.get("/shifts")).json()["items"]] == [shift["id"]]

    assert (await owner.get("/sweeps/held")).json() == [{"gateway": "cash", "amount": kes(119_000)}]
    handed = {"gateway": "cash", "amount": kes(119_000), "reference": "DEP 1", "banked_on": "2026-11-22"}
    swept = await owner.made("/sweeps", handed)
    assert (swept["banked_on"], swept["made_by"]) == ("2026-11-22", "Brian Kiptoo")
    assert (await owner.get("/sweeps")).json()["items"] == [swept]
    assert (await owner.get("/sweeps/held")).json() == [{"gateway": "cash", "amount": kes(0)}]
    assert fields(await owner.post("/sweeps", {**handed, "reference": "!"})) == ["reference"]


async def test_support_has_no_drawer(support: Caller) -> None:
    problem(await support.post("/shifts", {"opening": kes(0)}), 403, "not_permitted")
    problem(await support.get("/shifts"), 403, "not_permitted")
    problem(await support.get("/shifts/current"), 403, "not_permitted")
