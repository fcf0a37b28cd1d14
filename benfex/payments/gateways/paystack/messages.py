"""Paystack's transactions: how they are asked for, begun, verified, listed and told by signed events. Pure.

Refunds, disputes, payouts and settlements are in `money_back`; text, amounts and signatures in `reading`.
Source: Paystack's OpenAPI and docs, Transactions, Charge and Webhooks.
"""

from calendar import monthrange
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from benfex.payments.gateway import (
    ChargeSucceeded,
    Failed,
    GatewayEvent,
    Ignored,
    PaymentEvidence,
    PaymentOutcome,
    PaymentRequest,
    Pending,
    StartedPayment,
    Succeeded,
    TakenBack,
    Unknown,
)
from benfex.payments.gateway_events import PaymentTakenBack, SavedCard
from benfex.payments.gateways.paystack.money_back import MONEY_BACK_EVENTS, read_money_back
from benfex.payments.gateways.paystack.reading import (
    NAME,
    data_of,
    instant_of,
    is_of_mode,
    load,
    mapping_of,
    money_of,
    subunits_of,
    text_of,
)
from data.values.kinds import EvidenceGrade

PUSH_CHANNELS = ("mpesa", "atl", "mptill")
OFFLINE_CHANNEL = "mpesa_offline"
_WAITING = {"abandoned", "ongoing", "pending", "processing", "queued"}
# What a charge may ask for next that only Paystack's own page can take (docs, Charge, `status`).
_ASKS = {
    "send_otp": "a one-time code",
    "send_pin": "the PIN of the card",
    "send_phone": "a phone number",
    "send_birthday": "a birthday",
    "send_address": "an address",
}
_NOTHING_TO_DO = {
    "charge.failed": "verifying finds out, and the payer may yet pay on the same page",
    "bank.transfer.rejected": "no money came",
    "paymentrequest.pending": "we send no payment requests by Paystack",
    "paymentrequest.success": "its charge is told by charge.success",
    "invoice.create": "we bill by ourselves",
    "invoice.update": "its charge is told by charge.success",
    "invoice.payment_failed": "we bill by ourselves",
}


# Asking


def initialize_body(request: PaymentRequest) -> dict[str, Any]:
    """Return what begins a payment on Paystack's own page; a channel narrows the page to it."""
    return {
        **_common(request),
        "callback_url": request.return_url,
        "metadata": {"account": request.account_number},
        **({"channels": [request.channel]} if request.channel else {}),
    }


def mobile_money_body(request: PaymentRequest) -> dict[str, Any]:
    """Return what asks on a phone (mpesa, atl), at a till (mptill) or by a Paybill of Paystack's (mpesa_offline)."""
    money: dict[str, Any] = {"provider": request.channel}
    if request.channel == "mptill":
        money["account"] = request.payer_till
    elif request.payer_phone is not None:
        money["phone"] = request.payer_phone.e164
    return {
        **_common(request),
        "mobile_money": money,
        "metadata": {"account": request.account_number},
    }


def saved_card_body(request: PaymentRequest, card: SavedCard) -> dict[str, Any]:
    """Return what charges a card that its owner let us keep; the e-mail has to be the one it was saved with."""
    return {
        **_common(request),
        "email": card.email,
        "authorization_code": card.code,
        "callback_url": request.return_url,
        "metadata": {"account": request.account_number},
    }


def _common(request: PaymentRequest) -> dict[str, Any]:
    return {
        # Paystack wants an address from everybody; people without one get a stable one of ours.
        "email": request.payer_email or f"{request.account_number.lower()}@customers.invalid",
        "amount": subunits_of(request.amount),
        "currency": request.amount.currency,
        "reference": request.reference,
    }


# Begun


def read_initialized(data: Mapping[str, Any]) -> StartedPayment | None:
    """Return where to send the browser; None when the answer does not say."""
    address, reference = _address(data.get("authorization_url")), text_of(data.get("reference"), 120)
    return StartedPayment(reference, address) if address and reference else None


def read_charge(data: Mapping[str, Any], *, reference: str) -> StartedPayment | Failed | None:
    """Return what a direct charge waits for, a clear no, or None when the answer cannot be read.

    A charge that says success is only begun here: the signed event or verifying says what came.
    """
    named = text_of(data.get("reference"), 120) or reference
    status = text_of(data.get("status"), 40)
    said = text_of(data.get("display_text"), 300)
    if data.get("paused") is True or status == "open_url":
        address = _address(data.get("authorization_url") or data.get("url"))
        return StartedPayment(named, address, said or None) if address else None
    if status == "pay_offline":
        return StartedPayment(named, customer_message=_how_to_pay(data, said))
    if status in _WAITING or status == "success":
        return StartedPayment(named, customer_message=said or None)
    if status == "failed":
        return Failed("failed", _words(data))
    if status in _ASKS:
        return Failed(status, f"Paystack asks for {_ASKS[status]}. Pay on its page instead.")
    return None


def _how_to_pay(data: Mapping[str, Any], said: str) -> str:
    paybill, account = text_of(data.get("account_number"), 20), text_of(data.get("account_reference"), 40)
    if paybill and account:
        return f"Pay by M-Pesa: Paybill {paybill}, account {account}, exactly this amount."
    return said or "Confirm the payment on your phone."


def _address(value: object) -> str:
    address = text_of(value, 500)
    is_web = address.startswith(("https://", "http://127.0.0.1", "http://localhost"))
    return address if is_web else ""


# Told


def read_event(body: bytes, *, is_live: bool, received_at: datetime) -> GatewayEvent:
    """Return what a signed event says. Only successful charges are announced; the rest is verified.

    A `charge.failed`, which only guides by others know, says nothing that polling does not find out: the payer
    may still pay on the same page.
    """
    content = load(body)
    data = content.get("data") if isinstance(content, dict) else None
    if not isinstance(content, dict) or not isinstance(data, dict):
        return Ignored("no event that can be read")
    name = text_of(content.get("event"), 60)
    if name != "charge.success" and name not in MONEY_BACK_EVENTS:
        reason = _NOTHING_TO_DO.get(name)
        return Ignored(
            f"nothing to do for {name or 'an event without a name'}{f': {reason}' if reason else ''}"
        )
    if not is_of_mode(data, is_live=is_live):
        return Ignored("an event of the other mode, test or live")
    if name in MONEY_BACK_EVENTS:
        return read_money_back(name, data)
    if text_of(data.get("status"), 40) != "success":
        return Ignored("a charge that has not succeeded")
    evidence = read_transaction(data, received_at=received_at)
    return ChargeSucceeded(evidence) if evidence is not None else Ignored("a charge that cannot be read")


def read_transaction(data: Mapping[str, Any], *, received_at: datetime) -> PaymentEvidence | None:
    """Return a successful transaction as evidence, None when id, reference, amount or currency is missing.

    The amount is what we asked for: where the payer bears the fee, `amount` is larger (payments reference, B3).
    Where less came than was asked for, it is what came.
    """
    transaction_id, reference = text_of(data.get("id"), 21), text_of(data.get("reference"), 120)
    charged = money_of(data.get("amount"), data.get("currency"))
    asked = money_of(data.get("requested_amount") or data.get("amount"), data.get("currency"))
    if not (transaction_id.isascii() and transaction_id.isdigit()) or len(transaction_id) > 20:
        return None
    if not reference or charged is None or asked is None:
        return None
    amount = min(asked, charged)
    if not amount.is_positive:
        return None
    person = mapping_of(data.get("customer"))
    name = " ".join(text_of(person.get(key), 60) for key in ("first_name", "last_name")).strip()
    return PaymentEvidence(
        gateway=NAME,
        grade=EvidenceGrade.SIGNED,
        transaction_id=transaction_id,
        amount=amount,
        received_at=instant_of(data.get("paid_at") or data.get("paidAt")) or received_at,
        gateway_reference=reference,
        our_reference=reference,
        payer_phone=text_of(person.get("phone"), 64) or None,
        payer_name=name[:120] or None,
        fee=None if charged > asked else money_of(data.get("fees"), data.get("currency")),
        saved_card=read_saved_card(data),
    )


def read_saved_card(data: Mapping[str, Any]) -> SavedCard | None:
    """Return the card that may be charged again; None when Paystack does not say that it may."""
    told = mapping_of(data.get("authorization"))
    code = text_of(told.get("authorization_code"), 80)
    email = text_of(mapping_of(data.get("customer")).get("email"), 254)
    if told.get("reusable") is not True or not code or "@" not in email:
        return None
    brand = text_of(told.get("brand"), 24) or text_of(told.get("card_type"), 24) or "Card"
    last = text_of(told.get("last4"), 4)
    return SavedCard(
        code=code,
        signature=text_of(told.get("signature"), 80) or code,
        email=email,
        label=f"{brand[:1].upper()}{brand[1:]} ending {last}" if last else f"{brand[:1].upper()}{brand[1:]}",
        expires_on=_last_day(told.get("exp_year"), told.get("exp_month")),
    )


def _last_day(year: object, month: object) -> date | None:
    years, months = text_of(year, 5), text_of(month, 3)
    if not (years.isascii() and years.isdigit() and months.isascii() and months.isdigit()):
        return None
    if not (2000 <= int(years) <= 9998 and 1 <= int(months) <= 12):  # 9999 means that it never ends
        return None
    return date(int(years), int(months), monthrange(int(years), int(months))[1])


def read_verification(body: bytes, *, reference: str, is_live: bool, received_at: datetime) -> PaymentOutcome:
    """Return what verifying says of a transaction: the top-level status only means that the call worked."""
    data = data_of(body)
    if not isinstance(data, dict) or data.get("reference") != reference:
        return Unknown("an answer that cannot be read")
    if not is_of_mode(data, is_live=is_live):
        return Unknown("a transaction of the other mode, test or live")
    status = text_of(data.get("status"), 40)
    if status == "success":
        evidence = read_transaction(data, received_at=received_at)
        return Succeeded(evidence) if evidence is not None else Unknown("a success that cannot be read")
    if status in _WAITING:
        return Pending()
    if status == "reversed":
        reason = "The payment was given back, or its bank took it back."
        named = text_of(data.get("id"), 20) or None
        return TakenBack(PaymentTakenBack(named, reference, reason))
    if status == "failed":
        return Failed(status, _words(data))
    return Unknown(f"status {status}")


def read_list(
    body: bytes, *, is_live: bool, received_at: datetime
) -> tuple[tuple[PaymentEvidence, ...], str | None] | None:
    """Return the successful transactions of a page, and the cursor of the next one, None at the end.

    A page that cannot be read is None: it must not look like an empty one.
    """
    content = load(body)
    rows = content.get("data") if isinstance(content, dict) else None
    if not isinstance(content, dict) or not isinstance(rows, list):
        return None
    found = [
        evidence
        for row in rows
        if isinstance(row, dict) and row.get("status") == "success" and is_of_mode(row, is_live=is_live)
        if (evidence := read_transaction(row, received_at=received_at)) is not None
    ]
    cursor = text_of(mapping_of(content.get("meta")).get("next"), 200)
    return tuple(found), cursor if cursor not in {"", "null"} else None


def page_count(body: bytes) -> int:
    """Return how many pages a numbered list has; 1 when it does not say."""
    told = text_of(mapping_of(mapping_of(load(body)).get("meta")).get("pageCount"), 9)
    return max(1, int(told)) if told.isascii() and told.isdigit() else 1


def _words(data: Mapping[str, Any]) -> str:
    said = text_of(data.get("gateway_response") or data.get("message"), 200)
    return f"The payment did not go through: {said}"[:200] if said else "The payment did not go through."
