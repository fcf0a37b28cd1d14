"""All of one service for its screen: what is arranged, what it has beside its plan, and what happened to it."""

import json
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from benfex.core.actors import require_customer_access
from benfex.core.policy import billing_today
from benfex.core.unit_of_work import Snapshot
from benfex.subscriptions.terms import next_bill_on
from data.queries import extras as extra_queries
from data.queries import service_story as queries
from data.queries import subscriptions as subscription_queries
from data.queries.subscriptions import ServiceFacts
from data.values.errors import NotFound
from data.values.identifiers import (
    CustomerId,
    InvoiceId,
    PlanPriceId,
    SubscriptionAddOnId,
    SubscriptionDiscountId,
    SubscriptionId,
)
from data.values.kinds import BillingMode, ChargeTiming, DiscountKind
from data.values.money import Money
from data.values.roles import Permission
from data.values.states import SubscriptionStatus

_OF_EACH = 40
_TOLD = (
    "change_plan",
    "cancel_change",
    "agree_price",
    "add_add_on",
    "remove_add_on",
    "give_discount",
    "take_discount",
    "end",
    "keep",
)


class ChapterKind(StrEnum):
    """What sort of thing happened to a service."""

    MOVED = "moved"
    CHANGED = "changed"
    INVOICED = "invoiced"
    CREDITED = "credited"


@dataclass(frozen=True, slots=True)
class Chapter:
    """One line of the story. `what` is a state, the name of a change, or a number; `details` are the change's.

    `amount` and `invoice_id` are those of an invoice or credit note, else None.
    """

    at: datetime
    kind: ChapterKind
    what: str
    who: str = ""
    reason: str = ""
    came_from: SubscriptionStatus | None = None
    details: tuple[tuple[str, str], ...] = ()
    amount: Money | None = None
    invoice_id: InvoiceId | None = None


@dataclass(frozen=True, slots=True)
class AddOnOnService:
    """An add-on of a service; `ends_on` is the first day without it, None while nothing is arranged."""

    id: SubscriptionAddOnId
    name: str
    unit: Money
    quantity: int
    is_recurring: bool
    starts_on: date
    ends_on: date | None
    has_left: bool


@dataclass(frozen=True, slots=True)
class DiscountOnService:
    """A discount of a service; `periods_left` None for as long as nothing ends it."""

    id: SubscriptionDiscountId
    name: str
    kind: DiscountKind
    basis_points: int
    amount: Money
    periods_left: int | None
    starts_on: date
    ends_on: date | None
    is_over: bool


@dataclass(frozen=True, slots=True)
class ServiceStory:
    """One service as it stands, with what is arranged for a day (None where nothing is) and its story."""

    subscription_id: SubscriptionId
    customer_id: CustomerId
    billed_customer_id: CustomerId
    status: SubscriptionStatus
    plan_name: str
    plan_price_id: PlanPriceId
    list_price: Money
    agreed_price: Money | None
    timing: ChargeTiming
    is_prepaid: bool
    period_ends_on: date
    bills_on: date | None
    trial_ends_on: date | None
    minimum_term_ends_on: date | None
    pending_plan_name: str | None
    pending_change_on: date | None
    ends_on: date | None
    resumes_on: date | None
    add_ons: tuple[AddOnOnService, ...]
    discounts: tuple[DiscountOnService, ...]
    chapters: tuple[Chapter, ...]


def service_story(snapshot: Snapshot, *, subscription_id: SubscriptionId) -> ServiceStory:
    """Return one service with its story, newest first. Raises NotFound, also for what the actor may not see."""
    facts = subscription_queries.service_facts(snapshot.session, subscription_id)
    if facts is None:
        raise NotFound("service")
    subscription, price = facts.subscription, facts.price
    require_customer_access(
        snapshot.actor, CustomerId(subscription.customer_id), Permission.VIEW_SUBSCRIPTIONS
    )
    pending = None
    if subscription.pending_plan_price_id is not None:
        pending = subscription_queries.sold_price(snapshot.session, subscription.pending_plan_price_id)
    agreed = subscription.agreed_price_minor
    return ServiceStory(
        subscription_id=subscription_id,
        customer_id=CustomerId(subscription.customer_id),
        billed_customer_id=CustomerId(subscription.billed_customer_id),
        status=subscription.status,
        plan_name=facts.plan.name,
        plan_price_id=PlanPriceId(price.id or 0),
        list_price=Money(price.amount_minor, price.currency),
        agreed_price=Money(agreed, price.currency) if agreed is not None else None,
        timing=price.timing,
        is_prepaid=price.billing_mode is BillingMode.PREPAID,
        period_ends_on=subscription.period_ends_on,
        bills_on=next_bill_on(facts),
        trial_ends_on=subscription.trial_ends_on,
        minimum_term_ends_on=subscription.minimum_term_ends_on,
        pending_plan_name=pending.plan.name if pending else None,
        pending_change_on=subscription.pending_change_on,
        ends_on=subscription.ends_on,
        resumes_on=subscription.resumes_on,
        add_ons=_add_ons(snapshot, facts),
        discounts=_discounts(snapshot, facts),
        chapters=_chapters(snapshot, subscription_id),
    )


def _add_ons(snapshot: Snapshot, facts: ServiceFacts) -> tuple[AddOnOnService, ...]:
    today = billing_today(snapshot)
    return tuple(
        AddOnOnService(
            id=SubscriptionAddOnId(row.id or 0),
            name=row.name,
            unit=Money(row.unit_minor, facts.price.currency),
            quantity=row.quantity,
            is_recurring=row.is_recurring,
            starts_on=row.starts_on,
            ends_on=row.ends_on,
            has_left=row.ends_on is not None and row.ends_on <= today,
        )
        for row in extra_queries.add_ons_of(snapshot.session, facts.subscription.id or 0)
    )


def _discounts(snapshot: Snapshot, facts: ServiceFacts) -> tuple[DiscountOnService, ...]:
    today = billing_today(snapshot)
    return tuple(
        DiscountOnService(
            id=SubscriptionDiscountId(row.id or 0),
            name=row.name,
            kind=row.kind,
            basis_points=row.basis_points,
            amount=Money(row.amount_minor, facts.price.currency),
            periods_left=row.periods_left,
            starts_on=row.starts_on,
            ends_on=row.ends_on,
            is_over=row.periods_left == 0 or (row.ends_on is not None and row.ends_on <= today),
        )
        for row in facts.discounts
    )


def _chapters(snapshot: Snapshot, subscription_id: SubscriptionId) -> tuple[Chapter, ...]:
    session = snapshot.session
    found = [
        Chapter(row.at, ChapterKind.MOVED, row.to_status.value, row.actor, row.reason, row.from_status)
        for row in queries.moves(session, subscription_id=subscription_id, limit=_OF_EACH)
    ]
    found += [
        Chapter(row.at, ChapterKind.CHANGED, row.action, row.actor, details=_details(row.changes))
        for row in queries.changes(session, subscription_id=subscription_id, actions=_TOLD, limit=_OF_EACH)
    ]
    documents = (
        (ChapterKind.INVOICED, queries.invoices(session, subscription_id=subscription_id, limit=_OF_EACH)),
        (
            ChapterKind.CREDITED,
            queries.credit_notes(session, subscription_id=subscription_id, limit=_OF_EACH),
        ),
    )
    for kind, rows in documents:
        found += [
            Chapter(
                row.at,
                kind,
                row.number,
                amount=Money(row.gross_minor, row.currency),
                invoice_id=InvoiceId(row.id),
            )
            for row in rows
        ]
    return tuple(sorted(found, key=lambda chapter: chapter.at, reverse=True)[:_OF_EACH])


def _details(changes: str) -> tuple[tuple[str, str], ...]:
    return tuple((str(key), str(value)) for key, value in json.loads(changes).items())
