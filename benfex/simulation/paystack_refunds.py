"""Refunds at the simulated Paystack: asked for, under way, and how they end; each step is announced.

A refund has no key of its own, so asking twice refunds twice as long as there is money left. Events write the
amount as text or as a number, name the transaction and mostly no id (payments reference, B6).
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benfex.simulation import paystack_words as words
from benfex.simulation.door import json_answer, read_object
from benfex.simulation.paystack_cards import CARDS
from benfex.simulation.paystack_lists import numbered_page, within
from benfex.simulation.paystack_words import Charge

if TYPE_CHECKING:
    from benfex.simulation.paystack import Paystack

ENDS = {"processed", "failed"}
STEPS = ("pending", "processing", "needs-attention", *sorted(ENDS))


@dataclass(slots=True)
class Refund:
    """One refund in subunits; `reference` is the processor's, known once it is under way."""

    id: int
    charge: str
    amount: int
    currency: str
    customer_note: str
    merchant_note: str
    created_at: float
    domain: str
    status: str = "pending"
    reference: str | None = None
    refunded_at: float | None = None


class Refunds:
    """All refunds and their addresses."""

    def __init__(self, paystack: "Paystack", *, touch: Callable[[], None]) -> None:
        self.rows: dict[int, Refund] = {}
        self._paystack = paystack
        self._touch = touch
        self._timers: set[asyncio.TimerHandle] = set()

    def routes(self) -> list[Route]:
        """Return the addresses."""
        guarded = self._paystack.guarded
        return [
            Route("/refund", guarded("refund", self._create), methods=["POST"]),
            Route("/refund", guarded("refunds", self._list), methods=["GET"]),
            Route(
                "/refund/retry_with_customer_details/{id:int}",
                guarded("refund_retry", self._retry),
                methods=["POST"],
            ),
            Route("/refund/{id:int}", guarded("refunds", self._fetch)),
        ]

    def move(self, refund: Refund, status: str) -> None:
        """Let a refund take a step and announce it; what ended stays as it is. Raises ValueError."""
        if status not in STEPS:
            raise ValueError(f"status must be one of {', '.join(STEPS)}")
        if refund.status in ENDS:
            return
        refund.status = status
        refund.reference = refund.reference or f"TRF_{words.new_code()}"
        if status == "processed":
            refund.refunded_at = time.time()
            self._book(refund)
        self._touch()
        self._paystack.announce(f"refund.{status}", self.event_data(refund), about=refund.charge)

    def of_charge(self, reference: str) -> list[Refund]:
        """Return the refunds of a transaction, newest first."""
        return [refund for refund in reversed(self.rows.values()) if refund.charge == reference]

    def stop(self) -> None:
        """Forget what was to happen next."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def event_data(self, refund: Refund) -> dict[str, object]:
        """Return a refund as webhooks carry it."""
        charge = self._paystack.charges[refund.charge]
        is_number = refund.status in {"failed", "needs-attention"}
        data: dict[str, object] = {
            "status": refund.status,
            "transaction_reference": refund.charge,
            "refund_reference": None if refund.status == "pending" else refund.reference,
            "amount": refund.amount if is_number else str(refund.amount),
            "currency": refund.currency,
            "processor": "mpesa" if charge.channel == "mobile_money" else "instant-transfer",
            "customer": {"first_name": None, "last_name": None, "email": charge.email},
            "integration": words.INTEGRATION,
            "domain": refund.domain,
        }
        if refund.status == "needs-attention":
            data |= {
                "id": str(refund.id),
                "customer_note": refund.customer_note,
                "merchant_note": refund.merchant_note,
            }
        return data

    async def _create(self, request: Request) -> Response:
        body = await _object(request)
        charge = self._charge_of(body.get("transaction"))
        if charge.paid_at is None:
            raise words.refused_parameter("Transaction has not been paid", code="transaction_not_paid")
        taken = sum(one.amount for one in self.of_charge(charge.reference) if one.status != "failed")
        left = charge.requested_amount - taken
        amount = words.plain_amount(body["amount"]) if body.get("amount") not in {None, ""} else left
        if left <= 0:
            raise words.refused_parameter(
                "Transaction has been fully reversed", code="transaction_fully_reversed"
            )
        if amount > left:
            raise words.refused_parameter(
                "Refund amount cannot be more than the amount left on the transaction",
                code="refund_amount_too_large",
            )
        if str(body.get("currency") or charge.currency) != charge.currency:
            raise words.refused_parameter("Currency does not match the transaction", code="invalid_currency")
        refund = Refund(
            id=words.new_id() % 1_000_000_000,
            charge=charge.reference,
            amount=amount,
            currency=charge.currency,
            customer_note=str(body.get("customer_note") or f"Refund for transaction {charge.reference}"),
            merchant_note=str(body.get("merchant_note") or f"Refund for transaction {charge.reference}"),
            created_at=time.time(),
            domain=charge.domain,
        )
        self.rows[refund.id] = refund
        self._touch()
        self._paystack.announce("refund.pending", self.event_data(refund), about=refund.charge)
        self._later(refund, "processing", after_seconds=self._paystack.options.refund_seconds)
        data = {**self._describe(refund), "transaction": words.verify_data(charge)}
        return json_answer({"status": True, "message": "Refund has been queued for processing", "data": data})

    async def _list(self, request: Request) -> Response:
        asked = request.query_params
        wanted = self._charge_of(asked["transaction"]).reference if asked.get("transaction") else None
        found = [
            refund
            for refund in reversed(self.rows.values())
            if within(refund.created_at, asked)
            and wanted in {None, refund.charge}
            and asked.get("currency") in {None, "", refund.currency}
        ]
        return numbered_page(found, asked, describe=self._describe, message="Refunds retrieved")

    async def _fetch(self, request: Request) -> Response:
        return json_answer(
            {"status": True, "message": "Refund retrieved", "data": self._describe(self._found(request))}
        )

    async def _retry(self, request: Request) -> Response:
        refund, body = self._found(request), await _object(request)
        account = body.get("refund_account_details")
        if not isinstance(account, dict) or not all(
            account.get(key) for key in ("currency", "account_number", "bank_id")
        ):
            raise words.missing_parameter("Refund account details are required")
        if refund.status != "needs-attention":
            raise words.refused_parameter("Refund does not need attention", code="invalid_refund_status")
        refund.status = "processing"
        self._later(refund, "processed", after_seconds=self._paystack.options.refund_seconds)
        message = "Refund retried and has been queued for processing"
        return json_answer({"status": True, "message": message, "data": self._describe(refund)})

    def _later(self, refund: Refund, status: str, *, after_seconds: float) -> None:
        """Let time pass; less than nothing means that only the control door moves it."""
        if after_seconds < 0:
            return

        def step() -> None:
            self._timers.discard(timer)
            self.move(refund, status)
            if status == "processing":
                self._later(refund, self._end_of(refund), after_seconds=after_seconds)

        timer = asyncio.get_running_loop().call_later(after_seconds, step)
        self._timers.add(timer)

    def _end_of(self, refund: Refund) -> str:
        card = self._paystack.charges[refund.charge].card
        return CARDS[card].refund_ends if card else "processed"

    def _book(self, refund: Refund) -> None:
        charge = self._paystack.charges[refund.charge]
        charge.refunded += refund.amount
        if charge.refunded >= charge.requested_amount:
            self._paystack.set_status(charge, "reversed")

    def _describe(self, refund: Refund) -> dict[str, object]:
        charge = self._paystack.charges[refund.charge]
        return {
            "integration": words.INTEGRATION,
            "transaction": charge.id,
            "dispute": None,
            "settlement": None,
            "id": refund.id,
            "domain": refund.domain,
            "currency": refund.currency,
            "amount": refund.amount,
            "status": refund.status,
            "refunded_at": words.iso_time(refund.refunded_at),
            "refunded_by": "owner@benfex.example",
            "customer_note": refund.customer_note,
            "merchant_note": refund.merchant_note,
            "deducted_amount": refund.amount,
            "fully_deducted": True,
            "createdAt": words.iso_time(refund.created_at),
            "transaction_reference": charge.reference,
            "bank_reference": refund.reference,
        }

    def _charge_of(self, named: object) -> Charge:
        for charge in self._paystack.charges.values():
            if str(named) in {charge.reference, str(charge.id)}:
                return charge
        raise words.no_such_transaction()

    def _found(self, request: Request) -> Refund:
        refund = self.rows.get(request.path_params["id"])
        if refund is None:
            raise words.RefusedError(404, "refund_not_found", "Refund not found", next_step="Check the id")
        return refund


async def _object(request: Request) -> dict[str, object]:
    try:
        return await read_object(request)
    except ValueError as error:
        raise words.refused_parameter("Invalid request body") from error
