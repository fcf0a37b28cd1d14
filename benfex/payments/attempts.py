"""The life of a payment attempt: made, sent, waiting, failed, expired. Success is `settlement`'s to say."""

from datetime import datetime, timedelta

from benfex.core.events import AttemptChanged, AttemptCheckDue
from benfex.core.unit_of_work import UnitOfWork
from benfex.payments.card_notices import note_card_failed
from benfex.payments.gateway import ChargeFailed, PaidWithoutReceipt, StatusChanged
from data.models.payment import PaymentAttempt
from data.queries import payments as payment_queries
from data.values.identifiers import CustomerId, PaymentAttemptId
from data.values.states import AttemptStatus, advance

# After the push: 10, 30, 60, 90, 150, 300 s, then every 10 minutes for an hour, then hourly to 72 h
# (reference: callbacks come late or never; a query is cheap but limited).
_CHECKS = (10, 30, 60, 90, 150, 300, 900, 1500, 2100, 2700, 3300, 3900)
_HOURLY = 3600
_GIVE_UP = timedelta(hours=72)


def next_check_after(started_at: datetime, checks: int, now: datetime) -> datetime | None:
    """Return when to ask the gateway again after so many checks; None after 72 hours."""
    planned = [started_at + timedelta(seconds=seconds) for seconds in _CHECKS[checks : checks + 1]]
    due = max(*planned, now + timedelta(seconds=1)) if planned else now + timedelta(seconds=_HOURLY)
    return due if due - started_at < _GIVE_UP else None


def announce(uow: UnitOfWork, attempt: PaymentAttempt) -> None:
    """Tell who watches that the attempt moved."""
    assert attempt.id is not None
    uow.emit(
        AttemptChanged(
            attempt_id=PaymentAttemptId(attempt.id),
            customer_id=CustomerId(attempt.customer_id),
            status=attempt.status,
        )
    )


def fail_attempt(uow: UnitOfWork, *, gateway: str, failure: ChargeFailed) -> str | None:
    """Note a clear no; return a reason when no attempt of ours is meant. A success is never undone."""
    attempt = named_attempt(uow, gateway, failure.attempt_token, failure.gateway_reference)
    if attempt is None:
        return "no attempt of ours carries this callback"
    mark_failed(uow, attempt, code=failure.code, message=failure.message)
    return None


def mark_failed(uow: UnitOfWork, attempt: PaymentAttempt, *, code: str, message: str) -> None:
    """Move a waiting attempt to failed; what came to an end before stays as it is."""
    if attempt.status not in payment_queries.OPEN_STATES or attempt.paid_reported_at is not None:
        return
    attempt.status = advance(attempt.status, AttemptStatus.FAILED)
    attempt.failure_code, attempt.failure_message = code[:40], message[:250]
    # Phones answer late: one more look catches money that came after the no.
    attempt.next_check_at = uow.now + timedelta(minutes=5)
    uow.session.flush()
    note_card_failed(uow, attempt)
    announce(uow, attempt)


def note_paid_without_receipt(uow: UnitOfWork, *, gateway: str, event: PaidWithoutReceipt) -> str | None:
    """Note that the gateway says paid but gave no receipt: nothing is booked, and it is asked at once.

    Return a reason when no attempt of ours is meant.
    """
    attempt = named_attempt(uow, gateway, event.attempt_token, event.gateway_reference)
    if attempt is None:
        return "no attempt of ours carries this callback"
    if attempt.status is AttemptStatus.SUCCEEDED:
        return None
    attempt.paid_reported_at = attempt.paid_reported_at or uow.now
    check_now(uow, attempt)
    announce(uow, attempt)
    return None


def ask_again(uow: UnitOfWork, *, gateway: str, event: StatusChanged) -> str | None:
    """Have a payment asked about at once, a settled one too: it may have been taken back.

    Where our start was never answered, this is how we learn the gateway's name of it. Return a reason when no
    attempt of ours is meant.
    """
    attempt = None
    if event.our_reference:
        attempt = payment_queries.attempt_by_reference(uow.session, reference=event.our_reference)
    elif event.gateway_reference:
        attempt = named_attempt(uow, gateway, None, event.gateway_reference)
    if attempt is None or attempt.gateway != gateway:
        return "no attempt of ours carries this callback"
    if attempt.gateway_reference is None and event.gateway_reference:
        taken = named_attempt(uow, gateway, None, event.gateway_reference)
        attempt.gateway_reference = event.gateway_reference if taken is None else None
    check_now(uow, attempt)
    return None


def check_now(uow: UnitOfWork, attempt: PaymentAttempt) -> None:
    """Have an attempt asked about in the next moment."""
    assert attempt.id is not None
    attempt.next_check_at = uow.now
    uow.session.flush()
    uow.emit(AttemptCheckDue(attempt_id=PaymentAttemptId(attempt.id)))


def named_attempt(
    uow: UnitOfWork, gateway: str, token_hash: str | None, gateway_reference: str | None
) -> PaymentAttempt | None:
    """Return the attempt a callback names by its path, else by the gateway's reference."""
    if token_hash:
        return payment_queries.attempt_by_callback(uow.session, token_hash=token_hash)
    if gateway_reference:
        return payment_queries.attempt_by_gateway_reference(
            uow.session, gateway=gateway, gateway_reference=gateway_reference
        )
    return None
