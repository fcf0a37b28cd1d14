"""What gateways say in a storm: M-Pesa's callbacks and confirmations, some of one payment, and Paystack's events.

Every body is written here from the gateways' documents, with the attempts that it answers made by the product's acts.
"""

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlmodel import col

from benchmarks.installation import BENCHMARK, PAYSTACK_KEY, PRICE, Subscriber
from benfex.application import Benfex
from benfex.core.clock import SystemClock
from benfex.core.unit_of_work import Snapshot
from benfex.payments.accounts import stored_settings
from benfex.payments.checkout import CheckoutRequest, note_started, prepare_attempt
from benfex.payments.gateway import StartedPayment
from benfex.payments.registry import GATEWAYS
from data.models.customer import Customer
from data.values.identifiers import CustomerId, PaymentAttemptId


@dataclass(frozen=True, slots=True)
class Message:
    """One webhook: where it goes, what it says, the signature it carries, and the transaction that it tells of."""

    path: str
    body: bytes
    signature: str
    transaction: str


def make_messages(benfex: Benfex, subscribers: Sequence[Subscriber], *, webhooks: int) -> tuple[Message, ...]:
    """Return so many webhooks: two of ten answer prompts, one such receipt in two also comes as a confirmation.

    One of ten is Paystack's; the others were typed on the phone. Everybody is paid for at least once.
    """
    token = _token(benfex)
    prompts = _prompts(benfex, subscribers[: webhooks // 5])
    hosted = _hosted(benfex, _next(subscribers, len(prompts), min(webhooks // 10, len(subscribers))))
    accounts = benfex.transactor.read_sync(_accounts, BENCHMARK)
    messages = [_callback(token, *prompt, number) for number, prompt in enumerate(prompts)]
    for number, subscriber in enumerate(subscribers[: len(prompts)]):
        if number % 2:
            messages.append(_confirmation(token, accounts[subscriber.customer_id], _receipt("S", number)))
    messages += [_event(reference, number) for number, reference in enumerate(hosted)]
    typed = _next(subscribers, len(prompts) + len(hosted), webhooks - len(messages))
    for number, subscriber in enumerate(typed):
        messages.append(_confirmation(token, accounts[subscriber.customer_id], _receipt("C", number)))
    return tuple(messages)


def _next(subscribers: Sequence[Subscriber], first: int, count: int) -> list[Subscriber]:
    """Return whose turn it is from a place on, from the first again after the last."""
    return [subscribers[number % len(subscribers)] for number in range(first, first + count)]


def _token(benfex: Benfex) -> str:
    stored = benfex.transactor.read_sync(stored_settings, BENCHMARK, gateway="mpesa", vault=benfex.vault)
    assert stored is not None
    return stored["callback_token"]


def _accounts(snapshot: Snapshot) -> dict[CustomerId, str]:
    rows = snapshot.session.execute(select(col(Customer.id), col(Customer.account_number)))
    return {CustomerId(row[0]): row[1] for row in rows}


def _prompts(benfex: Benfex, subscribers: Sequence[Subscriber]) -> list[tuple[str, str]]:
    """Return the callback token and M-Pesa's name of a prompt on the phone of each subscriber."""
    found = []
    for number, subscriber in enumerate(subscribers):
        prepared = _prepare(
            benfex, CheckoutRequest(subscriber.customer_id, PRICE, "mpesa", phone=subscriber.phone)
        )
        named = f"ws_CO_{number:020d}"
        benfex.transactor.run_sync(
            note_started, BENCHMARK, attempt_id=prepared[0], started=StartedPayment(named)
        )
        found.append((prepared[2], named))
    return found


def _hosted(benfex: Benfex, subscribers: Sequence[Subscriber]) -> list[str]:
    """Return our reference of a payment that each subscriber began at Paystack."""
    found = []
    for subscriber in subscribers:
        attempt_id, reference, _ = _prepare(
            benfex, CheckoutRequest(subscriber.customer_id, PRICE, "paystack")
        )
        benfex.transactor.run_sync(
            note_started, BENCHMARK, attempt_id=attempt_id, started=StartedPayment(reference)
        )
        found.append(reference)
    return found


def _prepare(benfex: Benfex, request: CheckoutRequest) -> tuple[PaymentAttemptId, str, str]:
    stored = benfex.transactor.read_sync(
        stored_settings, BENCHMARK, gateway=request.gateway, vault=benfex.vault
    )
    assert stored is not None
    gateway = GATEWAYS[request.gateway](stored, SystemClock())
    prepared = benfex.transactor.run_sync(
        prepare_attempt,
        BENCHMARK,
        request=request,
        gateway=gateway,
        public_url=benfex.settings.public_url,
    )
    return prepared.attempt_id, prepared.request.reference, prepared.request.callback_url.rpartition("/")[2]


def _receipt(kind: str, number: int) -> str:
    return f"T{kind}{number:08d}"


def _callback(token: str, attempt_token: str, named: str, number: int) -> Message:
    receipt = _receipt("S", number)
    items = [
        {"Name": "Amount", "Value": PRICE.minor / 100},
        {"Name": "MpesaReceiptNumber", "Value": receipt},
        {"Name": "TransactionDate", "Value": 20261123104512},
        {"Name": "PhoneNumber", "Value": 254708374149},
    ]
    callback = {
        "MerchantRequestID": f"29115-{number}",
        "CheckoutRequestID": named,
        "ResultCode": 0,
        "ResultDesc": "The service request is processed successfully.",
        "CallbackMetadata": {"Item": items},
    }
    body = json.dumps({"Body": {"stkCallback": callback}}).encode()
    return Message(f"/webhooks/mm/{token}/stk/{attempt_token}", body, "", receipt)


def _confirmation(token: str, account: str, receipt: str) -> Message:
    content = {
        "TransactionType": "Pay Bill",
        "TransID": receipt,
        "TransTime": "20261123104512",
        "TransAmount": f"{PRICE.minor / 100:.2f}",
        "BusinessShortCode": "174379",
        "BillRefNumber": account,
        "InvoiceNumber": "",
        "OrgAccountBalance": "",
        "ThirdPartyTransID": "",
        "MSISDN": "2547 ***** 149",
        "FirstName": "AMINA",
    }
    return Message(f"/webhooks/mm/{token}/c2b/confirmation", json.dumps(content).encode(), "", receipt)


def _event(reference: str, number: int) -> Message:
    transaction = str(4_099_260_000 + number)
    data = {
        "id": int(transaction),
        "domain": "test",
        "status": "success",
        "reference": reference,
        "amount": PRICE.minor,
        "currency": "KES",
        "channel": "card",
        "fees": 0,
        "paid_at": "2026-11-23T10:45:12.000Z",
        "created_at": "2026-11-23T10:45:00.000Z",
        "gateway_response": "Approved",
        "requested_amount": PRICE.minor,
        "customer": {"email": "amina@example.com"},
    }
    body = json.dumps({"event": "charge.success", "data": data}).encode()
    proof = hmac.new(PAYSTACK_KEY.encode(), body, hashlib.sha512).hexdigest()
    return Message("/webhooks/paystack", body, proof, transaction)
