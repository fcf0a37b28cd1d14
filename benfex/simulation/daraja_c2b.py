"""Customer To Business: the addresses of the paybill, its confirmations, and payments made by hand.

Every successful push is confirmed here too, with the same receipt. The words are in daraja_words.py.
"""

import json
import time
from dataclasses import dataclass

from benfex.simulation import daraja_words as words
from benfex.simulation.courier import Parcel, json_parcel
from benfex.simulation.daraja_ledger import Paybill, Transaction
from benfex.simulation.phone import first_name

COMMANDS = {"CustomerPayBillOnline", "CustomerBuyGoodsOnline"}


@dataclass(frozen=True, slots=True)
class Registration:
    """The addresses of the paybill; `completes_by_default` when nobody answers a validation."""

    version: str
    completes_by_default: bool
    confirmation_url: str
    validation_url: str


@dataclass(frozen=True, slots=True)
class HandPayment:
    """What came of a payment by hand: the receipt when it went through, else why not."""

    receipt: str | None
    reason: str = ""

    def describe(self) -> dict[str, object]:
        """Return it as the control door shows it."""
        return {"accepted": self.receipt is not None, "receipt": self.receipt, "reason": self.reason}


class C2bDesk:
    """Knows the registered addresses, and takes payments that no push began."""

    def __init__(self, paybill: Paybill) -> None:
        self._paybill = paybill
        self.registration: Registration | None = None

    def register(self, body: dict[str, object], *, version: str) -> dict[str, object]:
        """Keep the addresses; a second call replaces them, as the sandbox does. Raises RefusedError."""
        self._check_shortcode(body)
        response_type = words.text_of(body, "ResponseType")
        if response_type not in {"Completed", "Cancelled"}:
            raise words.invalid("ResponseType")
        self.registration = Registration(
            version=version,
            completes_by_default=response_type == "Completed",
            confirmation_url=words.address_of(body, "ConfirmationURL"),
            validation_url=words.address_of(body, "ValidationURL"),
        )
        self._paybill.changed()
        return _accepted()

    async def simulate(self, body: dict[str, object]) -> dict[str, object]:
        """Pay as a sandbox customer would. Raises RefusedError."""
        self._check_shortcode(body)
        if words.text_of(body, "CommandID") not in COMMANDS:
            raise words.invalid("CommandID")
        amount, msisdn = words.amount_of(body), words.phone_of(body, "Msisdn")
        options = self._paybill.options
        # A till has no accounts, so the sandbox wants null there.
        account = "" if options.is_till else words.text_of(body, "BillRefNumber")
        try:
            await self.pay_by_hand(msisdn, account=account, amount=amount)
        except ValueError as error:
            raise words.invalid("BillRefNumber") from error
        return _accepted()

    async def pay_by_hand(self, msisdn: str, *, account: str, amount: int) -> HandPayment:
        """Pay the paybill from a phone's menu: validation, then money, then confirmation.

        Raises ValueError naming an account or amount that M-Pesa itself would refuse.
        """
        if not 1 <= amount <= words.AMOUNT_MAXIMUM:
            raise ValueError(f"amount must be from 1 to {words.AMOUNT_MAXIMUM}")
        shortest = 0 if self._paybill.options.is_till else 1
        if not shortest <= len(account) <= words.BILL_REFERENCE_LENGTH_MAXIMUM:
            raise ValueError(
                f"account must have {shortest} to {words.BILL_REFERENCE_LENGTH_MAXIMUM} characters"
            )
        phone = self._paybill.phones.phone(msisdn)
        if phone.balance < amount:
            return HandPayment(None, "no_money")
        receipt = self._paybill.ledger.reserve_receipt()
        verdict = ""
        if self.registration is not None and self._paybill.options.validation_on:
            asked = self._fields(
                self.registration, receipt=receipt, msisdn=msisdn, amount=amount, account=account
            )
            verdict, reason = await self._validate(self.registration, asked)
            if reason:
                phone.messages.appendleft(f"Failed. {self._paybill.options.business_name} refused {account}.")
                return HandPayment(None, reason)
        phone.balance -= amount
        transaction = self._paybill.ledger.book(
            receipt=receipt, msisdn=msisdn, amount=amount, account=account, third_party_id=verdict
        )
        self._paybill.changed()
        parcel = self.confirmation(transaction)
        if parcel is not None:
            route = self._paybill.courier.route()
            copies = route.confirmation_copies
            self._paybill.courier.send(parcel, copies=copies, after_seconds=route.delay_seconds)
        return HandPayment(receipt)

    def confirmation(self, transaction: Transaction) -> Parcel | None:
        """Tell the phone, and return the confirmation; None when no address is registered."""
        phone = self._paybill.phones.phone(transaction.msisdn)
        phone.messages.appendleft(self._message(transaction, left=phone.balance))
        if self.registration is None:
            return None
        content = self._fields(
            self.registration,
            receipt=transaction.receipt,
            msisdn=transaction.msisdn,
            amount=transaction.amount,
            account=transaction.account,
        )
        content["TransTime"] = words.compact_time(transaction.paid_at)
        content["OrgAccountBalance"] = words.money_text(transaction.balance_after)
        content["ThirdPartyTransID"] = transaction.third_party_id
        return _parcel(
            "c2b_confirmation",
            url=self.registration.confirmation_url,
            content=content,
            about=transaction.receipt,
        )

    def load(self, kept: object) -> None:
        """Take over what `describe` gave. Raises ValueError when it has another shape."""
        if isinstance(kept, dict):
            try:
                self.registration = Registration(**kept)
            except TypeError as error:
                raise ValueError("the kept registration has another shape") from error

    def _check_shortcode(self, body: dict[str, object]) -> None:
        if words.text_of(body, "ShortCode") not in self._paybill.options.numbers:
            raise words.invalid("ShortCode")

    async def _validate(self, registration: Registration, content: dict[str, object]) -> tuple[str, str]:
        """Return the third party's id, and the reason of a refusal ("" when accepted)."""
        about = str(content["TransID"])
        parcel = _parcel("c2b_validation", url=registration.validation_url, content=content, about=about)
        response = await self._paybill.courier.ask(parcel, seconds=self._paybill.options.validation_seconds)
        fallback = "" if registration.completes_by_default else "no_answer"
        if response is None or not response.is_success:
            return "", fallback
        try:
            answer = response.json()
        except ValueError:
            return "", fallback
        if not isinstance(answer, dict) or "ResultCode" not in answer:
            return "", fallback
        if str(answer["ResultCode"]) != "0":
            return "", str(answer["ResultCode"])
        return str(answer.get("ThirdPartyTransID") or ""), ""

    def _fields(
        self, registration: Registration, *, receipt: str, msisdn: str, amount: int, account: str
    ) -> dict[str, object]:
        form = self._paybill.options.msisdn_form
        if form == "by_version":
            form = "hashed" if registration.version == "v1" else "masked"
        return {
            "TransactionType": "Buy Goods" if self._paybill.options.is_till else "Pay Bill",
            "TransID": receipt,
            "TransTime": words.compact_time(time.time()),
            "TransAmount": words.money_text(amount),
            "BusinessShortCode": self._paybill.options.receiver,
            "BillRefNumber": "" if self._paybill.options.is_till else account,
            "InvoiceNumber": "",
            "OrgAccountBalance": "",
            "ThirdPartyTransID": "",
            "MSISDN": words.shown_msisdn(msisdn, form=form),
            "FirstName": first_name(msisdn),
            "MiddleName": "",
            "LastName": "",
        }

    def _message(self, transaction: Transaction, *, left: int) -> str:
        paid = words.local_time(transaction.paid_at)
        return (
            f"{transaction.receipt} Confirmed. Ksh{transaction.amount:,}.00 sent to"
            f" {self._paybill.options.business_name} for account {transaction.account}"
            f" on {paid:%d/%m/%y} at {paid:%I:%M %p}. New M-PESA balance is Ksh{left:,}.00."
        )


def _parcel(kind: str, *, url: str, content: dict[str, object], about: str) -> Parcel:
    return json_parcel(kind, url=url, body=json.dumps(content).encode(), about=about)


def _accepted() -> dict[str, object]:
    # The portal spells the key so.
    return {
        "OriginatorCoversationID": words.conversation_id(),
        "ResponseCode": "0",
        "ResponseDescription": "Success",
    }
