"""/credit-notes: what lowers an invoice, by amount or for the unused days of a service."""

from datetime import date, datetime

from fastapi import APIRouter
from starlette.responses import Response

from benfex.billing.note_views import credit_note, credit_note_records
from benfex.core.unit_of_work import UnitOfWork
from benfex.identity.idempotency import Answer
from benfex.subscriptions.corrections import credit_invoice, credit_unused_days
from data.values.identifiers import CreditNoteId, CustomerId, InvoiceId, SubscriptionId
from pages.api.auth import ActorDep
from pages.api.idempotency import UnsafeCallDep, told
from pages.api.problems import READING, WRITING
from pages.api.schemas import (
    Amount,
    AskedAmount,
    Day,
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

router = APIRouter(prefix="/credit-notes", tags=["credit-notes"])


class NewCreditNote(Incoming):
    """What to credit of an invoice, tax included; it is spread over its lines."""

    invoice_id: Id
    amount: AskedAmount
    reason: Text


class UnusedDays(Incoming):
    """From which day on a service is not used; every billed day from it is credited."""

    subscription_id: Id
    from_on: Day
    reason: Text


class CreditNote(Outgoing):
    """A credit note; `credit` is what of it settles nothing yet."""

    id: int
    number: str
    invoice_id: int
    invoice_number: str
    customer_id: int
    subtotal: Amount
    tax: Amount
    total: Amount
    credit: Amount
    reason: str
    issued_on: date
    created_at: datetime


class CreditNoteLine(Outgoing):
    """What is taken back of one charge of the invoice."""

    invoice_line_id: int
    description: str
    net: Amount
    tax: Amount


class WholeCreditNote(CreditNote):
    """A credit note with its lines."""

    lines: list[CreditNoteLine]


class IssuedNotes(Outgoing):
    """The credit notes that one call issued, an invoice each."""

    items: list[WholeCreditNote]


@router.get("", responses=READING)
async def list_credit_notes(
    benfex: BenfexDep, actor: ActorDep, request: SliceDep, customer_id: QueryId | None = None
) -> Listing[CreditNote]:
    """Return credit notes, newest first."""
    found = await benfex.read(
        credit_note_records,
        actor,
        request=request,
        customer_id=CustomerId(customer_id) if customer_id is not None else None,
    )
    return Listing[CreditNote].of(found)


@router.get("/{credit_note_id}", responses=READING)
async def get_credit_note(credit_note_id: PathId, benfex: BenfexDep, actor: ActorDep) -> WholeCreditNote:
    """Return one credit note with its lines."""
    found = await benfex.read(credit_note, actor, credit_note_id=CreditNoteId(credit_note_id))
    return WholeCreditNote.model_validate(found)


@router.post("", status_code=201, response_model=WholeCreditNote, responses=WRITING)
async def issue_credit_note(asked: NewCreditNote, call: UnsafeCallDep) -> Response:
    """Credit an amount of an invoice; it settles the invoice first, the rest pays others or is kept."""

    def work(uow: UnitOfWork) -> Answer:
        note_id = credit_invoice(
            uow, invoice_id=InvoiceId(asked.invoice_id), amount=asked.amount.money(), reason=asked.reason
        )
        return told(201, WholeCreditNote.model_validate(credit_note(uow, credit_note_id=note_id)))

    return await call.once(work)


@router.post("/unused", status_code=201, response_model=IssuedNotes, responses=WRITING)
async def credit_unused(asked: UnusedDays, call: UnsafeCallDep) -> Response:
    """Credit the billed days of a service from a day on: a note an invoice, none where nothing is unused."""

    def work(uow: UnitOfWork) -> Answer:
        note_ids = credit_unused_days(
            uow,
            subscription_id=SubscriptionId(asked.subscription_id),
            from_on=asked.from_on,
            reason=asked.reason,
        )
        notes = [credit_note(uow, credit_note_id=note_id) for note_id in note_ids]
        return told(201, IssuedNotes.model_validate({"items": notes}))

    return await call.once(work)
