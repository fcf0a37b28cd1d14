"""What a program does with standing orders, receipts and codes."""

from dataclasses import replace
from typing import Any

import httpx
import pytest

from benfex.application import Benfex
from benfex.payments.gateway_events import StandingOrderRequest
from data.values.money import Money
from tests.api.conftest import Caller, fields, kes, problem, sign_in_subscriber
from tests.api.gateway import TillGateway

pytestmark = pytest.mark.sqlite_only


class OrderTill(TillGateway):
    """Takes standing orders, knows receipts and draws codes."""

    capabilities = replace(TillGateway.capabilities, can_standing_order=True, can_ask_about=True)

    def __init__(self) -> None:
        super().__init__()
        self.orders: list[StandingOrderRequest] = []
        self.receipts: list[str] = []

    async def order(self, request: StandingOrderRequest) -> str:
        self.orders.append(request)
        return f"SO{len(self.orders)}"

    async def ask_about(self, transaction_id: str, *, public_url: str) -> None:
        self.receipts.append(transaction_id)

    async def draw_code(self, *, account_number: str, amount: Money) -> bytes:
        return f"{account_number} {amount}".encode()


@pytest.fixture
def till() -> OrderTill:
    return OrderTill()


@pytest.fixture
async def customer(owner: Caller) -> dict[str, Any]:
    return await owner.made("/customers", {"name": "Amina Wanjiru", "phone": "0712345679"})


def asked(customer: dict[str, Any], **changes: object) -> dict[str, object]:
    return {
        "customer_id": customer["id"],
        "gateway": "till",
        "amount": kes(250_000),
        "phone": "0712345679",
        "frequency": "monthly",
        "starts_on": "2027-01-01",
        "ends_on": "2027-12-31",
    } | changes


async def test_an_order_is_asked_for_once_however_often_the_call_is_made(
    owner: Caller, till: OrderTill, customer: dict[str, Any]
) -> None:
    first = await owner.post("/standing-orders", asked(customer), key="k1")
    again = await owner.post("/standing-orders", asked(customer), key="k1")
    assert (first.status_code, first.json()) == (201, again.json())
    assert len(till.orders) == 1
    order = first.json()
    assert (order["status"], order["gateway_reference"], order["payer"]) == (
        "created",
        "SO1",
        "+254712345679",
    )
    assert (await owner.get("/standing-orders", customer_id=customer["id"])).json() == [order]
    ended = (await owner.post(f"/standing-orders/{order['id']}/end")).json()
    assert (ended["status"], (await owner.get(f"/standing-orders/{order['id']}")).json()) == ("ended", ended)
    problem(await owner.post(f"/standing-orders/{order['id']}/end"), 409, "conflict")


async def test_a_wrong_field_is_named_and_nobody_is_asked(
    owner: Caller, till: OrderTill, customer: dict[str, Any]
) -> None:
    assert fields(await owner.post("/standing-orders", asked(customer, frequency="often"))) == ["frequency"]
    assert fields(await owner.post("/standing-orders", asked(customer, ends_on="2027-01-01"))) == ["ends_on"]
    assert till.orders == []


async def test_subscribers_see_their_own_orders_only(
    owner: Caller, http: httpx.AsyncClient, benfex: Benfex, customer: dict[str, Any]
) -> None:
    order = await owner.made("/standing-orders", asked(customer))
    other = await owner.made("/customers", {"name": "Brian Otieno", "phone": "0712345600"})
    stranger = await sign_in_subscriber(benfex, http, other)
    problem(await stranger.get(f"/standing-orders/{order['id']}"), 404, "not_found")
    problem(await stranger.post("/standing-orders", asked(customer)), 404, "not_found")


async def test_a_receipt_is_asked_about_by_who_may_match_money(
    owner: Caller, support: Caller, till: OrderTill
) -> None:
    answer = await owner.post("/gateways/till/receipts", {"receipt": " tkn4qx71sv "})
    assert (answer.status_code, answer.json(), till.receipts) == (
        202,
        {"receipt": "TKN4QX71SV"},
        ["TKN4QX71SV"],
    )
    assert fields(await owner.post("/gateways/till/receipts", {"receipt": "no receipt!"})) == ["receipt"]
    problem(await support.post("/gateways/till/receipts", {"receipt": "TKN4QX71SV"}), 403, "not_permitted")


async def test_a_receipt_is_claimed_by_its_customer_and_asked_about(
    owner: Caller, http: httpx.AsyncClient, benfex: Benfex, till: OrderTill, customer: dict[str, Any]
) -> None:
    amina = await sign_in_subscriber(benfex, http, customer)
    claim = {"customer_id": customer["id"], "receipt": "tkn4qx71sv"}
    answer = await amina.post("/receipt-claims", claim)
    assert (answer.status_code, answer.json()) == (200, {"outcome": "looked_for"})
    assert till.receipts == ["TKN4QX71SV"]
    assert fields(await amina.post("/receipt-claims", claim | {"receipt": "no receipt!"})) == ["receipt"]
    other = await owner.made("/customers", {"name": "Brian Otieno", "phone": "0712345600"})
    problem(await amina.post("/receipt-claims", claim | {"customer_id": other["id"]}), 404, "not_found")


async def test_a_code_is_a_picture_for_one_account(owner: Caller, customer: dict[str, Any]) -> None:
    answer = await owner.get("/gateways/till/code", customer_id=customer["id"], minor=250_000, currency="KES")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert answer.content == f"{customer['account_number']} {Money(250_000, 'KES')}".encode()
    missing = await owner.get("/gateways/nobody/code", customer_id=customer["id"], minor=1, currency="KES")
    problem(missing, 404, "not_found")
