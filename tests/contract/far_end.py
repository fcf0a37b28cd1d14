"""A simulated far end in the words that the contract speaks: pay, refuse, lose. Which there are: `gateway_far_ends`."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import httpx

from benfex.payments.gateway import (
    ChargeSucceeded,
    Gateway,
    GatewayEvent,
    PaymentEvidence,
    PaymentRequest,
    StartedPayment,
    StatusChanged,
    Succeeded,
    WebhookDelivery,
)
from benfex.simulation.outside import Outside
from data.values.identifiers import hash_token, new_token, parse_phone
from data.values.money import Money
from tests.contract.gateway_clients import Listener, Received

PHONE = "254708374149"
ACCOUNT = "BFX100427"
CALLBACK_TOKEN = "0123456789abcdef0123456789abcdef"


@dataclass
class FarEnd:
    """A gateway of ours and the simulated one it talks to."""

    gateway: Gateway
    outside: Outside
    listener: Listener
    control: httpx.AsyncClient
    kinds: ClassVar[str]  # the part of the control door that is this gateway's
    answers_path: ClassVar[str]
    settings: ClassVar[Mapping[str, str]]
    wrong: ClassVar[Mapping[str, str]]

    @classmethod
    def base_url(cls, outside: Outside) -> str:
        raise NotImplementedError

    async def ready(self) -> None:
        """Make the two know each other."""

    async def pay(self, started: StartedPayment, request: PaymentRequest) -> None:
        raise NotImplementedError

    async def refuse(self, started: StartedPayment, request: PaymentRequest) -> None:
        raise NotImplementedError

    def forged(self, delivery: WebhookDelivery) -> WebhookDelivery:
        """Return the delivery as somebody would send it who knows all but the secret."""
        raise NotImplementedError

    def proven(self, body: bytes) -> WebhookDelivery:
        """Return any bytes as the true sender would deliver them."""
        raise NotImplementedError

    @property
    def starts(self) -> int:
        """How often a payment was asked for, as the far end counted."""
        raise NotImplementedError

    def request(self, *, shillings: int = 1500, phone: str = PHONE, account: str = ACCOUNT) -> PaymentRequest:
        path = self.gateway.callback_path("stk", new_token(16))
        return PaymentRequest(
            reference=f"BFX{new_token(10).upper()}",
            amount=Money(shillings * 100, "KES"),
            payer_phone=parse_phone(f"+{phone}"),
            payer_email=None,
            account_number=account,
            description="Internet",
            callback_url=f"{self.listener.url}{path}" if path else "",
            return_url="https://billing.example/portal",
        )

    async def tell(self, path: str, **body: Any) -> None:
        response = await self.control.post(path, json=body)
        assert response.status_code == 200, response.text

    async def fault(self, kind: str, **more: Any) -> None:
        await self.tell(f"/{self.kinds}/fault", kind=kind, **more)

    async def lose_next(self) -> None:
        await self.tell(f"/{self.kinds}/delivery", lose_next=1)

    async def delivered(self, count: int = 1) -> list[WebhookDelivery]:
        """Wait for the deliveries that name an attempt, in the order they came."""
        async with asyncio.timeout(5), self.listener.news:
            await self.listener.news.wait_for(lambda: len(self._answers()) >= count)
        return [delivery_of(one) for one in self._answers()]

    async def paid(self, request: PaymentRequest | None = None) -> tuple[StartedPayment, PaymentEvidence]:
        """Start, pay, and return what the webhook says of the money."""
        request = request or self.request()
        started = await self.gateway.start(request)
        await self.pay(started, request)
        return started, await self.told((await self.delivered())[-1], started)

    async def told(self, delivery: WebhookDelivery, started: StartedPayment) -> PaymentEvidence:
        """Return what a delivery proves; where it only says that something moved, what asking then proves."""
        (event,) = self.gateway.read_webhook(delivery)
        if not isinstance(event, StatusChanged):
            return evidence_of((event,))
        assert event.our_reference
        outcome = await self.gateway.query(
            reference=event.our_reference, gateway_reference=started.gateway_reference
        )
        assert isinstance(outcome, Succeeded), outcome
        return outcome.evidence

    async def statement(self) -> list[PaymentEvidence]:
        now = datetime.now(UTC)  # noqa: TID251 (the simulation lives in true time)
        span = timedelta(hours=1)
        return list(await self.gateway.read_statement(since=now - span, until=now + span))

    def _answers(self) -> list[Received]:
        return [one for one in self.listener.received if self.answers_path in one.path]


def evidence_of(events: tuple[GatewayEvent, ...]) -> PaymentEvidence:
    (event,) = events
    assert isinstance(event, ChargeSucceeded), event
    return event.evidence


def delivery_of(received: Received) -> WebhookDelivery:
    """Return what the web door makes of a request."""
    _, *parts = received.path.removeprefix("/webhooks/").split("/")
    if not parts:
        return WebhookDelivery("event", None, None, received.headers, received.raw, now())
    kind, token = "/".join(parts[1:]), None
    if parts[1] not in {"c2b", "pull"} and len(parts) > 2:
        kind, token = "/".join((parts[1], *parts[3:])), parts[2]
    return WebhookDelivery(
        path_kind=kind,
        path_token=parts[0],
        attempt_token=token if kind == "stk" or token is None else hash_token(token),
        headers=received.headers,
        body=received.raw,
        received_at=now(),
    )


def changed(delivery: WebhookDelivery, **changes: Any) -> WebhookDelivery:
    return replace(delivery, **changes)


def now() -> datetime:
    return datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
