"""/payment-attempts: ask a gateway for money, and read how it goes on."""

from datetime import datetime

from fastapi import APIRouter
from starlette.responses import Response

from benfex.core.unit_of_work import UnitOfWork
from benfex.customers.registration import check_email
from benfex.identity.idempotency import Answer, answered_before, claim, conclude
from benfex.payments.api_views import attempt_record, attempt_records
from benfex.payments.checkout import CheckoutRequest
from data.values.errors import InvalidInput
from data.values.identifiers import CustomerId, InvoiceId, PaymentAttemptId, parse_phone
from data.values.states import AttemptStatus
from pages.api.auth import ActorDep
from pages.api.idempotency import UnsafeCall, UnsafeCallDep, reply, told
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

router = APIRouter(prefix="/payment-attempts", tags=["payment-attempts"])


class NewAttempt(Incoming):
    """Whom to ask for how much by which gateway; which of phone and e-mail is needed, the gateway says.

    `channel` is one of the gateway's ways to pay, left out for its own page; `till` pays by channel mptill.
    """

    customer_id: Id
    amount: AskedAmount
    gateway: Text
    phone: Text | None = None
    email: Text | None = None
    invoice_id: Id | None = None
    channel: Text | None = None
    till: Text | None = None


class PaymentAttempt(Outgoing):
    """A payment that a gateway was asked for. Follow it by its status; `payment_id` is set when money came."""

    id: int
    customer_id: int
    invoice_id: int | None
    gateway: str
    reference: str
    gateway_reference: str | None
    amount: Amount
    status: AttemptStatus
    payer: str
    redirect_url: str | None
    channel: str | None
    customer_message: str | None
    failure_code: str | None
    failure_message: str | None
    needs_review: bool
    started_at: datetime | None
    expires_at: datetime
    payment_id: int | None


@router.get("", responses=READING)
async def list_payment_attempts(
    benfex: BenfexDep, actor: ActorDep, request: SliceDep, customer_id: QueryId | None = None
) -> Listing[PaymentAttempt]:
    """Return attempts, newest first."""
    found = await benfex.read(
        attempt_records,
        actor,
        request=request,
        customer_id=CustomerId(customer_id) if customer_id is not None else None,
    )
    return Listing[PaymentAttempt].of(found)


@router.post("", status_code=201, response_model=PaymentAttempt, responses=WRITING)
async def start_payment_attempt(asked: NewAttempt, call: UnsafeCallDep) -> Response:
    """Ask a gateway for money. A gateway that refuses shows in the attempt, which is then failed."""
    before = await call.benfex.read(answered_before, call.actor, keyed=call.keyed)
    if isinstance(before, Answer):
        return reply(before)
    # A call that was cut off left its attempt behind: it is told, and no second payment is started.
    attempt_id = await _start(call, asked) if before is None else PaymentAttemptId(before.subject_id)

    def tell(uow: UnitOfWork) -> Answer:
        return told(201, PaymentAttempt.model_validate(attempt_record(uow, attempt_id=attempt_id)))

    return reply(await call.benfex.transact(conclude, call.actor, keyed=call.keyed, tell=tell))


@router.get("/{attempt_id}", responses=READING)
async def get_payment_attempt(attempt_id: PathId, benfex: BenfexDep, actor: ActorDep) -> PaymentAttempt:
    """Return one attempt as it stands."""
    record = await benfex.read(attempt_record, actor, attempt_id=PaymentAttemptId(attempt_id))
    return PaymentAttempt.model_validate(record)


async def _start(call: UnsafeCall, asked: NewAttempt) -> PaymentAttemptId:
    if call.benfex.gateways.find(asked.gateway) is None:
        known = ", ".join(call.benfex.gateways.names()) or "none is set up"
        raise InvalidInput("gateway", f"There is no such way to pay ({known}).")
    request = CheckoutRequest(
        customer_id=CustomerId(asked.customer_id),
        amount=asked.amount.money(),
        gateway=asked.gateway,
        invoice_id=InvoiceId(asked.invoice_id) if asked.invoice_id is not None else None,
        phone=parse_phone(asked.phone) if asked.phone is not None else None,
        email=check_email(asked.email),
        channel=asked.channel,
        till=asked.till,
    )

    def keep_key(uow: UnitOfWork, attempt_id: PaymentAttemptId) -> None:
        claim(uow, keyed=call.keyed, subject_id=attempt_id)

    return await call.benfex.checkout.start(call.actor, request, alongside=keep_key)
