"""The simulated Pesapal v3: tokens of five minutes, addresses for notices, orders, statuses and refunds.

Sources: Pesapal API 3.0 reference for shapes. Refusals come with HTTP 200 and an error object; a notice names an
order and never says how it stands.
"""

import json
import secrets
import time
import uuid
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benfex.simulation.courier import Courier, json_parcel
from benfex.simulation.door import json_answer, read_object
from benfex.simulation.gateway_faults import Fault
from benfex.simulation.hosted import (
    HostedGateway,
    Order,
    RefusedError,
    amount_of,
    is_web_address,
    number,
)
from benfex.simulation.options import HostedOptions

NAIROBI = timezone(timedelta(hours=3))
CURRENCIES = {"KES", "UGX", "TZS", "RWF", "ZMW", "MWK", "USD", "GBP", "EUR"}
# Code and word of each status; the case of the word varies from answer to answer at the true one.
STATUSES = {
    "new": (0, "INVALID"),
    "failed": (2, "Failed"),
    "paid": (1, "Completed"),
    "reversed": (3, "REVERSED"),
}
NO_ERROR: dict[str, object] = {"error_type": None, "code": None, "message": None}
DEMO = HostedOptions(key="benfex-demo-key", secret="benfex-demo-secret")  # noqa: S106 (the demo's)


class Pesapal(HostedGateway):
    """One business at Pesapal. `app` is what a door serves."""

    label = "Pesapal"

    def __init__(
        self, options: HostedOptions | None = None, *, courier: Courier, path: Path | None = None
    ) -> None:
        super().__init__(options or DEMO, courier=courier, path=path)
        self.addresses: list[dict[str, object]] = []
        self.refunds: list[dict[str, object]] = []
        self._tokens: dict[str, float] = {}
        self.app = Starlette(
            routes=[
                Route("/api/Auth/RequestToken", self.guarded("oauth", self._sign_in), methods=["POST"]),
                Route(
                    "/api/URLSetup/RegisterIPN", self.guarded("register", self._register), methods=["POST"]
                ),
                Route("/api/URLSetup/GetIpnList", self.guarded("addresses", self._addresses)),
                Route(
                    "/api/Transactions/SubmitOrderRequest",
                    self.guarded("initialize", self._submit),
                    methods=["POST"],
                ),
                Route("/api/Transactions/GetTransactionStatus", self.guarded("verify", self._status)),
                Route(
                    "/api/Transactions/RefundRequest", self.guarded("refund", self._refund), methods=["POST"]
                ),
                *self.page_routes(),
            ]
        )

    def start(self) -> None:
        """Take over what an earlier run kept."""
        super().start()
        rows = self.file.load().get("addresses", [])
        self.addresses = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []

    def kept(self) -> dict[str, object]:
        """Return what outlives a restart."""
        return {**super().kept(), "addresses": self.addresses}

    def pay(self, order: Order, *, channel: str = "card") -> None:
        """Let the customer pay, with a receipt of the network that took the money."""
        if order.paid_at is None:
            order.receipt = secrets.token_hex(5).upper() if channel == "mpesa" else str(uuid.uuid4().int)[:22]
        super().pay(order, channel=channel)

    def announce(self, order: Order) -> None:
        """Send a notice to the order's address: which order, not how it stands."""
        address = next((row for row in self.addresses if row["ipn_id"] == order.notify_id), None)
        if address is None or order.status == "new":
            return
        words = {
            "OrderNotificationType": "IPNCHANGE",
            "OrderTrackingId": order.tracking_id,
            "OrderMerchantReference": order.reference,
        }
        route = self.courier.route()
        self.courier.send(
            json_parcel(
                "ipn", url=str(address["url"]), body=json.dumps(words).encode(), about=order.reference
            ),
            copies=route.callback_copies,
            after_seconds=route.delay_seconds,
        )

    def return_address(self, order: Order) -> str | None:
        """Return the shop's address with what Pesapal adds to it."""
        if order.return_url is None:
            return None
        added = urlencode({"OrderTrackingId": order.tracking_id, "OrderMerchantReference": order.reference})
        return f"{order.return_url}{'&' if '?' in order.return_url else '?'}{added}"

    def expire_tokens(self) -> None:
        """Let every token end now."""
        self._tokens.clear()

    def check_caller(self, request: Request, *, where: str, fault: Fault) -> None:
        """Refuse a caller without a token that still lives."""
        if where == "oauth":
            return
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if fault is Fault.TOKEN_EXPIRED or self._tokens.get(token, 0.0) <= time.time():
            raise RefusedError(
                401, _failed("invalid_api_credentials_provided", "Invalid Access Token", status="401")
            )

    async def _sign_in(self, request: Request) -> Response:
        body = await _body(request)
        given = (str(body.get("consumer_key") or ""), str(body.get("consumer_secret") or ""))
        if given != (self.options.key, self.options.secret):
            raise _refused("invalid_consumer_key_or_secret_provided", "")
        token = secrets.token_urlsafe(48)
        ends_at = time.time() + self.options.token_seconds
        self._tokens[token] = ends_at
        return json_answer(
            {
                "token": token,
                "expiryDate": datetime.fromtimestamp(ends_at, UTC).isoformat().replace("+00:00", "Z"),
                "error": None,
                "status": "200",
                "message": "Request processed successfully",
            }
        )

    async def _register(self, request: Request) -> Response:
        body = await _body(request)
        url, kind = str(body.get("url") or ""), str(body.get("ipn_notification_type") or "")
        if not is_web_address(url):
            raise _refused("invalid_ipn_url", "Enter a valid url")
        if kind not in {"GET", "POST"}:
            raise _refused("invalid_ipn_notification_type", "Notification type is GET or POST")
        address: dict[str, object] = {
            "url": url,
            "created_date": _stamp(time.time(), UTC),
            "ipn_id": str(uuid.uuid4()),
            "ipn_notification_type_description": kind,
            "ipn_status_description": "Active",
        }
        self.addresses.append(address)
        self.file.touch()
        return json_answer({**address, "error": None, "status": "200"})

    async def _addresses(self, request: Request) -> Response:
        return json_answer([{**row, "error": None, "status": "200"} for row in self.addresses])

    async def _submit(self, request: Request) -> Response:
        body = await _body(request)
        order = self._checked(body)
        self.orders[order.reference] = order
        self.file.touch()
        return json_answer(
            {
                "order_tracking_id": order.tracking_id,
                "merchant_reference": order.reference,
                "redirect_url": f"{self.base_url}/checkout/{order.tracking_id}",
                "error": None,
                "status": "200",
            }
        )

    def _checked(self, body: dict[str, object]) -> Order:
        reference, amount = str(body.get("id") or ""), amount_of(body.get("amount"))
        description = str(body.get("description") or "")
        billing = body.get("billing_address")
        person = billing if isinstance(billing, dict) else {}
        callback_url = str(body.get("callback_url") or "")
        if not reference or len(reference) > 50:
            raise _refused("invalid_api_request_parameters", "id is required, of up to 50 characters")
        if reference in self.orders:
            raise _refused("duplicate_order_id", "A payment with this id was submitted before")
        if amount is None or isinstance(body.get("amount"), str):
            raise _refused("invalid_api_request_parameters", "amount must be a number above 0")
        if body.get("currency") not in CURRENCIES:
            raise _refused("invalid_currency", "The currency is not supported")
        if not description or len(description) > 100:
            raise _refused("invalid_api_request_parameters", "description has up to 100 characters")
        if not is_web_address(callback_url):
            raise _refused("invalid_callback_url", "callback_url must be a valid url")
        if not any(row["ipn_id"] == body.get("notification_id") for row in self.addresses):
            raise _refused("InvalidIpnId", "Invalid IPN URL ID")
        if not person.get("email_address") and not person.get("phone_number"):
            raise _refused("invalid_billing_address", "Give an email address or a phone number")
        return Order(
            id=secrets.randbelow(10**9),
            reference=reference,
            tracking_id=str(uuid.uuid4()),
            amount=amount,
            currency=str(body["currency"]),
            created_at=time.time(),
            return_url=callback_url,
            notify_id=str(body["notification_id"]),
            email=str(person.get("email_address") or ""),
            name=str(person.get("first_name") or ""),
            phone=str(person.get("phone_number") or ""),
        )

    async def _status(self, request: Request) -> Response:
        wanted = request.query_params.get("orderTrackingId")
        order = next((one for one in self.orders.values() if one.tracking_id == wanted), None)
        if order is None:
            raise _refused("payment_details_not_found", "Pending Payment")
        code, word = STATUSES[order.status]
        is_new = order.status == "new"
        failed = order.status == "failed"
        return json_answer(
            {
                "payment_method": "MpesaKE" if order.channel == "mpesa" else "Visa",
                "amount": number(order.amount),
                "created_date": _stamp(order.paid_at or order.created_at, NAIROBI),
                "confirmation_code": order.receipt,
                "payment_status_description": word,
                "description": "Unable to authorize transaction" if failed else "",
                "message": "Request processed successfully",
                "payment_account": f"{order.phone[:5]}xxx{order.phone[-3:]}" if order.phone else "",
                "call_back_url": order.return_url,
                "status_code": code,
                "merchant_reference": order.reference,
                "payment_status_code": "",
                "currency": order.currency,
                "error": _failed("payment_details_not_found", "Pending Payment")["error"]
                if is_new
                else NO_ERROR,
                "status": "500" if is_new else "200",
            }
        )

    async def _refund(self, request: Request) -> Response:
        body = await _body(request)
        code = body.get("confirmation_code")
        order = next((one for one in self.orders.values() if one.receipt and one.receipt == code), None)
        amount = amount_of(body.get("amount"))
        if order is None or order.status != "paid" or amount is None:
            return json_answer({"status": "500", "message": "Refund rejected: no such completed payment"})
        if any(row["confirmation_code"] == code for row in self.refunds):
            return json_answer({"status": "500", "message": "Refund rejected: it was asked for before"})
        is_part = Decimal(amount) != Decimal(order.amount)
        if Decimal(amount) > Decimal(order.amount) or (is_part and order.channel == "mpesa"):
            return json_answer({"status": "500", "message": "Refund rejected: this amount is not allowed"})
        if not body.get("username") or not body.get("remarks"):
            return json_answer({"status": "500", "message": "Refund rejected: username and remarks"})
        self.refunds.append({"confirmation_code": code, "amount": amount})
        return json_answer({"status": "200", "message": "Refund request successfully"})


def _failed(code: str, message: str, *, status: str = "500") -> dict[str, object]:
    return {"error": {"error_type": "api_error", "code": code, "message": message}, "status": status}


def _refused(code: str, message: str) -> RefusedError:
    return RefusedError(200, _failed(code, message))


async def _body(request: Request) -> dict[str, object]:
    try:
        return await read_object(request)
    except ValueError as error:
        raise _refused("invalid_api_request_parameters", "The body is not JSON") from error


def _stamp(seconds: float, zone: timezone) -> str:
    """Return a time as Pesapal writes it, without the zone it is meant in."""
    return datetime.fromtimestamp(seconds, zone).replace(tzinfo=None).isoformat(timespec="milliseconds")
