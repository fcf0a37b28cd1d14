"""Payments that staff took by hand: cash, bank slip, cheque. They settle through the same door as the others."""

import re

from benfex.billing.numbering import take_invoice_numbers
from benfex.core.actors import StaffActor, require
from benfex.core.policy import billing_today
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.payments.gateway import PaymentEvidence
from benfex.payments.settlement import Settled, settle_payment
from benfex.payments.shifts import locked_drawer
from benfex.payments.statement_likeness import HAND_WITHIN
from data.locks import lock_customer
from data.models.customer import Customer
from data.queries import customers as customer_queries
from data.queries import payments as payment_queries
from data.queries import statement_likeness as likeness_queries
from data.values.errors import AlreadyExists, AmountOutOfRange, Conflict, InvalidInput, NotFound
from data.values.identifiers import CustomerId, PaymentId, ShiftId
from data.values.kinds import CashMethod, EvidenceGrade
from data.values.money import Money
from data.values.roles import Permission

RECEIPT_SERIES = "RCT"
_OURS = re.compile(rf"{RECEIPT_SERIES}-[0-9]{{4}}-[0-9]+")


def record_cash_payment(
    uow: UnitOfWork,
    *,
    customer_id: CustomerId,
    amount: Money,
    method: CashMethod,
    reference: str = "",
    is_other_money: bool = False,
) -> PaymentId:
    """Book money taken by hand under a receipt number of ours, without a gap in its year.

    `reference` is the number on the slip or cheque, used once per method; cash may go without one. Cash that a
    person takes goes into the drawer of their open shift. A cheque or slip over the very amount that a bank's
    statement booked for the customer within a week is refused, unless it is said to be other money.
    Raises NotFound, AmountOutOfRange, InvalidInput, Conflict without an open shift or for money that a statement may
    have told of, AlreadyExists when the reference was booked before.
    """
    require(uow.actor, Permission.RECORD_PAYMENTS)
    customer = customer_queries.find_customer(uow.session, customer_id)
    if customer is None:
        raise NotFound("customer")
    if not amount.is_positive:
        raise AmountOutOfRange("amount", "The amount must be more than nothing.")
    if amount.currency != customer.currency:
        raise InvalidInput("amount", f"This customer pays in {customer.currency}.")
    reference = _checked(reference, method)
    lock_customer(uow.session, customer_id)
    if method is not CashMethod.CASH and not is_other_money:
        _check_not_imported(uow, customer_id, amount)
    shift_id = None
    if method is CashMethod.CASH and isinstance(uow.actor, StaffActor):
        shift_id = locked_drawer(uow, currency=amount.currency)
    return _book(uow, customer, amount, method, reference, shift_id)


def receipt_number_of(snapshot: Snapshot, *, payment_id: PaymentId) -> str:
    """Return the number of ours on the receipt of money taken by hand. Raises NotFound."""
    require(snapshot.actor, Permission.VIEW_PAYMENTS)
    payment = payment_queries.find_payment(snapshot.session, payment_id)
    if payment is None or payment.receipt_number is None:
        raise NotFound("receipt")
    return payment.receipt_number


def _check_not_imported(uow: UnitOfWork, customer_id: CustomerId, amount: Money) -> None:
    number = likeness_queries.imported_like(
        uow.session,
        customer_id=customer_id,
        amount_minor=amount.minor,
        currency=amount.currency,
        since=uow.now - HAND_WITHIN,
    )
    if number is not None:
        raise Conflict(
            f"The bank's statement told of {amount} from this customer: {number}. It is booked. "
            "Say that this is other money if it is.",
            code="perhaps_booked",
        )


def _checked(reference: str, method: CashMethod) -> str:
    reference = reference.strip().upper()
    if not reference and method is CashMethod.CASH:
        return ""
    if not re.fullmatch(r"[A-Z0-9][A-Z0-9 ./-]{0,39}", reference):
        raise InvalidInput("reference", "Give the number on the receipt: letters, digits and - / . only.")
    if _OURS.fullmatch(reference):
        raise InvalidInput("reference", "Receipt numbers like this are given by Benfex. Leave it empty.")
    return reference


def _book(
    uow: UnitOfWork,
    customer: Customer,
    amount: Money,
    method: CashMethod,
    reference: str,
    shift_id: ShiftId | None,
) -> PaymentId:
    (number,) = take_invoice_numbers(uow, prefix=RECEIPT_SERIES, year=billing_today(uow).year, count=1)
    evidence = PaymentEvidence(
        gateway=method.value,
        grade=EvidenceGrade.STAFF,
        transaction_id=reference or number,
        amount=amount,
        received_at=uow.now,
        account_reference=customer.account_number,
    )
    outcome = settle_payment(uow, evidence=evidence, evidence_at=uow.now, source="staff")
    if outcome.settled is not Settled.BOOKED or outcome.payment_id is None:
        raise AlreadyExists("reference", f"{evidence.transaction_id} was booked before.")
    payment = payment_queries.find_payment(uow.session, outcome.payment_id)
    assert payment is not None
    payment.receipt_number, payment.shift_id = number, shift_id
    uow.session.flush()
    return outcome.payment_id
