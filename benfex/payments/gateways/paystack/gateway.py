"""Paystack as a Gateway: its own page, prompts on phones and saved cards; a signed event or verifying settles."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from benfex.core.clock import Clock
from benfex.core.errors import (
    GatewayError,
    GatewayProtocolError,
    GatewayRejected,
    GatewayUnavailable,
    GatewayUnreachable,
    WebhookRejected,
)
from benfex.payments.gateway import (
    Failed,
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
    WebhookDelivery,
    WebhookReply,
)
from benfex.payments.gateway_events import (
    DisputeAnswer,
    DisputeChanged,
    RefundDetails,
    RefundOutcome,
    RefundUnknown,
    SettlementRecord,
)
from benfex.payments.gateways.paystack import messages, money_back, reading
from benfex.payments.gateways.paystack.client import PaystackClient
from benfex.payments.plain_gateway import PlainGateway
from data.values.kinds import EvidenceGrade, RefundWay
from data.values.money import Money

PRODUCTION = "https://api.paystack.co"
_CHANNELS = ("card", "bank_transfer", *messages.PUSH_CHANNELS, messages.OFFLINE_CHANNEL)
_DIRECT = (*messages.PUSH_CHANNELS, messages.OFFLINE_CHANNEL)
SETTINGS = (
    SettingField("secret_key", "Secret key", is_secret=True, pattern=r"sk_(test|live)_\w+"),
    SettingField(
        "previous_secret_key",
        "Key before it",
        "While a key is being changed: it still proves what was sent with it.",
        is_secret=True,
        is_required=False,
        pattern=r"sk_(test|live)_\w+",
    ),
    SettingField(
        "mode",
        "Money",
        "A test key takes no money: with one, people would be served for nothing.",
        is_required=False,
        choices=(("live", "Real money"), ("test", "Test, no real money")),
    ),
    SettingField(
        "currency",
        "Currency of the balance",
        "The one that is compared with the books, where Paystack holds several.",
        is_required=False,
        pattern=r"[A-Z]{3}",
    ),
    SettingField(
        "channels",
        "Ways to pay",
        "What payers may choose besides Paystack's page: card, bank_transfer, mpesa, atl (Airtel Money), "
        "mptill (M-Pesa till), mpesa_offline (Paystack's Paybill). Separated by commas.",
        is_required=False,
        pattern=r"[a-z_, ]*",
    ),
)
_PAGES_MAX = 200
_PAGE = {"perPage": "100"}
_Row = TypeVar("_Row")


class PaystackGateway(PlainGateway):
    """Speaks to Paystack with one secret key; the key before it still proves webhooks while it is changed."""

    name = reading.NAME
    label = "Paystack"
    pay_label = "Card or bank, by Paystack"
    address_advice = "Paste it in Paystack's dashboard: Settings, API keys and webhooks, Webhook URL."
    fields = SETTINGS
    evidence_grade = EvidenceGrade.SIGNED
    capabilities = GatewayCapabilities(
        currencies=frozenset({"KES", "NGN", "GHS", "ZAR", "USD", "XOF"}),
        amount_step_minor=1,
        minimum_minor=300,
        minimums=(("NGN", 5_000), ("GHS", 10), ("ZAR", 100), ("USD", 200), ("XOF", 1)),
        maximum_minor=10_000_000 * 100,
        flow=Flow.REDIRECT,
        payer_hosts=("checkout.paystack.com", "standard.paystack.co", "api.paystack.co", "js.paystack.co"),
        can_query=True,
        can_statement=True,
        needs_phone=False,
        needs_email=False,
        can_refund=True,
        refunds_partly=True,
        can_answer_disputes=True,
        can_tell_balance=True,
        can_send_elsewhere=True,
        can_charge_saved=True,
    )

    def __init__(self, settings: Mapping[str, str], clock: Clock) -> None:
        self._clock = clock
        keys = (settings["secret_key"], settings.get("previous_secret_key", ""))
        self._secrets = tuple(key for key in keys if key)
        key_is_live = self._secrets[0].startswith("sk_live_")
        base_url = settings.get("base_url") or PRODUCTION
        # Nobody is served for test money unawares: at Paystack itself only real money counts unless said.
        mode = settings.get("mode") or ("live" if key_is_live or base_url == PRODUCTION else "test")
        self._is_live = mode == "live"
        self._is_mixed = key_is_live is not self._is_live
        self._currency = settings.get("currency", "")
        self._webhook_address = "<your address>/webhooks/paystack"
        chosen = _chosen_channels(settings.get("channels", ""))
        self.capabilities = replace(
            type(self).capabilities,
            channels=chosen,
            push_channels=tuple(channel for channel in chosen if channel in messages.PUSH_CHANNELS),
        )
        self._client = PaystackClient(base_url=base_url, secret_key=self._secrets[0], clock=clock)

    async def start(self, request: PaymentRequest) -> StartedPayment:
        """Begin a payment: on Paystack's page, on a phone, or with a saved card."""
        if self._is_mixed:
            raise GatewayRejected(self._mixture(), gateway_code="mode")
        if request.saved_card is not None:
            path, body = (
                "/transaction/charge_authorization",
                messages.saved_card_body(request, request.saved_card),
            )
        elif request.channel in _DIRECT:
            _check_payer(request)
            path, body = "/charge", messages.mobile_money_body(request)
        else:
            data = await self._client.begin("/transaction/initialize", messages.initialize_body(request))
            return _known(messages.read_initialized(data))
        answer = messages.read_charge(await self._client.begin(path, body), reference=request.reference)
        if isinstance(answer, Failed):
            raise GatewayRejected(answer.message, gateway_code=answer.code)
        return _known(answer)

    def read_webhook(self, delivery: WebhookDelivery) -> tuple[GatewayEvent, ...]:
        """Return what a signed delivery says. Raises WebhookRejected when the signature is not ours."""
        signature = delivery.headers.get(reading.SIGNATURE_HEADER, "")
        # What is stored proved itself when it came; the key may have been changed since.
        if not delivery.is_stored and not reading.is_signed(
            delivery.body, signature=signature, secrets=self._secrets
        ):
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
        span = _span(since, until) | {"status": "success", "use_cursor": "true"}
        cursor: str | None = None
        for _ in range(_PAGES_MAX):
            body = await self._client.read("/transaction", span | ({"next": cursor} if cursor else {}))
            page = messages.read_list(body, is_live=self._is_live, received_at=self._clock.now())
            if page is None:
                raise GatewayProtocolError("Paystack's list of transactions cannot be read.")
            found |= {evidence.transaction_id: evidence for evidence in page[0]}
            before, cursor = cursor, page[1]
            if cursor is None or cursor == before:
                break
        return tuple(found.values())

    async def refund(self, request: RefundRequest) -> RefundOutcome:
        """Give money back once: Paystack has no key for it, so what it has already is looked at first."""
        if request.way is not RefundWay.GATEWAY:
            raise GatewayRejected("Paystack gives money back the way it came, and no other way from here.")
        try:
            known = await self._find_refund(request)
        except GatewayError as cause:
            words = f"Nothing was sent, the money is still ours: {cause.message} Ask for it again later."
            raise GatewayRejected(words, gateway_code="not_sent") from cause
        if known is not None:
            return money_back.read_refund(known)
        try:
            body = await self._client.tell("POST", "/refund", money_back.refund_body(request))
        except GatewayUnavailable as cause:
            known = await self._find_refund(request)
            return money_back.read_refund(known) if known is not None else RefundUnknown(cause.message)
        return money_back.read_refund(reading.data_of(body))

    async def query_refund(self, request: RefundRequest) -> RefundOutcome:
        """Return how a refund of ours stands, found by our reference in its note."""
        known = await self._find_refund(request)
        return money_back.read_refund(known) if known is not None else RefundUnknown("no such refund yet")

    async def retry_refund(self, request: RefundRequest, details: RefundDetails) -> RefundOutcome:
        """Send a refund that needs attention to a bank account. Raises GatewayRejected when there is none."""
        known = await self._find_refund(request)
        name = reading.text_of(known.get("id"), 40) if known is not None else ""
        if not name:
            raise GatewayRejected("Paystack has no such refund.")
        account = {
            "currency": details.currency,
            "account_number": details.account_number,
            "bank_id": details.bank_code,
        }
        body = await self._client.tell(
            "POST", f"/refund/retry_with_customer_details/{name}", {"refund_account_details": account}
        )
        return money_back.read_refund(reading.data_of(body))

    async def read_disputes(self, *, since: datetime, until: datetime) -> Sequence[DisputeChanged]:
        """Return the disputes of the span, newest first as Paystack lists them."""
        return await self._pages(
            "/dispute", since, until, lambda body: money_back.read_disputes(body, is_live=self._is_live)
        )

    async def answer_dispute(self, answer: DisputeAnswer) -> DisputeChanged:
        """Accept or decline a dispute; declining wants a message, and the name of the file that proves it."""
        body = await self._client.tell(
            "PUT", f"/dispute/{answer.dispute_id}/resolve", money_back.answer_body(answer)
        )
        return _known(money_back.read_answered(body))

    async def read_settlements(self, *, since: datetime, until: datetime) -> Sequence[SettlementRecord]:
        """Return what Paystack paid out to our bank; it makes none in test mode."""
        return await self._pages(
            "/settlement", since, until, lambda body: money_back.read_settlements(body, is_live=self._is_live)
        )

    async def read_settled(self, settlement_id: str) -> Sequence[PaymentEvidence]:
        """Return the payments that a settlement paid out, with their fees."""

        def read(body: bytes) -> tuple[PaymentEvidence, ...] | None:
            page = messages.read_list(body, is_live=self._is_live, received_at=self._clock.now())
            return page[0] if page is not None else None

        return await self._pages(f"/settlement/{settlement_id}/transactions", None, None, read)

    async def ask_balance(self, *, callback_url: str) -> Money | None:
        """Return what Paystack holds that it has not paid out yet."""
        held = money_back.read_balance(await self._client.read("/balance"), currency=self._currency)
        return _known(held)

    async def check(self) -> tuple[Finding, ...]:
        """Ask for the balance, which needs a right key, and say what is to be set at Paystack."""
        findings = []
        if self._is_mixed:
            advice = "Copy the key of the other mode from Paystack (Settings, API Keys & Webhooks)."
            findings.append(Finding(is_good=False, text=self._mixture(), advice=advice))
        try:
            await self._client.read("/balance")
        except GatewayUnreachable as error:
            return (
                *findings,
                Finding(is_good=False, text=error.message, advice="Check this machine's network."),
            )
        except GatewayRejected as error:
            wrong_key = error.gateway_code == "401"
            text = "Paystack does not know this secret key." if wrong_key else error.message
            advice = "Copy it anew from Paystack: Settings, API Keys & Webhooks." if wrong_key else ""
            return (*findings, Finding(is_good=False, text=text, advice=advice))
        except GatewayError as error:
            return (*findings, Finding(is_good=False, text=error.message, advice="Try again in a minute."))
        mode = "real money" if self._is_live else "test, no real money"
        findings.append(Finding(is_good=True, text=f"Paystack accepted the key ({mode})."))
        findings.append(
            Finding(
                is_good=True,
                text=f"Paystack has to be told where to report payments: {self._webhook_address}",
                advice="Set this as the webhook URL at Paystack: Settings, API Keys & Webhooks.",
            )
        )
        return tuple(findings)

    async def register_callbacks(self, *, public_url: str) -> None:
        """Tell Paystack nothing: its webhook address is set in its dashboard, and `check` says which."""
        self._webhook_address = f"{public_url.rstrip('/')}/webhooks/paystack"

    async def drain(self) -> None:
        """Take no more calls, and wait for those that are under way."""
        await self._client.drain()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def _mixture(self) -> str:
        if self._is_live:
            return "Paystack's key is a test key, so no money would come. Tell the owner."
        return "Paystack's key takes real money, but it is set up for tests. Tell the owner."

    async def _find_refund(self, request: RefundRequest) -> Mapping[str, object] | None:
        for number in range(1, _PAGES_MAX):
            asked = {**_PAGE, "transaction": request.transaction_id, "page": str(number)}
            body = await self._client.read("/refund", asked)
            try:
                found = money_back.find_refund(body, reference=request.reference, is_live=self._is_live)
            except ValueError as cause:
                raise GatewayProtocolError("Paystack's list of refunds cannot be read.") from cause
            if found is not None or number >= messages.page_count(body):
                return found
        return None

    async def _pages(
        self,
        path: str,
        since: datetime | None,
        until: datetime | None,
        read: Callable[[bytes], tuple[_Row, ...] | None],
    ) -> tuple[_Row, ...]:
        span = _span(since, until) if since is not None and until is not None else dict(_PAGE)
        found: list[_Row] = []
        for number in range(1, _PAGES_MAX):
            body = await self._client.read(path, span | {"page": str(number)})
            page = read(body)
            if page is None:
                raise GatewayProtocolError("Paystack's list cannot be read.")
            found += page
            if number >= messages.page_count(body):
                break
        return tuple(found)


def _span(since: datetime, until: datetime) -> dict[str, str]:
    # The last instant belongs to the span of Paystack, to ours it does not.
    last = until - timedelta(milliseconds=1)
    return {**_PAGE, "from": since.isoformat(), "to": last.isoformat()}


def _chosen_channels(written: str) -> tuple[str, ...]:
    """Return the channels that are known; others are left out, so that no typo keeps Benfex from starting."""
    parts = dict.fromkeys(part.strip() for part in written.split(","))
    return tuple(channel for channel in parts if channel in _CHANNELS)


def _check_payer(request: PaymentRequest) -> None:
    if request.channel == "mptill" and not request.payer_till:
        raise GatewayRejected("Give the number of the till that pays.", gateway_code="till")
    if request.channel in {"mpesa", "atl"} and request.payer_phone is None:
        raise GatewayRejected("Give the phone number that is to pay.", gateway_code="phone")


def _known(read: _Row | None) -> _Row:
    if read is None:
        raise GatewayProtocolError("Paystack answered something that cannot be read.")
    return read
