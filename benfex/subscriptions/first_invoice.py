"""What the first invoice of a service would hold at a price that is not published yet, and when the next come."""

from dataclasses import dataclass, replace
from datetime import date

from benfex.billing.charges import (
    ChargedItem,
    ChargeLine,
    CycleTerms,
    ServiceTerms,
    billing_date_after,
    due_charges,
    setup_charge,
)
from benfex.billing.taxation import tax_lines
from benfex.catalog.plans import PriceTerms
from benfex.catalog.taxes import TaxTable
from benfex.core.actors import require
from benfex.core.policy import current_terms
from benfex.core.unit_of_work import Snapshot
from benfex.subscriptions.opening import open_service
from data.queries import plans as plan_queries
from data.values.errors import InvalidInput
from data.values.identifiers import SubscriptionId
from data.values.kinds import CycleAlignment, Interval, LineKind, TaxBehavior
from data.values.money import Money
from data.values.roles import Permission

_NEXT_DATES = 3
_YEARS = range(2000, 2200)


@dataclass(frozen=True, slots=True)
class FirstInvoice:
    """Lines with their tax, the tax in them, the total, and when this and the next invoices come.

    `on` is the day of the first charge; no lines mean that nothing is due on the day the service starts.
    """

    lines: tuple[tuple[str, Money], ...]
    tax: Money
    total: Money
    next_on: tuple[date, ...]


def first_invoice(
    snapshot: Snapshot,
    *,
    plan_name: str,
    amount: Money,
    setup_fee: Money | None,
    interval: Interval,
    interval_count: int,
    tax_code: str | None,
    tax_behavior: TaxBehavior,
    terms: PriceTerms,
    starts_on: date,
) -> FirstInvoice:
    """Return what is invoiced on the day a service starts, under the ISP's own policy. Raises InvalidInput."""
    require(snapshot.actor, Permission.VIEW_PLANS)
    if interval is Interval.HOUR:
        raise InvalidInput("interval", "Plans by the hour are prepaid and have no first invoice.")
    if amount.minor < 0 or (setup_fee is not None and setup_fee.minor < 0):
        raise InvalidInput("amount", "A price cannot be below zero.")
    if starts_on.year not in _YEARS:
        raise InvalidInput("starts_on", f"Give a day from {_YEARS[0]} to {_YEARS[-1]}.")
    policy = current_terms(snapshot)
    opening = open_service(
        starts_on=starts_on,
        interval=interval,
        interval_count=interval_count,
        billing_day=policy.billing_day,
        alignment=policy.alignment,
        trial_days=terms.trial_days,
    )
    group = plan_queries.tax_group_by_code(snapshot.session, tax_code) if tax_code else None
    tax = TaxTable(snapshot.session).terms(group.id if group else None, tax_behavior, on=starts_on)
    item = ChargedItem("price", plan_name, LineKind.RECURRING, amount.minor, tax, opening.charged_from_on)
    cycle = CycleTerms(interval, interval_count, opening.anchor_day, terms.timing, policy.fixed_month_days)
    joins = opening.alignment is CycleAlignment.PART_PLUS_FULL
    service = ServiceTerms(
        SubscriptionId(0),
        amount.currency,
        cycle,
        (item,),
        opening.first_period_ends_on,
        opens_with_full_on=opening.charged_from_on if joins else None,
    )
    setup = setup_charge(
        subscription_id=SubscriptionId(0),
        plan_name=plan_name,
        fee=setup_fee or Money.zero(amount.currency),
        tax=tax,
    )
    due = due_charges(service, on=starts_on)
    lines = [*([setup] if setup else []), *due.lines]
    ends_on = due.period.ends_on if due.period else opening.first_period_ends_on
    after = replace(
        service, items=(replace(item, charged_through_on=due.charged_through[0]),), period_ends_on=ends_on
    )
    return _told(lines, amount.currency, _next_dates(after))


def _next_dates(service: ServiceTerms) -> tuple[date, ...]:
    dates: list[date] = []
    for _ in range(_NEXT_DATES):
        through = tuple(item.charged_through_on for item in service.items)
        day = billing_date_after(service, charged_through=through, period_ends_on=service.period_ends_on)
        if day is None:
            break
        dates.append(day)
        due = due_charges(service, on=day)
        service = replace(
            service,
            items=(replace(service.items[0], charged_through_on=due.charged_through[0]),),
            period_ends_on=due.period.ends_on if due.period else service.period_ends_on,
        )
    return tuple(dates)


def _told(lines: list[ChargeLine], currency: str, next_on: tuple[date, ...]) -> FirstInvoice:
    taxed = tax_lines([(line.amount.minor, line.tax) for line in lines])
    shown = tuple(
        (line.description, Money(part.net_minor + part.tax_minor, currency))
        for line, part in zip(lines, taxed, strict=True)
    )
    tax = Money(sum(part.tax_minor for part in taxed), currency)
    total = sum((amount for _, amount in shown), Money.zero(currency))
    return FirstInvoice(shown, tax, total, next_on)
