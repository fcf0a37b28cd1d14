"""The doors where gateways knock: bytes in, an answer out. Nothing is decided here.

Each gateway has the door of its name: one address where it signs, a secret in the path where it does not. So
adding a gateway touches nothing here. They stand in front of everything else that is served, since a gateway that
knocks a thousand times a second should wait for the disk and for nothing else.
"""

from collections.abc import Mapping

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from benfex.application import Benfex
from benfex.payments.gateway import WebhookDelivery

_BODY_MAX = 256 * 1024
_MPESA = "mpesa"


async def _deliver(request: Request, *, gateway: str, kind: str) -> Response:
    """Hand a delivery over; the secrets of its path are `callback_token`, and `token` of one thing of ours."""
    # What came with GET is what its address says (Pesapal may be set up so).
    body = bytearray(request.url.query.encode() if request.method == "GET" else b"")
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > _BODY_MAX:
                return Response(status_code=413)
    except ClientDisconnect:  # half a delivery is none; its sender is gone, and has to send it again
        return Response(status_code=400)
    benfex: Benfex = request.scope["benfex"]
    path = _path(request)
    delivery = WebhookDelivery(
        path_kind=kind,
        path_token=path.get("callback_token"),
        attempt_token=path.get("token"),
        headers=dict(request.headers),
        body=bytes(body),
        received_at=benfex.clock.now(),
        peer=request.client.host if request.client else "",
    )
    reply = await benfex.inbox.receive(gateway, delivery)
    return Response(reply.body, status_code=reply.status, media_type=reply.content_type)


async def stk(request: Request) -> Response:
    """Take the callback of an STK push."""
    return await _deliver(request, gateway=_MPESA, kind="stk")


async def c2b(request: Request) -> Response:
    """Take a Paybill validation or confirmation."""
    return await _deliver(request, gateway=_MPESA, kind=f"c2b/{_path(request)['kind']}")


async def later_result(request: Request) -> Response:
    """Take what M-Pesa sends later: a notice about pulled transactions, how a refund or a question of ours ended."""
    return await _deliver(request, gateway=_MPESA, kind=_path(request)["kind"])


async def more_about_it(request: Request) -> Response:
    """Take M-Pesa's record of a refund, or its notice that it did not get to one in time."""
    path = _path(request)
    return await _deliver(request, gateway=_MPESA, kind=f"{path['kind']}/{path['about']}")


async def event(request: Request) -> Response:
    """Take an event of a gateway that proves itself by what it sends, or by knowing the path."""
    path = _path(request)
    return await _deliver(request, gateway=path["door"], kind=path.get("kind", "event"))


def _path(request: Request) -> Mapping[str, str]:
    return request.path_params


# M-Pesa refuses callback addresses that hold its own name (Daraja, C2B register), hence "mm".
_POST, _EITHER = ["POST"], ["GET", "POST"]
_ROUTES: tuple[BaseRoute, ...] = (
    Route("/webhooks/mm/{callback_token}/stk/{token}", stk, methods=_POST),
    Route("/webhooks/mm/{callback_token}/c2b/{kind}", c2b, methods=_POST),
    Route("/webhooks/mm/{callback_token}/{kind}", later_result, methods=_POST),
    Route("/webhooks/mm/{callback_token}/{kind}/{token}", later_result, methods=_POST),
    Route("/webhooks/mm/{callback_token}/{kind}/{token}/{about:path}", more_about_it, methods=_POST),
    Route("/webhooks/{door}", event, methods=_POST),
    Route("/webhooks/{door}/{callback_token}", event, methods=_EITHER),
    Route("/webhooks/{door}/{callback_token}/{kind}", event, methods=_EITHER),
    Route("/webhooks/{door}/{callback_token}/{kind}/{token}", event, methods=_EITHER),
)


class WebhookDoors:
    """Middleware that answers gateways before anything else of the web side is asked."""

    def __init__(self, app: ASGIApp, benfex: Benfex) -> None:
        self._app, self._benfex = app, benfex
        self._doors = Router(_ROUTES, redirect_slashes=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a knock to its door, and everything else on."""
        if scope["type"] == "http" and scope["path"].startswith("/webhooks/"):
            # Without `app`: what is no door is answered here, and not raised for an application around it.
            knock = {name: value for name, value in scope.items() if name != "app"}
            await self._doors(knock | {"benfex": self._benfex}, receive, send)
        else:
            await self._app(scope, receive, send)
