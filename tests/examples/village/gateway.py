"""The Village SACCO as a Gateway: its page takes the money, a signed event tells of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from benfex.core.clock import Clock
from benfex.core.errors import GatewayError, GatewayProtocolError, WebhookRejected
from benfex.payments.gateway import (
    Finding,
    Flow,
    GatewayCapabilities,
    GatewayEvent,
    PaymentEvidence,
    PaymentOutcome,
    PaymentRequest,
    SettingField,
    StartedPayment,
    WebhookDelivery,
    WebhookReply,
)
from benfex.payments.plain_gateway import PlainGateway
from benfex.payments.wire import load_object, text_of
from data.values.kinds import EvidenceGrade
from tests.examples.village import messages
from tests.examples.village.client import VillageClient


class VillageGateway(PlainGateway):
    """Speaks to the SACCO. What it cannot do (refunds, balances) PlainGateway refuses."""

    name = messages.NAME
    label = "Village SACCO"
    fields = (
        SettingField("secret", "Secret", "From the SACCO's office.", is_secret=True, pattern=r"\S{8,64}"),
    )
    address_advice = "Give it to the SACCO's office."
    evidence_grade = EvidenceGrade.SIGNED
    capabilities = GatewayCapabilities(
        currencies=frozenset({"KES"}),
        amount_step_minor=100,
        minimum_minor=1_000,
        maximum_minor=7_000_000,
        flow=Flow.REDIRECT,
        can_query=True,
        can_statement=True,
        needs_phone=False,
        needs_email=False,
    )

    def __init__(self, settings: Mapping[str, str], clock: Clock) -> None:
        self._secret = settings["secret"]
        self._client = VillageClient(
            base_url=settings.get("base_url") or "https://sacco.example/api", secret=self._secret
        )

    async def start(self, request: PaymentRequest) -> StartedPayment:
        """Ask for the money and return where to send the browser."""
        body = await self._client.call(
            "POST",
            "/payments",
            json={
                "reference": request.reference,
                "amount_minor": request.amount.minor,
                "currency": request.amount.currency,
                "return_url": request.return_url,
            },
        )
        page = text_of(load_object(body).get("page"), 500)
        if not page.startswith(("https://", "http://127.0.0.1")):
            raise GatewayProtocolError("The SACCO took the payment but gave no address to go to.")
        return StartedPayment(request.reference, page)

    def read_webhook(self, delivery: WebhookDelivery) -> tuple[GatewayEvent, ...]:
        """Return what a signed delivery says. Raises WebhookRejected when the signature is not theirs."""
        signature = delivery.headers.get(messages.SIGNATURE_HEADER, "")
        proven = messages.is_signed(delivery.body, signature=signature, secret=self._secret)
        if not proven and not delivery.is_stored:
            raise WebhookRejected("the signature is not the SACCO's")
        return (messages.read_event(delivery.body),)

    def reply(self, events: Sequence[GatewayEvent], *, accepted: bool) -> WebhookReply:
        """Answer 200: anything else is sent again."""
        return WebhookReply(200, b"", "text/plain")

    async def query(self, *, reference: str, gateway_reference: str | None) -> PaymentOutcome:
        """Ask how a payment stands, by our own reference."""
        return messages.read_answer(
            await self._client.call("GET", f"/payments/{reference}"), reference=reference
        )

    async def read_statement(self, *, since: datetime, until: datetime) -> Sequence[PaymentEvidence]:
        """Return what the SACCO received."""
        found = messages.read_list(await self._client.call("GET", "/payments"))
        if found is None:
            raise GatewayProtocolError("The SACCO's list cannot be read.")
        return tuple(one for one in found if since <= one.received_at < until)

    async def check(self) -> tuple[Finding, ...]:
        """Read the list, which needs a right secret."""
        try:
            await self._client.call("GET", "/payments")
        except GatewayError as error:
            return (Finding(is_good=False, text=error.message, advice="Ask the SACCO's office."),)
        return (Finding(is_good=True, text="The SACCO accepted the secret."),)

    async def register_callbacks(self, *, public_url: str) -> None:
        """Do nothing: the office is told our address by hand."""

    async def drain(self) -> None:
        """Take no more calls, and wait for those that are under way."""
        await self._client.drain()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()
