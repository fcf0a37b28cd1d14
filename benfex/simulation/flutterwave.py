"""The simulated Flutterwave v3: its page, the M-Pesa charge, verifying, lists, refunds, and webhooks.

Sources: Flutterwave v3 API reference and Node library for shapes. A transaction exists once somebody tries to
pay: before, verifying a link's reference finds none.
"""

import json
import secrets
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlencode, urlsplit, urlunsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benfex.simulation.courier import Courier, json_parcel, signed
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
from benfex.simulation.phone import Phones, Prompt, parse_msisdn

PAGE_ROWS = 10
PROMPT_SECONDS = 120.0
CURRENCIES = {"NGN", "KES", "UGX", "TZS", "RWF", "GHS", "ZAR", "ZMW", "XOF", "XAF", "USD"}
STATUSES = {"paid": "successful", "reversed": "successful", "failed": "failed", "pending": "pending"}
# The demo's keys: `key` is the secret key, `secret` the secret hash of its webhooks.
DEMO = HostedOptions(key="FLWSECK_TEST-benfex-demo-key-X", secret="benfex-demo-secret-hash")  # noqa: S106


class Flutterwave(HostedGateway):
    """One business at Flutterwave. `app` is what a door serves."""

    label = "Flutterwave"

    def __init__(
        self,
        options: HostedOptions | None = None,
        *,
        phones: Phones,
        courier: Courier,
        path: Path | None = None,
    ) -> None:
        super().__init__(options or DEMO, courier=courier, path=path)
        self.refunds: list[dict[str, object]] = []
        self._phones = phones
        self.app = Starlette(
            routes=[
                Route("/payments", self.guarded("initialize", self._initialize), methods=["POST"]),
                Route("/charges", self.guarded("initialize", self._charge), methods=["POST"]),
                Route("/transactions", self.guarded("list", self._list)),
                Route("/transactions/verify_by_reference", self.guarded("verify", self._verify_reference)),
                Route("/transactions/{id:int}/verify", self.guarded("verify", self._verify)),
                Route(
                    "/transactions/{id:int}/refund", self.guarded("refund", self._refund), methods=["POST"]
                ),
                Route("/refunds", self.guarded("refunds", self._list_refunds)),
                Route("/refunds/{id:int}", self.guarded("refunds", self._find_refund)),
                *self.page_routes(),
            ]
        )

    def announce(self, order: Order) -> None:
        """Send charge.completed, for a failure too; a reversal is not announced."""
        if self.webhook_url is None or order.status not in {"paid", "failed"}:
            return
        kind = "MPESA_TRANSACTION" if order.channel == "mpesa" else "CARD_TRANSACTION"
        event = {"event": "charge.completed", "data": self._described(order), "event.type": kind}
        parcel = json_parcel(
            "charge.completed", url=self.webhook_url, body=json.dumps(event).encode(), about=order.reference
        )
        route = self.courier.route()
        self.courier.send(
            signed(parcel, header="verif-hash", signature=self.options.secret),
            copies=route.callback_copies,
            after_seconds=route.delay_seconds,
        )

    def return_address(self, order: Order) -> str | None:
        """Return the shop's address with what Flutterwave adds to it."""
        if order.return_url is None:
            return None
        words = {"status": STATUSES.get(order.status, "cancelled"), "tx_ref": order.reference}
        if order.status in STATUSES:
            words["transaction_id"] = str(order.id)
        parts = urlsplit(order.return_url)
        added = urlencode(words)
        return urlunsplit(parts._replace(query=f"{parts.query}&{added}" if parts.query else added))

    def check_caller(self, request: Request, *, where: str, fault: Fault) -> None:
        """Refuse a caller without the secret key."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not secrets.compare_digest(key.encode(), self.options.key.encode()):
            raise _refused(401, "Invalid authorization key")

    async def _initialize(self, request: Request) -> Response:
        body = await _body(request)
        customer = body.get("customer")
        person = customer if isinstance(customer, dict) else {}
        if not person.get("email"):
            raise _refused(400, "customer.email is required")
        redirect_url = body.get("redirect_url")
        if not isinstance(redirect_url, str) or not is_web_address(redirect_url):
            raise _refused(400, "redirect_url must be a valid URL")
        order = self._add(body, return_url=redirect_url, person=person)
        link = f"{self.base_url}/checkout/{order.tracking_id}"
        return json_answer({"status": "success", "message": "Hosted Link", "data": {"link": link}})

    async def _charge(self, request: Request) -> Response:
        if request.query_params.get("type") != "mpesa":
            raise _refused(400, "Charge type not enabled for this business")
        body = await _body(request)
        if body.get("currency") != "KES":
            raise _refused(400, "currency must be KES")
        try:
            msisdn = parse_msisdn(str(body.get("phone_number", "")))
        except ValueError as error:
            raise _refused(400, "phone_number is not valid") from error
        order = self._add(body, return_url=None, person={"email": body.get("email"), "phonenumber": msisdn})
        order.status, order.channel = "pending", "mpesa"
        self._prompt(order, msisdn)
        return json_answer(
            {"status": "success", "message": "Charge initiated", "data": self._described(order)}
        )

    def _prompt(self, order: Order, msisdn: str) -> None:
        def answered(_: Prompt, answer: str) -> None:
            if answer == "pay":
                self.pay(order, channel="mpesa")
            else:
                self.decline(order)

        if self._phones.is_busy(msisdn):
            return
        now = time.time()
        prompt = Prompt(
            checkout_id=order.tracking_id,
            msisdn=msisdn,
            amount=int(Decimal(order.amount)),
            account=order.reference,
            business=self.options.business_name,
            opened_at=now,
            expires_at=now + PROMPT_SECONDS,
        )
        self._phones.show(prompt, resolve=answered)

    def _add(self, body: dict[str, object], *, return_url: str | None, person: dict[str, object]) -> Order:
        reference, amount = str(body.get("tx_ref") or ""), amount_of(body.get("amount"))
        currency = str(body.get("currency") or "NGN")
        if not reference:
            raise _refused(400, "tx_ref is required")
        if amount is None:
            raise _refused(400, "amount must be a number above 0")
        if currency not in CURRENCIES:
            raise _refused(400, "currency is not supported")
        if reference in self.orders:
            raise _refused(400, "Transaction reference already exists")
        order = Order(
            id=280_000_000 + secrets.randbelow(9_999_999),
            reference=reference,
            tracking_id=secrets.token_hex(10),
            amount=amount,
            currency=currency,
            created_at=time.time(),
            return_url=return_url,
            email=str(person.get("email") or ""),
            name=str(person.get("name") or ""),
            phone=str(person.get("phonenumber") or ""),
        )
        self.orders[reference] = order
        self.file.touch()
        return order

    async def _verify(self, request: Request) -> Response:
        return self._verified(next((o for o in self._tried() if o.id == request.path_params["id"]), None))

    async def _verify_reference(self, request: Request) -> Response:
        reference = request.query_params.get("tx_ref")
        return self._verified(next((o for o in self._tried() if o.reference == reference), None))

    def _verified(self, order: Order | None) -> Response:
        if order is None:
            raise _refused(404, "No transaction was found for this id")
        return json_answer(
            {
                "status": "success",
                "message": "Transaction fetched successfully",
                "data": self._described(order),
            }
        )

    async def _list(self, request: Request) -> Response:
        asked = request.query_params
        since, until = _day(asked.get("from")), _day(asked.get("to"))
        found = [
            order
            for order in reversed(self._tried())
            if (since is None or _instant(order.created_at) >= since)
            and (until is None or _instant(order.created_at) < until + timedelta(days=1))
            and asked.get("status") in {None, "", STATUSES[order.status]}
        ]
        page = int(asked.get("page") or "1")
        pages = max(1, -(-len(found) // PAGE_ROWS))
        return json_answer(
            {
                "status": "success",
                "message": "Transactions fetched",
                "meta": {"page_info": {"total": len(found), "current_page": page, "total_pages": pages}},
                "data": [
                    self._described(order) for order in found[(page - 1) * PAGE_ROWS : page * PAGE_ROWS]
                ],
            }
        )

    async def _refund(self, request: Request) -> Response:
        body = await _body(request)
        order = next((o for o in self._tried() if o.id == request.path_params["id"]), None)
        if order is None or order.status != "paid":
            raise _refused(400, "Transaction cannot be refunded")
        amount = amount_of(body.get("amount") or order.amount)
        back = sum((Decimal(str(row["amount_refunded"])) for row in self._refunds_of(order)), Decimal(0))
        if amount is None or back + Decimal(amount) > Decimal(order.amount):
            raise _refused(400, "Refund amount exceeds the amount of the transaction")
        refund: dict[str, object] = {
            "id": 75_000 + len(self.refunds),
            "tx_id": order.id,
            "flw_ref": f"FLW-{order.tracking_id}",
            "amount_refunded": number(amount),
            "status": "pending-momo" if order.channel == "mpesa" else "completed",
            "destination": "payment_source",
            "comments": str(body.get("comments") or ""),
            "created_at": _iso(time.time()),
        }
        self.refunds.append(refund)
        return json_answer({"status": "success", "message": "Transaction refund initiated", "data": refund})

    async def _list_refunds(self, request: Request) -> Response:
        rows = list(reversed(self.refunds))
        page = int(request.query_params.get("page") or "1")
        pages = max(1, -(-len(rows) // PAGE_ROWS))
        return json_answer(
            {
                "status": "success",
                "message": "Refunds fetched",
                "meta": {"page_info": {"total": len(rows), "current_page": page, "total_pages": pages}},
                "data": rows[(page - 1) * PAGE_ROWS : page * PAGE_ROWS],
            }
        )

    async def _find_refund(self, request: Request) -> Response:
        found = [row for row in self.refunds if row["id"] == request.path_params["id"]]
        if not found:
            raise _refused(404, "No refund was found for this id")
        return json_answer({"status": "success", "message": "Refund fetched", "data": found[0]})

    def finish_refunds(self) -> None:
        """Let every refund to a phone arrive."""
        for row in self.refunds:
            row["status"] = "completed"

    def _refunds_of(self, order: Order) -> list[dict[str, object]]:
        return [row for row in self.refunds if row["tx_id"] == order.id]

    def _tried(self) -> list[Order]:
        return [order for order in self.orders.values() if order.status in STATUSES]

    def _described(self, order: Order) -> dict[str, object]:
        charged = order.charged if order.paid_at else order.amount
        return {
            "id": order.id,
            "tx_ref": order.reference,
            "flw_ref": f"FLW-MOCK-{order.tracking_id}",
            "device_fingerprint": "N/A",
            "amount": number(order.amount),
            "currency": order.currency,
            "charged_amount": number(charged),
            "app_fee": number(order.fee),
            "merchant_fee": 0,
            "amount_settled": number(str(Decimal(charged) - Decimal(order.fee))),
            "processor_response": "Declined" if order.status == "failed" else "Approved",
            "auth_model": "LIPA_MPESA" if order.channel == "mpesa" else "PIN",
            "ip": "127.0.0.1",
            "narration": self.options.business_name,
            "status": STATUSES.get(order.status, "pending"),
            "payment_type": "mpesa" if order.channel == "mpesa" else "card",
            "created_at": _iso(order.paid_at or order.created_at),
            "account_id": 17321,
            "customer": {
                "id": order.id + 1,
                "name": order.name or "Anonymous customer",
                "phone_number": order.phone or None,
                "email": order.email,
                "created_at": _iso(order.created_at),
            },
        }


def _refused(status: int, message: str) -> RefusedError:
    return RefusedError(status, {"status": "error", "message": message, "data": None})


async def _body(request: Request) -> dict[str, object]:
    try:
        return await read_object(request)
    except ValueError as error:
        raise _refused(400, "The body is not JSON") from error


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _iso(seconds: float) -> str:
    return f"{_instant(seconds):%Y-%m-%dT%H:%M:%S}.000Z"


def _day(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise _refused(400, "from and to are dates such as 2026-11-23") from error
