"""Programs that speak to the REST API: a Benfex with the API alone, an owner, and callers with tokens."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from starlette.routing import Mount

from benfex.application import Benfex
from benfex.bootstrap import build
from benfex.core.actors import SystemActor
from benfex.core.clock import MovedClock
from benfex.core.settings import Settings
from benfex.identity.passwords import hash_password
from benfex.identity.staff import create_staff, create_subscriber_login, set_up_isp
from data.engine import Database
from data.values.identifiers import CustomerId
from data.values.roles import Role
from tests.api.gateway import TillGateway

ADDRESS = "http://test"
OWNER, PASSWORD = "owner@savanna.example", "correct horse"
HASH = hash_password(PASSWORD)
SYSTEM = SystemActor("tests")

_doors: list[FastAPI] = []


@dataclass(frozen=True, slots=True)
class Caller:
    """A program with an access token. Its calls return the answer as it came."""

    http: httpx.AsyncClient
    token: str

    async def get(self, path: str, **query: object) -> httpx.Response:
        return await self.call("GET", path, params={name.rstrip("_"): value for name, value in query.items()})

    async def post(self, path: str, body: object = None, *, key: str | None = None) -> httpx.Response:
        return await self.call("POST", path, body=body, key=key)

    async def patch(self, path: str, body: object, *, key: str | None = None) -> httpx.Response:
        return await self.call("PATCH", path, body=body, key=key)

    async def call(
        self, method: str, path: str, *, body: object = None, key: str | None = None, params: Any = None
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        if key is not None:
            headers["Idempotency-Key"] = key
        return await self.http.request(method, f"/api/v1{path}", json=body, headers=headers, params=params)

    async def made(self, path: str, body: object) -> dict[str, Any]:
        """Create something and return it; it must go well."""
        answer = await self.post(path, body)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found


@pytest.fixture
def till() -> TillGateway:
    return TillGateway()


@pytest.fixture
def benfex(
    database: Database, database_url: str, clock: MovedClock, tmp_path: Path, till: TillGateway
) -> Benfex:
    settings = Settings(
        home=tmp_path, database_url=database_url, secret_key=SecretStr("0" * 64), base_url=ADDRESS
    )
    return build(
        settings,
        clock=clock,
        database=database,
        gateways=lambda *_: {till.name: till},
        with_timetable=False,
    )


@pytest.fixture
async def http(benfex: Benfex) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API, without a token; nothing but acts and gateways runs."""
    outer = _door_of(benfex)
    await benfex.transactor.start()
    await benfex.gateways.load()
    await benfex.transact(
        set_up_isp,
        SYSTEM,
        isp_name="Savanna",
        currency="KES",
        timezone="Africa/Nairobi",
        owner_name="Brian Kiptoo",
        owner_email=OWNER,
        password_hash=HASH,
    )
    transport = httpx.ASGITransport(outer, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=ADDRESS) as client:
        yield client
    await benfex.transactor.stop()
    benfex.passwords.close()


def _door_of(benfex: Benfex) -> FastAPI:
    """Return the app of the API, the same each time: FastAPI takes a quarter of a second to make its routes."""
    from pages.api.router import add_api

    if not _doors:
        _doors.append(FastAPI())
        add_api(_doors[0], benfex)
    (api,) = (route.app for route in _doors[0].routes if isinstance(route, Mount))
    assert isinstance(api, FastAPI)
    api.state.benfex = benfex
    return _doors[0]


@pytest.fixture
async def owner(http: httpx.AsyncClient) -> Caller:
    return await sign_in(http, OWNER)


@pytest.fixture
async def drawer(owner: Caller) -> dict[str, Any]:
    """The owner's open shift: what takes their cash."""
    return await owner.made("/shifts", {"opening": kes(0)})


@pytest.fixture
async def support(http: httpx.AsyncClient, benfex: Benfex) -> Caller:
    name = "support@savanna.example"
    await benfex.transact(
        create_staff, SYSTEM, name="Faith Njeri", email=name, role=Role.SUPPORT, password_hash=HASH
    )
    return await sign_in(http, name)


async def sign_in(http: httpx.AsyncClient, name: str, password: str = PASSWORD) -> Caller:
    answer = await http.post("/api/v1/auth/token", data={"username": name, "password": password})
    assert answer.status_code == 200, answer.text
    return Caller(http, answer.json()["access_token"])


async def sign_in_subscriber(benfex: Benfex, http: httpx.AsyncClient, customer: dict[str, Any]) -> Caller:
    await benfex.transact(
        create_subscriber_login, SYSTEM, customer_id=CustomerId(customer["id"]), password_hash=HASH
    )
    return await sign_in(http, customer["account_number"])


@dataclass(frozen=True, slots=True)
class Home:
    """A customer with a service, as the API told them."""

    customer: dict[str, Any]
    subscription: dict[str, Any]
    invoice: dict[str, Any]


async def sell_plan(owner: Caller) -> int:
    """Put a plan and a price on sale and return the price's id."""
    plan = await owner.made(
        "/plans",
        {"code": "HOME-10", "name": "Home 10", "download_bps": 10_000_000, "upload_bps": 5_000_000},
    )
    price = await owner.made(f"/plans/{plan['id']}/prices", {"amount": kes(250_000)})
    return int(price["id"])


async def add_router(owner: Caller, name: str = "nakuru-core") -> int:
    router = await owner.made(
        "/routers", {"name": name, "host": "10.0.0.1", "username": "benfex", "password": "very secret"}
    )
    return int(router["id"])


async def add_home(owner: Caller, *, name: str, price_id: int, router_id: int) -> Home:
    customer = await owner.made("/customers", {"name": name, "phone": "0712345678"})
    subscription = await owner.made(
        "/subscriptions",
        {
            "customer_id": customer["id"],
            "plan_price_id": price_id,
            "connection": {"router_id": router_id, "username": f"user{customer['id']}", "secret": "s3cret"},
        },
    )
    invoices = (await owner.get("/invoices", customer_id=customer["id"])).json()["items"]
    return Home(customer, subscription, invoices[0])


def kes(minor: int) -> dict[str, Any]:
    return {"amount_minor": minor, "currency": "KES"}


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Return the problem that an answer is; it must have this status and code."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = answer.json()
    assert (found["status"], found["code"]) == (status, code), found
    assert found["type"]
    assert found["title"]
    assert found["detail"]
    return found


def fields(answer: httpx.Response) -> list[str]:
    """Return the fields that an answer complains about."""
    assert answer.status_code in (409, 422), answer.text
    return [error["field"] for error in answer.json()["errors"]]
