"""Standing orders (Ratiba) and QR codes of the simulated paybill.

Source: payments reference, A10 and A11. The portal's two captures give the frequencies other numbers and the
transaction types other names; `orders_capture` says which one holds. Each payment of an order comes as a
Customer To Business confirmation.
"""

import base64
import io
import json
import secrets
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import segno

from benfex.simulation import daraja_words as words
from benfex.simulation.courier import json_parcel
from benfex.simulation.daraja_ledger import Paybill
from benfex.simulation.phone import Prompt

Body = dict[str, object]
TYPES = {
    "2025": {
        False: "Standing Order Customer Pay Bill",
        True: "Standing Order Customer Pay Marchant",  # the portal spells it so
    },
    "2026": {
        False: "Standing Order Pay Bill External Third Party",
        True: "Standing Order Pay Merchant External Third Party",
    },
}
FREQUENCIES = {"2025": 8, "2026": 9}  # one-off is 1; what the others mean differs
QR_CODES = {"BG", "WA", "PB", "SM", "SB"}
PayByHand = Callable[..., Awaitable[object]]


@dataclass(slots=True)
class Order:
    """One standing order that its payer was asked about; `status` is ASKED, ACTIVE or ERROR."""

    name: str
    msisdn: str
    amount: int
    account: str
    frequency: str
    starts_on: str
    ends_on: str
    callback_url: str
    request_id: str
    status: str = "ASKED"
    schedule_id: str = ""


class OrderDesk:
    """Takes standing orders, asks the phone, and tells how it answered; draws QR codes."""

    def __init__(self, paybill: Paybill, *, pay_by_hand: PayByHand) -> None:
        self._paybill = paybill
        self._pay_by_hand = pay_by_hand
        self.orders: list[Order] = []

    async def create(self, body: Body) -> Body:
        """Ask the payer for a standing order. Raises RefusedError."""
        options = self._paybill.options
        if words.text_of(body, "BusinessShortCode") != options.receiver:
            raise words.invalid("BusinessShortCode")
        if words.text_of(body, "TransactionType") != TYPES[options.orders_capture][options.is_till]:
            raise words.invalid("TransactionType")
        if words.text_of(body, "ReceiverPartyIdentifierType") != ("2" if options.is_till else "4"):
            raise words.invalid("ReceiverPartyIdentifierType")
        frequency = words.text_of(body, "Frequency")
        if frequency not in {str(number) for number in range(1, FREQUENCIES[options.orders_capture] + 1)}:
            raise words.invalid("Frequency")
        order = Order(
            name=words.text_of(body, "StandingOrderName"),
            msisdn=words.phone_of(body, "PartyA"),
            amount=words.amount_of(body),
            account=words.text_of(body, "AccountReference"),
            frequency=frequency,
            starts_on=_day(body, "StartDate"),
            ends_on=_day(body, "EndDate"),
            callback_url=words.address_of(body, "CallBackURL"),
            request_id=str(uuid.uuid4()),
        )
        if not 1 <= len(order.account) <= words.ACCOUNT_LENGTH_MAXIMUM:
            raise words.invalid("AccountReference")
        if len(words.text_of(body, "TransactionDesc")) > words.DESCRIPTION_LENGTH_MAXIMUM:
            raise words.invalid("TransactionDesc")
        if order.ends_on < order.starts_on:
            raise words.invalid("EndDate")
        if self._paybill.phones.is_busy(order.msisdn):
            raise words.locked()
        if any(
            (one.name, one.msisdn, one.status) == (order.name, order.msisdn, "ACTIVE") for one in self.orders
        ):
            self._end(order, code=1050)
        else:
            self.orders.append(order)
            self._ask(order)
        return {
            "ResponseHeader": {
                "responseRefID": order.request_id,
                "responseCode": "200",
                "responseDescription": "Request accepted for processing",
                "ResultDesc": "The service request is processed successfully.",
            },
            "ResponseBody": {
                "responseDescription": "Request accepted for processing",
                "responseCode": "200",
            },
        }

    async def run(self, name: str) -> object:
        """Pay one active order once. Raises KeyError when there is none of that name."""
        for order in self.orders:
            if order.name == name and order.status == "ACTIVE":
                return await self._pay_by_hand(order.msisdn, account=order.account, amount=order.amount)
        raise KeyError(f"standing order {name}")

    async def draw(self, body: Body) -> Body:
        """Draw a QR code. Raises RefusedError."""
        code, size = words.text_of(body, "TrxCode"), words.text_of(body, "Size")
        if code not in QR_CODES:
            raise words.invalid("TrxCode")
        if not words.WHOLE_NUMBER.fullmatch(size) or not 1 <= int(size) <= 1_000:
            raise words.invalid("Size")
        text = "|".join(
            (
                words.text_of(body, "MerchantName"),
                code,
                words.text_of(body, "CPI"),
                words.text_of(body, "RefNo"),
                str(words.amount_of(body)),
            )
        )
        drawn = io.BytesIO()
        segno.make(text, error="m", micro=False).save(drawn, kind="png", scale=max(1, int(size) // 40))
        return {
            "ResponseCode": "00",
            "RequestID": f"{secrets.randbelow(90_000) + 10_000}-{secrets.randbelow(90_000_000)}-1",
            "ResponseDescription": "The service request is processed successfully.",
            "QRCode": base64.b64encode(drawn.getvalue()).decode(),
        }

    def _ask(self, order: Order) -> None:
        now, options = time.time(), self._paybill.options
        prompt = Prompt(
            checkout_id=order.request_id,
            msisdn=order.msisdn,
            amount=order.amount,
            account=order.account,
            business=f"{options.business_name} (standing order)",
            opened_at=now,
            expires_at=now + options.prompt_seconds,
        )
        self._paybill.phones.show(
            prompt, resolve=lambda _, answer: self._end(order, code=words.ANSWERS[answer])
        )

    def _end(self, order: Order, *, code: int) -> None:
        order.status = "ERROR" if code else "ACTIVE"
        order.schedule_id = str(secrets.randbelow(9_000_000) + 1_000_000) if not code else "0000000000"
        self._paybill.changed()
        content = _failed(order, code) if code else _created(order, self._paybill.options.orders_capture)
        courier = self._paybill.courier
        route = courier.route()
        parcel = json_parcel(
            "standing_order",
            url=order.callback_url,
            body=json.dumps(content).encode(),
            about=order.request_id,
        )
        courier.send(parcel, copies=route.callback_copies, after_seconds=route.delay_seconds)


def _created(order: Order, capture: str) -> Body:
    """Return the callback of a success, lower camel case; the later capture tells status twice."""
    told: list[tuple[str, str]] = [("TransactionID", order.schedule_id), ("responseCode", "0")]
    if capture == "2026":
        told = [
            ("standingOrderName", order.name),
            ("amount", words.money_text(order.amount)),
            ("reminderScheduleId", order.schedule_id),
            ("firstPaymentReminderDate", order.starts_on),
            ("status", "ACTIVE"),
            ("TransactionID", order.schedule_id),
            ("ResponseCode", "0"),
        ]
    told += [("Status", "OKAY"), ("Msisdn", f"*********{order.msisdn[-3:]}")]
    return {
        "responseHeader": _header(order, "0", "Standing order created successfully"),
        "responseBody": {"responseData": [{"name": name, "value": value} for name, value in told]},
    }


def _failed(order: Order, code: int) -> Body:
    """Return the callback of a failure, Pascal case."""
    told = (
        ("TransactionID", order.schedule_id),
        ("responseCode", str(code)),
        ("Status", "ERROR"),
        ("Msisdn", f"*********{order.msisdn[-3:]}"),
    )
    return {
        "ResponseHeader": _header(order, str(code), words.RESULTS[code]),
        "ResponseBody": {"ResponseData": [{"Name": name, "Value": value} for name, value in told]},
    }


def _header(order: Order, code: str, description: str) -> Body:
    return {
        "responseRefID": order.request_id,
        "requestRefID": order.request_id,
        "responseCode": code,
        "responseDescription": description,
    }


def _day(body: Body, field: str) -> str:
    text = words.text_of(body, field)
    try:
        datetime.strptime(text, "%Y%m%d").replace(tzinfo=words.NAIROBI)
    except ValueError as error:
        raise words.invalid(field) from error
    return text
