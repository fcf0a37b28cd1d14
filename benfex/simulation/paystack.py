"""The simulated Paystack: initialize, verify and list, the money itself, and signed webhooks.

Shapes and refusals are in paystack_words.py, the hosted page in paystack_checkout.py; charges without the page,
refunds, disputes and settlements are in files of their own.
"""

import asyncio
import json
import secrets
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benfex.simulation import paystack_words as words
from benfex.simulation.courier import Courier, json_parcel, signed
from benfex.simulation.door import cut, json_answer, read_object
from benfex.simulation.gateway_faults import HTML_PAGE, Fault, FaultSwitch
from benfex.simulation.options import PaystackOptions, changed
from benfex.simulation.paystack_cards import PLAIN, card_of
from benfex.simulation.paystack_charges import Charges
from benfex.simulation.paystack_checkout import checkout_routes
from benfex.simulation.paystack_disputes import Dispute, Disputes
from benfex.simulation.paystack_forms import charge_of, is_web_address
from benfex.simulation.paystack_lists import listed, numbered_page, page_size, within
from benfex.simulation.paystack_refunds import Refund, Refunds
from benfex.simulation.paystack_settlements import Settlement, Settlements
from benfex.simulation.paystack_words import Charge
from benfex.simulation.phone import Phones
from benfex.simulation.state_file import StateFile

Handler = Callable[[Request], Awaitable[Response]]

PAYSTACK_FAULTS = set(Fault) - {Fault.SPIKE, Fault.TOKEN_EXPIRED}


class Paystack:
    """One business. `app` is what a door serves; `base_url` is where the hosted page is found."""

    def __init__(
        self,
        options: PaystackOptions | None = None,
        *,
        courier: Courier,
        phones: Phones | None = None,
        path: Path | None = None,
    ) -> None:
        self.options = options or PaystackOptions()
        self.courier = courier
        self.faults = FaultSwitch()
        self.charges: dict[str, Charge] = {}
        self.webhook_url: str | None = None
        self.base_url = ""
        self.calls: dict[str, int] = {}
        self._recent: deque[float] = deque()
        self._by_access_code: dict[str, Charge] = {}
        self._file = StateFile(path, describe=self._kept)
        self.charging = Charges(self, phones)
        self.refunds = Refunds(self, touch=self._file.touch)
        self.disputes = Disputes(self, touch=self._file.touch)
        self.settlements = Settlements(self, touch=self._file.touch)
        self.app = Starlette(
            routes=[
                *self.charging.routes(),
                *self.refunds.routes(),
                *self.disputes.routes(),
                *self.settlements.routes(),
                Route(
                    "/transaction/initialize", self.guarded("initialize", self._initialize), methods=["POST"]
                ),
                Route("/transaction/verify/{reference:path}", self.guarded("verify", self._verify)),
                Route("/transaction/{id:int}", self.guarded("verify", self._fetch)),
                Route("/transaction", self.guarded("list", self._list)),
                Route("/transaction/", self.guarded("list", self._list)),  # as clients of others write it
                *checkout_routes(self),
            ]
        )

    def start(self) -> None:
        """Take over what an earlier run kept. Raises ValueError when it cannot be read."""
        kept = self._file.load()
        url = kept.get("webhook_url")
        self.webhook_url = str(url) if url else None
        try:
            for row in _rows(kept, "charges"):
                self.add(Charge(**row))
            for row in _rows(kept, "refunds"):
                self.refunds.rows[row["id"]] = Refund(**row)
            for row in _rows(kept, "disputes"):
                self.disputes.rows[row["id"]] = Dispute(**row)
            for row in _rows(kept, "settlements"):
                self.settlements.rows[row["id"]] = Settlement(**row)
        except (TypeError, KeyError) as error:
            raise ValueError("the kept Paystack state has another shape") from error

    async def stop(self) -> None:
        """End what is under way and keep the rest."""
        self.refunds.stop()
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
        if url is not None and not is_web_address(url):
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

    def pay(
        self,
        charge: Charge,
        *,
        channel: str | None = None,
        phone: str | None = None,
        card: str | None = None,
    ) -> None:
        """Let the customer pay; paying twice changes nothing. Raises ValueError for an unknown channel or card."""
        if charge.paid_at is not None:
            return
        channel = channel or ("mobile_money" if charge.currency == "KES" and card is None else "card")
        if channel not in {"mobile_money", "card"}:
            raise ValueError("channel must be mobile_money or card")
        if channel == "card":
            used = card_of(card or charge.card or PLAIN)
            charge.channel, charge.card = channel, used.number
            if used.declined:
                self.decline(charge, used.declined)
                return
            charge.authorization_code = charge.authorization_code or f"AUTH_{charge.access_code[:10]}"
        fee = words.share_of(charge.requested_amount, basis_points=self.options.fee_basis_points)
        charge.amount = charge.requested_amount + (fee if self.options.customer_bears_fee else 0)
        charge.fees, charge.channel, charge.phone = fee, channel, phone
        charge.message, charge.paid_at = None, time.time()
        self._move(charge, "success")
        self.announce("charge.success", words.event_data(charge), about=charge.reference)

    def decline(self, charge: Charge, said: str = "Insufficient funds") -> None:
        """Let the payment fail. Nothing is announced: Paystack tells of success only."""
        if charge.paid_at is None:
            charge.message = said
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

    def takes_pause(self) -> bool:
        """Tell whether the next charge of a saved card wants its owner first, and take one from the count."""
        if self.options.pause_saved <= 0:
            return False
        self.change({"pause_saved": self.options.pause_saved - 1})
        return True

    def guarded(self, where: str, handle: Handler) -> Handler:
        """Return a handler behind the faults, the limit of calls and the check of the key."""

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
                if fault is Fault.RATE_LIMITED or self._is_too_often():
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

    def _is_too_often(self) -> bool:
        now = time.monotonic()
        while self._recent and self._recent[0] <= now - 60:
            self._recent.popleft()
        if 0 < self.options.calls_per_minute <= len(self._recent):
            return True
        self._recent.append(now)
        return False

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
        charge = self.checked(body)
        self.add(charge)
        data = {
            "authorization_url": f"{self.base_url}/checkout/{charge.access_code}",
            "access_code": charge.access_code,
            "reference": charge.reference,
        }
        return json_answer({"status": True, "message": "Authorization URL created", "data": data})

    def checked(self, body: Mapping[str, object]) -> Charge:
        """Return the transaction that a body asks for, not yet in the books. Raises RefusedError."""
        charge = charge_of(body, options=self.options)
        if charge.reference in self.charges:
            raise words.duplicate_reference()
        return charge

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
        found = [
            charge
            for charge in reversed(self.charges.values())
            if within(charge.created_at, asked)
            and asked.get("status") in {None, "", charge.status}
            and asked.get("channel") in {None, "", charge.channel}
            and asked.get("currency") in {None, "", charge.currency}
        ]
        if asked.get("use_cursor") == "true" or asked.get("next") or asked.get("previous"):
            return self._cursor_page(found, asked)
        return numbered_page(found, asked, describe=words.verify_data, message="Transactions retrieved")

    def _cursor_page(self, found: list[Charge], asked: Mapping[str, str]) -> Response:
        """Return the page that begins at the cursor; a cursor is the id of the page's first row."""
        size, cursor = page_size(asked), asked.get("next") or asked.get("previous")
        start = 0
        if cursor:
            ids = [str(charge.id) for charge in found]
            if cursor not in ids:
                raise words.refused_parameter("Invalid cursor", code="invalid_cursor")
            start = ids.index(cursor)
        following = found[start + size : start + size + 1]
        end = "null" if self.options.ends_with_word else None
        meta: dict[str, object] = {
            "next": str(following[0].id) if following else end,
            "previous": str(found[max(0, start - size)].id) if start else end,
            "perPage": size,
        }
        data = [words.verify_data(charge) for charge in found[start : start + size]]
        return listed("Transactions retrieved", list(data), meta)

    def add(self, charge: Charge) -> None:
        """Take a transaction into the books."""
        self.charges[charge.reference] = charge
        self._file.touch()
        self._by_access_code[charge.access_code] = charge

    def _move(self, charge: Charge, status: str) -> None:
        charge.status = status
        charge.history.append(status)
        self._file.touch()

    def announce(self, event: str, data: Mapping[str, object], *, about: str) -> None:
        """Send a signed event to the merchant, as often as the policy of delivery says."""
        if self.webhook_url is None:
            return
        body = json.dumps({"event": event, "data": data}, separators=(",", ":")).encode()
        parcel = json_parcel(event, url=self.webhook_url, body=body, about=about)
        signature = words.sign(body, secret_key=self.options.secret_key)
        parcel = signed(parcel, header="x-paystack-signature", signature=signature)
        route = self.courier.route()
        self.courier.send(parcel, copies=route.callback_copies, after_seconds=route.delay_seconds)

    def _kept(self) -> dict[str, object]:
        return {
            "webhook_url": self.webhook_url,
            "charges": [asdict(charge) for charge in self.charges.values()],
            "refunds": [asdict(refund) for refund in self.refunds.rows.values()],
            "disputes": [asdict(dispute) for dispute in self.disputes.rows.values()],
            "settlements": [asdict(row) for row in self.settlements.rows.values()],
        }


def _rows(kept: Mapping[str, object], name: str) -> list[dict[str, Any]]:
    rows = kept.get(name, [])
    return list(rows) if isinstance(rows, list) else []


def _found(message: str, data: object) -> Response:
    return json_answer({"status": True, "message": message, "data": data})
