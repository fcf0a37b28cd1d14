"""What comes in the same moment by several doors, or from several people, happens once."""

import asyncio

from benfex.core.actors import StaffActor
from benfex.core.transactor import Transactor
from benfex.ledger.chart import AccountCode
from benfex.payments.gateway_events import PaymentTakenBack
from benfex.payments.placing import match_payment, undo_match
from benfex.payments.settlement import Settled, SettlementOutcome, settle_payment
from benfex.payments.taken_back import note_taken_back
from data.values.errors import Conflict
from data.values.identifiers import UserId
from data.values.roles import Role
from data.values.states import AttemptStatus
from tests.conftest import START, Run
from tests.factories.customers import make_customer, make_invoice, make_service, suspend
from tests.factories.isp import ACCOUNTANT, SYSTEM, kes
from tests.factories.looks import (
    assert_books_sound,
    attempt_look,
    balance,
    owed,
    payments,
    restoration_clocks,
)
from tests.factories.money import c2b, make_attempt, settle, statement, stk

RECEIPT = "TKN4QX71SV"


async def test_one_receipt_by_three_doors_at_once_is_one_payment(isp: Run, transactor: Transactor) -> None:
    service = make_service(isp)
    suspend(isp, service)
    attempt = make_attempt(isp, service.customer)
    account = service.customer.account_number
    doors = [
        stk(attempt, receipt=RECEIPT),
        c2b(account, receipt=RECEIPT, amount=attempt.amount),
        statement(account, receipt=RECEIPT, amount=attempt.amount),
    ] * 3
    outcomes: list[SettlementOutcome] = await asyncio.gather(
        *(
            transactor.transact(settle_payment, SYSTEM, evidence=door, evidence_at=START, source="tests")
            for door in doors
        )
    )
    assert sorted(outcome.settled for outcome in outcomes) == [Settled.BOOKED, *[Settled.KNOWN] * 8]
    (payment,) = isp.read(payments)
    assert (payment.amount, payment.attempt_id) == (attempt.amount, attempt.attempt_id)
    assert isp.read(attempt_look, attempt_id=attempt.attempt_id).status is AttemptStatus.SUCCEEDED
    assert isp.read(owed, customer_id=service.customer_id) == kes(0)
    assert len(isp.read(restoration_clocks)) == 1
    assert_books_sound(isp)


async def test_two_staff_who_place_the_same_money_at_once_place_it_once(
    isp: Run, transactor: Transactor
) -> None:
    customers = [make_customer(isp, phone=f"070837414{number}") for number in range(2)]
    outcome = settle(isp, c2b("nobody", receipt=RECEIPT, amount=kes(2_500)))
    assert outcome.payment_id is not None
    staff = [StaffActor(UserId(number + 1), Role.ACCOUNTANT, f"Person {number}") for number in range(2)]
    answers = await asyncio.gather(
        *(
            transactor.transact(
                match_payment, who, payment_id=outcome.payment_id, customer_id=customer.customer_id
            )
            for who, customer in zip(staff, customers, strict=True)
        ),
        return_exceptions=True,
    )
    refused = [answer for answer in answers if answer is not None]
    assert [str(answer) for answer in refused] == ["This money already has a customer."]
    assert isinstance(refused[0], Conflict)
    winner = customers[answers.index(None)]
    (payment,) = isp.read(payments)
    assert payment.customer_id == winner.customer_id
    owes = [isp.read(owed, customer_id=customer.customer_id) for customer in customers]
    assert sorted(owes) == [kes(-2_500), kes(0)]
    assert_books_sound(isp)


async def test_a_person_and_a_callback_that_place_the_same_money_at_once_place_it_once(
    isp: Run, transactor: Transactor
) -> None:
    asked, other = make_customer(isp, phone="0708374140"), make_customer(isp, phone="0708374141")
    attempt = make_attempt(isp, asked)
    payment_id = settle(isp, statement(None, receipt=RECEIPT, amount=attempt.amount)).payment_id
    assert payment_id is not None
    callback = stk(attempt, receipt=RECEIPT)
    answers = await asyncio.gather(
        transactor.transact(match_payment, ACCOUNTANT, payment_id=payment_id, customer_id=other.customer_id),
        transactor.transact(settle_payment, SYSTEM, evidence=callback, evidence_at=START, source="stk"),
        return_exceptions=True,
    )
    assert isinstance(answers[1], SettlementOutcome)
    assert answers[1].settled is Settled.KNOWN
    was_first = answers[0] is None
    assert was_first or str(answers[0]) == "This money already has a customer."
    (payment,) = isp.read(payments)
    assert payment.customer_id == (other if was_first else asked).customer_id
    owes = [isp.read(owed, customer_id=customer.customer_id) for customer in (asked, other)]
    assert sorted(owes) == [kes(-2_500), kes(0)]
    assert_books_sound(isp)


async def test_a_placement_that_two_people_take_back_while_the_bank_does_is_taken_back_once(
    isp: Run, transactor: Transactor
) -> None:
    customer = make_customer(isp)
    make_invoice(isp, customer, amount=kes(2_500))
    outcome = settle(isp, c2b(customer.account_number, receipt=RECEIPT, amount=kes(2_500)))
    assert outcome.payment_id is not None
    payment_id, why = outcome.payment_id, "They say it is not theirs."
    back = PaymentTakenBack(RECEIPT, None, "The bank took it back.")
    answers = await asyncio.gather(
        transactor.transact(undo_match, ACCOUNTANT, payment_id=payment_id, reason=why),
        transactor.transact(undo_match, ACCOUNTANT, payment_id=payment_id, reason=why),
        transactor.transact(note_taken_back, SYSTEM, gateway="mpesa", event=back),
        return_exceptions=True,
    )
    refused = [answer for answer in answers if answer is not None]
    assert all(isinstance(answer, Conflict) for answer in refused), refused
    assert len(refused) in {1, 2}
    assert answers[2] is None
    assert isp.read(owed, customer_id=customer.customer_id) == kes(2_500)
    assert isp.read(balance, code=AccountCode.UNMATCHED) == kes(0)
    assert_books_sound(isp)
