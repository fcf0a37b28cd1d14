"""Bill runs, as a program uses them: who may run them, for which day, and what a dry one says."""

from datetime import timedelta

from benfex.core.clock import MovedClock
from tests.api.conftest import Caller, add_router, kes, problem


async def test_a_dry_run_of_a_day_with_nothing_due_leaves_no_row(
    owner: Caller, support: Caller, clock: MovedClock
) -> None:
    plan = await owner.made(
        "/plans", {"code": "HOME", "name": "Home", "download_bps": 10_000_000, "upload_bps": 5_000_000}
    )
    price = await owner.made(f"/plans/{plan['id']}/prices", {"amount": kes(250_000)})
    customer = await owner.made("/customers", {"name": "Amina Wanjiru", "phone": "0712345678"})
    line = {"router_id": await add_router(owner), "username": "amina", "secret": "s3cret"}
    await owner.made(
        "/subscriptions", {"customer_id": customer["id"], "plan_price_id": price["id"], "connection": line}
    )
    clock.advance(timedelta(minutes=1))
    today = clock.now().date().isoformat()
    dry = (await owner.post("/bill-runs", {"on": today, "dry_run": True})).json()
    assert (dry["invoices"], dry["run_id"], dry["dry_run"]) == (0, None, True)
    problem(await owner.post("/bill-runs", {"on": "2199-01-01"}), 422, "invalid_input")
    problem(await support.post("/bill-runs", {}), 403, "not_permitted")
    problem(await owner.get("/bill-runs/1"), 404, "not_found")
    problem(await owner.post("/bill-runs/1/answer", {"go_on": True}), 404, "not_found")
    assert (await owner.get("/bill-runs")).json() == {"items": [], "next_cursor": None}


async def test_tomorrow_is_rehearsed_when_a_program_asks(
    owner: Caller, support: Caller, clock: MovedClock
) -> None:
    problem(await owner.get("/bill-runs/rehearsal"), 404, "not_found")
    problem(await support.post("/bill-runs/rehearsal"), 403, "not_permitted")
    made = (await owner.post("/bill-runs/rehearsal")).json()
    tomorrow = (clock.now() + timedelta(days=1)).date().isoformat()
    assert (made["billed_on"], made["invoices"], made["suspended"]) == (tomorrow, 0, 0)
    assert (await owner.get("/bill-runs/rehearsal")).json() == made
    assert (await owner.get("/bill-runs")).json()["items"] == []
