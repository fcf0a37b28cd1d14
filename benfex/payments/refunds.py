"""Give money back: what of a payment pays nothing yet, by hand against a reference.

Credit from a credit note counts too: it takes the place of the money in an invoice, so that the money is free.
"""

import re

from benfex.core.actors import name_of, require
from benfex.core.audit import record_audit
from benfex.core.events import PaymentRefunded
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.ledger import entries
from benfex.ledger.journal import EntrySource, post_entry
from benfex.payments.gateway import name_of_gateway
from data.locks import lock_customer, lock_row
from data.models.payment import Payment, PaymentAllocation, Refund
from data.queries import credit as credit_queries
from data.queries import invoices as invoice_queries
from data.queries import payments as payment_queries
from data.queries import refunds as refund_queries
from data.values.errors import AlreadyExists, AmountOutOfRange, Conflict, InvalidInput, NotFound
from data.values.identifiers import CustomerId, PaymentId, RefundId
from data.values.kinds import EntryKind
from data.values.money import Money
from data.values.roles import Permission
from data.values.states import PaymentStatus, RefundStatus


def refundable(snapshot: Snapshot, *, payment_id: PaymentId) -> Money:
    """Return how much of a payment could go back now. Raises NotFound."""
    require(snapshot.actor, Permission.VIEW_PAYMENTS)
    payment = payment_queries.find_payment(snapshot.session, payment_id)
    if payment is None:
        raise NotFound("payment")
    return Money(_refundable_minor(snapshot, payment), payment.currency)


def refund_payment(
    uow: UnitOfWork, *, payment_id: PaymentId, amount: Money, reason: str, reference: str
) -> RefundId:
    """Note money that was given back by hand; `reference` is the number on its slip, used once per gateway.

    Raises NotFound, InvalidInput, AmountOutOfRange beyond what is free of the payment, Conflict for money that
    was reversed or has no customer, AlreadyExists for a reference that was used.
    """
    require(uow.actor, Permission.MATCH_PAYMENTS)
    if not reason.strip():
        raise InvalidInput("reason", "Say why the money goes back.")
    reference = reference.strip().upper()
    if not re.fullmatch(r"[A-Z0-9][A-Z0-9 ./_-]{0,79}", reference):
        raise InvalidInput("reference", "Give the number on the slip: letters, digits and - / . only.")
    payment = _locked(uow, payment_id)
    _check_amount(uow, payment, amount)
    if refund_queries.refund_by_reference(uow.session, gateway=payment.gateway, reference=reference):
        raise AlreadyExists("reference", f"{reference} was used for a refund before.")
    _free(uow, payment, amount)
    assert payment.customer_id is not None
    refund = Refund(
        payment_id=payment_id,
        customer_id=payment.customer_id,
        amount_minor=amount.minor,
        currency=amount.currency,
        status=RefundStatus.SUCCEEDED,
        reason=reason.strip()[:200],
        gateway_reference=reference,
        made_by=name_of(uow.actor),
    )
    uow.session.add(refund)
    uow.session.flush()
    assert refund.id is not None
    refund_id = RefundId(refund.id)
    _post(uow, payment, refund_id, amount)
    record_audit(
        uow,
        action="refund",
        entity="payment",
        entity_id=payment_id,
        changes={"amount_minor": amount.minor, "reference": reference, "reason": refund.reason},
    )
    return refund_id


def _locked(uow: UnitOfWork, payment_id: PaymentId) -> Payment:
    payment = payment_queries.find_payment(uow.session, payment_id)
    if payment is None:
        raise NotFound("payment")
    if payment.customer_id is None:
        raise Conflict("Nobody knows yet whose money this is. Match it first.")
    lock_customer(uow.session, payment.customer_id)
    lock_row(uow.session, Payment, payment_id)
    if payment.status is not PaymentStatus.RECEIVED:
        raise Conflict("This money was reversed.")
    return payment


def _check_amount(uow: UnitOfWork, payment: Payment, amount: Money) -> None:
    if amount.currency != payment.currency:
        raise InvalidInput("amount", f"This payment is in {payment.currency}.")
    if not amount.is_positive:
        raise AmountOutOfRange("amount", "The amount must be more than nothing.")
    free = Money(_refundable_minor(uow, payment), payment.currency)
    if amount > free:
        raise AmountOutOfRange("amount", f"No more than {free} of this payment can go back.")


def _refundable_minor(snapshot: Snapshot, payment: Payment) -> int:
    assert payment.id is not None
    if payment.status is not PaymentStatus.RECEIVED or payment.customer_id is None:
        return 0
    session = snapshot.session
    refunded = refund_queries.refunded_minor(session, payment_id=payment.id)
    allocated = sum(
        row.amount_minor for row in invoice_queries.allocations_of(session, payment_id=payment.id)
    )
    notes = _note_credit(snapshot, payment)
    exchangeable = min(allocated, sum(remainder for _, remainder in notes))
    return payment.amount_minor - refunded - allocated + exchangeable


def _note_credit(snapshot: Snapshot, payment: Payment) -> list[tuple[int, int]]:
    """Return (credit note id, minor units left) of the customer's notes in the payment's currency."""
    assert payment.customer_id is not None
    sources = credit_queries.credit_of(snapshot.session, [payment.customer_id])
    return [
        (source.credit_note_id, source.remainder_minor)
        for source in sources.get(payment.customer_id, ())
        if source.credit_note_id is not None and source.currency == payment.currency
    ]


def _free(uow: UnitOfWork, payment: Payment, amount: Money) -> None:
    """Put credit notes in the place of the payment's money where it is needed, newest allocations first."""
    assert payment.id is not None
    assert payment.customer_id is not None
    session = uow.session
    allocations = invoice_queries.allocations_of(session, payment_id=payment.id)
    held = sum(row.amount_minor for row in allocations)
    refunded = refund_queries.refunded_minor(session, payment_id=payment.id)
    short = amount.minor - (payment.amount_minor - refunded - held)
    notes = _note_credit(uow, payment)
    for allocation in reversed(allocations):
        if short <= 0:
            break
        part = min(short, allocation.amount_minor)
        notes = _exchange(uow, allocation, part, notes)
        short -= part
    session.flush()


def _exchange(
    uow: UnitOfWork, allocation: PaymentAllocation, part: int, notes: list[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Let credit notes pay `part` of an allocation; return what the notes have left."""
    allocation.reversed_at = uow.now
    rest = allocation.amount_minor - part
    sources: list[tuple[int | None, int | None, int]] = [(allocation.payment_id, None, rest)] if rest else []
    left = []
    for note_id, remainder in notes:
        used = min(part, remainder)
        part -= used
        if used:
            sources.append((None, note_id, used))
        if remainder - used:
            left.append((note_id, remainder - used))
    assert part == 0, "the amount was checked against the credit there is"
    for payment_id, credit_note_id, amount_minor in sources:
        uow.session.add(
            PaymentAllocation(
                payment_id=payment_id,
                credit_note_id=credit_note_id,
                invoice_id=allocation.invoice_id,
                amount_minor=amount_minor,
                at=uow.now,
            )
        )
    return left


def _post(uow: UnitOfWork, payment: Payment, refund_id: RefundId, amount: Money) -> None:
    assert payment.id is not None
    assert payment.customer_id is not None
    post_entry(
        uow,
        kind=EntryKind.REFUND,
        source=EntrySource("refund", refund_id),
        postings=entries.refunded(payment.gateway, CustomerId(payment.customer_id), amount),
        occurred_at=uow.now,
        memo=f"Refund of {name_of_gateway(payment.gateway)} {payment.gateway_transaction_id}",
    )
    uow.emit(PaymentRefunded(payment_id=PaymentId(payment.id), customer_id=CustomerId(payment.customer_id)))
