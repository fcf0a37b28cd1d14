"""What a gateway answers when it is asked about an attempt, and how often it is asked."""

from datetime import timedelta

import pytest

from benfex.core.clock import MovedClock
from benfex.payments.attempts import note_paid_without_receipt
from benfex.payments.gateway import (
    Failed,
    PaidReceiptToFollow,
    PaidWithoutReceipt,
    PaymentOutcome,
    Pending,
    Unknown,
)
from benfex.payments.reconciliation import note_answer
from data.values.identifiers import hash_token
from data.values.states import AttemptStatus
from tests.conftest import START, Run
from tests.factories.customers import make_customer, make_service
from tests.factories.looks import AttemptLook, attempt_look
from tests.factories.money import MadeAttempt, make_attempt, settle, stk

pytestmark = pytest.mark.sqlite_only  # days and steps, nothing of a database


def told(isp: Run, attempt: MadeAttempt, outcome: PaymentOutcome) -> AttemptLook:
    isp(note_answer, attempt_id=attempt.attempt_id, outcome=outcome)
    return isp.read(attempt_look, attempt_id=attempt.attempt_id)


def test_an_open_attempt_is_asked_about_ever_less_and_given_up_after_three_days(
    isp: Run, clock: MovedClock
) -> None:
    attempt = make_attempt(isp, make_customer(isp))
    asked = 0
    while (due := isp.read(attempt_look, attempt_id=attempt.attempt_id).next_check_at) is not None:
        assert due > clock.now()
        clock.move_to(due)
        told(isp, attempt, Unknown("down"))
        asked += 1
        assert asked < 100
    assert timedelta(hours=70) < clock.now() - START < timedelta(hours=73)
    assert 75 <= asked <= 90
    assert isp.read(attempt_look, attempt_id=attempt.attempt_id).status is AttemptStatus.EXPIRED


def test_paid_without_a_receipt_ends_with_a_person_and_not_with_endless_questions(
    isp: Run, clock: MovedClock
) -> None:
    attempt = make_attempt(isp, make_customer(isp))
    asked = 0
    while (due := isp.read(attempt_look, attempt_id=attempt.attempt_id).next_check_at) is not None:
        clock.move_to(max(due, clock.now()))
        told(isp, attempt, PaidReceiptToFollow())
        asked += 1
        assert asked < 120
    look = isp.read(attempt_look, attempt_id=attempt.attempt_id)
    assert (look.status, look.needs_review) == (AttemptStatus.PENDING, True)
    assert look.review_reason is not None
    assert "no receipt" in look.review_reason


def test_a_receipt_that_is_to_follow_is_looked_for_within_seconds(isp: Run, clock: MovedClock) -> None:
    attempt = make_attempt(isp, make_customer(isp))
    clock.advance(timedelta(minutes=10))
    look = told(isp, attempt, PaidReceiptToFollow())
    assert look.next_check_at is not None
    assert clock.now() < look.next_check_at <= clock.now() + timedelta(seconds=15)


def test_the_gateways_own_no_outweighs_a_callback_that_proved_nothing(isp: Run) -> None:
    attempt = make_attempt(isp, make_customer(isp))
    event = PaidWithoutReceipt(None, hash_token(attempt.token))
    assert isp(note_paid_without_receipt, gateway="mpesa", event=event) is None
    look = told(isp, attempt, Failed("1032", "The request was cancelled on the phone."))
    assert (look.status, look.failure_code) == (AttemptStatus.FAILED, "1032")


def test_what_was_reported_paid_does_not_expire(isp: Run, clock: MovedClock) -> None:
    attempt = make_attempt(isp, make_customer(isp))
    told(isp, attempt, PaidReceiptToFollow())
    clock.advance(timedelta(minutes=6))
    assert told(isp, attempt, Pending()).status is AttemptStatus.PENDING


def test_a_booked_callback_that_the_gateway_denies_is_for_a_person(isp: Run) -> None:
    attempt = make_attempt(isp, make_service(isp).customer)
    settle(isp, stk(attempt, receipt="TKN4QX71SV"))
    look = told(isp, attempt, Failed("1032", "Cancelled."))
    assert (look.status, look.needs_review, look.next_check_at) == (AttemptStatus.SUCCEEDED, True, None)


def test_a_failed_attempt_is_looked_at_once_more(isp: Run, clock: MovedClock) -> None:
    attempt = make_attempt(isp, make_customer(isp))
    look = told(isp, attempt, Failed("1037", "Not reached."))
    assert look.next_check_at == START + timedelta(minutes=5)
    assert told(isp, attempt, Failed("1037", "Not reached.")).next_check_at is None
