"""M-Pesa as a Gateway: a prompt is pushed to the phone, and the Paybill or till takes money by hand.

Refunds, balances and single receipts need an initiator; standing orders a contract.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from benfex.core.clock import Clock
from benfex.core.errors import GatewayProtocolError, GatewayRejected, WebhookRejected
from benfex.payments.by_hand import ByHand
from benfex.payments.gateway import (
    ChargeSucceeded,
    Finding,
    Flow,
    GatewayCapabilities,
    GatewayEvent,
    Ignored,
    PaymentEvidence,
    PaymentOutcome,
    PaymentRequest,
    Pending,
    RefundRequest,
    StartedPayment,
    Unknown,
    ValidationAsked,
    WebhookDelivery,
    WebhookReply,
)
from benfex.payments.gateway_events import RefundOutcome, RefundUnderWay, RefundUnknown, StandingOrderRequest
from benfex.payments.gateways.mpesa import messages, requests, results
from benfex.payments.gateways.mpesa.checking import findings_of
from benfex.payments.gateways.mpesa.client import DarajaClient
from benfex.payments.gateways.mpesa.settings import SETTINGS, account_of, initiator_lacks, initiator_of
from benfex.payments.plain_gateway import PlainGateway
from data.values.errors import AmountOutOfRange, InvalidInput
from data.values.identifiers import hash_token
from data.values.kinds import EvidenceGrade, RefundWay
from data.values.money import Money

_STEP = 100  # whole shillings only
_MOST = 250_000 * 100
_NOMINATED = "254700000000"  # the organisation's phone, where Pull Transactions wants one named
_NO_INITIATOR = "Set the initiator of M-Pesa and its certificate in the settings first."


class MpesaGateway(PlainGateway):
    """Speaks Daraja for one Paybill or till."""

    name = messages.NAME
    label = "M-Pesa"
    fields = SETTINGS
    evidence_grade = EvidenceGrade.SECRET_PATH

    def __init__(self, settings: Mapping[str, str], clock: Clock) -> None:
        self._clock = clock
        self._callback_token = settings["callback_token"]
        account = account_of(settings)
        self._shortcode, self._till = account.shortcode, account.till_number
        self._ours = frozenset({self._shortcode, self._till} - {""})
        self._nominated = settings.get("nominated_number") or _NOMINATED
        self._initiator = initiator_of(settings)
        self._initiator_lacks = initiator_lacks(settings)
        self._payout_shortcode = settings.get("payout_shortcode") or self._shortcode
        self._capture = settings.get("standing_orders") or ""
        self._business = settings.get("business_name") or f"Paybill {self._shortcode}"
        self._public_url = settings.get("public_url")
        self._secret = f"{account.consumer_secret}{account.passkey}".encode()
        self._client = DarajaClient(account, clock)
        has_initiator = self._initiator is not None
        self.capabilities = GatewayCapabilities(
            currencies=frozenset({messages.CURRENCY}),
            amount_step_minor=_STEP,
            minimum_minor=_STEP,
            maximum_minor=_MOST,
            flow=Flow.PUSH,
            can_query=True,
            can_statement=True,
            statement_hours=48,
            needs_phone=True,
            needs_email=False,
            can_refund=has_initiator,
            can_pay_out=has_initiator,
            can_tell_balance=has_initiator,
            can_ask_about=has_initiator,
            can_standing_order=bool(self._capture),
            can_draw_code=True,
            by_hand=ByHand(self.name, self._till or self._shortcode, takes_account=not self._till),
        )

    def callback_path(self, kind: str, token: str) -> str:
        """Return a path without M-Pesa's own name in it, which Daraja refuses (C2B register)."""
        return f"/webhooks/mm/{self._callback_token}/{kind}/{token}"

    async def start(self, request: PaymentRequest) -> StartedPayment:
        """Push a prompt to the payer's phone. Raises InvalidInput, AmountOutOfRange before anything is sent."""
        if request.payer_phone is None:
            raise InvalidInput("phone", "Give the phone number that is to pay.")
        answer = await self._client.push(
            amount=_shillings(request.amount),
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
        if delivery.attempt_token:
            return (self._read_callback(delivery, delivery.attempt_token),)
        match delivery.path_kind:
            case "c2b/validation" | "c2b/confirmation":
                return (
                    messages.read_c2b(
                        delivery.body,
                        is_validation=delivery.path_kind == "c2b/validation",
                        ours=self._ours,
                        received_at=delivery.received_at,
                    ),
                )
            case "pull":
                return (Ignored("a notice about pulled transactions"),)
            case _:
                raise WebhookRejected("no such path", not_found=True)

    def _read_callback(self, delivery: WebhookDelivery, token: str) -> GatewayEvent:
        body = delivery.body
        match delivery.path_kind:
            case "stk":
                return messages.read_stk(body, attempt_token=token, received_at=delivery.received_at)
            case "refund":
                return results.read_refund(body, callback=token)
            case "refund/status":
                return results.read_refund_status(body, callback=token)
            case "refund/late":
                return results.read_late_refund(callback=token)
            case "balance":
                return results.read_balance(body, currency=messages.CURRENCY)
            case "status":
                return self._confirmed(results.read_status(body, ours=self._ours), token)
            case "order":
                return results.read_order(body, callback=token)
            case "refund/status/late" | "balance/late" | "status/late":
                return Ignored("M-Pesa did not get to our question in time")
            case _:
                raise WebhookRejected("no such path", not_found=True)

    def _confirmed(self, event: GatewayEvent, token: str) -> GatewayEvent:
        """Believe a record only at the address that was made for this receipt."""
        if not isinstance(event, ChargeSucceeded):
            return event
        ours = hash_token(self._receipt_token(event.evidence.transaction_id))
        return event if hmac.compare_digest(ours, token) else Ignored("a record that we did not ask for")

    def _receipt_token(self, receipt: str) -> str:
        return hmac.new(self._secret, f"receipt {receipt}".encode(), hashlib.sha256).hexdigest()[:32]

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

    async def refund(self, request: RefundRequest) -> RefundOutcome:
        """Reverse the payment whole, or pay a phone; how it ended comes to the callback.

        Raises GatewayRejected, AmountOutOfRange, InvalidInput before anything is sent.
        """
        initiator, amount = self._required_initiator(), _shillings(request.amount)
        if request.way is RefundWay.PAYOUT:
            if request.recipient is None:
                raise InvalidInput("recipient", "Give the phone number that gets the money.")
            if not requests.PAYOUT_MINIMUM <= amount <= requests.PAYOUT_MAXIMUM:
                raise AmountOutOfRange("amount", "M-Pesa pays out from 10 to 250,000 shillings at once.")
            path, body = (
                requests.PAYOUT,
                requests.payout_request(
                    initiator,
                    shortcode=self._payout_shortcode,
                    reference=request.reference,
                    msisdn=request.recipient.msisdn,
                    amount=amount,
                    reason=request.reason,
                    result_url=request.callback_url,
                ),
            )
        else:
            if request.amount != request.paid:
                raise AmountOutOfRange(
                    "amount", "M-Pesa reverses a payment whole only. Pay the part out instead."
                )
            path, body = (
                requests.REVERSAL,
                requests.reversal_request(
                    initiator,
                    shortcode=self._shortcode,
                    receipt=request.transaction_id,
                    amount=amount,
                    reason=request.reason,
                    result_url=request.callback_url,
                ),
            )
        try:
            answer = await self._client.ask(path, body)
        except GatewayRejected as refused:
            if refused.gateway_code == "duplicate":  # our own reference: it was taken the first time
                return RefundUnderWay()
            raise
        return RefundUnderWay(_accepted(answer))

    async def query_refund(self, request: RefundRequest) -> RefundOutcome:
        """Ask for M-Pesa's record of a refund; the answer comes to its callback."""
        conversation = request.gateway_reference
        if request.way is RefundWay.PAYOUT:
            conversation = request.reference
        if not conversation:
            return RefundUnknown("M-Pesa never answered. Look for the reversal on the M-Pesa portal.")
        await self._client.ask(
            requests.STATUS,
            requests.status_request(
                self._required_initiator(),
                shortcode=self._payout_shortcode if request.way is RefundWay.PAYOUT else self._shortcode,
                conversation=conversation,
                result_url=f"{request.callback_url}/status",
            ),
        )
        return RefundUnderWay(request.gateway_reference)

    async def ask_balance(self, *, callback_url: str) -> Money | None:
        """Ask what our accounts hold; the answer comes to the callback."""
        body = requests.balance_request(
            self._required_initiator(), shortcode=self._shortcode, result_url=callback_url
        )
        _accepted(await self._client.ask(requests.BALANCE, body))
        return None

    async def ask_about(self, transaction_id: str, *, public_url: str) -> None:
        """Ask for M-Pesa's own record of a receipt; it comes as a delivery that proves the money."""
        if not messages.RECEIPT.fullmatch(transaction_id):
            raise InvalidInput("receipt", "An M-Pesa receipt has ten capital letters and digits.")
        path = self.callback_path("status", self._receipt_token(transaction_id))
        body = requests.status_request(
            self._required_initiator(),
            shortcode=self._shortcode,
            receipt=transaction_id,
            result_url=f"{public_url}{path}",
        )
        _accepted(await self._client.ask(requests.STATUS, body))

    async def order(self, request: StandingOrderRequest) -> str:
        """Ask the payer for a standing order; whether they agree comes to the callback."""
        if not self._capture:
            raise GatewayRejected("Standing orders are not switched on in the settings of M-Pesa.")
        _shillings(request.amount)
        answer = await self._client.ask(
            requests.ORDER,
            requests.order_request(
                request,
                capture=self._capture,
                is_till=bool(self._till),
                receiver=self._till or self._shortcode,
            ),
        )
        header = answer.get("ResponseHeader")
        inner = header if isinstance(header, dict) else {}
        code = messages.text_of(inner.get("responseCode"), 16)
        if code not in {"200", "0"}:
            said = messages.text_of(inner.get("responseDescription"), 200)
            raise GatewayRejected(messages.words_of(code, said), gateway_code=code)
        return messages.text_of(inner.get("responseRefID"), 120)

    async def draw_code(self, *, account_number: str, amount: Money) -> bytes:
        """Return a QR code, as PNG, that the M-Pesa app pays `amount` for the account from."""
        answer = await self._client.ask(
            requests.CODE,
            requests.code_request(
                business=self._business,
                account=account_number,
                amount=_shillings(amount),
                is_till=bool(self._till),
                receiver=self._till or self._shortcode,
            ),
        )
        try:
            drawn = base64.b64decode(messages.text_of(answer.get("QRCode"), 200_000), validate=True)
        except binascii.Error:
            drawn = b""
        if not drawn.startswith(b"\x89PNG"):
            raise GatewayProtocolError("M-Pesa drew no code.")
        return drawn

    async def check(self) -> tuple[Finding, ...]:
        """Try keys, passkey and shortcode without moving money; look at certificate and address."""
        return await findings_of(
            self._client,
            initiator=self._initiator,
            initiator_lacks=self._initiator_lacks,
            public_url=self._public_url,
            now=self._clock.now(),
        )

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

    def _required_initiator(self) -> requests.Initiator:
        if self._initiator is None:
            raise GatewayRejected(_NO_INITIATOR, gateway_code="initiator")
        return self._initiator


def _shillings(amount: Money) -> int:
    if amount.currency != messages.CURRENCY:
        raise InvalidInput("amount", f"M-Pesa takes {messages.CURRENCY} only.")
    if amount.minor % _STEP or not _STEP <= amount.minor <= _MOST:
        raise AmountOutOfRange("amount", "M-Pesa takes whole shillings, from 1 to 250,000.")
    return amount.minor // _STEP


def _accepted(answer: Mapping[str, object]) -> str | None:
    """Return the id of the conversation that began. Raises GatewayRejected when none did."""
    code = messages.text_of(answer.get("ResponseCode"), 32)
    if code != "0":
        said = messages.text_of(answer.get("ResponseDescription"), 200)
        raise GatewayRejected(messages.words_of(code, said), gateway_code=code)
    return messages.text_of(answer.get("ConversationID"), 120) or None
