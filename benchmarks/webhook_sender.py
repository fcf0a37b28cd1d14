"""A gateway that sends as fast as it is answered: connections that each send one signed message after another.

A process of its own: `python -m benchmarks.webhook_sender PORT PATH CONNECTIONS SECONDS SECRET` prints one line of
JSON. Every body is another one, of the size of a true Paystack event, signed as Paystack signs (HMAC-SHA512).
"""

import asyncio
import hashlib
import hmac
import json
import sys
import time
from dataclasses import dataclass, field
from itertools import count
from typing import cast

from benchmarks.outcome import percentile

# An event that says nothing about money: what is measured is the door, not what is worked off behind it.
BODY = (
    b'{"event":"subscription.create","data":{"domain":"test","status":"active","subscription_code":"SUB_%016d",'
    b'"amount":250000,"cron_expression":"0 0 28 * *","next_payment_date":"2026-12-28T07:00:00.000Z",'
    b'"open_invoice":null,"createdAt":"2026-11-26T10:00:00.000Z","plan":{"name":"Monthly","plan_code":"PLN_x",'
    b'"description":null,"amount":250000,"interval":"monthly","send_invoices":true,"send_sms":true,'
    b'"currency":"KES"},"authorization":{"authorization_code":"AUTH_96xphygz","bin":"539983","last4":"7357",'
    b'"exp_month":"10","exp_year":"2030","card_type":"MASTERCARD DEBIT","bank":"GTBANK","country_code":"KE",'
    b'"brand":"MASTERCARD","account_name":"AMINA WANJIRU"},"customer":{"first_name":"Amina","last_name":"Wanjiru",'
    b'"email":"amina@example.com","customer_code":"CUS_xnxdt6s1zg1f4nx","phone":"","metadata":{},'
    b'"risk_action":"default"},"created_at":"2026-11-26T10:00:00.000Z"}}'
)


def signature_of(body: bytes, secret: bytes) -> bytes:
    """Return how Paystack signs a body."""
    return hmac.new(secret, body, hashlib.sha512).hexdigest().encode()


_PATIENCE_SECONDS = 30.0  # the usual door has answers that take long


@dataclass(slots=True)
class Sent:
    """What was answered: how long each took, and how many were refused or lost."""

    seconds: list[float] = field(default_factory=list)
    other: int = 0


class _Sender(asyncio.Protocol):
    """One connection; sends the next message when the last one is answered."""

    def __init__(self, head: bytes, secret: bytes, numbers: "count[int]", sent: Sent, until: float) -> None:
        self._head, self._secret, self._numbers, self._sent, self._until = head, secret, numbers, sent, until
        self.ended = asyncio.get_running_loop().create_future()
        self._heard = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by its class
        self._send()

    def data_received(self, data: bytes) -> None:
        self._heard += data
        end = self._heard.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._heard[:end].lower()
        length = (
            int(head.rpartition(b"content-length:")[2].split(b"\r\n")[0]) if b"content-length" in head else 0
        )
        if len(self._heard) < end + 4 + length:
            return
        self._heard = self._heard[end + 4 + length :]
        if head.startswith(b"http/1.1 200"):
            self._sent.seconds.append(time.perf_counter() - self._began)
        else:
            self._sent.other += 1
        if time.perf_counter() < self._until:
            self._send()
        else:
            self._transport.close()

    def connection_lost(self, _: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_result(None)

    def _send(self) -> None:
        body = BODY % next(self._numbers)
        signature = signature_of(body, self._secret)
        self._began = time.perf_counter()
        self._transport.write(self._head % (len(body), signature) + body)


async def send(*, port: int, path: str, connections: int, seconds: float, secret: str, first: int) -> Sent:
    """Send for a while over so many connections, and return what was answered."""
    head = (
        f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-type: application/json\r\n".encode()
        + b"content-length: %d\r\nx-paystack-signature: %s\r\n\r\n"
    )
    sent, numbers, until = Sent(), count(first), time.perf_counter() + seconds
    loop = asyncio.get_running_loop()
    senders = []
    for _ in range(connections):
        _, sender = await loop.create_connection(
            lambda: _Sender(head, secret.encode(), numbers, sent, until), "127.0.0.1", port
        )
        senders.append(sender.ended)
    async with asyncio.timeout(seconds + _PATIENCE_SECONDS):
        await asyncio.gather(*senders)
    return sent


def main() -> None:
    """Send, and print what was answered as one line of JSON."""
    import uvloop

    port, path, connections, seconds, secret, first = sys.argv[1:]
    began = time.perf_counter()
    sent = uvloop.run(
        send(
            port=int(port),
            path=path,
            connections=int(connections),
            seconds=float(seconds),
            secret=secret,
            first=int(first),
        )
    )
    spent = time.perf_counter() - began
    found = {
        "answered": len(sent.seconds),
        "other": sent.other,
        "per_second": len(sent.seconds) / spent,
        "p50_ms": percentile(sent.seconds, 50) * 1000 if sent.seconds else None,
        "p99_ms": percentile(sent.seconds, 99) * 1000 if sent.seconds else None,
    }
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
