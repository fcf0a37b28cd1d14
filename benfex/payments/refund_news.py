"""What a gateway tells of refunds by webhook: found by our own name, else by the payment and the amount."""

from typing import assert_never

from benfex.core.actors import require
from benfex.core.unit_of_work import UnitOfWork
from benfex.payments.gateway_events import (
    RefundChanged,
    RefundDone,
    RefundFailed,
    RefundUnderWay,
    RefundUnknown,
)
from benfex.payments.refund_steps import is_our_reference, note_refund, reference_of
from benfex.payments.taken_back import take_back
from data.models.payment import Payment, Refund
from data.queries import refunds as refund_queries
from data.values.identifiers import RefundId
from data.values.kinds import RefundWay
from data.values.roles import Permission
from data.values.states import RefundStatus


def note_refund_changed(uow: UnitOfWork, *, gateway: str, event: RefundChanged) -> str | None:
    """Keep what a webhook says of a refund; return why it cannot be placed yet, None when that is done.

    A refund that was made at the gateway and not here is booked too: the money is gone.
    """
    require(uow.actor, Permission.MATCH_PAYMENTS)
    refund = _named_by_us(uow, gateway, event)
    if refund is None and event.callback_token is not None:
        # An address that we gave to one refund says nothing of any other: whoever knows the account's part of
        # it could take back any payment by naming it.
        return _not_placed(event)
    if refund is None:
        payment = refund_queries.payment_named(
            uow.session,
            gateway=gateway,
            transaction_id=event.transaction_id,
            payment_reference=event.payment_reference,
        )
        if payment is None:
            return _not_placed(event)
        refund = _of_payment(uow, payment, event)
        if refund is None:
            if isinstance(event.outcome, RefundDone):
                take_back(
                    uow,
                    payment,
                    reason="Refunded at the gateway.",
                    amount=event.amount,
                    reference=_named_by_them(event),
                )
            return None
    assert refund.id is not None
    note_refund(uow, refund_id=RefundId(refund.id), outcome=event.outcome)
    return None


def _not_placed(event: RefundChanged) -> str | None:
    """Return why a word about money that went back belongs nowhere; None where it is none of our business."""
    if event.callback_token or (event.reference and is_our_reference(event.reference)):
        return "no refund of ours carries this name"
    if event.transaction_id or event.payment_reference:
        return "the payment that is refunded is not known here"
    return None  # a payout that somebody made on the gateway's own screens


def _named_by_us(uow: UnitOfWork, gateway: str, event: RefundChanged) -> Refund | None:
    reference = event.reference if event.callback_token is None else reference_of(event.callback_token)
    if not reference:
        return None
    return refund_queries.refund_by_reference(uow.session, gateway=gateway, reference=reference)


def _of_payment(uow: UnitOfWork, payment: Payment, event: RefundChanged) -> Refund | None:
    """Return the refund that is meant: one that is under way, else one that came to its end before.

    A gateway may name one refund differently each time (Paystack, refund events), so a name only comes first.
    """
    assert payment.id is not None
    named = _named_by_them(event)
    known = [
        refund
        for refund in refund_queries.refunds_of_payment(uow.session, payment_id=payment.id)
        if refund.way is not RefundWay.BY_HAND
        and (event.amount is None or refund.amount_minor == event.amount.minor)
    ]
    for status in (RefundStatus.PENDING, RefundStatus.SUCCEEDED, RefundStatus.FAILED):
        for refund in sorted(known, key=lambda row: row.gateway_reference != named):
            if refund.status is status:
                return refund
    return None


def _named_by_them(event: RefundChanged) -> str:
    match event.outcome:
        case RefundDone(gateway_reference=named) | RefundUnderWay(gateway_reference=named):
            return named or ""
        case RefundFailed() | RefundUnknown():
            return ""
        case _:
            assert_never(event.outcome)
