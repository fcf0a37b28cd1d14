"""Whose money it is: only exact facts match by themselves, the rest waits for a person."""

import pytest

from benfex.core.actors import StaffActor
from benfex.ledger.chart import AccountCode
from benfex.payments.cash import record_cash_payment
from benfex.payments.placing import match_payment, undo_match
from benfex.payments.settlement import Settled
from benfex.payments.shifts import open_shift
from data.values.errors import (
    AlreadyExists,
    AmountOutOfRange,
    Conflict,
    InvalidInput,
    NotFound,
    NotPermitted,
)
from data.values.identifiers import CustomerId, PaymentId, UserId
from data.values.kinds import CashMethod
from data.values.money import Money
from data.values.roles import Role
from data.values.states import AttemptStatus, SubscriptionStatus
from tests.conftest import Run
from tests.factories.cashiers import make_cashier
from tests.factories.customers import MadeCustomer, make_customer, make_service, suspend
from tests.factories.isp import ACCOUNTANT, kes
from tests.factories.looks import (
    attempt_look,
    balance,
    owed,
    payments,
    restoration_clocks,
    service_state,
)
from tests.factories.money import c2b, make_attempt, settle, statement, stk

RECEIPT = "TKN4QX71SV"
SUPPORT = StaffActor(UserId(8), Role.SUPPORT, "Otieno")


# Paybill by hand


@pytest.mark.sqlite_only
@pytest.mark.parametrize("typed", ["{0}", " {0} ", "acc {0}", "{0:.3}-{0:.99}", "INV#{0}"])
def test_an_account_number_is_found_however_it_was_typed(isp: Run, typed: str) -> None:
    customer = make_customer(isp)
    number = customer.account_number
    text = f"{number[:3]}-{number[3:]}" if "-" in typed else typed.format(number).lower()
    settle(isp, c2b(text, receipt=RECEIPT, amount=kes(100)))
    assert isp.read(payments)[0].customer_id == customer.customer_id


def test_a_phone_number_typed_as_the_account_finds_its_only_customer(isp: Run) -> None:
    customer = make_customer(isp, phone="0712345678")
    settle(isp, c2b("0712 345 678", receipt=RECEIPT, amount=kes(100)))
    assert isp.read(payments)[0].customer_id == customer.customer_id


def test_a_phone_number_of_two_customers_finds_neither(isp: Run) -> None:
    make_customer(isp, phone="0712345678")
    make_customer(isp, name="Brian Otieno", phone="0712345678")
    settle(isp, c2b("0712345678", receipt=RECEIPT, amount=kes(100)))
    assert isp.read(payments)[0].customer_id is None


def test_a_slip_of_the_thumb_hits_nobody(isp: Run) -> None:
    customer = make_customer(isp)
    number = customer.account_number
    wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
    settle(isp, c2b(wrong, receipt=RECEIPT, amount=kes(100)))
    assert isp.read(payments)[0].customer_id is None


def test_unmatched_money_waits_in_an_account_of_its_own_until_staff_give_it(isp: Run) -> None:
    service = make_service(isp)
    suspend(isp, service)
    outcome = settle(isp, c2b("WIFI YANGU", receipt=RECEIPT, amount=kes(2_500)))
    assert outcome.settled is Settled.BOOKED
    assert isp.read(balance, code=AccountCode.UNMATCHED) == kes(-2_500)
    state, _ = isp.read(service_state, subscription_id=service.subscription_id)
    assert state is SubscriptionStatus.SUSPENDED

    assert outcome.payment_id is not None
    isp.by(ACCOUNTANT)(match_payment, payment_id=outcome.payment_id, customer_id=service.customer_id)
    assert isp.read(balance, code=AccountCode.UNMATCHED) == kes(0)
    assert isp.read(owed, customer_id=service.customer_id) == kes(0)
    state, _ = isp.read(service_state, subscription_id=service.subscription_id)
    assert state is SubscriptionStatus.ACTIVE
    assert len(isp.read(restoration_clocks)) == 1


def test_money_is_given_once_and_only_to_a_customer_who_is_there(isp: Run) -> None:
    customer, other = make_customer(isp), make_customer(isp, name="Brian Otieno", phone="0712345678")
    payment_id = settle(isp, c2b("WIFI", receipt=RECEIPT, amount=kes(100))).payment_id
    assert payment_id is not None
    with pytest.raises(NotFound):
        isp(match_payment, payment_id=payment_id, customer_id=CustomerId(9_999))
    with pytest.raises(NotFound):
        isp(match_payment, payment_id=PaymentId(9_999), customer_id=customer.customer_id)
    with pytest.raises(NotPermitted):
        isp.by(SUPPORT)(match_payment, payment_id=payment_id, customer_id=customer.customer_id)
    isp(match_payment, payment_id=payment_id, customer_id=customer.customer_id)
    with pytest.raises(Conflict):
        isp(match_payment, payment_id=payment_id, customer_id=other.customer_id)


def test_money_of_another_currency_waits_and_is_never_converted(isp: Run) -> None:
    customer = make_customer(isp)
    evidence = c2b(customer.account_number, receipt=RECEIPT, amount=Money(1_000, "USD"))
    payment_id = settle(isp, evidence).payment_id
    (payment,) = isp.read(payments)
    assert (payment.customer_id, payment.amount) == (None, Money(1_000, "USD"))
    assert isp.read(balance, code=AccountCode.UNMATCHED, currency="USD") == Money(-1_000, "USD")
    assert payment_id is not None
    with pytest.raises(Conflict):
        isp(match_payment, payment_id=payment_id, customer_id=customer.customer_id)


# Attempts


def test_paying_by_hand_what_was_asked_answers_the_prompt_that_waits(isp: Run) -> None:
    customer = make_customer(isp)
    attempt = make_attempt(isp, customer, amount=kes(500))
    settle(isp, c2b(customer.account_number, receipt=RECEIPT, amount=kes(500)))
    assert isp.read(attempt_look, attempt_id=attempt.attempt_id).status is AttemptStatus.SUCCEEDED


def test_a_callback_tells_whose_money_a_statement_booked_without_a_name(isp: Run) -> None:
    service = make_service(isp)
    attempt = make_attempt(isp, service.customer)
    settle(isp, statement(None, receipt=RECEIPT, amount=attempt.amount))
    assert isp.read(balance, code=AccountCode.UNMATCHED) == kes(-2_500)
    assert settle(isp, stk(attempt, receipt=RECEIPT)).settled is Settled.KNOWN
    (payment,) = isp.read(payments)
    assert (payment.customer_id, payment.attempt_id) == (service.customer_id, attempt.attempt_id)
    assert isp.read(balance, code=AccountCode.UNMATCHED) == kes(0)
    assert isp.read(owed, customer_id=service.customer_id) == kes(0)


def test_a_callback_ends_its_attempt_also_after_a_person_took_the_placement_back(isp: Run) -> None:
    attempt = make_attempt(isp, payer := make_customer(isp))
    outcome, person = settle(isp, statement(None, receipt=RECEIPT, amount=kes(2_500))), isp.by(ACCOUNTANT)
    assert outcome.payment_id is not None
    person(match_payment, payment_id=outcome.payment_id, customer_id=payer.customer_id)
    person(undo_match, payment_id=outcome.payment_id, reason="They say it is not theirs.")
    settle(isp, stk(attempt, receipt=RECEIPT))
    assert isp.read(payments)[0].customer_id is None
    assert isp.read(attempt_look, attempt_id=attempt.attempt_id).status is AttemptStatus.SUCCEEDED


def test_a_callback_leaves_the_attempt_alone_whose_money_a_person_gave_to_somebody_else(isp: Run) -> None:
    attempt = make_attempt(isp, make_customer(isp))
    outcome = settle(isp, statement(None, receipt=RECEIPT, amount=kes(2_500)))
    other = make_customer(isp)
    assert outcome.payment_id is not None
    isp.by(ACCOUNTANT)(match_payment, payment_id=outcome.payment_id, customer_id=other.customer_id)
    settle(isp, stk(attempt, receipt=RECEIPT))
    assert isp.read(payments)[0].customer_id == other.customer_id
    assert isp.read(attempt_look, attempt_id=attempt.attempt_id).status is AttemptStatus.PENDING


def test_a_callback_cannot_point_known_money_at_a_larger_attempt(isp: Run) -> None:
    customer = make_customer(isp)
    settle(isp, c2b(customer.account_number, receipt=RECEIPT, amount=kes(10)))
    attempt = make_attempt(isp, customer, amount=kes(5_000))
    settle(isp, stk(attempt, receipt=RECEIPT, amount=kes(10)))
    assert isp.read(attempt_look, attempt_id=attempt.attempt_id).status is AttemptStatus.PENDING


# Cash


def test_cash_pays_once_a_receipt_number(isp: Run) -> None:
    service, cashier = make_service(isp), at_the_drawer(isp)
    take(isp, service.customer, kes(2_500), reference="rb-0017", actor=cashier)
    with pytest.raises(AlreadyExists) as refused:
        take(isp, service.customer, kes(2_500), reference=" RB-0017 ", actor=cashier)
    assert refused.value.field == "reference"
    take(isp, service.customer, kes(2_500), reference="RB-0017", method=CashMethod.CHEQUE)
    assert isp.read(owed, customer_id=service.customer_id) == kes(-2_500)


def test_cash_at_the_counter_brings_a_suspended_service_back(isp: Run) -> None:
    service = make_service(isp)
    suspend(isp, service)
    take(isp, service.customer, kes(2_500), reference="RB-0018", actor=at_the_drawer(isp))
    state, _ = isp.read(service_state, subscription_id=service.subscription_id)
    assert state is SubscriptionStatus.ACTIVE


def test_cash_names_the_field_that_is_wrong(isp: Run) -> None:
    customer = make_customer(isp)
    with pytest.raises(AmountOutOfRange):
        take(isp, customer, kes(0), reference="1")
    with pytest.raises(InvalidInput, match="KES"):
        take(isp, customer, Money(100, "USD"), reference="1")
    with pytest.raises(InvalidInput, match="number on the receipt"):
        take(isp, customer, kes(1), reference="../x?")
    with pytest.raises(NotPermitted):
        take(isp, customer, kes(1), reference="1", actor=SUPPORT)


def at_the_drawer(isp: Run) -> StaffActor:
    """Return somebody whose shift is open."""
    cashier = make_cashier(isp)
    isp.by(cashier)(open_shift, opening=kes(0))
    return cashier


def take(
    isp: Run,
    customer: MadeCustomer,
    amount: Money,
    *,
    reference: str,
    method: CashMethod = CashMethod.CASH,
    actor: StaffActor = ACCOUNTANT,
) -> None:
    isp.by(actor)(
        record_cash_payment,
        customer_id=customer.customer_id,
        amount=amount,
        method=method,
        reference=reference,
    )
