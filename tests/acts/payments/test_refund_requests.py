"""Money goes back when it is free, and above the set amount only on the word of a second person."""

from dataclasses import replace
from datetime import timedelta

import pytest

from benfex.core.actors import StaffActor
from benfex.core.clock import MovedClock
from benfex.identity.passwords import hash_password
from benfex.identity.staff import create_staff
from benfex.ledger.chart import AccountCode
from benfex.payments.policy import save_payment_policy
from benfex.payments.quotes import quote
from benfex.payments.refund_requests import (
    NewRefund,
    approve_refund,
    ask_refund,
    decline_refund,
    pay_out_credit,
)
from benfex.payments.refunds import refundable
from benfex.payments.reversal import reverse_payment
from data.values.errors import (
    AlreadyExists,
    AmountOutOfRange,
    Conflict,
    InvalidInput,
    InvalidTransition,
    NotPermitted,
)
from data.values.identifiers import UserId
from data.values.kinds import RefundWay
from data.values.money import Money
from data.values.roles import Role
from data.values.states import InvoiceStatus, RefundStatus, SubscriptionStatus
from tests.conftest import Run
from tests.factories.customers import make_customer, make_invoice, make_service, suspend
from tests.factories.isp import ACCOUNTANT, SUPPORT, kes
from tests.factories.looks import balance, invoice_status, owed, service_state
from tests.factories.messages import give_email, queued, set_up_channels
from tests.factories.refunding import KeshoGateway, ask, only_refund, pay, refunds

OTHER = StaffActor(UserId(9), Role.ADMIN, "Wafula")
HAND, GATEWAY, PAYOUT = RefundWay.BY_HAND, RefundWay.GATEWAY, RefundWay.PAYOUT


def test_a_small_refund_by_hand_is_done_at_once_and_the_customer_is_told(isp: Run) -> None:
    set_up_channels(isp)
    customer = make_customer(isp)
    payment_id = pay(isp, customer, kes(3_000))
    ask(isp.by(ACCOUNTANT), payment_id, kes(5_00), way=HAND, slip="slip 7")
    look = only_refund(isp)
    assert (look.status, look.gateway_reference, look.made_by) == (RefundStatus.SUCCEEDED, "SLIP 7", "Njeri")
    assert isp.read(owed, customer_id=customer.customer_id) == kes(-2_500)
    assert [row.template for row in queued(isp)][-1] == "refund_sent"


def test_a_large_refund_waits_and_its_money_is_set_aside(isp: Run) -> None:
    customer = make_customer(isp)
    payment_id = pay(isp, customer, kes(8_000))
    ask(isp.by(ACCOUNTANT), payment_id, kes(6_000), way=HAND, slip="S 1")
    assert only_refund(isp).status is RefundStatus.AWAITING
    assert isp.read(refundable, payment_id=payment_id) == kes(2_000)
    assert isp.read(quote, customer_id=customer.customer_id).credit == kes(2_000)
    with pytest.raises(AmountOutOfRange):
        ask(isp.by(ACCOUNTANT), payment_id, kes(2_001), way=HAND, slip="S 2")
    invoice_id = make_invoice(isp, customer, amount=kes(2_500))
    assert isp.read(invoice_status, invoice_id=invoice_id) == (InvoiceStatus.OPEN, 200_000)
    assert isp.read(quote, customer_id=customer.customer_id).owed == kes(500)


def test_nobody_approves_their_own_refund(isp: Run) -> None:
    payment_id = pay(isp, make_customer(isp), kes(8_000))
    owner = StaffActor(UserId(1), Role.OWNER, "Brian")
    refund_id = ask(isp.by(owner), payment_id, kes(8_000), way=HAND, slip="S 1")
    with pytest.raises(NotPermitted, match="another member of staff"):
        isp.by(owner)(approve_refund, refund_id=refund_id)
    with pytest.raises(NotPermitted, match="signed in"):
        isp(approve_refund, refund_id=refund_id)
    with pytest.raises(NotPermitted):
        isp.by(SUPPORT)(approve_refund, refund_id=refund_id)
    isp.by(OTHER)(approve_refund, refund_id=refund_id)
    look = only_refund(isp)
    assert (look.status, look.decided_by) == (RefundStatus.SUCCEEDED, "Wafula")
    assert isp.read(balance, code=AccountCode.CLEARING) == kes(0)
    with pytest.raises(InvalidTransition):
        isp.by(ACCOUNTANT)(approve_refund, refund_id=refund_id)


def test_people_are_told_apart_by_who_they_are_and_not_by_their_name(isp: Run) -> None:
    payment_id = pay(isp, make_customer(isp), kes(20_000))
    refund_id = ask(isp.by(ACCOUNTANT), payment_id, kes(8_000), way=HAND, slip="S 1")
    renamed = replace(ACCOUNTANT, name="Njeri Kamau")
    with pytest.raises(NotPermitted, match="another member of staff"):
        isp.by(renamed)(approve_refund, refund_id=refund_id)
    isp.by(replace(OTHER, name=ACCOUNTANT.name))(approve_refund, refund_id=refund_id)
    assert only_refund(isp).status is RefundStatus.SUCCEEDED
    for number, person in enumerate((ACCOUNTANT, renamed, ACCOUNTANT)):
        ask(isp.by(person), payment_id, kes(2_000), way=HAND, slip=f"S {number + 2}")
    assert isp.read(refunds)[-1].status is RefundStatus.AWAITING


def test_a_reason_that_could_not_be_kept_whole_is_refused(isp: Run) -> None:
    payment_id = pay(isp, make_customer(isp), kes(1_000))
    with pytest.raises(InvalidInput, match="200 letters"):
        isp(
            ask_refund,
            payment_id=payment_id,
            wish=NewRefund(kes(100), "r" * 201, HAND, "SLIP", None),
            gateways={},
        )


def test_the_slip_of_what_waited_may_come_with_the_approval(isp: Run) -> None:
    payment_id = pay(isp, make_customer(isp), kes(20_000))
    ask(isp, payment_id, kes(100), way=HAND, slip="USED")
    refund_id = ask(isp.by(ACCOUNTANT), payment_id, kes(8_000), way=HAND)
    with pytest.raises(InvalidInput, match="slip"):
        isp.by(OTHER)(approve_refund, refund_id=refund_id)
    with pytest.raises(AlreadyExists):
        isp.by(OTHER)(approve_refund, refund_id=refund_id, slip="used")
    isp.by(OTHER)(approve_refund, refund_id=refund_id, slip="S 9")
    assert isp.read(refunds)[-1].gateway_reference == "S 9"


def test_a_large_sum_in_small_parts_needs_the_second_person_too(isp: Run, clock: MovedClock) -> None:
    payment_id = pay(isp, make_customer(isp), kes(30_000))
    for number in range(3):
        ask(isp.by(ACCOUNTANT), payment_id, kes(2_000), way=HAND, slip=f"S {number}")
    ask(isp.by(OTHER), payment_id, kes(2_000), way=HAND, slip="S 8")
    clock.advance(timedelta(hours=25))
    ask(isp.by(ACCOUNTANT), payment_id, kes(2_000), way=HAND, slip="S 9")
    assert [look.status for look in isp.read(refunds)] == [
        RefundStatus.SUCCEEDED,
        RefundStatus.SUCCEEDED,
        RefundStatus.AWAITING,
        RefundStatus.SUCCEEDED,
        RefundStatus.SUCCEEDED,
    ]


def test_the_owner_sets_the_amount_above_which_it_waits(isp: Run) -> None:
    payment_id = pay(isp, make_customer(isp), kes(8_000))
    isp(save_payment_policy, second_person_above_minor=0)
    ask(isp.by(ACCOUNTANT), payment_id, kes(1), way=HAND, slip="S 1")
    assert only_refund(isp).status is RefundStatus.AWAITING
    isp(save_payment_policy, second_person_above_minor=10_000_000)
    ask(isp.by(ACCOUNTANT), payment_id, kes(7_000), way=HAND, slip="S 2")
    assert isp.read(refunds)[-1].status is RefundStatus.SUCCEEDED


def test_what_is_declined_is_credit_again_and_pays_what_is_open(isp: Run) -> None:
    service = make_service(isp)  # owes 2,500
    payment_id = pay(isp, service.customer, kes(10_000))
    refund_id = ask(isp.by(ACCOUNTANT), payment_id, kes(7_500))
    invoice_id = make_invoice(isp, service.customer, amount=kes(1_000))
    suspend(isp, service)
    with pytest.raises(InvalidInput):
        isp.by(OTHER)(decline_refund, refund_id=refund_id, reason=" ")
    isp.by(OTHER)(decline_refund, refund_id=refund_id, reason="not theirs")
    look = only_refund(isp)
    assert (look.status, look.failure, look.decided_by) == (RefundStatus.DECLINED, "not theirs", "Wafula")
    assert isp.read(invoice_status, invoice_id=invoice_id)[0] is InvoiceStatus.PAID
    state, _ = isp.read(service_state, subscription_id=service.subscription_id)
    assert state is SubscriptionStatus.ACTIVE
    assert isp.read(refundable, payment_id=payment_id) == kes(6_500)
    with pytest.raises(InvalidTransition):
        isp.by(OTHER)(approve_refund, refund_id=refund_id)


def test_who_asked_may_take_it_back_and_what_was_not_sent_can_be_called_off(isp: Run) -> None:
    payment_id = pay(isp, make_customer(isp), kes(10_000))
    mine = ask(isp.by(ACCOUNTANT), payment_id, kes(6_000))
    isp.by(ACCOUNTANT)(decline_refund, refund_id=mine, reason="a mistake")
    approved = ask(isp.by(ACCOUNTANT), payment_id, kes(1_000))
    isp.by(ACCOUNTANT)(decline_refund, refund_id=approved, reason="changed their mind")
    assert {look.status for look in isp.read(refunds)} == {RefundStatus.DECLINED}
    assert isp.read(refundable, payment_id=payment_id) == kes(10_000)


def test_a_gateway_gives_back_only_what_it_can(isp: Run) -> None:
    customer = make_customer(isp)
    payment_id = pay(isp, customer, kes(1_000))
    gateway = KeshoGateway("http://127.0.0.1:9")
    for wish in (NewRefund(kes(100), "x", GATEWAY), NewRefund(kes(100), "x", PAYOUT)):
        with pytest.raises(InvalidInput):
            isp(ask_refund, payment_id=payment_id, wish=wish, gateways={})
    cents = NewRefund(Money(99_950, "KES"), "x", GATEWAY)
    with pytest.raises(AmountOutOfRange, match="steps"):
        isp(ask_refund, payment_id=payment_id, wish=cents, gateways={"kesho": gateway})
    isp(ask_refund, payment_id=payment_id, wish=NewRefund(kes(100), "x", PAYOUT), gateways={"kesho": gateway})
    assert only_refund(isp).status is RefundStatus.APPROVED


def test_credit_is_paid_out_from_the_payments_it_comes_from_oldest_first(isp: Run) -> None:
    customer = make_customer(isp)
    make_invoice(isp, customer, amount=kes(400))
    for shillings in (1_000, 2_000, 3_000):
        pay(isp, customer, kes(shillings))
    wish = NewRefund(kes(3_000), "leaves us", HAND, slip="S 1")
    made = isp.by(ACCOUNTANT)(pay_out_credit, customer_id=customer.customer_id, wish=wish, gateways={})
    assert [look.amount_minor for look in isp.read(refunds)] == [60_000, 200_000, 40_000]
    assert len(made) == 3
    assert isp.read(owed, customer_id=customer.customer_id) == kes(-2_600)
    with pytest.raises(AlreadyExists):
        isp(pay_out_credit, customer_id=customer.customer_id, wish=wish, gateways={})
    too_much = NewRefund(kes(2_601), "leaves us", HAND, slip="S 2")
    with pytest.raises(AmountOutOfRange, match="No more than KES 2,600"):
        isp(pay_out_credit, customer_id=customer.customer_id, wish=too_much, gateways={})


def test_a_payout_counts_as_one_sum_and_takes_only_gateways_that_can(isp: Run) -> None:
    customer = make_customer(isp)
    pay(isp, customer, kes(4_000), gateway="cash")
    pay(isp, customer, kes(3_000))
    pay(isp, customer, kes(3_000))
    gateways = {"kesho": KeshoGateway("http://127.0.0.1:9")}
    wish = NewRefund(kes(6_000), "leaves us", PAYOUT)
    isp.by(ACCOUNTANT)(pay_out_credit, customer_id=customer.customer_id, wish=wish, gateways=gateways)
    assert [look.status for look in isp.read(refunds)] == [RefundStatus.AWAITING] * 2
    with pytest.raises(AmountOutOfRange):
        isp(
            pay_out_credit,
            customer_id=customer.customer_id,
            wish=NewRefund(kes(100), "more", PAYOUT),
            gateways=gateways,
        )


def test_staff_who_may_approve_are_told_that_a_refund_waits(isp: Run) -> None:
    secret = hash_password("correct horse battery")
    for role in (Role.OWNER, Role.ACCOUNTANT, Role.SUPPORT):
        isp(create_staff, name=role.value, email=f"{role}@isp.ke", role=role, password_hash=secret)
    set_up_channels(isp)
    customer = make_customer(isp)
    give_email(isp, customer.customer_id)
    ask(isp.by(ACCOUNTANT), pay(isp, customer, kes(9_000)), kes(9_000))
    waiting = [row for row in queued(isp) if row.template == "refund_waits"]
    assert len(waiting) == 2
    assert dict(waiting[0].facts)["asked_by"] == "Njeri"


def test_a_refund_needs_a_reason_and_an_amount(isp: Run) -> None:
    payment_id = pay(isp, make_customer(isp), kes(1_000))
    for amount, reason, error in ((kes(0), "x", AmountOutOfRange), (kes(1), "  ", InvalidInput)):
        with pytest.raises(error):
            isp(ask_refund, payment_id=payment_id, wish=NewRefund(amount, reason, slip="S 1"), gateways={})
    with pytest.raises(InvalidInput, match="slip"):
        ask(isp, payment_id, kes(1), way=HAND)


def test_money_that_waits_to_go_back_is_not_reversed_by_staff(isp: Run) -> None:
    payment_id = pay(isp, make_customer(isp), kes(9_000))
    ask(isp.by(ACCOUNTANT), payment_id, kes(9_000))
    with pytest.raises(Conflict, match="goes back"):
        isp(reverse_payment, payment_id=payment_id, reason="bounced")
