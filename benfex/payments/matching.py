"""Find whose money it is: the attempt we made, or the account or phone number that was typed.

Only exact facts match by themselves; everything else waits as unmatched money for a person. The money of somebody
who is paid for goes to the account that it can pay on, which `account_for` says.
"""

from dataclasses import dataclass
from datetime import timedelta

from benfex.core.unit_of_work import Snapshot
from benfex.payments.gateway import PaymentEvidence
from data.models.payment import PaymentAttempt
from data.queries import customers as customer_queries
from data.queries import invoices as invoice_queries
from data.queries import payments as payment_queries
from data.values.errors import InvalidInput
from data.values.identifiers import CustomerId, check_account_number, parse_phone

ASKED_FOR = "the payment we asked for"
_ATTEMPT_WINDOW = timedelta(hours=72)


@dataclass(frozen=True, slots=True)
class Match:
    """The attempt and customer that were found, None when none was, and why in words."""

    attempt: PaymentAttempt | None
    customer_id: CustomerId | None
    reason: str


def account_for(snapshot: Snapshot, *, customer_id: CustomerId, currency: str) -> CustomerId:
    """Return on whose account a customer's money is booked: their own, or that of who pays for them.

    Their own as long as an invoice to themselves is open, such as one from before they had a payer; else it would
    lie there as credit while the bills of their services stand open with the payer. Never split: what is left
    of their own debt's money is their credit.
    """
    customer = customer_queries.find_customer(snapshot.session, customer_id)
    if customer is None or customer.payer_id is None:
        return customer_id
    if invoice_queries.open_invoices(snapshot.session, customer_id=customer_id, currency=currency):
        return customer_id
    return CustomerId(customer.payer_id)


def match_evidence(snapshot: Snapshot, *, evidence: PaymentEvidence) -> Match:
    """Return whose money the evidence speaks of; no customer means it is unmatched."""
    attempt = _named_attempt(snapshot, evidence)
    if attempt is not None:
        return Match(attempt, CustomerId(attempt.customer_id), ASKED_FOR)
    customer_id, reason = _customer(snapshot, evidence)
    if customer_id is None:
        return Match(None, None, reason)
    asked = payment_queries.unpaid_attempts(
        snapshot.session,
        gateway=evidence.gateway,
        customer_id=customer_id,
        amount_minor=evidence.amount.minor,
        since=snapshot.now - _ATTEMPT_WINDOW,
    )
    waiting = [row for row in asked if row.status in payment_queries.OPEN_STATES or row.paid_reported_at]
    # More than one attempt over the same sum: the money is still theirs, but which attempt is not known.
    likely = waiting if len(waiting) == 1 else asked
    return Match(likely[0] if len(likely) == 1 else None, customer_id, reason)


def _named_attempt(snapshot: Snapshot, evidence: PaymentEvidence) -> PaymentAttempt | None:
    session = snapshot.session
    if evidence.attempt_token:
        return payment_queries.attempt_by_callback(session, token_hash=evidence.attempt_token)
    if evidence.our_reference:
        found = payment_queries.attempt_by_reference(session, reference=evidence.our_reference)
        return found if found is not None and found.gateway == evidence.gateway else None
    if evidence.gateway_reference:
        return payment_queries.attempt_by_gateway_reference(
            session, gateway=evidence.gateway, gateway_reference=evidence.gateway_reference
        )
    return None


def _customer(snapshot: Snapshot, evidence: PaymentEvidence) -> tuple[CustomerId | None, str]:
    session = snapshot.session
    account_number = check_account_number(evidence.account_reference or "")
    if account_number is not None:
        customer = payment_queries.customer_by_account(session, account_number=account_number)
        if customer is not None and customer.id is not None:
            if customer.currency != evidence.amount.currency:
                return None, "the account is in another currency"
            return CustomerId(customer.id), "the account number"
    phone_sha256 = _typed_phone(evidence.account_reference or "")
    if phone_sha256 is not None:
        known = payment_queries.customers_by_phone_hash(session, phone_sha256=phone_sha256)
        if len(known) == 1 and known[0].id is not None and known[0].currency == evidence.amount.currency:
            return CustomerId(known[0].id), "a phone number typed as the account"
    return None, "no account number that we know"


def _typed_phone(text: str) -> str | None:
    try:
        return parse_phone(text).sha256
    except InvalidInput:
        return None
