"""A delivery whose sender goes away in the middle: nothing is kept, nothing breaks, and the next one is taken."""

import asyncio
import logging
from collections.abc import AsyncIterator

import httpx
import pytest

from benfex.core.clock import MovedClock
from benfex.core.transactor import Transactor
from tests.conftest import Run
from tests.factories.customers import make_customer
from tests.factories.looks import deliveries, payments, quarantined
from tests.factories.money import CALLBACK_TOKEN
from tests.factories.till import Till, open_till, webhook_doors

pytestmark = pytest.mark.sqlite_only

PATH = f"/webhooks/mm/{CALLBACK_TOKEN}/c2b/confirmation"
BODY = (
    b'{"TransID": "TKN4QX71SV", "TransAmount": "2500.00", "BusinessShortCode": "174379", "BillRefNumber": "'
)


@pytest.fixture
async def doors(isp: Run, transactor: Transactor, clock: MovedClock) -> AsyncIterator[tuple[str, Till]]:
    async with (
        webhook_doors() as (url, behind),
        open_till(transactor, clock, addresses={"mpesa": "http://127.0.0.1:9"}) as till,
    ):
        behind.inbox, behind.clock = till.inbox, clock
        yield url, till


async def test_half_a_delivery_is_no_delivery(
    doors: tuple[str, Till], isp: Run, caplog: pytest.LogCaptureFixture
) -> None:
    url, till = doors
    customer = make_customer(isp)
    host, port = url.removeprefix("http://").split(":")
    head = f"POST {PATH} HTTP/1.1\r\nhost: {host}\r\ncontent-length: 500\r\n\r\n".encode()
    with caplog.at_level(logging.ERROR):
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(head + BODY)
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        async with httpx.AsyncClient(base_url=url, trust_env=False) as sender:
            whole = BODY + customer.account_number.encode() + b'"}'
            assert (await sender.post(PATH, content=whole)).status_code == 200
    assert [record.getMessage() for record in caplog.records] == []
    assert [row.body for row in isp.read(deliveries)] == [whole]
    assert isp.read(quarantined) == ()
    await till.inbox.process_pending()
    assert [payment.transaction_id for payment in isp.read(payments)] == ["TKN4QX71SV"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/webhooks/", 404),
        ("POST", "/webhooks/a/b/c/d/e", 404),
        ("POST", "/webhooks/nobody", 404),
        ("GET", "/webhooks/paystack", 405),
        ("PUT", PATH, 405),
        ("HEAD", f"/webhooks/pesapal/{CALLBACK_TOKEN}", 404),
    ],
)
async def test_what_is_no_door_is_answered_and_never_an_error_of_ours(
    doors: tuple[str, Till], method: str, path: str, status: int
) -> None:
    url, _ = doors
    async with httpx.AsyncClient(base_url=url, trust_env=False) as sender:
        assert (await sender.request(method, path, content=b"{}")).status_code == status
