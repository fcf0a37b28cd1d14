"""Whatever two people, or a person and the bill run, do with the same money at once: it goes one way only."""

import asyncio
from datetime import date
from typing import Any

import pytest

from benfex.core.actors import StaffActor
from benfex.core.events import EventBus
from benfex.core.transactor import Transactor
from benfex.payments.refund_requests import NewRefund, approve_refund, ask_refund, decline_refund
from benfex.subscriptions.bill_run import BillRunner
from data.values.errors import AmountOutOfRange, InvalidTransition
from data.values.identifiers import PaymentId, UserId
from data.values.money import Money
from data.values.roles import Role
from data.values.states import RefundStatus
from tests.conftest import Run
from tests.factories.customers import make_customer, make_service
from tests.factories.isp import ACCOUNTANT, SYSTEM, kes
from tests.factories.looks import invoices_of, owed
from tests.factories.refunding import ask, only_refund, pay, refunds

STAFF = [StaffActor(UserId(number + 20), Role.ADMIN, f"Person {number}") for number in range(4)]


@pytest.mark.parametrize("declines", [0, 2])
async def test_a_refund_is_decided_once(isp: Run, transactor: Transactor, declines: int) -> None:
    customer = make_customer(isp)
    payment_id = pay(isp, customer, kes(9_000))
    refund_id = ask(isp.by(ACCOUNTANT), payment_id, kes(9_000))
    decisions = [
        transactor.transact(decline_refund, who, refund_id=refund_id, reason="no")
        if place < declines
        else transactor.transact(approve_refund, who, refund_id=refund_id)
        for place, who in enumerate(STAFF)
    ]
    answers = await asyncio.gather(*decisions, return_exceptions=True)
    refused = [answer for answer in answers if answer is not None]
    assert {type(answer) for answer in refused} == {InvalidTransition}
    look = only_refund(isp)
    assert answers.count(None) == 1 or look.status is RefundStatus.DECLINED  # approved, then called off
    assert look.decided_by in {who.name for who in STAFF}


async def test_two_who_ask_for_the_same_money_do_not_both_get_it(isp: Run, transactor: Transactor) -> None:
    payment_id = pay(isp, make_customer(isp), kes(1_000))
    answers = await asyncio.gather(
        *(_ask(transactor, who, payment_id, kes(700), f"S {who.user_id}") for who in STAFF),
        return_exceptions=True,
    )
    refused = [answer for answer in answers if isinstance(answer, Exception)]
    assert [type(answer) for answer in refused] == [AmountOutOfRange] * 3
    assert only_refund(isp).amount_minor == 70_000


async def test_credit_goes_back_or_pays_the_next_bill_and_never_both(
    isp: Run, transactor: Transactor
) -> None:
    service = make_service(isp)
    payment_id = pay(isp, service.customer, kes(5_000))  # the bill of the next month is paid from half of it
    runner = BillRunner(transactor, EventBus())
    await asyncio.gather(
        runner.run(SYSTEM, on=date(2026, 12, 23)),
        *(_ask(transactor, who, payment_id, kes(2_500), f"S {who.user_id}") for who in STAFF),
        return_exceptions=True,
    )
    back = sum(look.amount_minor for look in isp.read(refunds))
    paid = sum(row[3] for row in isp.read(invoices_of, customer_id=service.customer_id))
    assert back + paid == 500_000
    assert isp.read(owed, customer_id=service.customer_id) == Money(back, "KES")


def _ask(transactor: Transactor, who: StaffActor, payment_id: PaymentId, amount: Money, slip: str) -> Any:
    wish = NewRefund(amount, "asked for it", slip=slip)
    return transactor.transact(ask_refund, who, payment_id=payment_id, wish=wish, gateways={})
