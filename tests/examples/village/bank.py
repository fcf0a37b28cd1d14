"""The Village SACCO itself, simulated: written from its API, it shares no code with our client of it."""

import hashlib
import hmac
import json
import secrets
import time
from datetime import UTC, datetime
from decimal import Decimal

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benfex.simulation.courier import Courier, json_parcel, signed
from benfex.simulation.door import json_answer, read_object
from benfex.simulation.gateway_faults import Fault
from benfex.simulation.hosted import HostedGateway, Order, RefusedError
from benfex.simulation.options import HostedOptions

STATES = {"new": "waiting", "paid": "paid", "failed": "refused"}


class VillageBank(HostedGateway):
    """One member's account at the SACCO."""

    label = "Village SACCO"

    def __init__(self, *, secret: str) -> None:
        super().__init__(HostedOptions(key=secret), courier=Courier())
        self.app = Starlette(
            routes=[
                Route("/payments", self.guarded("initialize", self._add), methods=["POST"]),
                Route("/payments", self.guarded("list", self._list)),
                Route("/payments/{reference}", self.guarded("verify", self._find)),
                *self.page_routes(),
            ]
        )

    def announce(self, order: Order) -> None:
        if self.webhook_url is None or order.status != "paid":
            return
        body = json.dumps(_shown(order)).encode()
        signature = hmac.new(self.options.key.encode(), body, hashlib.sha256).hexdigest()
        parcel = json_parcel("paid", url=self.webhook_url, body=body, about=order.reference)
        route = self.courier.route()
        self.courier.send(
            signed(parcel, header="x-village-signature", signature=signature), copies=route.callback_copies
        )

    def return_address(self, order: Order) -> str | None:
        return order.return_url

    def check_caller(self, request: Request, *, where: str, fault: Fault) -> None:
        if request.headers.get("authorization") != f"Bearer {self.options.key}":
            raise RefusedError(401, {"message": "who are you?"})

    async def _add(self, request: Request) -> Response:
        body = await read_object(request)
        reference = str(body["reference"])
        if reference in self.orders:
            raise RefusedError(409, {"message": "this reference was used"})
        self.orders[reference] = Order(
            id=len(self.orders) + 1,
            reference=reference,
            tracking_id=secrets.token_hex(8),
            amount=str(Decimal(str(body["amount_minor"])) / 100),
            currency=str(body["currency"]),
            created_at=time.time(),
            return_url=str(body["return_url"]),
        )
        return json_answer({"page": f"{self.base_url}/checkout/{self.orders[reference].tracking_id}"})

    async def _find(self, request: Request) -> Response:
        order = self.orders.get(request.path_params["reference"])
        if order is None:
            raise RefusedError(404, {"message": "no such payment"})
        return json_answer(_shown(order))

    async def _list(self, request: Request) -> Response:
        return json_answer([_shown(order) for order in self.orders.values()])


def _shown(order: Order) -> dict[str, object]:
    paid_at = datetime.fromtimestamp(order.paid_at, UTC).isoformat() if order.paid_at else None
    return {
        "reference": order.reference,
        "state": STATES[order.status],
        "amount_minor": int(Decimal(order.amount) * 100),
        "currency": order.currency,
        "receipt": f"VS{order.id:06d}" if paid_at else None,
        "paid_at": paid_at,
    }
