"""A payer who asks their bank for the money back: marked, answered in time, and booked when it is lost."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from benfex.core.clock import MovedClock
from benfex.core.paging import SliceRequest
from benfex.core.transactor import Transactor
from benfex.identity.passwords import hash_password
from benfex.identity.staff import create_staff
from benfex.payments.dispute_views import DisputeRecord, dispute_records
from benfex.payments.refund_requests import NewRefund, ask_refund
from benfex.payments.refunds import refundable
from data.values.errors import Conflict
from data.values.identifiers import PaymentId
from data.values.roles import Role
from data.values.states import DisputeStatus, InvoiceStatus, PaymentStatus, WebhookStatus
from tests.conftest import Run
from tests.factories.customers import MadeCustomer, make_customer, make_invoice
from tests.factories.isp import kes
from tests.factories.looks import deliveries, invoice_status, owed
from tests.factories.messages import queued, set_up_channels
from tests.factories.refunding import Counter, ask, open_counter, pay, payment_status, transaction_of

DUE = "2026-11-30T08:00:00+00:00"


@pytest.fixture
async def counter(isp: Run, transactor: Transactor, clock: MovedClock) -> AsyncIterator[Counter]:
    async with open_counter(transactor, clock) as one:
        yield one


@pytest.fixture
def customer(isp: Run) -> MadeCustomer:
    return make_customer(isp)


@pytest.fixture
def payment_id(isp: Run, customer: MadeCustomer) -> PaymentId:
    return pay(isp, customer, kes(3_000))


class Bank:
    """Tells of one dispute."""

    def __init__(self, run: Run, counter: Counter, payment_id: PaymentId) -> None:
        self._run, self._counter = run, counter
        self._transaction = run.read(transaction_of, payment_id=payment_id)
        self._told = 0

    async def tells(self, status: DisputeStatus, *, amount: int = 300_000, transaction: str = "") -> None:
        self._told += 1
        told: dict[str, Any] = {
            "id": "D1",
            "status": status,
            "amount": amount,
            "due": DUE,
            "nonce": self._told,
        }
        await self._counter.hears(what="dispute", transaction=transaction or self._transaction, **told)

    @property
    def dispute(self) -> DisputeRecord:
        (record,) = self._run.read(dispute_records, request=SliceRequest()).rows
        return record


async def test_an_open_dispute_is_kept_with_its_day_and_staff_are_told_once(
    isp: Run, counter: Counter, payment_id: PaymentId
) -> None:
    set_up_channels(isp)
    secret = hash_password("correct horse battery")
    isp(create_staff, name="Brian", email="owner@isp.ke", role=Role.OWNER, password_hash=secret)
    bank = Bank(isp, counter, payment_id)
    for _ in range(2):
        await bank.tells(DisputeStatus.OPEN)
    assert bank.dispute.status is DisputeStatus.OPEN
    assert bank.dispute.due_at is not None
    assert bank.dispute.due_at.isoformat() == DUE
    assert bank.dispute.days_left == 7
    (told,) = [row for row in queued(isp) if row.template == "dispute_opened"]
    assert dict(told.facts)["due_on"] == "30 Nov 2026"


async def test_disputed_money_does_not_go_back_by_a_refund_too(
    isp: Run, counter: Counter, payment_id: PaymentId
) -> None:
    ask(isp, payment_id, kes(1_000))  # approved, and not sent yet
    bank = Bank(isp, counter, payment_id)
    await bank.tells(DisputeStatus.OPEN)
    assert isp.read(refundable, payment_id=payment_id) == kes(0)
    with pytest.raises(Conflict, match="disputes"):
        isp(ask_refund, payment_id=payment_id, wish=NewRefund(kes(10), "x", slip="S 1"), gateways={})
    assert await counter.refunds.follow() == 0
    await bank.tells(DisputeStatus.WON)
    assert bank.dispute.resolved_at is not None
    assert await counter.refunds.follow() == 1
    assert isp.read(refundable, payment_id=payment_id) == kes(2_000)


@pytest.mark.parametrize("before", [(), (DisputeStatus.OPEN,), (DisputeStatus.OPEN, DisputeStatus.ANSWERED)])
async def test_a_lost_dispute_reverses_the_payment_once(
    isp: Run,
    counter: Counter,
    customer: MadeCustomer,
    payment_id: PaymentId,
    before: tuple[DisputeStatus, ...],
) -> None:
    invoice_id = make_invoice(isp, customer, amount=kes(2_500))
    bank = Bank(isp, counter, payment_id)
    for status in (*before, DisputeStatus.LOST, DisputeStatus.OPEN, DisputeStatus.LOST, DisputeStatus.WON):
        await bank.tells(status)
    assert bank.dispute.status is DisputeStatus.LOST
    assert isp.read(payment_status, payment_id=payment_id) is PaymentStatus.REVERSED
    assert isp.read(invoice_status, invoice_id=invoice_id) == (InvoiceStatus.OPEN, 0)
    assert isp.read(owed, customer_id=customer.customer_id) == kes(2_500)


async def test_a_dispute_over_a_part_takes_that_part(
    isp: Run, counter: Counter, customer: MadeCustomer, payment_id: PaymentId
) -> None:
    bank = Bank(isp, counter, payment_id)
    for _ in range(2):
        await bank.tells(DisputeStatus.LOST, amount=120_000)
    assert isp.read(payment_status, payment_id=payment_id) is PaymentStatus.RECEIVED
    assert isp.read(owed, customer_id=customer.customer_id) == kes(-1_800)


async def test_a_dispute_of_a_payment_nobody_knows_is_kept_and_placed_once_it_is_known(
    isp: Run, counter: Counter, payment_id: PaymentId
) -> None:
    bank = Bank(isp, counter, payment_id)
    await bank.tells(DisputeStatus.LOST, transaction="KE-LATER")
    assert (bank.dispute.payment_id, bank.dispute.status) == (None, DisputeStatus.LOST)
    assert [row.status for row in isp.read(deliveries)] == [WebhookStatus.FAILED]
    await bank.tells(DisputeStatus.LOST)
    assert bank.dispute.payment_id == payment_id
    assert isp.read(payment_status, payment_id=payment_id) is PaymentStatus.REVERSED
