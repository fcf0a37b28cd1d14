"""Attempts to pay, and the evidence that gateways give of it."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import count

from benfex.core.clock import SystemClock
from benfex.payments.checkout import CheckoutRequest, note_started, prepare_attempt
from benfex.payments.gateway import Gateway, PaymentEvidence, StartedPayment
from benfex.payments.registry import GATEWAYS
from benfex.payments.settlement import SettlementOutcome, settle_payment
from data.values.identifiers import PaymentAttemptId, hash_token
from data.values.kinds import EvidenceGrade
from data.values.money import Money
from tests.conftest import START, Run
from tests.factories.customers import MadeCustomer
from tests.factories.isp import kes

CALLBACK_TOKEN = "0123456789abcdef0123456789abcdef"
SETTINGS: dict[str, dict[str, str]] = {
    "mpesa": {
        "consumer_key": "demo-consumer-key",
        "consumer_secret": "demo-consumer-secret",
        "shortcode": "174379",
        "passkey": "bfb279f9aa9bdbcf158e97dd71a467cd2e0c893059b10f78e6b72ada1ed2c919",
        "callback_token": CALLBACK_TOKEN,
        "calls_per_second": "1000",
    },
    "paystack": {"secret_key": "sk_test_benfex_demo_key"},
    "flutterwave": {
        "secret_key": "FLWSECK_TEST-benfex-demo-key-X",
        "secret_hash": "benfex-demo-secret-hash",
    },
    "pesapal": {
        "consumer_key": "benfex-demo-key",
        "consumer_secret": "benfex-demo-secret",
        "callback_token": CALLBACK_TOKEN,
    },
}
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class MadeAttempt:
    """An attempt and the names it goes by; `token` is the secret of its callback path."""

    attempt_id: PaymentAttemptId
    gateway: str
    reference: str
    gateway_reference: str
    token: str
    amount: Money


@cache
def gateway_of(name: str) -> Gateway:
    """Return a gateway that is asked what it can do, never to do it."""
    return GATEWAYS[name](SETTINGS[name] | {"base_url": "http://127.0.0.1:9"}, SystemClock())


def make_attempt(
    run: Run,
    customer: MadeCustomer,
    *,
    amount: Money | None = None,
    gateway: str = "mpesa",
    is_answered: bool = True,
) -> MadeAttempt:
    """Begin a payment; unless `is_answered`, what the gateway said was lost."""
    amount = amount or kes(2_500)
    prepared = run(
        prepare_attempt,
        request=CheckoutRequest(
            customer.customer_id, amount, gateway, phone=customer.phone if gateway == "mpesa" else None
        ),
        gateway=gateway_of(gateway),
        public_url="https://billing.example",
    )
    named = f"ws_CO_{next(_numbers):020d}" if gateway == "mpesa" else prepared.request.reference
    if is_answered:
        run(note_started, attempt_id=prepared.attempt_id, started=StartedPayment(named))
    token = prepared.request.callback_url.rpartition("/")[2]
    return MadeAttempt(prepared.attempt_id, gateway, prepared.request.reference, named, token, amount)


def receipt(number: int = 1) -> str:
    """Return an M-Pesa receipt."""
    return f"TKN{number:07d}"


def stk(attempt: MadeAttempt, *, receipt: str, amount: Money | None = None) -> PaymentEvidence:
    """Return what an STK callback proves: a secret path, no signature."""
    return PaymentEvidence(
        gateway="mpesa",
        grade=EvidenceGrade.SECRET_PATH,
        transaction_id=receipt,
        amount=amount or attempt.amount,
        received_at=START,
        gateway_reference=attempt.gateway_reference,
        attempt_token=hash_token(attempt.token),
        payer_phone="+254708374149",
    )


def c2b(account: str, *, receipt: str, amount: Money) -> PaymentEvidence:
    """Return what a Paybill confirmation proves."""
    return PaymentEvidence(
        gateway="mpesa",
        grade=EvidenceGrade.SECRET_PATH,
        transaction_id=receipt,
        amount=amount,
        received_at=START,
        account_reference=account,
        payer_name="AMINA WANJIRU",
    )


def statement(account: str | None, *, receipt: str, amount: Money) -> PaymentEvidence:
    """Return a line of the gateway's own record."""
    return PaymentEvidence(
        gateway="mpesa",
        grade=EvidenceGrade.STATEMENT,
        transaction_id=receipt,
        amount=amount,
        received_at=START,
        account_reference=account,
    )


def paystack(
    attempt: MadeAttempt, *, transaction: str = "90001", amount: Money | None = None, fee: Money | None = None
) -> PaymentEvidence:
    """Return what a signed event of Paystack proves."""
    return PaymentEvidence(
        gateway="paystack",
        grade=EvidenceGrade.SIGNED,
        transaction_id=transaction,
        amount=amount or attempt.amount,
        received_at=START,
        gateway_reference=attempt.reference,
        our_reference=attempt.reference,
        fee=fee,
    )


def settle(run: Run, evidence: PaymentEvidence, *, at: datetime = START) -> SettlementOutcome:
    """Settle evidence that reached us at an instant."""
    return run(settle_payment, evidence=evidence, evidence_at=at, source="tests")
