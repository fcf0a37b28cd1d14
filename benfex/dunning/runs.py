"""Chase what is not paid: take the steps that are due for a payer, and lift what is paid.

What is to be done is decided in `cases`; each step is taken once per invoice, so a service that staff resumed
stays on until the next invoice is late. Suspending keeps the billing as the policy says, ending stops it. A
payment lifts the suspension at once in `payments/settlement`; what credit or a voided invoice paid, the next run.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from benfex.billing.charges import ChargeLine
from benfex.billing.invoicing import issue_invoice
from benfex.core.actors import require
from benfex.core.policy import billing_today, current_terms, dunning_schedule, holidays
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.customers.promises import close_promise
from benfex.dunning.cases import Case, Decision, DunningRules, decide, read_cases
from benfex.dunning.schedule import ACCESS, QuietDays, days_ahead, step_key, template_of, told_steps
from benfex.notifications.outbox import enqueue_message, say_date
from benfex.subscriptions.lifecycle import (
    end_subscription,
    mark_past_due,
    reactivate_subscription,
    suspend_subscription,
)
from benfex.subscriptions.throttling import throttle_subscription, unthrottle_subscription
from data.locks import lock_customer
from data.models.invoice import InvoiceReminder
from data.queries import dunning as dunning_queries
from data.queries.dunning import ChasedInvoice
from data.values.identifiers import CustomerId, InvoiceId, SubscriptionId
from data.values.kinds import DunningAction, LineKind, SuspensionReason
from data.values.money import Money
from data.values.roles import Permission
from data.values.states import SubscriptionStatus
from data.values.terms import DunningStep

_PAGE = 200


@dataclass(frozen=True, slots=True)
class DunningOutcome:
    """What was done: steps taken for the first time, services suspended."""

    steps: int
    suspended: tuple[SubscriptionId, ...]


@dataclass(frozen=True, slots=True)
class ForeseenSuspension:
    """A service that dunning would suspend, and who pays for it."""

    subscription_id: SubscriptionId
    customer_id: CustomerId
    payer_id: CustomerId


def dunning_rules(snapshot: Snapshot, *, holds_access: bool = False) -> DunningRules:
    """Return what dunning goes by now: the policy's schedule, its quiet weekdays and the holidays to come."""
    from_on = billing_today(snapshot) - timedelta(days=1)
    days = frozenset(holiday.day for holiday in holidays(snapshot, from_on=from_on))
    return DunningRules(
        dunning_schedule(snapshot),
        QuietDays(current_terms(snapshot).quiet_weekdays, days),
        holds_access,
    )


def customers_to_chase(snapshot: Snapshot, *, holds_access: bool = False) -> tuple[CustomerId, ...]:
    """Return the payers about whom there is something to do today, ascending."""
    require(snapshot.actor, Permission.RUN_BILLING)
    rules, today = dunning_rules(snapshot, holds_access=holds_access), billing_today(snapshot)
    return tuple(
        CustomerId(case.customer.customer_id)
        for case, decision in _decisions(snapshot, rules, today)
        if not decision.is_empty
    )


def foreseen_suspensions(snapshot: Snapshot, on: date) -> tuple[ForeseenSuspension, ...]:
    """Return the services that dunning would suspend on a day, as things stand now, by payer."""
    require(snapshot.actor, Permission.RUN_BILLING)
    return tuple(
        ForeseenSuspension(
            SubscriptionId(service.subscription_id),
            CustomerId(service.customer_id),
            CustomerId(service.payer_id),
        )
        for _, decision in _decisions(snapshot, dunning_rules(snapshot), on)
        for service in decision.suspend
    )


def run_dunning(uow: UnitOfWork, *, customer_id: CustomerId, holds_access: bool = False) -> DunningOutcome:
    """Do what is due for one payer; running again does nothing twice.

    `holds_access` leaves out what touches access, as on a quiet day.
    """
    require(uow.actor, Permission.RUN_BILLING)
    lock_customer(uow.session, customer_id)
    rules, today = dunning_rules(uow, holds_access=holds_access), billing_today(uow)
    cases = read_cases(uow, [customer_id], on=today, rules=rules)
    if not cases:
        return DunningOutcome(0, ())
    case = cases[0]
    decision = decide(case, rules, on=today)
    if decision.is_empty:
        return DunningOutcome(0, ())
    _note_steps(uow, decision)
    if decision.is_promise_kept or decision.is_promise_broken:
        close_promise(uow, customer_id=customer_id, is_kept=decision.is_promise_kept)
    _move_services(uow, decision)
    _tell(uow, case, decision, today)
    _charge_fees(uow, decision, today)
    return DunningOutcome(
        sum(len(steps) for _, steps in decision.steps),
        tuple(SubscriptionId(service.subscription_id) for service in decision.suspend),
    )


def _decisions(snapshot: Snapshot, rules: DunningRules, on: date) -> Iterator[tuple[Case, Decision]]:
    """Yield what is to be done about every payer, a page at a time."""
    until, after = on + timedelta(days=days_ahead(rules.schedule)), 0
    while page := dunning_queries.customers_in_dunning(
        snapshot.session, due_until_on=until, after_id=after, limit=_PAGE
    ):
        for case in read_cases(snapshot, page, on=on, rules=rules):
            yield case, decide(case, rules, on=on)
        after = page[-1]


def _note_steps(uow: UnitOfWork, decision: Decision) -> None:
    for invoice, steps in decision.steps:
        for step in steps:
            uow.session.add(InvoiceReminder(invoice_id=invoice.invoice_id, step=step_key(step), at=uow.now))
    uow.session.flush()


def _move_services(uow: UnitOfWork, decision: Decision) -> None:
    for service in decision.restore:
        subscription_id = SubscriptionId(service.subscription_id)
        if service.is_throttled:
            unthrottle_subscription(uow, subscription_id=subscription_id)
        if service.status in (SubscriptionStatus.SUSPENDED, SubscriptionStatus.PAST_DUE):
            reactivate_subscription(uow, subscription_id=subscription_id, by_payment=True)
    for service in decision.past_due:
        mark_past_due(uow, subscription_id=SubscriptionId(service.subscription_id))
    for service in decision.throttle:
        throttle_subscription(uow, subscription_id=SubscriptionId(service.subscription_id))
    for service in decision.suspend:
        suspend_subscription(
            uow,
            subscription_id=SubscriptionId(service.subscription_id),
            reason=SuspensionReason.NON_PAYMENT,
        )
    for service in decision.end:
        end_subscription(uow, subscription_id=SubscriptionId(service.subscription_id), reason="not paid")


def _tell(uow: UnitOfWork, case: Case, decision: Decision, today: date) -> None:
    customer_id = CustomerId(case.customer.customer_id)
    touched = {
        DunningAction.THROTTLE: decision.throttle,
        DunningAction.SUSPEND: decision.suspend,
        DunningAction.END: decision.end,
    }
    told_access = False
    told = [(invoice, step) for invoice, steps in decision.steps for step in told_steps(steps)]
    for invoice, step in told:
        # One word on access for all invoices, and none when nothing changes: the service was off already.
        if step.action in ACCESS and (told_access or not touched[step.action]):
            continue
        told_access = told_access or step.action in ACCESS
        enqueue_message(
            uow,
            customer_id=customer_id,
            template=template_of(step),
            facts=_facts(case, invoice, step, today),
            dedupe_key=f"invoice:{invoice.invoice_id}:{step_key(step)}",
        )
    if decision.is_promise_broken and not told_access and (decision.suspend or decision.throttle):
        invoice = case.invoices[0]
        action = DunningAction.SUSPEND if decision.suspend else DunningAction.THROTTLE
        step = DunningStep(1, action)
        enqueue_message(
            uow,
            customer_id=customer_id,
            template=template_of(step),
            facts=_facts(case, invoice, step, today),
            dedupe_key=f"customer:{customer_id}:promise:{case.customer.promised_until_on}:broken",
        )


def _facts(case: Case, invoice: ChasedInvoice, step: DunningStep, today: date) -> dict[str, str]:
    """Return what a message tells: a reminder of its invoice's open part, the rest of all that is overdue."""
    is_about_all = step.action in ACCESS
    amount = case.overdue_minor(today) if is_about_all else invoice.open_minor
    facts = {
        "number": invoice.number,
        "due_on": say_date(invoice.due_on),
        "days": str(abs((today - invoice.due_on).days)),
        "invoice_id": str(invoice.invoice_id),
    }
    if step.action is DunningAction.LATE_FEE:
        facts["fee"] = Money(step.amount_minor, invoice.currency).format()
        amount = case.overdue_minor(today) + step.amount_minor
    return {**facts, "amount": Money(amount, invoice.currency).format()}


def _charge_fees(uow: UnitOfWork, decision: Decision, today: date) -> None:
    """Invoice late fees, a fee for itself: the invoice that is late must not change. A fee bears no tax."""
    for invoice, steps in decision.steps:
        for step in steps:
            if step.action is not DunningAction.LATE_FEE:
                continue
            line = ChargeLine(
                kind=LineKind.LATE_FEE,
                description=f"Late fee on invoice {invoice.number}",
                unit=Money(step.amount_minor, invoice.currency),
                billing_key=f"late_fee:{InvoiceId(invoice.invoice_id)}",
                item="late_fee",
            )
            issue_invoice(uow, customer_id=CustomerId(invoice.customer_id), lines=[line], issued_on=today)
