"""What a payment gateway is to Benfex: the protocol and the frozen types that cross it.

The concrete ones are in `gateways/`, one folder each; `registry` is the only place that names them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeAlias

from data.values.identifiers import PhoneNumber
from data.values.kinds import EvidenceGrade
from data.values.money import Money

_NAMES = {
    "mpesa": "M-Pesa",
    "paystack": "Paystack",
    "cash": "Cash",
    "bank": "Bank",
    "cheque": "Cheque",
    "voucher": "Voucher",
}


def name_of_gateway(name: str) -> str:
    """Return what people call a way to pay."""
    return _NAMES.get(name, name.title())


class Flow(StrEnum):
    """How the payer is asked: a prompt is pushed to the phone, or the browser is sent to the gateway."""

    PUSH = "push"
    REDIRECT = "redirect"


@dataclass(frozen=True, slots=True)
class GatewayCapabilities:
    """What a gateway can do. Amounts in minor units of the payment's currency."""

    currencies: frozenset[str]
    amount_step_minor: int
    minimum_minor: int
    maximum_minor: int
    flow: Flow
    can_query: bool
    can_statement: bool
    needs_phone: bool
    needs_email: bool


@dataclass(frozen=True, slots=True)
class PaymentRequest:
    """What we ask a gateway for. `reference` is ours and unique; `account_number` is what the payer knows."""

    reference: str
    amount: Money
    payer_phone: PhoneNumber | None
    payer_email: str | None
    account_number: str
    description: str
    callback_url: str
    return_url: str


@dataclass(frozen=True, slots=True)
class StartedPayment:
    """What the gateway calls the payment, and where to send the browser when it wants it."""

    gateway_reference: str
    redirect_url: str | None = None
    customer_message: str | None = None


@dataclass(frozen=True, slots=True)
class WebhookDelivery:
    """One delivery as it came. `attempt_token` is the hash of the token in the path; header names are small."""

    path_kind: str
    path_token: str | None
    attempt_token: str | None
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime


@dataclass(frozen=True, slots=True)
class WebhookReply:
    """What is answered to a delivery."""

    status: int
    body: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class PaymentEvidence:
    """What says that money came. `transaction_id` is the gateway's receipt: the one key of a payment.

    `received_at` is the gateway's time of it, aware UTC; what the gateway did not say is None.
    """

    gateway: str
    grade: EvidenceGrade
    transaction_id: str
    amount: Money
    received_at: datetime
    gateway_reference: str | None = None
    attempt_token: str | None = None
    our_reference: str | None = None
    account_reference: str | None = None
    payer_phone: str | None = None
    payer_phone_sha256: str | None = None
    payer_name: str | None = None
    fee: Money | None = None


@dataclass(frozen=True, slots=True)
class ChargeSucceeded:
    """Money came."""

    evidence: PaymentEvidence


@dataclass(frozen=True, slots=True)
class ChargeFailed:
    """A clear no to one attempt; the message is for the payer."""

    gateway_reference: str | None
    attempt_token: str | None
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class PaidWithoutReceipt:
    """The gateway says paid but gives no receipt or amount: nothing may be booked from it."""

    gateway_reference: str | None
    attempt_token: str | None


@dataclass(frozen=True, slots=True)
class ValidationAsked:
    """The gateway asks whether it may take money for an account; an answer books nothing."""

    account_reference: str
    amount: Money | None


@dataclass(frozen=True, slots=True)
class Ignored:
    """A delivery that says nothing about money, and why."""

    reason: str


GatewayEvent: TypeAlias = ChargeSucceeded | ChargeFailed | PaidWithoutReceipt | ValidationAsked | Ignored


@dataclass(frozen=True, slots=True)
class Succeeded:
    """Paid, with receipt and amount."""

    evidence: PaymentEvidence


@dataclass(frozen=True, slots=True)
class PaidReceiptToFollow:
    """Paid, but receipt and amount must come from elsewhere before anything is booked."""


@dataclass(frozen=True, slots=True)
class Pending:
    """Not decided yet."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A clear no; the message is for the payer."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """No clear answer; ask again later."""

    reason: str


PaymentOutcome: TypeAlias = Succeeded | PaidReceiptToFollow | Pending | Failed | Unknown


class Gateway(Protocol):
    """A payment gateway. Network methods raise GatewayUnavailable, GatewayRejected, GatewayProtocolError."""

    @property
    def name(self) -> str:
        """Return the name that rows and addresses carry."""

    @property
    def capabilities(self) -> GatewayCapabilities:
        """Return what this gateway can do."""

    @property
    def evidence_grade(self) -> EvidenceGrade:
        """Return how far its webhooks can be trusted."""

    async def start(self, request: PaymentRequest) -> StartedPayment:
        """Ask for the money."""

    def read_webhook(self, delivery: WebhookDelivery) -> tuple[GatewayEvent, ...]:
        """Return what a delivery says. Raises WebhookRejected when it proves nothing."""

    def reply(self, events: Sequence[GatewayEvent], *, accepted: bool) -> WebhookReply:
        """Return what to answer to a delivery."""

    async def query(self, *, reference: str, gateway_reference: str | None) -> PaymentOutcome:
        """Return how a payment stands."""

    async def read_statement(self, *, since: datetime, until: datetime) -> Sequence[PaymentEvidence]:
        """Return what the gateway received in `[since, until)`, as far as it still knows."""

    async def register_callbacks(self, *, public_url: str) -> None:
        """Tell the gateway our addresses, where it wants to be told."""

    async def drain(self) -> None:
        """Take no more calls, and wait for those that are under way."""

    async def aclose(self) -> None:
        """Close its connections."""
