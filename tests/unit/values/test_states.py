"""Which statuses follow which, as the business tells it."""

from enum import StrEnum

import pytest

from data.values.errors import InvalidTransition
from data.values.states import (
    AttemptStatus,
    CustomerStatus,
    InvoiceStatus,
    PaymentStatus,
    RouterStatus,
    SubscriptionStatus,
    TaskStatus,
    WebhookStatus,
    advance,
    can_advance,
)

STORY = [
    ("late money on a failed attempt counts", AttemptStatus.FAILED, AttemptStatus.SUCCEEDED),
    ("late money on an expired attempt counts", AttemptStatus.EXPIRED, AttemptStatus.SUCCEEDED),
    ("a callback may overtake the start call", AttemptStatus.CREATED, AttemptStatus.SUCCEEDED),
    ("an attempt that never started expires", AttemptStatus.CREATED, AttemptStatus.EXPIRED),
    ("a reversal opens the invoice again", InvoiceStatus.PAID, InvoiceStatus.OPEN),
    ("a bad debt may still be paid", InvoiceStatus.UNCOLLECTIBLE, InvoiceStatus.PAID),
    ("a draft may be thrown away", InvoiceStatus.DRAFT, InvoiceStatus.VOID),
    ("a refused task waits for its next try", TaskStatus.RUNNING, TaskStatus.PENDING),
    ("a newer wish supersedes a waiting task", TaskStatus.PENDING, TaskStatus.SUPERSEDED),
    ("a failed webhook is tried again", WebhookStatus.FAILED, WebhookStatus.RECEIVED),
    ("a payment lifts a suspension", SubscriptionStatus.SUSPENDED, SubscriptionStatus.ACTIVE),
    ("a pending subscription may be cancelled", SubscriptionStatus.PENDING, SubscriptionStatus.ENDED),
    ("a new password is tried afresh", RouterStatus.AUTH_FAILED, RouterStatus.UNKNOWN),
    ("a new router may be down", RouterStatus.UNKNOWN, RouterStatus.UNREACHABLE),
    ("an archived customer may return", CustomerStatus.ARCHIVED, CustomerStatus.ACTIVE),
    ("money may be taken back", PaymentStatus.RECEIVED, PaymentStatus.REVERSED),
]

NEVER = [
    ("an attempt never leaves succeeded", AttemptStatus.SUCCEEDED, AttemptStatus.FAILED),
    ("pending again is no news", AttemptStatus.PENDING, AttemptStatus.PENDING),
    ("an expired attempt does not fail", AttemptStatus.EXPIRED, AttemptStatus.FAILED),
    ("a void invoice stays void", InvoiceStatus.VOID, InvoiceStatus.OPEN),
    ("a paid invoice is credited and not voided", InvoiceStatus.PAID, InvoiceStatus.VOID),
    ("a draft is issued before it is paid", InvoiceStatus.DRAFT, InvoiceStatus.PAID),
    ("an ended subscription stays ended", SubscriptionStatus.ENDED, SubscriptionStatus.ACTIVE),
    ("what is not yet active cannot be suspended", SubscriptionStatus.PENDING, SubscriptionStatus.SUSPENDED),
    ("a paused line owes nothing new", SubscriptionStatus.PAUSED, SubscriptionStatus.PAST_DUE),
    ("a retired router stays retired", RouterStatus.RETIRED, RouterStatus.REACHABLE),
    ("a wrong password does not mend itself", RouterStatus.AUTH_FAILED, RouterStatus.REACHABLE),
    ("a running task is not superseded", TaskStatus.RUNNING, TaskStatus.SUPERSEDED),
    ("a processed webhook is done", WebhookStatus.PROCESSED, WebhookStatus.RECEIVED),
    ("a reversed payment stays reversed", PaymentStatus.REVERSED, PaymentStatus.RECEIVED),
]


@pytest.mark.parametrize(("current", "target"), [s[1:] for s in STORY], ids=[s[0] for s in STORY])
def test_what_may_happen(current: StrEnum, target: StrEnum) -> None:
    assert advance(current, target) is target


@pytest.mark.parametrize(("current", "target"), [s[1:] for s in NEVER], ids=[s[0] for s in NEVER])
def test_what_never_happens(current: StrEnum, target: StrEnum) -> None:
    assert not can_advance(current, target)
    with pytest.raises(InvalidTransition):
        advance(current, target)


def test_the_refusal_names_the_machine_and_both_statuses() -> None:
    with pytest.raises(InvalidTransition, match="A subscription that is ended cannot become active"):
        advance(SubscriptionStatus.ENDED, SubscriptionStatus.ACTIVE)


def test_statuses_of_two_machines_do_not_mix() -> None:
    with pytest.raises(TypeError):
        advance(TaskStatus.PENDING, AttemptStatus.FAILED)


def test_a_bare_word_is_no_status() -> None:
    with pytest.raises(TypeError):
        advance("open", "paid")  # type: ignore[type-var]
