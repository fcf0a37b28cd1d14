"""Find whose money it is: what we asked for, an exact fact that was typed, or several facts that agree.

Each match says what spoke for it; what reaches the threshold with a clear lead books, the rest waits with its
suggestions for a person (`scoring`). The money of somebody who is paid for goes to the account that it can pay on,
which `accounts_for` says.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from benfex.core.unit_of_work import Snapshot
from benfex.payments.gateway import PaymentEvidence
from benfex.payments.policy import payment_terms
from benfex.payments.scoring import HIGHEST, Candidate, Points, Suggestion, clear_winner, rank, read_mask
from data.models.payment import PaymentAttempt
from data.queries import credit as credit_queries
from data.queries import customers as customer_queries
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
NOT_FOUND = "no account number that we know"


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
    """What a payment says of whose it is. The phone may be whole, masked or missing; `phone_sha256` may be cut.

    `receipt` is the gateway's number of it, which customers may have given.
    """

    amount: Money
    account_reference: str = ""
    payer_name: str = ""
    payer_phone: str = ""
    phone_sha256: str | None = None
    receipt: str = ""


def clues_of(evidence: PaymentEvidence) -> Clues:
    """Return the clues of a piece of evidence."""
    return Clues(
        evidence.amount,
        evidence.account_reference or "",
        evidence.payer_name or "",
        evidence.payer_phone or "",
        evidence.payer_phone_sha256,
        evidence.transaction_id,
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


def accounts_for(snapshot: Snapshot, currencies: Mapping[CustomerId, str]) -> dict[CustomerId, CustomerId]:
    """Return on whose account each customer's money is booked: their own, or that of who pays for them.

    Their own as long as an invoice to themselves is open, such as one from before they had a payer; else it would
    lie there as credit while the bills of their services stand open with the payer. Never split: what is left
    of their own debt's money is their credit. `currencies` says in what each customer's money came.
    """
    accounts = {customer_id: customer_id for customer_id in currencies}
    payers = customer_queries.payers_of(snapshot.session, customer_ids=currencies)
    if not payers:
        return accounts
    own = {
        row.customer_id
        for row in credit_queries.open_invoices_of(snapshot.session, list(payers))
        if row.currency == currencies[CustomerId(row.customer_id)]
    }
    for customer_id, payer_id in payers.items():
        if customer_id not in own:
            accounts[CustomerId(customer_id)] = CustomerId(payer_id)
    return accounts


def match_evidence(snapshot: Snapshot, *, evidence: PaymentEvidence) -> Match:
    """Return whose money the evidence speaks of; no customer means it is unmatched."""
    return match_all(snapshot, evidence=[evidence])[0]


def match_all(snapshot: Snapshot, *, evidence: Sequence[PaymentEvidence]) -> list[Match]:
    """Return whose money each piece of evidence speaks of; only what names nobody exactly asks for itself."""
    found = match_exactly(snapshot, evidence=evidence)
    rest = [place for place, match in enumerate(found) if match is None]
    likely = [_likely(snapshot, clues_of(evidence[place])) for place in rest]
    whole = dict(
        zip(rest, _with_attempts(snapshot, [evidence[place] for place in rest], likely), strict=True)
    )
    return [match or whole[place] for place, match in enumerate(found)]


def match_exactly(snapshot: Snapshot, *, evidence: Sequence[PaymentEvidence]) -> list[Match | None]:
    """Return whose money each speaks of that names it: what we asked for, an account, an open invoice.

    A few questions for all of them together; None for what has to be found out by several facts.
    """
    named = _named_attempts(snapshot, evidence)
    open_ones = [
        clues_of(one)
        for one, attempt in zip(evidence, named, strict=True)
        if attempt is None and not one.attempt_token
    ]
    known = _Named.of(snapshot, open_ones)
    found: dict[int, Match] = {}
    for place, (one, attempt) in enumerate(zip(evidence, named, strict=True)):
        match: Match | None
        if attempt is not None:
            match = Match(attempt, CustomerId(attempt.customer_id), ASKED_FOR, HIGHEST, (ASKED_FOR,))
        elif one.attempt_token:
            # Whoever wrote it knew a path but no attempt of ours: what it says proves nothing.
            match = Match(None, None, "no attempt of ours carries this callback")
        else:
            match = known.match(clues_of(one))
        if match is not None:
            found[place] = match
    whole = _with_attempts(snapshot, [evidence[place] for place in found], list(found.values()))
    matches = dict(zip(found, whole, strict=True))
    return [matches.get(place) for place in range(len(evidence))]


def _with_attempts(
    snapshot: Snapshot, evidence: Sequence[PaymentEvidence], found: Sequence[Match]
) -> list[Match]:
    """Return the matches with the attempt that each payment answers, where nothing named it and only one can be it."""
    customer_ids = {match.customer_id for match in found if match.customer_id and match.attempt is None}
    if not customer_ids:
        return list(found)
    asked: dict[tuple[int, str, int], list[PaymentAttempt]] = {}
    since = snapshot.now - _ATTEMPT_WINDOW
    for row in payment_queries.unpaid_attempts(snapshot.session, customer_ids=customer_ids, since=since):
        asked.setdefault((row.customer_id, row.gateway, row.amount_minor), []).append(row)
    return [
        match
        if match.customer_id is None or match.attempt is not None
        else replace(
            match, attempt=_likely_attempt(asked.get((match.customer_id, one.gateway, one.amount.minor), []))
        )
        for one, match in zip(evidence, found, strict=True)
    ]


def _likely_attempt(asked: Sequence[PaymentAttempt]) -> PaymentAttempt | None:
    waiting = [row for row in asked if row.status in payment_queries.OPEN_STATES or row.paid_reported_at]
    # More than one attempt over the same sum: the money is still theirs, but which attempt is not known.
    likely = waiting if len(waiting) == 1 else asked
    return likely[0] if len(likely) == 1 else None


def match_clues(snapshot: Snapshot, *, clues: Clues) -> Match:
    """Return whose money it is by what was typed and who paid, or who comes into question."""
    return _Named.of(snapshot, [clues]).match(clues) or _likely(snapshot, clues)


def _likely(snapshot: Snapshot, clues: Clues) -> Match:
    """Return whose money it is by several facts that agree, or who comes into question."""
    ranked = suggest(snapshot, clues=clues)
    threshold = payment_terms(snapshot).match_threshold if ranked else HIGHEST
    winner = clear_winner(ranked, threshold=threshold)
    if winner is not None:
        return Match(None, winner.customer_id, winner.reasons[0], winner.score, winner.reasons)
    why = NOT_FOUND
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
    claimers = matching_queries.claimers(session, receipt=clues.receipt) if clues.receipt else ()
    point(matching_queries.customers_by_ids(session, claimers), Points.RECEIPT)
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


def _named_attempts(snapshot: Snapshot, evidence: Sequence[PaymentEvidence]) -> list[PaymentAttempt | None]:
    """Return the attempt that each piece of evidence names: by its callback, else our reference, else its gateway's."""
    session = snapshot.session
    tokens = {one.attempt_token for one in evidence if one.attempt_token}
    ours = {one.our_reference for one in evidence if one.our_reference}
    theirs = {one.gateway_reference for one in evidence if one.gateway_reference}
    by_token = payment_queries.attempts_by_callbacks(session, token_hashes=tokens)
    by_ours = payment_queries.attempts_by_references(session, references=ours)
    by_theirs = payment_queries.attempts_by_gateway_references(session, references=theirs)
    found: list[PaymentAttempt | None] = []
    for one in evidence:
        attempt: PaymentAttempt | None = None
        if one.attempt_token:
            attempt = by_token.get(one.attempt_token)
        elif one.our_reference:
            attempt = by_ours.get(one.our_reference)
            attempt = attempt if attempt is not None and attempt.gateway == one.gateway else None
        elif one.gateway_reference:
            attempt = by_theirs.get((one.gateway, one.gateway_reference))
        found.append(attempt)
    return found


@dataclass(frozen=True, slots=True)
class _Named:
    """The customers whom something typed names exactly: by account number, by the number of an open invoice."""

    by_account: Mapping[str, NearCustomer]
    by_invoice: Mapping[str, NearCustomer]

    @classmethod
    def of(cls, snapshot: Snapshot, clues: Sequence[Clues]) -> "_Named":
        session = snapshot.session
        numbers = {number for one in clues if (number := check_account_number(one.account_reference))}
        accounts = matching_queries.customers_by_accounts(session, sorted(numbers))
        by_account = {one.account_number: one for one in accounts}
        typed = {
            _typed(one)
            for one in clues
            if _typed(one) and check_account_number(one.account_reference) not in by_account
        }
        owners = matching_queries.customers_of_open_invoices(session, typed)
        by_id = {one.id: one for one in matching_queries.customers_by_ids(session, set(owners.values()))}
        return cls(by_account, {number: by_id[owner] for number, owner in owners.items()})

    def match(self, clues: Clues) -> Match | None:
        """Return whose it is by what was typed, None when that names nobody."""
        number = check_account_number(clues.account_reference)
        customer = self.by_account.get(number) if number is not None else None
        words = "the account number"
        if customer is not None and customer.currency != clues.amount.currency:
            return Match(None, None, "the account is in another currency")
        if customer is None:
            customer, words = self.by_invoice.get(_typed(clues)), "the number of an open invoice"
        if customer is None or customer.currency != clues.amount.currency:
            return None
        return Match(None, CustomerId(customer.id), words, HIGHEST, (words,))


def _typed(clues: Clues) -> str:
    return clues.account_reference.strip().upper()


def _whole_phone_sha256(text: str) -> str | None:
    try:
        return parse_phone(text).sha256
    except InvalidInput:
        return None
