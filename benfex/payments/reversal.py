"""Take a payment out of the books again: the gateway or the bank took the money back, or it was keyed in error."""

from benfex.billing.credit_use import allocate_open_money
from benfex.core.actors import require
from benfex.core.audit import record_audit
from benfex.core.events import PaymentReversed
from benfex.core.unit_of_work import UnitOfWork
from benfex.ledger import entries
from benfex.ledger.journal import EntrySource, post_entry
from benfex.payments.gateway import name_of_gateway
from benfex.payments.undoing import reopen
from data.locks import lock_customer, lock_row
from data.models.payment import Payment
from data.queries import invoices as invoice_queries
from data.queries import ledger as ledger_queries
from data.queries import payments as payment_queries
from data.queries import refunds as refund_queries
from data.values.errors import Conflict, InvalidInput, NotFound
from data.values.identifiers import CustomerId, EntryId, PaymentId
from data.values.kinds import EntryKind
from data.values.money import Money
from data.values.roles import Permission
from data.values.states import PaymentStatus, advance


def reverse_payment(uow: UnitOfWork, *, payment_id: PaymentId, reason: str) -> None:
    """Undo a payment: what it paid is open again, and the services fall under dunning again.

    The gateway's fee stays. Raises NotFound, InvalidTransition when it was reversed before, Conflict when some
    of it was refunded, InvalidInput without a reason.
    """
    require(uow.actor, Permission.MATCH_PAYMENTS)
    if not reason.strip():
        raise InvalidInput("reason", "Say why the payment is reversed.")
    payment = payment_queries.find_payment(uow.session, payment_id)
    if payment is None:
        raise NotFound("payment")
    if payment.customer_id is not None:
        lock_customer(uow.session, payment.customer_id)
    lock_row(uow.session, Payment, payment_id)
    if refund_queries.refunded_minor(uow.session, payment_id=payment_id):
        raise Conflict("Some of this money goes back or went back, so the payment cannot be reversed.")
    payment.status = advance(payment.status, PaymentStatus.REVERSED)
    payment.reversed_at = uow.now
    free_allocations(uow, payment_id=payment_id)
    _post(uow, payment, reason.strip())
    uow.session.flush()
    record_audit(
        uow, action="reverse", entity="payment", entity_id=payment_id, changes={"reason": reason.strip()}
    )
    customer_id = CustomerId(payment.customer_id) if payment.customer_id is not None else None
    uow.emit(PaymentReversed(payment_id=payment_id, customer_id=customer_id))
    if customer_id is not None:
        allocate_open_money(uow, customer_id=customer_id, currency=payment.currency)


def free_allocations(uow: UnitOfWork, *, payment_id: PaymentId) -> None:
    """Open again what a payment paid; its reminders are due again, and a write-off is lost again."""
    for allocation in invoice_queries.allocations_of(uow.session, payment_id=payment_id):
        reopen(uow, allocation)
    uow.session.flush()


def _post(uow: UnitOfWork, payment: Payment, reason: str) -> None:
    assert payment.id is not None
    amount = Money(payment.amount_minor, payment.currency)
    first = None
    for kind in (EntryKind.PAYMENT_RECEIVED, EntryKind.PAYMENT_UNMATCHED):
        first = first or ledger_queries.find_entry(
            uow.session, kind=kind, source_type="payment", source_id=payment.id
        )
    assert first is not None, "only what was posted can be reversed"
    assert first.id is not None
    lines = (
        entries.payment_unmatched(payment.gateway, amount)
        if payment.customer_id is None
        else entries.payment_received(payment.gateway, CustomerId(payment.customer_id), amount)
    )
    name = f"{name_of_gateway(payment.gateway)} {payment.gateway_transaction_id}"
    post_entry(
        uow,
        kind=EntryKind.PAYMENT_REVERSED,
        source=EntrySource("payment", payment.id),
        postings=entries.reversed_lines(lines),
        occurred_at=uow.now,
        memo=f"Reversed {name}: {reason}",
        reverses=EntryId(first.id),
    )
