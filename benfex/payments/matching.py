"""Find whose money it is: what we asked for, an exact fact that was typed, or several facts that agree.

Each match says what spoke for it; what reaches the threshold with a clear lead books, the rest waits with its
suggestions for a person (`scoring`). The money of somebody who is paid for goes to the account that it can pay on,
which `account_for` says.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from benfex.core.unit_of_work import Snapshot
from benfex.payments.gateway import PaymentEvidence
from benfex.payments.policy import payment_terms
from benfex.payments.scoring import HIGHEST, Candidate, Points, Suggestion, clear_winner, rank, read_mask
from data.models.payment import PaymentAttempt
from data.queries import customers as customer_queries
from data.queries import invoices as invoice_queries
from data.queries import matching as matching_queries
from data.queries import payments as payment_queries
from data.queries.matching import NearCustomer
from data.values.errors import InvalidInput
from data.values.identifiers import (
    CustomerId,
    account_slips,
    check_account_number,
    parse_phone,
    written_account,
)
from data.values.kinds import HintKind
from data.values.money import Money

ASKED_FOR = "the payment we asked for"
SUGGESTIONS_MAX = 3
_ATTEMPT_WINDOW = timedelta(hours=72)
_HASH_LENGTH_MIN = 60  # some shortcodes cut the 64 digits short
_NOT_FOUND = "no account number that we know"


@dataclass(frozen=True, slots=True)
class Match:
    """The attempt and customer that were found, None when none was, and why in words.

    `score` is 0 to 100; `suggestions` are whose it may be, best first, where nobody was found.
    """

    attempt: PaymentAttempt | None
    customer_id: CustomerId | None
    reason: str
    score: int = 0
    reasons: tuple[str, ...] = ()
    suggestions: tuple[Suggestion, ...] = ()


@dataclass(frozen=True, slots=True)
class Clues:
    """What a payment says of whose it is. The phone may be whole, masked or missing; `phone_sha256` may be cut."""

    amount: Money
    account_reference: str = ""
    payer_name: str = ""
    payer_phone: str = ""
    phone_sha256: str | None = None


def clues_of(evidence: PaymentEvidence) -> Clues:
    """Return the clues of a piece of evidence."""
    return Clues(
        evidence.amount,
        evidence.account_reference or "",
        evidence.payer_name or "",
        evidence.payer_phone or "",
        evidence.payer_phone_sha256,
    )


def shown_phone(kept: str) -> str:
    """Return the payer's phone that is kept with a payment as people may read it: a hash says nothing to them."""
    return "" if len(kept) >= _HASH_LENGTH_MIN else kept


def write_match(match: Match) -> str:
    """Return a match as it is kept with its payment: what spoke for the customer, or whose it may be."""
    return json.dumps(
        {
            "reasons": match.reasons,
            "suggestions": [
                {"customer_id": one.customer_id, "score": one.score, "reasons": one.reasons}
                for one in match.suggestions
            ],
        }
    )


def read_match(written: str) -> tuple[tuple[str, ...], tuple[Suggestion, ...]]:
    """Return the reasons and the suggestions that are kept with a payment."""
    kept = json.loads(written) or {}
    return tuple(kept.get("reasons", ())), tuple(
        Suggestion(CustomerId(one["customer_id"]), one["score"], tuple(one["reasons"]))
        for one in kept.get("suggestions", ())
    )


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
        customer_id = CustomerId(attempt.customer_id)
        return Match(attempt, customer_id, ASKED_FOR, HIGHEST, (ASKED_FOR,))
    if (
        evidence.attempt_token
    ):  # whoever wrote it knew a path but no attempt of ours: what it says proves nothing
        return Match(None, None, "no attempt of ours carries this callback")
    match = match_clues(snapshot, clues=clues_of(evidence))
    if match.customer_id is None:
        return match
    asked = payment_queries.unpaid_attempts(
        snapshot.session,
        gateway=evidence.gateway,
        customer_id=match.customer_id,
        amount_minor=evidence.amount.minor,
        since=snapshot.now - _ATTEMPT_WINDOW,
    )
    waiting = [row for row in asked if row.status in payment_queries.OPEN_STATES or row.paid_reported_at]
    # More than one attempt over the same sum: the money is still theirs, but which attempt is not known.
    likely = waiting if len(waiting) == 1 else asked
    found = likely[0] if len(likely) == 1 else None
    return Match(found, match.customer_id, match.reason, match.score, match.reasons)


def match_clues(snapshot: Snapshot, *, clues: Clues) -> Match:
    """Return whose money it is by what was typed and who paid, or who comes into question."""
    exact = _exact(snapshot, clues)
    if exact is not None:
        return exact
    ranked = suggest(snapshot, clues=clues)
    threshold = payment_terms(snapshot).match_threshold if ranked else HIGHEST
    winner = clear_winner(ranked, threshold=threshold)
    if winner is not None:
        return Match(None, winner.customer_id, winner.reasons[0], winner.score, winner.reasons)
    why = _NOT_FOUND
    if len(ranked) > 1 and clear_winner(ranked[:1], threshold=threshold):
        why = "several customers fit"
    return Match(None, None, why, suggestions=ranked[:SUGGESTIONS_MAX])


def suggest(snapshot: Snapshot, *, clues: Clues) -> tuple[Suggestion, ...]:
    """Return whose money it may be, best first. Nobody whose account is in another currency."""
    session = snapshot.session
    pointed: dict[int, set[Points]] = {}
    near: dict[int, NearCustomer] = {}

    def point(found: Iterable[NearCustomer], fact: Points) -> None:
        for customer in found:
            near[customer.id] = customer
            pointed.setdefault(customer.id, set()).add(fact)

    point(
        matching_queries.customers_by_accounts(session, account_slips(clues.account_reference)), Points.SLIP
    )
    paying_phone = _whole_phone_sha256(clues.payer_phone) or clues.phone_sha256
    if paying_phone:
        point(matching_queries.customers_by_phone(session, paying_phone), Points.OWN_PHONE)
    elif mask := read_mask(clues.payer_phone):
        shown = matching_queries.customers_by_phone_end(session, start=mask[0], end=mask[1])
        point(shown, Points.MASKED_PHONE)
    typed_phone = _whole_phone_sha256(clues.account_reference)
    if typed_phone:
        known = matching_queries.customers_by_phone(session, typed_phone)
        point(known if len(known) == 1 else (), Points.TYPED_PHONE)
    taught = matching_queries.hints(session, facts_to_remember(clues))
    by_id = {one.id: one for one in matching_queries.customers_by_ids(session, {one for _, one in taught})}
    for kind, customer_id in taught:
        fact = Points.TAUGHT_ACCOUNT if kind is HintKind.ACCOUNT else Points.TAUGHT_PHONE
        point([by_id[customer_id]], fact)
    _add_amounts(snapshot, clues, pointed)
    return rank(
        [
            Candidate(CustomerId(one.id), one.name, frozenset(pointed[one.id]))
            for one in near.values()
            if one.currency == clues.amount.currency
        ],
        payer_name=clues.payer_name,
    )


def facts_to_remember(clues: Clues) -> dict[HintKind, str]:
    """Return what of the clues a person's word makes known: how the account was written, which phone paid."""
    facts: dict[HintKind, str] = {}
    written = written_account(clues.account_reference)
    # A right number, or a phone, says more by itself than what anybody confirmed about it.
    if written and check_account_number(written) is None and not _whole_phone_sha256(written):
        facts[HintKind.ACCOUNT] = written
    phone_sha256 = _whole_phone_sha256(clues.payer_phone) or clues.phone_sha256
    if phone_sha256:
        facts[HintKind.PHONE] = phone_sha256
    return facts


def _add_amounts(snapshot: Snapshot, clues: Clues, pointed: dict[int, set[Points]]) -> None:
    if not pointed:
        return
    owing = matching_queries.owing_exactly(
        snapshot.session, customer_ids=tuple(pointed), amount_minor=clues.amount.minor
    )
    asked = matching_queries.asked_exactly(
        snapshot.session,
        customer_ids=tuple(pointed),
        amount_minor=clues.amount.minor,
        since=snapshot.now - _ATTEMPT_WINDOW,
    )
    for customer_id, facts in pointed.items():
        if customer_id in owing:
            facts.add(Points.AMOUNT)
        if customer_id in asked:
            facts.add(Points.ASKED)


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


def _exact(snapshot: Snapshot, clues: Clues) -> Match | None:
    session = snapshot.session
    number = check_account_number(clues.account_reference)
    if number is not None:
        for customer in matching_queries.customers_by_accounts(session, [number]):
            if customer.currency != clues.amount.currency:
                return Match(None, None, "the account is in another currency")
            words = "the account number"
            return Match(None, CustomerId(customer.id), words, HIGHEST, (words,))
    typed = clues.account_reference.strip().upper()
    owner = matching_queries.customer_of_open_invoice(session, number=typed) if typed else None
    for customer in matching_queries.customers_by_ids(session, [owner] if owner is not None else []):
        if customer.currency == clues.amount.currency:
            words = "the number of an open invoice"
            return Match(None, CustomerId(customer.id), words, HIGHEST, (words,))
    return None


def _whole_phone_sha256(text: str) -> str | None:
    try:
        return parse_phone(text).sha256
    except InvalidInput:
        return None
