"""Give services back once nothing stands against them: what money, a credit note or a void invoice lifts.

Which suspensions may be lifted so is said in `lifecycle`; how fast a payment restores is kept by `payments`.
"""

from benfex.core.policy import billing_today, current_terms
from benfex.core.unit_of_work import UnitOfWork
from benfex.customers.promises import close_promise
from benfex.subscriptions.lifecycle import reactivate_subscription
from benfex.subscriptions.throttling import unthrottle_subscription
from data.queries import customers as customer_queries
from data.queries import invoices as invoice_queries
from data.queries import subscriptions as subscription_queries
from data.values.identifiers import ConnectionId, CustomerId, SubscriptionId
from data.values.kinds import SuspensionReason
from data.values.states import SubscriptionStatus


def lift_non_payment(
    uow: UnitOfWork, *, customer_id: CustomerId
) -> tuple[tuple[SubscriptionId, ConnectionId], ...]:
    """Restore what a payer's debt took, when no more than the tolerated debt is overdue; return those restored.

    Services past due become active again when nothing at all is overdue, slowed ones get their speed back, and a
    promise to pay was kept.
    """
    overdue = invoice_queries.overdue_invoices(uow.session, customer_id=customer_id, on=billing_today(uow))
    owed = sum(invoice.total_minor - invoice.paid_minor for invoice in overdue)
    if owed > current_terms(uow).debt_tolerated_minor:
        return ()
    close_promise(uow, customer_id=customer_id, is_kept=True)
    restored = []
    for subscription in subscription_queries.services_billed_to(uow.session, customer_id=customer_id):
        assert subscription.id is not None
        is_ours = subscription.suspension_reason is SuspensionReason.NON_PAYMENT
        is_suspended = subscription.status is SubscriptionStatus.SUSPENDED and is_ours
        is_late = subscription.status is SubscriptionStatus.PAST_DUE and not overdue
        subscription_id = SubscriptionId(subscription.id)
        if subscription.is_throttled:
            unthrottle_subscription(uow, subscription_id=subscription_id)
        if not is_suspended and not is_late:
            continue
        connection_id = reactivate_subscription(uow, subscription_id=subscription_id, by_payment=True)
        if connection_id is not None:
            restored.append((subscription_id, connection_id))
    customer = customer_queries.find_customer(uow.session, customer_id)
    if customer is not None and customer.payer_id is not None:
        # Somebody pays for them by now: what their own old debt took is given back by the same rule.
        restored += lift_non_payment(uow, customer_id=CustomerId(customer.payer_id))
    return tuple(restored)
