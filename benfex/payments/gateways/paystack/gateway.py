"""Paystack as a Gateway: the browser is sent to its checkout, and a signed event or verifying settles."""

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
    Pending,
    PlainGateway,
    SettingField,
    StartedPayment,
    WebhookDelivery,
    WebhookReply,
)
from benfex.payments.gateways.paystack import messages
from benfex.payments.gateways.paystack.client import PaystackClient
from data.values.kinds import EvidenceGrade
from data.values.money import CURRENCIES

PRODUCTION = "https://api.paystack.co"
SETTINGS = (
    SettingField("secret_key", "Secret key", is_secret=True, pattern=r"sk_(test|live)_\w+"),
    SettingField("previous_secret_key", "Key before it", is_secret=True, is_required=False),
)
_PAGES_MAX = 200


class PaystackGateway(PlainGateway):
    """Speaks to Paystack with one secret key; the key before it still proves webhooks while it is changed."""

    name = messages.NAME
    label = "Paystack"
    fields = SETTINGS
    evidence_grade = EvidenceGrade.SIGNED
    capabilities = GatewayCapabilities(
        currencies=frozenset({"KES", "NGN", "GHS", "ZAR", "USD", "XOF"}),
        amount_step_minor=1,
        minimum_minor=300,
        maximum_minor=10_000_000 * 100,
        flow=Flow.REDIRECT,
        can_query=True,
        can_statement=True,
        needs_phone=False,
        needs_email=False,
    )

    def __init__(self, settings: Mapping[str, str], clock: Clock) -> None:
        self._clock = clock
        keys = (settings["secret_key"], settings.get("previous_secret_key", ""))
        self._secrets = tuple(key for key in keys if key)
        self._is_live = self._secrets[0].startswith("sk_live_")
        self._client = PaystackClient(
            base_url=settings.get("base_url") or PRODUCTION, secret_key=self._secrets[0]
        )

    async def start(self, request: PaymentRequest) -> StartedPayment:
        """Begin a transaction and return where to send the browser."""
        subunits = request.amount.minor * (100 if CURRENCIES[request.amount.currency] == 0 else 1)
        data = await self._client.initialize(
            {
                # Paystack wants an address from everybody; people without one get a stable one of ours.
                "email": request.payer_email or f"{request.account_number.lower()}@customers.invalid",
                "amount": subunits,
                "currency": request.amount.currency,
                "reference": request.reference,
                "callback_url": request.return_url,
                "metadata": {"account": request.account_number},
            }
        )
        redirect_url = messages.text_of(data.get("authorization_url"), 500)
        reference = messages.text_of(data.get("reference"), 120)
        if not redirect_url.startswith(("https://", "http://127.0.0.1", "http://localhost")) or not reference:
            raise GatewayProtocolError("Paystack took the payment but gave no address to go to.")
        return StartedPayment(reference, redirect_url)

    def read_webhook(self, delivery: WebhookDelivery) -> tuple[GatewayEvent, ...]:
        """Return what a signed delivery says. Raises WebhookRejected when the signature is not ours."""
        signature = delivery.headers.get(messages.SIGNATURE_HEADER, "")
        if not messages.is_signed(delivery.body, signature=signature, secrets=self._secrets):
            raise WebhookRejected("the signature is not Paystack's")
        return (messages.read_event(delivery.body, is_live=self._is_live, received_at=delivery.received_at),)

    def reply(self, events: Sequence[GatewayEvent], *, accepted: bool) -> WebhookReply:
        """Answer 200: Paystack sends again whatever gets anything else."""
        return WebhookReply(200, b"", "text/plain")

    async def query(self, *, reference: str, gateway_reference: str | None) -> PaymentOutcome:
        """Verify a transaction by our reference; one it never heard of has not been paid."""
        asked = gateway_reference or reference
        body = await self._client.verify(asked)
        if body is None:
            return Pending()
        return messages.read_verification(
            body, reference=asked, is_live=self._is_live, received_at=self._clock.now()
        )

    async def read_statement(self, *, since: datetime, until: datetime) -> Sequence[PaymentEvidence]:
        """Return what Paystack received of the transactions that began in the span, each once."""
        found: dict[str, PaymentEvidence] = {}
        cursor: str | None = None
        for _ in range(_PAGES_MAX):
            body = await self._client.list_page(since=since, until=until, cursor=cursor)
            page = messages.read_list(body, is_live=self._is_live, received_at=self._clock.now())
            if page is None:
                raise GatewayProtocolError("Paystack's list of transactions cannot be read.")
            found |= {evidence.transaction_id: evidence for evidence in page[0]}
            before, cursor = cursor, page[1]
            if cursor is None or cursor == before:
                break
        return tuple(found.values())

    async def check(self) -> tuple[Finding, ...]:
        """Ask about a transaction that never was, which needs a right key to be answered."""
        try:
            await self._client.verify("BFXCHECK")
        except GatewayError as error:
            return (Finding(is_good=False, text=error.message, advice="Check the secret key."),)
        return (Finding(is_good=True, text="Paystack accepted the key."),)

    async def register_callbacks(self, *, public_url: str) -> None:
        """Do nothing: Paystack's webhook address is set in its dashboard."""

    async def drain(self) -> None:
        """Take no more calls, and wait for those that are under way."""
        await self._client.drain()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()
