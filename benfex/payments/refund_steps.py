"""The steps of a refund by a gateway: sent, under way, arrived or failed; and the end of one by hand.

Our row stands before the gateway hears of it, and what was sent once is only asked about. Whatever tells of the
end, the call, a question or a webhook, it comes here, in any order and as often as it likes.
"""

from datetime import datetime, timedelta
from typing import assert_never

import structlog

from benfex.billing.credit_use import allocate_open_money
from benfex.core.actors import name_of, require
from benfex.core.audit import record_audit
from benfex.core.events import PaymentRefunded
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.core.vault import Vault
from benfex.ledger import entries
from benfex.ledger.journal import EntrySource, post_entry
from benfex.payments.gateway import Gateway, RefundRequest, name_of_gateway
from benfex.payments.gateway_events import (
    RefundDone,
    RefundFailed,
    RefundOutcome,
    RefundUnderWay,
    RefundUnknown,
)
from benfex.payments.refund_notices import tell_failed, tell_given_back
from benfex.payments.refunds import announce_refund
from benfex.payments.shifts import find_drawer
from benfex.payments.undoing import make_room
from benfex.subscriptions.prepaid import renew_from_money
from benfex.subscriptions.restoration import lift_non_payment
from data.locks import lock_customer, lock_row
from data.models.cashier import CashierShift
from data.models.payment import Payment, Refund
from data.queries import ledger as ledger_queries
from data.queries import payments as payment_queries
from data.queries import refunds as refund_queries
from data.values.errors import Conflict, InvalidInput, NotFound
from data.values.identifiers import CustomerId, EntryId, PaymentId, PhoneNumber, RefundId, hash_token
from data.values.kinds import CashMethod, EntryKind, RefundWay
from data.values.money import Money
from data.values.roles import Permission
from data.values.states import PaymentStatus, RefundStatus, advance

# A card refund takes up to ten working days; a payout to a phone is mostly done within a minute.
_CHECK_SECONDS = (15, 60, 300, 900, 3600)
_THEN_EVERY = timedelta(hours=6)
_GIVE_UP = timedelta(days=15)
_OURS = "bfxr"
_REFERENCE_LETTERS = 32
_log = structlog.get_logger("refunds")


def callback_token_of(vault: Vault, refund: Refund) -> str:
    """Return the secret in the address where a gateway tells of a refund; nothing of it is stored."""
    assert refund.created_at is not None
    facts = f"{refund.id} {refund.payment_id} {refund.amount_minor} {refund.created_at.isoformat()}"
    return vault.keyed_hash(facts, context="refund.callback")[:_REFERENCE_LETTERS]


def reference_of(token_hash: str) -> str:
    """Return our reference of the refund whose callback token has this hash."""
    return f"{_OURS}{token_hash[:_REFERENCE_LETTERS]}"


def is_our_reference(text: str) -> bool:
    """Return whether a reference looks like one of ours."""
    return text.startswith(_OURS)


def next_refund_check(sent_at: datetime, *, checks: int, now: datetime) -> datetime | None:
    """Return when to ask about a refund again after so many checks; None after fifteen days."""
    if now - sent_at >= _GIVE_UP:
        return None
    if checks < len(_CHECK_SECONDS):
        return max(sent_at + timedelta(seconds=_CHECK_SECONDS[checks]), now + timedelta(seconds=5))
    return now + _THEN_EVERY


def begin_sending(
    uow: UnitOfWork, *, refund_id: RefundId, gateway: Gateway, vault: Vault, public_url: str
) -> RefundRequest | None:
    """Note that a refund is being sent, and return what the gateway is to be asked; None when that was begun before.

    A disputed payment waits for its end.
    """
    require(uow.actor, Permission.MATCH_PAYMENTS)
    refund, payment = _locked(uow, refund_id)
    if refund.status is not RefundStatus.APPROVED or payment.disputed_at is not None:
        return None
    token = callback_token_of(vault, refund)
    refund.reference = reference_of(hash_token(token))
    refund.status = advance(refund.status, RefundStatus.PENDING)
    refund.sent_at = uow.now
    refund.next_check_at = next_refund_check(uow.now, checks=0, now=uow.now)
    uow.session.flush()
    post_entry(
        uow,
        kind=EntryKind.REFUND_SENT,
        source=EntrySource("refund", refund_id),
        postings=entries.refund_sent(CustomerId(refund.customer_id), _amount(refund)),
        occurred_at=uow.now,
        memo=_memo("Refund", payment),
    )
    announce_refund(uow, refund)
    return request_of(uow, refund, payment, gateway=gateway, vault=vault, public_url=public_url)


def request_of(
    snapshot: Snapshot,
    refund: Refund,
    payment: Payment,
    *,
    gateway: Gateway | None,
    vault: Vault,
    public_url: str,
) -> RefundRequest:
    """Return what a gateway is asked about a refund that was sent, the same words each time; None has no address."""
    assert refund.reference is not None
    path = gateway.callback_path("refund", callback_token_of(vault, refund)) if gateway is not None else ""
    return RefundRequest(
        reference=refund.reference,
        way=refund.way,
        amount=_amount(refund),
        transaction_id=payment.gateway_transaction_id,
        payment_reference=refund_queries.attempt_reference(snapshot.session, payment=payment),
        paid=Money(payment.amount_minor, payment.currency),
        reason=refund.reason,
        recipient=PhoneNumber(refund.recipient) if refund.recipient else None,
        callback_url=f"{public_url}{path}" if path else "",
        gateway_reference=refund.gateway_reference,
    )


def note_refund(uow: UnitOfWork, *, refund_id: RefundId, outcome: RefundOutcome) -> None:
    """Keep what a gateway says of a refund that was sent; what came to its end stays so, but for a late success."""
    require(uow.actor, Permission.MATCH_PAYMENTS)
    refund, payment = _locked(uow, refund_id)
    match outcome:
        case RefundDone(gateway_reference=named):
            _arrive(uow, payment, refund, named)
        case RefundFailed(code=code, message=message):
            _fail(uow, payment, refund, code=code, message=message)
        case RefundUnderWay(gateway_reference=named, message=said):
            refund.gateway_reference = refund.gateway_reference or (named or "")[:120] or None
            _wait_on(uow, refund, reason=said or None)
        case RefundUnknown(reason=reason):
            _wait_on(uow, refund, reason=reason)
        case _:
            assert_never(outcome)
    uow.session.flush()


def note_sent_elsewhere(uow: UnitOfWork, *, refund_id: RefundId, account_number: str) -> None:
    """Keep who has a refund sent to an account, and the end of its number."""
    require(uow.actor, Permission.MATCH_PAYMENTS)
    changes = {"account": f"…{account_number[-4:]}"}
    record_audit(uow, action="send to an account", entity="refund", entity_id=refund_id, changes=changes)


def finish_by_hand(uow: UnitOfWork, payment: Payment, refund: Refund) -> None:
    """Note that approved money was given back by hand; cash comes out of the open drawer of who gives it."""
    if payment.gateway == CashMethod.CASH.value:
        drawer = find_drawer(uow)
        if drawer is not None and drawer.currency == refund.currency:
            assert drawer.id is not None
            lock_row(uow.session, CashierShift, drawer.id)
            refund.shift_id = drawer.id
    refund.status = advance(refund.status, RefundStatus.SUCCEEDED)
    refund.finished_at = uow.now
    uow.session.flush()
    _post_without_way(uow, payment, refund)
    _tell_end(uow, payment, refund)


def give_free_money_back(uow: UnitOfWork, refund: Refund) -> None:
    """Let money that does not go back pay what its customer owes, and restore what that pays for."""
    uow.session.flush()
    customer_id = CustomerId(refund.customer_id)
    allocate_open_money(uow, customer_id=customer_id, currency=refund.currency)
    lift_non_payment(uow, customer_id=customer_id)
    renew_from_money(uow, customer_id=customer_id)


def conclude_arrived(uow: UnitOfWork, *, refund_id: RefundId, reference: str) -> None:
    """Note what staff saw at the gateway: a refund that it gave no answer about did go back.

    `reference` is the gateway's receipt. Raises NotFound, InvalidInput, Conflict while the gateway is still asked.
    """
    require(uow.actor, Permission.MATCH_PAYMENTS)
    if not reference.strip():
        raise InvalidInput("reference", "Give the receipt that the gateway shows for it.")
    refund, payment = _unanswered(uow, refund_id)
    _arrive(uow, payment, refund, reference.strip())
    _record_conclusion(uow, refund_id, {"arrived": reference.strip()})


def conclude_failed(uow: UnitOfWork, *, refund_id: RefundId, reason: str) -> None:
    """Note what staff saw at the gateway: a refund that it gave no answer about did not go back.

    Raises NotFound, InvalidInput, Conflict while the gateway is still asked.
    """
    require(uow.actor, Permission.MATCH_PAYMENTS)
    if not reason.strip():
        raise InvalidInput("reason", "Say what the gateway shows.")
    refund, payment = _unanswered(uow, refund_id)
    _fail(uow, payment, refund, code="staff", message=reason.strip())
    _record_conclusion(uow, refund_id, {"failed": reason.strip()})


def book_gone(uow: UnitOfWork, payment: Payment, *, amount: Money, reason: str, reference: str) -> RefundId:
    """Book money of a payment that went back without our asking; what it paid is open again where that is needed.

    `reference` is the gateway's name of it, empty where it gave none.
    """
    assert payment.id is not None
    assert payment.customer_id is not None
    make_room(uow, payment, amount)
    refund = Refund(
        payment_id=payment.id,
        customer_id=payment.customer_id,
        amount_minor=amount.minor,
        currency=amount.currency,
        status=RefundStatus.SUCCEEDED,
        reason=reason[:200],
        gateway_reference=reference[:120] or None,
        made_by=name_of(uow.actor),
        way=RefundWay.GATEWAY,
        finished_at=uow.now,
        decided_by=name_of(uow.actor),
        decided_at=uow.now,
    )
    uow.session.add(refund)
    uow.session.flush()
    assert refund.id is not None
    _post_without_way(uow, payment, refund)
    allocate_open_money(uow, customer_id=CustomerId(payment.customer_id), currency=payment.currency)
    _announce_end(uow, payment, refund)
    return RefundId(refund.id)


def _arrive(uow: UnitOfWork, payment: Payment, refund: Refund, named: str | None) -> None:
    if refund.status is RefundStatus.SUCCEEDED:
        return
    was_failed = refund.status is RefundStatus.FAILED
    if was_failed and payment.status is not PaymentStatus.RECEIVED:
        _log.warning("yes after no, of money taken back", refund_id=refund.id, gateway=payment.gateway)
        return
    if was_failed:  # the gateway said no and gave it back all the same: the money is gone
        make_room(uow, payment, _amount(refund))
    refund.status = advance(refund.status, RefundStatus.SUCCEEDED)
    refund.finished_at, refund.next_check_at, refund.failure_message = uow.now, None, None
    refund.gateway_reference = (named or "")[:120] or refund.gateway_reference
    uow.session.flush()
    assert refund.id is not None
    if was_failed:
        _post_without_way(uow, payment, refund)
        allocate_open_money(uow, customer_id=CustomerId(refund.customer_id), currency=refund.currency)
    else:
        post_entry(
            uow,
            kind=EntryKind.REFUND,
            source=EntrySource("refund", refund.id),
            postings=entries.refund_arrived(payment.gateway, _amount(refund)),
            occurred_at=uow.now,
            memo=_memo("Refund arrived", payment),
        )
    _tell_end(uow, payment, refund)


def _fail(uow: UnitOfWork, payment: Payment, refund: Refund, *, code: str, message: str) -> None:
    if refund.status is not RefundStatus.PENDING:
        if refund.status is RefundStatus.SUCCEEDED:
            # The end is the end; reconciliation shows it if the gateway truly has the money again.
            _log.warning("no after yes", refund_id=refund.id, gateway=payment.gateway, code=code)
        return
    assert refund.id is not None
    refund.status = advance(refund.status, RefundStatus.FAILED)
    refund.finished_at, refund.next_check_at = uow.now, None
    refund.failure_message = message[:250]
    uow.session.flush()
    sent = ledger_queries.find_entry(
        uow.session, kind=EntryKind.REFUND_SENT, source_type="refund", source_id=refund.id
    )
    assert sent is not None, "what was sent is posted"
    assert sent.id is not None
    lines = entries.refund_sent(CustomerId(refund.customer_id), _amount(refund))
    post_entry(
        uow,
        kind=EntryKind.REFUND_FAILED,
        source=EntrySource("refund", refund.id),
        postings=entries.reversed_lines(lines),
        occurred_at=uow.now,
        memo=_memo("Refund failed", payment),
        reverses=EntryId(sent.id),
    )
    tell_failed(uow, payment, refund)
    if payment.status is PaymentStatus.RECEIVED:
        give_free_money_back(uow, refund)
    announce_refund(uow, refund)


def _wait_on(uow: UnitOfWork, refund: Refund, *, reason: str | None) -> None:
    if refund.status is not RefundStatus.PENDING:
        return
    assert refund.sent_at is not None
    refund.checks += 1
    refund.failure_message = reason[:250] if reason else None
    refund.next_check_at = next_refund_check(refund.sent_at, checks=refund.checks, now=uow.now)
    announce_refund(uow, refund)


def _post_without_way(uow: UnitOfWork, payment: Payment, refund: Refund) -> None:
    """Post money that went from the customer's account out of the gateway in one step."""
    assert refund.id is not None
    post_entry(
        uow,
        kind=EntryKind.REFUND,
        source=EntrySource("refund", refund.id),
        postings=entries.refunded(payment.gateway, CustomerId(refund.customer_id), _amount(refund)),
        occurred_at=uow.now,
        memo=_memo("Refund", payment),
    )


def _tell_end(uow: UnitOfWork, payment: Payment, refund: Refund) -> None:
    tell_given_back(uow, payment, refund)
    _announce_end(uow, payment, refund)


def _announce_end(uow: UnitOfWork, payment: Payment, refund: Refund) -> None:
    assert payment.id is not None
    uow.emit(PaymentRefunded(payment_id=PaymentId(payment.id), customer_id=CustomerId(refund.customer_id)))
    announce_refund(uow, refund)


def _unanswered(uow: UnitOfWork, refund_id: RefundId) -> tuple[Refund, Payment]:
    refund, payment = _locked(uow, refund_id)
    if refund.status is not RefundStatus.PENDING or refund.next_check_at is not None:
        raise Conflict("Only a refund that the gateway gave no answer about can be settled by hand.")
    return refund, payment


def _record_conclusion(uow: UnitOfWork, refund_id: RefundId, changes: dict[str, str]) -> None:
    record_audit(uow, action="conclude", entity="refund", entity_id=refund_id, changes=changes)


def _locked(uow: UnitOfWork, refund_id: RefundId) -> tuple[Refund, Payment]:
    refund = refund_queries.find_refund(uow.session, refund_id)
    if refund is None:
        raise NotFound("refund")
    lock_customer(uow.session, refund.customer_id)
    lock_row(uow.session, Refund, refund_id)
    payment = payment_queries.find_payment(uow.session, refund.payment_id)
    assert payment is not None
    return refund, payment


def _amount(refund: Refund) -> Money:
    return Money(refund.amount_minor, refund.currency)


def _memo(what: str, payment: Payment) -> str:
    return f"{what} of {name_of_gateway(payment.gateway)} {payment.gateway_transaction_id}"
