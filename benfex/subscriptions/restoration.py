"""Give services back once nothing stands against them: what money, a credit note or a void invoice lifts.

Which suspensions may be lifted so is said in `lifecycle`; how fast a payment restores is kept by `payments`.
"""

from collections.abc import Collection

from benfex.core.policy import billing_today, current_terms
from benfex.core.unit_of_work import UnitOfWork
from benfex.customers.promises import close_promise
from benfex.subscriptions.lifecycle import reactivate_subscription
from benfex.subscriptions.throttling import unthrottle_subscription
from data.queries import restoration as restoration_queries
from data.values.identifiers import ConnectionId, CustomerId, SubscriptionId
from data.values.kinds import SuspensionReason
from data.values.states import SubscriptionStatus

Restored = tuple[SubscriptionId, ConnectionId]


def lift_non_payment(uow: UnitOfWork, *, customer_id: CustomerId) -> tuple[Restored, ...]:
    """Restore what a payer's debt took, as `lift_non_payments` does; return those restored."""
    return lift_non_payments(uow, customer_ids=[customer_id]).get(customer_id, ())


def lift_non_payments(
    uow: UnitOfWork, *, customer_ids: Collection[CustomerId]
) -> dict[CustomerId, tuple[Restored, ...]]:
    """Restore what debts took of payers who owe no more than is tolerated; return what came back, by payer.

    Services past due become active again when nothing at all is overdue, slowed ones get their speed back, and a
    promise to pay was kept. Looked at are the services that are billed to a payer, and those that an invoice of
    theirs charged before somebody else paid for them. Against a service stand the overdue invoices of who pays
    for it now, and those of others that charged it: it comes back with the last of them. A few questions for all
    payers together; only what comes back costs more.
    """
    session = uow.session
    promised = restoration_queries.customers_with_promise(session, customer_ids=customer_ids)
    taken = restoration_queries.services_taken(session, payer_ids=customer_ids)
    if not promised and not taken:
        return {}
    today, tolerated = billing_today(uow), current_terms(uow).debt_tolerated_minor
    overdue = restoration_queries.overdue_minor(session, payer_ids=customer_ids, on=today)
    for customer_id in promised:
        if overdue.get(customer_id, 0) <= tolerated:
            close_promise(uow, customer_id=CustomerId(customer_id), is_kept=True)
    against = restoration_queries.against_minor(
        session, subscription_ids={service.subscription_id for service in taken}, on=today
    )
    restored: dict[CustomerId, tuple[Restored, ...]] = {}
    seen = set[int]()
    for service in taken:
        is_ours = service.billed_customer_id == service.payer_id
        if is_ours and overdue.get(service.payer_id, 0) > tolerated:
            continue
        if against[service.subscription_id] > tolerated or service.subscription_id in seen:
            continue
        seen.add(service.subscription_id)
        subscription_id, payer_id = SubscriptionId(service.subscription_id), CustomerId(service.payer_id)
        if service.is_throttled:
            unthrottle_subscription(uow, subscription_id=subscription_id)
        is_late = service.status is SubscriptionStatus.PAST_DUE
        for_debt = service.suspension_reason is SuspensionReason.NON_PAYMENT
        is_suspended = service.status is SubscriptionStatus.SUSPENDED and for_debt
        if not is_suspended and (not is_late or against[subscription_id]):
            continue
        connection_id = reactivate_subscription(uow, subscription_id=subscription_id, by_payment=True)
        if connection_id is not None:
            restored[payer_id] = (*restored.get(payer_id, ()), (subscription_id, connection_id))
    return restored
