"""What a payer would be billed for, worked out before anything is written.

The rule of what is due is in `billing/charges`; who asks, writes and moves the services on is `renewal`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from benfex.billing.charges import (
    ChargeLine,
    LineName,
    ServiceTerms,
    add_on_item,
    billing_date_after,
    charge_key,
    cycle_boundary,
    discount_item,
    due_charges,
    usage_charge,
)
from benfex.billing.pricing import PricedInvoice, PricedLines, price_invoice, price_lines
from benfex.catalog.taxes import TaxTable
from benfex.core.policy import current_terms
from benfex.core.unit_of_work import Snapshot
from benfex.subscriptions.terms import (
    Standing,
    bills_on,
    cycle_begins_on,
    cycle_terms,
    service_terms,
    standing_after,
)
from benfex.usage.allowance import period_begins_at
from benfex.usage.counting import CountedSpan, bonus_hours_of, counted_between
from data.models.subscription import Subscription
from data.queries import billing_facts as fact_queries
from data.queries import invoices as invoice_queries
from data.queries import usage_limits as limit_queries
from data.queries.billing_facts import IDS_FIRST, DueService, MeteredLine, SubscriptionRow, charges_for_usage
from data.queries.subscriptions import ServiceFacts
from data.session import Session
from data.values.identifiers import CustomerId, SubscriptionId
from data.values.kinds import BillingMode
from data.values.money import Money
from data.values.periods import Period
from data.values.terms import BillingTerms

UsedBytes = Mapping[tuple[int, date], int]  # by subscription and the first day of a period that is over


@dataclass(frozen=True, slots=True)
class BillingBasis:
    """By which terms and taxes is billed: of one transaction, or of a whole run, which keeps those it began with."""

    terms: BillingTerms
    taxes: TaxTable


def billing_basis(snapshot: Snapshot) -> BillingBasis:
    """Return the terms and taxes that are in force."""
    return BillingBasis(current_terms(snapshot), TaxTable(snapshot.session))


@dataclass(frozen=True, slots=True)
class AfterBill:
    """Where a bill leaves a service: its standing, its next day, and what its add-ons and discounts were used for."""

    standing: Standing
    bills_on: date | None
    charged_through: tuple[date, ...]
    discounts_used: tuple[int, ...]
    discounts_until: tuple[date | None, ...]


@dataclass(frozen=True, slots=True)
class BillPlan:
    """What one payer would be billed: an invoice for each currency, and where that leaves each of their services."""

    customer_id: CustomerId
    invoices: tuple[PricedInvoice, ...]
    services: tuple[tuple[DueService, AfterBill], ...]


@dataclass(frozen=True, slots=True)
class _Model:
    """What is due of one service, for all that are like it; `alone` is its invoice, None when nothing is due."""

    service: DueService
    lines: tuple[ChargeLine, ...]
    after: AfterBill
    alone: PricedLines | None

    def names_for(self, service: DueService) -> tuple[LineName, ...]:
        """Return whose the lines are as those of a service that is like the model's."""
        own_id, items = SubscriptionId(service.subscription.id), dict[str, str]()
        if service.add_ons or service.discounts:
            items = dict(zip(_own_items(self.service), _own_items(service), strict=True))
        return tuple([line.named_for(own_id, items) for line in self.lines])


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is the same for all payers of one chunk; `models` keeps what was worked out for one of many services."""

    on: date
    terms: BillingTerms
    taxes: TaxTable
    used: UsedBytes
    bill_run_id: int | None = None
    models: dict[tuple[object, ...], _Model] = field(default_factory=dict)


def plan_bill(
    customer_id: CustomerId,
    services: Sequence[DueService],
    around: Circumstances,
    *,
    extra: Sequence[ChargeLine] = (),
) -> BillPlan:
    """Return what a payer would be billed on the day, after lines that are charged at any rate.

    Raises as `price_lines`, and ValueError for a service whose terms make no sense.
    """
    if len(services) == 1 and not extra and not services[0].is_metered:
        return _plan_alone(customer_id, services[0], around)
    lines = list(extra)
    left: list[tuple[DueService, AfterBill]] = []
    for service in services:
        due, after = _worked_out(service, around)
        lines += due
        left.append((service, after))
    by_currency: dict[str, list[ChargeLine]] = {}
    for line in lines:
        by_currency.setdefault(line.unit.currency, []).append(line)
    invoices = [
        price_invoice(
            customer_id=customer_id, lines=found, issued_on=around.on, bill_run_id=around.bill_run_id
        )
        for found in by_currency.values()
    ]
    return BillPlan(customer_id, tuple(invoices), tuple(left))


def _plan_alone(customer_id: CustomerId, service: DueService, around: Circumstances) -> BillPlan:
    """Return what the payer of one service would be billed, by the model of those that are like it.

    Alike are services that differ in ids and payer only: thousands have the same plan and the same days. What is
    charged by usage is like nobody's.
    """
    add_ons, discounts = service.add_ons, service.discounts
    likeness: tuple[object, ...] = service.subscription[IDS_FIRST:]
    if add_ons or discounts:
        likeness += (
            tuple([row[IDS_FIRST:] for row in add_ons]),
            tuple([row[IDS_FIRST:] for row in discounts]),
        )
    model = around.models.get(likeness)
    if model is None:
        lines, after = _worked_out(service, around)
        alone = price_lines(lines, issued_on=around.on) if lines else None
        model = around.models[likeness] = _Model(service, lines, after, alone)
    if model.alone is None:
        return BillPlan(customer_id, (), ((service, model.after),))
    invoice = PricedInvoice(customer_id, around.on, around.bill_run_id, model.alone, model.names_for(service))
    return BillPlan(customer_id, (invoice,), ((service, model.after),))


def _own_items(service: DueService) -> list[str]:
    """Return the items that are named after a row of the service."""
    return [
        *[add_on_item(row.id) for row in service.add_ons],
        *[discount_item(row.id) for row in service.discounts],
    ]


def _worked_out(service: DueService, around: Circumstances) -> tuple[tuple[ChargeLine, ...], AfterBill]:
    """Return what is due of a service, and where that leaves it."""
    terms = service_terms(service, around.taxes, on=around.on, fixed_month_days=around.terms.fixed_month_days)
    due = due_charges(terms, on=around.on)
    standing = standing_after(service, terms.cycle, due, on=around.on)
    charges_on = billing_date_after(
        terms, charged_through=due.charged_through, period_ends_on=standing.period_ends_on
    )
    begins_on = cycle_begins_on(
        service, charged_through_on=standing.charged_through_on, period_ends_on=standing.period_ends_on
    )
    after = AfterBill(
        standing,
        bills_on(service.subscription, charges_on, begins_on),
        due.charged_through,
        due.discounts_used,
        due.discounts_until,
    )
    return (*due.lines, *_usage_lines(service, terms, around)), after


def read_usage(
    session: Session, services: Iterable[DueService], *, on: date, terms: BillingTerms
) -> dict[tuple[int, date], int]:
    """Return the bytes of each period that is over by the day, for services that are charged by usage.

    What a service got beside its plan's data is left out, so the figure may lie below zero.
    A period is counted in hours from its first local midnight to its last, as `[start, end)`. One whose traffic was
    charged already, since the service was billed anew, is left out.
    """
    wanted = {service.subscription.id: service for service in services if service.is_metered}
    if not wanted:
        return {}
    bounds: list[CountedSpan] = []
    keys: list[tuple[int, date]] = []
    for line in fact_queries.metered_lines(session, list(wanted)):
        service = wanted[line.subscription_id]
        for period in _periods_over(service, on):
            keys.append((line.subscription_id, period.starts_on))
            begins_at = period_begins_at(_metered_from(service.subscription, period), terms.timezone)
            ends_at = period_begins_at(period.ends_on, terms.timezone)
            bonus = bonus_hours_of(service.plan)
            bounds.append(CountedSpan(line.connection_id, begins_at, ends_at, bonus))
    used = dict(zip(keys, counted_between(session, bounds, zone=terms.timezone), strict=True))
    _leave_out_grants(session, used, keys, bounds)
    claims = {_usage_claim(wanted[key[0]].subscription, key[1]): key for key in keys}
    for claim in invoice_queries.billed_keys(session, list(claims)):
        del used[claims[claim]]
    return used


def usage_until(
    session: Session, facts: ServiceFacts, *, day: date, on: date, terms: BillingTerms, taxes: TaxTable
) -> list[ChargeLine]:
    """Return the charges for traffic beyond the cap in the periods that end by the day; the last one is cut there.

    For a service whose running period does not go on: it ends, or begins a cycle anew. The taxes are those `on` a
    date, and what was charged already is left out.
    """
    subscription, price = facts.subscription, facts.price
    if price.billing_mode is not BillingMode.POSTPAID or not charges_for_usage(facts.plan, price):
        return []
    assert subscription.id is not None
    subscription_id = SubscriptionId(subscription.id)
    periods = [Period(row.starts_on, min(row.ends_on, day)) for row in _periods_begun(facts, day)]
    claims = [_usage_claim(subscription, period.starts_on) for period in periods]
    charged = invoice_queries.billed_keys(session, claims)
    lines = fact_queries.metered_lines(session, [subscription_id])
    found = (
        usage_charge(
            subscription_id=subscription_id,
            segment=subscription.segment,
            plan_name=facts.plan.name,
            period=period,
            over_bytes=_used_in(session, facts, lines, period, terms) - (facts.plan.data_cap_bytes or 0),
            gigabyte=Money(price.overage_minor or 0, price.currency),
            tax=taxes.terms(price.tax_group_id, price.tax_behavior, on=on),
        )
        for period, claim in zip(periods, claims, strict=True)
        if claim not in charged
    )
    return [line for line in found if line is not None]


def _used_in(
    session: Session, facts: ServiceFacts, lines: Sequence[MeteredLine], period: Period, terms: BillingTerms
) -> int:
    row, bonus = facts.subscription, bonus_hours_of(facts.plan)
    begins_at = period_begins_at(_metered_from(row, period), terms.timezone)
    ends_at = period_begins_at(period.ends_on, terms.timezone)
    assert row.id is not None
    granted = limit_queries.granted_between(session, subscription_id=row.id, since=begins_at, until=ends_at)
    spans = [CountedSpan(line.connection_id, begins_at, ends_at, bonus) for line in lines]
    return sum(counted_between(session, spans, zone=terms.timezone)) - granted


def _leave_out_grants(
    session: Session,
    used: dict[tuple[int, date], int],
    keys: Sequence[tuple[int, date]],
    bounds: Sequence[CountedSpan],
) -> None:
    if not bounds:
        return
    grants = limit_queries.grants_of(
        session, subscription_ids=[key[0] for key in keys], since=min(span.since for span in bounds)
    )
    for grant in grants:
        for key, span in zip(keys, bounds, strict=True):
            if key[0] == grant.subscription_id and span.since <= grant.counts_from_at < span.until:
                used[key] -= grant.granted_bytes


def _usage_lines(service: DueService, terms: ServiceTerms, around: Circumstances) -> list[ChargeLine]:
    if not service.is_metered:
        return []
    cap, price = service.plan.data_cap_bytes or 0, service.price
    found = (
        usage_charge(
            subscription_id=terms.subscription_id,
            segment=terms.segment,
            plan_name=service.plan.name,
            period=period,
            over_bytes=around.used.get((service.subscription.id, period.starts_on), 0) - cap,
            gigabyte=Money(price.overage_minor or 0, price.currency),
            tax=terms.items[0].tax,
        )
        for period in _periods_over(service, around.on)
    )
    return [line for line in found if line is not None]


def _periods_over(service: DueService, on: date) -> list[Period]:
    """Return the periods of a service that end by the day: its running one, and those that followed it."""
    return [period for period in _periods_begun(service, on) if period.ends_on <= on]


def _periods_begun(facts: ServiceFacts | DueService, day: date) -> list[Period]:
    """Return the running period of a service and those that follow it, as far as they begin before the day."""
    row, cycle = facts.subscription, cycle_terms(facts)
    starts_on, ends_on = row.period_starts_on, row.period_ends_on
    found = []
    while starts_on < min(day, ends_on):
        found.append(Period(starts_on, ends_on))
        starts_on, ends_on = ends_on, cycle_boundary(cycle, after=ends_on, period_ends_on=ends_on)
    return found


def _metered_from(row: Subscription | SubscriptionRow, period: Period) -> date:
    """Return since when a period's traffic counts: what was used on a plan without a price for it is free."""
    return min(max(period.starts_on, row.metered_from_on or period.starts_on), period.ends_on)


def _usage_claim(subscription: Subscription | SubscriptionRow, starts_on: date) -> str:
    assert subscription.id is not None
    return charge_key(SubscriptionId(subscription.id), "usage", subscription.segment, starts_on)
