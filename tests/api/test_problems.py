"""Every error is a problem that a program can read, and names the field that cannot be accepted."""

from typing import Any

import httpx
import pytest

from tests.api.conftest import Caller, add_home, add_router, fields, kes, problem, sell_plan

pytestmark = pytest.mark.sqlite_only

AMINA = {"name": "Amina Wanjiru", "phone": "0712345678"}
PLAN = {"code": "HOME-10", "name": "Home 10", "download_bps": 10_000_000, "upload_bps": 5_000_000}


async def test_an_address_where_nothing_is_and_a_method_that_is_not_taken(owner: Caller) -> None:
    for path in ("/nothing", "/customers/", "/customers/1/nothing"):
        problem(await owner.get(path), 404, "not_found")
    answer = await owner.call("DELETE", "/customers")
    problem(answer, 405, "method_not_allowed")
    assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize(
    "path", ["customers", "plans", "subscriptions", "invoices", "payments", "payment-attempts", "routers"]
)
async def test_an_id_that_nobody_has(owner: Caller, path: str) -> None:
    problem(await owner.get(f"/{path}/4711"), 404, "not_found")
    for wrong in ("abc", "0", "-1", "1.5", str(2**40), str(10**30)):
        answer = await owner.get(f"/{path}/{wrong}")
        assert [name.rpartition("_")[2] for name in fields(answer)] == ["id"]


@pytest.mark.parametrize("body", [b"{", b"", b"\xff\xfe", b'{"name": 1' + b"0" * 5000 + b"}", b"[" * 100_000])
async def test_a_body_that_is_not_json(owner: Caller, body: bytes) -> None:
    answer = await _send(owner, body)
    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"
    if body == b"{":
        problem(answer, 400, "malformed_json")


async def test_a_body_that_is_too_large(owner: Caller) -> None:
    body = b'{"name": "' + b"a" * 300_000 + b'"}'
    problem(await _send(owner, body), 413, "body_too_large")


async def test_a_body_that_is_too_large_and_does_not_say_so(owner: Caller) -> None:
    async def parts() -> Any:
        for _ in range(5):
            yield b" " * 100_000

    headers = {"Authorization": f"Bearer {owner.token}", "Content-Type": "application/json"}
    answer = await owner.http.post("/api/v1/customers", content=parts(), headers=headers)
    problem(answer, 413, "body_too_large")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"colour": "blue"}, "colour"),
        ({"name": None}, "name"),
        ({"name": 7}, "name"),
        ({"name": "x"}, "name"),
        ({"name": "a\u0000b"}, "name"),
        ({"phone": "911"}, "phone"),
        ({"email": "nobody"}, "email"),
        ({"kind": "robot"}, "kind"),
        ({"address": "a\u0000b"}, "address"),
    ],
)
async def test_a_field_of_a_customer_that_cannot_be_accepted(
    owner: Caller, change: dict[str, Any], field: str
) -> None:
    answer = await owner.post("/customers", {**AMINA, **change})
    problem(answer, 422, "invalid_input")
    assert fields(answer) == [field]


async def test_half_a_letter_cannot_be_accepted(owner: Caller) -> None:
    assert fields(await _send(owner, b'{"name": "\\ud800 Wanjiru", "phone": "0712345678"}')) == ["name"]


@pytest.mark.parametrize("minor", [2500.0, 12.5, True, "2500", None, 10**16, 10**30])
async def test_an_amount_is_a_whole_number_and_nothing_else(owner: Caller, minor: object) -> None:
    body = {"customer_id": 1, "amount": {"amount_minor": minor, "currency": "KES"}, "reference": "R1"}
    answer = await owner.post("/payments", body)
    problem(answer, 422, "invalid_input")
    assert fields(answer) == ["amount.amount_minor"]


async def test_an_amount_names_a_currency_we_know(owner: Caller) -> None:
    body: dict[str, Any] = {"customer_id": 1, "reference": "R1"}
    answer = await owner.post("/payments", {**body, "amount": {"amount_minor": 1, "currency": "XXX"}})
    assert fields(answer) == ["amount.currency"]
    answer = await owner.post("/payments", {**body, "amount": 2500})
    assert fields(answer) == ["amount"]
    answer = await owner.post("/payments", {**body, "amount": {**kes(1), "exponent": 2}})
    assert fields(answer) == ["amount.exponent"]


async def test_money_that_is_nothing_or_in_another_currency(owner: Caller) -> None:
    customer = await owner.made("/customers", AMINA)
    body = {"customer_id": customer["id"], "reference": "R1"}
    answer = await owner.post("/payments", {**body, "amount": kes(0)})
    problem(answer, 422, "amount_out_of_range")
    answer = await owner.post("/payments", {**body, "amount": {"amount_minor": 100, "currency": "UGX"}})
    assert fields(answer) == ["amount"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"download_bps": 10.5}, "download_bps"),
        ({"download_bps": 10**30}, "download_bps"),
        ({"data_cap_bytes": 10**30}, "data_cap_bytes"),
        ({"data_cap_bytes": 0}, "data_cap_bytes"),
        ({"throttled_bps": True}, "throttled_bps"),
        ({"code": "no spaces"}, "code"),
    ],
)
async def test_a_field_of_a_plan_that_cannot_be_accepted(
    owner: Caller, change: dict[str, Any], field: str
) -> None:
    assert fields(await owner.post("/plans", {**PLAN, **change})) == [field]


async def test_what_is_taken_is_named(owner: Caller) -> None:
    await owner.made("/plans", PLAN)
    answer = await owner.post("/plans", PLAN)
    problem(answer, 409, "already_exists")
    assert fields(answer) == ["code"]


async def test_a_line_that_cannot_be_made_is_named_where_it_stands(owner: Caller) -> None:
    price_id, router_id = await sell_plan(owner), await add_router(owner)
    home = await add_home(owner, name="Amina Wanjiru", price_id=price_id, router_id=router_id)
    line = {"router_id": router_id, "username": "amina2", "secret": "s3cret"}
    body = {"customer_id": home.customer["id"], "plan_price_id": price_id}
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"username": f"user{home.customer['id']}"}, "connection.username"),
        ({"username": "two words"}, "connection.username"),
        ({"secret": ""}, "connection.secret"),
        ({"router_id": 4711}, "connection.router_id"),
        ({"router_id": 10**30}, "connection.router_id"),
        ({"static_ip": "10.0.0.300"}, "connection.static_ip"),
        ({"mac": "zz"}, "connection.mac"),
        ({"vlan": 7}, "connection.vlan"),
    ]
    for change, field in wrong:
        answer = await owner.post("/subscriptions", {**body, "connection": {**line, **change}})
        assert fields(answer) == [field]
    answer = await owner.post("/subscriptions", {**body, "connection": line, "starts_on": 0})
    assert fields(answer) == ["starts_on"]
    problem(
        await owner.post("/subscriptions", {**body, "plan_price_id": 4711, "connection": line}),
        404,
        "not_found",
    )
    assert len((await owner.get("/subscriptions")).json()["items"]) == 1


async def test_a_state_that_does_not_allow_it(owner: Caller) -> None:
    home = await add_home(
        owner, name="Amina Wanjiru", price_id=await sell_plan(owner), router_id=await add_router(owner)
    )
    path = f"/subscriptions/{home.subscription['id']}"
    await owner.post(f"{path}/suspend")
    problem(await owner.post(f"{path}/suspend"), 409, "invalid_transition")
    problem(await owner.post("/subscriptions/4711/suspend"), 404, "not_found")
    assert fields(await owner.post(f"{path}/end", {"reason": " "})) == ["reason"]


async def test_what_support_may_not_do(support: Caller) -> None:
    problem(await support.post("/plans", PLAN), 403, "not_permitted")
    problem(
        await support.post("/payments", {"customer_id": 1, "amount": kes(1), "reference": "R"}),
        403,
        "not_permitted",
    )
    assert (await support.get("/customers")).status_code == 200


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({}, "connection_id"),
        ({"connection_id": 1, "step": "2m"}, "step"),
        ({"connection_id": 1, "from": "yesterday"}, "from"),
        ({"connection_id": 1, "from": "2026-11-23T08:00:00"}, "from"),
        ({"connection_id": 1, "to": "0001-01-01T00:00:00+14:00"}, "to"),
        ({"connection_id": 1, "limit": 1001}, "limit"),
    ],
)
async def test_usage_that_cannot_be_asked_for(owner: Caller, query: dict[str, Any], field: str) -> None:
    answer = await owner.call("GET", "/usage", params=query)
    assert fields(answer) == [field]


async def test_a_span_that_ends_before_it_begins(owner: Caller) -> None:
    home = await add_home(
        owner, name="Amina Wanjiru", price_id=await sell_plan(owner), router_id=await add_router(owner)
    )
    query = {"connection_id": home.subscription["connection_id"], "to": "2026-11-01T00:00:00Z"}
    answer = await owner.call("GET", "/usage", params={**query, "from": "2026-11-02T00:00:00Z"})
    assert fields(answer) == ["from"]
    answer = await owner.call("GET", "/usage", params={**query, "step": "5m", "cursor": "AAAA"})
    assert fields(answer) == ["cursor"]


async def test_the_description_tells_what_is_sent(http: httpx.AsyncClient) -> None:
    told = (await http.get("/api/v1/openapi.json")).json()
    schemas = told["components"]["schemas"]
    assert all(path.startswith("/api/v1/") for path in told["paths"])
    assert told["components"]["securitySchemes"]["bearer"]["flows"]["password"]["tokenUrl"] in told["paths"]
    assert schemas["AskedAmount"]["properties"]["amount_minor"]["type"] == "integer"
    assert schemas["NewRouter"]["properties"]["password"]["writeOnly"] is True
    assert "password" not in schemas["Router"]["properties"]
    for path, methods in told["paths"].items():
        for method, operation in methods.items():
            refused = operation["responses"]["422"]["content"]
            assert list(refused) == ["application/problem+json"], f"{method} {path}"
            names = {parameter["name"] for parameter in operation.get("parameters", [])}
            # Who only asks or looks may do so again, as who ends a session; a token is wanted anew each time, and a
            # file, a receipt, the fingerprint of a plan and where a change was seen to stand are their own key.
            is_free = path.endswith(
                (
                    "/token",
                    "/check",
                    "}/receipts",
                    "/receipt-claims",
                    "/preview",
                    "/statement-imports",
                    "/sessions/disconnect",
                    "/manage",
                    "/adoption",
                    "/backups",
                    "/accept",
                    "/ping",
                    "/trace",
                    "/restart",
                    "/garden",
                    "/network/changes",
                    "/go-on",
                    "/network/changes/{run_id}/undo",
                )
            )
            is_unsafe = method != "get" and not is_free
            assert ("Idempotency-Key" in names) == is_unsafe, f"{method} {path}"
    references = str(told).split("#/components/schemas/")[1:]
    assert {reference.split("'")[0] for reference in references} <= set(schemas)


async def _send(caller: Caller, body: bytes) -> httpx.Response:
    headers = {"Authorization": f"Bearer {caller.token}", "Content-Type": "application/json"}
    return await caller.http.post("/api/v1/customers", content=body, headers=headers)
