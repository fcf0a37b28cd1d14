"""Documents to download over plain HTTP: a page behind a socket cannot answer with a file. Each call is checked."""

from collections.abc import Awaitable, Callable
from datetime import date

from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from benfex.core.actors import Actor
from benfex.documents.printing import Printed
from benfex.documents.proformas import ProformaScope
from data.values.errors import BenfexError, NotFound
from data.values.identifiers import CreditNoteId, CustomerId, InvoiceId, PaymentId
from pages.dependencies import BenfexDep, actor_behind, login_address
from pages.errors import not_found_page, status_of

router = APIRouter(prefix="/documents", include_in_schema=False)


@router.get("/invoices/{invoice_id}.pdf")
async def invoice(request: Request, benfex: BenfexDep, invoice_id: int) -> Response:
    """Give an invoice to staff who may see it, or to the subscriber whose it is."""
    return await _for_the_signed_in(
        request, benfex, lambda actor: benfex.documents.invoice(actor, InvoiceId(invoice_id))
    )


@router.get("/credit-notes/{credit_note_id}.pdf")
async def credit_note(request: Request, benfex: BenfexDep, credit_note_id: int) -> Response:
    """Give a credit note to staff who may see it, or to the subscriber whose it is."""
    return await _for_the_signed_in(
        request, benfex, lambda actor: benfex.documents.credit_note(actor, CreditNoteId(credit_note_id))
    )


@router.get("/receipts/{payment_id}.pdf")
async def receipt(request: Request, benfex: BenfexDep, payment_id: int) -> Response:
    """Give the receipt of a payment to staff who may see it, or to the subscriber who paid."""
    return await _for_the_signed_in(
        request, benfex, lambda actor: benfex.documents.receipt(actor, PaymentId(payment_id))
    )


@router.get("/statements/{customer_id}.pdf")
async def statement(
    request: Request,
    benfex: BenfexDep,
    customer_id: int,
    first_on: date | None = None,
    last_on: date | None = None,
) -> Response:
    """Give a customer's statement of account, of the last three months unless days are named."""
    return await _for_the_signed_in(
        request,
        benfex,
        lambda actor: benfex.documents.statement(
            actor, CustomerId(customer_id), first_on=first_on, last_on=last_on
        ),
    )


@router.get("/proformas/{customer_id}.pdf")
async def proforma(
    request: Request,
    benfex: BenfexDep,
    customer_id: int,
    scope: ProformaScope = ProformaScope.NEXT_PERIOD,
) -> Response:
    """Give a quote of what a customer would pay."""
    return await _for_the_signed_in(
        request,
        benfex,
        lambda actor: benfex.documents.proforma(actor, CustomerId(customer_id), scope=scope),
    )


@router.get("/sample.pdf")
async def sample(request: Request, benfex: BenfexDep) -> Response:
    """Give an invoice that nobody owes, to look at the letterhead."""
    return await _for_the_signed_in(request, benfex, benfex.documents.sample)


@router.get("/pay/{token}/invoice.pdf")
async def invoice_by_link(request: Request, benfex: BenfexDep, token: str) -> Response:
    """Give the invoice that a pay link is for to whoever holds the link."""
    return await _answered(request, benfex.documents.invoice_by_link(token))


def pdf_response(printed: Printed) -> Response:
    """Return the answer that makes a browser keep the file; nothing on the way may."""
    return Response(
        printed.content,
        media_type="application/pdf",
        headers={
            "Content-Disposition": f'attachment; filename="{printed.file_name}"',
            "Cache-Control": "no-store",
        },
    )


async def _for_the_signed_in(
    request: Request, benfex: BenfexDep, make: Callable[[Actor], Awaitable[Printed]]
) -> Response:
    actor = await actor_behind(benfex, request)
    if actor is None:
        return RedirectResponse(login_address(request), status_code=303)
    return await _answered(request, make(actor))


async def _answered(request: Request, making: Awaitable[Printed]) -> Response:
    try:
        return pdf_response(await making)
    except NotFound as missing:
        return await not_found_page(request, missing)
    except BenfexError as error:
        return PlainTextResponse(error.message, status_of(error))
