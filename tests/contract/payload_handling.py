"""The recorded bodies in payloads/, and how each is to be handled (its manifest says the same in words)."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from benfex.core.clock import MovedClock
from benfex.core.errors import GatewayRejected, GatewayUnavailable
from benfex.payments.gateway import (
    ChargeFailed,
    ChargeSucceeded,
    Failed,
    Gateway,
    GatewayEvent,
    Ignored,
    PaidReceiptToFollow,
    PaidWithoutReceipt,
    PaymentEvidence,
    Pending,
    StartedPayment,
    StatusChanged,
    Succeeded,
    ValidationAsked,
    WebhookDelivery,
)
from benfex.payments.gateway_events import (
    DisputeChanged,
    RefundChanged,
    RefundDone,
    RefundFailed,
    RefundOutcome,
    RefundUnderWay,
    SavedCard,
    SettlementRecord,
)
from benfex.payments.gateways.paystack.money_back import NEEDS_ATTENTION
from benfex.payments.registry import GATEWAYS, build_gateways
from data.values.kinds import EvidenceGrade
from data.values.money import Money
from data.values.states import DisputeStatus
from tests.contract.mpesa_results import CALLBACK, ORG_STATEMENT, RESULTS

FOLDER = Path(__file__).parent / "payloads"
MANIFEST = json.loads((FOLDER / "manifest.json").read_text())
FILES = {entry["file"]: entry for entry in MANIFEST["files"]}
OURS = {name for name, entry in FILES.items() if entry["gateway"] in GATEWAYS}
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
TOKEN = "0123456789abcdef"
CHECKOUT = "ws_CO_23112026104455119708374149"
REFERENCE = "bfx-01jd9z4t7qk2m9"
PHONE = "+254708374149"
PESAPAL_REFERENCE = "bfx-01jd9zpspk2m9"
TRACKING_ID = "b945e4af-80a5-4ec1-8706-e03f8332fb04"
SECRET_HASH = "benfex-test-secret-hash"
DIGEST = hashlib.sha256(b"254708374149").hexdigest()
KES_1500 = Money(1500_00, "KES")

READ_AS_A_FILE = {ORG_STATEMENT}


def c2b(receipt: str, **changes: object) -> ChargeSucceeded:
    told: dict[str, object] = {
        "gateway": "mpesa",
        "grade": EvidenceGrade.SECRET_PATH,
        "transaction_id": receipt,
        "amount": KES_1500,
        "received_at": datetime(2026, 11, 23, 8, 15, 30, tzinfo=UTC),
        "account_reference": "ACC1042",
        "payer_phone": "2547 ***** 149",
        "payer_name": "JANE",
    }
    return ChargeSucceeded(PaymentEvidence(**(told | changes)))  # type: ignore[arg-type]


def stk(**changes: object) -> ChargeSucceeded:
    told: dict[str, object] = {
        "gateway": "mpesa",
        "grade": EvidenceGrade.SECRET_PATH,
        "transaction_id": "TKN4QX71SV",
        "amount": KES_1500,
        "received_at": datetime(2026, 11, 23, 7, 45, 12, tzinfo=UTC),
        "gateway_reference": CHECKOUT,
        "attempt_token": "attempt",
        "payer_phone": PHONE,
        "payer_phone_sha256": DIGEST,
    }
    return ChargeSucceeded(PaymentEvidence(**(told | changes)))  # type: ignore[arg-type]


def charge(
    transaction_id: str,
    *,
    reference: str = REFERENCE,
    fee: Money | None = None,
    saved_card: SavedCard | None = None,
) -> PaymentEvidence:
    return PaymentEvidence(
        gateway="paystack",
        grade=EvidenceGrade.SIGNED,
        transaction_id=transaction_id,
        amount=KES_1500,
        received_at=datetime(2026, 11, 23, 7, 45, 12, tzinfo=UTC),
        gateway_reference=reference,
        our_reference=reference,
        payer_phone=PHONE,
        payer_name="Jane Doe",
        fee=fee,
        saved_card=saved_card,
    )


VISA = SavedCard(
    code="AUTH_uh8bcl3zbn",
    signature="SIG_yEXu7dLBeqG0kU7g95Ke",
    email="acc1042@customers.example",
    label="Visa ending 4081",
    expires_on=date(2030, 12, 31),
)


def refunded(outcome: RefundOutcome) -> RefundChanged:
    return RefundChanged(outcome=outcome, payment_reference=REFERENCE, amount=Money(500_00, "KES"))


def no(code: str, message: str) -> ChargeFailed:
    return ChargeFailed(CHECKOUT, "attempt", code, message)


TOKEN_KINDS = {"stk", "refund", "balance", "status", "order"}
TOLD: Mapping[str, tuple[str, GatewayEvent]] = {
    **RESULTS,
    "mpesa_stk_callback_success.json": ("stk", stk()),
    "mpesa_stk_callback_success_underpaid.json": ("stk", stk(amount=Money(1_00, "KES"))),
    "mpesa_stk_callback_cancelled_1032.json": (
        "stk",
        no("1032", "The request was cancelled on the phone."),
    ),
    "mpesa_stk_callback_timeout_1037.json": (
        "stk",
        no("1037", "The phone could not be reached, or nobody answered in time."),
    ),
    "mpesa_stk_callback_insufficient_1.json": (
        "stk",
        no("1", "There is not enough money in the M-Pesa account."),
    ),
    "mpesa_stk_callback_wrong_pin_2001.json": ("stk", no("2001", "The M-Pesa PIN was wrong.")),
    "mpesa_stk_callback_expired_1019.json": ("stk", no("1019", "The request on the phone ran out of time.")),
    "mpesa_c2b_validation_request.json": ("c2b/validation", ValidationAsked("ACC1042", KES_1500)),
    "mpesa_c2b_confirmation_v1_hashed.json": (
        "c2b/confirmation",
        c2b("TKN5B8PQ2M", payer_phone=None, payer_phone_sha256=DIGEST),
    ),
    "mpesa_c2b_confirmation_v2_masked.json": ("c2b/confirmation", c2b("TKN6C9QR3N")),
    "mpesa_c2b_confirmation_plain_legacy.json": (
        "c2b/confirmation",
        c2b(
            "TKN7D1ST4P",
            account_reference="acc 1042",
            payer_phone=PHONE,
            payer_phone_sha256=DIGEST,
            payer_name="JANE DOE",
        ),
    ),
    "mpesa_c2b_confirmation_of_stk.json": (
        "c2b/confirmation",
        c2b("TKN4QX71SV", received_at=datetime(2026, 11, 23, 7, 45, 12, tzinfo=UTC)),
    ),
    "mpesa_c2b_confirmation_unknown_account.json": (
        "c2b/confirmation",
        c2b("TKN9F3WX6R", account_reference="JANE RENT NOV"),
    ),
    "malformed_stk_truncated.json": ("stk", Ignored("no STK callback that can be read")),
    "malformed_stk_empty.json": ("stk", Ignored("no STK callback that can be read")),
    "malformed_stk_success_without_metadata.json": ("stk", PaidWithoutReceipt(CHECKOUT, "attempt")),
    "malformed_stk_unknown_checkout_id.json": (
        "stk",
        stk(transaction_id="FAKE000001", gateway_reference="ws_CO_00000000000000000000000000"),
    ),
    "malformed_c2b_missing_transid.json": ("c2b/confirmation", Ignored("a confirmation without a receipt")),
    "malformed_c2b_bad_amount.json": (
        "c2b/confirmation",
        Ignored("a confirmation without an amount that can be read"),
    ),
    "malformed_paystack_no_data.json": ("event", Ignored("no event that can be read")),
    "paystack_charge_success_mpesa_kes.json": (
        "event",
        ChargeSucceeded(charge("5195582901", fee=Money(22_50, "KES"))),
    ),
    "paystack_charge_success_card.json": (
        "event",
        ChargeSucceeded(charge("302961", reference="bfx-01jd9zcardk2m9", saved_card=VISA)),
    ),
    "paystack_charge_failed_UNOFFICIAL.json": (
        "event",
        Ignored(
            "nothing to do for charge.failed: verifying finds out, and the payer may yet pay on the same page"
        ),
    ),
    "paystack_refund_processed.json": ("event", refunded(RefundDone("132013318360"))),
    "paystack_refund_needs_attention.json": ("event", refunded(RefundUnderWay("123456", NEEDS_ATTENTION))),
    "paystack_refund_failed.json": (
        "event",
        refunded(
            RefundFailed(
                "failed",
                "Paystack could not give the money back; it is still ours. Give it back another way, "
                "or ask again later.",
            )
        ),
    ),
    "paystack_transfer_success.json": (
        "event",
        RefundChanged(
            outcome=RefundDone("TRF_v5tip3zx8nna9o78"),
            reference="bfx-po-9ee55786-2323-4760-98e2-6380c9cb3f68",
            amount=Money(1000_00, "KES"),
        ),
    ),
    "paystack_dispute_create.json": (
        "event",
        DisputeChanged(
            dispute_id="358950",
            status=DisputeStatus.OPEN,
            amount=KES_1500,
            transaction_id="5195582901",
            payment_reference="bfx-01jd9zcardk2m9",
            reason="chargeback: Customer complained about debit without value",
            due_at=datetime(2026, 11, 24, 18, 0, tzinfo=UTC),
        ),
    ),
    "flutterwave_v3_charge_completed.json": ("event", StatusChanged("bfx-01jd9zflwk2m9", "285959875")),
    "pesapal_v3_ipn.json": ("ipn", StatusChanged(PESAPAL_REFERENCE, TRACKING_ID)),
}


@dataclass(frozen=True)
class No:
    """A refusal, with the gateway's code where it is a clear one."""

    error: type[Exception]
    code: str = ""


PUSH = "/mpesa/stkpush/v1/processrequest"
QUERY = "/mpesa/stkpushquery/v1/query"
PULL = "/pulltransactions/v1/query"
INITIALIZE = "/transaction/initialize"
VERIFY = f"/transaction/verify/{REFERENCE}"
LIST = "/transaction"
CHARGE = "/charge"
SETTLEMENTS = "/settlement"
STATUS = "/api/Transactions/GetTransactionStatus"
ANSWERED: Mapping[str, tuple[str, object]] = {
    "mpesa_stk_push_accepted.json": (
        PUSH,
        StartedPayment(CHECKOUT, customer_message="Success. Request accepted for processing"),
    ),
    "mpesa_error_invalid_token.json": (PUSH, No(GatewayRejected, "404.001.03")),
    "mpesa_error_invalid_field.json": (PUSH, No(GatewayRejected, "400.002.02")),
    "mpesa_error_subscriber_locked.json": (PUSH, No(GatewayRejected, "1001")),
    "mpesa_error_wrong_passkey.json": (PUSH, No(GatewayRejected, "500.001.1001")),
    "mpesa_error_spike_arrest.json": (PUSH, No(GatewayRejected, "500.003.02")),
    "mpesa_stk_query_success.json": (QUERY, PaidReceiptToFollow()),
    "mpesa_stk_query_cancelled.json": (QUERY, Failed("1032", "The request was cancelled on the phone.")),
    "mpesa_stk_query_pending_500.json": (QUERY, Pending()),
    "mpesa_stk_query_pending_4999.json": (QUERY, Pending()),
    "mpesa_pull_query_response.json": (
        PULL,
        [("TKN5B8PQ2M", 1500_00, "ACC1042"), ("TKNLOST001", 250_00, "ACC2077")],
    ),
    "mpesa_pull_query_empty.json": (PULL, []),
    "paystack_initialize_response.json": (
        INITIALIZE,
        StartedPayment(REFERENCE, "https://checkout.paystack.com/3ni8kdavz62431k"),
    ),
    "paystack_initialize_error_validation.json": (INITIALIZE, No(GatewayRejected, "missing_params")),
    "paystack_initialize_error_duplicate.json": (INITIALIZE, No(GatewayUnavailable)),
    "paystack_error_rate_limited.json": (INITIALIZE, No(GatewayRejected, "rate_limited")),
    "paystack_verify_success_fee_bearer.json": (VERIFY, Succeeded(charge("4099260516", saved_card=VISA))),
    "paystack_verify_failed.json": (VERIFY, Failed("failed", "The payment did not go through: Declined")),
    "paystack_verify_abandoned.json": (VERIFY, Pending()),
    "paystack_charge_mpesa_pay_offline.json": (
        CHARGE,
        StartedPayment(
            REFERENCE, customer_message="Please complete authorization process on your mobile phone"
        ),
    ),
    "paystack_charge_mpesa_offline_paybill.json": (
        CHARGE,
        StartedPayment(
            REFERENCE,
            customer_message="Pay by M-Pesa: Paybill 4084333, account 1234567, exactly this amount.",
        ),
    ),
    "paystack_settlements_list.json": (
        SETTLEMENTS,
        (
            SettlementRecord(
                id="3090024",
                day=date(2026, 11, 24),
                total=KES_1500,
                fees=Money(22_50, "KES"),
                paid_out=Money(1477_50, "KES"),
                status="success",
            ),
        ),
    ),
    "pesapal_v3_status_completed.json": (
        STATUS,
        Succeeded(
            PaymentEvidence(
                gateway="pesapal",
                grade=EvidenceGrade.SIGNED,
                transaction_id="TKN3PSPAL1",
                amount=KES_1500,
                received_at=datetime(2026, 11, 23, 7, 45, 12, 767_000, tzinfo=UTC),
                gateway_reference=TRACKING_ID,
                our_reference=PESAPAL_REFERENCE,
                payer_phone="25470xxx149",
            )
        ),
    ),
}
REPLIED = {"mpesa_c2b_validation_accept.json", "mpesa_c2b_validation_reject.json"}


def make(base_url: str, **mpesa: str) -> Mapping[str, Gateway]:
    return build_gateways(_settings(base_url, mpesa), MovedClock(NOW))


def make_one(name: str, base_url: str) -> Gateway:
    """Return one of them: each has its client, and a client its certificates, which are read anew."""
    return build_gateways({name: _settings(base_url, {})[name]}, MovedClock(NOW))[name]


def _settings(base_url: str, mpesa: Mapping[str, str]) -> dict[str, dict[str, str]]:
    secret = MANIFEST["paystack_test_secret"]
    return {
        "mpesa": {
            "base_url": base_url,
            "consumer_key": "key",
            "consumer_secret": "secret",
            "shortcode": "600984",
            "passkey": "passkey",
            "callback_token": TOKEN,
            **mpesa,
        },
        # The corpus is of a live account, signed with the key that was in use before.
        "paystack": {
            "base_url": base_url,
            "secret_key": "sk_live_benfex",
            "previous_secret_key": secret,
        },
        "flutterwave": {
            "base_url": base_url,
            "secret_key": "FLWSECK_TEST-benfex",
            "secret_hash": SECRET_HASH,
        },
        "pesapal": {
            "base_url": base_url,
            "consumer_key": "key",
            "consumer_secret": "secret",
            "callback_token": TOKEN,
        },
    }


def body_of(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


def delivery(name: str, kind: str) -> WebhookDelivery:
    signature = FILES[name].get("x-paystack-signature", "")
    return WebhookDelivery(
        path_kind=kind,
        path_token=TOKEN,
        attempt_token=CALLBACK if kind.partition("/")[0] in TOKEN_KINDS else None,
        headers={"x-paystack-signature": signature, "verif-hash": SECRET_HASH},
        body=body_of(name),
        received_at=NOW,
    )
