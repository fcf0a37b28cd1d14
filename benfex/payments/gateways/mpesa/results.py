"""What Daraja posts later: results of initiator APIs, notices that a turn never came, standing orders. Pure.

Source: payments reference, A8 and A10; shapes as in `tests/contract/payloads`. A key may stand twice, may have
no value, and codes are numbers here and text there.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from benfex.payments.gateway import ChargeSucceeded, GatewayEvent, Ignored, PaymentEvidence
from benfex.payments.gateway_events import (
    BalanceTold,
    RefundChanged,
    RefundDone,
    RefundFailed,
    RefundOutcome,
    RefundUnderWay,
    RefundUnknown,
    StandingOrderChanged,
)
from benfex.payments.gateways.mpesa import messages
from benfex.payments.gateways.mpesa.messages import instant_of, money_of, text_of
from data.values.errors import DomainError
from data.values.kinds import EvidenceGrade
from data.values.money import Money, parse_money

ALREADY_REVERSED = "R000001"
DUPLICATE = "15"
_UNREADABLE = "no result that can be read"
_LATE = "M-Pesa did not get to it in time; whether it was done is not known."
# A result code of an initiator API in words for staff (payments reference, A5 and A8).
_WORDS = {
    "1": "There is not enough money in the M-Pesa account that pays out (Utility, or Merchant for a till).",
    "8": "The customer's M-Pesa account would hold more than it may.",
    "11": "The customer's M-Pesa account is not active.",
    "21": "The initiator lacks the role for this on the M-Pesa portal.",
    "2001": "M-Pesa refused the initiator's name, password or certificate. Tell the owner.",
    "2006": "M-Pesa refused: the account is not active.",
    "2028": "M-Pesa does not allow this for our shortcode.",
    "2040": "The phone number is not registered with M-Pesa.",
    "8006": "The initiator is locked at M-Pesa after wrong passwords. Unlock it on the portal.",
    "R000002": "M-Pesa does not know this receipt.",
}
_UNSURE = {"17", "18", "20", "24", "26", "29", "100000002", "100000011"}  # busy or throttled, not a no
_NEVER = {"cancelled", "declined", "expired"}


@dataclass(frozen=True, slots=True)
class Result:
    """One result. Parameters stand in their order, since a key may come twice; one without a value is ""."""

    code: str
    description: str
    originator: str
    receipt: str
    parameters: tuple[tuple[str, str], ...]

    def first(self, *keys: str) -> str:
        """Return the first value under one of the keys, "" when there is none."""
        return next((value for key, value in self.parameters if key in keys and value), "")

    def every(self, *keys: str) -> tuple[str, ...]:
        """Return all values under the keys, in their order."""
        return tuple(value for key, value in self.parameters if key in keys and value)


def read_result(body: bytes) -> Result | None:
    """Return what a body says, None when it is no result."""
    content = messages.load(body)
    result = content.get("Result") if isinstance(content, dict) else None
    code = text_of(result.get("ResultCode"), 32) if isinstance(result, dict) else ""
    if not isinstance(result, dict) or not code:
        return None
    return Result(
        code=code,
        description=text_of(result.get("ResultDesc"), 200),
        originator=text_of(result.get("OriginatorConversationID"), 64),
        receipt=text_of(result.get("TransactionID"), 32),
        parameters=tuple(_parameters(result)),
    )


def read_refund(body: bytes, *, callback: str | None) -> GatewayEvent:
    """Return how a reversal or payout ended."""
    result = read_result(body)
    if result is None:
        return Ignored(_UNREADABLE)
    return RefundChanged(
        _refund_outcome(result),
        reference=result.originator or None,
        callback_token=callback,
        transaction_id=result.first("OriginalTransactionID") or None,
        amount=money_of(result.first("TransactionAmount", "Amount")),
    )


def read_refund_status(body: bytes, *, callback: str | None) -> GatewayEvent:
    """Return what M-Pesa's own record says of a payout that was asked about."""
    result = read_result(body)
    if result is None:
        return Ignored(_UNREADABLE)
    outcome: RefundOutcome
    status = result.first("TransactionStatus").lower()
    if result.code != "0":
        outcome = RefundUnknown(words_of(result))
    elif status == "completed":
        outcome = RefundDone(result.first("ReceiptNo") or None)
    elif status in _NEVER:
        outcome = RefundFailed(status, f"M-Pesa says that it was {status}.")
    else:
        outcome = RefundUnderWay()
    return RefundChanged(outcome, callback_token=callback)


def read_late_refund(*, callback: str | None) -> GatewayEvent:
    """Return what a notice to the address for queue timeouts says: nothing certain."""
    return RefundChanged(RefundUnknown(_LATE), callback_token=callback)


def read_balance(body: bytes, *, currency: str) -> GatewayEvent:
    """Return the sum over our accounts: name, currency, balance and more with |, accounts with & between.

    Charges that M-Pesa has not taken yet stand there as less than nothing.
    """
    result = read_result(body)
    if result is None or result.code != "0":
        return Ignored(_UNREADABLE if result is None else words_of(result))
    total = Money(0, currency)
    found = False
    for account in result.first("AccountBalance").split("&"):
        fields = account.split("|")
        if len(fields) < 3 or fields[1].strip() != currency:
            continue
        try:
            total += parse_money(fields[2].strip(), currency)
        except DomainError:
            return Ignored("a balance that cannot be read")
        found = True
    return BalanceTold(total) if found else Ignored("a balance without an account")


def read_status(body: bytes, *, ours: frozenset[str]) -> GatewayEvent:
    """Return the money that M-Pesa's own record of one receipt shows; only what a customer paid to us."""
    result = read_result(body)
    if result is None:
        return Ignored(_UNREADABLE)
    if result.code != "0":
        return Ignored(words_of(result))
    receipt, amount = result.first("ReceiptNo"), money_of(result.first("Amount"))
    finished = instant_of(result.first("FinalisedTime"))
    if not messages.RECEIPT.fullmatch(receipt) or amount is None or finished is None:
        return Ignored("a record without receipt, amount or time")
    if result.first("TransactionStatus").lower() != "completed":
        return Ignored(f"M-Pesa says that {receipt} is not completed")
    # Which of the two names paid is documented wrongly, so they are told apart by our own number.
    parties = result.every("DebitPartyName", "CreditPartyName")
    payers = [name for name in parties if _number(name) not in ours]
    if "customer" not in result.first("DebitAccountType").lower() or len(payers) == len(parties):
        return Ignored(f"{receipt} is no payment to us")
    phone, phone_sha256 = messages.read_msisdn(_number(payers[0])) if payers else (None, None)
    return ChargeSucceeded(
        PaymentEvidence(
            gateway=messages.NAME,
            grade=EvidenceGrade.STATEMENT,
            transaction_id=receipt,
            amount=amount,
            received_at=finished,
            payer_phone=phone,
            payer_phone_sha256=phone_sha256,
            payer_name=payers[0].partition(" - ")[2].strip()[:120] or None if payers else None,
        )
    )


def read_order(body: bytes, *, callback: str | None) -> GatewayEvent:
    """Return whether a payer took a standing order; keys come in camel and in Pascal case."""
    content = _lowered(messages.load(body))
    header, inner = content.get("responseheader"), content.get("responsebody")
    said = text_of(_lowered(header).get("responsedescription"), 200)
    code = text_of(_lowered(header).get("responsecode"), 16)
    if not code:
        return Ignored("no word about a standing order that can be read")
    named = {
        text_of(entry.get("name"), 40).lower(): text_of(entry.get("value"), 120)
        for entry in map(_lowered, _listed(_lowered(inner).get("responsedata")))
    }
    told = named.get("responsecode") or code
    is_active = code in {"0", "200"} and told in {"0", "200"}
    return StandingOrderChanged(
        callback_token=callback,
        reference=named.get("customstoid") or None,
        is_active=is_active,
        gateway_reference=(named.get("transactionid") or None) if is_active else None,
        message="" if is_active else messages.words_of(told, said),
    )


def words_of(result: Result) -> str:
    """Return a result's failure in words for staff."""
    return _WORDS.get(result.code) or f"M-Pesa said no: {result.description or result.code}"[:200]


def _refund_outcome(result: Result) -> RefundOutcome:
    if result.code == "0":
        receipt = result.first("TransactionReceipt") or result.receipt
        return RefundDone(receipt or None)
    if result.code == ALREADY_REVERSED:
        return RefundDone()
    if result.code == DUPLICATE:
        return RefundUnknown("M-Pesa has taken this refund before.")
    if result.code in _UNSURE:
        return RefundUnknown(words_of(result))
    return RefundFailed(result.code, words_of(result))


def _parameters(result: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    outer = result.get("ResultParameters")
    for entry in _listed(outer.get("ResultParameter") if isinstance(outer, dict) else outer):
        if isinstance(entry, dict) and (key := text_of(entry.get("Key"), 60)):
            yield key, text_of(entry.get("Value"), 1_000)


def _listed(value: object) -> list[Any]:
    """Return a list, and one thing alone as a list of it."""
    if isinstance(value, list):
        return value
    return [value] if isinstance(value, dict) else []


def _lowered(value: object) -> dict[str, Any]:
    return {key.lower(): inner for key, inner in value.items()} if isinstance(value, dict) else {}


def _number(name: str) -> str:
    return name.partition(" - ")[0].strip()
