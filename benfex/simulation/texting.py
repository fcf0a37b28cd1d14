"""A simulated Africa's Talking (HTTP): it takes texts, shows them on the simulated phones, and refuses what it would.

The words and codes are those of the bulk answer of POST /version1/messaging.
"""

import asyncio
import re
import secrets
import time
from collections import deque
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from benfex.simulation.door import cut, json_answer
from benfex.simulation.gateway_faults import Fault, FaultSwitch
from benfex.simulation.phone import Phones

KEPT_TEXTS = 500
NUMBER = re.compile(r"\+[1-9][0-9]{7,14}")
COST_CENTS = 80
LETTERS_A_TEXT = 153


@dataclass(frozen=True, slots=True)
class TextingOptions:
    """One application at Africa's Talking. `senders` are the names registered for it; balance in cents."""

    username: str = "benfex-demo"
    api_key: str = "atsk_benfex_demo"
    senders: tuple[str, ...] = ("BENFEX",)
    balance_cents: int = 10_000_000
    blacklist: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Text:
    """A text that was taken. `taken_at` is seconds since 1970."""

    to: str
    sender: str
    message: str
    message_id: str
    taken_at: float = field(default_factory=time.time)

    def describe(self) -> dict[str, object]:
        """Return the text as the control door shows it."""
        return {
            "to": self.to,
            "sender": self.sender,
            "message": self.message,
            "message_id": self.message_id,
            "taken_at": self.taken_at,
        }


class Texting:
    """The provider; `app` is what its door serves."""

    def __init__(self, options: TextingOptions | None = None, *, phones: Phones | None = None) -> None:
        self.options = options or TextingOptions()
        self.texts: deque[Text] = deque(maxlen=KEPT_TEXTS)
        self.faults = FaultSwitch()
        self.tries = 0
        self._phones = phones
        self._balance_cents = self.options.balance_cents
        self.app = Starlette(routes=[Route("/version1/messaging", self._send, methods=["POST"])])

    async def _send(self, request: Request) -> Response:
        self.tries += 1
        fault = self.faults.strike("messaging")
        if fault is Fault.DOWN:
            return Response(status_code=503)
        if fault is Fault.HTML:
            return Response("<html>502</html>", media_type="text/html")
        if request.headers.get("apikey") != self.options.api_key:
            return PlainTextResponse("The supplied authentication is invalid", status_code=401)
        if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return PlainTextResponse("The request content-type is not supported", status_code=415)
        form = {name: str(value) for name, value in (await request.form()).items()}
        if form.get("username") != self.options.username:
            return PlainTextResponse("The supplied authentication is invalid", status_code=401)
        for name in ("to", "message"):
            if not form.get(name):
                return PlainTextResponse(f"Request is missing required form field '{name}'", status_code=400)
        answer = self._take(form)
        if fault is Fault.SLOW:
            await asyncio.sleep(self.faults.seconds)
        return cut(request) if fault is Fault.DROP_AFTER_ACCEPT else answer

    def _take(self, form: dict[str, str]) -> Response:
        sender = form.get("from", "")
        if sender and sender not in self.options.senders:
            return _answer("InvalidSenderId", [])
        rows = [self._take_one(number.strip(), form["message"], sender) for number in form["to"].split(",")]
        taken = sum(1 for row in rows if row["statusCode"] == 101)
        total = f"Sent to {taken}/{len(rows)} Total Cost: KES {taken * COST_CENTS / 100:.4f}"
        return _answer(total, rows)

    def _take_one(self, number: str, message: str, sender: str) -> dict[str, object]:
        cost = COST_CENTS * -(-len(message) // LETTERS_A_TEXT)
        if not NUMBER.fullmatch(number):
            return _row(number, 403, "InvalidPhoneNumber")
        if number in self.options.blacklist:
            return _row(number, 406, "UserInBlacklist")
        if cost > self._balance_cents:
            return _row(number, 405, "InsufficientBalance")
        self._balance_cents -= cost
        text = Text(number, sender, message, f"ATXid_{secrets.token_hex(16)}")
        self.texts.append(text)
        if self._phones is not None:
            self._phones.phone(number.lstrip("+")).messages.append(message)
        return _row(number, 101, "Success", cost=f"KES {cost / 100:.4f}", message_id=text.message_id)


def _answer(message: str, rows: list[dict[str, object]]) -> Response:
    return json_answer({"SMSMessageData": {"Message": message, "Recipients": rows}}, status=201)


def _row(
    number: str, code: int, status: str, *, cost: str = "0", message_id: str = "None"
) -> dict[str, object]:
    return {"statusCode": code, "number": number, "status": status, "cost": cost, "messageId": message_id}
