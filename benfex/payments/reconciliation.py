"""Ask gateways about what is unfinished, and book from their own record what no callback told us."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

import structlog

from benfex.core.actors import SystemActor
from benfex.core.clock import Clock
from benfex.core.errors import GatewayError
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.core.vault import Vault
from benfex.payments.accounts import GatewayBook
from benfex.payments.attempts import announce, check_now, mark_failed, next_check_after
from benfex.payments.booking import Told
from benfex.payments.gateway import (
    Failed,
    Gateway,
    PaidReceiptToFollow,
    PaymentEvidence,
    PaymentOutcome,
    Pending,
    Succeeded,
    TakenBack,
    Unknown,
)
from benfex.payments.gateway_events import RefundChanged, RefundDone
from benfex.payments.refund_news import note_refund_changed
from benfex.payments.saved_methods import settle_and_keep_cards
from benfex.payments.settlement import Settled
from benfex.payments.statement_keeping import keep_lines
from benfex.payments.taken_back import note_taken_back
from data.models.payment import PaymentAttempt
from data.queries import payments as payment_queries
from data.queries import refunds as refund_queries
from data.values.errors import BenfexError
from data.values.identifiers import PaymentAttemptId
from data.values.kinds import RefundWay
from data.values.states import AttemptStatus, RefundStatus, advance

_ACTOR = SystemActor("reconciler")
_AT_ONCE = 8
_KEPT_AT_ONCE = 200
_RECEIPT_FOLLOWS = timedelta(minutes=2)
_STATEMENT_MARGIN = timedelta(hours=1)
_log = structlog.get_logger("reconciliation")


@dataclass(frozen=True, slots=True)
class UnfinishedAttempt:
    """What is needed to ask about an attempt."""

    attempt_id: PaymentAttemptId
    gateway: str
    reference: str
    gateway_reference: str | None
    status: AttemptStatus
    started_at: datetime


@dataclass(frozen=True, slots=True)
class StatementMatch:
    """How many lines a gateway's record had, and how many of them were new to us and booked.

    `problem` says why it could not be read; empty when it was.
    """

    read: int
    booked: int
    problem: str = ""


class PaymentReconciler:
    """Asks gateways, and settles what they say through the same door as everything else."""

    def __init__(
        self, transactor: Transactor, gateways: GatewayBook, clock: Clock, *, vault: Vault | None = None
    ) -> None:
        self._transactor = transactor
        self._vault = vault
        self._gateways = gateways
        self._clock = clock

    async def check_due_attempts(self, *, limit: int = 50) -> int:
        """Ask about attempts whose check is due; return how many were asked about."""
        due = await self._transactor.read(_unfinished, _ACTOR, limit=limit)
        by_gateway: dict[str, list[UnfinishedAttempt]] = {}
        for attempt in due:
            by_gateway.setdefault(attempt.gateway, []).append(attempt)
        await asyncio.gather(*(self._check_all(name, found) for name, found in by_gateway.items()))
        return len(due)

    async def look_soon(self, attempt_id: PaymentAttemptId) -> None:
        """Have an attempt checked at the next turn: its payer came back from the gateway's page."""
        await self._transactor.transact(_check_now, _ACTOR, attempt_id=attempt_id)

    async def read_statement(self, gateway_name: str, *, since: datetime, until: datetime) -> StatementMatch:
        """Read what the gateway says it received in `[since, until)`, and book what we do not know yet."""
        gateway = self._gateways.get(gateway_name)
        try:
            entries = await gateway.read_statement(since=since, until=until)
        except GatewayError as error:
            _log.info("statement not read", gateway=gateway_name, reason=error.message)
            return StatementMatch(0, 0, error.message)
        return await self.take_in(gateway_name, entries)

    async def take_in(self, gateway_name: str, entries: Sequence[PaymentEvidence]) -> StatementMatch:
        """Book what of a gateway's record we do not know yet, and keep its lines, compared with our books."""
        booked = 0
        for start in range(0, len(entries), _KEPT_AT_ONCE):
            some = tuple(entries[start : start + _KEPT_AT_ONCE])
            fresh = await self._transactor.read(_unbooked, _ACTOR, gateway=gateway_name, entries=some)
            found = [
                evidence.transaction_id
                for evidence in fresh
                if await self._settle(evidence, source="statement") is Settled.BOOKED
            ]
            booked += len(found)
            await self._transactor.transact(
                keep_lines, _ACTOR, gateway=gateway_name, entries=some, found=frozenset(found)
            )
        return StatementMatch(len(entries), booked)

    async def _check_all(self, gateway_name: str, attempts: Sequence[UnfinishedAttempt]) -> None:
        """Ask one gateway, a few at once; what was paid without a receipt is looked up before the next few."""
        for start in range(0, len(attempts), _AT_ONCE):
            some = attempts[start : start + _AT_ONCE]
            if any(await asyncio.gather(*(self._check(attempt) for attempt in some))):
                await self.read_statement(
                    gateway_name,
                    since=min(attempt.started_at for attempt in some) - _STATEMENT_MARGIN,
                    until=self._clock.now() + _STATEMENT_MARGIN,
                )

    async def _check(self, attempt: UnfinishedAttempt) -> bool:
        """Ask about one attempt; return whether the gateway's statement is needed."""
        gateway = self._gateways.find(attempt.gateway)
        outcome = await _ask(gateway, attempt)
        if (
            isinstance(outcome, Succeeded)
            and attempt.status is not AttemptStatus.SUCCEEDED
            and await self._settle(outcome.evidence, source="query") is None
        ):
            outcome = Unknown("the payment could not be booked yet")
        await self._transactor.transact(note_answer, _ACTOR, attempt_id=attempt.attempt_id, outcome=outcome)
        lost = gateway is not None and attempt.gateway_reference is None
        needs = isinstance(outcome, PaidReceiptToFollow) or (lost and isinstance(outcome, Unknown))
        waits = attempt.status is not AttemptStatus.SUCCEEDED
        can = gateway is not None and gateway.capabilities.can_statement
        return needs and waits and can

    async def _settle(self, evidence: PaymentEvidence, *, source: str) -> Settled | None:
        """Book one; None when that is not possible now, so that one sum does not hold up the others."""
        try:
            told = (Told(evidence, self._clock.now(), source),)
            (outcome,) = await self._transactor.transact(
                settle_and_keep_cards, _ACTOR, told=told, vault=self._vault
            )
        except Exception as cause:  # noqa: BLE001 - one sum must not hold up the money behind it
            _log.warning(
                "not booked",
                gateway=evidence.gateway,
                transaction=evidence.transaction_id,
                reason=str(cause),
                exc_info=None if isinstance(cause, BenfexError) else cause,
            )
            return None
        return outcome.settled


async def _ask(gateway: Gateway | None, attempt: UnfinishedAttempt) -> PaymentOutcome:
    if gateway is None:
        return Unknown("this way to pay is not set up any more")
    try:
        return await gateway.query(reference=attempt.reference, gateway_reference=attempt.gateway_reference)
    except GatewayError as error:
        return Unknown(error.message)
    except Exception as cause:  # noqa: BLE001 - one attempt must not hold up the money behind it
        _log.error("asking failed", gateway=attempt.gateway, attempt_id=attempt.attempt_id, exc_info=cause)
        return Unknown("the answer was not understood")


def _check_now(uow: UnitOfWork, *, attempt_id: PaymentAttemptId) -> None:
    attempt = payment_queries.find_attempt(uow.session, attempt_id)
    if attempt is not None and attempt.status is not AttemptStatus.SUCCEEDED:
        check_now(uow, attempt)


def note_answer(uow: UnitOfWork, *, attempt_id: PaymentAttemptId, outcome: PaymentOutcome) -> None:
    """Keep what the gateway answered about an attempt, and when to ask again."""
    attempt = payment_queries.find_attempt(uow.session, attempt_id)
    assert attempt is not None
    attempt.checks += 1
    if isinstance(outcome, TakenBack):
        _note_taken_back(uow, attempt, outcome)
        return
    if attempt.status is AttemptStatus.SUCCEEDED:
        if isinstance(outcome, Failed):
            attempt.needs_review = True
            attempt.review_reason = "Booked from a callback, but the gateway says it was not paid."
        settled = not isinstance(outcome, (Pending, Unknown)) or attempt.checks > 5
        attempt.next_check_at = (
            None if settled else next_check_after(attempt.started_at or uow.now, attempt.checks, uow.now)
        )
        uow.session.flush()
        return
    attempt.next_check_at = next_check_after(attempt.started_at or uow.now, attempt.checks, uow.now)
    match outcome:
        case Succeeded():
            attempt.next_check_at = None
        case PaidReceiptToFollow():
            attempt.paid_reported_at = attempt.paid_reported_at or uow.now
            # The receipt mostly follows within seconds; where it does not, the plan of checks is enough.
            if attempt.next_check_at is not None and uow.now - attempt.paid_reported_at < _RECEIPT_FOLLOWS:
                attempt.next_check_at = min(attempt.next_check_at, uow.now + timedelta(seconds=15))
        case Failed(code=code, message=message):
            if attempt.status in payment_queries.OPEN_STATES:
                # What we asked ourselves outweighs a callback that said paid and proved nothing.
                attempt.paid_reported_at = None
                mark_failed(uow, attempt, code=code, message=message)
            else:
                attempt.next_check_at = None
        case Pending() | Unknown():
            waits = attempt.status in payment_queries.OPEN_STATES and attempt.paid_reported_at is None
            if waits and attempt.expires_at <= uow.now:
                attempt.status = advance(attempt.status, AttemptStatus.EXPIRED)
        case _:
            assert_never(outcome)
    if attempt.next_check_at is None and attempt.paid_reported_at is not None:
        attempt.needs_review, attempt.review_reason = (
            True,
            "Paid, says the gateway, but no receipt came in 72 hours.",
        )
    uow.session.flush()
    announce(uow, attempt)


def _note_taken_back(uow: UnitOfWork, attempt: PaymentAttempt, outcome: TakenBack) -> None:
    """Take the payment back where it was booked; of one that never was, nothing is left to do."""
    attempt.next_check_at = None
    if attempt.status is not AttemptStatus.SUCCEEDED:
        attempt.paid_reported_at = None
        mark_failed(uow, attempt, code="reversed", message=outcome.event.reason)
        attempt.next_check_at = None
        return
    told = outcome.event
    payment = refund_queries.payment_named(
        uow.session,
        gateway=attempt.gateway,
        transaction_id=told.transaction_id,
        payment_reference=told.payment_reference,
    )
    if payment is not None and payment.id is not None and _is_refunding(uow, payment.id):
        done = RefundChanged(RefundDone(), transaction_id=payment.gateway_transaction_id)
        note_refund_changed(uow, gateway=attempt.gateway, event=done)
    else:
        note_taken_back(uow, gateway=attempt.gateway, event=told)
    uow.session.flush()
    announce(uow, attempt)


def _is_refunding(uow: UnitOfWork, payment_id: int) -> bool:
    """Return whether we asked for the money to go back ourselves."""
    return any(
        refund.way is RefundWay.GATEWAY and refund.status is RefundStatus.PENDING
        for refund in refund_queries.refunds_of_payment(uow.session, payment_id=payment_id)
    )


def _unfinished(snapshot: Snapshot, *, limit: int) -> tuple[UnfinishedAttempt, ...]:
    return tuple(
        UnfinishedAttempt(
            PaymentAttemptId(row.id),
            row.gateway,
            row.reference,
            row.gateway_reference,
            row.status,
            row.started_at or snapshot.now,
        )
        for row in payment_queries.attempts_due(snapshot.session, now=snapshot.now, limit=limit)
        if row.id is not None
    )


def _unbooked(
    snapshot: Snapshot, *, gateway: str, entries: tuple[PaymentEvidence, ...]
) -> tuple[PaymentEvidence, ...]:
    known = payment_queries.booked_transactions(
        snapshot.session, gateway=gateway, transaction_ids=[entry.transaction_id for entry in entries]
    )
    return tuple(entry for entry in entries if entry.transaction_id not in known)
