"""Whatever order messages of gateways come in, and however often, the books end up the same."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benfex.core.clock import MovedClock
from benfex.core.policy import isp_profile
from benfex.core.unit_of_work import UnitOfWork
from benfex.payments.attempts import fail_attempt, note_paid_without_receipt
from benfex.payments.gateway import ChargeFailed, PaidReceiptToFollow, PaidWithoutReceipt, Pending
from benfex.payments.reconciliation import note_answer
from benfex.payments.settlement import settle_payment
from data.values.identifiers import hash_token
from data.values.states import AttemptStatus
from tests.conftest import START, Run
from tests.factories.customers import MadeCustomer, make_customer
from tests.factories.isp import kes, set_up_isp
from tests.factories.looks import assert_books_sound, attempt_look, owed, payments
from tests.factories.money import MadeAttempt, c2b, make_attempt, receipt, statement, stk
from tests.sizes import over_a_database

BOOKING = ("callback", "confirmation", "line", "nameless line")
NOISE = ("failure", "success without a receipt", "query: paid", "query: pending")
PROMPT = timedelta(minutes=2)
_numbers = count(1)


@dataclass(frozen=True)
class Story:
    """What one attempt asks, what is told of it, and how often. Nothing that books means it was not paid."""

    customer: int
    shillings: int
    told: tuple[str, ...]


stories = st.builds(
    Story,
    customer=st.integers(0, 1),
    shillings=st.sampled_from([500, 1_000]),
    told=st.lists(st.sampled_from(BOOKING + NOISE), max_size=7).map(tuple),
)


@pytest.mark.sqlite_only
@over_a_database(usual=20, deep=150)
@given(told=st.lists(stories, min_size=1, max_size=4), seed=st.integers(0, 2**32))
def test_any_order_and_number_of_messages_leaves_the_same_books(
    run: Run, clock: MovedClock, told: list[Story], seed: int
) -> None:
    if run.read(isp_profile) is None:
        set_up_isp(run)
    known_before = len(run.read(payments))
    customers = [make_customer(run, phone=f"07{10_000_000 + next(_numbers)}") for _ in range(2)]
    attempts: list[MadeAttempt] = []
    for story in told:
        clock.advance(PROMPT)  # a phone shows one prompt at a time
        attempts.append(make_attempt(run, customers[story.customer], amount=kes(story.shillings)))
    receipts = [receipt(next(_numbers)) for _ in told]
    messages = [(index, word) for index, story in enumerate(told) for word in story.told]
    Random(seed).shuffle(messages)
    for index, word in messages:
        story = told[index]
        run(
            _tell,
            attempt=attempts[index],
            customer=customers[story.customer],
            number=receipts[index],
            word=word,
        )

    booked = {payment.transaction_id: payment for payment in run.read(payments)}
    paid = [index for index, story in enumerate(told) if set(story.told) & set(BOOKING)]
    assert len(booked) - known_before == len(paid)
    credit = [kes(0), kes(0)]
    for index in paid:
        story, payment = told[index], booked[receipts[index]]
        assert payment.amount == kes(story.shillings)
        is_named = bool(set(story.told) - {"nameless line", *NOISE})
        assert payment.customer_id == (customers[story.customer].customer_id if is_named else None)
        if is_named:
            credit[story.customer] += payment.amount
        if "callback" in story.told:
            assert payment.attempt_id == attempts[index].attempt_id
            look = run.read(attempt_look, attempt_id=attempts[index].attempt_id)
            assert look.status is AttemptStatus.SUCCEEDED
    assert [run.read(owed, customer_id=customer.customer_id) for customer in customers] == [
        -sum_ for sum_ in credit
    ]
    assert_books_sound(run)


def _tell(uow: UnitOfWork, *, attempt: MadeAttempt, customer: MadeCustomer, number: str, word: str) -> None:
    token, amount = hash_token(attempt.token), attempt.amount
    match word:
        case "callback":
            evidence = stk(attempt, receipt=number)
        case "confirmation":
            evidence = c2b(customer.account_number, receipt=number, amount=amount)
        case "line":
            evidence = statement(customer.account_number, receipt=number, amount=amount)
        case "nameless line":
            evidence = statement(None, receipt=number, amount=amount)
        case "failure":
            fail_attempt(uow, gateway="mpesa", failure=ChargeFailed(None, token, "1037", "Not reached."))
            return
        case "success without a receipt":
            note_paid_without_receipt(uow, gateway="mpesa", event=PaidWithoutReceipt(None, token))
            return
        case "query: paid":
            note_answer(uow, attempt_id=attempt.attempt_id, outcome=PaidReceiptToFollow())
            return
        case _:
            note_answer(uow, attempt_id=attempt.attempt_id, outcome=Pending())
            return
    settle_payment(uow, evidence=evidence, evidence_at=START, source="tests")
