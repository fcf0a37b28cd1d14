"""Money that a gateway gave back without our asking: taken out of the books once, however often it is told.

A whole payment is reversed, see `reversal`. Where some of it went back by a refund of ours, or the gateway gave
back a part only, that part is booked like a refund that arrived.
"""

from benfex.core.actors import require
from benfex.core.unit_of_work import UnitOfWork
from benfex.notifications.outbox import enqueue_message, say_date
from benfex.payments.gateway import name_of_gateway
from benfex.payments.gateway_events import PaymentTakenBack
from benfex.payments.refund_steps import book_gone
from benfex.payments.reversal import reverse_payment
from benfex.payments.undoing import drop_unsent, hold_off_dunning
from data.locks import lock_customer, lock_row
from data.models.payment import Payment
from data.queries import customers as customer_queries
from data.queries import invoices as invoice_queries
from data.queries import refunds as refund_queries
from data.values.errors import Conflict
from data.values.identifiers import CustomerId, PaymentId
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
    if amount is not None and amount.currency != payment.currency:
        raise Conflict(f"{amount} went back, says the gateway, of a payment in {payment.currency}.")
    gone = min(amount.minor if amount is not None else payment.amount_minor, payment.amount_minor)
    if gone == payment.amount_minor:
        drop_unsent(uow, payment_id=payment_id, reason=reason)
    refunded = refund_queries.refunded_minor(uow.session, payment_id=payment_id)
    if not refunded and gone == payment.amount_minor:
        reverse_payment(uow, payment_id=payment_id, reason=reason)
        _give_notice(uow, payment, Money(gone, payment.currency))
        return
    sent = refund_queries.posted_minor(uow.session, payment_id=payment_id)
    part = min(gone, payment.amount_minor - sent)
    if part > 0:
        if payment.customer_id is None:
            raise Conflict(
                "Nobody knows whose money this is, so a part of it cannot go back. Match it first."
            )
        amount = Money(part, payment.currency)
        book_gone(uow, payment, amount=amount, reason=reason, reference=reference)
        _give_notice(uow, payment, amount)


def _give_notice(uow: UnitOfWork, payment: Payment, amount: Money) -> None:
    """Tell the customer, and keep dunning off for a while."""
    if payment.customer_id is None:
        return
    customer = customer_queries.find_customer(uow.session, payment.customer_id)
    assert customer is not None
    open_invoices = invoice_queries.open_invoices(
        uow.session, customer_id=payment.customer_id, currency=payment.currency
    )
    owed = Money(sum(row.total_minor - row.paid_minor for row in open_invoices), payment.currency)
    if owed.is_zero:
        return
    assert payment.id is not None
    gone_minor = refund_queries.posted_minor(uow.session, payment_id=payment.id)
    last_day = hold_off_dunning(uow, customer)
    enqueue_message(
        uow,
        customer_id=CustomerId(payment.customer_id),
        template="payment_taken_back",
        facts={
            "amount": amount.format(),
            "method": name_of_gateway(payment.gateway),
            "payment": payment.gateway_transaction_id,
            "owed": owed.format(),
            "until_on": say_date(last_day),
        },
        dedupe_key=f"payment:{payment.id}:taken_back:{gone_minor}",
    )
