"""From the rows of a service to the values that the billing rules ask for."""

from datetime import date

from benfex.billing.charges import ChargedItem, CycleTerms, DiscountTerms, ServiceTerms
from benfex.catalog.taxes import TaxTable
from data.queries.subscriptions import ServiceFacts
from data.values.identifiers import SubscriptionId
from data.values.kinds import LineKind


def service_terms(
    facts: ServiceFacts, taxes: TaxTable, *, on: date, fixed_month_days: int | None = None
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
            item=f"addon:{row.id}",
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
        )
        for row in facts.discounts
    )
    return ServiceTerms(
        subscription_id=SubscriptionId(subscription.id),
        currency=price.currency,
        cycle=CycleTerms(
            price.interval,
            price.interval_count,
            subscription.anchor_day,
            price.timing,
            fixed_month_days,
        ),
        items=(plan, *add_ons),
        period_ends_on=subscription.period_ends_on,
        segment=subscription.segment,
        discounts=discounts,
    )
