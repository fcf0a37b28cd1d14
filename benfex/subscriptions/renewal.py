"""Invoice what is due of a customer, and move each service on.

What is due is said by one rule, `billing/charges`: every period beyond `charged_through_on` whose day has come.
So a missed day is caught up by the next run, and running twice changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from benfex.billing.charges import ChargeLine, due_charges, next_billing_date
from benfex.billing.invoicing import issue_invoice
from benfex.catalog.taxes import TaxTable
from benfex.core.actors import require
from benfex.core.policy import billing_today, current_terms
from benfex.core.unit_of_work import UnitOfWork
from benfex.subscriptions.due_changes import apply_due_changes
from benfex.subscriptions.terms import move_on, refresh_bills_on, service_terms
from data.locks import lock_customer
from data.queries import invoices as invoice_queries
from data.queries import subscriptions as subscription_queries
from data.queries.subscriptions import BILLED_STATES
from data.values.errors import NotFound
from data.values.identifiers import CustomerId, InvoiceId, SubscriptionId
from data.values.kinds import BillingMode
from data.values.money import Money
from data.values.roles import Permission
from data.values.states import SubscriptionStatus


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
    for arranged in subscription_queries.arranged_services(
        uow.session, billed_customer_id=customer_id, on=on
    ):
        lines += apply_due_changes(uow, arranged, on=on)
        refresh_service(uow, subscription_id=SubscriptionId(arranged.subscription.id or 0))
    for facts in subscription_queries.due_services(uow.session, billed_customer_id=customer_id, on=on):
        service = service_terms(facts, taxes, on=on, fixed_month_days=terms.fixed_month_days)
        due = due_charges(service, on=on)
        lines += due.lines
        move_on(facts, service.cycle, due)
        refresh_bills_on(facts.subscription, next_billing_date(service_terms(facts, taxes, on=on)))
    uow.session.flush()
    if not lines:
        return BilledCustomer(None, None)
    invoice_id = issue_invoice(uow, customer_id=customer_id, lines=lines, issued_on=on)
    invoice = invoice_queries.find_invoice(uow.session, invoice_id)
    assert invoice is not None
    return BilledCustomer(invoice_id, Money(invoice.total_minor, invoice.currency))


def refresh_service(uow: UnitOfWork, *, subscription_id: SubscriptionId) -> None:
    """Work out anew when the bill run has something to do for a service; after every act that moves its charges."""
    uow.session.flush()
    facts = subscription_queries.service_facts(uow.session, subscription_id)
    if facts is None:
        raise NotFound("service")
    subscription = facts.subscription
    if subscription.status is SubscriptionStatus.ENDED:
        subscription.bills_on = None
    elif subscription.status not in BILLED_STATES or facts.price.billing_mode is BillingMode.PREPAID:
        refresh_bills_on(subscription, None)
    else:
        service = service_terms(facts, TaxTable(uow.session), on=billing_today(uow))
        refresh_bills_on(subscription, next_billing_date(service))
    uow.session.flush()
