"""/invoices: what was billed and what is still open. Billing itself is at /customers/{id}/bill."""

from datetime import date, datetime
from typing import Annotated, Self

from fastapi import APIRouter, Query
from starlette.responses import Response

from benfex.billing import api_views
from benfex.billing.write_offs import recover_invoice, write_off_invoice
from benfex.core.unit_of_work import UnitOfWork
from benfex.identity.idempotency import Answer
from benfex.subscriptions.corrections import cancel_invoice
from data.values.identifiers import CustomerId, InvoiceId
from data.values.kinds import LineKind
from data.values.states import InvoiceStatus
from pages.api.auth import ActorDep
from pages.api.idempotency import UnsafeCallDep, told
from pages.api.problems import READING, WRITING
from pages.api.schemas import Amount, Incoming, Listing, Outgoing, PathId, QueryId, SliceDep, Text
from pages.dependencies import BenfexDep

router = APIRouter(prefix="/invoices", tags=["invoices"])


class Voiding(Incoming):
    """Why an invoice is void, and whether the next bill run bills its periods again."""

    reason: Text
    bill_again: bool = False


class WritingOff(Incoming):
    """Why an invoice is given up."""

    reason: Text


class Invoice(Outgoing):
    """An invoice without its lines. Overdue is open past its due date; outstanding is 0 unless open."""

    id: int
    number: str | None
    customer_id: int
    status: InvoiceStatus
    is_overdue: bool
    subtotal: Amount
    tax: Amount
    total: Amount
    paid: Amount
    outstanding: Amount
    issued_on: date | None
    due_on: date | None
    paid_at: datetime | None
    voided_at: datetime | None
    created_at: datetime


class InvoiceLine(Outgoing):
    """One charge: its net amount and its share of the tax; the period is half-open."""

    kind: LineKind
    description: str
    subscription_id: int | None
    quantity: int
    unit: Amount
    net: Amount
    tax: Amount
    period_starts_on: date | None
    period_ends_on: date | None


class InvoicePayment(Outgoing):
    """The part of a payment that paid the invoice."""

    payment_id: int
    amount: Amount
    at: datetime
    reversed_at: datetime | None


class WholeInvoice(Invoice):
    """An invoice with its lines and what paid it."""

    lines: list[InvoiceLine]
    payments: list[InvoicePayment]

    @classmethod
    def of(cls, whole: api_views.WholeInvoice) -> Self:
        """Return the invoice with everything about it on one level."""
        head = Invoice.model_validate(whole.invoice).model_dump()
        return cls.model_validate({**head, "lines": whole.lines, "payments": whole.payments})


@router.get("", responses=READING)
async def list_invoices(
    benfex: BenfexDep,
    actor: ActorDep,
    request: SliceDep,
    customer_id: QueryId | None = None,
    status: Annotated[InvoiceStatus | None, Query()] = None,
) -> Listing[Invoice]:
    """Return invoices, newest first."""
    found = await benfex.read(
        api_views.invoice_records,
        actor,
        request=request,
        customer_id=CustomerId(customer_id) if customer_id is not None else None,
        status=status,
    )
    return Listing[Invoice].of(found)


@router.get("/{invoice_id}", responses=READING)
async def get_invoice(invoice_id: PathId, benfex: BenfexDep, actor: ActorDep) -> WholeInvoice:
    """Return one invoice with its lines and what paid it."""
    return WholeInvoice.of(
        await benfex.read(api_views.whole_invoice, actor, invoice_id=InvoiceId(invoice_id))
    )


@router.post("/{invoice_id}/void", response_model=WholeInvoice, responses=WRITING)
async def void(invoice_id: PathId, asked: Voiding, call: UnsafeCallDep) -> Response:
    """Void an open invoice nobody has paid on; services it suspended come back."""

    def work(uow: UnitOfWork) -> Answer:
        known = api_views.whole_invoice(uow, invoice_id=InvoiceId(invoice_id)).invoice
        cancel_invoice(uow, invoice_id=known.id, reason=asked.reason, bill_again=asked.bill_again)
        return told(200, WholeInvoice.of(api_views.whole_invoice(uow, invoice_id=known.id)))

    return await call.once(work)


@router.post("/{invoice_id}/write-off", response_model=WholeInvoice, responses=WRITING)
async def write_off(invoice_id: PathId, asked: WritingOff, call: UnsafeCallDep) -> Response:
    """Give up what is open of an invoice as bad debt."""

    def work(uow: UnitOfWork) -> Answer:
        known = api_views.whole_invoice(uow, invoice_id=InvoiceId(invoice_id)).invoice
        write_off_invoice(uow, invoice_id=known.id, reason=asked.reason)
        return told(200, WholeInvoice.of(api_views.whole_invoice(uow, invoice_id=known.id)))

    return await call.once(work)


@router.post("/{invoice_id}/recover", response_model=WholeInvoice, responses=WRITING)
async def recover(invoice_id: PathId, call: UnsafeCallDep) -> Response:
    """Pay a written-off invoice from the customer's credit, as far as that goes."""

    def work(uow: UnitOfWork) -> Answer:
        known = api_views.whole_invoice(uow, invoice_id=InvoiceId(invoice_id)).invoice
        recover_invoice(uow, invoice_id=known.id)
        return told(200, WholeInvoice.of(api_views.whole_invoice(uow, invoice_id=known.id)))

    return await call.once(work)
