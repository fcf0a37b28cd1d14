"""Money is booked exactly once, pays what is owed and gives back what non-payment took."""

from datetime import timedelta

import pytest

from benfex.core.actors import SubscriberActor
from benfex.core.clock import MovedClock
from benfex.core.events import EventBus
from benfex.ledger.chart import AccountCode
from benfex.payments.attempts import fail_attempt
from benfex.payments.gateway import ChargeFailed
from benfex.payments.settlement import Settled, settle_payment
from benfex.subscriptions.bill_run import BillRunner
from data.values.errors import NotPermitted
from data.values.identifiers import UserId, hash_token
from data.values.kinds import SuspensionReason
from data.values.money import Money
from data.values.states import AttemptStatus, InvoiceStatus, SubscriptionStatus
from tests.conftest import START, Run
from tests.factories.customers import make_customer, make_invoice, make_service, suspend
from tests.factories.isp import SYSTEM, kes
from tests.factories.looks import (
    attempt_look,
    balance,
    invoice_status,
    invoices_of,
    owed,
    payments,
    restoration_clocks,
    service_state,
)
from tests.factories.money import c2b, make_attempt, paystack, settle, statement, stk

RECEIPT = "TKN4QX71SV"


# Once


@pytest.mark.parametrize("order", ["cb", "bc", "cbcbbc", "bbbcccb"])
def test_a_callback_and_its_paybill_confirmation_are_one_payment(isp: Run, order: str) -> None:
    service = make_service(isp)
    attempt = make_attempt(isp, service.customer)
    doors = {
        "c": stk(attempt, receipt=RECEIPT),
        "b": c2b(service.customer.account_number, receipt=RECEIPT, amount=attempt.amount),
    }
    outcomes = [settle(isp, doors[letter]).settled for letter in order]
    assert outcomes == [Settled.BOOKED] + [Settled.KNOWN] * (len(order) - 1)
    (payment,) = isp.read(payments)
    assert (payment.amount, payment.customer_id) == (kes(2_500), service.customer_id)
    assert payment.attempt_id == attempt.attempt_id
    assert isp.read(attempt_look, attempt_id=attempt.attempt_id).status is AttemptStatus.SUCCEEDED
    assert isp.read(owed, customer_id=service.customer_id) == kes(0)


def test_two_receipts_of_one_payer_are_two_payments(isp: Run) -> None:
    service = make_service(isp)
    attempt = make_attempt(isp, service.customer)
    settle(isp, stk(attempt, receipt=RECEIPT))
    settle(isp, c2b(service.customer.account_number, receipt="TKN0000002", amount=kes(2_500)))
    assert len(isp.read(payments)) == 2
    assert isp.read(owed, customer_id=service.customer_id) == kes(-2_500)


def test_the_fee_of_the_gateway_is_an_expense_of_ours(isp: Run) -> None:
    service = make_service(isp)
    attempt = make_attempt(isp, service.customer, gateway="paystack")
    settle(isp, paystack(attempt, fee=Money(3_750, "KES")))
    assert isp.read(owed, customer_id=service.customer_id) == kes(0)
    assert isp.read(balance, code=AccountCode.PAYMENT_FEES) == Money(3_750, "KES")
    assert isp.read(balance, code=AccountCode.CLEARING) == Money(246_250, "KES")


def test_a_subscriber_cannot_settle(isp: Run) -> None:
    customer = make_customer(isp)
    actor = SubscriberActor(UserId(1), customer.customer_id, "Amina")
    evidence = c2b(customer.account_number, receipt=RECEIPT, amount=kes(100))
    with pytest.raises(NotPermitted):
        isp.by(actor)(settle_payment, evidence=evidence, evidence_at=START, source="tests")


# What the amount does


def test_an_unsigned_callback_over_another_amount_is_held(isp: Run) -> None:
    service = make_service(isp)
    attempt = make_attempt(isp, service.customer)
    outcome = settle(isp, stk(attempt, receipt=RECEIPT, amount=kes(1)))
    assert (outcome.settled, outcome.payment_id) == (Settled.HELD, None)
    look = isp.read(attempt_look, attempt_id=attempt.attempt_id)
    assert (look.status, look.needs_review, look.next_check_at) == (AttemptStatus.PENDING, True, START)
    assert isp.read(payments) == ()


@pytest.mark.parametrize("is_confirmed_first", [False, True])
def test_one_prompt_is_paid_by_one_receipt_however_often_its_path_is_used(
    isp: Run, *, is_confirmed_first: bool
) -> None:
    service = make_service(isp)
    attempt = make_attempt(isp, service.customer)
    if is_confirmed_first:
        settle(isp, c2b(service.customer.account_number, receipt=RECEIPT, amount=attempt.amount))
    settle(isp, stk(attempt, receipt=RECEIPT))
    assert settle(isp, stk(attempt, receipt="TKN0000002")).settled is Settled.HELD
    assert [payment.transaction_id for payment in isp.read(payments)] == [RECEIPT]
    look = isp.read(attempt_look, attempt_id=attempt.attempt_id)
    assert (look.status, look.needs_review) == (AttemptStatus.SUCCEEDED, True)


def test_a_prompt_answered_after_paying_by_hand_is_a_second_payment(isp: Run) -> None:
    service = make_service(isp)
    attempt = make_attempt(isp, service.customer)
    settle(isp, c2b(service.customer.account_number, receipt=RECEIPT, amount=attempt.amount))
    assert settle(isp, stk(attempt, receipt="TKN0000002")).settled is Settled.BOOKED


def test_the_statement_books_what_was_truly_paid_after_a_held_callback(isp: Run) -> None:
    service = make_service(isp)
    attempt = make_attempt(isp, service.customer)
    settle(isp, stk(attempt, receipt=RECEIPT, amount=kes(1)))
    settle(isp, statement(service.customer.account_number, receipt=RECEIPT, amount=kes(2_500)))
    (payment,) = isp.read(payments)
    assert (payment.amount, payment.customer_id) == (kes(2_500), service.customer_id)
    look = isp.read(attempt_look, attempt_id=attempt.attempt_id)
    assert (look.status, look.needs_review) == (AttemptStatus.SUCCEEDED, False)


def test_a_callback_that_names_another_push_is_held(isp: Run) -> None:
    service = make_service(isp)
    attempt, other = (make_attempt(isp, make_customer(isp, phone=f"07083741{n}9")) for n in (1, 2))
    mixed = stk(attempt, receipt=RECEIPT)
    mixed = type(mixed)(
        **{
            **{name: getattr(mixed, name) for name in mixed.__slots__},
            "gateway_reference": other.gateway_reference,
        }
    )
    assert settle(isp, mixed).settled is Settled.HELD
    assert service.customer_id not in [payment.customer_id for payment in isp.read(payments)]


def test_a_signed_event_over_another_amount_is_booked_as_it_came(isp: Run) -> None:
    service = make_service(isp)
    attempt = make_attempt(isp, service.customer, gateway="paystack")
    assert settle(isp, paystack(attempt, amount=kes(900))).settled is Settled.BOOKED
    assert isp.read(owed, customer_id=service.customer_id) == kes(1_600)


def test_less_than_owed_leaves_the_invoice_open_and_the_service_suspended(
    isp: Run, clock: MovedClock
) -> None:
    service = make_service(isp)
    clock.advance(timedelta(days=11))
    suspend(isp, service)
    settle(isp, c2b(service.customer.account_number, receipt=RECEIPT, amount=kes(2_499)))
    (invoice,) = isp.read(invoices_of, customer_id=service.customer_id)
    assert invoice[1:] == (InvoiceStatus.OPEN, 250_000, 249_900)
    assert isp.read(service_state, subscription_id=service.subscription_id) == (
        SubscriptionStatus.SUSPENDED,
        SuspensionReason.NON_PAYMENT,
    )
    settle(isp, c2b(service.customer.account_number, receipt="TKN0000002", amount=kes(1)))
    state, _ = isp.read(service_state, subscription_id=service.subscription_id)
    assert state is SubscriptionStatus.ACTIVE


def test_more_than_owed_is_credit_that_pays_the_next_invoice(isp: Run, clock: MovedClock) -> None:
    service = make_service(isp)
    settle(isp, c2b(service.customer.account_number, receipt=RECEIPT, amount=kes(4_000)))
    assert isp.read(owed, customer_id=service.customer_id) == kes(-1_500)
    clock.advance(timedelta(days=31))
    BillRunner(isp.transactor, EventBus()).run_sync(SYSTEM, on=clock.now().date())
    invoices = isp.read(invoices_of, customer_id=service.customer_id)
    assert [row[1:] for row in invoices] == [
        (InvoiceStatus.PAID, 250_000, 250_000),
        (InvoiceStatus.OPEN, 250_000, 150_000),
    ]


def test_money_pays_the_oldest_invoice_first(isp: Run, clock: MovedClock) -> None:
    customer = make_customer(isp)
    older = make_invoice(isp, customer, amount=kes(1_000))
    clock.advance(timedelta(days=1))
    newer = make_invoice(isp, customer, amount=kes(1_000))
    settle(isp, c2b(customer.account_number, receipt=RECEIPT, amount=kes(1_200)))
    assert isp.read(invoice_status, invoice_id=older) == (InvoiceStatus.PAID, 100_000)
    assert isp.read(invoice_status, invoice_id=newer) == (InvoiceStatus.OPEN, 20_000)


# Late, and after a no


def test_money_after_a_no_is_still_booked(isp: Run) -> None:
    service = make_service(isp)
    attempt = make_attempt(isp, service.customer)
    no = ChargeFailed(None, hash_token(attempt.token), "1037", "The phone could not be reached.")
    assert isp(fail_attempt, gateway="mpesa", failure=no) is None
    assert isp.read(attempt_look, attempt_id=attempt.attempt_id).status is AttemptStatus.FAILED
    settle(isp, stk(attempt, receipt=RECEIPT))
    look = isp.read(attempt_look, attempt_id=attempt.attempt_id)
    assert (look.status, look.failure_code, look.failure_message) == (AttemptStatus.SUCCEEDED, None, None)


def test_a_no_after_the_money_changes_nothing(isp: Run) -> None:
    service = make_service(isp)
    attempt = make_attempt(isp, service.customer)
    settle(isp, stk(attempt, receipt=RECEIPT))
    isp(
        fail_attempt,
        gateway="mpesa",
        failure=ChargeFailed(None, hash_token(attempt.token), "1032", "Cancelled."),
    )
    assert isp.read(attempt_look, attempt_id=attempt.attempt_id).status is AttemptStatus.SUCCEEDED


def test_a_callback_may_come_before_the_gateway_answered(isp: Run) -> None:
    service = make_service(isp)
    attempt = make_attempt(isp, service.customer, is_answered=False)
    assert settle(isp, stk(attempt, receipt=RECEIPT)).settled is Settled.BOOKED
    assert isp.read(attempt_look, attempt_id=attempt.attempt_id).status is AttemptStatus.SUCCEEDED


def test_a_booked_callback_is_asked_about_soon_after(isp: Run) -> None:
    service = make_service(isp)
    attempt = make_attempt(isp, service.customer)
    settle(isp, stk(attempt, receipt=RECEIPT))
    look = isp.read(attempt_look, attempt_id=attempt.attempt_id)
    assert look.next_check_at == START + timedelta(seconds=30)


# What money gives back


def test_money_restores_a_service_suspended_for_non_payment_and_starts_its_clock(
    isp: Run, clock: MovedClock
) -> None:
    service = make_service(isp)
    clock.advance(timedelta(days=11))
    suspend(isp, service)
    evidence_at = clock.now()
    clock.advance(timedelta(seconds=2))
    settle(isp, c2b(service.customer.account_number, receipt=RECEIPT, amount=kes(2_500)), at=evidence_at)
    assert isp.read(service_state, subscription_id=service.subscription_id) == (
        SubscriptionStatus.ACTIVE,
        None,
    )
    assert isp.read(restoration_clocks) == ((evidence_at, clock.now()),)


@pytest.mark.parametrize("reason", [SuspensionReason.STAFF, SuspensionReason.ABUSE])
def test_money_does_not_lift_what_staff_suspended(isp: Run, reason: SuspensionReason) -> None:
    service = make_service(isp)
    suspend(isp, service, reason=reason)
    settle(isp, c2b(service.customer.account_number, receipt=RECEIPT, amount=kes(2_500)))
    assert isp.read(service_state, subscription_id=service.subscription_id) == (
        SubscriptionStatus.SUSPENDED,
        reason,
    )
    assert isp.read(restoration_clocks) == ()


def test_a_service_that_is_late_but_not_suspended_needs_no_clock(isp: Run, clock: MovedClock) -> None:
    from benfex.dunning.runs import run_dunning

    service = make_service(isp)
    clock.advance(timedelta(days=8))
    isp(run_dunning, customer_id=service.customer_id)
    state, _ = isp.read(service_state, subscription_id=service.subscription_id)
    assert state is SubscriptionStatus.PAST_DUE
    settle(isp, c2b(service.customer.account_number, receipt=RECEIPT, amount=kes(2_500)))
    state, _ = isp.read(service_state, subscription_id=service.subscription_id)
    assert state is SubscriptionStatus.ACTIVE
    assert isp.read(restoration_clocks) == ()


def test_a_payment_restores_every_service_of_the_customer(isp: Run) -> None:
    first = make_service(isp)
    second = make_service(
        isp,
        customer=first.customer,
        price_id=first.price_id,
        router_id=first.router_id,
        username="amina-shop",
    )
    suspend(isp, first)
    suspend(isp, second)
    settle(isp, c2b(first.customer.account_number, receipt=RECEIPT, amount=kes(5_000)))
    for service in (first, second):
        state, _ = isp.read(service_state, subscription_id=service.subscription_id)
        assert state is SubscriptionStatus.ACTIVE
    assert len(isp.read(restoration_clocks)) == 2
