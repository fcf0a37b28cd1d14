"""Clients of the simulated gateways, and a listener that stands where Benfex would take callbacks."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from benfex.simulation.door import Door
from benfex.simulation.hosted import HostedGateway
from benfex.simulation.options import SANDBOX_PASSKEY, DarajaOptions
from benfex.simulation.outside import Outside, OutsideOptions

NAIROBI = ZoneInfo("Africa/Nairobi")
SHORTCODE = "174379"
PHONE = "254708374149"
KEYS = ("demo-consumer-key", "demo-consumer-secret")
STAMP = "20261123104455"
PASSWORD = base64.b64encode(f"{SHORTCODE}{SANDBOX_PASSKEY}{STAMP}".encode()).decode()
PATIENCE_SECONDS = 5.0

Json = dict[str, Any]


@dataclass(frozen=True)
class Received:
    path: str
    headers: dict[str, str]
    raw: bytes

    @property
    def json(self) -> Json:
        content = json.loads(self.raw)
        assert isinstance(content, dict)
        return content


@dataclass
class Listener:
    """Takes every POST; `replies` says what a path is answered with, `holds` which wait for `release`."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    replies: dict[str, Response] = field(default_factory=dict)
    holds: set[str] = field(default_factory=set)
    release: asyncio.Event = field(default_factory=asyncio.Event)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        body = await request.body()
        async with self.news:
            self.received.append(Received(request.url.path, dict(request.headers), body))
            self.news.notify_all()
        if request.url.path in self.holds:
            await self.release.wait()
        reply = self.replies.get(request.url.path) or JSONResponse({"ResultCode": 0, "ResultDesc": "Success"})
        await reply(scope, receive, send)

    def at(self, path: str) -> list[Received]:
        return [one for one in self.received if one.path == path]

    async def wait(self, path: str, count: int = 1) -> list[Received]:
        async with asyncio.timeout(PATIENCE_SECONDS), self.news:
            await self.news.wait_for(lambda: len(self.at(path)) >= count)
        return self.at(path)


@dataclass
class Merchant:
    """A merchant of the simulated Daraja: knows its keys, its paybill and where it listens."""

    http: httpx.AsyncClient
    control: httpx.AsyncClient
    outside: Outside
    listener: Listener
    token: str = ""

    async def sign_in(self) -> str:
        response = await self.http.get(
            "/oauth/v1/generate", params={"grant_type": "client_credentials"}, auth=KEYS
        )
        self.token = response.json()["access_token"]
        return self.token

    async def post(self, path: str, body: Json) -> httpx.Response:
        return await self.http.post(path, json=body, headers={"Authorization": f"Bearer {self.token}"})

    def push_body(self, **changes: Any) -> Json:
        phone = changes.get("PhoneNumber", PHONE)
        return {
            "BusinessShortCode": SHORTCODE,
            "Password": PASSWORD,
            "Timestamp": STAMP,
            "TransactionType": "CustomerPayBillOnline",
            "Amount": 1500,
            "PartyA": phone,
            "PartyB": SHORTCODE,
            "PhoneNumber": phone,
            "CallBackURL": f"{self.listener.url}/stk",
            "AccountReference": "BFX100427",
            "TransactionDesc": "Internet",
        } | changes

    async def push(self, **changes: Any) -> httpx.Response:
        return await self.post("/mpesa/stkpush/v1/processrequest", self.push_body(**changes))

    async def pushed(self, **changes: Any) -> str:
        response = await self.push(**changes)
        assert response.status_code == 200, response.text
        return str(response.json()["CheckoutRequestID"])

    async def query(self, checkout_id: str) -> httpx.Response:
        return await self.post(
            "/mpesa/stkpushquery/v1/query",
            {
                "BusinessShortCode": SHORTCODE,
                "Password": PASSWORD,
                "Timestamp": STAMP,
                "CheckoutRequestID": checkout_id,
            },
        )

    async def register(self, *, version: str = "v2", **changes: Any) -> httpx.Response:
        body = {
            "ShortCode": SHORTCODE,
            "ResponseType": "Completed",
            "ConfirmationURL": f"{self.listener.url}/confirmation",
            "ValidationURL": f"{self.listener.url}/validation",
        } | changes
        return await self.post(f"/mpesa/c2b/{version}/registerurl", body)

    async def register_pull(self) -> httpx.Response:
        body = {"ShortCode": SHORTCODE, "RequestType": "Pull", "NominatedNumber": PHONE}
        return await self.post(
            "/pulltransactions/v1/register", body | {"CallBackURL": f"{self.listener.url}/x"}
        )

    async def pull(self, *, offset: int = 0, hours: float = 1) -> Json:
        now = datetime.fromtimestamp(time.time(), NAIROBI)
        body = {
            "ShortCode": SHORTCODE,
            "StartDate": f"{now - timedelta(hours=hours):%Y-%m-%d %H:%M:%S}",
            "EndDate": f"{now:%Y-%m-%d %H:%M:%S}",
            "OffSetValue": str(offset),
        }
        response = await self.post("/pulltransactions/v1/query", body)
        assert response.status_code == 200, response.text
        content = response.json()
        assert isinstance(content, dict)
        return content

    async def tell(self, path: str, **body: Any) -> Json:
        response = await self.control.post(path, json=body)
        assert response.status_code == 200, response.text
        content = response.json()
        assert isinstance(content, dict)
        return content

    async def answer(self, answer: str, *, phone: str = PHONE) -> None:
        await self.tell(f"/phones/{phone}/answer", answer=answer)


def callback_of(received: Received) -> Json:
    content = received.json["Body"]["stkCallback"]
    assert isinstance(content, dict)
    return content


def items_of(received: Received) -> Json:
    return {item["Name"]: item.get("Value") for item in callback_of(received)["CallbackMetadata"]["Item"]}


def refusal(response: httpx.Response) -> tuple[int, str, str]:
    body = response.json()
    assert set(body) == {"requestId", "errorCode", "errorMessage"}
    return response.status_code, body["errorCode"], body["errorMessage"]


@asynccontextmanager
async def listening() -> AsyncIterator[Listener]:
    listener = Listener()
    door = Door(listener)
    await door.start()
    listener.url = door.url
    try:
        yield listener
    finally:
        listener.release.set()
        await door.stop()


@asynccontextmanager
async def open_outside(
    daraja: DarajaOptions | None = None, *, more: Mapping[str, HostedGateway] | None = None
) -> AsyncIterator[Outside]:
    outside = Outside(OutsideOptions(routers=0, daraja=daraja or DarajaOptions()), more=more)
    await outside.start()
    try:
        yield outside
    finally:
        await outside.stop()


@asynccontextmanager
async def trading(daraja: DarajaOptions | None = None) -> AsyncIterator[Merchant]:
    async with (
        listening() as listener,
        open_outside(daraja) as outside,
        client(outside.daraja_url) as http,
        client(outside.control_url) as control,
    ):
        merchant = Merchant(http, control, outside, listener)
        await merchant.sign_in()
        yield merchant


def client(base_url: str) -> httpx.AsyncClient:
    # Loopback without TLS: reading the certificates of the world would take most of a test's time.
    return httpx.AsyncClient(base_url=base_url, trust_env=False, verify=False, timeout=PATIENCE_SECONDS)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that nobody announces."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)
