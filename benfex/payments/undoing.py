"""Free money that is gone from what it paid: invoices are open again, refunds that were not sent are let go.

Dunning decides what follows for services, in its own time and never on the spot: whose payment the bank takes
back at night is not cut off at night.
"""

from datetime import date, timedelta

from benfex.billing.write_offs import lose_again
from benfex.core.actors import name_of
from benfex.core.policy import billing_today
from benfex.core.unit_of_work import UnitOfWork
from benfex.payments.refunds import announce_refund
from data.models.customer import Customer
from data.models.payment import Payment, PaymentAllocation
from data.queries import invoices as invoice_queries
from data.queries import refunds as refund_queries
from data.values.errors import Conflict
from data.values.money import Money
from data.values.states import InvoiceStatus, RefundStatus, advance


def reopen(uow: UnitOfWork, allocation: PaymentAllocation) -> None:
    """Take what an allocation paid out of its invoice again."""
    allocation.reversed_at = uow.now
    invoice = invoice_queries.find_invoice(uow.session, allocation.invoice_id)
    assert invoice is not None
    invoice.paid_minor -= allocation.amount_minor
    if invoice.status is InvoiceStatus.UNCOLLECTIBLE:
        lose_again(uow, invoice, allocation)
        return
    if invoice.status is InvoiceStatus.PAID:
        invoice.status = advance(invoice.status, InvoiceStatus.OPEN)
        invoice.paid_at = None
    # Steps that were taken before it was paid are due again.
    invoice_queries.forget_reminders(uow.session, invoice_id=allocation.invoice_id)


def hold_off_dunning(uow: UnitOfWork, customer: Customer) -> date:
    """Keep dunning off a customer for the rest of this day and all of the next; return the last of these days.

    Money of theirs went away in a moment when they may be asleep, and their invoice is long due again.
    """
    last_day = billing_today(uow) + timedelta(days=1)
    until = last_day + timedelta(days=1)
    if customer.dunning_deferred_until_on is None or customer.dunning_deferred_until_on < until:
        customer.dunning_deferred_until_on = until
    return last_day


def drop_unsent(uow: UnitOfWork, *, payment_id: int, reason: str) -> None:
    """Let go of a payment's refunds that were not sent, since the money is not with us any more."""
    for refund in refund_queries.refunds_of_payment(uow.session, payment_id=payment_id):
        if refund.status not in refund_queries.NOT_SENT:
            continue
        refund.status = advance(refund.status, RefundStatus.DECLINED)
        refund.decided_by, refund.decided_at, refund.finished_at = name_of(uow.actor), uow.now, uow.now
        refund.failure_message, refund.next_check_at = reason[:250], None
        announce_refund(uow, refund)
    uow.session.flush()


def make_room(uow: UnitOfWork, payment: Payment, amount: Money) -> None:
    """Free so much of a payment, whatever it pays, newest first. Raises Conflict beyond what was paid."""
    assert payment.id is not None
    if _short(uow, payment, amount) > 0:
        drop_unsent(uow, payment_id=payment.id, reason="The gateway gave this money back by itself.")
    short = _short(uow, payment, amount)
    for allocation in reversed(invoice_queries.allocations_of(uow.session, payment_id=payment.id)):
        if short <= 0:
            break
        reopen(uow, allocation)
        short -= allocation.amount_minor
    if short > 0:
        raise Conflict("The gateway says that more went back than was paid.")
    uow.session.flush()


def _short(uow: UnitOfWork, payment: Payment, amount: Money) -> int:
    assert payment.id is not None
    held = sum(row.amount_minor for row in invoice_queries.allocations_of(uow.session, payment_id=payment.id))
    refunded = refund_queries.refunded_minor(uow.session, payment_id=payment.id)
    return amount.minor - (payment.amount_minor - refunded - held)
