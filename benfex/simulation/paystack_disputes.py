"""Disputes at the simulated Paystack: raised by a payer, reminded of, answered, resolved.

Source: Paystack docs, Disputes and Webhooks (charge.dispute.*); payments reference, B8.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benfex.simulation import paystack_words as words
from benfex.simulation.door import json_answer, read_object
from benfex.simulation.paystack_lists import numbered_page, within
from benfex.simulation.paystack_words import Charge

if TYPE_CHECKING:
    from benfex.simulation.paystack import Paystack

ANSWER_SECONDS = 24 * 3600.0
RESOLUTIONS = ("merchant-accepted", "declined")


@dataclass(slots=True)
class Dispute:
    """One dispute over a transaction, in subunits."""

    id: int
    charge: str
    amount: int
    reason: str
    created_at: float
    due_at: float
    status: str = "awaiting-merchant-feedback"
    resolution: str | None = None
    resolved_at: float | None = None
    note: str | None = None
    evidence: dict[str, object] | None = None
    files: list[str] = field(default_factory=list)


class Disputes:
    """All disputes and their addresses."""

    def __init__(self, paystack: "Paystack", *, touch: Callable[[], None]) -> None:
        self.rows: dict[int, Dispute] = {}
        self._paystack = paystack
        self._touch = touch

    def routes(self) -> list[Route]:
        """Return the addresses."""
        guarded = self._paystack.guarded
        return [
            Route("/dispute", guarded("disputes", self._list)),
            Route("/dispute/transaction/{id:int}", guarded("disputes", self._of_transaction)),
            Route("/dispute/{id:int}", guarded("disputes", self._fetch), methods=["GET"]),
            Route("/dispute/{id:int}", guarded("dispute", self._update), methods=["PUT"]),
            Route("/dispute/{id:int}/evidence", guarded("dispute", self._evidence), methods=["POST"]),
            Route("/dispute/{id:int}/upload_url", guarded("disputes", self._upload)),
            Route("/dispute/{id:int}/resolve", guarded("dispute", self._resolve), methods=["PUT"]),
        ]

    def raise_one(self, charge: Charge, *, reason: str, amount: int | None = None) -> Dispute:
        """Let the payer ask for the money back. Raises ValueError for what was not paid."""
        if charge.paid_at is None:
            raise ValueError("only a paid transaction can be disputed")
        dispute = Dispute(
            id=words.new_id() % 1_000_000_000,
            charge=charge.reference,
            amount=amount or charge.requested_amount,
            reason=reason,
            created_at=time.time(),
            due_at=time.time() + ANSWER_SECONDS,
        )
        self.rows[dispute.id] = dispute
        self._tell("create", dispute)
        return dispute

    def remind(self, dispute: Dispute) -> None:
        """Remind the merchant of a dispute."""
        self._tell("remind", dispute)

    def resolve(self, dispute: Dispute, resolution: str) -> None:
        """End a dispute, as the bank or an answer did. Raises ValueError for an unknown resolution."""
        if resolution not in RESOLUTIONS:
            raise ValueError(f"resolution must be one of {', '.join(RESOLUTIONS)}")
        if dispute.status == "resolved":
            return
        dispute.status, dispute.resolution, dispute.resolved_at = "resolved", resolution, time.time()
        if resolution == "merchant-accepted":
            charge = self._paystack.charges[dispute.charge]
            charge.refunded += dispute.amount
            if charge.refunded >= charge.requested_amount:
                self._paystack.set_status(charge, "reversed")
        self._tell("resolve", dispute)

    def describe(self, dispute: Dispute) -> dict[str, object]:
        """Return a dispute as answers and webhooks carry it."""
        charge = self._paystack.charges[dispute.charge]
        data = words.verify_data(charge)
        return {
            "id": dispute.id,
            "refund_amount": dispute.amount,
            "currency": charge.currency,
            "status": dispute.status,
            "resolution": dispute.resolution,
            "domain": charge.domain,
            "transaction": data,
            "transaction_reference": None,
            "category": "chargeback",
            "customer": data["customer"],
            "bin": "408408",
            "last4": (charge.card or "4081")[-4:],
            "dueAt": words.iso_time(dispute.due_at),
            "resolvedAt": words.iso_time(dispute.resolved_at),
            "evidence": dispute.evidence,
            "attachments": ",".join(dispute.files) or None,
            "note": dispute.note,
            "history": [
                {"status": "pending", "by": charge.email, "createdAt": words.iso_time(dispute.created_at)}
            ],
            "messages": [
                {
                    "sender": charge.email,
                    "body": dispute.reason,
                    "createdAt": words.iso_time(dispute.created_at),
                }
            ],
            "createdAt": words.iso_time(dispute.created_at),
            "updatedAt": words.iso_time(dispute.resolved_at or dispute.created_at),
        }

    async def _list(self, request: Request) -> Response:
        asked = request.query_params
        found = [
            dispute
            for dispute in reversed(self.rows.values())
            if within(dispute.created_at, asked)
            and asked.get("status") in {None, "", dispute.status}
            and asked.get("transaction") in {None, "", str(self._paystack.charges[dispute.charge].id)}
        ]
        return numbered_page(found, asked, describe=self.describe, message="Disputes retrieved")

    async def _of_transaction(self, request: Request) -> Response:
        for dispute in self.rows.values():
            if self._paystack.charges[dispute.charge].id == request.path_params["id"]:
                return _found("Dispute retrieved successfully", self.describe(dispute))
        raise _missing()

    async def _fetch(self, request: Request) -> Response:
        return _found("Dispute retrieved", self.describe(self._named(request)))

    async def _update(self, request: Request) -> Response:
        dispute, body = self._named(request), await _object(request)
        dispute.amount = words.plain_amount(body.get("refund_amount"))
        if body.get("uploaded_filename"):
            dispute.files.append(str(body["uploaded_filename"]))
        self._touch()
        return _found("Dispute updated successfully", self.describe(dispute))

    async def _evidence(self, request: Request) -> Response:
        dispute, body = self._named(request), await _object(request)
        for name in ("customer_email", "customer_name", "customer_phone", "service_details"):
            if not body.get(name):
                raise words.missing_parameter(f"{name} is required")
        dispute.evidence = {**body, "id": dispute.id + 1, "dispute": dispute.id}
        self._touch()
        now = words.iso_time(time.time())
        data = {"delivery_address": None, **dispute.evidence, "createdAt": now, "updatedAt": now}
        return _found("Evidence created", data)

    async def _upload(self, request: Request) -> Response:
        dispute = self._named(request)
        name = f"{words.new_code()}{request.query_params.get('upload_filename', '')}"
        address = f"{self._paystack.base_url}/uploads/{name}"
        dispute.files.append(name)
        return _found("Upload url generated", {"signedUrl": address, "fileName": name})

    async def _resolve(self, request: Request) -> Response:
        dispute, body = self._named(request), await _object(request)
        resolution = str(body.get("resolution") or "")
        if resolution not in RESOLUTIONS:
            raise words.refused_parameter("Invalid resolution passed", code="invalid_resolution")
        if not body.get("message"):
            raise words.missing_parameter("Message is required")
        if "refund_amount" not in body or "uploaded_filename" not in body:
            raise words.missing_parameter("Refund amount and uploaded filename are required")
        if dispute.status == "resolved":
            raise words.refused_parameter("Dispute has been resolved", code="dispute_resolved")
        dispute.note = str(body["message"])
        if resolution == "merchant-accepted":
            dispute.amount = words.plain_amount(body["refund_amount"])
            self.resolve(dispute, resolution)
        else:
            # The bank decides what the merchant declined.
            dispute.status = "awaiting-bank-feedback"
        self._touch()
        return _found("Dispute successfully resolved", self.describe(dispute))

    def _named(self, request: Request) -> Dispute:
        dispute = self.rows.get(request.path_params["id"])
        if dispute is None:
            raise _missing()
        return dispute

    def _tell(self, what: str, dispute: Dispute) -> None:
        self._touch()
        self._paystack.announce(f"charge.dispute.{what}", self.describe(dispute), about=dispute.charge)


def _found(message: str, data: object) -> Response:
    return json_answer({"status": True, "message": message, "data": data})


def _missing() -> words.RefusedError:
    return words.RefusedError(404, "dispute_not_found", "Dispute not found", next_step="Check the id")


async def _object(request: Request) -> dict[str, object]:
    try:
        return await read_object(request)
    except ValueError as error:
        raise words.refused_parameter("Invalid request body") from error
