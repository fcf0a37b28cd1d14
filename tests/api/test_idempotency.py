"""A call that is repeated is answered as the first time, and nothing is done twice."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from benfex.application import Benfex
from benfex.core.actors import SystemActor
from benfex.core.clock import MovedClock
from benfex.core.errors import GatewayRejected, GatewayUnavailable
from benfex.core.unit_of_work import Snapshot
from data.models.identity import IdempotencyKey
from tests.api.conftest import Caller, add_home, add_router, fields, kes, problem, sell_plan
from tests.api.gateway import TillGateway

AMINA = {"name": "Amina Wanjiru", "phone": "0712345678"}


async def test_a_repeat_gets_the_first_answer(owner: Caller) -> None:
    first = await owner.post("/customers", AMINA, key="k1")
    await owner.patch(f"/customers/{first.json()['id']}", {"name": "Amina Otieno"})
    second = await owner.post("/customers", AMINA, key="k1")
    assert (second.status_code, second.content) == (201, first.content)
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert len((await owner.get("/customers")).json()["items"]) == 1


async def test_what_is_kept_is_sealed(owner: Caller, benfex: Benfex) -> None:
    def kept(snapshot: Snapshot) -> list[str]:
        return [row.body for row in snapshot.session.scalars(select(IdempotencyKey))]

    await owner.post("/customers", AMINA, key="k1")
    (body,) = await benfex.read(kept, SystemActor("tests"))
    assert "Amina" not in body


async def test_a_key_is_good_for_one_request(owner: Caller) -> None:
    made = (await owner.post("/customers", AMINA, key="k1")).json()
    answer = await owner.post("/customers", {**AMINA, "name": "Peter Otieno"}, key="k1")
    problem(answer, 422, "idempotency_key_reused")
    assert fields(answer) == ["Idempotency-Key"]
    problem(await owner.patch(f"/customers/{made['id']}", AMINA, key="k1"), 422, "idempotency_key_reused")


async def test_two_callers_do_not_share_their_keys(owner: Caller, support: Caller) -> None:
    first = await owner.post("/customers", AMINA, key="k1")
    second = await support.post("/customers", AMINA, key="k1")
    assert first.json()["id"] != second.json()["id"]


@pytest.mark.parametrize("key", ["", "two words", "k" * 256, "tab\t"])
async def test_a_key_is_visible_letters(owner: Caller, key: str) -> None:
    assert fields(await owner.post("/customers", AMINA, key=key)) == ["Idempotency-Key"]


async def test_what_failed_may_be_tried_again_with_the_same_key(owner: Caller) -> None:
    router_id = await add_router(owner)
    body = {"name": "nakuru-core", "host": "10.0.0.2", "username": "benfex", "password": "very secret"}
    problem(await owner.post("/routers", body, key="k1"), 409, "already_exists")
    await owner.patch(f"/routers/{router_id}", {"name": "old-core"})
    assert (await owner.post("/routers", body, key="k1")).status_code == 201


@pytest.mark.usefixtures("drawer")
async def test_two_at_once_do_the_work_once(owner: Caller) -> None:
    customer = await owner.made("/customers", AMINA)
    body = {"customer_id": customer["id"], "amount": kes(10_000), "reference": "R1"}
    answers = await asyncio.gather(*(owner.post("/payments", body, key="k1") for _ in range(5)))
    good = [answer for answer in answers if answer.status_code == 201]
    assert good
    assert len({answer.content for answer in good}) == 1
    for answer in answers:
        if answer not in good:
            problem(answer, 409, "request_in_progress")
    assert len((await owner.get("/payments")).json()["items"]) == 1


async def test_two_bills_with_a_key_each_and_one_period(owner: Caller) -> None:
    home = await add_home(
        owner, name="Amina Wanjiru", price_id=await sell_plan(owner), router_id=await add_router(owner)
    )
    path = f"/customers/{home.customer['id']}/bill"
    for key in ("k1", "k1", "k2"):
        assert (await owner.post(path, key=key)).json()["invoice"] is None
    assert len((await owner.get("/invoices")).json()["items"]) == 1


async def test_a_payment_that_is_repeated_is_started_once(owner: Caller, till: TillGateway) -> None:
    body = await _attempt(owner)
    first = await owner.post("/payment-attempts", body, key="k1")
    second = await owner.post("/payment-attempts", body, key="k1")
    assert (first.status_code, second.content) == (201, first.content)
    assert len(till.asked) == 1
    problem(
        await owner.post("/payment-attempts", {**body, "amount": kes(20_000)}, key="k1"),
        422,
        "idempotency_key_reused",
    )


async def test_a_repeat_waits_while_the_gateway_is_asked(owner: Caller, till: TillGateway) -> None:
    body = await _attempt(owner)
    till.open.clear()
    async with asyncio.TaskGroup() as group:
        first = group.create_task(owner.post("/payment-attempts", body, key="k1"))
        async with asyncio.timeout(10):
            await till.reached.wait()
        problem(await owner.post("/payment-attempts", body, key="k1"), 409, "request_in_progress")
        till.open.set()
    assert first.result().status_code == 201
    assert (await owner.post("/payment-attempts", body, key="k1")).content == first.result().content
    assert len(till.asked) == 1


async def test_two_payments_at_once_with_one_key_start_one(owner: Caller, till: TillGateway) -> None:
    body = await _attempt(owner)
    answers = await asyncio.gather(*(owner.post("/payment-attempts", body, key="k1") for _ in range(4)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    assert len(till.asked) == 1
    assert len((await owner.get("/payment-attempts")).json()["items"]) == 1


async def test_a_payment_cut_off_on_the_way_is_told_and_not_started_again(
    owner: Caller, till: TillGateway, clock: MovedClock
) -> None:
    body = await _attempt(owner)
    till.breaks = RuntimeError("the process dies here")
    problem(await owner.post("/payment-attempts", body, key="k1"), 500, "internal_error")
    till.breaks = None
    problem(await owner.post("/payment-attempts", body, key="k1"), 409, "request_in_progress")
    clock.advance(timedelta(seconds=61))
    answer = await owner.post("/payment-attempts", body, key="k1")
    assert answer.status_code == 201
    assert answer.json()["status"] == "created"
    assert (await owner.post("/payment-attempts", body, key="k1")).content == answer.content
    assert len(till.asked) == 1


@pytest.mark.parametrize(
    ("error", "status"), [(GatewayRejected("No."), "failed"), (GatewayUnavailable("Later."), "pending")]
)
async def test_a_gateway_that_says_no_shows_in_the_attempt(
    owner: Caller, till: TillGateway, error: Exception, status: str
) -> None:
    till.breaks = error
    attempt = await owner.made("/payment-attempts", await _attempt(owner))
    assert attempt["status"] == status


async def test_a_payment_that_is_refused_names_the_field_and_keeps_no_key(
    owner: Caller, till: TillGateway
) -> None:
    body = await _attempt(owner)
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"gateway": "barter"}, "gateway"),
        ({"amount": kes(0)}, "amount"),
        ({"amount": kes(10**14)}, "amount"),
        ({"phone": "12"}, "phone"),
    ]
    for change, field in wrong:
        assert fields(await owner.post("/payment-attempts", {**body, **change}, key="k1")) == [field]
    answer: httpx.Response = await owner.post("/payment-attempts", {**body, "invoice_id": 4711}, key="k1")
    problem(answer, 404, "not_found")
    assert till.asked == []
    assert (await owner.post("/payment-attempts", body, key="k1")).status_code == 201


async def _attempt(owner: Caller) -> dict[str, Any]:
    customer = await owner.made("/customers", AMINA)
    return {"customer_id": customer["id"], "amount": kes(10_000), "gateway": "till"}
