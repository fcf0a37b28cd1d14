"""Turn evidence of money into payments, each exactly once: one act for every door.

The key of a payment is the gateway's transaction id. Whose the money is, is said in `matching`; how it is booked,
in `booking`. Evidence that came over a secret path proves less than a signature: it must agree with what we
asked for, or it waits for the gateway's own word (Daraja callbacks carry no signature).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from benfex.core.actors import require
from benfex.core.unit_of_work import UnitOfWork
from benfex.payments.booking import (
    Placed,
    Told,
    book_payments,
    give_money,
    hold_accounts,
    mark_succeeded,
    note_match,
)
from benfex.payments.differences import note_other_amount
from benfex.payments.gateway import PaymentEvidence
from benfex.payments.matching import ASKED_FOR, Match, match_evidence, match_exactly
from data.models.payment import Payment
from data.queries import matching as matching_queries
from data.queries import payments as payment_queries
from data.values.identifiers import PaymentId
from data.values.kinds import EvidenceGrade
from data.values.money import Money
from data.values.roles import Permission
from data.values.states import AttemptStatus, PaymentStatus

_Receipts = Mapping[int, set[str]]  # of attempts, the transactions that answered them


class Settled(StrEnum):
    """What became of the evidence."""

    BOOKED = "booked"
    KNOWN = "known"
    HELD = "held"
    UNKNOWN_ATTEMPT = "unknown_attempt"


@dataclass(frozen=True, slots=True)
class SettlementOutcome:
    """What became of the evidence, and the payment when there is one."""

    settled: Settled
    payment_id: PaymentId | None = None
    reason: str = ""


def settle_payment(
    uow: UnitOfWork, *, evidence: PaymentEvidence, evidence_at: datetime, source: str
) -> SettlementOutcome:
    """Book the money of `evidence` once, pay invoices with it and restore what it pays for.

    The money of somebody who is paid for is booked to who pays for them, with its sender noted, unless they have
    open invoices of their own. `evidence_at` is when the first message with this receipt reached us; `source`
    names the door.
    """
    require(uow.actor, Permission.RECORD_PAYMENTS)
    return _settle_alone(uow, Told(evidence, evidence_at, source))


def settle_payments(uow: UnitOfWork, *, told: Sequence[Told]) -> tuple[SettlementOutcome, ...]:
    """Settle many pieces of evidence as `settle_payment` does each; return what became of them, in the same order.

    What is named exactly is booked together, once what came before it about the same money or customer is done.
    """
    require(uow.actor, Permission.RECORD_PAYMENTS)
    outcomes: dict[int, SettlementOutcome] = {}
    waiting = list(range(len(told)))
    while waiting:
        turn = _next_turn(uow, told, waiting) if len(waiting) > 1 else _Turn({}, waiting, [])
        booked = book_payments(uow, list(turn.together.values()))
        for place, payment_id in zip(turn.together, booked, strict=True):
            outcomes[place] = SettlementOutcome(Settled.BOOKED, payment_id)
        for place in turn.alone:
            outcomes[place] = _settle_alone(uow, told[place])
        waiting = turn.later
    return tuple(outcomes[place] for place in range(len(told)))


@dataclass(frozen=True, slots=True)
class _Turn:
    """What can be booked together now, by its place; what is looked at alone then; and what comes after both."""

    together: dict[int, Placed]
    alone: list[int]
    later: list[int]


def _next_turn(uow: UnitOfWork, told: Sequence[Told], waiting: Sequence[int]) -> _Turn:
    """Sort what waits: together goes what names its customer and has nothing in common with what is before it."""
    evidence = [told[place].evidence for place in waiting]
    known = payment_queries.payments_of_transactions(
        uow.session, transactions={(one.gateway, one.transaction_id) for one in evidence}
    )
    matches = match_exactly(uow, evidence=evidence)
    receipts = _receipts_of(uow, [match for match in matches if match is not None])
    accounts = hold_accounts(
        uow,
        {
            match.customer_id: one.amount.currency
            for one, match in zip(evidence, matches, strict=True)
            if match is not None and match.customer_id is not None
        },
    )
    turn, seen = _Turn({}, [], []), set[tuple[str, object]]()
    for place, one, match in zip(waiting, evidence, matches, strict=True):
        transaction = (one.gateway, one.transaction_id)
        touched: set[tuple[str, object]] = {("transaction", transaction)}
        account_id = None
        if match is not None and match.customer_id is not None:
            account_id = accounts[match.customer_id]
            touched |= {("customer", match.customer_id), ("customer", account_id)}
        if match is not None and match.attempt is not None:
            touched.add(("attempt", match.attempt.id))
        is_sure = match is not None and transaction not in known and _refusal(match, one, receipts) is None
        if touched & seen:
            turn.later.append(place)
        elif match is not None and is_sure:
            turn.together[place] = Placed(told[place], match, account_id)
        else:
            turn.alone.append(place)
        seen |= touched
    return turn


def _settle_alone(uow: UnitOfWork, told: Told) -> SettlementOutcome:
    evidence = told.evidence
    booked = payment_queries.payment_of_transaction(
        uow.session, gateway=evidence.gateway, transaction_id=evidence.transaction_id
    )
    match = match_evidence(uow, evidence=evidence)
    refused = _refusal(match, evidence, _receipts_of(uow, [match]))
    if booked is not None:
        return _enrich(uow, booked, told, match, is_believed=refused is None)
    if refused is not None:
        return _hold(uow, match, refused)
    account_id = None
    if match.customer_id is not None:
        held = hold_accounts(uow, {match.customer_id: evidence.amount.currency})
        account_id = held[match.customer_id]
    (payment_id,) = book_payments(uow, [Placed(told, match, account_id)])
    return SettlementOutcome(Settled.BOOKED, payment_id)


def _receipts_of(uow: UnitOfWork, matches: Sequence[Match]) -> _Receipts:
    """Return with which transactions the attempts that were named so far were answered."""
    ids = {
        match.attempt.id for match in matches if match.attempt is not None and match.attempt.id is not None
    }
    if not ids:
        return {}
    return payment_queries.receipts_of_attempts(uow.session, attempt_ids=ids, match_reason=ASKED_FOR)


def _refusal(match: Match, evidence: PaymentEvidence, receipts: _Receipts) -> Settled | None:
    if evidence.grade is not EvidenceGrade.SECRET_PATH or evidence.attempt_token is None:
        return None
    attempt = match.attempt
    if attempt is None or attempt.id is None:
        return Settled.UNKNOWN_ATTEMPT
    same_amount = (attempt.amount_minor, attempt.currency) == (
        evidence.amount.minor,
        evidence.amount.currency,
    )
    same_reference = attempt.gateway_reference in (None, evidence.gateway_reference)
    # A prompt has one receipt, so a second is not believed.
    is_open = receipts.get(attempt.id, set()) <= {evidence.transaction_id}
    return None if same_amount and same_reference and is_open else Settled.HELD


def _hold(uow: UnitOfWork, match: Match, refused: Settled) -> SettlementOutcome:
    if refused is Settled.UNKNOWN_ATTEMPT or match.attempt is None:
        return SettlementOutcome(Settled.UNKNOWN_ATTEMPT, reason="no attempt of ours carries this callback")
    attempt = match.attempt
    attempt.needs_review = True
    attempt.review_reason = (
        "The callback does not agree with what we asked for; waiting for the gateway's own record."
    )
    if attempt.status is not AttemptStatus.SUCCEEDED:
        attempt.next_check_at = uow.now
    uow.session.flush()
    return SettlementOutcome(Settled.HELD, reason=attempt.review_reason)


def _enrich(
    uow: UnitOfWork, payment: Payment, told: Told, match: Match, *, is_believed: bool
) -> SettlementOutcome:
    """Note what a further message tells of money that is booked."""
    assert payment.id is not None
    evidence = told.evidence
    if (payment.amount_minor, payment.currency) != (evidence.amount.minor, evidence.amount.currency):
        note_other_amount(
            uow,
            gateway=payment.gateway,
            transaction_id=payment.gateway_transaction_id,
            payment_id=PaymentId(payment.id),
            booked=Money(payment.amount_minor, payment.currency),
            told=evidence.amount,
            at=payment.received_at,
        )
    elif is_believed:
        _tell_whose(uow, payment, told, match)
    payment.payer_name = payment.payer_name or (evidence.payer_name or "")[:120]
    payment.account_reference = payment.account_reference or (evidence.account_reference or "")[:64]
    uow.session.flush()
    return SettlementOutcome(Settled.KNOWN, PaymentId(payment.id), "this transaction is booked already")


def _tell_whose(uow: UnitOfWork, payment: Payment, told: Told, match: Match) -> None:
    """Give money that waited to whom a further message names, and tie it to the attempt that it answers."""
    is_exact = told.evidence.attempt_token is not None or told.evidence.our_reference is not None
    is_waiting = payment.customer_id is None and payment.status is PaymentStatus.RECEIVED
    # What a person took back, only a person places anew: the next evidence would say the same again.
    if (
        is_waiting
        and match.customer_id
        and not matching_queries.was_undone(uow.session, payment_id=payment.id or 0)
    ):
        give_money(uow, payment, customer_id=match.customer_id, match=match, evidence_at=told.at)
        is_exact = True
    if match.attempt is None or not is_exact:
        return
    if match.attempt.customer_id in (payment.customer_id, payment.sent_by_customer_id):
        payment.attempt_id = match.attempt.id
        note_match(uow, payment, match, made_by=payment.matched_by)
    elif payment.customer_id is not None:
        return
    # Also where a person took the placement back, or the bank the money, before this was told: it had come.
    if match.attempt.status is not AttemptStatus.SUCCEEDED:
        mark_succeeded(uow, match.attempt)
