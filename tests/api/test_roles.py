"""What each role of the staff may change over the API, and that it may do no more."""

import pytest

from benfex.application import Benfex
from benfex.identity.staff import create_staff
from data.values.roles import Role
from tests.api.conftest import HASH, SYSTEM, Caller, add_home, add_router, kes, problem, sell_plan, sign_in

pytestmark = pytest.mark.sqlite_only

MONEY = {"bill", "void", "shift", "payment", "attempt"}
SERVICE = {"customer", "edit", "suspend"}


@pytest.mark.parametrize(
    ("role", "allowed"), [(Role.ACCOUNTANT, MONEY), (Role.SUPPORT, SERVICE)], ids=["accountant", "support"]
)
async def test_a_role_changes_what_is_its_own_and_nothing_else(
    owner: Caller, benfex: Benfex, role: Role, allowed: set[str]
) -> None:
    price_id, router_id = await sell_plan(owner), await add_router(owner)
    home = await add_home(owner, name="Amina Wanjiru", price_id=price_id, router_id=router_id)
    name = f"{role}@savanna.example"
    await benfex.transact(create_staff, SYSTEM, name="Faith", email=name, role=role, password_hash=HASH)
    caller = await sign_in(owner.http, name)
    customer_id, path = home.customer["id"], f"/subscriptions/{home.subscription['id']}"
    money = {"customer_id": customer_id, "amount": kes(10_000)}
    line = {"router_id": router_id, "username": "another", "secret": "secret-2"}
    sale = {"customer_id": customer_id, "plan_price_id": price_id, "connection": line}
    router = {"name": "mine", "host": "10.0.0.9", "username": "x", "password": "x"}
    plan = {"code": "X", "name": "Free", "download_bps": 10_000_000, "upload_bps": 10_000_000}
    calls: list[tuple[str, str, str, object]] = [
        ("customer", "POST", "/customers", {"name": "Peter Otieno", "phone": "0712345679"}),
        ("edit", "PATCH", f"/customers/{customer_id}", {"name": "Amina Otieno"}),
        ("bill", "POST", f"/customers/{customer_id}/bill", None),
        ("plan", "POST", "/plans", plan),
        ("price", "POST", "/plans/1/prices", {"amount": kes(0)}),
        ("sale", "POST", "/subscriptions", sale),
        ("attempt", "POST", "/payment-attempts", {**money, "gateway": "till"}),
        ("void", "POST", f"/invoices/{home.invoice['id']}/void", {"reason": "x"}),
        ("shift", "POST", "/shifts", {"opening": kes(0)}),
        ("payment", "POST", "/payments", {**money, "reference": "R1"}),
        ("suspend", "POST", f"{path}/suspend", None),
        ("end", "POST", f"{path}/end", {"reason": "x"}),
        ("router", "POST", "/routers", router),
        ("door", "PATCH", f"/routers/{router_id}", {"port": 1}),
    ]
    for what, method, address, body in calls:
        answer = await caller.call(method, address, body=body)
        if what in allowed:
            assert answer.is_success, f"{what}: {answer.text}"
        else:
            problem(answer, 403, "not_permitted")
