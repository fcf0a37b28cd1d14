"""Chase what is overdue: mark services past due, and suspend them when the policy's step has come.

Each step is taken once per invoice, so a service that staff resumed stays on until the next invoice is late.

Which step is due is said in `schedule`; a payment lifts the suspension again in `payments/settlement`.
"""

from dataclasses import dataclass
from datetime import date

from benfex.core.actors import require
from benfex.core.policy import billing_today, dunning_schedule
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.dunning.schedule import due_steps, step_key
from benfex.subscriptions.lifecycle import mark_past_due, suspend_subscription
from data.locks import lock_customer
from data.models.invoice import Invoice, InvoiceReminder
from data.queries import invoices as invoice_queries
from data.queries import subscriptions as subscription_queries
from data.values.identifiers import CustomerId, SubscriptionId
from data.values.kinds import DunningAction, SuspensionReason
from data.values.roles import Permission
from data.values.states import SubscriptionStatus

_SUSPENDABLE = (SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE)


@dataclass(frozen=True, slots=True)
class DunningOutcome:
    """What was done: steps taken for the first time, services suspended."""

    steps: int
    suspended: tuple[SubscriptionId, ...]


def customers_to_chase(snapshot: Snapshot) -> tuple[CustomerId, ...]:
    """Return the customers with an overdue invoice today, ascending."""
    require(snapshot.actor, Permission.RUN_BILLING)
    found = invoice_queries.customers_overdue(snapshot.session, on=billing_today(snapshot))
    return tuple(CustomerId(row) for row in found)


def run_dunning(uow: UnitOfWork, *, customer_id: CustomerId) -> DunningOutcome:
    """Take the steps that are due for one customer; running again takes none twice."""
    require(uow.actor, Permission.RUN_BILLING)
    lock_customer(uow.session, customer_id)
    today = billing_today(uow)
    overdue = invoice_queries.overdue_invoices(uow.session, customer_id=customer_id, on=today)
    if not overdue:
        return DunningOutcome(0, ())
    for subscription in subscription_queries.subscriptions_of(uow.session, customer_id=customer_id):
        if subscription.status is SubscriptionStatus.ACTIVE and subscription.id is not None:
            mark_past_due(uow, subscription_id=SubscriptionId(subscription.id))
    actions = _take_steps(uow, overdue, today)
    if DunningAction.SUSPEND not in actions:
        return DunningOutcome(len(actions), ())
    return DunningOutcome(len(actions), _suspend_all(uow, customer_id))


def _take_steps(uow: UnitOfWork, overdue: list[Invoice], today: date) -> list[DunningAction]:
    schedule = dunning_schedule(uow)
    owed = sum(invoice.total_minor - invoice.paid_minor for invoice in overdue)
    done = invoice_queries.reminders_of(
        uow.session, [invoice.id for invoice in overdue if invoice.id is not None]
    )
    actions: list[DunningAction] = []
    for invoice in overdue:
        assert invoice.id is not None
        assert invoice.due_on is not None
        taken = frozenset(key for row, key in done if row == invoice.id)
        for step in due_steps(schedule, days_overdue=(today - invoice.due_on).days, taken=taken):
            if step.action is DunningAction.SUSPEND and owed <= schedule.debt_tolerated_minor:
                continue
            uow.session.add(InvoiceReminder(invoice_id=invoice.id, step=step_key(step), at=uow.now))
            actions.append(step.action)
    uow.session.flush()
    return actions


def _suspend_all(uow: UnitOfWork, customer_id: CustomerId) -> tuple[SubscriptionId, ...]:
    suspended = []
    for subscription in subscription_queries.subscriptions_of(uow.session, customer_id=customer_id):
        if subscription.status in _SUSPENDABLE and subscription.id is not None:
            subscription_id = SubscriptionId(subscription.id)
            suspend_subscription(uow, subscription_id=subscription_id, reason=SuspensionReason.NON_PAYMENT)
            suspended.append(subscription_id)
    return tuple(suspended)
