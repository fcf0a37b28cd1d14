"""Invoice what is due of customers, and move each service on.

What is due is said by one rule, `billing/charges`: every period beyond `charged_through_on` whose day has come.
So a missed day is caught up by the next run, and running twice changes nothing. The plan of a bill, before
anything is written, is made in `planning`; the run over everybody is `bill_run`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from benfex.billing.charges import ChargeLine, next_billing_date
from benfex.billing.invoicing import issue_priced
from benfex.catalog.taxes import TaxTable
from benfex.core.actors import require
from benfex.core.policy import billing_today
from benfex.core.unit_of_work import UnitOfWork
from benfex.subscriptions.due_changes import apply_due_changes
from benfex.subscriptions.planning import (
    BillingBasis,
    BillPlan,
    Circumstances,
    billing_basis,
    plan_bill,
    read_usage,
)
from benfex.subscriptions.terms import cycle_begins_on, refresh_bills_on, service_terms
from benfex.subscriptions.transitions import locked_service
from data.locks import lock_customers
from data.queries import billing_facts as fact_queries
from data.queries import subscriptions as subscription_queries
from data.queries.subscriptions import BILLED_STATES, ServiceFacts
from data.values.errors import BenfexError, NotFound
from data.values.identifiers import CustomerId, InvoiceId, SubscriptionId
from data.values.kinds import BillingMode
from data.values.money import Money
from data.values.roles import Permission
from data.values.states import SubscriptionStatus

# What a customer's records may raise when they make no sense; it says nothing about anybody else.
BROKEN_RECORDS = (BenfexError, ValueError, TypeError, LookupError, ArithmeticError, AssertionError)


@dataclass(frozen=True, slots=True)
class BilledCustomer:
    """What one customer was invoiced: the first invoice, None when nothing was due, and the total with tax.

    A payer of services in several currencies gets an invoice for each; `total` is the first one's.
    """

    invoice_id: InvoiceId | None
    total: Money | None


@dataclass(frozen=True, slots=True)
class PlannedChunk:
    """The bills of some payers, in the order asked for, and those whose records make no sense, with why."""

    plans: tuple[BillPlan, ...]
    broken: Mapping[CustomerId, str]

    @property
    def totals(self) -> list[tuple[CustomerId, Money]]:
        """Return the total of each invoice, with tax."""
        return [(plan.customer_id, row.priced.total) for plan in self.plans for row in plan.invoices]


def bill_customer(
    uow: UnitOfWork, *, customer_id: CustomerId, on: date, extra: Sequence[ChargeLine] = ()
) -> BilledCustomer:
    """Issue one invoice to a payer for all that is due on the day, after lines that are charged at any rate.

    `on` is a date of the ISP; `customer_id` is who is billed, for their own services and those they pay for.
    """
    chunk = plan_customers(uow, customer_ids=[customer_id], on=on, extra={customer_id: extra}, parks=False)
    invoice_ids = issue_plans(uow, chunk.plans)
    if not invoice_ids:
        return BilledCustomer(None, None)
    return BilledCustomer(invoice_ids[0], chunk.totals[0][1])


def caught_up_service(uow: UnitOfWork, subscription_id: SubscriptionId) -> ServiceFacts:
    """Return a service that is about to change, its payer's money held. Raises NotFound.

    What was arranged for a day that has come is applied and billed first, as a run of today does: a change that
    staff make now comes after it, also when no run saw that day.
    """
    facts = locked_service(uow, subscription_id)
    customer_id, today = CustomerId(facts.subscription.billed_customer_id), billing_today(uow)
    if subscription_id not in fact_queries.arranged_for(uow.session, [customer_id], on=today):
        return facts
    bill_customer(uow, customer_id=customer_id, on=today)
    uow.session.flush()
    return locked_service(uow, subscription_id)


def plan_customers(
    uow: UnitOfWork,
    *,
    customer_ids: Sequence[CustomerId],
    on: date,
    extra: Mapping[CustomerId, Sequence[ChargeLine]] | None = None,
    bill_run_id: int | None = None,
    parks: bool = True,
    basis: BillingBasis | None = None,
) -> PlannedChunk:
    """Apply what was arranged for the day, and return what these payers would be billed.

    With `parks`, a payer whose records make no sense is named in `broken` and left as they are; without, and for
    a payer for whom something arranged was just applied, the error is raised.
    """
    require(uow.actor, Permission.RUN_BILLING)
    session = uow.session
    session.flush()
    lock_customers(session, customer_ids)
    basis = basis or billing_basis(uow)
    terms, taxes = basis.terms, basis.taxes
    lines = {customer_id: list(found) for customer_id, found in (extra or {}).items()}
    changed = _apply_arranged(uow, customer_ids, on, lines)
    services = fact_queries.due_services_of(
        session, customer_ids, on=on, while_suspended=terms.bills_while_suspended
    )
    used = read_usage(session, [row for found in services.values() for row in found], on=on, terms=terms)
    around = Circumstances(on, terms, taxes, used, bill_run_id)
    plans, broken = [], {}
    for customer_id in customer_ids:
        try:
            plans.append(
                plan_bill(
                    customer_id, services.get(customer_id, ()), around, extra=lines.get(customer_id, ())
                )
            )
        except BROKEN_RECORDS as cause:
            if not parks or customer_id in changed:
                raise
            broken[customer_id] = reason_of(cause)
    return PlannedChunk(tuple(plans), broken)


def issue_plans(
    uow: UnitOfWork, plans: Sequence[BillPlan], *, basis: BillingBasis | None = None
) -> tuple[InvoiceId, ...]:
    """Issue what was planned in this transaction, move the services on, and return the invoices in order."""
    invoices = [row for plan in plans for row in plan.invoices]
    invoice_ids = issue_priced(uow, invoices, terms=basis.terms if basis else None)
    services, add_ons, discounts = [], [], []
    for plan in plans:
        for row, after in plan.services:
            standing = after.standing
            services.append(
                (
                    row.subscription.id,
                    standing.charged_through_on,
                    standing.period_starts_on,
                    standing.period_ends_on,
                    after.bills_on,
                )
            )
            add_ons += [
                (add_on.id, through)
                for add_on, through in zip(row.add_ons, after.charged_through[1:], strict=True)
                if through != add_on.charged_through_on
            ]
            discounts += [
                (discount.id, used, until_on)
                for discount, used, until_on in zip(
                    row.discounts, after.discounts_used, after.discounts_until, strict=True
                )
                if used and discount.periods_left is not None
            ]
    fact_queries.move_services(uow.session, services, add_ons, discounts)
    return invoice_ids


def reason_of(cause: BaseException) -> str:
    """Return why a customer was left aside, for people."""
    if isinstance(cause, BenfexError):
        return cause.message[:250]
    return f"The records of this customer make no sense: {type(cause).__name__}, {cause}"[:250]


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
        begins_on = cycle_begins_on(
            facts,
            charged_through_on=subscription.charged_through_on,
            period_ends_on=subscription.period_ends_on,
        )
        refresh_bills_on(subscription, next_billing_date(service), begins_on)
    uow.session.flush()


def _apply_arranged(
    uow: UnitOfWork, customer_ids: Sequence[CustomerId], on: date, lines: dict[CustomerId, list[ChargeLine]]
) -> set[CustomerId]:
    """Apply what was arranged, add the lines that it makes due, and return whose services it changed."""
    changed = set()
    for found in fact_queries.arranged_for(uow.session, customer_ids, on=on):
        subscription_id = SubscriptionId(found)
        facts = subscription_queries.service_facts(uow.session, subscription_id)
        assert facts is not None
        customer_id = CustomerId(facts.subscription.billed_customer_id)
        lines.setdefault(customer_id, []).extend(apply_due_changes(uow, facts, on=on))
        refresh_service(uow, subscription_id=subscription_id)
        changed.add(customer_id)
    return changed
