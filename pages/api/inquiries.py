"""/gateways/{name}/…: ask a gateway about one receipt, and have it draw a code that its app pays from."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from starlette.responses import Response

from data.values.identifiers import CustomerId
from data.values.money import Money
from pages.api.auth import ActorDep
from pages.api.problems import WRITING, problem_responses
from pages.api.schemas import Incoming, Outgoing, QueryId, Text
from pages.dependencies import BenfexDep

router = APIRouter(prefix="/gateways", tags=["gateways"])
_PNG: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The code",
        "content": {"image/png": {"schema": {"type": "string", "format": "binary"}}},
    },
    **problem_responses(401, 403, 404, 409, 422, 503),
}


class AskedReceipt(Incoming):
    """The receipt as the payer shows it."""

    receipt: Text


class Asked(Outgoing):
    """What was asked about; what comes of it shows among the payments."""

    receipt: str


@router.post("/{name}/receipts", status_code=202, responses=WRITING)
async def ask_about_receipt(name: str, asked: AskedReceipt, benfex: BenfexDep, actor: ActorDep) -> Asked:
    """Ask for the gateway's own record of a receipt. Asking again is harmless: money is booked once."""
    await benfex.inquiries.ask_about(actor, gateway=name, receipt=asked.receipt)
    return Asked(receipt=asked.receipt.strip().upper())


@router.get("/{name}/code", response_class=Response, responses=_PNG)
async def draw_code(
    name: str,
    benfex: BenfexDep,
    actor: ActorDep,
    customer_id: QueryId,
    minor: Annotated[int, Query(gt=0, le=10**12)],
    currency: Annotated[str, Query(min_length=3, max_length=3)],
) -> Response:
    """Return a QR code as PNG: the gateway's app pays this amount for the customer's account from it."""
    drawn = await benfex.inquiries.draw_code(
        actor, gateway=name, customer_id=CustomerId(customer_id), amount=Money(minor, currency)
    )
    return Response(drawn, media_type="image/png", headers={"cache-control": "private, no-store"})
