"""What of a payment may go back, by which way, and whose word that needs; asking is in `refund_requests`.

What pays nothing yet may go back. Credit from a credit note counts too: it takes the place of the money in an
invoice, so that the money is free. What is asked for is not free any more, whether it went back yet or not.
"""

from datetime import timedelta

from benfex.core.actors import name_of, person_of, require
from benfex.core.events import RefundMoved
from benfex.core.policy import current_terms
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.payments.gateway import GatewayCapabilities
from benfex.payments.policy import payment_terms
from data.locks import lock_customer, lock_row
from data.models.payment import Payment, PaymentAllocation, Refund
from data.queries import credit as credit_queries
from data.queries import invoices as invoice_queries
from data.queries import payments as payment_queries
from data.queries import refunds as refund_queries
from data.values.errors import AmountOutOfRange, Conflict, InvalidInput, NotFound
from data.values.identifiers import CustomerId, PaymentId, RefundId
from data.values.kinds import RefundWay
from data.values.money import Money
from data.values.roles import Permission
from data.values.states import PaymentStatus

_ONE_ACT = timedelta(hours=24)  # refunds of one person to one customer within it count together


def refundable(snapshot: Snapshot, *, payment_id: PaymentId) -> Money:
    """Return how much of a payment could go back now. Raises NotFound."""
    require(snapshot.actor, Permission.VIEW_PAYMENTS)
    payment = payment_queries.find_payment(snapshot.session, payment_id)
    if payment is None:
        raise NotFound("payment")
    return Money(refundable_minor(snapshot, payment), payment.currency)


def ways_back(capabilities: GatewayCapabilities | None) -> tuple[RefundWay, ...]:
    """Return the ways on which a gateway's money can go back, the surest first; None for one not set up."""
    if capabilities is None:
        return (RefundWay.BY_HAND,)
    by_gateway = (RefundWay.GATEWAY,) if capabilities.can_refund else ()
    by_payout = (RefundWay.PAYOUT,) if capabilities.can_pay_out else ()
    return (*by_gateway, *by_payout, RefundWay.BY_HAND)


def needs_second_person(snapshot: Snapshot, *, customer_id: CustomerId, amount: Money) -> bool:
    """Return whether this person needs another's word to give so much back.

    What they gave the customer back within a day without one counts too, so that no sum is cut into parts.
    Another currency than the ISP's always needs it.
    """
    if amount.currency != current_terms(snapshot).currency:
        return True
    before = refund_queries.unseconded_minor(
        snapshot.session,
        customer_id=customer_id,
        made_by=name_of(snapshot.actor),
        made_by_id=person_of(snapshot.actor),
        currency=amount.currency,
        since=snapshot.now - _ONE_ACT,
    )
    return before + amount.minor > payment_terms(snapshot).second_person_above_minor


def asked_for(snapshot: Snapshot, *, made_by: str, made_by_id: int | None) -> bool:
    """Return whether it was this person who asked; refunds of before ids were kept tell people apart by name."""
    if made_by_id is None:
        return name_of(snapshot.actor) == made_by
    return person_of(snapshot.actor) == made_by_id


def locked_payment(uow: UnitOfWork, payment_id: int) -> Payment:
    """Return a payment that can go back, held until the end. Raises NotFound, Conflict saying why it cannot."""
    payment = payment_queries.find_payment(uow.session, payment_id)
    if payment is None:
        raise NotFound("payment")
    if payment.customer_id is None:
        raise Conflict("Nobody knows yet whose money this is. Match it first.")
    lock_customer(uow.session, payment.customer_id)
    lock_row(uow.session, Payment, payment_id)
    if payment.status is not PaymentStatus.RECEIVED:
        raise Conflict("This money was reversed.")
    if payment.disputed_at is not None:
        raise Conflict(
            "The payer disputes this payment at their bank; it could go back twice. Wait for the end."
        )
    return payment


def check_amount(snapshot: Snapshot, payment: Payment, amount: Money) -> None:
    """Let an amount pass that is free. Raises InvalidInput, AmountOutOfRange."""
    if amount.currency != payment.currency:
        raise InvalidInput("amount", f"This payment is in {payment.currency}.")
    if not amount.is_positive:
        raise AmountOutOfRange("amount", "The amount must be more than nothing.")
    free = Money(refundable_minor(snapshot, payment), payment.currency)
    if amount > free:
        raise AmountOutOfRange("amount", f"No more than {free} of this payment can go back.")


def refundable_minor(snapshot: Snapshot, payment: Payment) -> int:
    """Return what of a payment pays nothing, or pays what a credit note could pay."""
    assert payment.id is not None
    if payment.status is not PaymentStatus.RECEIVED or payment.customer_id is None:
        return 0
    if payment.disputed_at is not None:
        return 0
    session = snapshot.session
    refunded = refund_queries.refunded_minor(session, payment_id=payment.id)
    allocated = sum(
        row.amount_minor for row in invoice_queries.allocations_of(session, payment_id=payment.id)
    )
    notes = _note_credit(snapshot, payment)
    exchangeable = min(allocated, sum(remainder for _, remainder in notes))
    return payment.amount_minor - refunded - allocated + exchangeable


def free_money(uow: UnitOfWork, payment: Payment, amount: Money) -> None:
    """Put credit notes in the place of the payment's money where it is needed, newest allocations first."""
    assert payment.id is not None
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


def announce_refund(uow: UnitOfWork, refund: Refund) -> None:
    """Tell who watches that a refund moved on."""
    assert refund.id is not None
    uow.emit(
        RefundMoved(
            refund_id=RefundId(refund.id),
            payment_id=PaymentId(refund.payment_id),
            customer_id=CustomerId(refund.customer_id),
            status=refund.status,
        )
    )


def _note_credit(snapshot: Snapshot, payment: Payment) -> list[tuple[int, int]]:
    """Return (credit note id, minor units left) of the customer's notes in the payment's currency."""
    assert payment.customer_id is not None
    sources = credit_queries.credit_of(snapshot.session, [payment.customer_id])
    return [
        (source.credit_note_id, source.remainder_minor)
        for source in sources.get(payment.customer_id, ())
        if source.credit_note_id is not None and source.currency == payment.currency
    ]


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
