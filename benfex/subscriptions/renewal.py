"""Invoice the periods of a customer that are due, and move each subscription on.

One rule says what is due: every period that begins on or before the day and lies beyond `charged_through_on`.
So a missed day is caught up by the next run, and running twice changes nothing.
"""

from dataclasses import dataclass
from datetime import date

from benfex.billing.charges import ChargeLine, PriceTerms, recurring_charge, setup_charge
from benfex.billing.invoicing import issue_invoice
from benfex.billing.taxation import TaxTerms
from benfex.core.actors import require
from benfex.core.unit_of_work import UnitOfWork
from data.locks import lock_customer
from data.models.subscription import Subscription
from data.queries import subscriptions as subscription_queries
from data.values.identifiers import CustomerId, InvoiceId, PlanPriceId, SubscriptionId, TaxRateId
from data.values.money import Money
from data.values.periods import Period, next_boundary
from data.values.roles import Permission

_PERIODS_MAX = 60  # of one subscription in one run: five years of months caught up


@dataclass(frozen=True, slots=True)
class BilledCustomer:
    """What one customer was invoiced: the invoice, None when nothing was due, and its total."""

    invoice_id: InvoiceId | None
    total: Money | None


def bill_customer(uow: UnitOfWork, *, customer_id: CustomerId, on: date) -> BilledCustomer:
    """Issue one invoice for all that is due on the day. `on` is a date of the ISP."""
    require(uow.actor, Permission.RUN_BILLING)
    lock_customer(uow.session, customer_id)
    lines: list[ChargeLine] = []
    for subscription in subscription_queries.due_subscriptions(uow.session, customer_id=customer_id, on=on):
        lines += _due_lines(uow, subscription, on)
    if not lines:
        return BilledCustomer(None, None)
    invoice_id = issue_invoice(uow, customer_id=customer_id, lines=lines, issued_on=on)
    total = sum((line.amount for line in lines), Money.zero(lines[0].unit.currency))
    return BilledCustomer(invoice_id, total)


def price_terms(sold: subscription_queries.SoldPrice) -> PriceTerms:
    """Return what of a sold price matters to a bill."""
    price, plan, tax = sold
    assert price.id is not None
    terms = None
    if tax is not None and tax.id is not None:
        terms = TaxTerms(TaxRateId(tax.id), tax.code, tax.basis_points, price.tax_behavior)
    return PriceTerms(
        plan_price_id=PlanPriceId(price.id),
        plan_name=plan.name,
        amount=Money(price.amount_minor, price.currency),
        setup_fee=Money(price.setup_fee_minor, price.currency),
        tax=terms,
    )


def _due_lines(uow: UnitOfWork, subscription: Subscription, on: date) -> list[ChargeLine]:
    assert subscription.id is not None
    subscription_id = SubscriptionId(subscription.id)
    sold = subscription_queries.sold_price(uow.session, subscription.plan_price_id)
    assert sold is not None, "a subscription keeps the price it was sold"
    terms = price_terms(sold)
    lines: list[ChargeLine] = []
    if subscription.charged_through_on == subscription.starts_on:
        setup = setup_charge(terms, subscription_id=subscription_id)
        lines += [setup] if setup else []
    for _ in range(_PERIODS_MAX):
        starts_on = subscription.charged_through_on
        if starts_on > on:
            break
        ends_on = next_boundary(
            starts_on, sold.price.interval, sold.price.interval_count, subscription.anchor_day
        )
        lines.append(
            recurring_charge(terms, subscription_id=subscription_id, period=Period(starts_on, ends_on))
        )
        subscription.period_starts_on, subscription.period_ends_on = starts_on, ends_on
        subscription.charged_through_on = ends_on
    subscription.version += 1
    return lines
