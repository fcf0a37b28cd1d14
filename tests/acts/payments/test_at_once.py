"""What comes in the same moment by several doors, or from several people, happens once."""

import asyncio

from benfex.core.actors import StaffActor
from benfex.core.transactor import Transactor
from benfex.payments.placing import match_payment
from benfex.payments.settlement import Settled, SettlementOutcome, settle_payment
from data.values.errors import Conflict
from data.values.identifiers import UserId
from data.values.roles import Role
from data.values.states import AttemptStatus
from tests.conftest import START, Run
from tests.factories.customers import make_customer, make_service, suspend
from tests.factories.isp import SYSTEM, kes
from tests.factories.looks import (
    assert_books_sound,
    attempt_look,
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
