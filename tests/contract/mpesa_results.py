"""How the recorded results of M-Pesa's initiator APIs and standing orders are to be read."""

from collections.abc import Mapping

from benfex.payments.gateway import GatewayEvent, Ignored
from benfex.payments.gateway_events import (
    BalanceTold,
    RefundChanged,
    RefundDone,
    RefundFailed,
    StandingOrderChanged,
)
from data.values.money import Money

OUR_REFUND = "bfx-rf-01JD9Z4T7Q"
CALLBACK = "attempt"
ORG_STATEMENT = "mpesa_org_statement.csv"  # read as a file: tests/unit/payments/test_mpesa_statement.py

RESULTS: Mapping[str, tuple[str, GatewayEvent]] = {
    "mpesa_b2c_result_success.json": (
        "refund",
        RefundChanged(
            RefundDone("TKN1A2B3C4"),
            reference=OUR_REFUND,
            callback_token=CALLBACK,
            amount=Money(1500_00, "KES"),
        ),
    ),
    "mpesa_b2c_result_failed_2001.json": (
        "refund",
        RefundChanged(
            RefundFailed(
                "2001", "M-Pesa refused the initiator's name, password or certificate. Tell the owner."
            ),
            reference=OUR_REFUND,
            callback_token=CALLBACK,
        ),
    ),
    "mpesa_reversal_result_success.json": (
        "refund",
        RefundChanged(
            RefundDone("TKN2R3V4S5"),
            reference=OUR_REFUND,
            callback_token=CALLBACK,
            transaction_id="TKN4QX71SV",
            amount=Money(1500_00, "KES"),
        ),
    ),
    "mpesa_account_balance_result.json": ("balance", BalanceTold(Money(926_497_00, "KES"))),
    # It is believed only at the address that was made for its receipt.
    "mpesa_transaction_status_result.json": ("status", Ignored("a record that we did not ask for")),
    "mpesa_ratiba_callback_success.json": (
        "order",
        StandingOrderChanged(CALLBACK, None, is_active=True, gateway_reference="TKN8F2IQMH"),
    ),
    "mpesa_ratiba_callback_success_2026.json": (
        "order",
        StandingOrderChanged(CALLBACK, None, is_active=True, gateway_reference="2571168"),
    ),
    "mpesa_ratiba_callback_failed.json": (
        "order",
        StandingOrderChanged(
            CALLBACK,
            None,
            is_active=False,
            gateway_reference=None,
            message="The phone could not be reached, or nobody answered in time.",
        ),
    ),
}
