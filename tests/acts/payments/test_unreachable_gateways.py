"""A gateway that cannot be reached, or answers half: what was never sent fails at once, the rest is asked about."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from starlette.responses import JSONResponse, Response

from benfex.core.clock import MovedClock
from benfex.core.transactor import Transactor
from benfex.payments.checkout import CheckoutRequest
from data.values.states import AttemptStatus
from tests.conftest import Run
from tests.contract.gateway_clients import Listener, listening
from tests.factories.customers import make_customer
from tests.factories.isp import SYSTEM, kes
from tests.factories.looks import attempt_look
from tests.factories.money import make_attempt
from tests.factories.till import Till, open_till

pytestmark = pytest.mark.sqlite_only  # what the wire does, nothing of a database

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
async def till(isp: Run, transactor: Transactor, clock: MovedClock) -> AsyncIterator[Till]:
    async with open_till(transactor, clock, addresses={"mpesa": NOWHERE, "paystack": NOWHERE}) as one:
        yield one


@pytest.mark.parametrize("gateway", ["mpesa", "paystack"])
async def test_a_payment_that_was_never_sent_fails_at_once_in_words(
    till: Till, isp: Run, gateway: str
) -> None:
    customer = make_customer(isp)
    request = CheckoutRequest(customer.customer_id, kes(2_500), gateway, phone=customer.phone)
    attempt_id = await till.checkout.start(SYSTEM, request)
    look = isp.read(attempt_look, attempt_id=attempt_id)
    assert (look.status, look.failure_code) == (AttemptStatus.FAILED, "unreachable")
    assert "cannot be reached" in (look.failure_message or "")
    assert look.next_check_at is None


async def test_the_payer_may_try_again_at_once_after_what_was_never_sent(till: Till, isp: Run) -> None:
    customer = make_customer(isp)
    request = CheckoutRequest(customer.customer_id, kes(2_500), "mpesa", phone=customer.phone)
    first = await till.checkout.start(SYSTEM, request)
    assert await till.checkout.start(SYSTEM, request) != first


async def test_an_attempt_that_is_asked_about_in_vain_stays_open(
    till: Till, isp: Run, clock: MovedClock
) -> None:
    attempt = make_attempt(isp, make_customer(isp))
    clock.advance(timedelta(seconds=11))
    assert await till.reconciler.check_due_attempts() == 1
    assert isp.read(attempt_look, attempt_id=attempt.attempt_id).status is AttemptStatus.PENDING


async def test_a_token_that_never_comes_means_that_no_prompt_was_sent(
    isp: Run, transactor: Transactor, clock: MovedClock
) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, open_till(transactor, clock, addresses={"mpesa": address}) as till:
        customer = make_customer(isp)
        request = CheckoutRequest(customer.customer_id, kes(2_500), "mpesa", phone=customer.phone)
        look = isp.read(attempt_look, attempt_id=await till.checkout.start(SYSTEM, request))
    assert (look.status, look.failure_code) == (AttemptStatus.FAILED, "unreachable")


@pytest.fixture
async def daraja() -> AsyncIterator[Listener]:
    """Something that gives tokens and otherwise answers what the test says."""
    async with listening() as listener:
        listener.replies["/oauth/v1/generate"] = JSONResponse({"access_token": "t", "expires_in": "3599"})
        yield listener


async def test_a_gateway_that_does_not_take_our_addresses_is_told_later_and_later(
    isp: Run, transactor: Transactor, clock: MovedClock, daraja: Listener
) -> None:
    path = "/pulltransactions/v1/register"
    daraja.replies[path] = Response(status_code=500)
    async with open_till(transactor, clock, addresses={"mpesa": daraja.url}) as till:
        for _ in range(240):  # the timetable comes by every 30 s, for two hours
            clock.advance(timedelta(seconds=30))
            assert await till.gateways.register_callbacks(public_url=till.url) == 0
        tries = len(daraja.at(path))
        assert 5 <= tries <= 10
        del daraja.replies[path]
        clock.advance(timedelta(hours=1))
        assert await till.gateways.register_callbacks(public_url=till.url) == 1


async def test_a_prompt_that_is_being_sent_outlives_a_change_of_settings(
    isp: Run, transactor: Transactor, clock: MovedClock, daraja: Listener
) -> None:
    path = "/mpesa/stkpush/v1/processrequest"
    daraja.holds.add(path)
    daraja.replies[path] = JSONResponse({"ResponseCode": "0", "CheckoutRequestID": "ws_CO_1"})
    async with open_till(transactor, clock, addresses={"mpesa": daraja.url}) as till:
        customer = make_customer(isp)
        request = CheckoutRequest(customer.customer_id, kes(2_500), "mpesa", phone=customer.phone)
        starting = asyncio.get_running_loop().create_task(till.checkout.start(SYSTEM, request))
        await daraja.wait(path)
        await till.gateways.load()
        daraja.release.set()
        look = isp.read(attempt_look, attempt_id=await starting)
        assert (look.status, look.gateway_reference) == (AttemptStatus.PENDING, "ws_CO_1")
