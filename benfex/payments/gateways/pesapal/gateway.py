"""Pesapal v3 as a Gateway: the browser is sent to its page; its notices say nothing but that we should ask."""

import hmac
from collections.abc import Mapping, Sequence
from typing import Any

from benfex.core.clock import Clock
from benfex.core.errors import (
    GatewayError,
    GatewayProtocolError,
    GatewayRejected,
    GatewayUnavailable,
    WebhookRejected,
)
from benfex.payments.gateway import (
    Finding,
    Flow,
    GatewayCapabilities,
    GatewayEvent,
    PaymentOutcome,
    PaymentRequest,
    RefundRequest,
    SettingField,
    StartedPayment,
    StatusChanged,
    Unknown,
    WebhookDelivery,
    WebhookReply,
)
from benfex.payments.gateway_events import RefundFailed, RefundOutcome, RefundUnderWay, RefundUnknown
from benfex.payments.gateways.pesapal import messages
from benfex.payments.gateways.pesapal.client import PesapalAccount, PesapalClient
from benfex.payments.plain_gateway import PlainGateway, what_failed
from benfex.payments.wire import text_of
from data.values.kinds import EvidenceGrade, RefundWay

PRODUCTION = "https://pay.pesapal.com/v3"
SANDBOX = "https://cybqa.pesapal.com/pesapalv3"
SETTINGS = (
    SettingField("consumer_key", "Consumer key", "From Pesapal's e-mail about the API.", is_secret=True),
    SettingField("consumer_secret", "Consumer secret", is_secret=True),
    SettingField(
        "mode",
        "Account",
        "Keys of the sandbox do not work at the live one.",
        is_required=False,
        choices=(("live", "Live"), ("test", "Sandbox, no real money")),
    ),
)
_WEB = ("https://", "http://127.0.0.1", "http://localhost")


class PesapalGateway(PlainGateway):
    """Speaks to Pesapal with one pair of keys. It signs nothing, so its notices come to a secret path."""

    name = messages.NAME
    label = "Pesapal"
    pay_label = "Card or mobile money, by Pesapal"
    fields = SETTINGS
    evidence_grade = EvidenceGrade.SECRET_PATH
    capabilities = GatewayCapabilities(
        currencies=frozenset({"KES", "UGX", "TZS", "RWF", "ZMW", "MWK", "USD", "GBP", "EUR"}),
        amount_step_minor=1,
        minimum_minor=100,
        maximum_minor=10_000_000 * 100,
        flow=Flow.REDIRECT,
        payer_hosts=("pay.pesapal.com",),
        can_query=True,
        can_statement=False,
        needs_phone=False,
        needs_email=False,
        can_refund=True,
    )

    def __init__(self, settings: Mapping[str, str], clock: Clock) -> None:
        self._clock = clock
        self._callback_token = settings["callback_token"]
        is_test = settings.get("mode") == "test"
        place = SANDBOX if is_test else PRODUCTION
        self._money = "sandbox, no real money" if is_test else "real money"
        self._client = PesapalClient(
            PesapalAccount(
                base_url=settings.get("base_url") or place,
                consumer_key=settings["consumer_key"],
                consumer_secret=settings["consumer_secret"],
            ),
            clock,
        )

    def callback_path(self, kind: str, token: str) -> str:
        """Return the one address that is registered for all notices, whatever they are about."""
        return f"/webhooks/{self.name}/{self._callback_token}/ipn"

    async def start(self, request: PaymentRequest) -> StartedPayment:
        """Hand in an order and return where to send the browser."""
        billing: dict[str, Any] = {
            "email_address": request.payer_email or f"{request.account_number.lower()}@customers.invalid",
            "first_name": request.account_number,
        }
        if request.payer_phone is not None:
            billing["phone_number"] = request.payer_phone.msisdn
        answer = await self._client.submit(
            {
                "id": request.reference,
                "currency": request.amount.currency,
                "description": f"{request.description} {request.account_number}"[:100],
                "callback_url": request.return_url,
                "redirect_mode": "TOP_WINDOW",
                "notification_id": await self._client.address_id(request.callback_url),
                "billing_address": billing,
            },
            request.amount,
        )
        tracking_id = text_of(answer.get("order_tracking_id"), 120)
        redirect_url = text_of(answer.get("redirect_url"), 500)
        if not tracking_id or not redirect_url.startswith(_WEB):
            raise GatewayProtocolError("Pesapal took the order but gave no address to go to.")
        return StartedPayment(tracking_id, redirect_url)

    def read_webhook(self, delivery: WebhookDelivery) -> tuple[GatewayEvent, ...]:
        """Return which order changed. Raises WebhookRejected on any path but the secret one."""
        given = (delivery.path_token or "").encode(errors="replace")
        if not given or not hmac.compare_digest(given, self._callback_token.encode()):
            raise WebhookRejected("no such path", not_found=True)
        return (messages.read_notice(delivery.body),)

    def reply(self, events: Sequence[GatewayEvent], *, accepted: bool) -> WebhookReply:
        """Answer what was said, and 200: anything else is sent again."""
        named = next((event for event in events if isinstance(event, StatusChanged)), None)
        return WebhookReply(200, messages.write_reply(named), "application/json")

    async def query(self, *, reference: str, gateway_reference: str | None) -> PaymentOutcome:
        """Ask how an order stands. Only its tracking id finds it: our own reference does not."""
        if gateway_reference is None:
            return Unknown("the order was never answered")
        return messages.read_status(
            await self._client.status(gateway_reference),
            reference=reference,
            tracking_id=gateway_reference,
            received_at=self._clock.now(),
        )

    async def refund(self, request: RefundRequest) -> RefundOutcome:
        """Ask for a payment to go back, which staff at Pesapal decide; one payment can be asked for once."""
        if request.way is not RefundWay.GATEWAY:
            raise GatewayRejected("Pesapal gives back what was paid by it only.")
        try:
            answer = await self._client.refund(
                {
                    "confirmation_code": request.transaction_id,
                    "username": "Benfex",
                    "remarks": f"{request.reference} {request.reason}"[:100],
                },
                request.amount,
            )
        except GatewayUnavailable as unknown:
            return RefundUnknown(unknown.message)
        except GatewayRejected as refused:
            return RefundFailed(refused.gateway_code or "refused", refused.message)
        if text_of(answer.get("status"), 8) == "200":
            return RefundUnderWay()
        said = text_of(answer.get("message"), 160) or "it gave no reason"
        return RefundFailed("refused", f"Pesapal refused the refund: {said}")

    async def query_refund(self, request: RefundRequest) -> RefundOutcome:
        """Return that it is under way: Pesapal tells of its end only by the order's status, reversed."""
        return RefundUnderWay(request.gateway_reference)

    async def check(self) -> tuple[Finding, ...]:
        """Fetch a token with the keys."""
        try:
            await self._client.fresh_token()
        except GatewayError as error:
            advice = "Copy both keys again, and mind that sandbox and live have their own."
            return (what_failed(error, if_refused=advice),)
        return (Finding(is_good=True, text=f"Pesapal accepted the keys ({self._money})."),)

    async def register_callbacks(self, *, public_url: str) -> None:
        """Register our address for notices, unless Pesapal has it already."""
        await self._client.address_id(f"{public_url}{self.callback_path('ipn', '')}")

    async def drain(self) -> None:
        """Take no more calls, and wait for those that are under way."""
        await self._client.drain()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()
