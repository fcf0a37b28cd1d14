"""Checkouts and endpoints over REST: made once per key, read, closed, and refused in words."""

from typing import Any

import pytest

from benfex.application import Benfex
from benfex.core.actors import SystemActor
from benfex.customers.registration import register_customer
from data.values.identifiers import parse_phone
from tests.api.conftest import Caller, fields, problem

KES_500 = {"amount_minor": 50_000, "currency": "KES"}


@pytest.fixture
async def customer_id(benfex: Benfex) -> int:
    return await benfex.transact(
        register_customer, SystemActor("tests"), name="Amina Wanjiru", phone=parse_phone("0708374149")
    )


async def test_a_checkout_is_made_once_per_key_and_read_by_its_name(owner: Caller, customer_id: int) -> None:
    wish: dict[str, Any] = {"customer_id": customer_id, "amount": KES_500, "client_reference": "order-7"}
    made = await owner.post("/checkouts", wish, key="k1")
    again = await owner.post("/checkouts", wish, key="k1")
    assert made.status_code == 201, made.text
    assert made.json() == again.json()
    body = made.json()
    assert body["url"].rpartition("/pay/")[2]
    assert (body["status"], body["paid"]["amount_minor"], body["payment_ids"]) == ("open", 0, [])
    assert (await owner.get(f"/checkouts/{body['id']}")).json() == body
    (found,) = (await owner.get("/checkouts?client_reference=order-7")).json()["items"]
    assert found["id"] == body["id"]
    closed = await owner.post(f"/checkouts/{body['id']}/close")
    assert (closed.status_code, closed.json()["status"]) == (200, "closed")
    problem(await owner.post(f"/checkouts/{body['id']}/close"), 409, "conflict")


@pytest.mark.parametrize(
    ("wish", "named"),
    [
        ({}, ["customer_id"]),
        ({"customer_id": 1, "account_number": "BFX010019", "amount": KES_500}, ["customer_id"]),
        ({"customer_id": 1, "amount": {"amount_minor": 12.5, "currency": "KES"}}, ["amount.amount_minor"]),
        ({"customer_id": 1}, ["amount"]),
        ({"customer_id": 1, "amount": KES_500, "return_url": "javascript:alert(1)"}, ["return_url"]),
        ({"customer_id": 1, "amount": KES_500, "expires_in_hours": 0}, ["hours"]),
    ],
)
async def test_bad_wishes_name_their_field(
    owner: Caller, customer_id: int, wish: dict[str, Any], named: list[str]
) -> None:
    assert customer_id == 1
    assert fields(await owner.post("/checkouts", wish)) == named


async def test_support_makes_no_checkout_and_sees_no_endpoint(support: Caller, customer_id: int) -> None:
    problem(
        await support.post("/checkouts", {"customer_id": customer_id, "amount": KES_500}),
        403,
        "not_permitted",
    )
    problem(await support.get("/webhook-endpoints"), 403, "not_permitted")
    problem(await support.get("/webhook-deliveries"), 403, "not_permitted")


async def test_an_endpoint_must_be_public(owner: Caller) -> None:
    for url in ("http://shop.example/", "https://127.0.0.1/hook", "https://10.0.0.8/"):
        answer = await owner.post("/webhook-endpoints", {"url": url, "events": ["checkout.paid"]})
        assert fields(answer) == ["url"]
    assert fields(await owner.post("/webhook-endpoints", {"url": "https://8.8.8.8/", "events": ["x"]}))
    assert (await owner.get("/webhook-endpoints")).json() == []


async def test_an_endpoint_tells_its_secret_once_and_is_changed_and_removed(owner: Caller) -> None:
    wish = {"url": "https://8.8.8.8/hook", "events": ["checkout.paid"]}
    made = await owner.post("/webhook-endpoints", wish, key="k1")
    assert made.status_code == 201, made.text
    assert made.json()["secret"].startswith("whsec_")
    assert (await owner.post("/webhook-endpoints", wish, key="k1")).json()["secret"] is None
    address = f"/webhook-endpoints/{made.json()['id']}"
    changed = await owner.patch(address, {"events": ["payment.settled"], "is_enabled": False})
    assert (changed.json()["events"], changed.json()["is_enabled"]) == (["payment.settled"], False)
    await owner.patch(address, {"is_enabled": True}, key="k2")
    problem(await owner.patch(address, {"is_enabled": False}, key="k2"), 422, "idempotency_key_reused")
    assert (await owner.get(address)).json()["is_enabled"] is True
    rotated = (await owner.post(f"{address}/secret")).json()["secret"]
    assert rotated != made.json()["secret"]
    tested = (await owner.post(f"{address}/test")).json()
    assert (tested["event"], tested["status"]) == ("endpoint.test", "pending")
    problem(await owner.post(f"/webhook-deliveries/{tested['id']}/resend"), 409, "conflict")
    assert (await owner.post(f"{address}/remove")).status_code == 200
    assert (await owner.get(address)).status_code == 404
