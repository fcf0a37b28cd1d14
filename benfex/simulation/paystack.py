"""The simulated Paystack: initialize, verify and list, the money itself, and signed webhooks.

Shapes and refusals are in paystack_words.py, the hosted page is paystack_checkout.py. Direct charges,
refunds, settlements and disputes are not simulated.
"""

import asyncio
import json
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benfex.simulation import paystack_words as words
from benfex.simulation.courier import Courier, json_parcel, signed
from benfex.simulation.door import cut, json_answer, read_object
from benfex.simulation.gateway_faults import HTML_PAGE, Fault, FaultSwitch
from benfex.simulation.options import PaystackOptions, changed
from benfex.simulation.paystack_checkout import checkout_routes
from benfex.simulation.paystack_words import Charge
from benfex.simulation.state_file import StateFile

Handler = Callable[[Request], Awaitable[Response]]

PAYSTACK_FAULTS = set(Fault) - {Fault.SPIKE, Fault.TOKEN_EXPIRED}
PAGE_ROWS = 50
PAGE_ROWS_MAXIMUM = 100


class Paystack:
    """One business. `app` is what a door serves; `base_url` is where the hosted page is found."""

    def __init__(
        self, options: PaystackOptions | None = None, *, courier: Courier, path: Path | None = None
    ) -> None:
        self.options = options or PaystackOptions()
        self.courier = courier
        self.faults = FaultSwitch()
        self.charges: dict[str, Charge] = {}
        self.webhook_url: str | None = None
        self.base_url = ""
        self.calls: dict[str, int] = {}
        self._by_access_code: dict[str, Charge] = {}
        self._file = StateFile(path, describe=self._kept)
        self.app = Starlette(
            routes=[
                Route(
                    "/transaction/initialize", self._guarded("initialize", self._initialize), methods=["POST"]
                ),
                Route("/transaction/verify/{reference:path}", self._guarded("verify", self._verify)),
                Route("/transaction/{id:int}", self._guarded("verify", self._fetch)),
                Route("/transaction", self._guarded("list", self._list)),
                *checkout_routes(self),
            ]
        )

    def start(self) -> None:
        """Take over what an earlier run kept. Raises ValueError when it cannot be read."""
        kept = self._file.load()
        rows, url = kept.get("charges", []), kept.get("webhook_url")
        self.webhook_url = str(url) if url else None
        for row in rows if isinstance(rows, list) else []:
            try:
                self._add(Charge(**row))
            except TypeError as error:
                raise ValueError("the kept Paystack state has another shape") from error

    async def stop(self) -> None:
        """End what is under way and keep the rest."""
        await self.courier.stop()
        self._file.save()

    def change(self, changes: Mapping[str, object]) -> None:
        """Change the options by name. Raises ValueError naming the field."""
        self.options = changed(self.options, changes)

    def set_fault(self, wanted: dict[str, object]) -> None:
        """Switch a fault on or off. Raises ValueError."""
        self.faults.set(wanted)
        if self.faults.kind not in PAYSTACK_FAULTS:
            self.faults.set({})
            raise ValueError(f"{wanted.get('kind')} is no fault of this gateway")

    def set_webhook_url(self, url: str | None) -> None:
        """Send webhooks to this address from now on. Raises ValueError when it is not http(s)."""
        if url is not None and not _is_web_address(url):
            raise ValueError("url must be an http or https address")
        self.webhook_url = url
        self._file.touch()

    def find(self, key: str) -> Charge:
        """Return the transaction with this reference or access code. Raises KeyError."""
        found = self.charges.get(key) or self._by_access_code.get(key)
        if found is None:
            raise KeyError(key)
        return found

    def open(self, charge: Charge) -> None:
        """Note that the customer looks at the hosted page."""
        if charge.status == "abandoned" and charge.paid_at is None:
            self._move(charge, "ongoing")

    def pay(self, charge: Charge, *, channel: str | None = None, phone: str | None = None) -> None:
        """Let the customer pay; paying twice changes nothing. Raises ValueError for an unknown channel."""
        if charge.paid_at is not None:
            return
        channel = channel or ("mobile_money" if charge.currency == "KES" else "card")
        if channel not in {"mobile_money", "card"}:
            raise ValueError("channel must be mobile_money or card")
        fee = words.share_of(charge.requested_amount, basis_points=self.options.fee_basis_points)
        charge.amount = charge.requested_amount + (fee if self.options.customer_bears_fee else 0)
        charge.fees, charge.channel, charge.phone = fee, channel, phone
        charge.message, charge.paid_at = None, time.time()
        self._move(charge, "success")
        self._announce("charge.success", charge)

    def decline(self, charge: Charge) -> None:
        """Let the payment fail. Nothing is announced: Paystack tells of success only."""
        if charge.paid_at is None:
            charge.message = "Insufficient funds"
            self._move(charge, "failed")

    def leave(self, charge: Charge) -> None:
        """Let the customer go away without paying."""
        if charge.paid_at is None:
            self._move(charge, "abandoned")

    def set_status(self, charge: Charge, status: str) -> None:
        """Put a transaction into any status a verify can show, without a webhook. Raises ValueError."""
        if status not in words.STATUSES:
            raise ValueError(f"status must be one of {', '.join(words.STATUSES)}")
        self._move(charge, status)

    def describe(self) -> dict[str, object]:
        """Return options without the key, the address, counts and faults."""
        return {
            "webhook_url": self.webhook_url,
            "transactions": len(self.charges),
            "fee_basis_points": self.options.fee_basis_points,
            "calls": dict(self.calls),
            "fault": self.faults.describe(),
            "delivery": self.courier.describe(),
        }

    def _guarded(self, where: str, handle: Handler) -> Handler:
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
                if fault is Fault.RATE_LIMITED:
                    raise words.rate_limited()
                self._check_key(request)
                response = await handle(request)
            except words.RefusedError as error:
                return json_answer(error.body(), status=error.status)
            if fault is Fault.SLOW:
                # What was asked for has happened; only the answer is late.
                await asyncio.sleep(self.faults.seconds)
            return cut(request) if fault is Fault.DROP_AFTER_ACCEPT else response

        return endpoint

    def _check_key(self, request: Request) -> None:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not secrets.compare_digest(
            key.encode(), self.options.secret_key.encode()
        ):
            raise words.invalid_key()

    async def _initialize(self, request: Request) -> Response:
        try:
            body = await read_object(request)
        except ValueError as error:
            raise words.refused_parameter("Invalid request body") from error
        charge = self._checked(body)
        self._add(charge)
        self._file.touch()
        data = {
            "authorization_url": f"{self.base_url}/checkout/{charge.access_code}",
            "access_code": charge.access_code,
            "reference": charge.reference,
        }
        return json_answer({"status": True, "message": "Authorization URL created", "data": data})

    def _checked(self, body: dict[str, object]) -> Charge:
        email = body.get("email")
        if not email:
            raise words.missing_parameter("Email Address is required")
        if not isinstance(email, str) or not words.EMAIL.fullmatch(email):
            raise words.refused_parameter("Invalid Email Address Passed", code="invalid_email_address")
        currency = str(body.get("currency") or self.options.currencies[0])
        if currency not in self.options.currencies or currency not in words.MINIMUM_SUBUNITS:
            raise words.refused_parameter("Currency not supported by merchant", code="unsupported_currency")
        amount = words.amount_of(body, currency=currency)
        reference = str(body.get("reference") or words.new_code())
        if not words.REFERENCE.fullmatch(reference):
            raise words.refused_parameter(
                "Transaction reference contains invalid characters", code="invalid_reference"
            )
        callback_url = body.get("callback_url")
        if callback_url and not _is_web_address(str(callback_url)):
            raise words.refused_parameter("Invalid callback url", code="invalid_callback_url")
        if reference in self.charges:
            raise words.duplicate_reference()
        return Charge(
            id=words.new_id(),
            reference=reference,
            access_code=words.new_code(),
            email=email,
            requested_amount=amount,
            amount=amount,
            currency=currency,
            created_at=time.time(),
            callback_url=str(callback_url) if callback_url else None,
            metadata=_metadata(body.get("metadata")),
            domain="live" if self.options.secret_key.startswith("sk_live_") else "test",
        )

    async def _verify(self, request: Request) -> Response:
        charge = self.charges.get(request.path_params["reference"])
        if charge is None:
            raise words.no_such_transaction()
        return _found("Verification successful", words.verify_data(charge))

    async def _fetch(self, request: Request) -> Response:
        for charge in self.charges.values():
            if charge.id == request.path_params["id"]:
                return _found("Transaction retrieved", words.verify_data(charge))
        raise words.no_such_transaction()

    async def _list(self, request: Request) -> Response:
        asked = request.query_params
        size = _whole(asked.get("perPage"), field="perPage", default=PAGE_ROWS)
        size = max(1, min(size, PAGE_ROWS_MAXIMUM))
        starts_at = _instant(asked.get("from"), field="from")
        ends_at = _instant(asked.get("to"), field="to")
        found = [
            charge
            for charge in reversed(self.charges.values())
            if (starts_at is None or charge.created_at >= starts_at)
            and (ends_at is None or charge.created_at <= ends_at)
            and asked.get("status") in {None, "", charge.status}
        ]
        if asked.get("use_cursor") == "true" or asked.get("next") or asked.get("previous"):
            return _cursor_page(found, size=size, cursor=asked.get("next") or asked.get("previous"))
        page = max(1, _whole(asked.get("page"), field="page", default=1))
        rows = found[(page - 1) * size : page * size]
        meta: dict[str, object] = {
            "total": len(found),
            "total_volume": sum(charge.amount for charge in found),
            "skipped": (page - 1) * size,
            "perPage": size,
            "page": page,
            "pageCount": -(-len(found) // size),
        }
        return _listed(rows, meta)

    def _add(self, charge: Charge) -> None:
        self.charges[charge.reference] = charge
        self._by_access_code[charge.access_code] = charge

    def _move(self, charge: Charge, status: str) -> None:
        charge.status = status
        charge.history.append(status)
        self._file.touch()

    def _announce(self, event: str, charge: Charge) -> None:
        if self.webhook_url is None:
            return
        body = json.dumps({"event": event, "data": words.event_data(charge)}, separators=(",", ":")).encode()
        parcel = json_parcel(event, url=self.webhook_url, body=body, about=charge.reference)
        signature = words.sign(body, secret_key=self.options.secret_key)
        parcel = signed(parcel, header="x-paystack-signature", signature=signature)
        route = self.courier.route()
        self.courier.send(parcel, copies=route.callback_copies, after_seconds=route.delay_seconds)

    def _kept(self) -> dict[str, object]:
        return {
            "webhook_url": self.webhook_url,
            "charges": [asdict(charge) for charge in self.charges.values()],
        }


def _found(message: str, data: object) -> Response:
    return json_answer({"status": True, "message": message, "data": data})


def _listed(rows: list[Charge], meta: dict[str, object]) -> Response:
    data = [words.verify_data(charge) for charge in rows]
    return json_answer({"status": True, "message": "Transactions retrieved", "data": data, "meta": meta})


def _cursor_page(found: list[Charge], *, size: int, cursor: str | None) -> Response:
    """Return the page that begins at the cursor; a cursor is the id of the page's first row."""
    start = 0
    if cursor:
        ids = [str(charge.id) for charge in found]
        if cursor not in ids:
            raise words.refused_parameter("Invalid cursor", code="invalid_cursor")
        start = ids.index(cursor)
    following = found[start + size : start + size + 1]
    meta: dict[str, object] = {
        "next": str(following[0].id) if following else None,
        "previous": str(found[max(0, start - size)].id) if start else None,
        "perPage": size,
    }
    return _listed(found[start : start + size], meta)


def _whole(text: str | None, *, field: str, default: int) -> int:
    if text is None:
        return default
    if not text.isdecimal():
        raise words.refused_parameter(f"Invalid {field} passed")
    return int(text)


def _instant(text: str | None, *, field: str) -> float | None:
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise words.refused_parameter(f"Invalid {field} passed") from error
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _metadata(given: object) -> object:
    if not isinstance(given, str):
        return given or ""
    try:
        parsed: object = json.loads(given)
    except ValueError:
        return given
    return parsed


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)
