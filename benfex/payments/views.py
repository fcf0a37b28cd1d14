"""Payments and attempts as the console shows them. Acts are in `settlement` and `cash`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from benfex.core.actors import require
from benfex.core.paging import Page, PageRequest
from benfex.core.policy import current_terms
from benfex.core.unit_of_work import Snapshot
from benfex.payments.matching import SUGGESTIONS_MAX, read_match, shown_phone
from benfex.payments.placing import suggestions
from benfex.payments.scoring import Suggestion
from data.queries import matching as matching_queries
from data.queries import payments_listing as listing
from data.queries.matching import NearCustomer
from data.queries.payment_marks import Marks, marks_of
from data.values.errors import InvalidInput, NotFound
from data.values.identifiers import CustomerId, PaymentAttemptId, PaymentId
from data.values.kinds import EvidenceGrade, PaymentMark
from data.values.money import Money
from data.values.roles import Permission
from data.values.states import AttemptStatus, PaymentStatus


@dataclass(frozen=True, slots=True)
class SuggestionListed:
    """Whose unmatched money may be: a score of 0 to 100 and what speaks for it, the weightiest first."""

    customer_id: CustomerId
    customer_name: str
    account_number: str
    score: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PaymentListed:
    """A line of a payment list; no customer means the money is not placed, and `suggestions` whose it may be.

    A payer's phone that came as a hash is left out.

    `back_after_ms` is how long after its evidence the router was read back, None where nothing was suspended
    or it is not done; `is_restoring` says that it is under way. `sent_by` names a customer who sent it to the
    account of who pays for them. `given_back` is how much went back or is on its way; `is_disputed` that a dispute is
    not decided.
    """

    payment_id: PaymentId
    customer_id: CustomerId | None
    customer_name: str
    account_number: str
    gateway: str
    transaction_id: str
    amount: Money
    status: PaymentStatus
    grade: EvidenceGrade
    received_at: datetime
    payer_name: str
    payer_phone: str
    account_reference: str
    match_reason: str
    match_score: int | None
    match_reasons: tuple[str, ...]
    suggestions: tuple[SuggestionListed, ...]
    back_after_ms: int | None
    is_restoring: bool
    sent_by: str
    given_back: Money
    is_disputed: bool


@dataclass(frozen=True, slots=True)
class PaymentCounts:
    """How many rows each tab has, and how much money is not placed."""

    received: int
    attempts: int
    unmatched: int
    unmatched_sum: Money


@dataclass(frozen=True, slots=True)
class AttemptListed:
    """A line of the attempt list."""

    attempt_id: PaymentAttemptId
    customer_id: CustomerId
    customer_name: str
    account_number: str
    gateway: str
    reference: str
    amount: Money
    status: AttemptStatus
    payer: str
    asked_at: datetime
    failure_message: str
    review_reason: str


def list_payments(
    snapshot: Snapshot, *, request: PageRequest, customer_id: CustomerId | None = None
) -> Page[PaymentListed]:
    """Return one page of payments; `filter` may be a mark; `sort` is received or amount. Raises InvalidInput."""
    require(snapshot.actor, Permission.VIEW_PAYMENTS)
    mark, search = _mark(request.filter), request.search.strip()
    rows = listing.payments_page(
        snapshot.session,
        mark=mark,
        search=search,
        customer_id=customer_id,
        sort=request.sort,
        descending=request.descending,
        limit=request.limit,
        offset=request.offset,
    )
    total = listing.count_payments(snapshot.session, mark=mark, search=search, customer_id=customer_id)
    return Page(_listed(snapshot, rows), total)


def payment(snapshot: Snapshot, *, payment_id: PaymentId) -> PaymentListed:
    """Return one payment as a list shows it. Raises NotFound."""
    require(snapshot.actor, Permission.VIEW_PAYMENTS)
    row = listing.payment_row(snapshot.session, payment_id)
    if row is None:
        raise NotFound("payment")
    return _listed(snapshot, [row])[0]


def payment_counts(snapshot: Snapshot) -> PaymentCounts:
    """Return how many rows each tab has; the sum is in the ISP's currency."""
    require(snapshot.actor, Permission.VIEW_PAYMENTS)
    currency = current_terms(snapshot).currency
    return PaymentCounts(
        received=listing.count_payments(snapshot.session),
        attempts=listing.count_attempts(snapshot.session),
        unmatched=listing.count_payments(snapshot.session, mark=PaymentMark.UNMATCHED),
        unmatched_sum=Money(listing.unmatched_sum(snapshot.session, currency=currency), currency),
    )


def list_attempts(
    snapshot: Snapshot, *, request: PageRequest, customer_id: CustomerId | None = None
) -> Page[AttemptListed]:
    """Return one page of attempts in the order they were made."""
    require(snapshot.actor, Permission.VIEW_PAYMENTS)
    search = request.search.strip()
    rows = listing.attempts_page(
        snapshot.session,
        search=search,
        customer_id=customer_id,
        descending=request.descending,
        limit=request.limit,
        offset=request.offset,
    )
    total = listing.count_attempts(snapshot.session, search=search)
    return Page(tuple(_attempt(row) for row in rows), total)


def _listed(snapshot: Snapshot, rows: list[listing.PaymentRow]) -> tuple[PaymentListed, ...]:
    clocks: dict[int, listing.Restoration] = {}
    for clock in listing.restorations_of(snapshot.session, [row.id for row in rows]):
        clocks.setdefault(clock.payment_id, clock)
    waiting = [one for row in rows if row.customer_id is None for one in read_match(row.match_reasons)[1]]
    named = _named(snapshot, waiting)
    marks = marks_of(snapshot.session, [row.id for row in rows])
    return tuple(_payment(row, clocks.get(row.id), named, marks.get(row.id, Marks())) for row in rows)


def _mark(text: str) -> PaymentMark | None:
    if not text:
        return None
    try:
        return PaymentMark(text)
    except ValueError as cause:
        raise InvalidInput("filter", f"Choose one of {', '.join(PaymentMark)}.") from cause


def suggestions_of(snapshot: Snapshot, *, payment_id: PaymentId) -> tuple[SuggestionListed, ...]:
    """Return whose a payment may be by what is known now, best first. Raises NotFound."""
    found = suggestions(snapshot, payment_id=payment_id)[:SUGGESTIONS_MAX]
    return _in_words(found, _named(snapshot, found))


def _named(snapshot: Snapshot, found: Sequence[Suggestion]) -> dict[int, NearCustomer]:
    ids = {one.customer_id for one in found}
    return {one.id: one for one in matching_queries.customers_by_ids(snapshot.session, ids)}


def _in_words(found: Sequence[Suggestion], named: Mapping[int, NearCustomer]) -> tuple[SuggestionListed, ...]:
    return tuple(
        SuggestionListed(
            one.customer_id,
            named[one.customer_id].name,
            named[one.customer_id].account_number,
            one.score,
            one.reasons,
        )
        for one in found
        if one.customer_id in named
    )


def _payment(
    row: listing.PaymentRow,
    clock: listing.Restoration | None,
    named: Mapping[int, NearCustomer],
    marks: Marks,
) -> PaymentListed:
    reasons, suggested = read_match(row.match_reasons)
    back = None
    if clock is not None and clock.read_back_at is not None:
        back = round((clock.read_back_at - clock.evidence_at).total_seconds() * 1000)
    return PaymentListed(
        payment_id=PaymentId(row.id),
        customer_id=CustomerId(row.customer_id) if row.customer_id is not None else None,
        customer_name=row.customer_name or "",
        account_number=row.account_number or "",
        gateway=row.gateway,
        transaction_id=row.transaction_id,
        amount=Money(row.amount_minor, row.currency),
        status=row.status,
        grade=row.grade,
        received_at=row.received_at,
        payer_name=row.payer_name,
        payer_phone=shown_phone(row.payer_phone),
        account_reference=row.account_reference,
        match_reason=row.match_reason,
        match_score=row.match_score,
        match_reasons=reasons,
        suggestions=_in_words(suggested, named) if row.customer_id is None else (),
        back_after_ms=back,
        is_restoring=clock is not None and back is None,
        sent_by=row.sent_by or "",
        given_back=Money(marks.given_back_minor, row.currency),
        is_disputed=marks.is_disputed,
    )


def _attempt(row: listing.AttemptRow) -> AttemptListed:
    return AttemptListed(
        attempt_id=PaymentAttemptId(row.id),
        customer_id=CustomerId(row.customer_id),
        customer_name=row.customer_name,
        account_number=row.account_number,
        gateway=row.gateway,
        reference=row.reference,
        amount=Money(row.amount_minor, row.currency),
        status=row.status,
        payer=row.payer,
        asked_at=row.created_at,
        failure_message=row.failure_message or "",
        review_reason=(row.review_reason or "The gateway's word is awaited.") if row.needs_review else "",
    )
