"""/payments: money that came. Asking a gateway for money is at /payment-attempts."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Query
from starlette.responses import Response

from benfex.core.unit_of_work import UnitOfWork
from benfex.customers.api_views import customer_record
from benfex.identity.idempotency import Answer
from benfex.payments import api_views
from benfex.payments.cash import record_cash_payment
from benfex.payments.placing import match_payment, undo_match
from benfex.payments.reversal import reverse_payment
from benfex.payments.views import suggestions_of
from data.values.identifiers import CustomerId, PaymentId
from data.values.kinds import CashMethod, EvidenceGrade, PaymentMark
from data.values.states import PaymentStatus
from pages.api.auth import ActorDep
from pages.api.idempotency import UnsafeCallDep, told
from pages.api.problems import READING, WRITING
from pages.api.schemas import (
    Amount,
    AskedAmount,
    Id,
    Incoming,
    Listing,
    Outgoing,
    PathId,
    QueryId,
    SliceDep,
    Text,
)
from pages.dependencies import BenfexDep

router = APIRouter(prefix="/payments", tags=["payments"])


class NewPayment(Incoming):
    """Money taken by hand; `reference` is the number on the slip or cheque, used once per method.

    Cash may go without one; it goes into the open shift of who calls. A cheque or slip over an amount that a bank's
    statement told of is refused (`perhaps_booked`) unless it `is_other_money`.
    """

    customer_id: Id
    amount: AskedAmount
    method: CashMethod = CashMethod.CASH
    reference: Text = ""
    is_other_money: bool = False


class Reversing(Incoming):
    """Why a payment is taken out of the books again."""

    reason: Text


class Matching(Incoming):
    """Whose money it is."""

    customer_id: Id


class Payment(Outgoing):
    """Money that came; no customer means that nobody knows whose it is yet.

    `sent_by_customer_id` is who sent it to the account of the customer who pays for them. `given_back` is how much
    went back or is on its way; `is_disputed` that a dispute is not decided.
    """

    id: int
    customer_id: int | None
    sent_by_customer_id: int | None
    attempt_id: int | None
    gateway: str
    transaction_id: str
    amount: Amount
    fee: Amount
    status: PaymentStatus
    grade: EvidenceGrade
    source: str
    received_at: datetime
    reversed_at: datetime | None
    payer_name: str
    payer_phone: str
    account_reference: str
    match_reason: str
    match_score: int | None
    match_reasons: tuple[str, ...]
    matched_by: str
    receipt_number: str | None
    shift_id: int | None
    given_back: Amount
    is_disputed: bool


class Suggestion(Outgoing):
    """Whose money without a customer may be: a score from 0 to 100 and what speaks for it."""

    customer_id: int
    customer_name: str
    account_number: str
    score: int
    reasons: tuple[str, ...]


class Undoing(Incoming):
    """Why money is not whose it was placed with."""

    reason: Text


class Allocation(Outgoing):
    """The part of a payment that pays an invoice."""

    invoice_id: int
    invoice_number: str | None
    amount: Amount
    at: datetime
    reversed_at: datetime | None


class Restoration(Outgoing):
    """Money to packet for one service: an instant per step, null for what has not happened yet."""

    subscription_id: int
    connection_id: int
    evidence_at: datetime
    matched_at: datetime
    settled_at: datetime
    written_at: datetime | None
    read_back_at: datetime | None
    session_at: datetime | None


class WholePayment(Payment):
    """A payment with what it paid and the services it brought back."""

    allocations: list[Allocation]
    restorations: list[Restoration]

    @classmethod
    def of(cls, whole: api_views.WholePayment) -> Self:
        """Return the payment with everything about it on one level."""
        head = Payment.model_validate(whole.payment).model_dump()
        return cls.model_validate(
            {**head, "allocations": whole.allocations, "restorations": whole.restorations}
        )


@router.get("", responses=READING)
async def list_payments(
    benfex: BenfexDep,
    actor: ActorDep,
    request: SliceDep,
    customer_id: QueryId | None = None,
    status: Annotated[PaymentStatus | None, Query()] = None,
    mark: Annotated[PaymentMark | None, Query(description="Only payments that stand so.")] = None,
) -> Listing[Payment]:
    """Return payments, newest first."""
    found = await benfex.read(
        api_views.payment_records,
        actor,
        request=request,
        customer_id=CustomerId(customer_id) if customer_id is not None else None,
        status=status,
        mark=mark,
    )
    return Listing[Payment].of(found)


@router.post("", status_code=201, response_model=WholePayment, responses=WRITING)
async def record_payment(asked: NewPayment, call: UnsafeCallDep) -> Response:
    """Book money taken by hand; it pays open invoices, oldest due first, and restores what it pays for."""

    def work(uow: UnitOfWork) -> Answer:
        payment_id = record_cash_payment(
            uow,
            customer_id=CustomerId(asked.customer_id),
            amount=asked.amount.money(),
            method=asked.method,
            reference=asked.reference,
            is_other_money=asked.is_other_money,
        )
        return told(201, WholePayment.of(api_views.whole_payment(uow, payment_id=payment_id)))

    return await call.once(work)


@router.get("/{payment_id}", responses=READING)
async def get_payment(payment_id: PathId, benfex: BenfexDep, actor: ActorDep) -> WholePayment:
    """Return one payment with what it paid and the services it brought back."""
    return WholePayment.of(
        await benfex.read(api_views.whole_payment, actor, payment_id=PaymentId(payment_id))
    )


@router.post("/{payment_id}/match", response_model=WholePayment, responses=WRITING)
async def match(payment_id: PathId, asked: Matching, call: UnsafeCallDep) -> Response:
    """Give money without a customer to its customer."""

    def work(uow: UnitOfWork) -> Answer:
        known = api_views.whole_payment(uow, payment_id=PaymentId(payment_id)).payment
        customer = customer_record(uow, customer_id=CustomerId(asked.customer_id))
        match_payment(uow, payment_id=known.id, customer_id=customer.id)
        return told(200, WholePayment.of(api_views.whole_payment(uow, payment_id=known.id)))

    return await call.once(work)


@router.get("/{payment_id}/suggestions", responses=READING)
async def suggestions(payment_id: PathId, benfex: BenfexDep, actor: ActorDep) -> list[Suggestion]:
    """Return whose money it may be by what is known now, best first."""
    found = await benfex.read(suggestions_of, actor, payment_id=PaymentId(payment_id))
    return [Suggestion.model_validate(one) for one in found]


@router.post("/{payment_id}/undo-match", response_model=WholePayment, responses=WRITING)
async def undo(payment_id: PathId, asked: Undoing, call: UnsafeCallDep) -> Response:
    """Take money from the customer it was placed with: it waits again, and what it paid is open again."""

    def work(uow: UnitOfWork) -> Answer:
        known = api_views.whole_payment(uow, payment_id=PaymentId(payment_id)).payment
        undo_match(uow, payment_id=known.id, reason=asked.reason)
        return told(200, WholePayment.of(api_views.whole_payment(uow, payment_id=known.id)))

    return await call.once(work)


@router.post("/{payment_id}/reverse", response_model=WholePayment, responses=WRITING)
async def reverse(payment_id: PathId, asked: Reversing, call: UnsafeCallDep) -> Response:
    """Take a payment out of the books: what it paid is open again."""

    def work(uow: UnitOfWork) -> Answer:
        known = api_views.whole_payment(uow, payment_id=PaymentId(payment_id)).payment
        reverse_payment(uow, payment_id=known.id, reason=asked.reason)
        return told(200, WholePayment.of(api_views.whole_payment(uow, payment_id=known.id)))

    return await call.once(work)
