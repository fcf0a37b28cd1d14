"""The PDF of what other resources tell: /invoices/{id}/pdf and the like."""

from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from data.values.identifiers import InvoiceId
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
