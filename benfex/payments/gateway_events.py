"""What a gateway may tell besides money that came: refunds, disputes, balances, standing orders, saved cards."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeAlias

from data.values.identifiers import PhoneNumber
from data.values.money import Money
from data.values.states import DisputeStatus


@dataclass(frozen=True, slots=True)
class SavedCard:
    """What a gateway lets us charge again; `code` is secret, `signature` tells one card from another."""

    code: str
    signature: str
    email: str
    label: str
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class RefundDone:
    """The money went back; `gateway_reference` is the gateway's receipt of it."""

    gateway_reference: str | None = None


@dataclass(frozen=True, slots=True)
class RefundUnderWay:
    """The gateway took the refund and has not finished it; `message` says what it waits for, if for staff."""

    gateway_reference: str | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class RefundFailed:
    """A clear no; the message is for staff."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class RefundUnknown:
    """No clear answer; ask again later, never send it twice."""

    reason: str


RefundOutcome: TypeAlias = RefundDone | RefundUnderWay | RefundFailed | RefundUnknown


@dataclass(frozen=True, slots=True)
class RefundChanged:
    """How a refund stands. It is found by our own reference or callback, else by what it gives back."""

    outcome: RefundOutcome
    reference: str | None = None
    callback_token: str | None = None
    transaction_id: str | None = None
    payment_reference: str | None = None
    amount: Money | None = None


@dataclass(frozen=True, slots=True)
class PaymentTakenBack:
    """The gateway took a payment back without our asking: a reversal or a lost dispute."""

    transaction_id: str | None
    payment_reference: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class DisputeChanged:
    """A payer asked their bank for the money back, or it was decided. Silence until `due_at` loses it."""

    dispute_id: str
    status: DisputeStatus
    amount: Money
    transaction_id: str | None = None
    payment_reference: str | None = None
    reason: str = ""
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DisputeAnswer:
    """What we say to a dispute: give back `amount` of it, or keep the money and say why.

    `file` names what was handed in at the gateway as proof; empty where there is none.
    """

    dispute_id: str
    gives_back: bool
    message: str
    amount: Money
    file: str = ""


@dataclass(frozen=True, slots=True)
class RefundDetails:
    """The bank account that a refund goes to when it cannot go back the way the money came."""

    bank_code: str
    account_number: str
    currency: str


@dataclass(frozen=True, slots=True)
class SettlementRecord:
    """What a gateway paid out to our bank for one day: `total` was received, less `fees` and what it withheld."""

    id: str
    day: date
    total: Money
    fees: Money
    paid_out: Money
    status: str


@dataclass(frozen=True, slots=True)
class BalanceTold:
    """What the gateway holds for us."""

    balance: Money


@dataclass(frozen=True, slots=True)
class StandingOrderRequest:
    """What a payer is asked to agree to: `amount` again and again between the dates, both included."""

    reference: str
    name: str
    amount: Money
    payer_phone: PhoneNumber
    account_number: str
    frequency: str
    starts_on: date
    ends_on: date
    callback_url: str


@dataclass(frozen=True, slots=True)
class StandingOrderChanged:
    """Whether a payer's standing order was taken; found by its callback."""

    callback_token: str | None
    reference: str | None
    is_active: bool
    gateway_reference: str | None
    message: str = ""


OtherEvent: TypeAlias = RefundChanged | PaymentTakenBack | DisputeChanged | BalanceTold | StandingOrderChanged
