"""M-Pesa Express: the push that shows a prompt, the callback that says how it ended, and the query.

Fields and error bodies are in daraja_words.py; the phone itself is phone.py.
"""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass

from benfex.simulation import daraja_words as words
from benfex.simulation.courier import Parcel, Route, json_parcel
from benfex.simulation.daraja_ledger import Paybill, Push, Transaction
from benfex.simulation.phone import Prompt

REPEAT_SECONDS = 120.0
TRANSACTION_TYPES = {"CustomerPayBillOnline", "CustomerBuyGoodsOnline"}
QUERY_ACCEPTED = "The service request has been accepted successsfully"
PUSH_ACCEPTED = "Success. Request accepted for processing"

Confirmer = Callable[[Transaction], Parcel | None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a push ended: its callback, the confirmation when money moved, and how both travel."""

    callback: Parcel
    confirmation: Parcel | None
    route: Route


class StkDesk:
    """Accepts pushes, waits for the phone, and tells the caller; `confirmation` writes the C2B side of it."""

    def __init__(self, paybill: Paybill, *, confirmation: Confirmer) -> None:
        self._paybill = paybill
        self._confirmation = confirmation
        self._timers: set[asyncio.TimerHandle] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def push(self, body: dict[str, object]) -> dict[str, object]:
        """Show a prompt and return the acceptance. Raises RefusedError when nothing was started."""
        options = self._paybill.options
        push = self._checked(body)
        if self._paybill.phones.is_busy(push.msisdn):
            raise words.locked()
        is_repeat = options.refuse_repeats and self._is_repeat(push)
        self._paybill.ledger.add_push(push)
        self._paybill.changed()
        wanted = ("CustomerBuyGoodsOnline" if options.is_till else "CustomerPayBillOnline", options.receiver)
        wrong_party = (words.text_of(body, "TransactionType"), words.text_of(body, "PartyB")) != wanted
        courier = self._paybill.courier
        if is_repeat or wrong_party:
            self._dispatch(self._end(push, code=17 if is_repeat else 2028))
        elif courier.takes_next("callback_first_next") or courier.policy.callback_first:
            outcome = self._answered(push, self._paybill.phones.habit_of(push.msisdn))
            await courier.deliver(outcome.callback, copies=outcome.route.callback_copies)
            self._send_confirmation(outcome)
        else:
            self._show(push)
            if (scripted := self._scripted(push.amount)) is not None:
                self._paybill.phones.answer(push.msisdn, scripted, checkout_id=push.checkout_id)
        return {
            "MerchantRequestID": push.merchant_request_id,
            "CheckoutRequestID": push.checkout_id,
            "ResponseCode": "0",
            "ResponseDescription": PUSH_ACCEPTED,
            "CustomerMessage": PUSH_ACCEPTED,
        }

    def query(self, body: dict[str, object]) -> dict[str, object]:
        """Return how a push stands; never an amount or a receipt. Raises RefusedError."""
        options = self._paybill.options
        words.check_credentials(body, shortcode=options.shortcode, passkey=options.passkey)
        push = self._paybill.ledger.pushes.get(words.text_of(body, "CheckoutRequestID"))
        if push is None:
            raise words.invalid("CheckoutRequestID")
        code, text = push.result_code, ""
        if code is not None:
            text = words.RESULTS[code]
        elif options.pending_form == "500":
            raise words.still_processing()
        else:
            code, text = 4999, "The transaction is still under processing"
        return {
            "ResponseCode": "0",
            "ResponseDescription": QUERY_ACCEPTED,
            "MerchantRequestID": push.merchant_request_id,
            "CheckoutRequestID": push.checkout_id,
            "ResultCode": str(code),
            "ResultDesc": text,
        }

    async def stop(self) -> None:
        """Forget money that was still to come late, and deliveries in order."""
        for timer in self._timers:
            timer.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _checked(self, body: dict[str, object]) -> Push:
        options = self._paybill.options
        words.check_credentials(body, shortcode=options.shortcode, passkey=options.passkey)
        if words.text_of(body, "TransactionType") not in TRANSACTION_TYPES:
            raise words.invalid("TransactionType")
        amount = words.amount_of(body)
        words.phone_of(body, "PartyA")
        words.text_of(body, "PartyB")
        msisdn = words.phone_of(body)
        callback_url = words.address_of(body, "CallBackURL")
        account = words.text_of(body, "AccountReference")
        if not 1 <= len(account) <= words.ACCOUNT_LENGTH_MAXIMUM:
            raise words.invalid("AccountReference")
        description = words.text_of(body, "TransactionDesc") if body.get("TransactionDesc") else ""
        if len(description) > words.DESCRIPTION_LENGTH_MAXIMUM:
            raise words.invalid("TransactionDesc")
        now = time.time()
        return Push(
            checkout_id=self._free_id(msisdn, now),
            merchant_request_id=words.merchant_request_id(),
            msisdn=msisdn,
            amount=amount,
            account=account,
            description=description,
            callback_url=callback_url,
            opened_at=now,
        )

    def _free_id(self, msisdn: str, now: float) -> str:
        checkout_id = words.checkout_request_id(msisdn, at=now)
        while checkout_id in self._paybill.ledger.pushes:
            now += 0.001
            checkout_id = words.checkout_request_id(msisdn, at=now)
        return checkout_id

    def _is_repeat(self, push: Push) -> bool:
        for earlier in reversed(self._paybill.ledger.pushes.values()):
            if push.opened_at - earlier.opened_at > REPEAT_SECONDS:
                return False
            if (earlier.msisdn, earlier.amount) == (push.msisdn, push.amount):
                return True
        return False

    def _show(self, push: Push) -> None:
        options = self._paybill.options
        prompt = Prompt(
            checkout_id=push.checkout_id,
            msisdn=push.msisdn,
            amount=push.amount,
            account=push.account,
            business=options.business_name,
            opened_at=push.opened_at,
            expires_at=push.opened_at + options.prompt_seconds,
        )
        self._paybill.phones.show(
            prompt, resolve=lambda _, answer: self._dispatch(self._answered(push, answer))
        )

    def _scripted(self, amount: int) -> str | None:
        script = dict(line.split("=", 1) for line in self._paybill.options.scripted)
        return script.get(str(amount))

    def _answered(self, push: Push, answer: str) -> Outcome:
        code = words.ANSWERS[answer]
        phone = self._paybill.phones.phone(push.msisdn)
        if code == 0 and phone.balance < push.amount:
            code = 1
        outcome = self._end(push, code=code)
        if answer == "pay_late":
            loop = asyncio.get_running_loop()
            seconds = self._paybill.options.late_money_seconds
            self._timers.add(loop.call_later(seconds, self._pay_late, push))
        return outcome

    def _end(self, push: Push, *, code: int) -> Outcome:
        push.result_code = code
        confirmation = self._pay(push) if code == 0 else None
        if code != 0:
            note = f"Failed. {words.RESULTS[code]}"
            self._paybill.phones.phone(push.msisdn).messages.appendleft(note)
        self._paybill.changed()
        return Outcome(_callback(push), confirmation, self._paybill.courier.route())

    def _pay(self, push: Push) -> Parcel | None:
        receipt = self._paybill.ledger.reserve_receipt()
        self._paybill.phones.phone(push.msisdn).balance -= push.amount
        push.receipt = receipt
        transaction = self._paybill.ledger.book(
            receipt=receipt,
            msisdn=push.msisdn,
            amount=push.amount,
            account=push.account,
            checkout_id=push.checkout_id,
        )
        push.paid_at = transaction.paid_at
        return self._confirmation(transaction)

    def _pay_late(self, push: Push) -> None:
        push.result_code = 0
        confirmation = self._pay(push)
        self._paybill.changed()
        if confirmation is not None:
            self._paybill.courier.send(confirmation)

    def _dispatch(self, outcome: Outcome) -> None:
        courier, route = self._paybill.courier, outcome.route
        if not courier.policy.confirmation_first or outcome.confirmation is None:
            courier.send(outcome.callback, copies=route.callback_copies, after_seconds=route.delay_seconds)
            self._send_confirmation(outcome)
            return
        task = asyncio.get_running_loop().create_task(self._deliver_reversed(outcome))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver_reversed(self, outcome: Outcome) -> None:
        courier, route = self._paybill.courier, outcome.route
        if outcome.confirmation is not None:
            await courier.deliver(
                outcome.confirmation, copies=route.confirmation_copies, after_seconds=route.delay_seconds
            )
        await courier.deliver(outcome.callback, copies=route.callback_copies)

    def _send_confirmation(self, outcome: Outcome) -> None:
        if outcome.confirmation is not None:
            self._paybill.courier.send(
                outcome.confirmation,
                copies=outcome.route.confirmation_copies,
                after_seconds=outcome.route.delay_seconds,
            )


def _callback(push: Push) -> Parcel:
    code = push.result_code or 0
    content: dict[str, object] = {
        "MerchantRequestID": push.merchant_request_id,
        "CheckoutRequestID": push.checkout_id,
        "ResultCode": code,
        "ResultDesc": words.RESULTS[code],
    }
    if push.receipt is not None:
        content["CallbackMetadata"] = {"Item": _items(push)}
    body = json.dumps({"Body": {"stkCallback": content}}).encode()
    return json_parcel("stk_callback", url=push.callback_url, body=body, about=push.checkout_id)


def _items(push: Push) -> list[dict[str, object]]:
    return [
        # The real callback writes shillings with a decimal point: 1500.0.
        {"Name": "Amount", "Value": float(push.amount)},
        {"Name": "MpesaReceiptNumber", "Value": push.receipt},
        {"Name": "Balance"},
        {"Name": "TransactionDate", "Value": int(words.compact_time(push.paid_at or push.opened_at))},
        {"Name": "PhoneNumber", "Value": int(push.msisdn)},
    ]
