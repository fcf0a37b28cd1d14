"""Pesapal's messages: errors that come with HTTP 200, order statuses, the list of addresses, notices. Pure.

Source: Pesapal API 3.0 (payments reference, C2). Amounts are in major units; success carries the same error
object as failure, with nulls or as null. The case of a status word varies, its code does not.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qs

from benfex.payments.gateway import (
    Failed,
    GatewayEvent,
    Ignored,
    PaymentEvidence,
    PaymentOutcome,
    Pending,
    StatusChanged,
    Succeeded,
    TakenBack,
    Unknown,
)
from benfex.payments.gateway_events import PaymentTakenBack
from benfex.payments.wire import instant_of, load, load_object, money_of, object_in, text_of
from data.values.kinds import EvidenceGrade

NAME = "pesapal"
NAIROBI = timezone(timedelta(hours=3))
_NOT_PAID_YET = "payment_details_not_found"


@dataclass(frozen=True, slots=True)
class PesapalError:
    """What the error object says; both empty when it says nothing."""

    code: str
    message: str

    @property
    def is_set(self) -> bool:
        """Return whether something went wrong."""
        return bool(self.code or self.message)

    @property
    def is_about_token(self) -> bool:
        """Return whether the token is the matter, so that nothing was done with the rest."""
        return "token" in f"{self.code} {self.message}".lower()


def error_of(content: Mapping[str, Any]) -> PesapalError:
    """Return the error in an answer; a status other than 200 without one is an error too."""
    told = object_in(content, "error")
    error = PesapalError(text_of(told.get("code"), 60), text_of(told.get("message"), 160))
    status = text_of(content.get("status"), 8)
    if not error.is_set and status not in {"", "200"}:
        return PesapalError(status, text_of(content.get("message"), 160))
    return error


def read_notice(body: bytes) -> GatewayEvent:
    """Return which order changed, from a JSON body or from the query of an address; how, must be asked."""
    content = load(body)
    if isinstance(content, dict):
        words: Mapping[str, Any] = content
    else:
        try:
            words = {
                key: found[-1] for key, found in parse_qs(body.decode("ascii"), max_num_fields=20).items()
            }
        except ValueError:
            return Ignored("no notice that can be read")
    small = {key.lower(): value for key, value in words.items()}
    tracking_id = text_of(small.get("ordertrackingid"), 120)
    reference = text_of(small.get("ordermerchantreference"), 120)
    if not tracking_id or not reference:
        return Ignored("no notice that can be read")
    return StatusChanged(reference, tracking_id)


def write_reply(notice: StatusChanged | None) -> bytes:
    """Return the answer that Pesapal waits for: what it said, and 200."""
    return json.dumps(
        {
            "orderNotificationType": "IPNCHANGE",
            "orderTrackingId": (notice.gateway_reference if notice else None) or "",
            "orderMerchantReference": (notice.our_reference if notice else None) or "",
            "status": 200,
        }
    ).encode()


def read_status(body: bytes, *, reference: str, tracking_id: str, received_at: datetime) -> PaymentOutcome:
    """Return how an order stands. INVALID (0) before anybody paid is no failure."""
    content = load_object(body)
    error = error_of(content)
    if error.code == _NOT_PAID_YET:
        return Pending()
    if text_of(content.get("merchant_reference"), 120) != reference:
        return Unknown(error.message or "an answer that cannot be read")
    match text_of(content.get("status_code"), 4):
        case "0":
            return Pending()
        case "1":
            evidence = _evidence(content, tracking_id=tracking_id, received_at=received_at)
            return Succeeded(evidence) if evidence is not None else Unknown("a success that cannot be read")
        case "2":
            said = text_of(content.get("description"), 160)
            return Failed("failed", f"The payment did not go through: {said}" if said else _NO)
        case "3":
            return TakenBack(
                PaymentTakenBack(
                    transaction_id=text_of(content.get("confirmation_code"), 80) or None,
                    payment_reference=reference,
                    reason="Pesapal says that the payment was reversed.",
                )
            )
        case other:
            return Unknown(f"status {other}")


def find_address(body: bytes, *, url: str) -> str | None:
    """Return the id under which our address is registered, None when it is not; the newest wins.

    Raises ValueError when the list cannot be read, since it must not look like an empty one.
    """
    rows = load(body)
    if not isinstance(rows, list):
        raise ValueError("the list of addresses cannot be read")
    found = [
        text_of(row.get("ipn_id"), 80)
        for row in rows
        if isinstance(row, dict) and row.get("url") == url and _is_active(row)
    ]
    return next((ipn_id for ipn_id in reversed(found) if ipn_id), None)


def _is_active(row: Mapping[str, Any]) -> bool:
    return text_of(row.get("ipn_status_description") or "Active", 20).lower() == "active"


def _evidence(
    content: Mapping[str, Any], *, tracking_id: str, received_at: datetime
) -> PaymentEvidence | None:
    receipt = text_of(content.get("confirmation_code"), 80)
    amount = money_of(content.get("amount"), content.get("currency"))
    if not receipt or amount is None or not amount.is_positive:
        return None
    return PaymentEvidence(
        gateway=NAME,
        grade=EvidenceGrade.SIGNED,
        transaction_id=receipt,
        amount=amount,
        received_at=instant_of(content.get("created_date"), zone=NAIROBI) or received_at,
        gateway_reference=tracking_id,
        our_reference=text_of(content.get("merchant_reference"), 120),
        payer_phone=text_of(content.get("payment_account"), 64) or None,
    )


_NO = "The payment did not go through."
