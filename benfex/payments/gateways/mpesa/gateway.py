"""M-Pesa as a Gateway: a prompt is pushed to the phone, and the Paybill takes money by hand."""

import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from benfex.core.clock import Clock
from benfex.core.errors import GatewayError, GatewayProtocolError, GatewayRejected, WebhookRejected
from benfex.payments.gateway import (
    Finding,
    Flow,
    GatewayCapabilities,
    GatewayEvent,
    Ignored,
    PaymentEvidence,
    PaymentOutcome,
    PaymentRequest,
    Pending,
    SettingField,
    StartedPayment,
    Unknown,
    ValidationAsked,
    WebhookDelivery,
    WebhookReply,
)
from benfex.payments.gateways.mpesa import messages
from benfex.payments.gateways.mpesa.client import CALLS_PER_SECOND, DarajaAccount, DarajaClient
from benfex.payments.plain_gateway import PlainGateway
from data.values.errors import AmountOutOfRange, InvalidInput
from data.values.kinds import EvidenceGrade

PRODUCTION = "https://api.safaricom.co.ke"
_STEP = 100  # whole shillings only
_MOST = 250_000 * 100
SETTINGS = (
    SettingField("shortcode", "Paybill number", pattern=r"\d{5,7}"),
    SettingField("consumer_key", "Consumer key", is_secret=True),
    SettingField("consumer_secret", "Consumer secret", is_secret=True),
    SettingField("passkey", "Lipa na M-Pesa passkey", is_secret=True),
)
_NOMINATED = "254700000000"  # the organisation's phone, where Pull Transactions wants one named


class MpesaGateway(PlainGateway):
    """Speaks Daraja for one Paybill."""

    name = messages.NAME
    label = "M-Pesa"
    fields = SETTINGS
    evidence_grade = EvidenceGrade.SECRET_PATH
    capabilities = GatewayCapabilities(
        currencies=frozenset({messages.CURRENCY}),
        amount_step_minor=_STEP,
        minimum_minor=_STEP,
        maximum_minor=_MOST,
        flow=Flow.PUSH,
        can_query=True,
        can_statement=True,
        needs_phone=True,
        needs_email=False,
    )

    def __init__(self, settings: Mapping[str, str], clock: Clock) -> None:
        self._clock = clock
        self._callback_token = settings["callback_token"]
        self._shortcode = settings["shortcode"]
        self._nominated = settings.get("nominated_number") or _NOMINATED
        self._client = DarajaClient(
            DarajaAccount(
                base_url=settings.get("base_url") or PRODUCTION,
                consumer_key=settings["consumer_key"],
                consumer_secret=settings["consumer_secret"],
                shortcode=settings["shortcode"],
                passkey=settings["passkey"],
                calls_per_second=int(settings.get("calls_per_second") or CALLS_PER_SECOND),
            ),
            clock,
        )

    def callback_path(self, kind: str, token: str) -> str:
        """Return a path without M-Pesa's own name in it, which Daraja refuses (C2B register)."""
        return f"/webhooks/mm/{self._callback_token}/{kind}/{token}"

    async def start(self, request: PaymentRequest) -> StartedPayment:
        """Push a prompt to the payer's phone. Raises InvalidInput, AmountOutOfRange before anything is sent."""
        if request.payer_phone is None:
            raise InvalidInput("phone", "Give the phone number that is to pay.")
        if request.amount.currency != messages.CURRENCY:
            raise InvalidInput("amount", f"M-Pesa takes {messages.CURRENCY} only.")
        if request.amount.minor % _STEP or not _STEP <= request.amount.minor <= _MOST:
            raise AmountOutOfRange("amount", "M-Pesa takes whole shillings, from 1 to 250,000.")
        answer = await self._client.push(
            amount=request.amount.minor // _STEP,
            msisdn=request.payer_phone.msisdn,
            account=request.account_number,
            description=request.description,
            callback_url=request.callback_url,
        )
        code = messages.text_of(answer["ResponseCode"], 32)
        if code != "0":
            said = messages.text_of(answer.get("ResponseDescription"), 200)
            raise GatewayRejected(messages.words_of(code, said), gateway_code=code)
        reference = messages.text_of(answer.get("CheckoutRequestID"), 120)
        if not reference:
            raise GatewayProtocolError("M-Pesa took the request but gave no reference.")
        return StartedPayment(
            reference, customer_message=messages.text_of(answer.get("CustomerMessage"), 200) or None
        )

    def read_webhook(self, delivery: WebhookDelivery) -> tuple[GatewayEvent, ...]:
        """Return what a delivery on a secret path says. Raises WebhookRejected on any other path."""
        given = (delivery.path_token or "").encode(errors="replace")
        if not given or not hmac.compare_digest(given, self._callback_token.encode()):
            raise WebhookRejected("no such path", not_found=True)
        match delivery.path_kind:
            case "stk" if delivery.attempt_token:
                return (
                    messages.read_stk(
                        delivery.body,
                        attempt_token=delivery.attempt_token,
                        received_at=delivery.received_at,
                    ),
                )
            case "c2b/validation" | "c2b/confirmation":
                return (
                    messages.read_c2b(
                        delivery.body,
                        is_validation=delivery.path_kind == "c2b/validation",
                        shortcode=self._shortcode,
                        received_at=delivery.received_at,
                    ),
                )
            case "pull":
                return (Ignored("a notice about pulled transactions"),)
            case _:
                raise WebhookRejected("no such path", not_found=True)

    def reply(self, events: Sequence[GatewayEvent], *, accepted: bool) -> WebhookReply:
        """Answer a validation as text code, everything else as number code, as the portal shows them."""
        if any(isinstance(event, ValidationAsked) for event in events):
            answer: dict[str, object] = {
                "ResultCode": "0" if accepted else "C2B00012",
                "ResultDesc": "Accepted" if accepted else "Rejected",
            }
        else:
            answer = {"ResultCode": 0, "ResultDesc": "Success"}
        return WebhookReply(200, json.dumps(answer).encode(), "application/json")

    async def query(self, *, reference: str, gateway_reference: str | None) -> PaymentOutcome:
        """Ask how a push stands. Without its CheckoutRequestID only the statement can tell."""
        if gateway_reference is None:
            return Unknown("the push was never answered")
        response = await self._client.query(checkout_id=gateway_reference)
        if response.status_code == 200:
            return messages.read_query(response.content, checkout_id=gateway_reference)
        error = messages.read_error(response.status_code, response.content)
        if messages.is_still_processing(error):
            return Pending()
        return Unknown(f"M-Pesa answered {error.code} {error.message}".strip()[:200])

    async def read_statement(self, *, since: datetime, until: datetime) -> Sequence[PaymentEvidence]:
        """Return what the Paybill received, by Pull Transactions."""
        return await self._client.pull(since=since, until=until)

    async def check(self) -> tuple[Finding, ...]:
        """Ask for a token with the keys."""
        try:
            await self._client.fresh_token()
        except GatewayError as error:
            return (Finding(is_good=False, text=error.message, advice="Check the consumer key and secret."),)
        return (Finding(is_good=True, text="M-Pesa accepted the keys."),)

    async def register_callbacks(self, *, public_url: str) -> None:
        """Tell Daraja our Paybill addresses, and ask for Pull Transactions."""
        base = f"{public_url}/webhooks/mm/{self._callback_token}"
        await self._client.register_urls(
            confirmation_url=f"{base}/c2b/confirmation", validation_url=f"{base}/c2b/validation"
        )
        await self._client.register_pull(callback_url=f"{base}/pull", msisdn=self._nominated)

    async def drain(self) -> None:
        """Take no more calls, and wait for those that are under way."""
        await self._client.drain()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()
