"""What happened to one customer, newest first: money, service, notes, told as facts. Words are the pages'."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from benfex.core.actors import require
from benfex.core.unit_of_work import Snapshot
from data.queries import customers_listing, payments_listing, subscriptions_listing
from data.values.errors import NotFound
from data.values.identifiers import CustomerId
from data.values.money import Money
from data.values.roles import Permission
from data.values.states import AttemptStatus, PaymentStatus, SubscriptionStatus

_OF_EACH = 20


class FactKind(StrEnum):
    """What sort of thing happened."""

    REGISTERED = "registered"
    SERVICE_MOVED = "service_moved"
    PAID = "paid"
    REVERSED = "reversed"
    NOT_PAID = "not_paid"
    NOTED = "noted"


@dataclass(frozen=True, slots=True)
class Fact:
    """One line. What a field holds depends on `kind`; the others are empty or None.

    `what` is the plan, the gateway or the note; `who` is who did it; `back_after_ms` is from the money's
    evidence to the router read back.
    """

    at: datetime
    kind: FactKind
    what: str = ""
    who: str = ""
    reason: str = ""
    amount: Money | None = None
    moved_from: SubscriptionStatus | None = None
    moved_to: SubscriptionStatus | None = None
    back_after_ms: int | None = None


def timeline(snapshot: Snapshot, *, customer_id: CustomerId, limit: int = 30) -> tuple[Fact, ...]:
    """Return the newest facts about a customer, newest first. Raises NotFound."""
    require(snapshot.actor, Permission.VIEW_CUSTOMERS)
    card = customers_listing.customer_card(snapshot.session, customer_id)
    if card is None:
        raise NotFound("customer")
    facts = [Fact(card.created_at, FactKind.REGISTERED)]
    facts += _service_facts(snapshot, customer_id)
    facts += _payment_facts(snapshot, customer_id)
    facts += _attempt_facts(snapshot, customer_id)
    facts += [
        Fact(row.created_at, FactKind.NOTED, what=row.body, who=row.author)
        for row in customers_listing.notes_in_list(snapshot.session, customer_id=customer_id, limit=_OF_EACH)
    ]
    return tuple(sorted(facts, key=lambda fact: fact.at, reverse=True)[:limit])


def _service_facts(snapshot: Snapshot, customer_id: CustomerId) -> list[Fact]:
    rows = subscriptions_listing.transitions_of(snapshot.session, customer_id=customer_id, limit=_OF_EACH)
    return [
        Fact(
            row.at,
            FactKind.SERVICE_MOVED,
            what=row.plan_name,
            who=row.actor,
            reason=row.reason,
            moved_from=row.from_status,
            moved_to=row.to_status,
        )
        for row in rows
    ]


def _payment_facts(snapshot: Snapshot, customer_id: CustomerId) -> list[Fact]:
    rows = payments_listing.payments_page(
        snapshot.session,
        search="",
        customer_id=customer_id,
        sort="received",
        descending=True,
        limit=_OF_EACH,
        offset=0,
    )
    clocks = payments_listing.restorations_of(snapshot.session, [row.id for row in rows])
    back = {
        clock.payment_id: round((clock.read_back_at - clock.evidence_at).total_seconds() * 1000)
        for clock in clocks
        if clock.read_back_at is not None
    }
    return [
        Fact(
            row.received_at,
            FactKind.PAID if row.status is PaymentStatus.RECEIVED else FactKind.REVERSED,
            what=row.gateway,
            who=row.payer_name,
            reason=row.transaction_id,
            amount=Money(row.amount_minor, row.currency),
            back_after_ms=back.get(row.id),
        )
        for row in rows
    ]


def _attempt_facts(snapshot: Snapshot, customer_id: CustomerId) -> list[Fact]:
    rows = payments_listing.attempts_page(
        snapshot.session, search="", customer_id=customer_id, descending=True, limit=_OF_EACH, offset=0
    )
    return [
        Fact(
            row.created_at,
            FactKind.NOT_PAID,
            what=row.gateway,
            reason=row.failure_message or "",
            amount=Money(row.amount_minor, row.currency),
        )
        for row in rows
        if row.status in (AttemptStatus.FAILED, AttemptStatus.EXPIRED)
    ]
