"""Money that a gateway gave back without our asking: taken out of the books once, however often it is told.

A whole payment is reversed, see `reversal`. Where some of it went back by a refund of ours, or the gateway gave
back a part only, that part is booked like a refund that arrived.
"""

from benfex.core.actors import require
from benfex.core.unit_of_work import UnitOfWork
from benfex.payments.gateway_events import PaymentTakenBack
from benfex.payments.refund_steps import book_gone
from benfex.payments.reversal import reverse_payment
from benfex.payments.undoing import drop_unsent
from data.locks import lock_customer, lock_row
from data.models.payment import Payment
from data.queries import refunds as refund_queries
from data.values.errors import Conflict
from data.values.identifiers import PaymentId
from data.values.money import Money
from data.values.roles import Permission
from data.values.states import PaymentStatus


def note_taken_back(uow: UnitOfWork, *, gateway: str, event: PaymentTakenBack) -> str | None:
    """Book that a gateway took a payment back; return why that cannot be done yet, None when it is done."""
    require(uow.actor, Permission.MATCH_PAYMENTS)
    payment = refund_queries.payment_named(
        uow.session,
        gateway=gateway,
        transaction_id=event.transaction_id,
        payment_reference=event.payment_reference,
    )
    if payment is None:
        return "the payment that was taken back is not known here"
    take_back(uow, payment, reason=event.reason or "The gateway took the money back.")
    return None


def take_back(
    uow: UnitOfWork, payment: Payment, *, reason: str, amount: Money | None = None, reference: str = ""
) -> None:
    """Take money of a payment out of the books as far as it is still in them; all of it, unless `amount` says less.

    `reference` is the gateway's name of a part that went back. What a refund of ours gives back is not taken twice.
    """
    assert payment.id is not None
    payment_id = PaymentId(payment.id)
    if payment.customer_id is not None:
        lock_customer(uow.session, payment.customer_id)
    lock_row(uow.session, Payment, payment_id)
    if payment.status is PaymentStatus.REVERSED:
        return
    gone = min(amount.minor if amount is not None else payment.amount_minor, payment.amount_minor)
    if gone == payment.amount_minor:
        drop_unsent(uow, payment_id=payment_id, reason=reason)
    refunded = refund_queries.refunded_minor(uow.session, payment_id=payment_id)
    if not refunded and gone == payment.amount_minor:
        reverse_payment(uow, payment_id=payment_id, reason=reason)
        return
    sent = refund_queries.posted_minor(uow.session, payment_id=payment_id)
    part = min(gone, payment.amount_minor - sent)
    if part > 0:
        if payment.customer_id is None:
            raise Conflict(
                "Nobody knows whose money this is, so a part of it cannot go back. Match it first."
            )
        book_gone(uow, payment, amount=Money(part, payment.currency), reason=reason, reference=reference)
