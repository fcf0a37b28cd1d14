"""From the rows of a service to the values that the billing rules ask for, and back to the rows."""

from dataclasses import dataclass
from datetime import date

from benfex.billing.charges import (
    ChargedItem,
    CycleTerms,
    DiscountTerms,
    DueCharges,
    ServiceTerms,
    add_on_item,
)
from benfex.catalog.taxes import TaxTable
from data.models.subscription import Subscription
from data.queries.billing_facts import DueService, SubscriptionRow, charges_for_usage
from data.queries.subscriptions import ServiceFacts
from data.values.identifiers import SubscriptionId
from data.values.kinds import CycleAlignment, LineKind
from data.values.periods import next_boundary


def service_terms(
    facts: ServiceFacts | DueService, taxes: TaxTable, *, on: date, fixed_month_days: int | None = None
) -> ServiceTerms:
    """Return all of a service that decides what it is charged, at the tax rates of a billing date."""
    subscription, price = facts.subscription, facts.price
    assert subscription.id is not None
    agreed = subscription.agreed_price_minor
    plan = ChargedItem(
        item="price",
        name=facts.plan.name,
        kind=LineKind.RECURRING,
        unit_minor=price.amount_minor if agreed is None else agreed,
        tax=taxes.terms(price.tax_group_id, price.tax_behavior, on=on),
        charged_through_on=subscription.charged_through_on,
        ends_on=subscription.ends_on,
    )
    add_ons = tuple(
        ChargedItem(
            item=add_on_item(row.id or 0),
            name=row.name,
            kind=LineKind.ADD_ON,
            unit_minor=row.unit_minor,
            tax=taxes.terms(row.tax_group_id, row.tax_behavior, on=on),
            charged_through_on=row.charged_through_on,
            quantity=row.quantity,
            ends_on=min(filter(None, (row.ends_on, subscription.ends_on)), default=None),
        )
        for row in facts.add_ons
    )
    discounts = tuple(
        DiscountTerms(
            discount_id=row.id or 0,
            name=row.name,
            kind=row.kind,
            basis_points=row.basis_points,
            amount_minor=row.amount_minor,
            starts_on=row.starts_on,
            ends_on=row.ends_on,
            periods_left=row.periods_left,
            counted_until_on=row.counted_until_on,
        )
        for row in facts.discounts
    )
    return ServiceTerms(
        subscription_id=SubscriptionId(subscription.id),
        currency=price.currency,
        cycle=cycle_terms(facts, fixed_month_days=fixed_month_days),
        items=(plan, *add_ons),
        period_ends_on=subscription.period_ends_on,
        segment=subscription.segment,
        discounts=discounts,
        opens_with_full_on=_opening_day(subscription),
    )


def cycle_terms(facts: ServiceFacts | DueService, *, fixed_month_days: int | None = None) -> CycleTerms:
    """Return the rhythm of a service."""
    price = facts.price
    return CycleTerms(
        price.interval, price.interval_count, facts.subscription.anchor_day, price.timing, fixed_month_days
    )


def bills_on(
    subscription: Subscription | SubscriptionRow, charges_on: date | None, begins_on: date | None = None
) -> date | None:
    """Return the next date on which the bill run has something to do.

    That is a charge, a change, an end, a return, or the beginning of a cycle that was charged before.
    """
    dates = (
        charges_on,
        begins_on,
        subscription.pending_change_on,
        subscription.ends_on,
        subscription.resumes_on,
    )
    return min((day for day in dates if day is not None), default=None)


def next_bill_on(facts: ServiceFacts) -> date | None:
    """Return the next date on which something is charged or changes, as people are told; None for never by itself.

    A cycle that begins after it was charged is none, unless traffic beyond the cap is charged then.
    """
    row = facts.subscription
    begins_on = cycle_begins_on(
        facts, charged_through_on=row.charged_through_on, period_ends_on=row.period_ends_on
    )
    if begins_on is None or row.bills_on != begins_on or charges_for_usage(facts.plan, facts.price):
        return row.bills_on
    lasting = [
        item for item in facts.add_ons if item.ends_on is None or item.charged_through_on < item.ends_on
    ]
    return bills_on(row, min([row.charged_through_on, *(item.charged_through_on for item in lasting)]))


def refresh_bills_on(
    subscription: Subscription, charges_on: date | None, begins_on: date | None = None
) -> None:
    """Note the next date on which the bill run has something to do, when charges are due on one or never."""
    subscription.bills_on = bills_on(subscription, charges_on, begins_on)


def cycle_begins_on(
    facts: ServiceFacts | DueService, *, charged_through_on: date, period_ends_on: date
) -> date | None:
    """Return where the next cycle begins when it was charged with the part before it; None when it was not.

    What is shown of the service, its cap and the charge for its traffic go by the part until then.
    """
    is_ahead = not facts.is_in_arrears and period_ends_on < charged_through_on
    return period_ends_on if is_ahead else None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a bill leaves a service: charged through a date, in a cycle."""

    charged_through_on: date
    period_starts_on: date
    period_ends_on: date


def standing_after(
    facts: ServiceFacts | DueService, cycle: CycleTerms, due: DueCharges, *, on: date
) -> Standing:
    """Return what a service was charged through and the cycle it is in on the day, once the charges are billed."""
    through = due.charged_through[0]
    period_starts_on, period_ends_on = facts.subscription.period_starts_on, facts.subscription.period_ends_on
    if due.period is not None:
        period_starts_on, period_ends_on = due.period.starts_on, due.period.ends_on
    if facts.is_in_arrears and through >= period_ends_on:
        # In arrears the running cycle is the one that is not billed yet.
        period_starts_on = through
        period_ends_on = next_boundary(through, cycle.interval, cycle.interval_count, cycle.anchor_day)
    while not facts.is_in_arrears and period_ends_on <= on and period_ends_on < through:
        # What was charged together with the part before it begins at its own boundary.
        period_starts_on = period_ends_on
        period_ends_on = next_boundary(period_ends_on, cycle.interval, cycle.interval_count, cycle.anchor_day)
    return Standing(through, period_starts_on, period_ends_on)


def move_on(facts: ServiceFacts, cycle: CycleTerms, due: DueCharges, *, on: date) -> None:
    """Note in the rows of a service what it was charged through, and the cycle it is in on the day."""
    subscription, standing = facts.subscription, standing_after(facts, cycle, due, on=on)
    for row, through in zip(facts.add_ons, due.charged_through[1:], strict=True):
        row.charged_through_on = through
    for discount, used, until_on in zip(
        facts.discounts, due.discounts_used, due.discounts_until, strict=True
    ):
        if discount.periods_left is not None:
            discount.periods_left -= used
            discount.counted_until_on = until_on
    subscription.charged_through_on = standing.charged_through_on
    subscription.period_starts_on = standing.period_starts_on
    subscription.period_ends_on = standing.period_ends_on
    subscription.version += 1


def _opening_day(subscription: Subscription | SubscriptionRow) -> date | None:
    if subscription.alignment is not CycleAlignment.PART_PLUS_FULL:
        return None
    return subscription.trial_ends_on or subscription.starts_on
