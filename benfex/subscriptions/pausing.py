"""Pause a service at the customer's wish, and bring it back. How charging is cut is in `cutting`."""

from datetime import date

from benfex.core.actors import require
from benfex.core.audit import record_audit
from benfex.core.policy import billing_today
from benfex.core.unit_of_work import UnitOfWork
from benfex.subscriptions.cutting import restart, stop_charging
from benfex.subscriptions.outcomes import ChangeOutcome, OutcomeWatch
from benfex.subscriptions.renewal import bill_customer, caught_up_service, refresh_service
from benfex.subscriptions.transitions import locked_service, move_to, sync_line
from data.values.errors import Conflict, InvalidInput
from data.values.identifiers import CustomerId, SubscriptionId
from data.values.kinds import BillingMode
from data.values.roles import Permission
from data.values.states import SubscriptionStatus

_PAUSE_DAYS_MAX = 366


def pause_subscription(
    uow: UnitOfWork, *, subscription_id: SubscriptionId, resumes_on: date | None = None, reason: str = ""
) -> ChangeOutcome:
    """Take the line off and stop charging from today, until a date or until staff resume it.

    Unused days from today on are credited if the policy says so. Raises NotFound, InvalidInput for a date that is
    not within a year from tomorrow, Conflict for a service that is suspended or prepaid, InvalidTransition.
    """
    require(uow.actor, Permission.EDIT_SUBSCRIPTIONS)
    facts = caught_up_service(uow, subscription_id)
    subscription, today = facts.subscription, billing_today(uow)
    if subscription.status is SubscriptionStatus.SUSPENDED:
        raise Conflict("This service is suspended. Resume it first, or end it.")
    if facts.price.billing_mode is BillingMode.PREPAID:
        raise Conflict("A prepaid service is not paused: its time runs until it is over.")
    if resumes_on is not None and not 0 < (resumes_on - today).days <= _PAUSE_DAYS_MAX:
        raise InvalidInput("resumes_on", "Give a day from tomorrow to a year from now, or none.")
    watch = OutcomeWatch(uow, facts)
    lines = stop_charging(uow, facts, day=today, on=today)
    move_to(uow, subscription, SubscriptionStatus.PAUSED, reason or "paused at the customer's wish")
    subscription.paused_at, subscription.resumes_on = uow.now, resumes_on
    if lines:
        bill_customer(uow, customer_id=CustomerId(subscription.billed_customer_id), on=today, extra=lines)
    refresh_service(uow, subscription_id=subscription_id)
    sync_line(uow, subscription_id, urgent=False)
    until = resumes_on.isoformat() if resumes_on else ""
    _record(uow, subscription_id, "pause", {"until": until, "reason": reason})
    return watch.outcome(effective_on=today)


def resume_subscription(
    uow: UnitOfWork, *, subscription_id: SubscriptionId, reason: str = ""
) -> ChangeOutcome:
    """Bring a paused service back today; the days to the end of the period are charged.

    So is traffic beyond the cap of the period in which it was paused, when that is over. Raises NotFound, Conflict
    when it is not paused.
    """
    require(uow.actor, Permission.EDIT_SUBSCRIPTIONS)
    facts = locked_service(uow, subscription_id)
    subscription, today = facts.subscription, billing_today(uow)
    if subscription.status is not SubscriptionStatus.PAUSED:
        raise Conflict(
            f"This service is {subscription.status.value}, so it cannot be brought back from a pause."
        )
    watch = OutcomeWatch(uow, facts)
    facts = caught_up_service(uow, subscription_id)
    if facts.subscription.status is SubscriptionStatus.ENDED:
        raise Conflict("This service has ended, as it was arranged.")
    if facts.subscription.status is not SubscriptionStatus.PAUSED:
        return watch.outcome(effective_on=today)  # it came back on the day that was arranged
    lines = restart(uow, facts, day=today, reason=reason or "resumed by staff", on=today)
    refresh_service(uow, subscription_id=subscription_id)
    bill_customer(uow, customer_id=CustomerId(subscription.billed_customer_id), on=today, extra=lines)
    _record(uow, subscription_id, "resume", {"reason": reason})
    return watch.outcome(effective_on=today)


def _record(uow: UnitOfWork, subscription_id: SubscriptionId, action: str, changes: dict[str, str]) -> None:
    record_audit(uow, action=action, entity="subscription", entity_id=subscription_id, changes=changes)
