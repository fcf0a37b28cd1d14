"""Payments that staff took by hand: cash, bank slip, cheque. They settle through the same door as the others."""

import re

from benfex.core.actors import require
from benfex.core.unit_of_work import UnitOfWork
from benfex.payments.gateway import PaymentEvidence
from benfex.payments.settlement import Settled, settle_payment
from data.queries import customers as customer_queries
from data.values.errors import AlreadyExists, AmountOutOfRange, InvalidInput, NotFound
from data.values.identifiers import CustomerId, PaymentId
from data.values.kinds import CashMethod, EvidenceGrade
from data.values.money import Money
from data.values.roles import Permission


def record_cash_payment(
    uow: UnitOfWork, *, customer_id: CustomerId, amount: Money, method: CashMethod, reference: str
) -> PaymentId:
    """Book money taken by hand; `reference` is the number on the receipt, slip or cheque, used once per method.

    Raises NotFound, AmountOutOfRange, InvalidInput, AlreadyExists when the reference was booked before.
    """
    require(uow.actor, Permission.RECORD_PAYMENTS)
    customer = customer_queries.find_customer(uow.session, customer_id)
    if customer is None:
        raise NotFound("customer")
    if not amount.is_positive:
        raise AmountOutOfRange("amount", "The amount must be more than nothing.")
    if amount.currency != customer.currency:
        raise InvalidInput("amount", f"This customer pays in {customer.currency}.")
    reference = reference.strip().upper()
    if not re.fullmatch(r"[A-Z0-9][A-Z0-9 ./-]{0,39}", reference):
        raise InvalidInput("reference", "Give the number on the receipt: letters, digits and - / . only.")
    evidence = PaymentEvidence(
        gateway=method.value,
        grade=EvidenceGrade.STAFF,
        transaction_id=reference,
        amount=amount,
        received_at=uow.now,
        account_reference=customer.account_number,
    )
    outcome = settle_payment(uow, evidence=evidence, evidence_at=uow.now, source="staff")
    if outcome.settled is not Settled.BOOKED or outcome.payment_id is None:
        raise AlreadyExists("reference", f"{reference} was booked before.")
    return outcome.payment_id
