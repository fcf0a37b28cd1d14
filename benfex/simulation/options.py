"""How the simulated gateways are set up, and how a running one is changed. Routers have options of their own.

Amounts are whole shillings on the M-Pesa side and subunits on the Paystack side, as on the real wires.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import TypeVar

# Public sandbox passkey of shortcode 174379 (Daraja portal, M-Pesa Express sample).
SANDBOX_PASSKEY = "bfb279f9aa9bdbcf158e97dd71a467cd2e0c893059b10f78e6b72ada1ed2c919"

Values = TypeVar("Values", "DarajaOptions", "PaystackOptions", "HostedOptions", "DeliveryPolicy")


@dataclass(frozen=True, slots=True)
class DarajaOptions:
    """One M-Pesa paybill, or till with its store number, and its Daraja app.

    `pending_form` is how a query says "not yet": "4999" or "500". `msisdn_form` is how a confirmation names
    the payer: "by_version" (v1 hashed, v2 masked), "masked", "hashed", "cut" or "plain". `refuse_repeats` turns
    on result 17 for the same amount to the same phone within two minutes. `scripted` answers pushes by their
    amount ("1999=cancel"). `spike_per_second` is how many calls a second are taken, 0 for any number.
    `orders_capture` is the portal's capture of standing orders that holds: "2025" or "2026".
    """

    consumer_key: str = "demo-consumer-key"
    consumer_secret: str = "demo-consumer-secret"  # noqa: S105 (the demo's)
    shortcode: str = "174379"
    passkey: str = SANDBOX_PASSKEY
    business_name: str = "BENFEX DEMO ISP"
    token_seconds: int = 3599
    prompt_seconds: float = 60.0
    pending_form: str = "4999"
    msisdn_form: str = "by_version"
    refuse_repeats: bool = False
    validation_on: bool = True
    validation_seconds: float = 8.0
    late_money_seconds: float = 5.0
    pull_page_rows: int = 100
    opening_balance: int = 80_000
    kind: str = "paybill"
    till_number: str = ""
    initiator_name: str = "demoapi"
    initiator_password: str = "demo#Initiator1"  # noqa: S105 (the demo's)
    unregistered_phones: tuple[str, ...] = ()
    scripted: tuple[str, ...] = ()
    spike_per_second: int = 0
    orders_capture: str = "2026"

    def __post_init__(self) -> None:
        """Refuse words that no branch knows. Raises ValueError naming the field."""
        if self.pending_form not in {"4999", "500"}:
            raise ValueError("pending_form is 4999 or 500")
        if self.msisdn_form not in {"by_version", "masked", "hashed", "cut", "plain"}:
            raise ValueError("msisdn_form is by_version, masked, hashed, cut or plain")
        if self.kind not in {"paybill", "till"}:
            raise ValueError("kind is paybill or till")
        if self.orders_capture not in {"2025", "2026"}:
            raise ValueError("orders_capture is 2025 or 2026")

    @property
    def is_till(self) -> bool:
        """Return whether money goes to a till."""
        return self.kind == "till"

    @property
    def numbers(self) -> frozenset[str]:
        """Return the numbers of ours that callers may name."""
        return frozenset({self.shortcode, self.till_number} - {""})

    @property
    def receiver(self) -> str:
        """Return the number that customers pay to."""
        return self.till_number if self.is_till else self.shortcode


@dataclass(frozen=True, slots=True)
class PaystackOptions:
    """One Paystack business: the currencies it may charge, and its fees in basis points.

    `prompt_seconds` is how long a prompt on a phone waits. Refunds take a step every `refund_seconds`, below
    nothing only when told. `pause_saved` is how many charges of saved cards want their owner first, and
    `saved_cards_say` declines them with this word. `ends_with_word` writes the end of a cursor as "null".
    `calls_per_minute` turns away what is more, 0 nothing.
    """

    secret_key: str = "sk_test_benfex_demo_key"  # noqa: S105 (the demo's)
    business_name: str = "Benfex Demo ISP"
    currencies: tuple[str, ...] = ("KES", "NGN", "GHS", "ZAR", "USD", "XOF")
    fee_basis_points: int = 150
    customer_bears_fee: bool = False
    prompt_seconds: float = 180.0
    refund_seconds: float = 2.0
    pause_saved: int = 0
    saved_cards_say: str = ""
    ends_with_word: bool = False
    calls_per_minute: int = 0


@dataclass(frozen=True, slots=True)
class HostedOptions:
    """One business at such a gateway. Fees are in basis points; `token_seconds` is for those with tokens."""

    business_name: str = "Benfex Demo ISP"
    key: str = ""
    secret: str = ""
    fee_basis_points: int = 290
    customer_bears_fee: bool = False
    token_seconds: int = 300


@dataclass(frozen=True, slots=True)
class DeliveryPolicy:
    """How callbacks travel. Shares are between 0 and 1; the `…_next` counts come first and count down.

    `lose_confirmation` is the share of the payments with a lost callback whose confirmation is lost as well.
    `late_seconds` is what `late_next` adds. `retry_seconds` are the pauses before an unanswered one is
    repeated (M-Pesa never repeats; Paystack does). `queue_timeout_next` results of an initiator API become
    notices to QueueTimeOutURL, though what was asked for happens.
    """

    duplicate: float = 0.0
    lose_callback: float = 0.0
    lose_confirmation: float = 0.0
    delay_seconds: float = 0.0
    late_seconds: float = 5.0
    callback_first: bool = False
    confirmation_first: bool = False
    duplicate_next: int = 0
    lose_next: int = 0
    lose_confirmation_next: int = 0
    late_next: int = 0
    callback_first_next: int = 0
    queue_timeout_next: int = 0
    retry_seconds: tuple[float, ...] = ()


def changed(values: Values, changes: Mapping[str, object]) -> Values:
    """Return `values` with `changes` made; a list becomes a tuple and a whole number serves as a float.

    Raises ValueError naming the field that is unknown or has the wrong type.
    """
    known = {field.name: getattr(values, field.name) for field in fields(values)}
    fitting: dict[str, object] = {}
    for name, given in changes.items():
        if name not in known:
            raise ValueError(f"{name} is unknown; known are {', '.join(sorted(known))}")
        value = _fitted(given, kind=type(known[name]))
        if type(value) is not type(known[name]):
            raise ValueError(f"{name} must be {type(known[name]).__name__}")
        fitting[name] = value
    return replace(values, **fitting)  # type: ignore[arg-type]


def _fitted(given: object, *, kind: type) -> object:
    if kind is float and type(given) is int:
        return float(given)
    if kind is tuple and isinstance(given, list):
        return tuple(given)
    return given
