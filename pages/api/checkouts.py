"""/checkouts: a page where a customer pays, made by another program, which hears of its end by webhook."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.identity.idempotency import Answer
from benfex.payments.hosted_checkouts import (
    CheckoutRecord,
    NewCheckout,
    checkout_record,
    checkout_records,
    close_checkout,
    make_checkout,
    payments_of_checkout,
)
from data.values.identifiers import CustomerId, EndpointId, InvoiceId, PayLinkId
from data.values.states import CheckoutStatus
from pages.api.auth import ActorDep
from pages.api.idempotency import UnsafeCall, UnsafeCallDep, told
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

router = APIRouter(prefix="/checkouts", tags=["checkouts"])


class AskedCheckout(Incoming):
    """What is to be paid, by whom: an amount, what is left of an invoice, or all that the customer owes now.

    Name the customer by id or by account number. `client_reference` is your own name for it, used once. The payer's
    browser comes back to `return_url` with `checkout_id` and `client_reference`: a hint where to look, no proof.
    """

    customer_id: Id | None = None
    account_number: Text | None = None
    amount: AskedAmount | None = None
    invoice_id: Id | None = None
    description: Text = ""
    client_reference: Text | None = None
    return_url: Text | None = None
    endpoint_id: Id | None = Field(None, description="Only this endpoint hears of it.")
    expires_in_hours: int = Field(72, description="1 to 2160 hours; then nobody can begin to pay it.")


class Checkout(Outgoing):
    """A checkout. Send the payer to `url`; believe the webhook or this, never the browser that comes back."""

    id: int
    url: str
    customer_id: int
    account_number: str
    amount: Amount | None
    description: str
    client_reference: str | None
    invoice_id: int | None
    return_url: str | None
    endpoint_id: int | None
    status: CheckoutStatus
    paid: Amount
    payments: int
    made_by: str
    created_at: datetime
    expires_at: datetime
    paid_at: datetime | None
    closed_at: datetime | None


class WholeCheckout(Checkout):
    """A checkout with the payments that came by it."""

    payment_ids: list[int]


@router.get("", responses=READING)
async def list_checkouts(
    benfex: BenfexDep,
    actor: ActorDep,
    request: SliceDep,
    customer_id: QueryId | None = None,
    client_reference: Annotated[str | None, Query(max_length=64)] = None,
) -> Listing[Checkout]:
    """Return checkouts, newest first."""
    found = await benfex.read(
        checkout_records,
        actor,
        request=request,
        vault=benfex.vault,
        customer_id=CustomerId(customer_id) if customer_id is not None else None,
        client_reference=client_reference,
    )
    base = benfex.settings.public_url
    return Listing[Checkout](
        items=[_checkout(one, base) for one in found.rows], next_cursor=found.next_cursor
    )


@router.post("", status_code=201, response_model=WholeCheckout, responses=WRITING)
async def create_checkout(asked: AskedCheckout, call: UnsafeCallDep) -> Response:
    """Make a checkout."""

    def work(uow: UnitOfWork) -> Answer:
        wish = NewCheckout(
            customer_id=CustomerId(asked.customer_id) if asked.customer_id is not None else None,
            account_number=asked.account_number,
            amount=asked.amount.money() if asked.amount is not None else None,
            invoice_id=InvoiceId(asked.invoice_id) if asked.invoice_id is not None else None,
            description=asked.description,
            client_reference=asked.client_reference,
            return_url=asked.return_url,
            endpoint_id=EndpointId(asked.endpoint_id) if asked.endpoint_id is not None else None,
            hours=asked.expires_in_hours,
        )
        checkout_id = make_checkout(uow, wish=wish, vault=call.benfex.vault)
        return told(201, _whole(uow, call, checkout_id))

    return await call.once(work)


@router.get("/{checkout_id}", responses=READING)
async def get_checkout(checkout_id: PathId, benfex: BenfexDep, actor: ActorDep) -> WholeCheckout:
    """Return one checkout as it stands."""
    key = PayLinkId(checkout_id)
    found = await benfex.read(checkout_record, actor, checkout_id=key, vault=benfex.vault)
    ids = await benfex.read(payments_of_checkout, actor, checkout_id=key)
    head = _checkout(found, benfex.settings.public_url).model_dump()
    return WholeCheckout(**head, payment_ids=list(ids))


@router.post("/{checkout_id}/close", response_model=WholeCheckout, responses=WRITING)
async def end_checkout(checkout_id: PathId, call: UnsafeCallDep) -> Response:
    """Let nobody begin to pay it any more; money that is under way is booked all the same."""

    def work(uow: UnitOfWork) -> Answer:
        known = checkout_record(uow, checkout_id=PayLinkId(checkout_id), vault=call.benfex.vault).id
        close_checkout(uow, checkout_id=known)
        return told(200, _whole(uow, call, known))

    return await call.once(work)


def _whole(snapshot: Snapshot, call: UnsafeCall, checkout_id: PayLinkId) -> WholeCheckout:
    found = checkout_record(snapshot, checkout_id=checkout_id, vault=call.benfex.vault)
    ids = payments_of_checkout(snapshot, checkout_id=checkout_id)
    head = _checkout(found, call.benfex.settings.public_url).model_dump()
    return WholeCheckout(**head, payment_ids=list(ids))


def _checkout(found: CheckoutRecord, base: str) -> Checkout:
    facts = {name: getattr(found, name) for name in Checkout.model_fields if name != "url"}
    return Checkout.model_validate({**facts, "url": f"{base}/pay/{found.token}"})
