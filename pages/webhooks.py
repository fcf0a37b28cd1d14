"""The doors where gateways knock: bytes in, an answer out. Nothing is decided here."""

from fastapi import APIRouter, Request
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from benfex.payments.gateway import WebhookDelivery
from pages.dependencies import BenfexDep

router = APIRouter(prefix="/webhooks", include_in_schema=False)

_BODY_MAX = 256 * 1024


async def _deliver(
    benfex: BenfexDep,
    request: Request,
    *,
    gateway: str,
    kind: str,
    path_token: str | None = None,
    attempt_token: str | None = None,
) -> Response:
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > _BODY_MAX:
                return Response(status_code=413)
    except ClientDisconnect:  # half a delivery is none; its sender is gone, and has to send it again
        return Response(status_code=400)
    delivery = WebhookDelivery(
        path_kind=kind,
        path_token=path_token,
        attempt_token=attempt_token,
        headers={key.lower(): value for key, value in request.headers.items()},
        body=bytes(body),
        received_at=benfex.clock.now(),
    )
    reply = await benfex.inbox.receive(gateway, delivery)
    return Response(reply.body, status_code=reply.status, media_type=reply.content_type)


@router.post("/paystack")
async def paystack(benfex: BenfexDep, request: Request) -> Response:
    """Take a signed event of Paystack."""
    return await _deliver(benfex, request, gateway="paystack", kind="event")


# M-Pesa refuses callback addresses that hold its own name (Daraja, C2B register), hence "mm".
@router.post("/mm/{callback_token}/stk/{attempt_token}")
async def stk(benfex: BenfexDep, request: Request, callback_token: str, attempt_token: str) -> Response:
    """Take the callback of an STK push."""
    return await _deliver(
        benfex, request, gateway="mpesa", kind="stk", path_token=callback_token, attempt_token=attempt_token
    )


@router.post("/mm/{callback_token}/c2b/{kind}")
async def c2b(benfex: BenfexDep, request: Request, callback_token: str, kind: str) -> Response:
    """Take a Paybill validation or confirmation."""
    return await _deliver(benfex, request, gateway="mpesa", kind=f"c2b/{kind}", path_token=callback_token)


@router.post("/mm/{callback_token}/{kind}")
async def later_result(benfex: BenfexDep, request: Request, callback_token: str, kind: str) -> Response:
    """Take what M-Pesa sends later, such as a notice about pulled transactions."""
    return await _deliver(benfex, request, gateway="mpesa", kind=kind, path_token=callback_token)
