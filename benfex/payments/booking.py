"""Book money once it is said whose it is, or that nobody is known: one payment or many, in the same few statements.

Whose the money is, is said in `matching`; whether evidence is believed, in `settlement`; what it pays, in
`billing/invoicing`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from benfex.billing.credit_use import use_credit
from benfex.core.audit import record_audits
from benfex.core.events import AttemptChanged, PaymentSettled
from benfex.core.unit_of_work import UnitOfWork
from benfex.ledger import entries
from benfex.ledger.journal import EntryDraft, EntrySource, post_entries
from benfex.payments.gateway import PaymentEvidence, name_of_gateway
from benfex.payments.hosted_checkouts import note_paid
from benfex.payments.matching import Match, accounts_for, write_match
from benfex.payments.receipts import BookedMoney, tell_receipts
from benfex.subscriptions.prepaid import renew_from_money
from benfex.subscriptions.restoration import lift_non_payments
from data.locks import lock_customers
from data.models.cashier import MatchDecision
from data.models.payment import Payment, PaymentAttempt, RestorationClock
from data.queries import payments as payment_queries
from data.queries import restoration as restoration_queries
from data.queries.bulk import reserve_ids
from data.queries.payments import NewPayment
from data.values.identifiers import CustomerId, PayLinkId, PaymentAttemptId, PaymentId
from data.values.kinds import EntryKind, EvidenceGrade
from data.values.money import Money
from data.values.states import AttemptStatus, PaymentStatus, advance

# A callback that carries no signature is believed at once and asked about soon after.
_SECOND_OPINION = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Told:
    """Evidence as it came: `at` is when the first message with this receipt reached us, `source` names the door."""

    evidence: PaymentEvidence
    at: datetime
    source: str


@dataclass(frozen=True, slots=True)
class Placed:
    """Evidence that is believed, whose money it is, and on whose account it goes, None while that is not known."""

    told: Told
    match: Match
    account_id: CustomerId | None


def book_payments(uow: UnitOfWork, placed: Sequence[Placed]) -> tuple[PaymentId, ...]:
    """Book payments, pay invoices with them and restore what they pay for; return their ids in the same order.

    Their transactions are not booked yet, their accounts are held, and no two have an attempt or an account in common.
    """
    if not placed:
        return ()
    ids = [PaymentId(row) for row in reserve_ids(uow.session, Payment, len(placed))]
    payment_queries.add_payments(
        uow.session, [_new_payment(uow, payment_id, one) for payment_id, one in zip(ids, placed, strict=True)]
    )
    drafts = [
        draft
        for payment_id, one in zip(ids, placed, strict=True)
        for draft in _drafts(uow, payment_id, one.told.evidence, one.account_id)
    ]
    post_entries(uow, drafts)
    for one in placed:
        attempt = one.match.attempt
        if attempt is not None:
            mark_succeeded(uow, attempt)
            if one.told.evidence.grade is EvidenceGrade.SECRET_PATH:
                attempt.next_check_at = uow.now + _SECOND_OPINION
    booked = [_booked(payment_id, one) for payment_id, one in zip(ids, placed, strict=True)]
    _use(uow, booked)
    record_audits(
        uow,
        action="settle",
        entity="payment",
        changes=[
            (
                one.payment_id,
                {"gateway": one.gateway, "amount_minor": one.amount.minor, "match": given.match.reason},
            )
            for one, given in zip(booked, placed, strict=True)
        ],
    )
    _announce(uow, booked)
    return tuple(ids)


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
    account_id = hold_accounts(uow, {customer_id: payment.currency})[customer_id]
    sender_id = customer_id if customer_id != account_id else None
    payment.customer_id, payment.sent_by_customer_id = account_id, sender_id
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
    amount = Money(payment.amount_minor, payment.currency)
    post_entries(
        uow,
        [
            EntryDraft(
                EntryKind.PAYMENT_MATCHED,
                EntrySource("match", decision.id),
                entries.payment_matched(account_id, amount),
                uow.now,
                f"{name_of_gateway(payment.gateway)} {payment.gateway_transaction_id}",
            )
        ],
    )
    booked = BookedMoney(
        payment_id=PaymentId(payment.id),
        customer_id=account_id,
        sender_id=sender_id,
        amount=amount,
        gateway=payment.gateway,
        transaction_id=payment.gateway_transaction_id,
        evidence_at=evidence_at,
    )
    uow.session.flush()
    _use(uow, [booked])
    _announce(uow, [booked])


def hold_accounts(uow: UnitOfWork, currencies: Mapping[CustomerId, str]) -> dict[CustomerId, CustomerId]:
    """Return on whose account each customer's money goes, all of them held; `currencies` says in what it came."""
    if not currencies:
        return {}
    lock_customers(uow.session, currencies)
    accounts = accounts_for(uow, currencies)
    others = set(accounts.values()) - set(currencies)
    if others:
        lock_customers(uow.session, others)
    return accounts


def note_match(uow: UnitOfWork, payment: Payment, match: Match, *, made_by: str = "") -> None:
    """Keep on a payment what was found out about whose it is."""
    payment.match_reason = match.reason[:160]
    payment.match_score = match.score if match.customer_id is not None else None
    payment.match_reasons = write_match(match)
    payment.matched_by, payment.matched_at = made_by, uow.now if match.customer_id is not None else None


def mark_succeeded(uow: UnitOfWork, attempt: PaymentAttempt) -> None:
    """Note that the money which an attempt asked for has come."""
    assert attempt.id is not None
    if attempt.status is not AttemptStatus.SUCCEEDED:
        attempt.status = advance(attempt.status, AttemptStatus.SUCCEEDED)
    attempt.next_check_at = None
    attempt.failure_code = attempt.failure_message = None
    attempt.needs_review, attempt.review_reason = False, None
    if attempt.pay_link_id is not None:
        uow.session.flush()
        note_paid(uow, pay_link_id=PayLinkId(attempt.pay_link_id))
    uow.emit(
        AttemptChanged(
            attempt_id=PaymentAttemptId(attempt.id),
            customer_id=CustomerId(attempt.customer_id),
            status=AttemptStatus.SUCCEEDED,
        )
    )


def _new_payment(uow: UnitOfWork, payment_id: PaymentId, placed: Placed) -> NewPayment:
    evidence, match = placed.told.evidence, placed.match
    is_found = match.customer_id is not None
    return NewPayment(
        id=payment_id,
        customer_id=placed.account_id,
        sent_by_customer_id=_sender(placed),
        attempt_id=match.attempt.id if match.attempt else None,
        gateway=evidence.gateway,
        gateway_transaction_id=evidence.transaction_id,
        amount_minor=evidence.amount.minor,
        fee_minor=evidence.fee.minor if evidence.fee else 0,
        currency=evidence.amount.currency,
        status=PaymentStatus.RECEIVED,
        grade=evidence.grade,
        source=placed.told.source,
        received_at=uow.now,
        payer_name=(evidence.payer_name or "")[:120],
        payer_phone=(evidence.payer_phone or evidence.payer_phone_sha256 or "")[:64],
        account_reference=(evidence.account_reference or "")[:64],
        match_reason=match.reason[:160],
        match_score=match.score if is_found else None,
        match_reasons=write_match(match),
        matched_by="",
        matched_at=uow.now if is_found else None,
    )


def _sender(placed: Placed) -> CustomerId | None:
    return placed.match.customer_id if placed.match.customer_id != placed.account_id else None


def _booked(payment_id: PaymentId, placed: Placed) -> BookedMoney:
    evidence = placed.told.evidence
    return BookedMoney(
        payment_id=payment_id,
        customer_id=placed.account_id,
        sender_id=_sender(placed),
        amount=evidence.amount,
        gateway=evidence.gateway,
        transaction_id=evidence.transaction_id,
        evidence_at=placed.told.at,
    )


def _drafts(
    uow: UnitOfWork, payment_id: PaymentId, evidence: PaymentEvidence, account_id: CustomerId | None
) -> list[EntryDraft]:
    source = EntrySource("payment", payment_id)
    memo = f"{name_of_gateway(evidence.gateway)} {evidence.transaction_id}"
    if account_id is None:
        kind, lines = (
            EntryKind.PAYMENT_UNMATCHED,
            entries.payment_unmatched(evidence.gateway, evidence.amount),
        )
    else:
        kind = EntryKind.PAYMENT_RECEIVED
        lines = entries.payment_received(evidence.gateway, account_id, evidence.amount)
    drafts = [EntryDraft(kind, source, lines, uow.now, memo)]
    if evidence.fee is not None and evidence.fee.is_positive:
        fee_lines = entries.gateway_fee(evidence.gateway, evidence.fee)
        drafts.append(EntryDraft(EntryKind.GATEWAY_FEE, source, fee_lines, uow.now, memo))
    return drafts


def _use(uow: UnitOfWork, booked: Sequence[BookedMoney]) -> None:
    """Pay invoices with money that has its account, and restore what it pays for, its sender's services first."""
    owned = {one.customer_id: one for one in booked if one.customer_id is not None}
    if not owned:
        return
    use_credit(uow, {account_id: one.amount.currency for account_id, one in owned.items()})
    lifted = lift_non_payments(uow, customer_ids=owned)
    restored = [(owned[account_id], *place) for account_id, found in lifted.items() for place in found]
    for account_id in restoration_queries.prepaid_payers(uow.session, payer_ids=owned):
        one = owned[CustomerId(account_id)]
        for renewal in renew_from_money(uow, customer_id=CustomerId(account_id), first_of=one.sender_id):
            if renewal.restored_connection_id is not None:
                restored.append((one, renewal.subscription_id, renewal.restored_connection_id))
    for one, subscription_id, connection_id in restored:
        uow.session.add(
            RestorationClock(
                payment_id=one.payment_id,
                subscription_id=subscription_id,
                connection_id=connection_id,
                evidence_at=one.evidence_at,
                matched_at=uow.now,
                settled_at=uow.now,
            )
        )
    uow.session.flush()


def _announce(uow: UnitOfWork, booked: Sequence[BookedMoney]) -> None:
    tell_receipts(uow, booked)
    for one in booked:
        uow.emit(
            PaymentSettled(
                payment_id=one.payment_id,
                customer_id=one.customer_id,
                amount_minor=one.amount.minor,
                currency=one.amount.currency,
                gateway=one.gateway,
            )
        )
