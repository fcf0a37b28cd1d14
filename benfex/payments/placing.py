"""Place money that waits with its customer, learn from it, and take a placement back.

A confirmed match teaches the next one: how the account was written and which phone paid are remembered, and
forgotten again when the match is undone.
"""

from benfex.billing.credit_use import allocate_open_money
from benfex.core.actors import name_of, require
from benfex.core.audit import record_audit
from benfex.core.events import PaymentReversed
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.ledger import entries
from benfex.ledger.journal import EntrySource, post_entry
from benfex.payments.booking import give_money, note_match
from benfex.payments.gateway import name_of_gateway
from benfex.payments.matching import Clues, Match, facts_to_remember, shown_phone, suggest
from benfex.payments.reversal import free_allocations
from benfex.payments.scoring import HIGHEST, Suggestion
from benfex.payments.undoing import hold_off_dunning
from data.locks import lock_customer, lock_row
from data.models.cashier import MatchDecision, MatchHint
from data.models.payment import Payment
from data.queries import customers as customer_queries
from data.queries import matching as matching_queries
from data.queries import payments as payment_queries
from data.queries import refunds as refund_queries
from data.values.errors import Conflict, InvalidInput, NotFound
from data.values.identifiers import CustomerId, PaymentId
from data.values.kinds import EntryKind
from data.values.money import Money
from data.values.roles import Permission
from data.values.states import PaymentStatus

PLACED_BY_HAND = "placed by staff"


def suggestions(snapshot: Snapshot, *, payment_id: PaymentId) -> tuple[Suggestion, ...]:
    """Return whose a payment may be by what is known now, best first. Raises NotFound."""
    require(snapshot.actor, Permission.VIEW_PAYMENTS)
    payment = payment_queries.find_payment(snapshot.session, payment_id)
    if payment is None:
        raise NotFound("payment")
    return suggest(snapshot, clues=clues_of_payment(payment))


def match_payment(uow: UnitOfWork, *, payment_id: PaymentId, customer_id: CustomerId) -> None:
    """Give unmatched money to its customer, pay invoices with it, restore what it pays for, and learn from it.

    Whose account it is booked to is said in `settle_payment`. Raises NotFound, Conflict when it has a customer
    already, was reversed or is of another currency.
    """
    require(uow.actor, Permission.MATCH_PAYMENTS)
    customer = customer_queries.find_customer(uow.session, customer_id)
    if customer is None:
        raise NotFound("customer")
    lock_customer(uow.session, customer_id)
    payment = _held(uow, payment_id)
    if payment.customer_id is not None:
        raise Conflict("This money already has a customer.")
    if payment.currency != customer.currency:
        raise Conflict(f"This money is {payment.currency}, and the customer pays {customer.currency}.")
    clues = clues_of_payment(payment)
    spoke = {one.customer_id: one for one in suggest(uow, clues=clues)}.get(customer_id)
    match = Match(
        None,
        customer_id,
        PLACED_BY_HAND,
        spoke.score if spoke else HIGHEST,
        (PLACED_BY_HAND, *(spoke.reasons if spoke else ())),
    )
    who = name_of(uow.actor)
    give_money(uow, payment, customer_id=customer_id, match=match, evidence_at=uow.now, made_by=who)
    _learn(uow, clues, customer_id, who)
    record_audit(
        uow, action="match", entity="payment", entity_id=payment_id, changes={"customer_id": customer_id}
    )


def undo_match(uow: UnitOfWork, *, payment_id: PaymentId, reason: str) -> None:
    """Take money from the customer it was placed with, by whom ever; it waits again and pays nothing.

    What it paid is open again, and dunning decides about the services. What the match had taught is forgotten.
    Raises NotFound, InvalidInput without a reason, Conflict when it has no customer, was reversed or some of it
    was refunded.
    """
    require(uow.actor, Permission.MATCH_PAYMENTS)
    if not reason.strip():
        raise InvalidInput("reason", "Say why the money is not theirs.")
    found = payment_queries.find_payment(uow.session, payment_id)
    if found is None:
        raise NotFound("payment")
    if found.customer_id is not None:
        lock_customer(uow.session, found.customer_id)
    payment = _held(uow, payment_id)
    if payment.customer_id is None:
        raise Conflict("This money has no customer.")
    if refund_queries.refunded_minor(uow.session, payment_id=payment_id):
        raise Conflict("Some of this money was refunded, so it cannot be placed anew.")
    account_id, sender_id = payment.customer_id, payment.sent_by_customer_id or payment.customer_id
    free_allocations(uow, payment_id=payment_id)
    decision = _undone_decision(uow, payment, CustomerId(sender_id))
    _post_undone(uow, payment, decision)
    _forget(uow, clues_of_payment(payment), CustomerId(sender_id))
    payment.customer_id = payment.sent_by_customer_id = payment.attempt_id = None
    note_match(uow, payment, Match(None, None, f"placement undone: {reason.strip()}"))
    uow.session.flush()
    # Other credit of theirs pays what is open again; for the rest they get time, as they may not know of it.
    allocate_open_money(uow, customer_id=CustomerId(account_id), currency=payment.currency)
    account = customer_queries.find_customer(uow.session, CustomerId(account_id))
    assert account is not None
    hold_off_dunning(uow, account)
    uow.session.flush()
    record_audit(
        uow,
        action="undo match",
        entity="payment",
        entity_id=payment_id,
        changes={"customer_id": account_id, "reason": reason.strip()},
    )
    uow.emit(PaymentReversed(payment_id=payment_id, customer_id=CustomerId(account_id)))


def _held(uow: UnitOfWork, payment_id: PaymentId) -> Payment:
    payment = payment_queries.find_payment(uow.session, payment_id)
    if payment is None:
        raise NotFound("payment")
    lock_row(uow.session, Payment, payment_id)
    uow.session.refresh(payment)
    if payment.status is not PaymentStatus.RECEIVED:
        raise Conflict("This money was reversed.")
    return payment


def clues_of_payment(payment: Payment) -> Clues:
    """Return the clues of a payment that is booked."""
    shown = shown_phone(payment.payer_phone)
    return Clues(
        Money(payment.amount_minor, payment.currency),
        payment.account_reference,
        payment.payer_name,
        shown,
        None if shown else payment.payer_phone or None,
        payment.gateway_transaction_id,
    )


def _learn(uow: UnitOfWork, clues: Clues, customer_id: CustomerId, who: str) -> None:
    for kind, value in facts_to_remember(clues).items():
        hint = matching_queries.find_hint(uow.session, kind=kind, value=value, customer_id=customer_id)
        if hint is None:
            uow.session.add(
                MatchHint(
                    kind=kind, value=value, customer_id=customer_id, confirmed_by=who, confirmed_at=uow.now
                )
            )
            continue
        hint.confirmations += 1
        hint.confirmed_by, hint.confirmed_at = who, uow.now
    uow.session.flush()


def _forget(uow: UnitOfWork, clues: Clues, customer_id: CustomerId) -> None:
    for kind, value in facts_to_remember(clues).items():
        hint = matching_queries.find_hint(uow.session, kind=kind, value=value, customer_id=customer_id)
        if hint is not None:
            hint.confirmations = 0  # one wrong match is enough to trust it no more


def _undone_decision(uow: UnitOfWork, payment: Payment, customer_id: CustomerId) -> MatchDecision:
    """Return the decision that is undone; money that was placed at once had none until now."""
    assert payment.id is not None
    decision = matching_queries.standing_decision(uow.session, payment_id=payment.id)
    if decision is None:
        decision = MatchDecision(
            payment_id=payment.id,
            customer_id=customer_id,
            score=payment.match_score,
            reasons=payment.match_reasons,
            made_by="",
            made_at=payment.received_at,
        )
        uow.session.add(decision)
    decision.undone_by, decision.undone_at = name_of(uow.actor), uow.now
    uow.session.flush()
    return decision


def _post_undone(uow: UnitOfWork, payment: Payment, decision: MatchDecision) -> None:
    assert decision.id is not None
    assert payment.customer_id is not None
    lines = entries.payment_matched(
        CustomerId(payment.customer_id), Money(payment.amount_minor, payment.currency)
    )
    post_entry(
        uow,
        kind=EntryKind.PAYMENT_UNDONE,
        source=EntrySource("match", decision.id),
        postings=entries.reversed_lines(lines),
        occurred_at=uow.now,
        memo=f"Not theirs: {name_of_gateway(payment.gateway)} {payment.gateway_transaction_id}",
    )
