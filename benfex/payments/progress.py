"""How a payment goes on, as the payer sees it: one picture of the attempt, the money and the service."""

from dataclasses import dataclass
from enum import IntEnum

from benfex.core.actors import require_customer_access
from benfex.core.unit_of_work import Snapshot
from data.queries import payments as payment_queries
from data.queries.clocks import restorations_of
from data.values.errors import NotFound
from data.values.identifiers import CustomerId, PaymentAttemptId
from data.values.money import Money
from data.values.roles import Permission
from data.values.states import AttemptStatus


class Stage(IntEnum):
    """How far a payment has come; each includes those before it."""

    ASKED = 0
    CONFIRMED = 1
    RECEIVED = 2
    RESTORED = 3


@dataclass(frozen=True, slots=True)
class PaymentProgress:
    """One attempt as its payer sees it.

    `failure` is why it came to nothing, None otherwise; `message` is what the gateway wants its payer told.
    `restores` says that a suspended service comes back with it; `is_done` that nothing more will happen.
    """

    attempt_id: PaymentAttemptId
    customer_id: CustomerId
    gateway: str
    amount: Money
    payer: str
    stage: Stage
    failure: str | None
    receipt: str | None
    received: Money | None
    restores: bool
    is_restored: bool
    redirect_url: str | None
    message: str = ""

    @property
    def is_done(self) -> bool:
        """Return whether nothing more will happen."""
        return self.failure is not None or (self.receipt is not None and self.restores is self.is_restored)


def payment_progress(snapshot: Snapshot, *, attempt_id: PaymentAttemptId) -> PaymentProgress:
    """Return how an attempt stands. Raises NotFound for an attempt the actor may not see."""
    attempt = payment_queries.find_attempt(snapshot.session, attempt_id)
    if attempt is None:
        raise NotFound("payment")
    customer_id = CustomerId(attempt.customer_id)
    require_customer_access(snapshot.actor, customer_id, Permission.VIEW_PAYMENTS)
    payment = payment_queries.payment_of_attempt(snapshot.session, attempt_id=attempt_id)
    clocks = restorations_of(snapshot.session, payment_id=payment.id) if payment and payment.id else []
    is_restored = bool(clocks) and all(read_back_at is not None for read_back_at in clocks)
    ended = attempt.status in (AttemptStatus.FAILED, AttemptStatus.EXPIRED)
    stage = Stage.ASKED
    if attempt.paid_reported_at is not None:
        stage = Stage.CONFIRMED
    if payment is not None:
        stage = Stage.RESTORED if is_restored else Stage.RECEIVED
    return PaymentProgress(
        attempt_id=attempt_id,
        customer_id=customer_id,
        gateway=attempt.gateway,
        amount=Money(attempt.amount_minor, attempt.currency),
        payer=attempt.payer,
        stage=stage,
        failure=_failure(attempt.failure_message) if ended and payment is None else None,
        receipt=payment.gateway_transaction_id if payment else None,
        received=Money(payment.amount_minor, payment.currency) if payment else None,
        restores=bool(clocks),
        is_restored=is_restored,
        redirect_url=attempt.redirect_url,
        message=attempt.customer_message or "",
    )


def attempt_of_reference(
    snapshot: Snapshot, *, customer_id: CustomerId, reference: str
) -> PaymentAttemptId | None:
    """Return the customer's attempt with our reference, None when it is not theirs.

    A gateway that does not look adds its own words with a second question mark.
    """
    require_customer_access(snapshot.actor, customer_id, Permission.VIEW_PAYMENTS)
    ours = reference.partition("?")[0]
    attempt = payment_queries.attempt_by_reference(snapshot.session, reference=ours)
    if attempt is None or attempt.id is None or attempt.customer_id != customer_id:
        return None
    return PaymentAttemptId(attempt.id)


def _failure(message: str | None) -> str:
    return message or "The request ran out of time. If money left your account, it will still be counted."
