"""The simulated Paystack: what it refuses, what its page does, and what its webhooks say."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from benfex.simulation.outside import Outside
from tests.contract.gateway_clients import Json, Listener, client, listening, open_outside, until

SECRET = "sk_test_benfex_demo_key"
STATUSES = ["success", "failed", "abandoned", "ongoing", "pending", "processing", "queued", "reversed"]


@dataclass
class Shop:
    """A merchant of the simulated Paystack, with the customer's browser in the same hand."""

    http: httpx.AsyncClient
    control: httpx.AsyncClient
    outside: Outside
    listener: Listener

    async def initialize(self, **changes: Any) -> httpx.Response:
        body = {
            "email": "bfx100427@customers.example",
            "amount": 150_000,
            "currency": "KES",
            "reference": "BFX0001",
            "callback_url": "https://billing.example/pay/return?from=portal",
            "metadata": {"account": "BFX100427"},
        } | changes
        kept = {name: value for name, value in body.items() if value is not None}
        return await self.http.post("/transaction/initialize", json=kept)

    async def verify(self, reference: str = "BFX0001") -> Json:
        response = await self.http.get(f"/transaction/verify/{reference}")
        assert response.status_code == 200, response.text
        data = response.json()["data"]
        assert isinstance(data, dict)
        return data

    async def tell(self, path: str, **body: Any) -> httpx.Response:
        return await self.control.post(path, json=body)


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with (
        listening() as listener,
        open_outside() as outside,
        client(outside.paystack_url) as http,
        client(outside.control_url) as control,
    ):
        http.headers["Authorization"] = f"Bearer {SECRET}"
        await control.post("/paystack/webhook-url", json={"url": f"{listener.url}/webhooks/paystack"})
        yield Shop(http, control, outside, listener)


# What it refuses


async def test_a_wrong_key_is_refused(shop: Shop) -> None:
    shop.http.headers["Authorization"] = "Bearer sk_test_other"
    response = await shop.initialize()
    assert (response.status_code, response.json()["status"]) == (401, False)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"email": None}, "missing_params"),
        ({"email": "nobody"}, "invalid_email_address"),
        ({"amount": None}, "missing_params"),
        ({"amount": "1500.00"}, "invalid_amount"),
        ({"amount": 299}, "amount_below_minimum"),
        ({"amount": 4_999, "currency": "NGN"}, "amount_below_minimum"),
        ({"currency": "TZS"}, "unsupported_currency"),
        ({"reference": "BFX_0001"}, "invalid_reference"),
        ({"callback_url": "billing.example"}, "invalid_callback_url"),
    ],
)
async def test_initialize_says_what_is_wrong(shop: Shop, changes: Any, code: str) -> None:
    response = await shop.initialize(**changes)
    body = response.json()
    assert (response.status_code, body["status"], body["code"]) == (400, False, code)
    assert body["meta"]["nextStep"]


async def test_a_reference_serves_once(shop: Shop) -> None:
    assert (await shop.initialize(amount="150000")).status_code == 200
    response = await shop.initialize()
    assert (response.status_code, response.json()["message"]) == (400, "Duplicate Transaction Reference")


async def test_an_unknown_reference_is_not_found(shop: Shop) -> None:
    response = await shop.http.get("/transaction/verify/BFX9")
    assert (response.status_code, response.json()["code"]) == (400, "transaction_not_found")


# The hosted page


async def test_a_customer_pays_on_the_page_and_comes_back_with_the_reference(shop: Shop) -> None:
    started = (await shop.initialize()).json()["data"]
    async with httpx.AsyncClient(trust_env=False, verify=False) as browser:
        page = await browser.get(started["authorization_url"])
        assert "KES 1,500.00" in page.text
        assert (await shop.verify())["status"] == "ongoing"
        paid = await browser.post(f"{started['authorization_url']}/pay_mobile")
    assert paid.status_code == 303
    address = "https://billing.example/pay/return?from=portal&trxref=BFX0001&reference=BFX0001"
    assert paid.headers["location"] == address
    data = await shop.verify()
    assert (data["status"], data["channel"], data["fees"], data["amount"]) == (
        "success",
        "mobile_money",
        2_250,
        150_000,
    )
    assert data["metadata"] == {"account": "BFX100427"}
    assert data["domain"] == "test"


@pytest.mark.parametrize(("choice", "status"), [("decline", "failed"), ("leave", "abandoned")])
async def test_declined_and_left_payments_are_not_announced(shop: Shop, choice: str, status: str) -> None:
    started = (await shop.initialize()).json()["data"]
    await shop.http.post(f"/checkout/{started['access_code']}/{choice}")
    assert (await shop.verify())["status"] == status
    assert list(shop.outside.paystack.courier.deliveries) == []


async def test_what_customers_wrote_is_escaped_on_the_page(shop: Shop) -> None:
    started = (await shop.initialize(email="<b>x@y.example", reference="A1")).json()["data"]
    page = await shop.http.get(f"/checkout/{started['access_code']}")
    assert "<b>x@y" not in page.text
    assert "&lt;b&gt;x@y" in page.text


async def test_paying_twice_is_paying_once(shop: Shop) -> None:
    await shop.initialize()
    for _ in range(2):
        await shop.tell("/paystack/pay", reference="BFX0001")
    await shop.outside.paystack.courier.settle()
    assert len(shop.listener.at("/webhooks/paystack")) == 1


# Webhooks


@pytest.mark.parametrize("channel", ["mobile_money", "card"])
async def test_a_webhook_is_signed_over_its_exact_bytes(shop: Shop, channel: str) -> None:
    started = (await shop.initialize()).json()["data"]
    await shop.tell("/paystack/pay", access_code=started["access_code"], channel=channel)
    (received,) = await shop.listener.wait("/webhooks/paystack")
    signature = hmac.new(SECRET.encode(), received.raw, hashlib.sha512).hexdigest()
    assert received.headers["x-paystack-signature"] == signature
    data = received.json["data"]
    assert received.json["event"] == "charge.success"
    assert (data["channel"], data["requested_amount"], data["fees"]) == (channel, 150_000, 2_250)
    assert data["id"] > 2**32
    verified = await shop.verify()
    assert {name: verified[name] for name in data if name != "log"} == {
        name: told for name, told in data.items() if name != "log"
    }


async def test_webhooks_double_and_vanish_by_policy(shop: Shop) -> None:
    await shop.tell("/paystack/delivery", duplicate_next=1)
    await shop.initialize()
    await shop.tell("/paystack/pay", reference="BFX0001")
    first, second = await shop.listener.wait("/webhooks/paystack", 2)
    assert first.raw == second.raw
    await shop.tell("/paystack/delivery", lose=1)
    await shop.initialize(reference="BFX0002")
    await shop.tell("/paystack/pay", reference="BFX0002")
    assert (await shop.verify("BFX0002"))["status"] == "success"
    await until(lambda: shop.outside.paystack.courier.lost == 1)
    assert len(shop.listener.received) == 2


async def test_an_unanswered_webhook_is_repeated(shop: Shop) -> None:
    await shop.tell("/paystack/delivery", retry_seconds=[0.01, 0.01])
    await shop.tell("/paystack/webhook-url", url="http://127.0.0.1:1/nobody")
    await shop.initialize()
    await shop.tell("/paystack/pay", reference="BFX0001")
    await until(lambda: shop.outside.paystack.courier.sent == 3)


async def test_a_customer_may_bear_the_fee(shop: Shop) -> None:
    await shop.tell("/paystack/options", customer_bears_fee=True)
    await shop.initialize()
    await shop.tell("/paystack/pay", reference="BFX0001")
    data = await shop.verify()
    assert (data["amount"], data["requested_amount"], data["fees"]) == (152_250, 150_000, 2_250)


# Verify and list


@pytest.mark.parametrize("status", STATUSES)
async def test_verify_shows_every_status(shop: Shop, status: str) -> None:
    await shop.initialize()
    await shop.tell("/paystack/status", reference="BFX0001", status=status)
    assert (await shop.verify())["status"] == status


async def test_a_new_transaction_counts_as_abandoned(shop: Shop) -> None:
    await shop.initialize(metadata=None)
    data = await shop.verify()
    assert (data["status"], data["fees"], data["authorization"], data["metadata"]) == (
        "abandoned",
        None,
        {},
        "",
    )


async def test_a_list_is_walked_by_cursor_to_its_end(shop: Shop) -> None:
    for number in range(5):
        await shop.initialize(reference=f"R{number}")
    seen: list[str] = []
    asked: dict[str, str] = {"use_cursor": "true", "perPage": "2"}
    for _ in range(3):
        body = (await shop.http.get("/transaction", params=asked)).json()
        seen += [row["reference"] for row in body["data"]]
        asked = {**asked, "next": str(body["meta"]["next"])}
    assert seen == ["R4", "R3", "R2", "R1", "R0"]
    assert body["meta"]["next"] is None


async def test_a_list_is_filtered_and_counted_by_page(shop: Shop) -> None:
    for number in range(3):
        await shop.initialize(reference=f"R{number}")
    await shop.tell("/paystack/pay", reference="R1")
    body = (await shop.http.get("/transaction", params={"status": "success", "perPage": 1})).json()
    assert [row["reference"] for row in body["data"]] == ["R1"]
    assert body["meta"]["pageCount"] == 1
    assert (await shop.http.get("/transaction", params={"perPage": "many"})).status_code == 400


# Faults


async def test_too_many_calls_are_turned_away(shop: Shop) -> None:
    await shop.tell("/paystack/fault", kind="rate_limited", count=1)
    response = await shop.initialize()
    assert (response.status_code, response.json()["code"]) == (429, "rate_limited")
    assert (await shop.initialize()).status_code == 200


async def test_a_dropped_answer_leaves_a_transaction_behind(shop: Shop) -> None:
    await shop.tell("/paystack/fault", kind="drop_after_accept", count=1)
    with pytest.raises(httpx.TransportError):
        await shop.initialize()
    assert (await shop.verify())["status"] == "abandoned"


async def test_the_fault_of_another_gateway_is_refused(shop: Shop) -> None:
    response = await shop.tell("/paystack/fault", kind="spike")
    assert response.status_code == 400
    assert "spike" in json.loads(response.text)["error"]
