"""Turn evidence of money into a payment, exactly once: one act for every door.

The key of a payment is the gateway's transaction id. Whose the money is, is said in `matching`; what it pays,
in `billing/invoicing`. Evidence that came over a secret path proves less than a signature: it must agree with
what we asked for, or it waits for the gateway's own word (Daraja callbacks carry no signature).
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from benfex.billing.credit_use import allocate_open_money
from benfex.core.actors import require
from benfex.core.audit import record_audit
from benfex.core.events import AttemptChanged, PaymentSettled
from benfex.core.unit_of_work import UnitOfWork
from benfex.ledger import entries
from benfex.ledger.journal import EntrySource, post_entry
from benfex.payments.differences import note_other_amount
from benfex.payments.gateway import PaymentEvidence, name_of_gateway
from benfex.payments.hosted_checkouts import note_paid
from benfex.payments.matching import ASKED_FOR, Match, account_for, match_evidence, write_match
from benfex.payments.receipts import tell_receipt
from benfex.subscriptions.prepaid import renew_from_money
from benfex.subscriptions.restoration import lift_non_payment
from data.locks import lock_customer
from data.models.cashier import MatchDecision
from data.models.payment import Payment, PaymentAttempt, RestorationClock
from data.queries import matching as matching_queries
from data.queries import payments as payment_queries
from data.values.identifiers import CustomerId, PayLinkId, PaymentAttemptId, PaymentId, SubscriptionId
from data.values.kinds import EntryKind, EvidenceGrade
from data.values.money import Money
from data.values.roles import Permission
from data.values.states import AttemptStatus, PaymentStatus, advance

# A callback that carries no signature is believed at once and asked about soon after.
_SECOND_OPINION = timedelta(seconds=30)


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
    booked = payment_queries.payment_of_transaction(
        uow.session, gateway=evidence.gateway, transaction_id=evidence.transaction_id
    )
    if booked is not None:
        return _enrich(uow, booked, evidence, evidence_at)
    match = match_evidence(uow, evidence=evidence)
    refused = _refusal(uow, match, evidence)
    if refused is not None:
        return _hold(uow, match, refused)
    customer_id = _locked_account(uow, match.customer_id, evidence.amount.currency)
    payment = Payment(
        customer_id=customer_id,
        sent_by_customer_id=match.customer_id if match.customer_id != customer_id else None,
        attempt_id=match.attempt.id if match.attempt else None,
        gateway=evidence.gateway,
        gateway_transaction_id=evidence.transaction_id,
        amount_minor=evidence.amount.minor,
        fee_minor=evidence.fee.minor if evidence.fee else 0,
        currency=evidence.amount.currency,
        status=PaymentStatus.RECEIVED,
        grade=evidence.grade,
        source=source,
        received_at=uow.now,
        payer_name=(evidence.payer_name or "")[:120],
        payer_phone=(evidence.payer_phone or evidence.payer_phone_sha256 or "")[:64],
        account_reference=(evidence.account_reference or "")[:64],
    )
    note_match(uow, payment, match)
    uow.session.add(payment)
    uow.session.flush()
    assert payment.id is not None
    payment_id = PaymentId(payment.id)
    _post(uow, payment_id, evidence, customer_id)
    if match.attempt is not None:
        _succeed(uow, match.attempt)
        if evidence.grade is EvidenceGrade.SECRET_PATH:
            match.attempt.next_check_at = uow.now + _SECOND_OPINION
    if customer_id is not None:
        _use(uow, payment, evidence_at=evidence_at)
    record_audit(
        uow,
        action="settle",
        entity="payment",
        entity_id=payment_id,
        changes={"gateway": evidence.gateway, "amount_minor": evidence.amount.minor, "match": match.reason},
    )
    _announce(uow, payment)
    return SettlementOutcome(Settled.BOOKED, payment_id)


def give_money(
    uow: UnitOfWork,
    payment: Payment,
    *,
    customer_id: CustomerId,
    match: Match,
    evidence_at: datetime,
    made_by: str = "",
) -> None:
    """Give unmatched money to a customer: post it, pay invoices with it and restore what it pays for.

    `made_by` is the person who said so, empty when what came later told it.
    """
    assert payment.id is not None
    account_id = _locked_account(uow, customer_id, payment.currency)
    assert account_id is not None
    payment.customer_id = account_id
    payment.sent_by_customer_id = customer_id if customer_id != account_id else None
    note_match(uow, payment, match, made_by=made_by)
    decision = MatchDecision(
        payment_id=payment.id,
        customer_id=customer_id,
        score=match.score,
        reasons=json.dumps(match.reasons),
        made_by=made_by,
        made_at=uow.now,
    )
    uow.session.add(decision)
    uow.session.flush()
    assert decision.id is not None
    post_entry(
        uow,
        kind=EntryKind.PAYMENT_MATCHED,
        source=EntrySource("match", decision.id),
        postings=entries.payment_matched(account_id, Money(payment.amount_minor, payment.currency)),
        occurred_at=uow.now,
        memo=f"{name_of_gateway(payment.gateway)} {payment.gateway_transaction_id}",
    )
    uow.session.flush()
    _use(uow, payment, evidence_at=evidence_at)
    _announce(uow, payment)


def note_match(uow: UnitOfWork, payment: Payment, match: Match, *, made_by: str = "") -> None:
    """Keep on a payment what was found out about whose it is."""
    payment.match_reason = match.reason[:160]
    payment.match_score = match.score if match.customer_id is not None else None
    payment.match_reasons = write_match(match)
    payment.matched_by, payment.matched_at = made_by, uow.now if match.customer_id is not None else None


def _locked_account(uow: UnitOfWork, customer_id: CustomerId | None, currency: str) -> CustomerId | None:
    """Return whose account a customer's money is booked to, held; None for money whose customer is not known."""
    if customer_id is None:
        return None
    lock_customer(uow.session, customer_id)
    account_id = account_for(uow, customer_id=customer_id, currency=currency)
    if account_id != customer_id:
        lock_customer(uow.session, account_id)
    return account_id


def _use(uow: UnitOfWork, payment: Payment, *, evidence_at: datetime) -> None:
    """Pay invoices with money that has its account, and restore what it pays for, its sender's services first."""
    assert payment.id is not None
    assert payment.customer_id is not None
    customer_id = CustomerId(payment.customer_id)
    allocate_open_money(uow, customer_id=customer_id, currency=payment.currency)
    sender_id = CustomerId(payment.sent_by_customer_id) if payment.sent_by_customer_id else None
    restore_services(
        uow,
        customer_id=customer_id,
        payment_id=PaymentId(payment.id),
        evidence_at=evidence_at,
        sender_id=sender_id,
    )


def restore_services(
    uow: UnitOfWork,
    *,
    customer_id: CustomerId,
    payment_id: PaymentId,
    evidence_at: datetime,
    sender_id: CustomerId | None = None,
) -> tuple[SubscriptionId, ...]:
    """Give back what non-payment took, when no more than the tolerated debt is overdue; start its clocks.

    Prepaid services get the period that the money opens, first those of `sender_id`, for whom `customer_id` pays.
    """
    restored = list(lift_non_payment(uow, customer_id=customer_id))
    restored += [
        (renewal.subscription_id, renewal.restored_connection_id)
        for renewal in renew_from_money(uow, customer_id=customer_id, first_of=sender_id)
        if renewal.restored_connection_id is not None
    ]
    for subscription_id, connection_id in restored:
        uow.session.add(
            RestorationClock(
                payment_id=payment_id,
                subscription_id=subscription_id,
                connection_id=connection_id,
                evidence_at=evidence_at,
                matched_at=uow.now,
                settled_at=uow.now,
            )
        )
    uow.session.flush()
    return tuple(subscription_id for subscription_id, _ in restored)


def _refusal(uow: UnitOfWork, match: Match, evidence: PaymentEvidence) -> Settled | None:
    if evidence.grade is not EvidenceGrade.SECRET_PATH or evidence.attempt_token is None:
        return None
    attempt = match.attempt
    if attempt is None:
        return Settled.UNKNOWN_ATTEMPT
    same_amount = (attempt.amount_minor, attempt.currency) == (
        evidence.amount.minor,
        evidence.amount.currency,
    )
    named = evidence.gateway_reference
    same_reference = attempt.gateway_reference is None or attempt.gateway_reference == named
    is_open = not _has_other_receipt(uow, attempt, evidence.transaction_id)
    return None if same_amount and same_reference and is_open else Settled.HELD


def _has_other_receipt(uow: UnitOfWork, attempt: PaymentAttempt, transaction_id: str) -> bool:
    """Return whether the prompt was answered by another receipt: one has one, so a second is not believed."""
    assert attempt.id is not None
    paid = payment_queries.payments_of_attempt(uow.session, attempt_id=attempt.id)
    return any(row.match_reason == ASKED_FOR and row.gateway_transaction_id != transaction_id for row in paid)


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
    uow: UnitOfWork, payment: Payment, evidence: PaymentEvidence, evidence_at: datetime
) -> SettlementOutcome:
    assert payment.id is not None
    match = match_evidence(uow, evidence=evidence)
    agrees = (payment.amount_minor, payment.currency) == (evidence.amount.minor, evidence.amount.currency)
    if not agrees:
        note_other_amount(
            uow,
            gateway=payment.gateway,
            transaction_id=payment.gateway_transaction_id,
            payment_id=PaymentId(payment.id),
            booked=Money(payment.amount_minor, payment.currency),
            told=evidence.amount,
            at=payment.received_at,
        )
    elif _refusal(uow, match, evidence) is None:
        exact = evidence.attempt_token is not None or evidence.our_reference is not None
        is_waiting = payment.customer_id is None and payment.status is PaymentStatus.RECEIVED
        # What a person took back, only a person places anew: the next evidence would say the same again.
        if (
            is_waiting
            and match.customer_id
            and not matching_queries.was_undone(uow.session, payment_id=payment.id)
        ):
            # What came first told of the money only, and this tells whose it is.
            give_money(uow, payment, customer_id=match.customer_id, match=match, evidence_at=evidence_at)
            exact = True
        senders = (payment.customer_id, payment.sent_by_customer_id)
        if match.attempt is not None and exact and match.attempt.customer_id in senders:
            payment.attempt_id = match.attempt.id
            note_match(uow, payment, match, made_by=payment.matched_by)
            if match.attempt.status is not AttemptStatus.SUCCEEDED:
                _succeed(uow, match.attempt)
    payment.payer_name = payment.payer_name or (evidence.payer_name or "")[:120]
    payment.account_reference = payment.account_reference or (evidence.account_reference or "")[:64]
    uow.session.flush()
    return SettlementOutcome(Settled.KNOWN, PaymentId(payment.id), "this transaction is booked already")


def _post(
    uow: UnitOfWork, payment_id: PaymentId, evidence: PaymentEvidence, customer_id: CustomerId | None
) -> None:
    source = EntrySource("payment", payment_id)
    memo = f"{name_of_gateway(evidence.gateway)} {evidence.transaction_id}"
    if customer_id is None:
        kind, lines = (
            EntryKind.PAYMENT_UNMATCHED,
            entries.payment_unmatched(evidence.gateway, evidence.amount),
        )
    else:
        kind = EntryKind.PAYMENT_RECEIVED
        lines = entries.payment_received(evidence.gateway, customer_id, evidence.amount)
    post_entry(uow, kind=kind, source=source, postings=lines, occurred_at=uow.now, memo=memo)
    if evidence.fee is not None and evidence.fee.is_positive:
        post_entry(
            uow,
            kind=EntryKind.GATEWAY_FEE,
            source=source,
            postings=entries.gateway_fee(evidence.gateway, evidence.fee),
            occurred_at=uow.now,
            memo=memo,
        )


def _succeed(uow: UnitOfWork, attempt: PaymentAttempt) -> None:
    assert attempt.id is not None
    if attempt.status is not AttemptStatus.SUCCEEDED:
        attempt.status = advance(attempt.status, AttemptStatus.SUCCEEDED)
    attempt.next_check_at = None
    attempt.failure_code = attempt.failure_message = None
    attempt.needs_review, attempt.review_reason = False, None
    uow.session.flush()
    if attempt.pay_link_id is not None:
        note_paid(uow, pay_link_id=PayLinkId(attempt.pay_link_id))
    uow.emit(
        AttemptChanged(
            attempt_id=PaymentAttemptId(attempt.id),
            customer_id=CustomerId(attempt.customer_id),
            status=AttemptStatus.SUCCEEDED,
        )
    )


def _announce(uow: UnitOfWork, payment: Payment) -> None:
    assert payment.id is not None
    if payment.customer_id is not None:
        tell_receipt(uow, payment)
    uow.emit(
        PaymentSettled(
            payment_id=PaymentId(payment.id),
            customer_id=CustomerId(payment.customer_id) if payment.customer_id is not None else None,
            amount_minor=payment.amount_minor,
            currency=payment.currency,
            gateway=payment.gateway,
        )
    )
