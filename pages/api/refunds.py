"""/refunds: money that goes back to customers, from being asked for to its end."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from benfex.core.unit_of_work import UnitOfWork
from benfex.customers.api_views import customer_record
from benfex.identity.idempotency import Answer, answered_before
from benfex.payments.api_views import whole_payment
from benfex.payments.refund_requests import (
    NewRefund,
    approve_refund,
    ask_refund,
    decline_refund,
    pay_out_credit,
    refund_payment,
)
from benfex.payments.refund_steps import conclude_arrived, conclude_failed
from benfex.payments.refund_views import refund_record, refund_records
from data.values.identifiers import CustomerId, PaymentId, RefundId, parse_phone
from data.values.kinds import RefundWay
from data.values.states import RefundStatus
from pages.api.auth import ActorDep
from pages.api.idempotency import UnsafeCallDep, reply, told
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

router = APIRouter(tags=["refunds"])


class GivenBack(Incoming):
    """Money given back by hand out of a payment; `reference` is the number on its slip, used once."""

    payment_id: Id
    amount: AskedAmount
    reason: Text
    reference: Text


class AskedRefund(Incoming):
    """How much is to go back, and how.

    `reference` is the slip of money given back by hand: needed unless a second person has to approve it.
    `phone` gets a payout, the customer's own where none is named.
    """

    amount: AskedAmount
    reason: Text
    way: RefundWay = RefundWay.BY_HAND
    reference: Text = ""
    phone: Text | None = None

    def wish(self) -> NewRefund:
        """Return what is asked for as a value."""
        phone = parse_phone(self.phone) if self.phone else None
        return NewRefund(self.amount.money(), self.reason, self.way, self.reference, phone)


class Approval(Incoming):
    """The second person's word; `reference` is the slip of money given back by hand, if it has none yet."""

    reference: Text = ""


class Reason(Incoming):
    """Why."""

    reason: Text


class Receipt(Incoming):
    """The gateway's receipt, as its own screens show it."""

    reference: Text


class Refund(Outgoing):
    """Money that goes back. `status` awaiting waits for a second person; `failure_message` says why it did not go."""

    id: int
    payment_id: int
    customer_id: int
    gateway: str
    amount: Amount
    status: RefundStatus
    way: RefundWay
    reason: str
    reference: str | None
    recipient: str
    made_by: str
    decided_by: str
    created_at: datetime
    decided_at: datetime | None
    sent_at: datetime | None
    finished_at: datetime | None
    failure_message: str | None


class BankAccount(Incoming):
    """The customer's account, with the bank as the gateway names it."""

    bank_code: Text
    account_number: Text


class Payout(Outgoing):
    """A customer's credit that goes back, as refunds of the payments it comes from."""

    refunds: list[Refund]


@router.get("/refunds", responses=READING)
async def list_refunds(
    benfex: BenfexDep,
    actor: ActorDep,
    request: SliceDep,
    customer_id: QueryId | None = None,
    payment_id: QueryId | None = None,
    status: Annotated[RefundStatus | None, Query()] = None,
) -> Listing[Refund]:
    """Return refunds, newest first."""
    found = await benfex.read(
        refund_records,
        actor,
        request=request,
        customer_id=CustomerId(customer_id) if customer_id is not None else None,
        payment_id=PaymentId(payment_id) if payment_id is not None else None,
        status=status,
    )
    return Listing[Refund].of(found)


@router.get("/refunds/{refund_id}", responses=READING)
async def get_refund(refund_id: PathId, benfex: BenfexDep, actor: ActorDep) -> Refund:
    """Return one refund."""
    return Refund.model_validate(await benfex.read(refund_record, actor, refund_id=RefundId(refund_id)))


@router.post("/refunds", status_code=201, response_model=Refund, responses=WRITING)
async def note_refund_by_hand(asked: GivenBack, call: UnsafeCallDep) -> Response:
    """Note money that was given back: no more than pays nothing, or that a credit note can stand in for."""

    def work(uow: UnitOfWork) -> Answer:
        refund_id = refund_payment(
            uow,
            payment_id=PaymentId(asked.payment_id),
            amount=asked.amount.money(),
            reason=asked.reason,
            reference=asked.reference,
        )
        return told(201, _refund(uow, refund_id))

    return await call.once(work)


@router.post("/payments/{payment_id}/refunds", status_code=201, response_model=Refund, responses=WRITING)
async def ask_for_refund(payment_id: PathId, asked: AskedRefund, call: UnsafeCallDep) -> Response:
    """Ask for money of a payment to go back. Above the ISP's set amount another member of staff approves it."""

    def work(uow: UnitOfWork) -> Answer:
        known = whole_payment(uow, payment_id=PaymentId(payment_id)).payment
        gateways = call.benfex.gateways.running
        refund_id = ask_refund(uow, payment_id=known.id, wish=asked.wish(), gateways=gateways)
        return told(201, _refund(uow, refund_id))

    return await call.once(work)


@router.post("/customers/{customer_id}/payouts", status_code=201, response_model=Payout, responses=WRITING)
async def pay_out(customer_id: PathId, asked: AskedRefund, call: UnsafeCallDep) -> Response:
    """Ask for a customer's credit to go back, out of the payments it comes from, oldest first."""

    def work(uow: UnitOfWork) -> Answer:
        customer = customer_record(uow, customer_id=CustomerId(customer_id))
        gateways = call.benfex.gateways.running
        made = pay_out_credit(uow, customer_id=customer.id, wish=asked.wish(), gateways=gateways)
        return told(201, Payout(refunds=[_refund(uow, refund_id) for refund_id in made]))

    return await call.once(work)


@router.post("/refunds/{refund_id}/approve", response_model=Refund, responses=WRITING)
async def approve(refund_id: PathId, asked: Approval, call: UnsafeCallDep) -> Response:
    """Give the second person's word; who asked for the refund is refused."""

    def work(uow: UnitOfWork) -> Answer:
        known = refund_record(uow, refund_id=RefundId(refund_id)).id
        approve_refund(uow, refund_id=known, slip=asked.reference)
        return told(200, _refund(uow, known))

    return await call.once(work)


@router.post("/refunds/{refund_id}/decline", response_model=Refund, responses=WRITING)
async def decline(refund_id: PathId, asked: Reason, call: UnsafeCallDep) -> Response:
    """Let a refund go that was not sent; its money is the customer's credit again."""

    def work(uow: UnitOfWork) -> Answer:
        known = refund_record(uow, refund_id=RefundId(refund_id)).id
        decline_refund(uow, refund_id=known, reason=asked.reason)
        return told(200, _refund(uow, known))

    return await call.once(work)


@router.post("/refunds/{refund_id}/account", response_model=Refund, responses=WRITING)
async def send_to_account(refund_id: PathId, asked: BankAccount, call: UnsafeCallDep) -> Response:
    """Have a refund that cannot go back the way the money came sent to the customer's bank account."""
    key = RefundId(refund_id)
    before = await call.benfex.read(answered_before, call.actor, keyed=call.keyed)
    if isinstance(before, Answer):
        return reply(before)
    await call.benfex.refunds.send_to_account(
        call.actor, key, bank_code=asked.bank_code, account_number=asked.account_number
    )
    return await call.once(lambda uow: told(200, _refund(uow, key)))


@router.post("/refunds/{refund_id}/arrived", response_model=Refund, responses=WRITING)
async def note_arrived(refund_id: PathId, asked: Receipt, call: UnsafeCallDep) -> Response:
    """Note that a refund which the gateway gave no answer about did go back."""

    def work(uow: UnitOfWork) -> Answer:
        known = refund_record(uow, refund_id=RefundId(refund_id)).id
        conclude_arrived(uow, refund_id=known, reference=asked.reference)
        return told(200, _refund(uow, known))

    return await call.once(work)


@router.post("/refunds/{refund_id}/failed", response_model=Refund, responses=WRITING)
async def note_failed(refund_id: PathId, asked: Reason, call: UnsafeCallDep) -> Response:
    """Note that a refund which the gateway gave no answer about did not go back."""

    def work(uow: UnitOfWork) -> Answer:
        known = refund_record(uow, refund_id=RefundId(refund_id)).id
        conclude_failed(uow, refund_id=known, reason=asked.reason)
        return told(200, _refund(uow, known))

    return await call.once(work)


def _refund(uow: UnitOfWork, refund_id: RefundId) -> Refund:
    return Refund.model_validate(refund_record(uow, refund_id=refund_id))
