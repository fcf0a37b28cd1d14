"""What a program does with the API: sell a service, bill it, take money for it, and read what happened."""

from datetime import timedelta

import httpx
import pytest

from benfex.application import Benfex
from benfex.core.clock import MovedClock
from benfex.core.unit_of_work import UnitOfWork
from benfex.payments.gateway import PaymentEvidence
from benfex.payments.settlement import settle_payment
from data.models.usage import usage_1d, usage_1h, usage_5m
from data.values.kinds import EvidenceGrade
from data.values.money import Money
from tests.api.conftest import OWNER, SYSTEM, Caller, add_home, add_router, kes, sell_plan, sign_in
from tests.api.gateway import TillGateway


async def test_a_service_is_sold_billed_paid_and_read_back(
    http: httpx.AsyncClient, owner: Caller, till: TillGateway, benfex: Benfex, clock: MovedClock
) -> None:
    router_id = await add_router(owner)
    home = await add_home(owner, name="Amina Wanjiru", price_id=await sell_plan(owner), router_id=router_id)
    customer_id = home.customer["id"]
    assert home.subscription["status"] == "active"
    assert home.invoice["outstanding"] == kes(250_000)

    clock.advance(timedelta(days=31))
    owner = await sign_in(http, OWNER)
    billed = (await owner.post(f"/customers/{customer_id}/bill")).json()
    assert billed["invoice"]["total"] == kes(250_000)
    assert [line["kind"] for line in billed["invoice"]["lines"]] == ["recurring"]
    assert (await owner.post(f"/customers/{customer_id}/bill")).json()["invoice"] is None
    assert (await owner.get(f"/customers/{customer_id}")).json()["balance"] == kes(500_000)

    attempt = await owner.made(
        "/payment-attempts", {"customer_id": customer_id, "amount": kes(500_000), "gateway": "till"}
    )
    assert attempt["status"] == "pending"
    assert attempt["redirect_url"] == "https://till.example/pay"
    await benfex.transact(
        settle_payment,
        SYSTEM,
        evidence=PaymentEvidence(
            gateway="till",
            grade=EvidenceGrade.SIGNED,
            transaction_id="TX1",
            amount=Money(500_000, "KES"),
            received_at=clock.now(),
            our_reference=till.asked[0].reference,
        ),
        evidence_at=clock.now(),
        source="webhook",
    )

    attempt = (await owner.get(f"/payment-attempts/{attempt['id']}")).json()
    assert attempt["status"] == "succeeded"
    payment = (await owner.get(f"/payments/{attempt['payment_id']}")).json()
    assert [part["amount"] for part in payment["allocations"]] == [kes(250_000), kes(250_000)]
    invoices = (await owner.get("/invoices", customer_id=customer_id)).json()["items"]
    assert {invoice["status"] for invoice in invoices} == {"paid"}
    whole = (await owner.get(f"/invoices/{invoices[0]['id']}")).json()
    assert [part["payment_id"] for part in whole["payments"]] == [payment["id"]]
    assert (await owner.get(f"/customers/{customer_id}")).json()["balance"] == kes(0)


async def test_a_service_is_suspended_resumed_and_ended(owner: Caller) -> None:
    home = await add_home(
        owner, name="Peter Otieno", price_id=await sell_plan(owner), router_id=await add_router(owner)
    )
    path = f"/subscriptions/{home.subscription['id']}"
    suspended = (await owner.post(f"{path}/suspend", {"reason": "abuse", "note": "spam"})).json()
    assert (suspended["status"], suspended["suspension_reason"]) == ("suspended", "abuse")
    assert (await owner.post(f"{path}/resume")).json()["status"] == "active"
    assert (await owner.post(f"{path}/resume")).status_code == 409
    assert (await owner.post(f"{path}/end", {"reason": "moved away"})).json()["status"] == "ended"
    assert (await owner.post(f"{path}/suspend")).status_code == 409
    assert (await owner.get("/subscriptions", status="ended")).json()["items"][0]["id"] == home.subscription[
        "id"
    ]


@pytest.mark.usefixtures("drawer")
async def test_cash_pays_and_a_wrong_invoice_is_void(owner: Caller) -> None:
    price_id, router_id = await sell_plan(owner), await add_router(owner)
    first = await add_home(owner, name="Amina Wanjiru", price_id=price_id, router_id=router_id)
    cash = {"customer_id": first.customer["id"], "amount": kes(300_000), "reference": "R-17"}
    payment = await owner.made("/payments", cash)
    assert (payment["gateway"], payment["grade"]) == ("cash", "staff")
    assert payment["allocations"][0]["invoice_id"] == first.invoice["id"]
    assert (await owner.get(f"/customers/{first.customer['id']}")).json()["balance"] == kes(-50_000)
    assert (await owner.post(f"/invoices/{first.invoice['id']}/void", {"reason": "no"})).status_code == 409

    second = await add_home(owner, name="Peter Otieno", price_id=price_id, router_id=router_id)
    void = await owner.post(f"/invoices/{second.invoice['id']}/void", {"reason": "sold by mistake"})
    assert (void.json()["status"], void.json()["outstanding"]) == ("void", kes(0))


async def test_money_without_a_customer_finds_its_customer(
    owner: Caller, benfex: Benfex, clock: MovedClock
) -> None:
    customer = await owner.made("/customers", {"name": "Amina Wanjiru", "phone": "0712345678"})
    outcome = await benfex.transact(
        settle_payment,
        SYSTEM,
        evidence=PaymentEvidence(
            gateway="till",
            grade=EvidenceGrade.SIGNED,
            transaction_id="TX9",
            amount=Money(100_000, "KES"),
            received_at=clock.now(),
            account_reference="lunch",
        ),
        evidence_at=clock.now(),
        source="webhook",
    )
    unmatched = (await owner.get("/payments", mark="unmatched")).json()["items"]
    assert [payment["id"] for payment in unmatched] == [outcome.payment_id]
    path = f"/payments/{outcome.payment_id}/match"
    assert (await owner.post(path, {"customer_id": 99_999})).status_code == 404
    assert (await owner.post(path, {"customer_id": customer["id"]})).json()["customer_id"] == customer["id"]
    assert (await owner.post(path, {"customer_id": customer["id"]})).status_code == 409
    assert (await owner.get("/payments", mark="unmatched")).json()["items"] == []


async def test_a_customer_is_changed_field_by_field(owner: Caller) -> None:
    body = {"name": "Amina Wanjiru", "phone": "0712345678", "email": "amina@example.com", "address": "Plot 4"}
    customer = await owner.made("/customers", body)
    assert customer["phone"] == "+254712345678"
    path = f"/customers/{customer['id']}"
    changed = (await owner.patch(path, {"name": "Amina Otieno", "email": None})).json()
    assert (changed["name"], changed["email"], changed["address"]) == ("Amina Otieno", None, "Plot 4")
    assert (await owner.patch(path, {})).json() == changed
    assert (await owner.get("/customers", search="otieno")).json()["items"] == [changed]
    assert (await owner.get("/customers", search="nobody")).json()["items"] == []


async def test_a_routers_password_goes_in_and_never_comes_out(owner: Caller) -> None:
    router_id = await add_router(owner)
    path = f"/routers/{router_id}"
    answers = [
        await owner.get(path),
        await owner.get("/routers"),
        await owner.patch(path, {"password": "other secret", "port": 8729}),
        await owner.patch(path, {"is_enabled": False}),
    ]
    assert all("secret" not in answer.text for answer in answers)
    router = answers[-1].json()
    assert (router["port"], router["is_enabled"], router["name"]) == (8729, False, "nakuru-core")


async def test_a_connection_says_whether_its_router_agrees(owner: Caller) -> None:
    router_id = await add_router(owner)
    home = await add_home(owner, name="Amina Wanjiru", price_id=await sell_plan(owner), router_id=router_id)
    found = await owner.get("/connections", router_id=router_id)
    (connection,) = found.json()["items"]
    assert connection["subscription_id"] == home.subscription["id"]
    assert connection["is_applied"] is False
    assert "s3cret" not in found.text
    assert (await owner.get(f"/connections/{connection['id']}")).json() == connection
    assert (await owner.get("/connections", router_id=router_id + 1)).json()["items"] == []


async def test_usage_is_told_step_by_step(owner: Caller, benfex: Benfex, clock: MovedClock) -> None:
    home = await add_home(
        owner, name="Amina Wanjiru", price_id=await sell_plan(owner), router_id=await add_router(owner)
    )
    connection_id = home.subscription["connection_id"]
    start = clock.now() - timedelta(hours=3)

    def write(uow: UnitOfWork) -> None:
        for place in range(3):
            at = start + timedelta(minutes=5 * place)
            bytes_ = {"connection_id": connection_id, "download_bytes": 100 + place, "upload_bytes": 10}
            uow.session.execute(usage_5m.insert().values(starts_at=at, **bytes_))
            rates = {"peak_download_bps": 9, "peak_upload_bps": 1, "seconds_covered": 3600}
            for table, span in ((usage_1h, timedelta(hours=1)), (usage_1d, timedelta(days=1))):
                row = {"starts_at": start - span * place, **bytes_, **rates}
                uow.session.execute(table.insert().values(**row))

    await benfex.transact(write, SYSTEM)
    asked = {"connection_id": connection_id, "from_": start.isoformat(), "step": "5m"}
    steps = (await owner.get("/usage", **asked)).json()
    assert [step["download_bytes"] for step in steps["items"]] == [100, 101, 102]
    assert steps["next_cursor"] is None
    found: list[int] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await owner.get("/usage", **asked, limit=2, **cursor)).json()
        found += [step["download_bytes"] for step in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert found == [100, 101, 102]

    since = (start - timedelta(days=10)).isoformat()
    for step in ("1h", "1d"):
        asked = {"connection_id": connection_id, "from_": since, "step": step, "limit": 2}
        first = (await owner.get("/usage", **asked)).json()
        rest = (await owner.get("/usage", **asked, cursor=first["next_cursor"])).json()
        assert [row["download_bytes"] for row in first["items"] + rest["items"]] == [102, 101, 100]
        assert rest["next_cursor"] is None
        assert first["items"][0]["seconds_covered"] == 3600
