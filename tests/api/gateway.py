"""A gateway in memory: it starts what it is asked, and a test can hold it back or break it."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from benfex.payments.gateway import (
    Finding,
    Flow,
    GatewayCapabilities,
    GatewayEvent,
    PaymentEvidence,
    PaymentOutcome,
    PaymentRequest,
    Pending,
    StartedPayment,
    WebhookDelivery,
    WebhookReply,
)
from benfex.payments.plain_gateway import PlainGateway
from data.values.kinds import EvidenceGrade


class TillGateway(PlainGateway):
    """Sends the payer elsewhere. `asked` keeps every request; `open` lets it answer; `breaks` fails it."""

    name = "till"
    evidence_grade = EvidenceGrade.SIGNED
    capabilities = GatewayCapabilities(
        currencies=frozenset({"KES"}),
        amount_step_minor=100,
        minimum_minor=100,
        maximum_minor=25_000_000,
        flow=Flow.REDIRECT,
        can_query=False,
        can_statement=False,
        needs_phone=False,
        needs_email=False,
    )

    def __init__(self) -> None:
        self.asked: list[PaymentRequest] = []
        self.reached = asyncio.Event()
        self.open = asyncio.Event()
        self.open.set()
        self.breaks: Exception | None = None

    async def start(self, request: PaymentRequest) -> StartedPayment:
        self.asked.append(request)
        self.reached.set()
        if self.breaks is not None:
            raise self.breaks
        await self.open.wait()
        return StartedPayment(f"T{len(self.asked)}", redirect_url="https://till.example/pay")

    def read_webhook(self, delivery: WebhookDelivery) -> tuple[GatewayEvent, ...]:
        return ()

    def reply(self, events: Sequence[GatewayEvent], *, accepted: bool) -> WebhookReply:
        return WebhookReply(200, b"", "text/plain")

    async def check(self) -> tuple[Finding, ...]:
        return ()

    async def query(self, *, reference: str, gateway_reference: str | None) -> PaymentOutcome:
        return Pending()

    async def read_statement(self, *, since: datetime, until: datetime) -> Sequence[PaymentEvidence]:
        return ()

    async def register_callbacks(self, *, public_url: str) -> None:
        """Nothing to tell."""

    async def drain(self) -> None:
        """Nothing to wait for."""

    async def aclose(self) -> None:
        """Nothing to close."""
