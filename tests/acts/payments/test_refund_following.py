"""A refund by a gateway is sent once and followed to its end, whatever tells of it, and in whatever order."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from benfex.core.clock import MovedClock
from benfex.core.transactor import Transactor
from benfex.dunning.runs import run_dunning
from benfex.identity.passwords import hash_password
from benfex.identity.staff import create_staff
from benfex.ledger.chart import AccountCode
from benfex.payments.refund_requests import approve_refund
from benfex.payments.refund_steps import begin_sending, conclude_arrived, conclude_failed
from benfex.payments.refunds import refundable
from data.values.errors import Conflict
from data.values.identifiers import PaymentId
from data.values.kinds import RefundWay
from data.values.roles import Role
from data.values.states import InvoiceStatus, PaymentStatus, RefundStatus, SubscriptionStatus, WebhookStatus
from tests.acts.payments.test_refund_requests import OTHER
from tests.conftest import Run
from tests.factories.customers import MadeCustomer, make_customer, make_invoice, make_service, suspend
from tests.factories.isp import ACCOUNTANT, VAULT, kes
from tests.factories.looks import balance, deliveries, invoice_status, owed, service_state
from tests.factories.messages import queued, set_up_channels
from tests.factories.refunding import (
    Counter,
    ask,
    only_refund,
    open_counter,
    pay,
    payment_status,
    refunds,
    transaction_of,
)

UNDER_WAY, CLEARING = AccountCode.REFUNDS_UNDER_WAY, AccountCode.CLEARING


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


# To its end


async def test_a_refund_that_is_done_at_once_is_booked_and_told(
    isp: Run, counter: Counter, customer: MadeCustomer, payment_id: PaymentId
) -> None:
    set_up_channels(isp)
    ask(isp, payment_id, kes(1_000))
    assert isp.read(balance, code=CLEARING) == kes(3_000)
    assert await counter.refunds.follow() == 1
    look = only_refund(isp)
    assert (look.status, look.gateway_reference, look.next_check_at) == (RefundStatus.SUCCEEDED, "K1", None)
    assert isp.read(owed, customer_id=customer.customer_id) == kes(-2_000)
    assert (isp.read(balance, code=CLEARING), isp.read(balance, code=UNDER_WAY)) == (kes(2_000), kes(0))
    assert [row.template for row in queued(isp)] == ["refund_sent"]
    assert await counter.refunds.follow() == 0


async def test_what_waits_for_a_second_person_is_not_sent(
    isp: Run, counter: Counter, customer: MadeCustomer
) -> None:
    refund_id = ask(isp.by(ACCOUNTANT), pay(isp, customer, kes(9_000)), kes(9_000))
    assert await counter.refunds.follow() == 0
    isp.by(OTHER)(approve_refund, refund_id=refund_id)
    assert await counter.refunds.follow() == 1
    assert only_refund(isp).status is RefundStatus.SUCCEEDED


async def test_a_refund_under_way_is_asked_about_until_it_arrives(
    isp: Run, counter: Counter, clock: MovedClock, customer: MadeCustomer, payment_id: PaymentId
) -> None:
    counter.far_end.answer = "pending"
    ask(isp, payment_id, kes(1_000))
    await counter.refunds.follow()
    assert only_refund(isp).status is RefundStatus.PENDING
    assert isp.read(owed, customer_id=customer.customer_id) == kes(-2_000)
    assert isp.read(balance, code=UNDER_WAY) == kes(-1_000)
    assert await counter.refunds.follow() == 0  # not due yet
    clock.advance(timedelta(minutes=1))
    assert await counter.refunds.follow() == 1
    (kept,) = counter.far_end.kept.values()
    kept["status"] = "done"
    clock.advance(timedelta(hours=1))
    await counter.refunds.follow()
    assert only_refund(isp).status is RefundStatus.SUCCEEDED
    assert len(counter.far_end.asked) == 1


async def test_a_refused_refund_is_credit_again_and_staff_are_told(
    isp: Run, counter: Counter, customer: MadeCustomer, payment_id: PaymentId
) -> None:
    set_up_channels(isp)
    secret = hash_password("correct horse battery")
    isp(create_staff, name="Brian", email="owner@isp.ke", role=Role.OWNER, password_hash=secret)
    counter.far_end.answer = "refused"
    ask(isp, payment_id, kes(1_000))
    await counter.refunds.follow()
    look = only_refund(isp)
    assert (look.status, look.failure) == (RefundStatus.FAILED, "The payer's account is closed.")
    (told,) = [row for row in queued(isp) if row.template == "refund_failed"]
    assert dict(told.facts)["why"] == "The payer's account is closed."
    assert isp.read(owed, customer_id=customer.customer_id) == kes(-3_000)
    assert isp.read(balance, code=UNDER_WAY) == kes(0)
    assert isp.read(refundable, payment_id=payment_id) == kes(3_000)


async def test_money_of_a_failed_refund_pays_what_is_open_and_brings_the_service_back(
    isp: Run, counter: Counter
) -> None:
    service = make_service(isp)  # owes 2,500
    payment_id = pay(isp, service.customer, kes(5_500))
    counter.far_end.answer = "pending"
    refund_id = ask(isp, payment_id, kes(3_000))
    await counter.refunds.follow()
    invoice_id = make_invoice(isp, service.customer, amount=kes(1_000))
    suspend(isp, service)
    await counter.hears(what="refund", status="failed", reference=only_refund(isp).reference)
    assert only_refund(isp).refund_id == refund_id
    assert isp.read(invoice_status, invoice_id=invoice_id)[0] is InvoiceStatus.PAID
    state, _ = isp.read(service_state, subscription_id=service.subscription_id)
    assert state is SubscriptionStatus.ACTIVE


async def test_a_refund_without_any_answer_ends_with_a_person(
    isp: Run, counter: Counter, clock: MovedClock, payment_id: PaymentId
) -> None:
    counter.far_end.is_down = True
    refund_id = ask(isp, payment_id, kes(1_000))
    await counter.refunds.follow()
    with pytest.raises(Conflict, match="no answer"):
        isp(conclude_failed, refund_id=refund_id, reason="not on their screen")
    checks = 0
    while (due := only_refund(isp).next_check_at) is not None:
        clock.move_to(due)
        await counter.refunds.follow()
        checks += 1
        assert checks < 100
    assert 55 <= checks <= 75
    assert len(counter.far_end.asked) == 1
    isp(conclude_failed, refund_id=refund_id, reason="not on their screen")
    assert isp.read(refundable, payment_id=payment_id) == kes(3_000)
    with pytest.raises(Conflict):
        isp(conclude_arrived, refund_id=refund_id, reference="K9")


# Never twice


async def test_a_lost_answer_is_asked_for_and_the_money_goes_back_once(
    isp: Run, counter: Counter, clock: MovedClock, payment_id: PaymentId
) -> None:
    counter.far_end.loses = True
    ask(isp, payment_id, kes(1_000))
    await counter.refunds.follow()
    assert only_refund(isp).status is RefundStatus.PENDING
    clock.advance(timedelta(minutes=1))
    await counter.refunds.follow()
    assert only_refund(isp).status is RefundStatus.SUCCEEDED
    assert len(counter.far_end.asked) == 1


async def test_a_crash_before_the_gateway_heard_of_it_is_never_made_good_by_sending(
    isp: Run, counter: Counter, clock: MovedClock, payment_id: PaymentId
) -> None:
    refund_id = ask(isp, payment_id, kes(1_000))
    request = isp(
        begin_sending,
        refund_id=refund_id,
        gateway=counter.gateway,
        vault=VAULT,
        public_url="https://billing.example",
    )
    assert request is not None  # and here the process died
    clock.advance(timedelta(minutes=1))
    await counter.refunds.follow()
    look = only_refund(isp)
    assert (look.status, look.failure) == (RefundStatus.PENDING, "it never heard of it")
    assert counter.far_end.asked == []


async def test_two_senders_at_once_send_once(isp: Run, counter: Counter, payment_id: PaymentId) -> None:
    ask(isp, payment_id, kes(1_000))
    sent = await asyncio.gather(*(counter.refunds.send_approved() for _ in range(4)))
    assert sum(sent) == 1
    assert len(counter.far_end.asked) == 1


async def test_a_gateway_that_is_not_set_up_keeps_its_refunds_waiting(
    isp: Run, counter: Counter, customer: MadeCustomer
) -> None:
    ask(isp, pay(isp, customer, kes(100), gateway="elsewhere"), kes(100))
    assert await counter.refunds.follow() == 0
    assert only_refund(isp).status is RefundStatus.APPROVED


# What webhooks tell


async def test_a_word_that_comes_before_the_call_returns_counts(
    isp: Run, counter: Counter, payment_id: PaymentId
) -> None:
    counter.far_end.answer = "pending"
    counter.far_end.lets_go.clear()
    ask(isp, payment_id, kes(1_000))
    sending = asyncio.get_running_loop().create_task(counter.refunds.follow())
    await counter.far_end.reached.wait()
    (reference,) = counter.far_end.asked
    await counter.hears(what="refund", status="done", reference=reference, id="K7")
    assert only_refund(isp).status is RefundStatus.SUCCEEDED
    counter.far_end.lets_go.set()
    await sending
    look = only_refund(isp)
    assert (look.status, look.gateway_reference) == (RefundStatus.SUCCEEDED, "K7")


@pytest.mark.sqlite_only
@pytest.mark.parametrize("order", list(permutations(["pending", "done", "failed"])), ids=" ".join)
async def test_words_in_any_order_come_to_what_truly_happened(
    isp: Run, counter: Counter, customer: MadeCustomer, payment_id: PaymentId, order: tuple[str, ...]
) -> None:
    counter.far_end.answer = "pending"
    ask(isp, payment_id, kes(1_000))
    await counter.refunds.follow()
    reference = only_refund(isp).reference
    for nonce, status in enumerate((*order, order[-1])):
        await counter.hears(what="refund", status=status, reference=reference, nonce=nonce)
    assert only_refund(isp).status is RefundStatus.SUCCEEDED
    assert isp.read(owed, customer_id=customer.customer_id) == kes(-2_000)
    assert isp.read(balance, code=CLEARING) == kes(2_000)


async def test_a_callback_finds_its_refund_by_the_secret_in_its_address(
    isp: Run, counter: Counter, payment_id: PaymentId
) -> None:
    counter.far_end.answer = "pending"
    ask(isp, payment_id, kes(1_000))
    await counter.refunds.follow()
    (kept,) = counter.far_end.kept.values()
    token = str(kept["callback"]).rpartition("/")[2]
    await counter.hears(what="refund", status="done", token="0" * 32)
    assert only_refund(isp).status is RefundStatus.PENDING
    await counter.hears(what="refund", status="done", token=token)
    assert only_refund(isp).status is RefundStatus.SUCCEEDED


async def test_a_word_at_an_address_of_no_refund_takes_no_payment_back(
    isp: Run, counter: Counter, customer: MadeCustomer, payment_id: PaymentId
) -> None:
    transaction = isp.read(transaction_of, payment_id=payment_id)
    await counter.hears(what="refund", status="done", token="0" * 32, transaction=transaction)
    assert isp.read(refunds) == ()
    (delivery,) = isp.read(deliveries)
    assert delivery.error == "no refund of ours carries this name"


async def test_a_nameless_word_finds_the_open_refund_of_its_payment_and_amount(
    isp: Run, counter: Counter, payment_id: PaymentId
) -> None:
    counter.far_end.answer = "pending"
    for shillings in (1_000, 500):
        ask(isp, payment_id, kes(shillings))
    await counter.refunds.follow()
    transaction = isp.read(transaction_of, payment_id=payment_id)
    for nonce in range(3):
        told: dict[str, Any] = {
            "status": "done",
            "transaction": transaction,
            "amount": 50_000,
            "nonce": nonce,
        }
        await counter.hears(what="refund", **told)
    statuses = [(look.amount_minor, look.status) for look in isp.read(refunds)]
    assert statuses == [(100_000, RefundStatus.PENDING), (50_000, RefundStatus.SUCCEEDED)]


async def test_a_forged_word_changes_nothing(isp: Run, counter: Counter, payment_id: PaymentId) -> None:
    counter.far_end.answer = "pending"
    ask(isp, payment_id, kes(1_000))
    await counter.refunds.follow()
    reference = only_refund(isp).reference
    assert await counter.hears(what="refund", status="done", reference=reference, key="guess") == 401
    assert only_refund(isp).status is RefundStatus.PENDING


async def test_a_refund_nobody_knows_waits_in_the_inbox(isp: Run, counter: Counter) -> None:
    await counter.hears(what="refund", status="done", transaction="KE-NEVER", amount=100)
    (delivery,) = isp.read(deliveries)
    assert (delivery.status, delivery.error) == (
        WebhookStatus.FAILED,
        "the payment that is refunded is not known here",
    )


# Money that a gateway gave back by itself


async def test_a_refund_made_at_the_gateway_is_booked_and_opens_what_it_paid(
    isp: Run, counter: Counter, customer: MadeCustomer, payment_id: PaymentId
) -> None:
    invoice_id = make_invoice(isp, customer, amount=kes(2_500))
    transaction = isp.read(transaction_of, payment_id=payment_id)
    for nonce in range(2):
        told: dict[str, Any] = {
            "status": "done",
            "transaction": transaction,
            "amount": 100_000,
            "nonce": nonce,
        }
        await counter.hears(what="refund", **told)
    look = only_refund(isp)
    assert (look.status, look.amount_minor) == (RefundStatus.SUCCEEDED, 100_000)
    assert isp.read(invoice_status, invoice_id=invoice_id) == (InvoiceStatus.OPEN, 200_000)
    assert isp.read(owed, customer_id=customer.customer_id) == kes(500)


async def test_money_that_went_back_after_the_no_is_gone_all_the_same(
    isp: Run, counter: Counter, customer: MadeCustomer, payment_id: PaymentId
) -> None:
    counter.far_end.answer = "pending"
    ask(isp, payment_id, kes(3_000))
    await counter.refunds.follow()
    reference = only_refund(isp).reference
    await counter.hears(what="refund", status="failed", reference=reference)
    invoice_id = make_invoice(isp, customer, amount=kes(2_500))  # the credit pays it
    await counter.hears(what="refund", status="done", reference=reference)
    assert only_refund(isp).status is RefundStatus.SUCCEEDED
    assert isp.read(invoice_status, invoice_id=invoice_id) == (InvoiceStatus.OPEN, 0)
    assert isp.read(owed, customer_id=customer.customer_id) == kes(2_500)


async def test_a_payment_taken_back_is_reversed_once_and_nobody_is_cut_off_that_night(
    isp: Run, counter: Counter, clock: MovedClock
) -> None:
    set_up_channels(isp)
    service = make_service(isp)
    clock.advance(timedelta(days=12))  # due and reminded, and off by now
    assert isp(run_dunning, customer_id=service.customer_id).suspended
    payment_id = pay(isp, service.customer, kes(2_500))
    transaction = isp.read(transaction_of, payment_id=payment_id)
    for nonce in range(2):
        await counter.hears(what="taken back", transaction=transaction, nonce=nonce)
    assert isp.read(payment_status, payment_id=payment_id) is PaymentStatus.REVERSED
    assert isp.read(owed, customer_id=service.customer_id) == kes(2_500)
    assert [row.template for row in queued(isp)].count("payment_taken_back") == 1
    for _ in range(2):  # the rest of this day, and all of the next
        assert not isp(run_dunning, customer_id=service.customer_id).suspended
        clock.advance(timedelta(days=1))
    assert isp(run_dunning, customer_id=service.customer_id).suspended
    assert [row.status for row in isp.read(deliveries)] == [WebhookStatus.PROCESSED] * 2


async def test_of_a_payment_taken_back_only_what_did_not_go_back_before_is_booked(
    isp: Run, counter: Counter, customer: MadeCustomer, payment_id: PaymentId
) -> None:
    ask(isp, payment_id, kes(1_000))
    await counter.refunds.follow()
    waits = ask(isp.by(ACCOUNTANT), payment_id, kes(500), way=RefundWay.GATEWAY)
    transaction = isp.read(transaction_of, payment_id=payment_id)
    for nonce in range(2):
        await counter.hears(what="taken back", transaction=transaction, nonce=nonce)
    looks = {look.refund_id: (look.status, look.amount_minor) for look in isp.read(refunds)}
    assert looks[waits] == (RefundStatus.DECLINED, 50_000)
    assert sorted(looks.values())[-1] == (RefundStatus.SUCCEEDED, 200_000)
    assert isp.read(owed, customer_id=customer.customer_id) == kes(0)
    assert isp.read(balance, code=CLEARING) == kes(0)
    assert await counter.refunds.follow() == 0
