"""Money from the books back to the payer: through a true door to a simulated Paystack, and told by its webhooks."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta

import httpx
import pytest

from benfex.core.clock import MovedClock, SystemClock
from benfex.core.errors import GatewayRejected
from benfex.core.paging import SliceRequest
from benfex.core.transactor import Transactor
from benfex.ledger.chart import AccountCode
from benfex.payments.checkout import CheckoutRequest
from benfex.payments.dispute_following import Answer, Disputes
from benfex.payments.dispute_views import DisputeRecord, dispute_records
from benfex.payments.refund_following import Refunds
from benfex.payments.refund_requests import NewRefund, approve_refund, ask_refund
from benfex.payments.refunds import refundable
from data.values.errors import Conflict, InvalidInput, NotFound, NotPermitted
from data.values.identifiers import PaymentId, RefundId
from data.values.kinds import RefundWay
from data.values.states import DisputeStatus, PaymentStatus, RefundStatus
from tests.acts.payments.test_refund_requests import OTHER
from tests.conftest import Run
from tests.contract.gateway_clients import client, open_outside, until
from tests.factories.customers import MadeCustomer, make_customer
from tests.factories.isp import ACCOUNTANT, SUPPORT, SYSTEM, VAULT, kes, set_up_isp
from tests.factories.looks import assert_books_sound, attempt_look, balance, deliveries, owed, payments
from tests.factories.refunding import only_refund, payment_status
from tests.factories.till import Till, open_till, webhook_doors

pytestmark = pytest.mark.sqlite_only


@pytest.fixture
def clock() -> MovedClock:
    """The far ends live in true time."""
    return MovedClock(SystemClock().now())


@dataclass
class Line:
    """A customer who paid KES 9,000 too much by Paystack, the flows, and Paystack itself."""

    run: Run
    clock: MovedClock
    till: Till
    control: httpx.AsyncClient
    customer: MadeCustomer
    reference: str = ""
    payment_id: PaymentId = field(default=PaymentId(0))

    def __post_init__(self) -> None:
        book = self.till.gateways
        self.refunds = Refunds(self.till.transactor, book, VAULT, public_url=self.till.url)
        self.disputes = Disputes(self.till.transactor, book, self.clock)

    async def tell(self, path: str, **body: object) -> None:
        response = await self.control.post(path, json=body)
        assert response.status_code == 200, response.text

    async def pays(self) -> None:
        request = CheckoutRequest(self.customer.customer_id, kes(9_000), "paystack")
        attempt_id = await self.till.checkout.start(SYSTEM, request)
        named = self.run.read(attempt_look, attempt_id=attempt_id).gateway_reference
        assert named is not None
        self.reference = named
        await self.tell("/paystack/pay", reference=self.reference)
        await self.came(1)
        assert len(self.run.read(payments)) == 1
        self.payment_id = PaymentId(1)

    async def came(self, count: int) -> None:
        """Wait until so many deliveries are in the inbox, and work them off."""
        await until(lambda: len(self.run.read(deliveries)) >= count)
        await self.till.inbox.process_pending()

    async def ends(self) -> None:
        """Work off webhooks until the refund came to its end."""
        async with asyncio.timeout(5):
            while only_refund(self.run).status is RefundStatus.PENDING:
                await self.till.inbox.process_pending()
                await asyncio.sleep(0.01)

    def asks(self, shillings: int) -> RefundId:
        wish = NewRefund(kes(shillings), "paid twice", RefundWay.GATEWAY)
        gateways = self.till.gateways.running
        return self.run.by(ACCOUNTANT)(ask_refund, payment_id=self.payment_id, wish=wish, gateways=gateways)

    @property
    def dispute(self) -> DisputeRecord:
        (record,) = self.run.read(dispute_records, request=SliceRequest()).rows
        return record


@pytest.fixture
async def line(run: Run, transactor: Transactor, clock: MovedClock) -> AsyncIterator[Line]:
    set_up_isp(run)
    async with (
        open_outside() as outside,
        client(outside.control_url) as control,
        webhook_doors() as (url, behind),
        open_till(transactor, clock, addresses={"paystack": outside.paystack_url}, url=url) as till,
    ):
        behind.inbox, behind.clock = till.inbox, clock
        one = Line(run, clock, till, control, make_customer(run))
        await one.tell("/paystack/webhook-url", url=f"{url}/webhooks/paystack")
        await one.tell("/paystack/options", refund_seconds=-1)  # refunds move when a test says so
        await one.pays()
        yield one
    assert_books_sound(run)


async def test_a_large_refund_is_approved_sent_and_ended_by_paystacks_word(line: Line) -> None:
    refund_id = line.asks(6_000)
    assert await line.refunds.follow() == 0
    line.run.by(OTHER)(approve_refund, refund_id=refund_id)
    assert await line.refunds.follow() == 1
    assert only_refund(line.run).status is RefundStatus.PENDING
    await line.tell("/paystack/refund-status", reference=line.reference, status="processed")
    await line.ends()
    assert only_refund(line.run).status is RefundStatus.SUCCEEDED
    assert line.run.read(owed, customer_id=line.customer.customer_id) == kes(-3_000)
    assert line.run.read(balance, code=AccountCode.REFUNDS_UNDER_WAY) == kes(0)
    assert line.run.read(refundable, payment_id=line.payment_id) == kes(3_000)


async def test_without_any_webhook_the_question_ends_it(line: Line) -> None:
    await line.tell("/paystack/webhook-url", url=None)
    line.asks(1_000)
    await line.refunds.follow()
    await line.tell("/paystack/refund-status", reference=line.reference, status="processed")
    line.clock.advance(timedelta(minutes=1))
    await line.refunds.follow()
    assert only_refund(line.run).status is RefundStatus.SUCCEEDED


async def test_an_answer_that_is_lost_gives_the_money_back_once(line: Line) -> None:
    await line.tell("/paystack/fault", kind="drop_after_accept", count=1, where="refund")
    line.asks(1_000)
    await line.refunds.follow()
    for _ in range(3):
        line.clock.advance(timedelta(hours=7))
        await line.refunds.follow()
    (kept,) = (await line.control.get("/paystack/refunds")).json()
    assert kept["amount"] == 100_000
    await line.tell("/paystack/refund-status", reference=line.reference, status="processed")
    await line.ends()
    assert only_refund(line.run).status is RefundStatus.SUCCEEDED


async def test_a_refund_that_paystack_fails_is_credit_again(line: Line) -> None:
    line.asks(1_000)
    await line.refunds.follow()
    await line.tell("/paystack/refund-status", reference=line.reference, status="failed")
    await line.ends()
    assert only_refund(line.run).status is RefundStatus.FAILED
    assert line.run.read(refundable, payment_id=line.payment_id) == kes(9_000)


async def test_a_refund_that_needs_attention_says_so_until_it_went_back(line: Line) -> None:
    line.asks(1_000)
    await line.refunds.follow()
    await line.tell("/paystack/refund-status", reference=line.reference, status="needs-attention")
    line.clock.advance(timedelta(minutes=1))
    await line.refunds.follow()
    look = only_refund(line.run)
    assert look.status is RefundStatus.PENDING
    assert "bank account" in (look.failure or "")


async def test_a_dispute_is_told_answered_and_lost(line: Line) -> None:
    await line.tell("/paystack/dispute", reference=line.reference)
    await line.came(2)
    assert line.dispute.status is DisputeStatus.OPEN
    assert line.dispute.days_left is not None
    assert line.run.read(refundable, payment_id=line.payment_id) == kes(0)
    answer = Answer(gives_back=False, message="They used the service.", file="log.pdf")
    await line.disputes.answer(ACCOUNTANT, line.dispute.id, answer)
    assert line.dispute.status in {DisputeStatus.ANSWERED, DisputeStatus.WON}


async def test_a_dispute_that_no_webhook_told_is_read_and_its_loss_booked_once(line: Line) -> None:
    await line.tell("/paystack/webhook-url", url=None)
    await line.tell("/paystack/dispute", reference=line.reference)
    assert await line.disputes.read_all() == 1
    (raised,) = (await line.control.get("/paystack/disputes")).json()
    await line.tell("/paystack/dispute-end", id=raised["id"], resolution="merchant-accepted")
    for _ in range(2):
        await line.disputes.read_all()
    assert line.dispute.status is DisputeStatus.LOST
    assert line.run.read(payment_status, payment_id=line.payment_id) is PaymentStatus.REVERSED
    assert line.run.read(owed, customer_id=line.customer.customer_id) == kes(0)


async def test_a_refund_that_cannot_go_back_as_it_came_is_sent_to_a_bank_account(line: Line) -> None:
    refund_id = line.asks(1_000)
    await line.refunds.follow()
    await line.tell("/paystack/refund-status", reference=line.reference, status="needs-attention")
    await line.came(3)
    assert "bank account" in (only_refund(line.run).failure or "")
    send = line.refunds.send_to_account
    for wrong, bank, account in (("bank_code", " ", "0123456789"), ("account_number", "9", "01 23;")):
        with pytest.raises(InvalidInput) as refused:
            await send(ACCOUNTANT, refund_id, bank_code=bank, account_number=account)
        assert refused.value.field == wrong
    with pytest.raises(NotPermitted):
        await send(SUPPORT, refund_id, bank_code="9", account_number="0123456789")
    with pytest.raises(NotFound):
        await send(ACCOUNTANT, RefundId(99), bank_code="9", account_number="0123456789")
    await send(ACCOUNTANT, refund_id, bank_code="9", account_number="0123456789")
    (kept,) = (await line.control.get("/paystack/refunds")).json()
    assert kept["status"] == "processing"
    with pytest.raises(GatewayRejected):
        await send(ACCOUNTANT, refund_id, bank_code="9", account_number="0123456789")
    await line.tell("/paystack/refund-status", reference=line.reference, status="processed")
    await line.ends()
    assert only_refund(line.run).status is RefundStatus.SUCCEEDED
    with pytest.raises(Conflict):
        await send(ACCOUNTANT, refund_id, bank_code="9", account_number="0123456789")
