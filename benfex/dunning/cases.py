"""What is to be done about one payer today: a case is read from the rows, and one rule decides it.

The rule is pure, so that a run, its breaker and tomorrow's rehearsal say the same. Who does it is `runs`.
A deferral and a promise hold off every step but a reminder before the due date; a debt that the policy tolerates
holds off what hurts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from benfex.core.unit_of_work import Snapshot
from benfex.dunning.schedule import ACCESS, GENTLE, QuietDays, days_ahead, due_steps
from data.queries import dunning as dunning_queries
from data.queries.dunning import ChasedCustomer, ChasedInvoice, ChasedService
from data.values.kinds import DunningAction, SuspensionReason
from data.values.states import SubscriptionStatus
from data.values.terms import DunningSchedule, DunningStep

_ON = (SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE)


@dataclass(frozen=True, slots=True)
class DunningRules:
    """What dunning goes by on a day; `holds_access` is a run that waits for the owner's word."""

    schedule: DunningSchedule
    quiet: QuietDays = field(default_factory=QuietDays)
    holds_access: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """One payer: what is open, which steps were taken for it, and the services that it pays for."""

    customer: ChasedCustomer
    invoices: tuple[ChasedInvoice, ...]
    taken: tuple[frozenset[str], ...]
    services: tuple[ChasedService, ...]

    def overdue_minor(self, on: date) -> int:
        """Return what is owed beyond its due date."""
        return sum(invoice.open_minor for invoice in self.invoices if invoice.due_on < on)


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done: steps by invoice, and services by what happens to them; nothing is in two of these."""

    steps: tuple[tuple[ChasedInvoice, tuple[DunningStep, ...]], ...] = ()
    past_due: tuple[ChasedService, ...] = ()
    throttle: tuple[ChasedService, ...] = ()
    suspend: tuple[ChasedService, ...] = ()
    end: tuple[ChasedService, ...] = ()
    restore: tuple[ChasedService, ...] = ()
    is_promise_kept: bool = False
    is_promise_broken: bool = False

    @property
    def is_empty(self) -> bool:
        """Return whether there is nothing to do."""
        lists = (self.steps, self.past_due, self.throttle, self.suspend, self.end, self.restore)
        return not any(lists) and not self.is_promise_kept and not self.is_promise_broken


def read_cases(
    snapshot: Snapshot, customer_ids: Sequence[int], *, on: date, rules: DunningRules
) -> list[Case]:
    """Return the cases of these payers, by id; a fixed number of statements whatever their number."""
    if not customer_ids:
        return []
    session, until = snapshot.session, on + timedelta(days=days_ahead(rules.schedule))
    invoices = dunning_queries.chased_invoices(session, customer_ids, due_until_on=until)
    taken = dunning_queries.steps_taken(session, [invoice.invoice_id for invoice in invoices])
    own: dict[int, list[ChasedInvoice]] = {}
    for invoice in invoices:
        own.setdefault(invoice.customer_id, []).append(invoice)
    services: dict[int, list[ChasedService]] = {}
    for service in dunning_queries.chased_services(session, customer_ids):
        services.setdefault(service.payer_id, []).append(service)
    return [
        Case(
            customer,
            tuple(own.get(customer.customer_id, ())),
            tuple(
                taken.get(invoice.invoice_id, frozenset()) for invoice in own.get(customer.customer_id, ())
            ),
            tuple(services.get(customer.customer_id, ())),
        )
        for customer in dunning_queries.chased_customers(session, customer_ids)
    ]


def decide(case: Case, rules: DunningRules, *, on: date) -> Decision:
    """Return what is to be done about a payer on a day."""
    is_tolerated = case.overdue_minor(on) <= rules.schedule.debt_tolerated_minor
    no_cuts = on in rules.quiet or rules.holds_access
    promised = case.customer.promised_until_on
    is_kept = promised is not None and is_tolerated
    # A promise that ends before a quiet day is judged on the next other day, for then it may be cut off.
    is_broken = promised is not None and not is_tolerated and on > promised and not no_cuts
    deferred = case.customer.deferred_until_on
    is_held = (deferred is not None and on < deferred) or (
        promised is not None and not is_kept and not is_broken
    )
    steps = tuple(
        (invoice, due)
        for invoice, taken in zip(case.invoices, case.taken, strict=True)
        if (
            due := tuple(
                step
                for step in due_steps(rules.schedule, days_overdue=(on - invoice.due_on).days, taken=taken)
                if not _waits(step, invoice, is_held=is_held, is_tolerated=is_tolerated, no_cuts=no_cuts)
            )
        )
    )
    actions = {step.action for _, due in steps for step in due}
    if is_broken:
        actions |= _taken_before(case, on)
    is_late = any(invoice.due_on < on for invoice in case.invoices)
    end, suspend, throttle = _access(case, actions)
    return Decision(
        steps=steps,
        past_due=tuple(
            service
            for service in case.services
            if is_late and service.status is SubscriptionStatus.ACTIVE and service not in (*suspend, *end)
        ),
        throttle=throttle,
        suspend=suspend,
        end=end,
        restore=_restorable(case, is_late=is_late) if is_tolerated else (),
        is_promise_kept=is_kept,
        is_promise_broken=is_broken,
    )


def _waits(
    step: DunningStep, invoice: ChasedInvoice, *, is_held: bool, is_tolerated: bool, no_cuts: bool
) -> bool:
    if step.action in GENTLE:
        return is_held and step.days_overdue >= 0
    if step.action is DunningAction.LATE_FEE and invoice.has_only_fees:
        return True
    return is_held or is_tolerated or (no_cuts and step.action in ACCESS)


def _taken_before(case: Case, on: date) -> set[DunningAction]:
    """Return the steps on access whose effect a promise had undone."""
    keys = {
        key
        for invoice, taken in zip(case.invoices, case.taken, strict=True)
        if invoice.due_on < on
        for key in taken
    }
    undone = (DunningAction.THROTTLE, DunningAction.SUSPEND)
    return {action for action in undone if any(key.startswith(f"{action.value}:") for key in keys)}


def _access(
    case: Case, actions: set[DunningAction]
) -> tuple[tuple[ChasedService, ...], tuple[ChasedService, ...], tuple[ChasedService, ...]]:
    """Return whom to end, suspend and throttle: the gravest wins."""
    running = tuple(service for service in case.services if service.status in _ON)
    if DunningAction.END in actions:
        cut = tuple(
            service for service in case.services if service.status in (*_ON, SubscriptionStatus.SUSPENDED)
        )
        return cut, (), ()
    if DunningAction.SUSPEND in actions:
        return (), running, ()
    if DunningAction.THROTTLE in actions:
        return (), (), tuple(service for service in running if not service.is_throttled)
    return (), (), ()


def _restorable(case: Case, *, is_late: bool) -> tuple[ChasedService, ...]:
    """Return services that dunning holds although no more is owed than the policy lets pass."""
    return tuple(
        service
        for service in case.services
        if service.is_throttled
        or (
            service.status is SubscriptionStatus.SUSPENDED
            and service.suspension_reason is SuspensionReason.NON_PAYMENT
        )
        or (service.status is SubscriptionStatus.PAST_DUE and not is_late)
    )
