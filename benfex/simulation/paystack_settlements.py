"""What the simulated Paystack pays out to the merchant's bank, and what it still holds.

total_processed - total_fees = total_amount. Paystack settles by itself the next working day, and nothing in test
mode; here the control door says when. Source: Paystack docs, Settlements and Balance; payments reference, B8.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benfex.simulation import paystack_words as words
from benfex.simulation.door import json_answer
from benfex.simulation.paystack_lists import numbered_page, within
from benfex.simulation.paystack_words import Charge

if TYPE_CHECKING:
    from benfex.simulation.paystack import Paystack


@dataclass(slots=True)
class Settlement:
    """One payout to the bank, in subunits; `deductions` are refunds and disputes since the last."""

    id: int
    currency: str
    processed: int
    fees: int
    deductions: int
    at: float
    domain: str


class Settlements:
    """All settlements, what is held, and their addresses."""

    def __init__(self, paystack: "Paystack", *, touch: Callable[[], None]) -> None:
        self.rows: dict[int, Settlement] = {}
        self._paystack = paystack
        self._touch = touch

    def routes(self) -> list[Route]:
        """Return the addresses."""
        guarded = self._paystack.guarded
        return [
            Route("/settlement", guarded("settlements", self._list)),
            Route("/settlement/{id:int}/transactions", guarded("settlements", self._transactions)),
            Route("/balance", guarded("balance", self._balance)),
        ]

    def settle(self, *, currency: str, at: float | None = None) -> Settlement:
        """Pay out what came since the last time. Raises ValueError when that is nothing."""
        charges = [charge for charge in self._paid(currency) if charge.settlement is None]
        if not charges:
            raise ValueError(f"nothing to settle in {currency}")
        settlement = Settlement(
            id=words.new_id() % 10_000_000,
            currency=currency,
            processed=sum(charge.amount for charge in charges),
            fees=sum(charge.fees or 0 for charge in charges),
            deductions=self._given_back(currency) - sum(row.deductions for row in self._of(currency)),
            at=at or time.time(),
            domain=charges[0].domain,
        )
        for charge in charges:
            charge.settlement = settlement.id
        self.rows[settlement.id] = settlement
        self._touch()
        return settlement

    def held(self, currency: str) -> int:
        """Return what is held in a currency: what came less fees, refunds and payouts."""
        came = sum(charge.amount - (charge.fees or 0) for charge in self._paid(currency))
        paid_out = sum(row.processed - row.fees - row.deductions for row in self._of(currency))
        return came - self._given_back(currency) - paid_out

    def _paid(self, currency: str) -> list[Charge]:
        return [
            charge
            for charge in self._paystack.charges.values()
            if charge.paid_at is not None and charge.currency == currency
        ]

    def _of(self, currency: str) -> list[Settlement]:
        return [row for row in self.rows.values() if row.currency == currency]

    def _given_back(self, currency: str) -> int:
        return sum(charge.refunded for charge in self._paid(currency))

    async def _list(self, request: Request) -> Response:
        asked = request.query_params
        found = [
            row
            for row in reversed(self.rows.values())
            if within(row.at, asked) and asked.get("status") in {None, "", "success"}
        ]
        return numbered_page(found, asked, describe=_describe, message="Settlements retrieved")

    async def _transactions(self, request: Request) -> Response:
        wanted = request.path_params["id"]
        if wanted not in self.rows:
            raise words.RefusedError(
                404, "settlement_not_found", "Settlement not found", next_step="Check it"
            )
        found = [charge for charge in self._paystack.charges.values() if charge.settlement == wanted]
        return numbered_page(
            found,
            request.query_params,
            describe=words.verify_data,
            message="Transactions retrieved",
        )

    async def _balance(self, request: Request) -> Response:
        options = self._paystack.options
        data = [{"currency": currency, "balance": self.held(currency)} for currency in options.currencies]
        return json_answer({"status": True, "message": "Balances retrieved", "data": data})


def _describe(row: Settlement) -> dict[str, object]:
    return {
        "id": row.id,
        "domain": row.domain,
        "status": "success",
        "currency": row.currency,
        "integration": words.INTEGRATION,
        "total_amount": row.processed - row.fees,
        "effective_amount": row.processed - row.fees - row.deductions,
        "total_fees": row.fees,
        "total_processed": row.processed,
        "deductions": row.deductions or None,
        "settlement_date": words.iso_time(row.at),
        "settled_by": None,
        "createdAt": words.iso_time(row.at),
        "updatedAt": words.iso_time(row.at),
    }
