"""Tell customers that money came, in the transaction that books it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from benfex.core.unit_of_work import UnitOfWork
from benfex.notifications.outbox import Tidings, enqueue_messages
from benfex.payments.gateway import name_of_gateway
from data.queries import credit as credit_queries
from data.queries import matching as matching_queries
from data.values.identifiers import CustomerId, PaymentId
from data.values.money import Money


@dataclass(frozen=True, slots=True)
class BookedMoney:
    """A payment as it was booked: on whose account, None while that is not known, and who sent it if somebody else.

    `evidence_at` is when the first message with its receipt reached us.
    """

    payment_id: PaymentId
    customer_id: CustomerId | None
    sender_id: CustomerId | None
    amount: Money
    gateway: str
    transaction_id: str
    evidence_at: datetime


def tell_receipts(uow: UnitOfWork, booked: Sequence[BookedMoney]) -> None:
    """Write the receipts of payments that have their customers, with what is open after them.

    Once per payment and customer. Each goes to who sent the money; what is open is told to nobody but whose
    account it is.
    """
    owned = [(one, one.customer_id) for one in booked if one.customer_id is not None]
    open_minor: dict[tuple[int, str], int] = {}
    for row in credit_queries.open_invoices_of(uow.session, [account for _, account in owned]):
        place = (row.customer_id, row.currency)
        open_minor[place] = open_minor.get(place, 0) + row.outstanding_minor
    paid_for = {account for one, account in owned if one.sender_id is not None}
    names = {row.id: row.name for row in matching_queries.customers_by_ids(uow.session, paid_for)}
    told: list[Tidings] = []
    for one, account in owned:
        if one.sender_id is not None:
            told.append(
                _tidings(one, one.sender_id, f"It is on the account of {names[account]}, who pays for you.")
            )
            continue
        owed = Money(open_minor.get((account, one.amount.currency), 0), one.amount.currency)
        balance = f"{owed.format()} is still open." if owed.is_positive else "Nothing is left to pay."
        told.append(_tidings(one, account, balance))
    enqueue_messages(uow, template="payment_received", told=told)


def _tidings(booked: BookedMoney, customer_id: CustomerId, balance: str) -> Tidings:
    facts = {
        "amount": booked.amount.format(),
        "method": name_of_gateway(booked.gateway),
        "receipt": booked.transaction_id,
        "balance": balance,
    }
    return Tidings(customer_id, facts, f"payment:{booked.payment_id}:received:{customer_id}")
