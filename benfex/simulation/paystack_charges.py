"""Charges without the hosted page: mobile money, and cards that were saved before.

What they lead to is in paystack.py; test cards and the test phone are in paystack_cards.py.
Source: Paystack docs, Charge and Transaction (charge authorization); payments reference, B4 and B5.
"""

import asyncio
import re
import secrets
import time
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benfex.simulation import paystack_words as words
from benfex.simulation.door import json_answer, read_object
from benfex.simulation.paystack_cards import CARDS, FREE_PHONE
from benfex.simulation.paystack_words import Charge
from benfex.simulation.phone import Phones, Prompt

if TYPE_CHECKING:
    from benfex.simulation.paystack import Paystack

PAYBILL = "4084333"
KENYAN = re.compile(r"\+?254[17]\d{8}")
PROVIDERS = {
    "KES": {"mpesa", "mptill", "mpesa_offline", "atl"},
    "GHS": {"mtn", "vod", "atl"},
    "XOF": {"orange", "wave", "mtn"},
}
ON_PHONE = "Please complete authorization process on your mobile phone"
OTHER_EMAIL = (
    "Email does not match Authorization code. Authorization may be inactive or belong to a different email. "
    "Please confirm."
)
SAYS = {
    "cancel": "Request cancelled by user",
    "wrong_pin": "The initiator information is invalid.",
    "no_money": "Insufficient Funds",
    "too_late": "DS timeout user cannot be reached",
    "expired": "Transaction has expired",
}


class Charges:
    """The addresses of charges without the hosted page."""

    def __init__(self, paystack: "Paystack", phones: Phones | None) -> None:
        self._paystack = paystack
        self._phones = phones

    def routes(self) -> list[Route]:
        """Return the addresses."""
        guarded = self._paystack.guarded
        return [
            Route("/charge", guarded("charge", self._charge), methods=["POST"]),
            Route("/charge/{reference:path}", guarded("check", self._check)),
            Route(
                "/transaction/charge_authorization",
                guarded("charge_authorization", self._charge_authorization),
                methods=["POST"],
            ),
        ]

    def pay_by_hand(self, *, account: int, subunits: int) -> Charge:
        """Let somebody pay to Paystack's Paybill; a wrong amount fails the charge. Raises KeyError."""
        for charge in self._paystack.charges.values():
            if charge.paybill_account == account:
                if charge.status != "pending":
                    return charge
                if subunits == charge.requested_amount:
                    self._paystack.pay(charge, channel="mobile_money")
                else:
                    self._paystack.decline(charge, "Incorrect amount")
                return charge
        raise KeyError(str(account))

    async def _charge(self, request: Request) -> Response:
        body = await _object(request)
        told = body.get("mobile_money")
        if not isinstance(told, dict):
            raise words.refused_parameter("Only mobile money is charged here", code="unsupported_channel")
        charge = self._paystack.checked(body)
        provider = str(told.get("provider") or "")
        if provider not in PROVIDERS.get(charge.currency, set()):
            raise words.refused_parameter("Invalid mobile money provider", code="invalid_provider")
        charge.channel, charge.status, charge.provider = "mobile_money", "pending", provider
        if provider == "mptill":
            charge.payer_till = str(told.get("account") or "")
            if not re.fullmatch(r"\d{5,7}", charge.payer_till):
                raise words.refused_parameter("Invalid account passed", code="invalid_account")
        elif provider != "mpesa_offline":
            phone = str(told.get("phone") or "")
            if charge.currency == "KES" and not KENYAN.fullmatch(phone):
                raise words.refused_parameter("Invalid phone number passed", code="invalid_phone")
            charge.phone = phone.removeprefix("+")
        data: dict[str, object] = {
            "reference": charge.reference,
            "status": "pay_offline",
            "display_text": ON_PHONE,
        }
        if provider == "mpesa_offline":
            charge.paybill_account = 1_000_000 + secrets.randbelow(9_000_000)
            data |= {"account_number": PAYBILL, "account_reference": charge.paybill_account}
        self._paystack.add(charge)
        self._ask(charge)
        return json_answer({"status": True, "message": "Charge attempted", "data": data})

    def _ask(self, charge: Charge) -> None:
        """Show the prompt on the phone; the free number pays by itself."""
        loop, seconds = asyncio.get_running_loop(), self._paystack.options.prompt_seconds
        if charge.phone == FREE_PHONE:
            loop.call_soon(lambda: self._paystack.pay(charge, channel="mobile_money", phone=charge.phone))
        elif charge.phone and charge.provider == "mpesa" and self._phones is not None:
            prompt = Prompt(
                checkout_id=charge.access_code,
                msisdn=charge.phone,
                amount=charge.requested_amount // 100,
                account=charge.reference,
                business=self._paystack.options.business_name,
                opened_at=time.time(),
                expires_at=time.time() + seconds,
            )
            self._phones.show(prompt, resolve=lambda _, answer: self._answered(charge, answer))

    def _answered(self, charge: Charge, answer: str) -> None:
        if charge.status != "pending":
            return
        if answer == "pay":
            self._paystack.pay(charge, channel="mobile_money", phone=charge.phone)
        else:
            self._paystack.decline(charge, SAYS.get(answer, "Declined"))

    async def _check(self, request: Request) -> Response:
        charge = self._paystack.charges.get(request.path_params["reference"])
        if charge is None:
            raise words.no_such_transaction()
        data: dict[str, object] = {"reference": charge.reference, "status": charge.status}
        if charge.status == "success":
            data = words.event_data(charge)
        elif charge.status == "failed":
            data["message"] = charge.message
        return json_answer({"status": True, "message": "Reference check successful", "data": data})

    async def _charge_authorization(self, request: Request) -> Response:
        body = await _object(request)
        code = str(body.get("authorization_code") or "")
        if not code:
            raise words.missing_parameter("Authorization code is required")
        charge = self._paystack.checked(body)
        saved = next(
            (
                one
                for one in self._paystack.charges.values()
                if one.authorization_code == code and one.paid_at
            ),
            None,
        )
        if saved is None or saved.card is None:
            raise words.refused_parameter("Authorization code is invalid", code="invalid_authorization_code")
        if saved.email != charge.email:
            raise words.refused_parameter(OTHER_EMAIL, code="email_mismatch")
        card = CARDS[saved.card]
        charge.channel, charge.card, charge.authorization_code = "card", card.number, code
        self._paystack.add(charge)
        if self._paystack.takes_pause():
            data: dict[str, object] = {
                "authorization_url": f"{self._paystack.base_url}/checkout/{charge.access_code}",
                "reference": charge.reference,
                "access_code": charge.access_code,
                "paused": True,
            }
            message = "Please, redirect your customer to the authorization url provided"
            return json_answer({"status": True, "message": message, "data": data})
        declined = card.declined or self._paystack.options.saved_cards_say
        if declined:
            self._paystack.decline(charge, declined)
        else:
            self._paystack.pay(charge, channel="card", card=card.number)
        return json_answer({"status": True, "message": "Charge attempted", "data": words.verify_data(charge)})


async def _object(request: Request) -> dict[str, object]:
    try:
        return await read_object(request)
    except ValueError as error:
        raise words.refused_parameter("Invalid request body") from error
