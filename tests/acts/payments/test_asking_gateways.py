"""Asking gateways about many attempts: none is held up by another, or by another gateway."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

import pytest

from benfex.core.clock import MovedClock
from benfex.core.transactor import Transactor
from benfex.payments.accounts import GatewayBook
from benfex.payments.gateway import (
    Failed,
    Gateway,
    GatewayCapabilities,
    PaidReceiptToFollow,
    PaymentEvidence,
    PaymentOutcome,
)
from benfex.payments.reconciliation import PaymentReconciler
from data.values.states import AttemptStatus
from tests.conftest import Run
from tests.contract.gateway_clients import until
from tests.factories.customers import make_customer
from tests.factories.isp import VAULT
from tests.factories.looks import attempt_look, payments
from tests.factories.money import MadeAttempt, gateway_of, make_attempt, statement

pytestmark = pytest.mark.sqlite_only

Answer = PaymentOutcome | Exception


@dataclass
class Oracle:
    """A gateway that is only asked: what it answers about each attempt, and when it may."""

    name: str
    answers: dict[str, Answer] = field(default_factory=dict)
    listed: Sequence[PaymentEvidence] = ()
    open: asyncio.Event = field(default_factory=asyncio.Event)
    log: list[str] = field(default_factory=list)

    @property
    def capabilities(self) -> GatewayCapabilities:
        return gateway_of(self.name).capabilities

    async def query(self, *, reference: str, gateway_reference: str | None) -> PaymentOutcome:
        await self.open.wait()
        assert gateway_reference is not None
        self.log.append("query")
        answer = self.answers[gateway_reference]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def read_statement(self, *, since: datetime, until: datetime) -> Sequence[PaymentEvidence]:
        self.log.append("statement")
        return self.listed

    async def drain(self) -> None:
        pass

    async def aclose(self) -> None:
        pass


async def reconciler(transactor: Transactor, clock: MovedClock, *oracles: Oracle) -> PaymentReconciler:
    gateways = cast(Mapping[str, Gateway], {oracle.name: oracle for oracle in oracles})
    book = GatewayBook(transactor, VAULT, clock, lambda _: gateways)
    await book.load()
    clock.advance(timedelta(seconds=60))
    return PaymentReconciler(transactor, book, clock)


def attempt_by(isp: Run, number: int) -> MadeAttempt:
    return make_attempt(isp, make_customer(isp, phone=f"07083741{number:02d}"))


def status(isp: Run, attempt: MadeAttempt) -> AttemptStatus:
    return isp.read(attempt_look, attempt_id=attempt.attempt_id).status


async def test_an_attempt_that_breaks_the_asking_holds_up_no_other(
    isp: Run, transactor: Transactor, clock: MovedClock
) -> None:
    broken, sound = (attempt_by(isp, number) for number in range(2))
    answers = {
        broken.gateway_reference: RuntimeError("what a gateway has never said before"),
        sound.gateway_reference: Failed("1032", "The request was cancelled on the phone."),
    }
    mpesa = Oracle("mpesa", cast(dict[str, Answer], answers))
    mpesa.open.set()
    asking = await reconciler(transactor, clock, mpesa)
    assert await asking.check_due_attempts() == 2
    assert (status(isp, broken), status(isp, sound)) == (AttemptStatus.PENDING, AttemptStatus.FAILED)
    assert await asking.check_due_attempts() == 0  # it is asked about later, not for ever at once


async def test_a_gateway_that_stalls_holds_up_no_other(
    isp: Run, transactor: Transactor, clock: MovedClock
) -> None:
    waiting = make_attempt(isp, make_customer(isp), gateway="paystack")
    attempt = make_attempt(isp, customer := make_customer(isp))
    line = statement(customer.account_number, receipt="TKN4QX71SV", amount=attempt.amount)
    paystack = Oracle("paystack", {waiting.gateway_reference: Failed("failed", "No.")})
    mpesa = Oracle("mpesa", {attempt.gateway_reference: PaidReceiptToFollow()}, [line])
    mpesa.open.set()
    asking = asyncio.get_running_loop().create_task(
        (await reconciler(transactor, clock, paystack, mpesa)).check_due_attempts()
    )
    await until(lambda: bool(isp.read(payments)) or asking.done())
    assert not asking.done()
    paystack.open.set()
    assert await asking == 2
    assert (status(isp, waiting), status(isp, attempt)) == (AttemptStatus.FAILED, AttemptStatus.SUCCEEDED)


async def test_the_list_is_read_as_soon_as_it_is_needed_and_once_for_many(
    isp: Run, transactor: Transactor, clock: MovedClock
) -> None:
    attempts = [attempt_by(isp, number) for number in range(16)]
    mpesa = Oracle("mpesa", {attempt.gateway_reference: PaidReceiptToFollow() for attempt in attempts})
    mpesa.open.set()
    await (await reconciler(transactor, clock, mpesa)).check_due_attempts()
    assert mpesa.log == [*["query"] * 8, "statement", *["query"] * 8, "statement"]
