"""A subscriber's program sees what is theirs; everybody else's is not there."""

from dataclasses import dataclass

import httpx
import pytest

from benfex.application import Benfex
from tests.api.conftest import (
    Caller,
    Home,
    add_home,
    add_router,
    kes,
    problem,
    sell_plan,
    sign_in_subscriber,
)
from tests.api.gateway import TillGateway


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Amina, who calls, and Peter, whose things are not hers; each with one row of everything."""

    amina: Caller
    home: Home
    own: dict[str, int]
    foreign: dict[str, int]
    router_id: int
    plan_price_id: int


@pytest.fixture
async def neighbours(owner: Caller, http: httpx.AsyncClient, benfex: Benfex) -> Neighbours:
    price_id, router_id = await sell_plan(owner), await add_router(owner)
    homes = [
        await add_home(owner, name=name, price_id=price_id, router_id=router_id)
        for name in ("Amina Wanjiru", "Peter Otieno")
    ]
    rows: list[dict[str, int]] = []
    for number, home in enumerate(homes):
        asked = {"customer_id": home.customer["id"], "amount": kes(10_000)}
        payment = await owner.made("/payments", {**asked, "reference": f"R{number}", "method": "bank"})
        attempt = await owner.made("/payment-attempts", {**asked, "gateway": "till"})
        rows.append(
            {
                "customers": home.customer["id"],
                "subscriptions": home.subscription["id"],
                "invoices": home.invoice["id"],
                "payments": payment["id"],
                "payment-attempts": attempt["id"],
                "connections": home.subscription["connection_id"],
            }
        )
    amina = await sign_in_subscriber(benfex, http, homes[0].customer)
    return Neighbours(amina, homes[0], rows[0], rows[1], router_id, price_id)


async def test_a_subscriber_reads_their_own_and_finds_nobody_elses(neighbours: Neighbours) -> None:
    for path, row_id in neighbours.own.items():
        assert (await neighbours.amina.get(f"/{path}/{row_id}")).json()["id"] == row_id
        found = (await neighbours.amina.get(f"/{path}")).json()["items"]
        assert [item["id"] for item in found] == [row_id], path
    for path, row_id in neighbours.foreign.items():
        problem(await neighbours.amina.get(f"/{path}/{row_id}"), 404, "not_found")


async def test_a_subscriber_cannot_ask_for_somebody_elses_list(neighbours: Neighbours) -> None:
    for path in neighbours.own:
        if path == "customers":
            continue
        query = {"customer_id": neighbours.foreign["customers"]}
        problem(await neighbours.amina.get(f"/{path}", **query), 404, "not_found")
        query = {"customer_id": neighbours.own["customers"]}
        assert len((await neighbours.amina.get(f"/{path}", **query)).json()["items"]) == 1
    assert (await neighbours.amina.get("/customers", search="Peter")).json()["items"] == []
    payments = (await neighbours.amina.get("/payments", mark="unmatched")).json()
    assert payments["items"] == []


async def test_a_subscriber_reads_only_their_own_usage(neighbours: Neighbours) -> None:
    own, foreign = neighbours.own["connections"], neighbours.foreign["connections"]
    assert (await neighbours.amina.get("/usage", connection_id=own)).json()["items"] == []
    problem(await neighbours.amina.get("/usage", connection_id=foreign), 404, "not_found")


async def test_a_subscriber_does_not_read_how_money_is_guarded(neighbours: Neighbours) -> None:
    problem(await neighbours.amina.get("/payment-policy"), 403, "not_permitted")


async def test_a_subscriber_sees_neither_routers_nor_the_price_list(neighbours: Neighbours) -> None:
    for path in ("/routers", f"/routers/{neighbours.router_id}", "/plans", "/plans/1"):
        problem(await neighbours.amina.get(path), 403, "not_permitted")


async def test_a_subscriber_changes_nothing_of_theirs_and_finds_nothing_of_others(
    neighbours: Neighbours,
) -> None:
    for rows, status in ((neighbours.own, 403), (neighbours.foreign, 404)):
        calls: list[tuple[str, str, object]] = [
            ("PATCH", f"/customers/{rows['customers']}", {"name": "Mallory Smith"}),
            ("POST", f"/customers/{rows['customers']}/bill", None),
            ("POST", f"/subscriptions/{rows['subscriptions']}/suspend", None),
            ("POST", f"/subscriptions/{rows['subscriptions']}/resume", None),
            ("POST", f"/subscriptions/{rows['subscriptions']}/end", {"reason": "x"}),
            ("POST", f"/invoices/{rows['invoices']}/void", {"reason": "x"}),
            ("POST", f"/payments/{rows['payments']}/match", {"customer_id": neighbours.own["customers"]}),
        ]
        for method, path, body in calls:
            answer = await neighbours.amina.call(method, path, body=body)
            # Resuming what is active is refused for its state before anybody is asked.
            assert answer.status_code == (409 if path.endswith("resume") and status == 403 else status), path


async def test_a_subscriber_makes_nothing(neighbours: Neighbours) -> None:
    line = {"router_id": neighbours.router_id, "username": "x", "secret": "x"}
    own = neighbours.own["customers"]
    for path, body in [
        ("/customers", {"name": "Mallory Smith", "phone": "0712345678"}),
        ("/plans", {"code": "X", "name": "Free", "download_bps": 10_000, "upload_bps": 10_000}),
        ("/plans/1/prices", {"amount": kes(0)}),
        (
            "/subscriptions",
            {"customer_id": own, "plan_price_id": neighbours.plan_price_id, "connection": line},
        ),
        ("/payments", {"customer_id": own, "amount": kes(10_000), "reference": "R9"}),
        ("/routers", {"name": "mine", "host": "10.0.0.9", "username": "x", "password": "x"}),
    ]:
        problem(await neighbours.amina.post(path, body), 403, "not_permitted")
    problem(
        await neighbours.amina.patch(f"/routers/{neighbours.router_id}", {"port": 1}), 403, "not_permitted"
    )


async def test_a_subscriber_pays_for_themself_only(neighbours: Neighbours, till: TillGateway) -> None:
    before = len(till.asked)
    body = {"amount": kes(10_000), "gateway": "till", "customer_id": neighbours.foreign["customers"]}
    problem(await neighbours.amina.post("/payment-attempts", body), 404, "not_found")
    foreign = {
        **body,
        "customer_id": neighbours.own["customers"],
        "invoice_id": neighbours.foreign["invoices"],
    }
    problem(await neighbours.amina.post("/payment-attempts", foreign), 404, "not_found")
    assert len(till.asked) == before
    own = {**foreign, "invoice_id": neighbours.own["invoices"]}
    attempt = await neighbours.amina.made("/payment-attempts", own)
    assert attempt["customer_id"] == neighbours.own["customers"]


async def test_a_repeat_by_somebody_else_is_another_call(neighbours: Neighbours, owner: Caller) -> None:
    body = {"amount": kes(10_000), "gateway": "till", "customer_id": neighbours.own["customers"]}
    first = await owner.post("/payment-attempts", body, key="k1")
    second = await neighbours.amina.post("/payment-attempts", body, key="k1")
    assert first.json()["id"] != second.json()["id"]


async def test_a_subscriber_gets_their_own_documents_and_nobody_elses(neighbours: Neighbours) -> None:
    pdf = await neighbours.amina.get(f"/invoices/{neighbours.own['invoices']}/pdf")
    assert (pdf.status_code, pdf.headers["content-type"]) == (200, "application/pdf")
    assert pdf.content.startswith(b"%PDF-")
    problem(await neighbours.amina.get(f"/invoices/{neighbours.foreign['invoices']}/pdf"), 404, "not_found")
