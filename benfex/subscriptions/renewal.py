"""Invoice what is due of a customer, and move each service on.

What is due is said by one rule, `billing/charges`: every period beyond `charged_through_on` whose day has come.
So a missed day is caught up by the next run, and running twice changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from benfex.billing.charges import ChargeLine, CycleTerms, DueCharges, due_charges, next_billing_date
from benfex.billing.invoicing import issue_invoice
from benfex.catalog.taxes import TaxTable
from benfex.core.actors import require
from benfex.core.policy import current_terms
from benfex.core.unit_of_work import UnitOfWork
from benfex.subscriptions.terms import service_terms
from data.locks import lock_customer
from data.models.subscription import Subscription
from data.queries import invoices as invoice_queries
from data.queries import subscriptions as subscription_queries
from data.values.identifiers import CustomerId, InvoiceId
from data.values.money import Money
from data.values.periods import next_boundary
from data.values.roles import Permission


@dataclass(frozen=True, slots=True)
class BilledCustomer:
    """What one customer was invoiced: the invoice, None when nothing was due, and its total with tax."""

    invoice_id: InvoiceId | None
    total: Money | None


def bill_customer(
    uow: UnitOfWork, *, customer_id: CustomerId, on: date, extra: Sequence[ChargeLine] = ()
) -> BilledCustomer:
    """Issue one invoice to a payer for all that is due on the day, after lines that are charged at any rate.

    `on` is a date of the ISP; `customer_id` is who is billed, for their own services and those they pay for.
    """
    require(uow.actor, Permission.RUN_BILLING)
    lock_customer(uow.session, customer_id)
    terms, taxes = current_terms(uow), TaxTable(uow.session)
    lines = list(extra)
    for facts in subscription_queries.due_services(uow.session, billed_customer_id=customer_id, on=on):
        service = service_terms(facts, taxes, on=on, fixed_month_days=terms.fixed_month_days)
        due = due_charges(service, on=on)
        lines += due.lines
        _move_on(facts, service.cycle, due)
        refresh_bills_on(facts.subscription, next_billing_date(service_terms(facts, taxes, on=on)))
    uow.session.flush()
    if not lines:
        return BilledCustomer(None, None)
    invoice_id = issue_invoice(uow, customer_id=customer_id, lines=lines, issued_on=on)
    invoice = invoice_queries.find_invoice(uow.session, invoice_id)
    assert invoice is not None
    return BilledCustomer(invoice_id, Money(invoice.total_minor, invoice.currency))


def refresh_bills_on(subscription: Subscription, charges_on: date | None) -> None:
    """Note the next date on which the bill run has something to do: a charge, a change, an end or a return."""
    dates = (charges_on, subscription.pending_change_on, subscription.ends_on, subscription.resumes_on)
    subscription.bills_on = min((day for day in dates if day is not None), default=None)


def _move_on(facts: subscription_queries.ServiceFacts, cycle: CycleTerms, due: DueCharges) -> None:
    subscription = facts.subscription
    subscription.charged_through_on = due.charged_through[0]
    for row, through in zip(facts.add_ons, due.charged_through[1:], strict=True):
        row.charged_through_on = through
    for discount, used in zip(facts.discounts, due.discounts_used, strict=True):
        if discount.periods_left is not None:
            discount.periods_left -= used
    if due.period is not None:
        subscription.period_starts_on, subscription.period_ends_on = (
            due.period.starts_on,
            due.period.ends_on,
        )
    if facts.is_in_arrears and subscription.charged_through_on >= subscription.period_ends_on:
        # In arrears the running cycle is the one that is not billed yet.
        starts_on = subscription.charged_through_on
        subscription.period_starts_on = starts_on
        subscription.period_ends_on = next_boundary(
            starts_on, cycle.interval, cycle.interval_count, cycle.anchor_day
        )
    subscription.version += 1
