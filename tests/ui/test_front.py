"""What is served first: a gateway is answered before the work begins, and nothing is lost if it cannot begin."""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from benfex.application import Benfex
from benfex.payments.accounts import save_gateway_account
from pages.front import Front
from tests.conftest import Run
from tests.factories.isp import SYSTEM, set_up_isp
from tests.factories.looks import deliveries
from tests.ui.conftest import ADDRESS

KEY = "sk_test_0123456789abcdef"
PATIENCE_SECONDS = 10.0


@pytest.fixture
def run(benfex: Benfex) -> Run:
    return Run(benfex.transactor, SYSTEM)


@pytest.fixture(autouse=True)
def _paystack(run: Run, benfex: Benfex) -> None:
    set_up_isp(run)
    settings = {"secret_key": KEY, "base_url": "http://127.0.0.1:9"}
    run(save_gateway_account, gateway="paystack", settings=settings, vault=benfex.vault)


async def test_a_gateway_is_answered_before_the_work_begins(benfex: Benfex, run: Run) -> None:
    async with served(Front(benfex, rest)) as http:
        assert await knock(http) == 200
        assert await benfex.missing() != []
        (kept,) = run.read(deliveries)
        assert not kept.is_done
        await until(lambda: run.read(deliveries)[0].is_done)


async def test_everybody_else_waits_until_the_rest_is_loaded(benfex: Benfex) -> None:
    async with served(Front(benfex, rest)) as http:
        assert (await http.get("/hello")).text == "here"
        assert await benfex.missing() == []


async def test_work_that_cannot_begin_is_tried_again_while_gateways_are_answered(
    benfex: Benfex, run: Run
) -> None:
    benfex.timetable = stumbling = Stumbling()
    async with served(Front(benfex, rest, again_seconds=0.01)) as http:
        await until(lambda: stumbling.starts == 1)
        assert await knock(http) == 200
        assert len(run.read(deliveries)) == 1
        stumbling.can_start = True
        assert (await http.get("/hello")).text == "here"
        assert await benfex.missing() == []


class Stumbling:
    """A timetable that cannot start at first."""

    def __init__(self) -> None:
        self.starts = 0
        self.can_start = self.is_running = False

    async def start(self) -> None:
        self.starts += 1
        if not self.can_start:
            raise OSError("the server closed the connection")
        self.is_running = True

    async def stop(self) -> None:
        self.is_running = False

    def wake(self, name: str) -> None:
        """Do nothing: nobody asks here."""


def rest() -> ASGIApp:
    return Starlette(routes=[Route("/hello", lambda _: PlainTextResponse("here"))])


@asynccontextmanager
async def served(front: Front) -> AsyncIterator[httpx.AsyncClient]:
    """Live through a server's life with it, as the ASGI specification has it (Lifespan Protocol 2.0)."""
    to_it, from_it = asyncio.Queue[Any](), asyncio.Queue[Any]()
    async with asyncio.TaskGroup() as group:
        group.create_task(front({"type": "lifespan"}, to_it.get, from_it.put))
        await to_it.put({"type": "lifespan.startup"})
        assert await from_it.get() == {"type": "lifespan.startup.complete"}
        transport = httpx.ASGITransport(cast("Any", front))
        async with httpx.AsyncClient(transport=transport, base_url=ADDRESS) as http:
            yield http
        await to_it.put({"type": "lifespan.shutdown"})
        assert await from_it.get() == {"type": "lifespan.shutdown.complete"}


async def knock(http: httpx.AsyncClient) -> int:
    money = {"id": 1, "reference": "BFX-nobody", "amount": 250000, "currency": "KES", "status": "success"}
    body = json.dumps({"event": "charge.success", "data": money}).encode()
    proof = {"x-paystack-signature": hmac.new(KEY.encode(), body, hashlib.sha512).hexdigest()}
    return (await http.post("/webhooks/paystack", content=body, headers=proof)).status_code


async def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "nothing came of it"
        await asyncio.sleep(0.01)
