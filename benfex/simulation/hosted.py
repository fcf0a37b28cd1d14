"""What simulated gateways with a page of their own share: orders, faults, the courier, and paying on the page.

How each speaks is in flutterwave.py and pesapal.py, the page itself in hosted_page.py. Paystack, the first of
them, stands by itself in paystack.py.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from benfex.simulation.courier import Courier
from benfex.simulation.door import cut, json_answer
from benfex.simulation.gateway_faults import HTML_PAGE, Fault, FaultSwitch
from benfex.simulation.hosted_page import hosted_page_routes
from benfex.simulation.options import HostedOptions, changed
from benfex.simulation.state_file import StateFile

Handler = Callable[[Request], Awaitable[Response]]
Number = int | float

FAULTS = set(Fault) - {Fault.SPIKE}


class RefusedError(Exception):
    """A refused request: the HTTP status and the body of the answer."""

    def __init__(self, status: int, body: object) -> None:
        super().__init__(str(body))
        self.status = status
        self.body = body


@dataclass(slots=True)
class Order:
    """One payment. `reference` is the shop's, `tracking_id` ours; amounts are text in major units.

    `status` is new, pending, paid, failed or reversed; `receipt` and `paid_at` come with the money.
    """

    id: int
    reference: str
    tracking_id: str
    amount: str
    currency: str
    created_at: float
    return_url: str | None = None
    notify_id: str | None = None
    email: str = ""
    name: str = ""
    phone: str = ""
    status: str = "new"
    channel: str = ""
    receipt: str = ""
    fee: str = "0"
    charged: str = "0"
    paid_at: float | None = None
    history: list[str] = field(default_factory=list)


class HostedGateway:
    """Orders of one business, and the page on which they are paid; `base_url` is where the page is found."""

    label = ""
    app: ASGIApp

    def __init__(self, options: HostedOptions, *, courier: Courier, path: Path | None = None) -> None:
        self.options = options
        self.courier = courier
        self.faults = FaultSwitch()
        self.orders: dict[str, Order] = {}
        self.calls: dict[str, int] = {}
        self.webhook_url: str | None = None
        self.base_url = ""
        self.file = StateFile(path, describe=self.kept)

    def start(self) -> None:
        """Take over what an earlier run kept. Raises ValueError when it cannot be read."""
        kept = self.file.load()
        rows, url = kept.get("orders", []), kept.get("webhook_url")
        self.webhook_url = str(url) if url else None
        for row in rows if isinstance(rows, list) else []:
            try:
                order = Order(**row)
            except TypeError as error:
                raise ValueError(f"the kept state of {self.label} has another shape") from error
            self.orders[order.reference] = order

    async def stop(self) -> None:
        """End what is under way and keep the rest."""
        await self.courier.stop()
        self.file.save()

    def kept(self) -> dict[str, object]:
        """Return what outlives a restart."""
        return {
            "webhook_url": self.webhook_url,
            "orders": [asdict(order) for order in self.orders.values()],
        }

    def change(self, changes: Mapping[str, object]) -> None:
        """Change the options by name. Raises ValueError naming the field."""
        self.options = changed(self.options, changes)

    def set_fault(self, wanted: dict[str, object]) -> None:
        """Switch a fault on or off. Raises ValueError."""
        self.faults.set(wanted)
        if self.faults.kind not in FAULTS:
            self.faults.set({})
            raise ValueError(f"{wanted.get('kind')} is no fault of this gateway")

    def set_webhook_url(self, url: str | None) -> None:
        """Send webhooks to this address from now on. Raises ValueError when it is not http(s)."""
        if url is not None and not is_web_address(url):
            raise ValueError("url must be an http or https address")
        self.webhook_url = url
        self.file.touch()

    def find(self, key: str) -> Order:
        """Return the order with this reference or tracking id. Raises KeyError."""
        for order in self.orders.values():
            if key in {order.reference, order.tracking_id}:
                return order
        raise KeyError(key)

    def pay(self, order: Order, *, channel: str = "card") -> None:
        """Let the customer pay; paying twice changes nothing."""
        if order.paid_at is not None:
            return
        amount = Decimal(order.amount)
        fee = (amount * self.options.fee_basis_points / 10_000).quantize(Decimal("0.01"))
        order.fee, order.channel, order.paid_at = str(fee), channel, time.time()
        order.charged = str(amount + fee if self.options.customer_bears_fee else amount)
        self.move(order, "paid")

    def decline(self, order: Order) -> None:
        """Let a try to pay fail; the customer may try again on the page."""
        if order.paid_at is None:
            self.move(order, "failed")

    def leave(self, order: Order) -> None:
        """Let the customer go away without paying: nothing is told."""

    def reverse(self, order: Order) -> None:
        """Take paid money back from the business. Raises ValueError for what was not paid."""
        if order.status != "paid":
            raise ValueError("only a paid order can be reversed")
        self.move(order, "reversed")

    def move(self, order: Order, status: str) -> None:
        """Put an order into a status, and tell the business."""
        order.status = status
        order.history.append(status)
        self.file.touch()
        self.announce(order)

    def announce(self, order: Order) -> None:
        """Tell the business that an order moved."""
        raise NotImplementedError

    def return_address(self, order: Order) -> str | None:
        """Return where the customer goes afterwards, None when the shop gave no address."""
        raise NotImplementedError

    def describe(self) -> dict[str, object]:
        """Return the address, counts and faults, without keys."""
        return {
            "webhook_url": self.webhook_url,
            "orders": len(self.orders),
            "calls": dict(self.calls),
            "fault": self.faults.describe(),
            "delivery": self.courier.describe(),
        }

    def page_routes(self) -> list[Route]:
        """Return the addresses of the page on which orders are paid."""
        return hosted_page_routes(self)

    def guarded(self, where: str, handle: Handler) -> Handler:
        """Return an endpoint that counts, fails as it is told to, and turns refusals into answers."""

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
                case Fault.RATE_LIMITED:
                    return json_answer({"status": "error", "message": "Too many requests"}, status=429)
            try:
                self.check_caller(request, where=where, fault=fault)
                response = await handle(request)
            except RefusedError as error:
                return json_answer(error.body, status=error.status)
            if fault is Fault.SLOW:
                # What was asked for has happened; only the answer is late.
                await asyncio.sleep(self.faults.seconds)
            return cut(request) if fault is Fault.DROP_AFTER_ACCEPT else response

        return endpoint

    def check_caller(self, request: Request, *, where: str, fault: Fault) -> None:
        """Refuse a caller without the right key. Raises RefusedError."""
        raise NotImplementedError


def is_web_address(url: str) -> bool:
    """Tell whether this is an http or https address."""
    parts = urlsplit(url)
    return parts.scheme in {"http", "https"} and bool(parts.netloc)


def amount_of(value: object) -> str | None:
    """Return an amount as text, None when it is none: a number or its text, above nothing, two decimals."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    if not amount.is_finite() or amount <= 0 or amount != amount.quantize(Decimal("0.01")):
        return None
    return f"{amount:.2f}"


def number(amount: str) -> Number:
    """Return an amount as the JSON number that is sent: whole where it is whole."""
    value = Decimal(amount)
    return int(value) if value == value.to_integral_value() else float(value)
