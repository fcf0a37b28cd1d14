"""The APIs that need an initiator: Transaction Status, Account Balance, Reversal and B2C.

Each answers "accepted" and posts the result later, or a notice to QueueTimeOutURL when its turn never came in
time; what was asked for may have happened all the same. Result bodies are in daraja_results.py.
"""

import json
import time

from benfex.simulation import daraja_results as results
from benfex.simulation import daraja_words as words
from benfex.simulation.courier import json_parcel
from benfex.simulation.daraja_key import Initiator
from benfex.simulation.daraja_ledger import Outgoing, Paybill
from benfex.simulation.daraja_results import Asked, Body, Parameters

PAYOUT_COMMANDS = {"SalaryPayment", "BusinessPayment", "PromotionPayment"}
PAYOUT_MINIMUM = 10
NOTHING: Parameters = ()


class InitiatorDesk:
    """Asks for the initiator's credential first; a wrong one is found out only in the result (2001)."""

    def __init__(self, paybill: Paybill, initiator: Initiator) -> None:
        self._paybill = paybill
        self._initiator = initiator

    async def status(self, body: Body) -> Body:
        """Look one transaction up, by receipt or by the id of its conversation. Raises RefusedError."""
        asked = self._asked(body, command="TransactionStatusQuery")
        self._check_party(body, "PartyA")
        if words.text_of(body, "IdentifierType") not in {"1", "2", "4"}:
            raise words.invalid("IdentifierType")
        receipt = _optional(body, "TransactionID")
        conversation = _optional(body, "OriginalConversationID")
        if not receipt and not conversation:
            raise words.invalid("TransactionID")
        code = self._refusal(body, "Initiator")
        if code:
            self._post("status_result", asked, code=code)
        else:
            found = self._found(receipt, conversation)
            self._post("status_result", asked, code=0 if found else "R000002", parameters=found)
        return asked.accepted()

    async def balance(self, body: Body) -> Body:
        """Tell what the accounts hold; codes are text here. Raises RefusedError."""
        asked = self._asked(body, command="AccountBalance")
        self._check_party(body, "PartyA")
        if words.text_of(body, "IdentifierType") not in {"2", "4"}:
            raise words.invalid("IdentifierType")
        code = self._refusal(body, "Initiator")
        told = results.balances(
            self._paybill.ledger.balance, is_till=self._paybill.options.is_till, at=time.time()
        )
        self._post("balance_result", asked, code=str(code), parameters=told)
        return asked.accepted()

    async def reversal(self, body: Body) -> Body:
        """Give a customer's payment back whole, once. Raises RefusedError."""
        asked = self._asked(body, command="TransactionReversal")
        self._check_party(body, "ReceiverParty")
        if words.text_of(body, "RecieverIdentifierType") != "11":  # the portal spells it so
            raise words.invalid("RecieverIdentifierType")
        receipt, amount = words.text_of(body, "TransactionID"), words.amount_of(body)
        code: object = self._refusal(body, "Initiator")
        ledger = self._paybill.ledger
        payment = ledger.transactions.get(receipt)
        if not code and receipt in ledger.reversed:
            code = "R000001"
        elif not code and (payment is None or payment.amount != amount):
            code = "R000002"
        elif not code and ledger.balance < amount:
            code = 1
        if code or payment is None:
            self._post("reversal_result", asked, code=code)
            return asked.accepted()
        done = self._pay_out(asked, kind="reversal", msisdn=payment.msisdn, amount=amount, original=receipt)
        options = self._paybill.options
        told = results.reversal_done(
            done, balance=ledger.balance, shortcode=options.shortcode, business=options.business_name
        )
        self._post("reversal_result", asked, receipt=done.receipt, parameters=told)
        return asked.accepted()

    async def payout(self, body: Body) -> Body:
        """Send money to a phone; the caller's OriginatorConversationID works once. Raises RefusedError."""
        originator = words.text_of(body, "OriginatorConversationID")
        if not 1 <= len(originator) <= 50:
            raise words.invalid("OriginatorConversationID")
        asked = self._asked(body, command=None, originator=originator)
        self._check_party(body, "PartyA")
        msisdn, amount = words.phone_of(body, "PartyB"), words.amount_of(body)
        if amount < PAYOUT_MINIMUM:
            raise words.invalid("Amount")
        ledger = self._paybill.ledger
        if originator in ledger.originators:
            raise words.duplicate_originator()
        ledger.originators.add(originator)
        code: object = self._refusal(body, "InitiatorName")
        if not code and msisdn in self._paybill.options.unregistered_phones:
            code = 2040
        elif not code and ledger.balance < amount:
            code = 1
        if code:
            self._post("payout_result", asked, code=code)
            return asked.accepted()
        done = self._pay_out(asked, kind="payout", msisdn=msisdn, amount=amount)
        told = results.payout_done(done, balance=ledger.balance)
        self._post("payout_result", asked, receipt=done.receipt, parameters=told)
        return asked.accepted()

    def _asked(self, body: Body, *, command: str | None, originator: str | None = None) -> Asked:
        given = words.text_of(body, "CommandID")
        if given not in ({command} if command else PAYOUT_COMMANDS):
            raise words.invalid("CommandID")
        if not 2 <= len(words.text_of(body, "Remarks")) <= 100:
            raise words.invalid("Remarks")
        return Asked(
            originator_id=originator or words.conversation_id(),
            conversation_id=results.conversation_id(time.time()),
            result_url=words.address_of(body, "ResultURL"),
            timeout_url=words.address_of(body, "QueueTimeOutURL"),
        )

    def _check_party(self, body: Body, field: str) -> None:
        if words.text_of(body, field) not in self._paybill.options.numbers:
            raise words.invalid(field)

    def _refusal(self, body: Body, name_field: str) -> int:
        options = self._paybill.options
        return self._initiator.refusal(
            name=words.text_of(body, name_field),
            credential=words.text_of(body, "SecurityCredential"),
            expected=(options.initiator_name, options.initiator_password),
        )

    def _found(self, receipt: str, conversation: str) -> Parameters:
        ledger, options = self._paybill.ledger, self._paybill.options
        payment = ledger.transactions.get(receipt)
        if payment is not None:
            return results.status_of_payment(
                payment,
                till=options.shortcode,
                business=options.business_name,
                is_stk=payment.checkout_id is not None,
            )
        payout = ledger.outgoing_named(receipt or conversation)
        if payout is None:
            return NOTHING
        return results.status_of_payout(payout, shortcode=options.shortcode, business=options.business_name)

    def _pay_out(self, asked: Asked, *, kind: str, msisdn: str, amount: int, original: str = "") -> Outgoing:
        ledger = self._paybill.ledger
        outgoing = Outgoing(
            receipt=ledger.reserve_receipt(),
            kind=kind,
            msisdn=msisdn,
            amount=amount,
            originator_id=asked.originator_id,
            conversation_id=asked.conversation_id,
            original=original,
            at=time.time(),
        )
        ledger.pay_out(outgoing)
        phone = self._paybill.phones.phone(msisdn)
        phone.balance += amount
        words_ = "reversed to you" if kind == "reversal" else "received"
        phone.messages.appendleft(
            f"{outgoing.receipt} Confirmed. Ksh{amount:,}.00 {words_}"
            f" from {self._paybill.options.business_name}."
        )
        self._paybill.changed()
        return outgoing

    def _post(
        self,
        kind: str,
        asked: Asked,
        *,
        code: object = 0,
        receipt: str = "",
        parameters: Parameters = NOTHING,
    ) -> None:
        courier = self._paybill.courier
        content = results.result(
            asked,
            receipt=receipt or self._paybill.ledger.reserve_receipt(),
            parameters=parameters,
            code=code,
        )
        url = asked.result_url
        if courier.takes_next("queue_timeout_next"):
            kind, url = "queue_timeout", asked.timeout_url
            content = {"OriginatorConversationID": asked.originator_id, "ResponseCode": "1"}
        route = courier.route()
        parcel = json_parcel(kind, url=url, body=json.dumps(content).encode(), about=asked.conversation_id)
        courier.send(parcel, copies=route.callback_copies, after_seconds=route.delay_seconds)


def _optional(body: Body, field: str) -> str:
    return words.text_of(body, field) if body.get(field) not in {None, ""} else ""
