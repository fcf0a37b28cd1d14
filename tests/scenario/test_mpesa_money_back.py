"""Money back to a phone: reversals and payouts by a simulated M-Pesa, whose word comes later, twice or never."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest

from benfex.core.clock import MovedClock, SystemClock
from benfex.core.transactor import Transactor
from benfex.ledger.chart import AccountCode
from benfex.payments.refund_following import Refunds
from benfex.payments.refund_requests import NewRefund, ask_refund
from benfex.payments.refunds import refundable
from benfex.simulation.outside import Outside
from data.values.errors import AmountOutOfRange
from data.values.identifiers import PaymentId
from data.values.kinds import RefundWay
from data.values.money import Money
from data.values.states import RefundStatus
from tests.conftest import Run
from tests.contract.gateway_clients import client, open_outside
from tests.contract.gateway_far_ends import INITIATOR
from tests.factories.customers import MadeCustomer, make_customer
from tests.factories.isp import VAULT, kes, set_up_isp
from tests.factories.looks import assert_books_sound, balance, owed
from tests.factories.refunding import RefundLook, only_refund
from tests.factories.till import Till, open_till, webhook_doors

pytestmark = pytest.mark.sqlite_only

MSISDN = "254708374149"


@pytest.fixture
def clock() -> MovedClock:
    """The far ends live in true time."""
    return MovedClock(SystemClock().now())


@dataclass
class Line:
    """A customer who paid KES 3,000 to the Paybill, the flows, and M-Pesa itself."""

    run: Run
    clock: MovedClock
    till: Till
    outside: Outside
    control: httpx.AsyncClient
    customer: MadeCustomer

    def __post_init__(self) -> None:
        self.refunds = Refunds(self.till.transactor, self.till.gateways, VAULT, public_url=self.till.url)

    async def tell(self, path: str, **body: object) -> None:
        response = await self.control.post(path, json=body)
        assert response.status_code == 200, response.text

    async def pays(self) -> None:
        account = self.customer.account_number
        await self.tell(f"/phones/{MSISDN}/paybill", account=account, amount=3_000)
        async with asyncio.timeout(5):
            while self.run.read(owed, customer_id=self.customer.customer_id) != kes(-3_000):
                await self.till.inbox.process_pending()
                await asyncio.sleep(0.01)

    async def gives_back(self, amount: Money, way: RefundWay) -> None:
        gateways = self.till.gateways.running
        wish = NewRefund(amount, "paid twice", way)
        self.run(ask_refund, payment_id=PaymentId(1), wish=wish, gateways=gateways)
        assert await self.refunds.follow() == 1

    async def ended(self) -> RefundLook:
        """Work off what M-Pesa sends until the refund came to its end."""
        async with asyncio.timeout(5):
            while (look := only_refund(self.run)).status is RefundStatus.PENDING:
                await self.till.inbox.process_pending()
                await asyncio.sleep(0.01)
        return look

    @property
    def held(self) -> int:
        return self.outside.daraja.ledger.balance


@pytest.fixture
async def line(run: Run, transactor: Transactor, clock: MovedClock) -> AsyncIterator[Line]:
    set_up_isp(run)
    async with (
        open_outside() as outside,
        client(outside.control_url) as control,
        webhook_doors() as (url, behind),
        open_till(
            transactor, clock, addresses={"mpesa": outside.daraja_url}, url=url, more=INITIATOR
        ) as till,
    ):
        behind.inbox, behind.clock = till.inbox, clock
        await till.gateways.register_callbacks(public_url=url)
        one = Line(run, clock, till, outside, control, make_customer(run))
        await one.pays()
        yield one
    assert_books_sound(run)


async def test_a_payment_is_reversed_whole_and_its_result_ends_the_refund(line: Line) -> None:
    before = line.held
    await line.gives_back(kes(3_000), RefundWay.GATEWAY)
    look = await line.ended()
    assert look.status is RefundStatus.SUCCEEDED
    assert line.held == before - 3_000
    assert line.run.read(owed, customer_id=line.customer.customer_id) == kes(0)
    assert line.run.read(balance, code=AccountCode.CLEARING) == kes(0)


async def test_a_part_goes_back_as_a_payout_and_never_as_a_reversal(line: Line) -> None:
    with pytest.raises(AmountOutOfRange, match="whole payment"):
        await line.gives_back(kes(400), RefundWay.GATEWAY)
    await line.tell("/daraja/delivery", duplicate_next=1)
    await line.gives_back(kes(400), RefundWay.PAYOUT)
    assert (await line.ended()).status is RefundStatus.SUCCEEDED
    assert line.run.read(refundable, payment_id=PaymentId(1)) == kes(2_600)


async def test_a_payout_whose_answer_and_result_are_lost_is_asked_about_and_paid_once(line: Line) -> None:
    before = line.held
    await line.tell("/daraja/delivery", lose_next=1)
    await line.tell("/daraja/fault", kind="drop_after_accept", count=1)
    await line.gives_back(kes(400), RefundWay.PAYOUT)
    assert only_refund(line.run).status is RefundStatus.PENDING
    line.clock.advance(timedelta(minutes=1))
    await line.refunds.follow()
    assert (await line.ended()).status is RefundStatus.SUCCEEDED
    assert line.held == before - 400


async def test_a_payout_that_mpesa_refuses_is_credit_again(line: Line) -> None:
    await line.tell("/daraja/options", unregistered_phones=[MSISDN])
    await line.gives_back(kes(400), RefundWay.PAYOUT)
    look = await line.ended()
    assert look.status is RefundStatus.FAILED
    assert look.failure
    assert line.run.read(refundable, payment_id=PaymentId(1)) == kes(3_000)
