"""Payers who ask their bank for the money back: kept with the day by which to answer, and followed to the end.

A payment that is disputed cannot be refunded, or it could go back twice. Lost, it leaves the books as any money
that is taken back; won, all is as before.
"""

from benfex.core.actors import require
from benfex.core.audit import record_audit
from benfex.core.clock import local_date
from benfex.core.events import DisputeMoved
from benfex.core.policy import current_terms
from benfex.core.unit_of_work import UnitOfWork
from benfex.notifications.outbox import enqueue_staff_message, say_date
from benfex.payments.gateway import name_of_gateway
from benfex.payments.gateway_events import DisputeChanged
from benfex.payments.taken_back import take_back
from data.locks import lock_customer, lock_row
from data.models.payment import Payment
from data.models.reconciliation import Dispute
from data.queries import disputes as dispute_queries
from data.queries import payments as payment_queries
from data.queries import refunds as refund_queries
from data.values.identifiers import DisputeId, PaymentId
from data.values.kinds import RefundWay
from data.values.money import Money
from data.values.roles import Permission
from data.values.states import DisputeStatus, RefundStatus, advance, can_advance

_ENDED = (DisputeStatus.WON, DisputeStatus.LOST)


def note_dispute(uow: UnitOfWork, *, gateway: str, event: DisputeChanged) -> str | None:
    """Keep what a gateway tells of a dispute; return why it cannot be booked yet, None when all is done.

    A dispute is kept though its payment is not known: its day runs all the same. What ended stays so.
    """
    require(uow.actor, Permission.MATCH_PAYMENTS)
    payment = refund_queries.payment_named(
        uow.session,
        gateway=gateway,
        transaction_id=event.transaction_id,
        payment_reference=event.payment_reference,
    )
    if payment is not None:
        _lock(uow, payment)
    row = dispute_queries.dispute_named(uow.session, gateway=gateway, dispute_id=event.dispute_id)
    is_new = row is None
    if row is None:
        row = Dispute(
            gateway=gateway,
            gateway_dispute_id=event.dispute_id[:80],
            amount_minor=event.amount.minor,
            currency=event.amount.currency,
            status=DisputeStatus.OPEN,
        )
        uow.session.add(row)
    was_placed = row.payment_id is not None
    if payment is None and row.payment_id is not None:
        payment = payment_queries.find_payment(uow.session, row.payment_id)
        assert payment is not None
        _lock(uow, payment)
    row.payment_id = payment.id if payment is not None else None
    row.reason = event.reason[:200] or row.reason
    row.due_at = event.due_at or row.due_at
    if row.status not in _ENDED:
        row.amount_minor, row.currency = event.amount.minor, event.amount.currency
    moves = event.status is not row.status and can_advance(row.status, event.status)
    if moves:
        row.status = advance(row.status, event.status)
    uow.session.flush()
    assert row.id is not None
    if is_new:
        _tell(uow, row, payment, event)
    _follow(uow, row, payment, is_fresh=is_new or moves or not was_placed)
    if is_new or moves:
        _announce(uow, row)
    return "the disputed payment is not known here" if payment is None else None


def _follow(uow: UnitOfWork, row: Dispute, payment: Payment | None, *, is_fresh: bool) -> None:
    """Mark the payment as disputed while it is, and book its end."""
    if payment is None or not is_fresh:
        return
    if row.status not in _ENDED:
        payment.disputed_at = payment.disputed_at or uow.now
        uow.session.flush()
        return
    row.resolved_at = row.resolved_at or uow.now
    payment.disputed_at = None
    uow.session.flush()
    if row.status is DisputeStatus.LOST and not _is_booked(uow, row, payment):
        reason = f"Dispute {row.gateway_dispute_id} was lost."
        take_back(uow, payment, reason=reason, amount=Money(row.amount_minor, row.currency))


def _is_booked(uow: UnitOfWork, row: Dispute, payment: Payment) -> bool:
    """Return whether the gateway told of the money before: a dispute that is given in to makes a refund there."""
    assert payment.id is not None
    assert row.created_at is not None
    return any(
        refund.way is RefundWay.GATEWAY
        and refund.sent_at is None
        and refund.status is RefundStatus.SUCCEEDED
        and refund.amount_minor == row.amount_minor
        and refund.created_at is not None
        and refund.created_at >= row.created_at
        for refund in refund_queries.refunds_of_payment(uow.session, payment_id=payment.id)
    )


def _tell(uow: UnitOfWork, row: Dispute, payment: Payment | None, event: DisputeChanged) -> None:
    if row.status in _ENDED:
        return
    due_on = ""
    if event.due_at is not None:
        due_on = say_date(local_date(event.due_at, current_terms(uow).timezone))
    enqueue_staff_message(
        uow,
        template="dispute_opened",
        facts={
            "amount": Money(row.amount_minor, row.currency).format(),
            "method": name_of_gateway(row.gateway),
            "payment": payment.gateway_transaction_id if payment is not None else event.transaction_id or "",
            "reason": row.reason,
            "due_on": due_on,
        },
        dedupe_key=f"dispute:{row.id}:opened",
        permission=Permission.MATCH_PAYMENTS,
    )


def _announce(uow: UnitOfWork, row: Dispute) -> None:
    assert row.id is not None
    record_audit(uow, action="dispute", entity="dispute", entity_id=row.id, changes={"status": row.status})
    uow.emit(
        DisputeMoved(
            dispute_id=DisputeId(row.id),
            payment_id=PaymentId(row.payment_id) if row.payment_id is not None else None,
            status=row.status,
        )
    )


def _lock(uow: UnitOfWork, payment: Payment) -> None:
    assert payment.id is not None
    if payment.customer_id is not None:
        lock_customer(uow.session, payment.customer_id)
    lock_row(uow.session, Payment, payment.id)
