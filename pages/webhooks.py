"""The doors where gateways knock: bytes in, an answer out. Nothing is decided here.

Each gateway has the door of its name: one address where it signs, a secret in the path where it does not. So
adding a gateway touches nothing here.
"""

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
    # What came with GET is what its address says (Pesapal may be set up so).
    body = bytearray(request.url.query.encode() if request.method == "GET" else b"")
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
        peer=request.client.host if request.client else "",
    )
    reply = await benfex.inbox.receive(gateway, delivery)
    return Response(reply.body, status_code=reply.status, media_type=reply.content_type)


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


@router.post("/mm/{callback_token}/{kind}/{token}")
async def result(benfex: BenfexDep, request: Request, callback_token: str, kind: str, token: str) -> Response:
    """Take how a refund, a question or a standing order of ours ended."""
    return await _deliver(
        benfex, request, gateway="mpesa", kind=kind, path_token=callback_token, attempt_token=token
    )


@router.post("/mm/{callback_token}/{kind}/{token}/{about:path}")
async def more_about_it(
    benfex: BenfexDep, request: Request, callback_token: str, kind: str, token: str, about: str
) -> Response:
    """Take M-Pesa's record of a refund, or its notice that it did not get to one in time."""
    return await _deliver(
        benfex,
        request,
        gateway="mpesa",
        kind=f"{kind}/{about}",
        path_token=callback_token,
        attempt_token=token,
    )


@router.post("/{door}")
async def signed(benfex: BenfexDep, request: Request, door: str) -> Response:
    """Take an event of a gateway that proves itself by what it sends."""
    return await _deliver(benfex, request, gateway=door, kind="event")


@router.api_route("/{door}/{callback_token}", methods=["GET", "POST"])
async def unsigned(benfex: BenfexDep, request: Request, door: str, callback_token: str) -> Response:
    """Take an event of a gateway that proves itself by knowing the path."""
    return await _deliver(benfex, request, gateway=door, kind="event", path_token=callback_token)


@router.api_route("/{door}/{callback_token}/{kind}", methods=["GET", "POST"])
async def unsigned_kind(
    benfex: BenfexDep, request: Request, door: str, callback_token: str, kind: str
) -> Response:
    """Take one kind of event of a gateway that proves itself by knowing the path."""
    return await _deliver(benfex, request, gateway=door, kind=kind, path_token=callback_token)


@router.api_route("/{door}/{callback_token}/{kind}/{token}", methods=["GET", "POST"])
async def unsigned_about(
    benfex: BenfexDep, request: Request, door: str, callback_token: str, kind: str, token: str
) -> Response:
    """Take an event about one thing of ours, whose own secret ends the path."""
    return await _deliver(
        benfex, request, gateway=door, kind=kind, path_token=callback_token, attempt_token=token
    )
