"""Flutterwave v3 as a Gateway: its page or a prompt on the phone, and asking it settles, never a webhook alone."""

from collections.abc import Mapping, Sequence
from datetime import datetime
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
    PaymentEvidence,
    PaymentOutcome,
    PaymentRequest,
    Pending,
    RefundRequest,
    SettingField,
    StartedPayment,
    Succeeded,
    WebhookDelivery,
    WebhookReply,
)
from benfex.payments.gateway_events import RefundFailed, RefundOutcome, RefundUnknown
from benfex.payments.gateways.flutterwave import messages
from benfex.payments.gateways.flutterwave.client import FlutterwaveClient
from benfex.payments.plain_gateway import PlainGateway, what_failed
from benfex.payments.wire import load_object, object_in, text_of
from data.values.errors import InvalidInput
from data.values.kinds import EvidenceGrade, RefundWay

PRODUCTION = "https://api.flutterwave.com/v3"
MPESA = "mpesa"
SETTINGS = (
    SettingField(
        "secret_key",
        "Secret key",
        "Dashboard, Settings, API keys. Keys of v4 are other ones.",
        is_secret=True,
        pattern=r"FLWSECK(_TEST)?-[\w-]+",
    ),
    SettingField(
        "secret_hash",
        "Secret hash",
        "A long random word that you also set in the dashboard under Webhooks. It proves their messages.",
        is_secret=True,
        pattern=r"\S{16,128}",
    ),
    SettingField(
        "mode",
        "Money",
        "A test key takes no money: with one, people would be served for nothing.",
        is_required=False,
        choices=(("live", "Real money"), ("test", "Test, no real money")),
    ),
)
_PAGES_MAX = 200
_WEB = ("https://", "http://127.0.0.1", "http://localhost")


class FlutterwaveGateway(PlainGateway):
    """Speaks to Flutterwave with one secret key. Without a secret hash no webhook is taken."""

    name = messages.NAME
    label = "Flutterwave"
    pay_label = "Card or mobile money, by Flutterwave"
    address_advice = "Paste it in Flutterwave's dashboard: Settings, Webhooks, with the secret hash below it."
    fields = SETTINGS
    evidence_grade = EvidenceGrade.SECRET_PATH
    capabilities = GatewayCapabilities(
        currencies=frozenset({"KES", "UGX", "TZS", "RWF", "NGN", "GHS", "ZAR", "ZMW", "XOF", "XAF", "USD"}),
        amount_step_minor=1,
        minimum_minor=100,
        maximum_minor=10_000_000 * 100,
        flow=Flow.REDIRECT,
        payer_hosts=("checkout.flutterwave.com", "api.flutterwave.com"),
        can_query=True,
        can_statement=True,
        needs_phone=False,
        needs_email=False,
        channels=(MPESA,),
        push_channels=(MPESA,),
        can_refund=True,
        refunds_partly=True,
    )

    def __init__(self, settings: Mapping[str, str], clock: Clock) -> None:
        self._clock = clock
        self._secret_hash = settings["secret_hash"]
        base_url, key = settings.get("base_url") or PRODUCTION, settings["secret_key"]
        self._key_is_live = not key.startswith("FLWSECK_TEST")
        # Nobody is served for test money unawares: at Flutterwave itself only real money counts unless said.
        mode = settings.get("mode") or ("live" if self._key_is_live or base_url == PRODUCTION else "test")
        self._is_live = mode == "live"
        self._client = FlutterwaveClient(base_url=base_url, secret_key=key)

    async def start(self, request: PaymentRequest) -> StartedPayment:
        """Ask for the money on its page, or by a prompt on the phone where that channel was chosen."""
        self._check_mode()
        email = request.payer_email or f"{request.account_number.lower()}@customers.invalid"
        body: dict[str, Any] = {"tx_ref": request.reference, "currency": request.amount.currency}
        if request.channel == MPESA:
            return await self._prompt(request, body | {"email": email})
        customer = {"email": email, "name": request.account_number}
        if request.payer_phone is not None:
            customer["phonenumber"] = request.payer_phone.msisdn
        data = await self._client.ask(
            "/payments",
            body
            | {
                "redirect_url": request.return_url,
                "customer": customer,
                "meta": {"account": request.account_number},
                "customizations": {"title": request.description},
            },
            request.amount,
        )
        link = text_of(data.get("link"), 500)
        if not link.startswith(_WEB):
            raise GatewayProtocolError("Flutterwave took the payment but gave no address to go to.")
        return StartedPayment(request.reference, link)

    async def _prompt(self, request: PaymentRequest, body: Mapping[str, Any]) -> StartedPayment:
        if request.payer_phone is None:
            raise InvalidInput("phone", "Give the phone number that is to pay.")
        if request.amount.currency != "KES":
            raise InvalidInput("amount", "M-Pesa takes KES only.")
        words = {"phone_number": request.payer_phone.msisdn, "fullname": request.account_number}
        await self._client.ask("/charges?type=mpesa", {**body, **words}, request.amount)
        return StartedPayment(request.reference, customer_message="Enter your M-Pesa PIN on your phone.")

    def read_webhook(self, delivery: WebhookDelivery) -> tuple[GatewayEvent, ...]:
        """Return which payment moved. Raises WebhookRejected where the header is not our secret hash."""
        given = delivery.headers.get(messages.SECRET_HEADER, "")
        proven = messages.is_from_flutterwave(given, secret_hash=self._secret_hash)
        if not proven and not delivery.is_stored:
            raise WebhookRejected("the header is not our secret hash")
        return (messages.read_event(delivery.body),)

    def reply(self, events: Sequence[GatewayEvent], *, accepted: bool) -> WebhookReply:
        """Answer 200: anything else is sent again."""
        return WebhookReply(200, b"", "text/plain")

    async def query(self, *, reference: str, gateway_reference: str | None) -> PaymentOutcome:
        """Verify by its number where only a webhook named it, and by our reference: it has one or more tries.

        What it never heard of, or nobody tried to pay yet, is not paid.
        """
        self._check_mode()
        if gateway_reference and gateway_reference.isdigit():
            outcome = self._read(await self._client.verify_by_id(gateway_reference), reference)
            if isinstance(outcome, Succeeded):
                return outcome
        return self._read(await self._client.verify_by_reference(reference), reference)

    def _check_mode(self) -> None:
        for finding in self._mixed_keys():
            raise GatewayRejected(finding.text, gateway_code="mode")

    def _mixed_keys(self) -> tuple[Finding, ...]:
        """Return what is wrong when the key is of the other mode than the money that is meant."""
        if self._key_is_live is self._is_live:
            return ()
        text = "Flutterwave's key takes real money, but it is set up for tests. Tell the owner."
        if self._is_live:
            text = "Flutterwave's key is a test key, so no money would come. Tell the owner."
        advice = "Copy the key of the other mode from Flutterwave: Settings, API keys."
        return (Finding(is_good=False, text=text, advice=advice),)

    def _read(self, body: bytes | None, reference: str) -> PaymentOutcome:
        if body is None:
            return Pending()
        return messages.read_verification(body, reference=reference, received_at=self._clock.now())

    async def read_statement(self, *, since: datetime, until: datetime) -> Sequence[PaymentEvidence]:
        """Return what Flutterwave received in the span, each once; its list goes by whole days."""
        self._check_mode()
        found: dict[str, PaymentEvidence] = {}
        for number in range(1, _PAGES_MAX + 1):
            body = await self._client.list_page(since=since, until=until, page=number)
            page = messages.read_list(body, received_at=self._clock.now())
            if page is None:
                raise GatewayProtocolError("Flutterwave's list of transactions cannot be read.")
            evidences, pages = page
            found |= {one.transaction_id: one for one in evidences if since <= one.received_at < until}
            if number >= pages:
                break
        return tuple(found.values())

    async def refund(self, request: RefundRequest) -> RefundOutcome:
        """Ask for money of a transaction to go back; our reference travels in the comments."""
        if request.way is not RefundWay.GATEWAY:
            raise GatewayRejected("Flutterwave gives back what was paid by it only.")
        try:
            data = await self._client.ask(
                f"/transactions/{request.transaction_id}/refund",
                {"comments": request.reference},
                request.amount,
            )
        except GatewayUnavailable as unknown:
            return RefundUnknown(unknown.message)
        except GatewayRejected as refused:
            return RefundFailed(refused.gateway_code or "refused", refused.message)
        return messages.read_refund(data)

    async def query_refund(self, request: RefundRequest) -> RefundOutcome:
        """Return how a refund stands, found by its own number, else by our reference in the comments."""
        if request.gateway_reference:
            body = await self._client.find(f"/refunds/{request.gateway_reference}")
            data = object_in(load_object(body or b""), "data")
            return messages.read_refund(data) if data else RefundUnknown("an answer that cannot be read")
        for number in range(1, _PAGES_MAX + 1):
            listed = load_object(await self._client.find("/refunds", page=str(number)) or b"")
            rows = listed.get("data")
            for row in rows if isinstance(rows, list) else []:
                if isinstance(row, dict) and text_of(row.get("comments"), 60) == request.reference:
                    return messages.read_refund(row)
            if number >= messages.page_count(listed):
                break
        return RefundUnknown("Flutterwave lists no such refund")

    async def check(self) -> tuple[Finding, ...]:
        """Ask about a transaction that never was, which needs a right key to be answered."""
        try:
            await self._client.verify_by_reference("BFXCHECK")
        except GatewayError as error:
            advice = "Copy the secret key again from Flutterwave's dashboard, and mind test and live."
            return (*self._mixed_keys(), what_failed(error, if_refused=advice))
        mode = "real money" if self._key_is_live else "test, no real money"
        return (
            *self._mixed_keys(),
            Finding(is_good=True, text=f"Flutterwave accepted the key ({mode})."),
            Finding(
                is_good=True,
                text="Whether the secret hash is the same there cannot be asked.",
                advice="Make a small payment; if it takes longer than a minute to show, compare the hash.",
            ),
        )

    async def register_callbacks(self, *, public_url: str) -> None:
        """Do nothing: the webhook's address is set in its dashboard."""

    async def drain(self) -> None:
        """Take no more calls, and wait for those that are under way."""
        await self._client.drain()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()
