"""The simulated Daraja: tokens, faults and the addresses of its desks.

What the desks do is in daraja_stk.py, daraja_c2b.py, daraja_pull.py, daraja_initiator.py and
daraja_orders.py. Bill Manager and B2B are not simulated.
"""

import asyncio
import base64
import binascii
import json
import secrets
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benfex.simulation import daraja_words as words
from benfex.simulation.courier import Courier
from benfex.simulation.daraja_c2b import C2bDesk, HandPayment
from benfex.simulation.daraja_initiator import InitiatorDesk
from benfex.simulation.daraja_key import Initiator
from benfex.simulation.daraja_ledger import DarajaLedger, Paybill
from benfex.simulation.daraja_orders import OrderDesk
from benfex.simulation.daraja_pull import PullDesk
from benfex.simulation.daraja_stk import StkDesk
from benfex.simulation.door import cut, json_answer
from benfex.simulation.gateway_faults import HTML_PAGE, Fault, FaultSwitch
from benfex.simulation.options import DarajaOptions, changed
from benfex.simulation.phone import Phones
from benfex.simulation.state_file import StateFile

Body = dict[str, object]
Handler = Callable[[Body], Awaitable[Body]]

DARAJA_FAULTS = set(Fault) - {Fault.RATE_LIMITED}


class Daraja:
    """One paybill behind one Daraja app. `app` is what a door serves."""

    def __init__(
        self,
        options: DarajaOptions | None = None,
        *,
        phones: Phones,
        courier: Courier,
        path: Path | None = None,
    ) -> None:
        options = options or DarajaOptions()
        self.faults = FaultSwitch()
        self.ledger = DarajaLedger(balance=options.opening_balance)
        self.courier = courier
        self._file = StateFile(path, describe=self._kept)
        self._paybill = Paybill(options, self.ledger, phones, courier, self._file.touch)
        self._c2b = C2bDesk(self._paybill)
        self._stk = StkDesk(self._paybill, confirmation=self._c2b.confirmation)
        self._pull = PullDesk(self._paybill)
        self.initiator = Initiator(path=path.with_name("daraja-key.pem") if path else None)
        self._initiated = InitiatorDesk(self._paybill, self.initiator)
        self.standing = OrderDesk(self._paybill, pay_by_hand=self._c2b.pay_by_hand)
        self._last_calls: deque[float] = deque()
        self._token: tuple[str, float] | None = None
        self.calls: dict[str, int] = {}
        self.app = Starlette(routes=self._routes())

    @property
    def options(self) -> DarajaOptions:
        """Return how the paybill is set up now."""
        return self._paybill.options

    def start(self) -> None:
        """Take over what an earlier run kept. Raises ValueError when it cannot be read."""
        kept = self._file.load()
        self.ledger.load(kept)
        self._c2b.load(kept.get("registration"))
        self._pull.is_registered = bool(kept.get("pull_registered"))

    async def stop(self) -> None:
        """End what is under way and keep the rest."""
        await self._stk.stop()
        await self.courier.stop()
        self._file.save()

    def change(self, changes: Mapping[str, object]) -> None:
        """Change the options by name. Raises ValueError naming the field."""
        self._paybill.options = changed(self._paybill.options, changes)

    def hold(self, balance: int) -> None:
        """Let the paybill hold so many shillings, as if its owner had brought or taken money."""
        self.ledger.balance = balance
        self._file.touch()

    def set_fault(self, wanted: dict[str, object]) -> None:
        """Switch a fault on or off. Raises ValueError."""
        self.faults.set(wanted)
        if self.faults.kind not in DARAJA_FAULTS:
            self.faults.set({})
            raise ValueError(f"{wanted.get('kind')} is no fault of this gateway")
        if self.faults.kind is Fault.TOKEN_EXPIRED:
            self._token = None

    async def pay_by_hand(self, msisdn: str, *, account: str, amount: int) -> HandPayment:
        """Pay the paybill from a phone's menu. Raises ValueError for what M-Pesa would refuse."""
        return await self._c2b.pay_by_hand(msisdn, account=account, amount=amount)

    def describe(self) -> Body:
        """Return options without secrets, addresses, counts and faults."""
        registration = self._c2b.registration
        return {
            "shortcode": self.options.shortcode,
            "kind": self.options.kind,
            "till_number": self.options.till_number,
            "initiator_locked": self.initiator.is_locked,
            "standing_orders": len(self.standing.orders),
            "pending_form": self.options.pending_form,
            "prompt_seconds": self.options.prompt_seconds,
            "refuse_repeats": self.options.refuse_repeats,
            "balance": self.ledger.balance,
            "transactions": len(self.ledger.transactions),
            "pushes": len(self.ledger.pushes),
            "confirmation_url": registration.confirmation_url if registration else None,
            "validation_url": registration.validation_url if registration else None,
            "pull_registered": self._pull.is_registered,
            "calls": dict(self.calls),
            "fault": self.faults.describe(),
            "delivery": self.courier.describe(),
        }

    def _routes(self) -> list[Route]:
        async def query_push(body: Body) -> Body:
            return self._stk.query(body)

        async def register_pull(body: Body) -> Body:
            return self._pull.register(body)

        async def query_pull(body: Body) -> Body:
            return self._pull.query(body)

        async def register_v1(body: Body) -> Body:
            return self._c2b.register(body, version="v1")

        async def register_v2(body: Body) -> Body:
            return self._c2b.register(body, version="v2")

        desks: list[tuple[str, str, Handler]] = [
            ("/mpesa/stkpush/v1/processrequest", "push", self._stk.push),
            ("/mpesa/stkpushquery/v1/query", "query", query_push),
            ("/mpesa/c2b/v1/registerurl", "register", register_v1),
            ("/mpesa/c2b/v2/registerurl", "register", register_v2),
            ("/mpesa/c2b/v1/simulate", "simulate", self._c2b.simulate),
            ("/mpesa/c2b/v2/simulate", "simulate", self._c2b.simulate),
            ("/mpesa/transactionstatus/v1/query", "status", self._initiated.status),
            ("/mpesa/accountbalance/v1/query", "balance", self._initiated.balance),
            ("/mpesa/reversal/v1/request", "reversal", self._initiated.reversal),
            ("/mpesa/b2c/v3/paymentrequest", "b2c", self._initiated.payout),
            ("/standingorder/v1/createStandingOrderExternal", "order", self.standing.create),
            ("/mpesa/qrcode/v1/generate", "qr", self.standing.draw),
            ("/pulltransactions/v1/register", "register", register_pull),
            ("/pulltransactions/v1/query", "pull", query_pull),
        ]
        every = ["GET", "POST", "PUT", "DELETE", "PATCH"]
        routes = [
            Route(path, self._guarded(where, self._reading(where, handler)), methods=every)
            for path, where, handler in desks
        ]
        routes.append(Route("/oauth/v1/generate", self._guarded("oauth", self._grant), methods=every))
        routes.append(Route("/{rest:path}", self._lost, methods=every))
        return routes

    def _guarded(
        self, where: str, handle: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            self.calls[where] = self.calls.get(where, 0) + 1
            fault = self.faults.strike(where)
            match fault:
                case Fault.DOWN:
                    return cut(request)
                case Fault.HTML:
                    return Response(HTML_PAGE, status_code=502, media_type="text/html")
                case Fault.EMPTY:
                    return Response(b"", status_code=500)
            try:
                if fault is Fault.SPIKE or self._is_spike():
                    raise words.spike_arrest()
                if fault is Fault.TOKEN_EXPIRED:
                    self._token = None
                    raise words.invalid_token()
                response = await handle(request)
            except words.RefusedError as error:
                return json_answer(error.body(), status=error.status)
            if fault is Fault.SLOW:
                # What was asked for has happened; only the answer is late.
                await asyncio.sleep(self.faults.seconds)
            return cut(request) if fault is Fault.DROP_AFTER_ACCEPT else response

        return endpoint

    def _is_spike(self) -> bool:
        most, now = self.options.spike_per_second, time.monotonic()
        while self._last_calls and now - self._last_calls[0] >= 1:
            self._last_calls.popleft()
        if not most or len(self._last_calls) < most:
            self._last_calls.append(now)
            return False
        return True

    def _reading(self, where: str, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def handle(request: Request) -> Response:
            if request.method != "POST":
                raise words.RefusedError(405, "405.001", "Method Not Allowed")
            self._check_token(request)
            return json_answer(await handler(await _read_body(request, where=where)))

        return handle

    async def _grant(self, request: Request) -> Response:
        if request.method != "GET":
            raise words.RefusedError(404, "404.001.04", "Invalid Authentication Header")
        scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            raise words.RefusedError(400, "400.008.01", "Invalid Authentication passed")
        if request.query_params.get("grant_type") != "client_credentials":
            raise words.RefusedError(400, "400.008.02", "Invalid grant type passed")
        expected = f"{self.options.consumer_key}:{self.options.consumer_secret}".encode()
        try:
            given = base64.b64decode(credentials, validate=True)
        except binascii.Error:
            given = b""
        if not secrets.compare_digest(given, expected):
            # A wrong key is answered with nothing at all, as integrators report.
            return Response(b"", status_code=400)
        token = secrets.token_urlsafe(21)
        self._token = (token, time.monotonic() + self.options.token_seconds)
        return json_answer({"access_token": token, "expires_in": str(self.options.token_seconds)})

    def _check_token(self, request: Request) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise words.RefusedError(404, "404.001.04", "Invalid Authentication Header")
        if self._token is None or time.monotonic() >= self._token[1]:
            raise words.invalid_token()
        if not secrets.compare_digest(token.encode(), self._token[0].encode()):
            raise words.invalid_token()

    async def _lost(self, request: Request) -> Response:
        error = words.RefusedError(404, "404.001.01", "Resource not found")
        return json_answer(error.body(), status=error.status)

    def _kept(self) -> Body:
        registration = self._c2b.registration
        return {
            **self.ledger.describe(),
            "pull_registered": self._pull.is_registered,
            "registration": {name: getattr(registration, name) for name in registration.__slots__}
            if registration
            else None,
        }


async def _read_body(request: Request, *, where: str) -> Body:
    """Return the JSON object sent. A form is refused as a wrong first field. Raises RefusedError."""
    if "json" not in request.headers.get("content-type", ""):
        raise words.invalid("BusinessShortCode" if where in {"push", "query"} else "ShortCode")
    try:
        content = json.loads(await request.body())
    except ValueError as error:
        raise words.RefusedError(400, "400.002.05", "Invalid Request Payload") from error
    if not isinstance(content, dict):
        raise words.RefusedError(400, "400.002.05", "Invalid Request Payload")
    return content
