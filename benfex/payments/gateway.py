"""What a payment gateway is to Benfex: the protocol and the frozen types that cross it.

The concrete ones are in `gateways/`, one folder each; `registry` is the only place that names them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeAlias

from benfex.payments.by_hand import ByHand
from benfex.payments.gateway_events import (
    DisputeAnswer,
    DisputeChanged,
    OtherEvent,
    PaymentTakenBack,
    RefundDetails,
    RefundOutcome,
    SavedCard,
    SettlementRecord,
    StandingOrderRequest,
)
from data.values.identifiers import PhoneNumber
from data.values.kinds import EvidenceGrade, RefundWay
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
    """What a gateway can do. Amounts in minor units of the payment's currency; `minimums` are of single currencies.

    `channels` are the ways to pay that the payer may choose from at it; empty where there is one way only.
    `push_channels` are those of them that ask on a phone; the others send the browser away.
    `statement_hours` is how far back it lists payments (0: no end), `payer_hosts` what a payer's browser reaches.
    """

    currencies: frozenset[str]
    amount_step_minor: int
    minimum_minor: int
    maximum_minor: int
    flow: Flow
    can_query: bool
    can_statement: bool
    needs_phone: bool
    needs_email: bool
    channels: tuple[str, ...] = ()
    push_channels: tuple[str, ...] = ()
    minimums: tuple[tuple[str, int], ...] = ()
    statement_hours: int = 0
    can_refund: bool = False
    refunds_partly: bool = False
    can_pay_out: bool = False
    can_send_elsewhere: bool = False
    can_answer_disputes: bool = False
    can_tell_balance: bool = False
    can_charge_saved: bool = False
    can_standing_order: bool = False
    can_ask_about: bool = False
    can_draw_code: bool = False
    payer_hosts: tuple[str, ...] = ()
    by_hand: ByHand | None = None

    def least(self, currency: str) -> Money:
        """Return the least that can be paid in a currency."""
        return Money(dict(self.minimums).get(currency, self.minimum_minor), currency)

    def flow_of(self, channel: str | None) -> Flow:
        """Return how the payer is asked who chose this channel, None where nothing was chosen."""
        return Flow.PUSH if channel in self.push_channels else self.flow


@dataclass(frozen=True, slots=True)
class PaymentRequest:
    """What we ask a gateway for. `reference` is ours and unique; `account_number` is what the payer knows.

    `payer_till` is a till that pays instead of a phone, where the channel asks for one.
    """

    reference: str
    amount: Money
    payer_phone: PhoneNumber | None
    payer_email: str | None
    account_number: str
    description: str
    callback_url: str
    return_url: str
    channel: str | None = None
    saved_card: SavedCard | None = None
    payer_till: str | None = None


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """Money that is to go back. `reference` is ours and unique: asked twice with it, it goes back once.

    `transaction_id`, `payment_reference` and `paid` are of the payment; `recipient` is for a payout.
    """

    reference: str
    way: RefundWay
    amount: Money
    transaction_id: str
    payment_reference: str | None
    paid: Money
    reason: str
    recipient: PhoneNumber | None
    callback_url: str
    gateway_reference: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a test of a gateway found, in words for the person who set it up."""

    is_good: bool
    text: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class SettingField:
    """One setting of a gateway on screen; a secret is never shown again. `pattern` is a full regular match.

    `is_long` is text of several lines, such as a certificate. `needed_with` names another setting and the value of
    it with which this one is required.
    """

    name: str
    label: str
    help: str = ""
    is_secret: bool = False
    is_required: bool = True
    pattern: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    is_long: bool = False
    needed_with: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class StartedPayment:
    """What the gateway calls the payment, and where to send the browser when it wants it."""

    gateway_reference: str
    redirect_url: str | None = None
    customer_message: str | None = None


@dataclass(frozen=True, slots=True)
class WebhookDelivery:
    """One delivery as it came. `attempt_token` is the hash of the token in the path; header names are small.

    `is_stored`: it comes out of our own inbox, where it got only after it had proved itself. A header that is
    a secret itself is not kept there. `peer` is the address at the other end of the connection, perhaps a
    proxy's; empty where it is not known.
    """

    path_kind: str
    path_token: str | None
    attempt_token: str | None
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime
    is_stored: bool = False
    peer: str = ""


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
    saved_card: SavedCard | None = None


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
class StatusChanged:
    """The gateway says that a payment moved, not how or not so that it proves anything: ask it at once."""

    our_reference: str | None
    gateway_reference: str | None


@dataclass(frozen=True, slots=True)
class ValidationAsked:
    """The gateway asks whether it may take money for an account; an answer books nothing."""

    account_reference: str
    amount: Money | None


@dataclass(frozen=True, slots=True)
class Ignored:
    """A delivery that says nothing about money, and why."""

    reason: str


GatewayEvent: TypeAlias = (
    ChargeSucceeded
    | ChargeFailed
    | PaidWithoutReceipt
    | StatusChanged
    | ValidationAsked
    | Ignored
    | OtherEvent
)


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


@dataclass(frozen=True, slots=True)
class TakenBack:
    """It was paid, and the gateway took the money back."""

    event: PaymentTakenBack


PaymentOutcome: TypeAlias = Succeeded | PaidReceiptToFollow | Pending | Failed | Unknown | TakenBack


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

    def callback_path(self, kind: str, token: str) -> str:
        """Return where deliveries about one thing of ours come in; empty where one address takes all."""

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

    async def refund(self, request: RefundRequest) -> RefundOutcome:
        """Ask for money to go back. Raises GatewayRejected where the gateway has no such way."""

    async def query_refund(self, request: RefundRequest) -> RefundOutcome:
        """Return how a refund stands, without asking for it again."""

    async def retry_refund(self, request: RefundRequest, details: RefundDetails) -> RefundOutcome:
        """Send a refund that waits for an account once more, to this account."""

    async def read_disputes(self, *, since: datetime, until: datetime) -> Sequence[DisputeChanged]:
        """Return the disputes that were raised in `[since, until)` and how they stand."""

    async def answer_dispute(self, answer: DisputeAnswer) -> DisputeChanged:
        """Answer a dispute and return how it stands then."""

    async def read_settlements(self, *, since: datetime, until: datetime) -> Sequence[SettlementRecord]:
        """Return what the gateway paid out to our bank in `[since, until)`."""

    async def read_settled(self, settlement_id: str) -> Sequence[PaymentEvidence]:
        """Return the payments that a payout is made of; none where the gateway does not say."""

    async def ask_balance(self, *, callback_url: str) -> Money | None:
        """Return what the gateway holds for us, None when it will tell at `callback_url`."""

    async def order(self, request: StandingOrderRequest) -> str:
        """Ask the payer for a standing order and return the gateway's name of it."""

    async def ask_about(self, transaction_id: str, *, public_url: str) -> None:
        """Ask for the gateway's own record of a receipt; it comes as a delivery that proves the money."""

    async def draw_code(self, *, account_number: str, amount: Money) -> bytes:
        """Return a PNG that the gateway's app pays `amount` for the account from."""

    async def check(self) -> tuple[Finding, ...]:
        """Try the settings out without moving money, and say in words what is right and what is wrong."""

    async def register_callbacks(self, *, public_url: str) -> None:
        """Tell the gateway our addresses, where it wants to be told."""

    async def drain(self) -> None:
        """Take no more calls, and wait for those that are under way."""

    async def aclose(self) -> None:
        """Close its connections."""
