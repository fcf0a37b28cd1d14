"""/voucher-batches, /vouchers and renewals of prepaid services. Plans and prices are in `plans`."""

from datetime import date, datetime

from fastapi import APIRouter
from starlette.responses import Response

from benfex.core.unit_of_work import UnitOfWork
from benfex.identity.idempotency import Answer
from benfex.payments import api_views
from benfex.payments.vouchers import cancel_batch, print_vouchers, redeem_voucher, voucher_batch_records
from benfex.subscriptions.api_views import subscription_record
from benfex.subscriptions.prepaid import renew_subscription, renewal_quotes
from data.values.errors import NotFound
from data.values.identifiers import CustomerId, PlanPriceId, SubscriptionId, VoucherBatchId
from pages.api.auth import ActorDep
from pages.api.idempotency import UnsafeCallDep, told
from pages.api.payments import WholePayment
from pages.api.problems import READING, WRITING
from pages.api.schemas import Amount, Day, Id, Incoming, Listing, Outgoing, PathId, SliceDep, Text
from pages.dependencies import BenfexDep

router = APIRouter(tags=["vouchers"])


class NewBatch(Incoming):
    """A batch of vouchers, each worth one period of a prepaid price."""

    name: Text
    plan_price_id: Id
    quantity: Id
    expires_on: Day | None = None


class Batch(Outgoing):
    """A batch of vouchers and what became of them; the codes are told once, when it is printed."""

    id: int
    name: str
    plan_name: str
    amount: Amount
    quantity: int
    redeemed: int
    cancelled: int
    unused: int
    expires_on: date | None
    made_by: str
    made_at: datetime


class Voucher(Outgoing):
    """One voucher for the printer."""

    serial: str
    code: str


class PrintedBatch(Outgoing):
    """A batch as it was printed. Nothing keeps the codes: they cannot be asked for again."""

    batch_id: int
    name: str
    plan_name: str
    amount: Amount
    expires_on: date | None
    vouchers: list[Voucher]


class Cancelling(Incoming):
    """Why what was not redeemed is cancelled."""

    reason: Text


class Cancelled(Outgoing):
    """How many vouchers were cancelled."""

    cancelled: int


class Redeeming(Incoming):
    """A code and whose account it is for; hyphens and small letters do not matter."""

    customer_id: Id
    code: Text


class RenewalQuote(Outgoing):
    """What a whole period costs now and until when it would last; `missing` is what the balance lacks."""

    subscription_id: int
    plan_name: str
    price: Amount
    missing: Amount
    starts_at: datetime
    ends_at: datetime


class Renewal(Outgoing):
    """What was bought from the balance."""

    subscription_id: int
    invoice_id: int
    access_until_at: datetime
    is_whole: bool


@router.get("/voucher-batches", responses=READING)
async def list_voucher_batches(benfex: BenfexDep, actor: ActorDep, request: SliceDep) -> Listing[Batch]:
    """Return batches, newest first."""
    return Listing[Batch].of(await benfex.read(voucher_batch_records, actor, request=request))


@router.post("/voucher-batches", status_code=201, response_model=PrintedBatch, responses=WRITING)
async def print_voucher_batch(asked: NewBatch, call: UnsafeCallDep) -> Response:
    """Print a batch. A repeat under the same key prints nothing and is told no codes: they are kept nowhere."""

    def work(uow: UnitOfWork) -> Answer:
        printed = PrintedBatch.model_validate(
            print_vouchers(
                uow,
                name=asked.name,
                plan_price_id=PlanPriceId(asked.plan_price_id),
                quantity=asked.quantity,
                expires_on=asked.expires_on,
                vault=call.benfex.vault,
            )
        )
        return told(201, printed, kept=printed.model_copy(update={"vouchers": []}))

    return await call.once(work)


@router.post("/voucher-batches/{batch_id}/cancel", response_model=Cancelled, responses=WRITING)
async def cancel_voucher_batch(batch_id: PathId, asked: Cancelling, call: UnsafeCallDep) -> Response:
    """Cancel what was not redeemed of a batch, such as lost paper."""

    def work(uow: UnitOfWork) -> Answer:
        cancelled = cancel_batch(uow, batch_id=VoucherBatchId(batch_id), reason=asked.reason)
        return told(200, Cancelled(cancelled=cancelled))

    return await call.once(work)


@router.post("/vouchers/redeem", status_code=201, response_model=WholePayment, responses=WRITING)
async def redeem(asked: Redeeming, call: UnsafeCallDep) -> Response:
    """Turn a voucher into money of a customer, which opens a period at once."""

    def work(uow: UnitOfWork) -> Answer:
        payment_id = redeem_voucher(
            uow, customer_id=CustomerId(asked.customer_id), code=asked.code, vault=call.benfex.vault
        )
        return told(201, WholePayment.of(api_views.whole_payment(uow, payment_id=payment_id)))

    return await call.once(work)


@router.get("/subscriptions/{subscription_id}/renewal", responses=READING)
async def quote_renewal(subscription_id: PathId, benfex: BenfexDep, actor: ActorDep) -> RenewalQuote:
    """Return what a prepaid service costs to renew now."""
    known = await benfex.read(subscription_record, actor, subscription_id=SubscriptionId(subscription_id))
    for quote in await benfex.read(renewal_quotes, actor, customer_id=known.customer_id):
        if quote.subscription_id == known.id:
            return RenewalQuote.model_validate(quote)
    raise NotFound("prepaid service")


@router.post("/subscriptions/{subscription_id}/renew", response_model=Renewal, responses=WRITING)
async def renew(subscription_id: PathId, call: UnsafeCallDep) -> Response:
    """Buy the next period of a prepaid service from the balance."""

    def work(uow: UnitOfWork) -> Answer:
        known = subscription_record(uow, subscription_id=SubscriptionId(subscription_id))
        return told(200, Renewal.model_validate(renew_subscription(uow, subscription_id=known.id)))

    return await call.once(work)
