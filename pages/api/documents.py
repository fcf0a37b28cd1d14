"""The PDF of what other resources tell: /invoices/{id}/pdf and the like."""

from datetime import date
from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from benfex.documents.proformas import ProformaScope
from data.values.identifiers import CreditNoteId, CustomerId, InvoiceId, PaymentId
from pages.api.auth import ActorDep
from pages.api.problems import problem_responses
from pages.api.schemas import PathId
from pages.dependencies import BenfexDep
from pages.documents import pdf_response

router = APIRouter()

_PDF: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The document",
        "content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}},
    },
    **problem_responses(401, 403, 404, 409, 422, 503),
}


@router.get("/invoices/{invoice_id}/pdf", tags=["invoices"], response_class=Response, responses=_PDF)
async def get_invoice_pdf(invoice_id: PathId, benfex: BenfexDep, actor: ActorDep) -> Response:
    """Return an invoice as PDF, with a fresh pay link as QR code while it is open."""
    return pdf_response(await benfex.documents.invoice(actor, InvoiceId(invoice_id)))


@router.get(
    "/credit-notes/{credit_note_id}/pdf", tags=["credit-notes"], response_class=Response, responses=_PDF
)
async def get_credit_note_pdf(credit_note_id: PathId, benfex: BenfexDep, actor: ActorDep) -> Response:
    """Return a credit note as PDF."""
    return pdf_response(await benfex.documents.credit_note(actor, CreditNoteId(credit_note_id)))


@router.get("/payments/{payment_id}/receipt", tags=["payments"], response_class=Response, responses=_PDF)
async def get_receipt_pdf(payment_id: PathId, benfex: BenfexDep, actor: ActorDep) -> Response:
    """Return the receipt of a payment as PDF."""
    return pdf_response(await benfex.documents.receipt(actor, PaymentId(payment_id)))


@router.get("/customers/{customer_id}/statement", tags=["customers"], response_class=Response, responses=_PDF)
async def get_statement_pdf(
    customer_id: PathId,
    benfex: BenfexDep,
    actor: ActorDep,
    first_on: date | None = None,
    last_on: date | None = None,
) -> Response:
    """Return a customer's statement of account as PDF, of the last three months unless days are named."""
    return pdf_response(
        await benfex.documents.statement(actor, CustomerId(customer_id), first_on=first_on, last_on=last_on)
    )


@router.get("/customers/{customer_id}/proforma", tags=["customers"], response_class=Response, responses=_PDF)
async def get_proforma_pdf(
    customer_id: PathId,
    benfex: BenfexDep,
    actor: ActorDep,
    scope: ProformaScope = ProformaScope.NEXT_PERIOD,
) -> Response:
    """Return a quote as PDF: what the customer would pay to be online again, or for the next period too."""
    return pdf_response(await benfex.documents.proforma(actor, CustomerId(customer_id), scope=scope))
