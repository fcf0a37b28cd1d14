"""Money from the payer's hand to the books: through true doors, past callbacks that are lost or late."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest

from benfex.core.clock import MovedClock, SystemClock
from benfex.core.transactor import Transactor
from benfex.payments.checkout import CheckoutRequest, note_started, prepare_attempt
from benfex.payments.gateway import PaymentRequest
from benfex.simulation.outside import Outside
from data.values.errors import Conflict
from data.values.identifiers import PaymentAttemptId
from data.values.money import Money
from data.values.states import AttemptStatus, SubscriptionStatus
from tests.conftest import Run
from tests.contract.gateway_clients import client, open_outside, until
from tests.factories.customers import MadeService, make_service, suspend
from tests.factories.isp import SYSTEM, kes, set_up_isp
from tests.factories.looks import (
    AttemptLook,
    assert_books_sound,
    attempt_look,
    deliveries,
    owed,
    payments,
    restoration_clocks,
    service_state,
)
from tests.factories.till import Till, open_till, webhook_doors

pytestmark = pytest.mark.sqlite_only

MSISDN = "254708374149"


@pytest.fixture
def clock() -> MovedClock:
    """The far ends live in true time, and their statements are asked for by it."""
    return MovedClock(SystemClock().now())


@dataclass
class Line:
    """A customer who is suspended and owes KES 2,500, the till, and the world outside."""

    run: Run
    clock: MovedClock
    till: Till
    outside: Outside
    control: httpx.AsyncClient
    service: MadeService

    async def begin(self, gateway: str = "mpesa", *, amount: Money | None = None) -> PaymentAttemptId:
        return await self.till.checkout.start(SYSTEM, self.request(gateway, amount=amount))

    def request(self, gateway: str = "mpesa", *, amount: Money | None = None) -> CheckoutRequest:
        customer = self.service.customer
        phone = customer.phone if gateway == "mpesa" else None
        return CheckoutRequest(customer.customer_id, amount or kes(2_500), gateway, phone=phone)

    async def tell(self, path: str, **body: object) -> None:
        response = await self.control.post(path, json=body)
        assert response.status_code == 200, response.text

    async def answer(self, answer: str = "pay") -> None:
        await self.tell(f"/phones/{MSISDN}/answer", answer=answer)

    async def came(self, count: int) -> None:
        """Wait until so many deliveries are in the inbox, and work them off."""
        await until(lambda: len(self.run.read(deliveries)) >= count)
        await self.till.inbox.process_pending()

    async def checked(self, *, after_seconds: int = 15) -> None:
        """Let time pass, ask about what is due, and work off what came meanwhile."""
        self.clock.advance(timedelta(seconds=after_seconds))
        await self.till.reconciler.check_due_attempts()
        await self.till.inbox.process_pending()

    def attempt(self, attempt_id: PaymentAttemptId) -> AttemptLook:
        return self.run.read(attempt_look, attempt_id=attempt_id)

    def assert_paid_once(self, *, amount: Money | None = None) -> None:
        (payment,) = self.run.read(payments)
        assert (payment.amount, payment.customer_id) == (amount or kes(2_500), self.service.customer_id)
        assert self.run.read(owed, customer_id=self.service.customer_id) == kes(2_500) - payment.amount
        state, _ = self.run.read(service_state, subscription_id=self.service.subscription_id)
        assert state is SubscriptionStatus.ACTIVE
        assert len(self.run.read(restoration_clocks)) == 1


@pytest.fixture
async def line(run: Run, transactor: Transactor, clock: MovedClock) -> AsyncIterator[Line]:
    set_up_isp(run)
    service = make_service(run)
    suspend(run, service)
    async with (
        open_outside() as outside,
        client(outside.control_url) as control,
        webhook_doors() as (url, behind),
        open_till(
            transactor,
            clock,
            addresses={"mpesa": outside.daraja_url, "paystack": outside.paystack_url},
            url=url,
        ) as till,
    ):
        behind.inbox, behind.clock = till.inbox, clock
        assert await till.gateways.register_callbacks(public_url=url) == 2
        one = Line(run, clock, till, outside, control, service)
        await one.tell("/paystack/webhook-url", url=f"{url}/webhooks/paystack")
        yield one
    assert_books_sound(run)


# M-Pesa


async def test_a_prompt_that_is_paid_brings_the_service_back(line: Line) -> None:
    attempt_id = await line.begin()
    assert line.attempt(attempt_id).status is AttemptStatus.PENDING
    await line.answer()
    await line.came(2)
    line.assert_paid_once()
    assert line.attempt(attempt_id).status is AttemptStatus.SUCCEEDED
    await line.checked(after_seconds=31)
    look = line.attempt(attempt_id)
    assert (look.needs_review, look.next_check_at) == (False, None)


async def test_callbacks_that_come_twice_pay_once(line: Line) -> None:
    await line.tell("/daraja/delivery", duplicate_next=1)
    await line.begin()
    await line.answer()
    await line.came(2)
    line.assert_paid_once()


async def test_without_a_callback_the_query_says_paid_and_the_confirmation_books(line: Line) -> None:
    await line.tell("/daraja/delivery", lose_next=1)
    attempt_id = await line.begin()
    await line.answer()
    await until(lambda: len(line.run.read(deliveries)) >= 1)
    await line.checked()
    line.assert_paid_once()
    assert line.attempt(attempt_id).status is AttemptStatus.SUCCEEDED


async def test_when_callback_and_confirmation_are_lost_the_gateways_own_list_books(line: Line) -> None:
    await line.tell("/daraja/delivery", lose_next=1, lose_confirmation_next=1)
    attempt_id = await line.begin()
    await line.answer()
    await line.checked()
    assert line.run.read(deliveries) == ()
    line.assert_paid_once()
    assert line.attempt(attempt_id).status is AttemptStatus.SUCCEEDED


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("cancel", "The request was cancelled on the phone."),
        ("no_money", "There is not enough money in the M-Pesa account."),
        ("wrong_pin", "The M-Pesa PIN was wrong."),
        ("too_late", "nobody answered in time"),
    ],
)
async def test_a_no_of_the_phone_is_told_in_words(line: Line, answer: str, words: str) -> None:
    attempt_id = await line.begin()
    await line.answer(answer)
    await line.came(1)
    look = line.attempt(attempt_id)
    assert look.status is AttemptStatus.FAILED
    assert words in (look.failure_message or "")
    assert line.run.read(payments) == ()


async def test_a_no_whose_callback_was_lost_is_found_out(line: Line) -> None:
    await line.tell("/daraja/delivery", lose_next=1)
    attempt_id = await line.begin()
    await line.answer("cancel")
    await line.checked()
    assert line.attempt(attempt_id).failure_message == "The request was cancelled on the phone."


async def test_a_prompt_nobody_answers_expires_and_may_still_be_paid(line: Line) -> None:
    attempt_id = await line.begin()
    await line.checked()
    assert line.attempt(attempt_id).status is AttemptStatus.PENDING
    await line.checked(after_seconds=301)
    assert line.attempt(attempt_id).status is AttemptStatus.EXPIRED
    await line.answer()
    await line.came(2)
    line.assert_paid_once()
    assert line.attempt(attempt_id).status is AttemptStatus.SUCCEEDED


async def test_a_second_prompt_must_wait_for_the_first(line: Line) -> None:
    await line.begin()
    with pytest.raises(Conflict, match="already on its way"):
        await line.begin()


async def test_an_answer_lost_on_its_way_is_neither_a_no_nor_a_second_prompt(line: Line) -> None:
    await line.tell("/daraja/fault", kind="drop_after_accept", count=1)
    attempt_id = await line.begin()
    look = line.attempt(attempt_id)
    assert (look.status, look.gateway_reference) == (AttemptStatus.PENDING, None)
    await line.answer()
    await line.came(2)
    line.assert_paid_once()
    assert line.attempt(attempt_id).status is AttemptStatus.SUCCEEDED


async def test_an_answer_and_every_callback_lost_is_found_in_the_list(line: Line) -> None:
    await line.tell("/daraja/delivery", lose_next=1, lose_confirmation_next=1)
    await line.tell("/daraja/fault", kind="drop_after_accept", count=1)
    attempt_id = await line.begin()
    await line.answer()
    await line.checked()
    line.assert_paid_once()
    assert line.attempt(attempt_id).status is AttemptStatus.SUCCEEDED


async def test_a_gateway_that_is_down_is_asked_again(line: Line) -> None:
    await line.tell("/daraja/delivery", lose_next=1, lose_confirmation_next=1)
    attempt_id = await line.begin()
    await line.answer()
    await line.tell("/daraja/fault", kind="down")
    await line.checked()
    assert line.attempt(attempt_id).status is AttemptStatus.PENDING
    await line.tell("/daraja/fault", kind="none")
    await line.checked(after_seconds=60)
    line.assert_paid_once()


# Killed in between


async def test_a_kill_before_the_gateway_was_asked_leaves_an_attempt_that_expires(line: Line) -> None:
    attempt_id, _ = await _prepared(line)
    await line.till.restart()
    assert line.attempt(attempt_id).status is AttemptStatus.CREATED
    await line.checked(after_seconds=31)
    await line.checked(after_seconds=301)
    assert line.attempt(attempt_id).status is AttemptStatus.EXPIRED
    assert line.run.read(payments) == ()


async def test_a_kill_after_the_gateway_was_asked_still_finds_the_money(line: Line) -> None:
    await line.tell("/daraja/delivery", lose_next=1, lose_confirmation_next=1)
    attempt_id, request = await _prepared(line)
    await line.till.gateways.get("mpesa").start(request)
    await line.answer()
    await line.till.restart()
    await line.checked(after_seconds=31)
    line.assert_paid_once()
    assert line.attempt(attempt_id).status is AttemptStatus.SUCCEEDED


async def test_a_kill_between_storing_and_booking_books_after_the_start(line: Line) -> None:
    attempt_id, request = await _prepared(line)
    started = await line.till.gateways.get("mpesa").start(request)
    await line.answer()
    await until(lambda: len(line.run.read(deliveries)) >= 2)
    await line.till.restart()
    await line.till.inbox.process_pending()
    line.run(note_started, attempt_id=attempt_id, started=started)
    line.assert_paid_once()
    assert line.attempt(attempt_id).status is AttemptStatus.SUCCEEDED


# Paystack


async def test_a_payment_on_paystacks_page_brings_the_service_back(line: Line) -> None:
    attempt_id = await line.begin("paystack")
    await line.tell("/paystack/pay", reference=line.attempt(attempt_id).gateway_reference)
    await line.came(1)
    line.assert_paid_once()
    assert line.attempt(attempt_id).status is AttemptStatus.SUCCEEDED


async def test_a_payment_whose_webhook_was_lost_is_verified(line: Line) -> None:
    await line.tell("/paystack/delivery", lose_next=1)
    attempt_id = await line.begin("paystack")
    await line.tell("/paystack/pay", reference=line.attempt(attempt_id).gateway_reference)
    await line.checked()
    assert line.run.read(deliveries) == ()
    line.assert_paid_once()
    assert line.attempt(attempt_id).status is AttemptStatus.SUCCEEDED


async def test_a_declined_card_fails_and_another_may_still_pay(line: Line) -> None:
    attempt_id = await line.begin("paystack")
    reference = line.attempt(attempt_id).gateway_reference
    await line.tell("/paystack/status", reference=reference, status="failed")
    await line.checked()
    assert line.attempt(attempt_id).status is AttemptStatus.FAILED
    await line.tell("/paystack/status", reference=reference, status="success")
    await line.checked(after_seconds=301)
    line.assert_paid_once()


async def test_an_answer_of_paystack_that_was_lost_is_verified(line: Line) -> None:
    await line.tell("/paystack/fault", kind="drop_after_accept", count=1)
    attempt_id = await line.begin("paystack")
    assert line.attempt(attempt_id).status is AttemptStatus.PENDING
    transactions = (await line.control.get("/paystack/transactions")).json()
    rows = transactions if isinstance(transactions, list) else transactions["transactions"]
    await line.tell("/paystack/pay", reference=rows[0]["reference"])
    await line.came(1)
    line.assert_paid_once()


# The Paybill, by hand


async def test_paying_the_paybill_by_hand_brings_the_service_back(line: Line) -> None:
    account = line.service.customer.account_number
    await line.tell(f"/phones/{MSISDN}/paybill", account=account.lower(), amount=2_500)
    await line.came(2)  # the question whether, and the word that
    line.assert_paid_once()


async def test_the_nightly_statement_books_what_nobody_told(line: Line) -> None:
    await line.tell("/daraja/delivery", lose_confirmation_next=1)
    account = line.service.customer.account_number
    await line.tell(f"/phones/{MSISDN}/paybill", account=account, amount=2_500)
    now = line.clock.now()
    words = {"since": now - timedelta(hours=1), "until": now + timedelta(hours=1)}
    found = await line.till.reconciler.read_statement("mpesa", **words)
    assert (found.read, found.booked) == (1, 1)
    line.assert_paid_once()
    assert (await line.till.reconciler.read_statement("mpesa", **words)).booked == 0


async def _prepared(line: Line) -> tuple[PaymentAttemptId, PaymentRequest]:
    prepared = line.run(
        prepare_attempt,
        request=line.request(),
        gateway=line.till.gateways.get("mpesa"),
        public_url=line.till.url,
    )
    return prepared.attempt_id, prepared.request
