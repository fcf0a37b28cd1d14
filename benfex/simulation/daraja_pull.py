"""Pull Transactions: what reached the paybill in the last 48 hours, whether or not a callback told of it."""

import time
from datetime import datetime

from benfex.simulation import daraja_words as words
from benfex.simulation.daraja_ledger import Paybill, Transaction

HISTORY_SECONDS = 48 * 3600.0


class PullDesk:
    """Registered once, then asked for rows by time and row offset, oldest first."""

    def __init__(self, paybill: Paybill) -> None:
        self._paybill = paybill
        self.is_registered = False

    def register(self, body: dict[str, object]) -> dict[str, object]:
        """Open the shortcode for pulling. Raises RefusedError."""
        self._check_shortcode(body)
        if words.text_of(body, "RequestType") != "Pull":
            raise words.invalid("RequestType")
        words.text_of(body, "NominatedNumber")
        words.address_of(body, "CallBackURL")
        was_registered, self.is_registered = self.is_registered, True
        self._paybill.changed()
        already = f"Short Code {self._paybill.options.shortcode} already Registered"
        return {
            "ResponseRefID": words.conversation_id(),
            "ResponseStatus": "1001" if was_registered else "1000",
            "ShortCode": self._paybill.options.shortcode,
            "ResponseDescription": already if was_registered else "ShortCode Registered Successfully",
        }

    def query(self, body: dict[str, object]) -> dict[str, object]:
        """Return one page: a list inside a list, or the words for none. Raises RefusedError."""
        self._check_shortcode(body)
        if not self.is_registered:
            raise words.invalid("ShortCode")
        starts_at = max(_instant(body, "StartDate"), time.time() - HISTORY_SECONDS)
        ends_at = _instant(body, "EndDate")
        offset = words.text_of(body, "OffSetValue")
        if not words.WHOLE_NUMBER.fullmatch(offset):
            raise words.invalid("OffSetValue")
        found = [
            transaction
            for transaction in self._paybill.ledger.transactions.values()
            # The wire knows whole seconds: a payment within the last second of the span belongs to it.
            if starts_at <= transaction.paid_at < ends_at + 1
        ]
        page = found[int(offset) : int(offset) + self._paybill.options.pull_page_rows]
        if not page:
            return _answer("1001", "No transactions", "[[]]")
        return _answer("1000", "Success", [[self._row(transaction) for transaction in page]])

    def _check_shortcode(self, body: dict[str, object]) -> None:
        if words.text_of(body, "ShortCode") != self._paybill.options.shortcode:
            raise words.invalid("ShortCode")

    def _row(self, transaction: Transaction) -> dict[str, object]:
        paid = words.local_time(transaction.paid_at)
        return {
            "transactionId": transaction.receipt,
            # Nairobi time that calls itself UTC, as the captures show it.
            "trxDate": f"{paid:%Y-%m-%dT%H:%M:%S}Z",
            "msisdn": int(transaction.msisdn[3:]),
            "sender": "MPESA",
            "transactiontype": "c2b-pay-bill-debit",
            "billreference": transaction.account,
            "amount": words.money_text(transaction.amount),
            "organizationname": self._paybill.options.business_name,
        }


def _answer(code: str, message: str, rows: object) -> dict[str, object]:
    return {
        "ResponseRefID": words.conversation_id(),
        "ResponseCode": code,
        "ResponseMessage": message,
        "Response": rows,
    }


def _instant(body: dict[str, object], field: str) -> float:
    text = words.text_of(body, field)
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=words.NAIROBI).timestamp()
    except ValueError as error:
        raise words.invalid(field) from error
