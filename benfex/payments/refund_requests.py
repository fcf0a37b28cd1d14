"""Ask for money to go back, and give the second person's word; what a gateway then does is in `refund_steps`.

Money that is given back by hand leaves the books when that is settled; a gateway's when it is sent.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from benfex.core.actors import StaffActor, name_of, person_of, require
from benfex.core.audit import record_audit
from benfex.core.unit_of_work import UnitOfWork
from benfex.payments.gateway import Gateway
from benfex.payments.refund_notices import tell_waiting
from benfex.payments.refund_steps import finish_by_hand, give_free_money_back
from benfex.payments.refunds import (
    announce_refund,
    asked_for,
    check_amount,
    free_money,
    locked_payment,
    needs_second_person,
    refundable_minor,
    ways_back,
)
from data.locks import lock_customer, lock_row
from data.models.payment import Payment, Refund
from data.queries import customers as customer_queries
from data.queries import refunds as refund_queries
from data.values.errors import AlreadyExists, AmountOutOfRange, InvalidInput, NotFound, NotPermitted
from data.values.identifiers import CustomerId, PaymentId, PhoneNumber, RefundId
from data.values.kinds import RefundWay
from data.values.money import Money
from data.values.roles import Permission
from data.values.states import RefundStatus, advance

_SLIP = re.compile(r"[A-Z0-9][A-Z0-9 ./_-]{0,79}")


@dataclass(frozen=True, slots=True)
class NewRefund:
    """What is asked for. `slip` is the number on the slip of money given back by hand, empty until there is one.

    `recipient` is the phone of a payout; the customer's own where none is named.
    """

    amount: Money
    reason: str
    way: RefundWay = RefundWay.BY_HAND
    slip: str = ""
    recipient: PhoneNumber | None = None


def refund_payment(
    uow: UnitOfWork, *, payment_id: PaymentId, amount: Money, reason: str, reference: str
) -> RefundId:
    """Note money that was given back by hand; `reference` is the number on its slip, used once per gateway.

    Raises as `ask_refund` does.
    """
    wish = NewRefund(amount, reason, slip=reference)
    if not reference.strip():
        raise InvalidInput("reference", "Give the number on the slip: letters, digits and - / . only.")
    return ask_refund(uow, payment_id=payment_id, wish=wish, gateways={})


def ask_refund(
    uow: UnitOfWork, *, payment_id: PaymentId, wish: NewRefund, gateways: Mapping[str, Gateway]
) -> RefundId:
    """Ask for money of a payment to go back; above the set amount it waits for a second person.

    `gateways` are those that are set up, by name. The amount is set aside at once.
    Raises NotFound, InvalidInput, AmountOutOfRange beyond what is free of the payment, Conflict for money that
    was reversed, is disputed or has no customer, AlreadyExists for a slip that was used.
    """
    require(uow.actor, Permission.MATCH_PAYMENTS)
    wish = _checked(wish)
    payment = locked_payment(uow, payment_id)
    check_amount(uow, payment, wish.amount)
    _check_way(payment, wish, gateways.get(payment.gateway))
    customer_id = _customer_of(payment)
    waits = needs_second_person(uow, customer_id=customer_id, amount=wish.amount)
    if wish.way is RefundWay.BY_HAND:
        _check_slip(uow, payment.gateway, wish.slip, is_needed=not waits)
    return _add(uow, payment, wish, waits=waits)


def pay_out_credit(
    uow: UnitOfWork, *, customer_id: CustomerId, wish: NewRefund, gateways: Mapping[str, Gateway]
) -> tuple[RefundId, ...]:
    """Ask for a customer's credit to go back, out of the payments it comes from, oldest first, in one act.

    Only payments whose gateway has the way are taken. Raises as `ask_refund` does.
    """
    require(uow.actor, Permission.MATCH_PAYMENTS)
    wish = _checked(wish)
    if customer_queries.find_customer(uow.session, customer_id) is None:
        raise NotFound("customer")
    lock_customer(uow.session, customer_id)
    waits = needs_second_person(uow, customer_id=customer_id, amount=wish.amount)
    left, made = wish.amount.minor, list[RefundId]()
    checked: set[str] = set()
    for payment in refund_queries.payments_with_credit(
        uow.session, customer_id=customer_id, currency=wish.amount.currency
    ):
        part = min(left, refundable_minor(uow, payment))
        some = replace(wish, amount=Money(part, wish.amount.currency))
        if part <= 0 or not _fits(payment, some, gateways.get(payment.gateway)):
            continue
        if wish.way is RefundWay.BY_HAND and payment.gateway not in checked:
            # One slip may give back several payments at once.
            _check_slip(uow, payment.gateway, wish.slip, is_needed=not waits)
            checked.add(payment.gateway)
        made.append(_add(uow, payment, some, waits=waits))
        left -= part
        if not left:
            break
    if left > 0 or not made:
        free = wish.amount - Money(left, wish.amount.currency)
        raise AmountOutOfRange("amount", f"No more than {free} can go back this way.")
    return tuple(made)


def approve_refund(uow: UnitOfWork, *, refund_id: RefundId, slip: str = "") -> None:
    """Give the second person's word. What goes back by hand is noted as given back, against its slip.

    Raises NotFound, InvalidTransition when it does not wait, NotPermitted to the person who asked for it and to
    whoever is no person, InvalidInput without a slip that is needed, Conflict when the money cannot go back now.
    """
    require(uow.actor, Permission.MATCH_PAYMENTS)
    refund = _locked_refund(uow, refund_id)
    advance(refund.status, RefundStatus.APPROVED)
    if not isinstance(uow.actor, StaffActor):
        raise NotPermitted("A refund is approved by a person who is signed in.")
    if asked_for(uow, made_by=refund.made_by, made_by_id=refund.made_by_id):
        raise NotPermitted("You asked for this refund, so another member of staff has to approve it.")
    payment = locked_payment(uow, refund.payment_id)
    refund.status = RefundStatus.APPROVED
    refund.decided_by, refund.decided_at = name_of(uow.actor), uow.now
    record_audit(
        uow,
        action="approve",
        entity="refund",
        entity_id=refund_id,
        changes={"amount_minor": refund.amount_minor},
    )
    if refund.way is RefundWay.BY_HAND:
        number = _slip(slip) or refund.gateway_reference or ""
        if number != refund.gateway_reference:
            _check_slip(uow, payment.gateway, number, is_needed=True)
        refund.gateway_reference = number
        finish_by_hand(uow, payment, refund)
        return
    refund.next_check_at = uow.now
    uow.session.flush()
    announce_refund(uow, refund)


def decline_refund(uow: UnitOfWork, *, refund_id: RefundId, reason: str) -> None:
    """Let a refund go that was not sent; its money is the customer's credit again and pays what is open.

    Who asked for it may take it back so. Raises NotFound, InvalidTransition, InvalidInput without a reason.
    """
    require(uow.actor, Permission.MATCH_PAYMENTS)
    if not reason.strip():
        raise InvalidInput("reason", "Say why the money does not go back.")
    refund = _locked_refund(uow, refund_id)
    refund.status = advance(refund.status, RefundStatus.DECLINED)
    refund.decided_by, refund.decided_at, refund.finished_at = name_of(uow.actor), uow.now, uow.now
    refund.failure_message, refund.next_check_at = reason.strip()[:250], None
    record_audit(
        uow,
        action="decline",
        entity="refund",
        entity_id=refund_id,
        changes={"reason": refund.failure_message},
    )
    give_free_money_back(uow, refund)
    announce_refund(uow, refund)


def _checked(wish: NewRefund) -> NewRefund:
    if not wish.reason.strip():
        raise InvalidInput("reason", "Say why the money goes back.")
    if len(wish.reason.strip()) > 200:
        raise InvalidInput("reason", "Use at most 200 letters.")
    if not wish.amount.is_positive:
        raise AmountOutOfRange("amount", "The amount must be more than nothing.")
    slip = _slip(wish.slip) if wish.way is RefundWay.BY_HAND else ""
    return replace(wish, reason=wish.reason.strip(), slip=slip)


def _slip(text: str) -> str:
    slip = text.strip().upper()
    if slip and not _SLIP.fullmatch(slip):
        raise InvalidInput("reference", "Give the number on the slip: letters, digits and - / . only.")
    return slip


def _check_slip(uow: UnitOfWork, gateway: str, slip: str, *, is_needed: bool) -> None:
    if not slip and is_needed:
        raise InvalidInput("reference", "Give the number on the slip of the money that went back.")
    if slip and refund_queries.refund_by_slip(uow.session, gateway=gateway, slip=slip):
        raise AlreadyExists("reference", f"{slip} was used for a refund before.")


def _check_way(payment: Payment, wish: NewRefund, gateway: Gateway | None) -> None:
    if wish.way not in ways_back(gateway.capabilities if gateway is not None else None):
        raise InvalidInput("way", "Money of this payment cannot go back this way.")
    if wish.way is RefundWay.BY_HAND:
        return
    assert gateway is not None
    limits = gateway.capabilities
    is_whole = wish.amount.minor == payment.amount_minor
    if wish.way is RefundWay.GATEWAY and not is_whole and not limits.refunds_partly:
        whole = Money(payment.amount_minor, payment.currency)
        raise AmountOutOfRange("amount", f"This gateway gives back the whole payment of {whole} or nothing.")
    if not is_whole and wish.amount.minor % limits.amount_step_minor:
        step = Money(limits.amount_step_minor, payment.currency)
        raise AmountOutOfRange("amount", f"This gateway gives back in steps of {step}.")


def _fits(payment: Payment, wish: NewRefund, gateway: Gateway | None) -> bool:
    try:
        _check_way(payment, wish, gateway)
    except InvalidInput:
        return False
    return True


def _add(uow: UnitOfWork, payment: Payment, wish: NewRefund, *, waits: bool) -> RefundId:
    """Set the amount aside, and go on as far as one person may."""
    assert payment.id is not None
    free_money(uow, payment, wish.amount)
    refund = Refund(
        payment_id=payment.id,
        customer_id=_customer_of(payment),
        amount_minor=wish.amount.minor,
        currency=wish.amount.currency,
        status=RefundStatus.AWAITING if waits else RefundStatus.APPROVED,
        reason=wish.reason,
        gateway_reference=wish.slip or None,
        made_by=name_of(uow.actor),
        made_by_id=person_of(uow.actor),
        way=wish.way,
        recipient=_recipient(uow, payment, wish),
        next_check_at=uow.now if not waits and wish.way is not RefundWay.BY_HAND else None,
    )
    uow.session.add(refund)
    uow.session.flush()
    assert refund.id is not None
    changes = {"amount_minor": wish.amount.minor, "way": wish.way, "reason": wish.reason}
    record_audit(uow, action="refund", entity="payment", entity_id=payment.id, changes=changes)
    if waits:
        tell_waiting(uow, refund)
    if wish.way is RefundWay.BY_HAND and not waits:
        finish_by_hand(uow, payment, refund)
    else:
        announce_refund(uow, refund)
    return RefundId(refund.id)


def _recipient(uow: UnitOfWork, payment: Payment, wish: NewRefund) -> str:
    if wish.way is not RefundWay.PAYOUT:
        return ""
    if wish.recipient is not None:
        return wish.recipient.e164
    customer = customer_queries.find_customer(uow.session, _customer_of(payment))
    assert customer is not None
    if not customer.phone:
        raise InvalidInput("recipient", "Give the phone number that is to get the money.")
    return customer.phone


def _customer_of(payment: Payment) -> CustomerId:
    assert payment.customer_id is not None
    return CustomerId(payment.customer_id)


def _locked_refund(uow: UnitOfWork, refund_id: RefundId) -> Refund:
    refund = refund_queries.find_refund(uow.session, refund_id)
    if refund is None:
        raise NotFound("refund")
    lock_customer(uow.session, refund.customer_id)
    lock_row(uow.session, Refund, refund_id)
    return refund
