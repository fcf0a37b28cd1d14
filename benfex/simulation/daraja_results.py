"""The results that the initiator APIs post later: one envelope, parameters as each API writes them. Pure.

Source: payments reference, A8 and the recorded bodies; a failure carries no parameters at all.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from benfex.simulation import daraja_words as words
from benfex.simulation.daraja_ledger import Outgoing, Transaction
from benfex.simulation.phone import first_name

Body = dict[str, object]
Parameters = Sequence[tuple[str, object]]

FAILURES: dict[str, str] = {
    "R000001": "The transaction has already been reversed.",
    "R000002": "The OriginalTransactionID is invalid.",
}
NO_VALUE = object()


@dataclass(frozen=True, slots=True)
class Asked:
    """One accepted request: both ids of the conversation, and where result or notice goes."""

    originator_id: str
    conversation_id: str
    result_url: str
    timeout_url: str

    def accepted(self) -> Body:
        """Return the answer that comes at once."""
        return {
            "OriginatorConversationID": self.originator_id,
            "ConversationID": self.conversation_id,
            "ResponseCode": "0",
            "ResponseDescription": "Accept the service request successfully.",
        }


def result(asked: Asked, *, receipt: str, parameters: Parameters, code: object = 0) -> Body:
    """Return a result; parameters are left out when the code is not 0."""
    inner: Body = {
        "ResultType": "0" if isinstance(code, str) and code == "0" else 0,
        "ResultCode": code,
        "ResultDesc": _description(code),
        "OriginatorConversationID": asked.originator_id,
        "ConversationID": asked.conversation_id,
        "TransactionID": receipt,
    }
    if str(code) == "0":
        inner["ResultParameters"] = {
            "ResultParameter": [
                {"Key": key} if value is NO_VALUE else {"Key": key, "Value": value}
                for key, value in parameters
            ]
        }
    inner["ReferenceData"] = {
        "ReferenceItem": {"Key": "QueueTimeoutURL", "Value": "https://internal.example/results/v1/submit"}
    }
    return {"Result": inner}


def conversation_id(at: float) -> str:
    """Return a ConversationID: AG_, the day, and 20 signs."""
    return f"AG_{words.local_time(at):%Y%m%d}_{secrets.token_hex(10)}"


def status_of_payment(transaction: Transaction, *, till: str, business: str, is_stk: bool) -> Parameters:
    """Return the parameters of a Transaction Status about money that came; one key stands there twice."""
    paid = words.compact_time(transaction.paid_at)
    return (
        ("DebitPartyName", f"{transaction.msisdn} - {first_name(transaction.msisdn)}"),
        ("DebitPartyName", f"{till} - {business}"),
        ("OriginatorConversationID", words.merchant_request_id()),
        ("InitiatedTime", paid),
        ("DebitAccountType", "MMF Account For Customer"),
        ("DebitPartyCharges", ""),
        ("TransactionReason", NO_VALUE),
        ("ReasonType", "Pay Bill Online" if is_stk else "Pay Bill"),
        ("TransactionStatus", "Completed"),
        ("FinalisedTime", paid),
        ("Amount", str(transaction.amount)),
        ("ConversationID", conversation_id(transaction.paid_at)),
        ("ReceiptNo", transaction.receipt),
    )


def status_of_payout(payout: Outgoing, *, shortcode: str, business: str) -> Parameters:
    """Return the parameters of a Transaction Status about money that went out."""
    at = words.compact_time(payout.at)
    return (
        ("DebitPartyName", f"{shortcode} - {business}"),
        ("DebitPartyName", f"{payout.msisdn} - {first_name(payout.msisdn)}"),
        ("OriginatorConversationID", payout.originator_id),
        ("InitiatedTime", at),
        ("DebitAccountType", "Utility Account"),
        ("DebitPartyCharges", ""),
        ("TransactionReason", NO_VALUE),
        ("ReasonType", "Business Payment to Customer via API"),
        ("TransactionStatus", "Completed"),
        ("FinalisedTime", at),
        ("Amount", str(payout.amount)),
        ("ConversationID", payout.conversation_id),
        ("ReceiptNo", payout.receipt),
    )


def reversal_done(reversal: Outgoing, *, balance: int, shortcode: str, business: str) -> Parameters:
    """Return the parameters of a reversal that was done."""
    left = words.money_text(balance)
    return (
        ("DebitAccountBalance", f"Utility Account|KES|{left}|{left}|0.00|0.00"),
        ("Amount", float(reversal.amount)),
        ("TransCompletedTime", int(words.compact_time(reversal.at))),
        ("OriginalTransactionID", reversal.original),
        ("Charge", 0.0),
        ("CreditPartyPublicName", f"{reversal.msisdn} - {first_name(reversal.msisdn)}"),
        ("DebitPartyPublicName", f"{shortcode} - {business}"),
    )


def payout_done(payout: Outgoing, *, balance: int) -> Parameters:
    """Return the parameters of a payout; its date is written as no other is."""
    return (
        ("TransactionAmount", payout.amount),
        ("TransactionReceipt", payout.receipt),
        ("ReceiverPartyPublicName", f"{payout.msisdn} - {first_name(payout.msisdn)}"),
        ("TransactionCompletedDateTime", f"{words.local_time(payout.at):%d.%m.%Y %H:%M:%S}"),
        ("B2CUtilityAccountAvailableFunds", float(balance)),
        ("B2CWorkingAccountAvailableFunds", 0.0),
        ("B2CRecipientIsRegisteredCustomer", "Y"),
        ("B2CChargesPaidAccountAvailableFunds", 0.0),
    )


def balances(balance: int, *, is_till: bool, at: float) -> Parameters:
    """Return the parameters of an Account Balance: accounts with & between, fields with |."""
    purse = "Merchant Account" if is_till else "Utility Account"
    named = (
        ("Working Account", 0),
        (purse, balance),
        ("Charges Paid Account", 0),
        ("Organization Settlement Account", 0),
    )
    listed = (
        f"{name}|KES|{words.money_text(sum_)}|{words.money_text(sum_)}|0.00|0.00" for name, sum_ in named
    )
    return (("AccountBalance", "&".join(listed)), ("BOCompletedTime", words.compact_time(at)))


def _description(code: object) -> str:
    if isinstance(code, str) and code in FAILURES:
        return FAILURES[code]
    return words.RESULTS[int(str(code))]
